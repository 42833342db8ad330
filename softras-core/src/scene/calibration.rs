//! Lenses as other programs write them: OpenCV, OpenGL, PyTorch3D and the paper's code, both ways.
//!
//! | written by | numbers | principal point | pixels |
//! |---|---|---|---|
//! | OpenCV | K and up to eight coefficients | pixels, from the centre of the first one | y down |
//! | OpenGL | a projection matrix `[4, 4]` for column vectors | in the picture from -1 to 1 | y up |
//! | PyTorch3D, NDC | focal lengths and principal point, 1 is half the **shorter** side | 0 is the middle | x left, y up |
//! | PyTorch3D, screen | the same in pixels | pixels, from the corner of the first one | x right, y down |
//! | the paper's code | the viewing angle, **half** the field of view | the middle | |
//!
//! Only OpenCV's form holds a distortion; the others refuse a lens that has one.

use super::distortion::Distortion;
use super::lens::Lens;
use super::orbit::Degrees;
use super::pinhole::Intrinsics;
use crate::error::{Error, Result};
use crate::math::{Mat3, Scalar, trig};

/// How far the entries of an OpenGL matrix that must be 0 or -1 may be off.
const MATRIX_SLACK: f64 = 1e-6;

impl<R: Scalar> Intrinsics<R> {
    /// Reads a matrix K and a list of coefficients as OpenCV writes them; see
    /// [`Distortion::from_coefficients`] for the list.
    ///
    /// # Errors
    /// As [`Intrinsics::from_matrix`], [`Distortion::from_coefficients`] and [`Intrinsics::check`].
    pub fn from_opencv(k: impl Into<Mat3<R>>, coefficients: &[R], size: [usize; 2]) -> Result<Self> {
        let distortion = Distortion::from_coefficients(coefficients)?;
        let read = Self::from_matrix(k, size)?.distorted(distortion);
        read.check()?;
        Ok(read)
    }

    /// Returns the matrix K, as OpenCV writes it; the coefficients are [`Distortion::coefficients`].
    #[must_use]
    pub fn matrix(&self) -> Mat3<R> {
        let ([fx, fy], [cx, cy], zero) = (self.focal, self.center, R::ZERO);
        Mat3::from([[fx, zero, cx], [zero, fy, cy], [zero, zero, R::ONE]])
    }

    /// Reads an OpenGL projection matrix for column vectors, `clip = P (X, Y, Z, 1)` with the camera looking along -Z.
    /// Its near and far planes are not read: set [`Camera::near`](super::Camera::near).
    ///
    /// # Errors
    /// `Parameter` if the matrix is not that of a perspective without skew; else as [`Intrinsics::check`].
    pub fn from_opengl(projection: &[[R; 4]; 4], size: [usize; 2]) -> Result<Self> {
        let p = projection;
        let last = [0.0, 0.0, -1.0, 0.0].into_iter().zip(p[3]).map(|(wanted, x)| x.to_f64() - wanted);
        let zeros = [p[0][1], p[0][3], p[1][0], p[1][3], p[2][0], p[2][1]].map(R::to_f64);
        if last.chain(zeros).any(|x| x.is_nan() || x.abs() > MATRIX_SLACK) {
            let expected =
                "[[a, 0, b, 0], [0, c, d, 0], [0, 0, e, f], [0, 0, -1, 0]], a perspective without skew";
            return Err(Error::parameter("OpenGL projection matrix", format!("{p:?}"), expected));
        }
        // The picture runs from -1 to 1, so x = a X / Z' - b with Z' = -Z; y likewise, upwards.
        let half = size.map(|n| R::from_f64(0.5 * n as f64));
        let corner = [(R::ONE - p[0][2]) * half[0], (R::ONE + p[1][2]) * half[1]];
        let read = Self::new([p[0][0] * half[0], p[1][1] * half[1]], corner, size).with_centers_at_halves();
        read.check()?;
        Ok(read)
    }

