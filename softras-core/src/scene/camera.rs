//! The camera: a place, a lens and a near plane, [`Camera`].

use core::ops::AddAssign;

use super::convention::{Convention, Extrinsics};
use super::faces::{MAX_COORDINATE, MAX_DEPTH, Winding};
use super::lens::{Lens, Optics};
use super::orbit::{Degrees, Orbit};
use super::pinhole::Intrinsics;
use super::pose::{Frame, Pose};
use crate::error::{Error, Result};
use crate::math::{Mat3, Scalar, Vec3};

/// The near plane of a camera that sets none, in world units. A mesh of unit size that is nearer covers a thousand
/// picture heights, and its gradients, which grow with `1 / z^2`, say nothing any more.
pub const DEFAULT_NEAR: f64 = 1e-3;

/// The full vertical field of view, in degrees, of a camera that sets no lens (the official `viewing_angle` 15).
pub const DEFAULT_FOV: f64 = 30.0;

/// Maps the world to the screen: where it stands ([`Pose`]), how it draws ([`Lens`]), and how near it sees.
///
/// The world is right-handed with +y up. On the screen x runs right, y up, in units of half the picture's height (MATH
/// 1); z is the depth in front of the camera, in world units. Pictures are not mirrored: seen from +z, what is at +x
/// is on the right. Other conventions are in the table of [`Convention`].
///
/// | built by | convention | lens |
/// |---|---|---|
/// | [`Camera::look_at`], [`Camera::orbit`] | ours; with [`.official()`](Camera::official) the paper's, mirrored | 30 degrees |
/// | [`Camera::opencv`] | OpenCV | K and distortion |
/// | [`Camera::opengl`], [`Camera::pytorch3d`], [`Camera::posed`] | the one named | 30 degrees |
///
/// The builders accept anything; [`Camera::check`] and everything that uses the camera say what is wrong with it.
///
/// ```
/// use softras_core::math::Vec3;
/// use softras_core::scene::{Camera, Degrees};
///
/// let camera = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).perspective(Degrees(90.0));
/// let seen = camera.screen(Vec3::new(1.0, 0.0, 0.0))?.unwrap_or_default();
/// assert!((seen.x - 1.0 / 3.0_f32).abs() < 1e-6 && seen.z == 3.0);
/// # Ok::<(), softras_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera<R = f32> {
    pose: Pose<R>,
    lens: Lens<R>,
    near: R,
    mirrored: bool,
}

/// d loss / d camera: each field of the camera's own kind of [`Pose`] and [`Lens`] holds the gradient to that field.
///
/// A rotation's nine entries count as free; write it as [`axis_angle`](super::axis_angle) of three numbers to step them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraGrad<R = f32> {
    /// To eye, at and up, or to rotation and translation as they were written.
    pub pose: Pose<R>,
    /// To the field of view (per degree), the half height, or K and the distortion.
    pub lens: Lens<R>,
}

impl<R: Scalar> Camera<R> {
    /// A camera at `pose` with the default lens and near plane.
    pub(super) fn at(pose: Pose<R>) -> Self {
        let lens = Lens::Perspective { fov: Degrees(R::from_f64(DEFAULT_FOV)) };
        Self { pose, lens, near: R::from_f64(DEFAULT_NEAR), mirrored: false }
    }
    /// A camera at `eye` that looks to `at`, with +y up.
    #[must_use]
    pub fn look_at(eye: Vec3<R>, at: Vec3<R>) -> Self {
        Self::at(Pose::LookAt { eye, at, up: Vec3::Y })
    }
    /// A camera on an orbit that looks to the origin, with +y up.
    #[must_use]
    pub fn orbit(orbit: &Orbit<R>) -> Self {
        Self::look_at(orbit.eye(), Vec3::ZERO)
    }
    /// A camera at a rotation and translation written in a [`Convention`]. The official one mirrors its pictures.
    #[must_use]
    pub fn posed(extrinsics: Extrinsics<R>) -> Self {
        let mirrored = extrinsics.convention.is_mirrored();
        Self { mirrored, ..Self::at(Pose::Rigid(extrinsics)) }
    }
    /// A calibrated camera: `c = R v + t` with x right, y down, z forward, then K and distortion.
    #[must_use]
    pub fn opencv(rotation: impl Into<Mat3<R>>, translation: Vec3<R>, intrinsics: Intrinsics<R>) -> Self {
        Self::posed(Extrinsics::new(Convention::OpenCv, rotation, translation)).pinhole(intrinsics)
    }
    /// A camera with `c = R v + t`, x right, y up, that looks along its -z.
    #[must_use]
    pub fn opengl(rotation: impl Into<Mat3<R>>, translation: Vec3<R>) -> Self {
        Self::posed(Extrinsics::new(Convention::OpenGl, rotation, translation))
    }
    /// A camera with `c = v R + T` (row vectors), x left, y up, z forward.
    #[must_use]
    pub fn pytorch3d(rotation: impl Into<Mat3<R>>, translation: Vec3<R>) -> Self {
        Self::posed(Extrinsics::new(Convention::PyTorch3d, rotation, translation))
    }

