//! How good predictions are: solids, silhouettes from sides that were not shown, colors; against baselines.
//!
//! | file | what |
//! |---|---|
//! | `predictor` | what is scored: pictures in, meshes out |
//! | `network` | a network as such |
//! | `mask` | silhouettes as bits |
//! | `score` | the numbers |
//! | `baselines` | mean shape, retrieval, sphere, mean color |
//! | `report` | all of it for one set of objects |
//! | `table` | it as tables |
//! | `examples` | pictures, their truth and what was made of them |
//! | `page` | all that as a page to look at |

mod baselines;
mod examples;
mod mask;
#[cfg(feature = "burn")]
mod network;
mod page;
mod predictor;
mod report;
mod score;
mod table;

pub use baselines::{Learnt, MeanShape, Retrieval, Told, UntrainedSphere};
pub use examples::{Attempt, Example, examples};
pub use mask::Mask;
pub use page::Page;
#[cfg(feature = "burn")]
pub(crate) use predictor::pictures;
pub use predictor::{Prediction, Predictor, Query};
pub use report::{Doing, Plan, Report, evaluate, evaluate_against};
pub use score::{Scores, score};
pub use table::{Table, tables};
