//! Two parts that softras does not have: a distance metric, [`Huber`], and a silhouette aggregator, [`Coverage`].
//!
//! Each is written once in Rust, generic over the number type, which the CPU runs in lanes and the reference in `f64`; and
//! once in the language of each device, under the names that the back ends ask for. `tests/conformance.rs` holds all of them
//! to the laws of softras.

#![forbid(unsafe_code)]

mod coverage;
mod huber;

pub use coverage::Coverage;
pub use huber::Huber;
