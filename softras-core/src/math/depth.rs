//! From the depth of a face at a pixel to its place in the depth softmax (MATH 5).
//!
//! The softmax asks for `zn / gamma`, zn the normalised depth in 0..=1. Differences of zn are differences of a
//! *nearness* q over a constant range, and q is the depth in camera units: taking differences there first costs
//! 25 times less rounding than normalising first (KERNELS 1).

use super::real::Real;

/// How depth is normalised before the softmax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DepthMap {
    /// `zn = (far - z) / (far - near)`, official: q = -z.
    #[default]
    Linear,
    /// `zn = (1/z - 1/far) / (1/near - 1/far)`, the paper's: q = 1/z.
    Inverse,
}

impl DepthMap {
    /// Returns the nearness q of depth `z`; larger is nearer.
    #[inline(always)]
    pub fn nearness<R: Real>(self, z: R) -> R {
        match self {
            Self::Linear => -z,
            Self::Inverse => z.recip(),
        }
    }

    /// Returns the gradient to `z`, given `grad` with respect to q.
    #[inline(always)]
    pub fn nearness_vjp<R: Real>(self, z: R, grad: R) -> R {
        match self {
            Self::Linear => -grad,
            Self::Inverse => -(grad * z.recip().sq()),
        }
    }

    /// Returns the span of q between near and far: `zn = (q - q(far)) / range`.
    #[inline(always)]
    pub fn range<R: Real>(self, near: R, far: R) -> R {
        match self {
            Self::Linear => far - near,
            Self::Inverse => near.recip() - far.recip(),
        }
    }

    /// Returns the word for it on command lines and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Inverse => "inverse",
        }
    }
}
