//! Colors of predicted meshes: a palette from the picture, and for each texel a mixture of it.
//!
//! | file | what |
//! |---|---|
//! | `smooth` | adjacent faces have like colors |
//! | `settings` | how colors are learnt |
//! | `record` | a line of the log |
//! | `palette` | the layers: sampling and selection |
//! | `painter` | a network that colors, and one that learns to |
//! | `reconstructor` | shapes and colors from pictures |
//! | `training` | the steps: shapes first, then colors, or both |
//!
//! The last four are there with the feature `burn`.

mod record;
mod settings;
mod smooth;

#[cfg(feature = "burn")]
mod painter;
#[cfg(feature = "burn")]
mod palette;
#[cfg(feature = "burn")]
mod reconstructor;
#[cfg(feature = "burn")]
mod training;

pub use record::{ColorRecord, read_color_log};
pub use settings::{ColorOrder, ColorSettings};
pub use smooth::FaceSmoothness;

#[cfg(feature = "burn")]
pub use painter::{ColorLearner, Mixtures, Painter, TexelLoss};
#[cfg(feature = "burn")]
pub use reconstructor::{Reconstructor, Refined};
#[cfg(feature = "burn")]
pub use training::{ColorMoment, ColorTraining, Colored};
