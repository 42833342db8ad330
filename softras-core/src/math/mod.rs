//! The formulas of the soft rasterizer, each beside its reverse, generic over [`Real`].

mod dual;
mod real;
mod vector;

pub use dual::Dual;
pub use real::{Mask, Real, Scalar};
pub use vector::{Vec2, Vec3};
