//! Where a camera stands, and the rigid map from the world to it: [`Pose`].

use core::ops::AddAssign;

use super::convention::{Convention, Extrinsics};
use crate::error::{Error, Result};
use crate::math::{Mat3, Scalar, Vec3};

/// Below this length a direction is no direction: its square nears the smallest number of `f32`.
const SHORTEST: f64 = 1e-18;
/// The smallest sine between the view and "up": below it the rounding of `f32` decides where right is.
const SMALLEST_SINE: f64 = 1e-6;

/// Where a camera stands. As part of a gradient: d loss / d each field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pose<R = f32> {
    /// It looks from `eye` to `at`, with `up` upwards in the picture.
    LookAt {
        /// The camera's place.
        eye: Vec3<R>,
        /// A point in the middle of the picture.
        at: Vec3<R>,
        /// A direction of any length that points upwards in the picture.
        up: Vec3<R>,
    },
    /// It is given by a rotation and a translation.
    Rigid(Extrinsics<R>),
}

/// The rigid map `c = R (v - eye) + offset`; x, y, z of `c` are screen right, screen up and depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame<R> {
    pub(super) rotation: Mat3<R>,
    pub(super) eye: Vec3<R>,
    pub(super) offset: Vec3<R>,
}

impl<R: Scalar> Frame<R> {
    pub(super) const ZERO: Self = Self { rotation: Mat3::ZERO, eye: Vec3::ZERO, offset: Vec3::ZERO };

    /// Returns the point as the camera sees it. Taking the eye away first keeps digits when both are far out.
    pub(super) fn apply(&self, v: Vec3<R>) -> Vec3<R> {
        self.rotation.mul_vec(v - self.eye) + self.offset
    }
    /// Returns d loss / d v and d loss / d frame, given d loss / d `apply(v)`.
    pub(super) fn apply_vjp(&self, v: Vec3<R>, grad: Vec3<R>) -> (Vec3<R>, Self) {
        let grad_v = self.rotation.transpose_mul_vec(grad);
        (grad_v, Self { rotation: Mat3::outer(grad, v - self.eye), eye: -grad_v, offset: grad })
    }
}

impl<R: Scalar> AddAssign for Frame<R> {
    fn add_assign(&mut self, o: Self) {
        self.rotation = self.rotation.plus(&o.rotation);
        self.eye += o.eye;
        self.offset += o.offset;
    }
}

impl<R: Scalar> Pose<R> {
    /// Checks that the pose defines a view.
    ///
    /// # Errors
    /// `Parameter` if a number is not finite, eye and at coincide, up is zero or parallel to the view, or the matrix is
    /// not a rotation.
    pub fn check(&self) -> Result<()> {
        let (eye, at, up) = match self {
            Self::Rigid(extrinsics) => return extrinsics.check(),
            Self::LookAt { eye, at, up } => (*eye, *at, *up),
        };
        let length = |v: Vec3<R>| v.norm().to_f64();
        for (name, v) in [("eye", eye), ("at", at), ("up", up)] {
            // The length must be finite as well: it is what directions are divided by.
            if !v.norm().to_f64().is_finite() || !v.to_array().iter().all(|x| x.is_finite()) {
                return Err(Error::parameter(format!("camera {name}"), format!("{v:?}"), "a finite length"));
            }
        }
        let view = at - eye;
        if !(length(view) > SHORTEST && length(view).is_finite()) {
            return Err(Error::parameter(
                "camera eye and at",
                format!("{:?} and {:?}", eye.to_array(), at.to_array()),
                "two different points",
            ));
        }
        let sine = length(view.normalize(SHORTEST).cross(up)) / length(up);
        if !(length(up) > SHORTEST && sine > SMALLEST_SINE) {
            return Err(Error::parameter(
                "camera up",
                format!("{:?} for the view along {:?}", up.to_array(), view.to_array()),
                "a direction that is not parallel to the view",
            ));
        }
        Ok(())
    }

    /// Returns the map to the camera; `mirrored` pictures have right and left exchanged.
    pub(super) fn frame(&self, mirrored: bool) -> Frame<R> {
        match self {
            Self::Rigid(e) => {
                let (rotation, offset) = e.convention.read(&e.rotation, e.translation);
                Frame { rotation, eye: Vec3::ZERO, offset }.mirror(mirrored)
            }
            Self::LookAt { eye, at, up } => {
                let forward = (*at - *eye).normalize(SHORTEST);
                let right = forward.cross(*up).normalize(SHORTEST);
                let rows = [right, right.cross(forward), forward];
                Frame { rotation: Mat3 { rows }, eye: *eye, offset: Vec3::ZERO }.mirror(mirrored)
            }
        }
    }

    /// Returns d loss / d pose, given `grad`, d loss / d `frame(mirrored)`.
    pub(super) fn frame_vjp(&self, mirrored: bool, grad: &Frame<R>) -> Self {
        let grad = grad.mirror(mirrored);
        match self {
            Self::Rigid(e) => {
                let (rotation, translation) = e.convention.write(&grad.rotation, grad.offset);
                Self::Rigid(Extrinsics { convention: e.convention, rotation, translation })
            }
            Self::LookAt { eye, at, up } => {
                let view = *at - *eye;
                let forward = view.normalize(SHORTEST);
                let across = forward.cross(*up);
                let right = across.normalize(SHORTEST);
                let [grad_right, grad_up, grad_forward] = grad.rotation.rows;
                // up = right x forward; right = normalize(forward x up); forward = normalize(at - eye)
                let grad_right = grad_right + forward.cross(grad_up);
                let grad_across = across.normalize_vjp(SHORTEST, grad_right);
                let grad_forward = grad_forward + grad_up.cross(right) + up.cross(grad_across);
                let grad_view = view.normalize_vjp(SHORTEST, grad_forward);
                Self::LookAt { eye: grad.eye - grad_view, at: grad_view, up: grad_across.cross(forward) }
            }
        }
    }

    /// Returns where the camera stands, as a rotation and a translation in `convention`.
    pub(super) fn extrinsics(&self, convention: Convention) -> Extrinsics<R> {
        let frame = self.frame(false);
        let translation = frame.apply(Vec3::ZERO);
        Extrinsics::new(Convention::Softras, frame.rotation, translation).convert(convention)
    }
}

impl<R: Scalar> Frame<R> {
    /// Exchanges right and left, or not; linear, and its own reverse.
    fn mirror(mut self, mirrored: bool) -> Self {
        if mirrored {
            self.rotation.rows[0] = -self.rotation.rows[0];
            self.offset.x = -self.offset.x;
        }
        self
    }
}
