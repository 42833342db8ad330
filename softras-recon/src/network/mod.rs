//! The network: a picture in, the vertices of a mesh out. The only place that knows burn.
//!
//! | file | what |
//! |---|---|
//! | `host` | a number that softras computes, as one differentiable operation of burn |
//! | `model` | the layers |
//! | `initial` | weights by seed |
//! | `decoder` | the half of a network that makes meshes of codes, with the gradient to the codes |
//! | `learner` | a training step, predictions, and all of it as bytes |

mod decoder;
mod host;
mod initial;
mod learner;
mod model;

pub(crate) use decoder::Decoder;
pub(crate) use host::{number, numbers};
pub(crate) use initial::Initial;
pub use learner::{Learner, LearnerBytes, Network};
pub(crate) use learner::{loaded, tensor, weights};
