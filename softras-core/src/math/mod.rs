//! The formulas of the soft rasterizer, each beside its reverse, generic over [`Real`].

mod dual;
mod matrix;
mod real;
mod sum;
pub mod trig;
mod vector;

pub use dual::Dual;
pub use matrix::Mat3;
pub use real::{Mask, Real, Scalar};
pub use sum::Sum;
pub use vector::{Vec2, Vec3};