    /// Returns the OpenGL projection matrix for column vectors, with depths `near` to `far` at -1 to 1.
    ///
    /// # Errors
    /// `Parameter` if the lens has a distortion, or the planes are not `0 < near < far`; else as
    /// [`Intrinsics::check`].
    pub fn to_opengl(&self, near: R, far: R) -> Result<[[R; 4]; 4]> {
        self.check_undistorted("an OpenGL projection matrix")?;
        let planes = [near, far];
        if !(planes.iter().all(|x| x.is_finite()) && near.to_f64() > 0.0 && near < far) {
            let found = format!("{planes:?}");
            return Err(Error::parameter("near and far planes", found, "finite, 0 < near < far"));
        }
        let half = self.size.map(|n| R::from_f64(0.5 * n as f64));
        let corner = self.corner_center();
        let (zero, two) = (R::ZERO, R::from_f64(2.0));
        let range = near - far;
        Ok([
            [self.focal[0] / half[0], zero, R::ONE - corner[0] / half[0], zero],
            [zero, self.focal[1] / half[1], corner[1] / half[1] - R::ONE, zero],
            [zero, zero, (far + near) / range, two * far * near / range],
            [zero, zero, -R::ONE, zero],
        ])
    }

    /// Reads PyTorch3D's `focal_length` and `principal_point` in NDC (`in_ndc=True`).
    ///
    /// # Errors
    /// As [`Intrinsics::check`].
    pub fn from_pytorch3d_ndc(focal: [R; 2], principal: [R; 2], size: [usize; 2]) -> Result<Self> {
        let half = half_shorter(size);
        // NDC grow to the left and upwards.
        let corner = [0, 1].map(|i| R::from_f64(0.5 * size[i] as f64) - principal[i] * half);
        Self::from_pytorch3d_screen(focal.map(|f| f * half), corner, size)
    }

    /// Reads PyTorch3D's `focal_length` and `principal_point` in pixels (`in_ndc=False`).
    ///
    /// # Errors
    /// As [`Intrinsics::check`].
    pub fn from_pytorch3d_screen(focal: [R; 2], principal: [R; 2], size: [usize; 2]) -> Result<Self> {
        let read = Self::new(focal, principal, size).with_centers_at_halves();
        read.check()?;
        Ok(read)
    }

    /// Returns `focal_length` and `principal_point` of PyTorch3D, in NDC.
    ///
    /// # Errors
    /// `Parameter` if the lens has a distortion; else as [`Intrinsics::check`].
    pub fn to_pytorch3d_ndc(&self) -> Result<([R; 2], [R; 2])> {
        let (focal, corner) = self.to_pytorch3d_screen()?;
        let half = half_shorter(self.size);
        let principal = [0, 1].map(|i| (R::from_f64(0.5 * self.size[i] as f64) - corner[i]) / half);
        Ok((focal.map(|f| f / half), principal))
    }

    /// Returns `focal_length` and `principal_point` of PyTorch3D, in pixels.
    ///
    /// # Errors
    /// As [`Intrinsics::to_pytorch3d_ndc`].
    pub fn to_pytorch3d_screen(&self) -> Result<([R; 2], [R; 2])> {
        self.check_undistorted("PyTorch3D's focal length and principal point")?;
        Ok((self.focal, self.corner_center()))
    }

    /// The principal point in pixels from the corner of the first pixel.
    fn corner_center(&self) -> [R; 2] {
        self.center.map(|c| c + R::from_f64(0.5))
    }

    fn check_undistorted(&self, form: &str) -> Result<()> {
        self.check()?;
        if self.distortion.is_none() {
            return Ok(());
        }
        let found = format!("{:?}", self.distortion.coefficients());
        Err(Error::parameter(format!("distortion of a lens to write as {form}"), found, "no distortion"))
    }
}

impl<R: Scalar> Lens<R> {
    /// The lens of the paper's code: `viewing_angle` is half of the field of view.
    #[must_use]
    pub fn from_viewing_angle(angle: Degrees<R>) -> Self {
        Self::Perspective { fov: Degrees(angle.0 + angle.0) }
    }

    /// Returns this lens as K of a picture of `[W, H]` pixels; `None` for a parallel lens, which has no K. A lens that
    /// already is a K keeps its own size.
    #[must_use]
    pub fn intrinsics(&self, size: [usize; 2]) -> Option<Intrinsics<R>> {
        match self {
            Self::Orthographic { .. } => None,
            Self::Pinhole(intrinsics) => Some(*intrinsics),
            Self::Perspective { fov } => {
                let half = size.map(|n| R::from_f64(0.5 * n as f64));
                let focal = half[1] / trig::tan(fov.radians() * R::from_f64(0.5));
                Some(Intrinsics::new([focal; 2], half, size).with_centers_at_halves())
            }
        }
    }
}

/// Half the shorter side in pixels: PyTorch3D's unit.
fn half_shorter<R: Scalar>([w, h]: [usize; 2]) -> R {
    R::from_f64(0.5 * w.min(h) as f64)
}