    /// Sets the direction that points upwards in the picture, of any length. Only a look-at camera has one; elsewhere
    /// the rotation says it, and nothing changes.
    #[must_use]
    pub const fn up(mut self, direction: Vec3<R>) -> Self {
        if let Pose::LookAt { eye, at, .. } = self.pose {
            self.pose = Pose::LookAt { eye, at, up: direction };
        }
        self
    }
    /// Draws in perspective with the **full** vertical field of view `fov`.
    #[must_use]
    pub const fn perspective(self, fov: Degrees<R>) -> Self {
        self.with_lens(Lens::Perspective { fov })
    }
    /// Draws in parallel: screen y is `y / half_height`, so that the picture is `2 half_height` world units high.
    #[must_use]
    pub const fn orthographic(self, half_height: R) -> Self {
        self.with_lens(Lens::Orthographic { half_height })
    }
    /// Draws with a calibrated lens.
    #[must_use]
    pub const fn pinhole(self, intrinsics: Intrinsics<R>) -> Self {
        self.with_lens(Lens::Pinhole(intrinsics))
    }
    /// Replaces the lens.
    #[must_use]
    pub const fn with_lens(mut self, lens: Lens<R>) -> Self {
        self.lens = lens;
        self
    }
    /// Sets the near plane: faces with a corner at a smaller depth are dropped.
    #[must_use]
    pub const fn near(mut self, depth: R) -> Self {
        self.near = depth;
        self
    }
    /// Draws mirrored pictures, as the paper's code does (MATH 8).
    #[must_use]
    pub const fn official(mut self) -> Self {
        self.mirrored = true;
        self
    }

    /// Where the camera stands.
    #[must_use]
    pub const fn pose(&self) -> &Pose<R> {
        &self.pose
    }
    /// How the camera draws.
    #[must_use]
    pub const fn lens(&self) -> &Lens<R> {
        &self.lens
    }
    /// The near plane.
    #[must_use]
    pub const fn near_plane(&self) -> R {
        self.near
    }
    /// Tells whether pictures are mirrored.
    #[must_use]
    pub const fn is_mirrored(&self) -> bool {
        self.mirrored
    }
    /// Which way round the front of a face runs on the screen.
    #[must_use]
    pub const fn front(&self) -> Winding {
        if self.mirrored { Winding::Clockwise } else { Winding::CounterClockwise }
    }
    /// Where the camera stands, written in `convention`. A place has no mirror ([`Extrinsics::convert`]).
    ///
    /// # Errors
    /// As [`Camera::check`].
    pub fn extrinsics(&self, convention: Convention) -> Result<Extrinsics<R>> {
        self.check()?;
        Ok(self.pose.extrinsics(convention))
    }

    /// Checks that the camera can draw.
    ///
    /// # Errors
    /// `Parameter` if a number is not finite, eye and at coincide, up is parallel to the view, a matrix is not a
    /// rotation of the right handedness, the field of view is outside (0, 180) degrees, or half height, focal length
    /// or near plane is not above 0.
    pub fn check(&self) -> Result<()> {
        self.pose.check()?;
        self.lens.check()?;
        if !(self.near.is_finite() && self.near.to_f64() > 0.0) {
            let found = format!("{:?}", self.near);
            return Err(Error::parameter("camera near plane", found, "a finite depth above 0"));
        }
        Ok(())
    }

    /// Returns where the world point `v` is on the screen: x, y and depth. `None` where it is not drawn
    /// (see [`Camera::project`]).
    ///
    /// # Errors
    /// As [`Camera::check`].
    pub fn screen(&self, v: Vec3<R>) -> Result<Option<Vec3<R>>> {
        Ok(self.ready()?.screen(v))
    }

    /// Checks the camera and computes what all points share.
    pub(super) fn ready(&self) -> Result<ReadyCamera<R>> {
        self.check()?;
        Ok(ReadyCamera { camera: *self, frame: self.pose.frame(self.mirrored), optics: self.lens.optics() })
    }
}

/// A camera that is known to be right, with what all points share.
#[derive(Clone, Debug)]
pub(super) struct ReadyCamera<R> {
    camera: Camera<R>,
    frame: Frame<R>,
    optics: Optics<R>,
}

/// d loss / d what all points share: summed over points, then turned into [`CameraGrad`].
#[derive(Clone, Copy, Debug)]
pub(super) struct SharedGrad<R> {
    frame: Frame<R>,
    lens: Lens<R>,
}

impl<R: Scalar> AddAssign for SharedGrad<R> {
    fn add_assign(&mut self, o: Self) {
        self.frame += o.frame;
        self.lens += o.lens;
    }
}

impl<R: Scalar> ReadyCamera<R> {
    pub(super) fn front(&self) -> Winding {
        self.camera.front()
    }

    /// Returns where `v` is on the screen, if it is drawn.
    pub(super) fn screen(&self, v: Vec3<R>) -> Option<Vec3<R>> {
        let c = self.frame.apply(v);
        let depth = c.z.to_f64();
        // Written so that NaN fails.
        if !(depth >= self.camera.near.to_f64() && depth <= MAX_DEPTH && self.optics.reaches(c)) {
            return None;
        }
        let s = self.optics.project(c);
        let inside = |x: R| x.is_finite() && x.to_f64().abs() <= MAX_COORDINATE;
        (inside(s.x) && inside(s.y) && s.z.is_finite()).then_some(s)
    }

    /// Returns d loss / d v and d loss / d shared, given d loss / d `screen(v)`; `v` must be drawn.
    pub(super) fn screen_vjp(&self, v: Vec3<R>, grad: Vec3<R>) -> (Vec3<R>, SharedGrad<R>) {
        let (grad_c, lens) = self.optics.project_vjp(self.frame.apply(v), grad);
        let (grad_v, frame) = self.frame.apply_vjp(v, grad_c);
        (grad_v, SharedGrad { frame, lens })
    }

    pub(super) fn zero_grad(&self) -> SharedGrad<R> {
        SharedGrad { frame: Frame::ZERO, lens: self.optics.zero_grad() }
    }

    /// Returns d loss / d camera from the sum over all points.
    pub(super) fn camera_vjp(&self, grad: &SharedGrad<R>) -> CameraGrad<R> {
        let pose = self.camera.pose.frame_vjp(self.camera.mirrored, &grad.frame);
        CameraGrad { pose, lens: grad.lens }
    }
}
