//! The contract between a scene and a back end.

mod gradients;

pub use gradients::{Gradients, Wanted};
