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

mod baselines;
mod mask;
#[cfg(feature = "burn")]
mod network;
mod predictor;
mod report;
mod score;

pub use baselines::{Learnt, MeanShape, Retrieval, Told, UntrainedSphere};
pub use mask::Mask;
pub use predictor::{Prediction, Predictor, Query};
pub use report::{Plan, Report, evaluate};
pub use score::{Scores, score};
