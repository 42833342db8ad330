//! How a camera draws the space in front of it: [`Lens`].

use core::ops::AddAssign;

use super::orbit::Degrees;
use super::pinhole::Intrinsics;
use crate::error::{Error, Result};
use crate::math::{Scalar, Vec3, trig};

/// How the point (X, Y, Z) in front of the camera (right, up, forward) comes to the screen.
/// As part of a gradient: d loss / d each field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lens<R = f32> {
    /// `x = X / (Z tan(fov / 2))`, `y = Y / (Z tan(fov / 2))`.
    Perspective {
        /// The **full** vertical field of view; the official `viewing_angle` is half of it.
        fov: Degrees<R>,
    },
    /// `x = X / half_height`, `y = Y / half_height`.
    Orthographic {
        /// Half the height of the picture, in world units.
        half_height: R,
    },
    /// A calibrated camera: K and distortion.
    Pinhole(Intrinsics<R>),
}

impl<R: Scalar> Lens<R> {
    /// Checks the numbers of the lens.
    ///
    /// # Errors
    /// `Parameter` if the field of view is not between 0 and 180 degrees, the half height not above 0, or the
    /// intrinsics are wrong.
    pub fn check(&self) -> Result<()> {
        let (name, value, good, expected) = match self {
            Self::Pinhole(intrinsics) => return intrinsics.check(),
            Self::Perspective { fov } => {
                let good = fov.0.to_f64() > 0.0 && fov.0.to_f64() < 180.0;
                ("field of view", fov.0, good, "between 0 and 180 degrees, both excluded")
            }
            Self::Orthographic { half_height } => {
                ("half height", *half_height, half_height.to_f64() > 0.0, "a finite number above 0")
            }
        };
        if good && value.is_finite() {
            Ok(())
        } else {
            Err(Error::parameter(format!("camera {name}"), format!("{value:?}"), expected))
        }
    }

    /// Returns the lens with what it computes once for all points.
    pub(super) fn optics(&self) -> Optics<R> {
        let (extent, fold) = match self {
            Self::Perspective { fov } => (trig::tan(fov.radians() * R::from_f64(0.5)), f64::INFINITY),
            Self::Orthographic { half_height } => (*half_height, f64::INFINITY),
            Self::Pinhole(intrinsics) => (R::ONE, intrinsics.distortion.fold()),
        };
        Optics { lens: *self, extent, fold }
    }
}

impl<R: Scalar> AddAssign for Lens<R> {
    /// Adds gradients of one camera, which are always of one kind; of two kinds the left one stays.
    fn add_assign(&mut self, o: Self) {
        match (self, o) {
            (Self::Perspective { fov }, Self::Perspective { fov: o }) => fov.0 += o.0,
            (Self::Orthographic { half_height }, Self::Orthographic { half_height: o }) => *half_height += o,
            (Self::Pinhole(intrinsics), Self::Pinhole(o)) => *intrinsics += o,
            _ => {}
        }
    }
}

/// A lens ready to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Optics<R> {
    lens: Lens<R>,
    /// Half the height of what is seen: in world units (orthographic), or at depth 1.
    extent: R,
    /// The lens draws points with `(X^2 + Y^2) / Z^2` below this.
    fold: f64,
}

impl<R: Scalar> Optics<R> {
    /// Tells whether the lens draws the camera point `c`, or folds there.
    pub(super) fn reaches(&self, c: Vec3<R>) -> bool {
        let Lens::Pinhole(intrinsics) = &self.lens else { return true };
        if intrinsics.distortion.is_none() {
            return true;
        }
        let (x, y) = (c.x / c.z, -c.y / c.z);
        (x * x + y * y).to_f64() < self.fold && intrinsics.distortion.is_upright_at(x, y)
    }

    /// Returns screen x, y and depth of the camera point `c`.
    pub(super) fn project(&self, c: Vec3<R>) -> Vec3<R> {
        match &self.lens {
            Lens::Perspective { .. } => {
                let size = c.z * self.extent;
                Vec3::new(c.x / size, c.y / size, c.z)
            }
            Lens::Orthographic { .. } => Vec3::new(c.x / self.extent, c.y / self.extent, c.z),
            Lens::Pinhole(intrinsics) => intrinsics.project(c),
        }
    }

    /// Returns d loss / d c and d loss / d lens, given d loss / d `project(c)`.
    pub(super) fn project_vjp(&self, c: Vec3<R>, grad: Vec3<R>) -> (Vec3<R>, Lens<R>) {
        let seen = self.project(c);
        let along = grad.x * seen.x + grad.y * seen.y;
        let grad_extent = -(along / self.extent);
        match &self.lens {
            Lens::Perspective { .. } => {
                let size = c.z * self.extent;
                let grad_c = Vec3::new(grad.x / size, grad.y / size, grad.z - along / c.z);
                // extent = tan(fov / 2)
                let slope = (R::ONE + self.extent * self.extent) * R::from_f64(0.5 * Degrees::<R>::RADIANS);
                (grad_c, Lens::Perspective { fov: Degrees(grad_extent * slope) })
            }
            Lens::Orthographic { .. } => {
                let grad_c = Vec3::new(grad.x / self.extent, grad.y / self.extent, grad.z);
                (grad_c, Lens::Orthographic { half_height: grad_extent })
            }
            Lens::Pinhole(intrinsics) => {
                let (grad_c, grad_lens) = intrinsics.project_vjp(c, grad);
                (grad_c, Lens::Pinhole(grad_lens))
            }
        }
    }

    /// Returns the gradient of a loss that does not depend on the lens.
    pub(super) fn zero_grad(&self) -> Lens<R> {
        match &self.lens {
            Lens::Perspective { .. } => Lens::Perspective { fov: Degrees(R::ZERO) },
            Lens::Orthographic { .. } => Lens::Orthographic { half_height: R::ZERO },
            Lens::Pinhole(i) => Lens::Pinhole(Intrinsics::new([R::ZERO; 2], [R::ZERO; 2], i.size)),
        }
    }
}
