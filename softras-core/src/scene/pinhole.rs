//! The calibrated pinhole lens: [`Intrinsics`].

use core::ops::AddAssign;

use super::distortion::Distortion;
use crate::error::{Error, Result};
use crate::math::{Mat3, Scalar, Vec3};

/// Points of the border of a picture at which a distortion is checked for a fold: the corners and three a side.
const BORDER: usize = 16;

/// The calibration matrix K, without skew, and the distortion. As a gradient: d loss / d each field.
///
/// `u = fx x' + cx`, `v = fy y' + cy` in pixels; whole numbers are pixel **centres**, (0, 0) the centre of the top left
/// pixel (OpenCV). On the screen `(2 u + 1 - W) / H` and `(H - 1 - 2 v) / H` (MATH 8). Screen units do not know the
/// resolution: a picture of any size with the same W / H shows the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intrinsics<R = f32> {
    /// Focal lengths fx, fy in pixels.
    pub focal: [R; 2],
    /// Principal point cx, cy in pixels.
    pub center: [R; 2],
    /// The lens distortion.
    pub distortion: Distortion<R>,
    /// The size W, H in pixels of the picture that K is for.
    pub size: [usize; 2],
}

impl<R: Scalar> Intrinsics<R> {
    /// The lens with focal lengths `[fx, fy]` and principal point `[cx, cy]`, in pixels of a picture of `[W, H]`.
    pub const fn new(focal: [R; 2], center: [R; 2], size: [usize; 2]) -> Self {
        Self { focal, center, distortion: Distortion::NONE, size }
    }

    /// The lens of the matrix K `[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]`.
    ///
    /// # Errors
    /// `Parameter` if K has a skew or another last row, or is singular.
    pub fn from_matrix(k: impl Into<Mat3<R>>, size: [usize; 2]) -> Result<Self> {
        let k = k.into().to_array();
        let fixed = [k[0][1], k[1][0], k[2][0], k[2][1], k[2][2] - R::ONE];
        if fixed.iter().any(|x| x.to_f64() != 0.0) {
            let expected = "[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]";
            return Err(Error::parameter("camera matrix K", format!("{k:?}"), expected));
        }
        let determinant = k[0][0] * k[1][1];
        if !(determinant.is_finite() && determinant.to_f64() != 0.0) {
            let found = format!("{k:?} with determinant {determinant:?}");
            return Err(Error::parameter("camera matrix K", found, "a matrix that is not singular"));
        }
        Ok(Self::new([k[0][0], k[1][1]], [k[0][2], k[1][2]], size))
    }

    /// Replaces the distortion.
    #[must_use]
    pub const fn distorted(mut self, distortion: Distortion<R>) -> Self {
        self.distortion = distortion;
        self
    }

    /// Reads the principal point as one of a convention where pixel centres are at halves (OpenGL, PyTorch3D, COLMAP):
    /// moves it by half a pixel.
    #[must_use]
    pub fn with_centers_at_halves(mut self) -> Self {
        self.center = self.center.map(|c| c - R::from_f64(0.5));
        self
    }

    /// Checks focal lengths, principal point, distortion and size.
    ///
    /// # Errors
    /// `Parameter` if a number is not finite, a focal length not positive (K is singular), the size empty, or the
    /// distortion folds within the picture.
    pub fn check(&self) -> Result<()> {
        if self.focal.iter().any(|f| !(f.is_finite() && f.to_f64() > 0.0)) {
            let found = format!("{:?}", self.focal);
            return Err(Error::parameter("camera focal lengths", found, "finite, above 0"));
        }
        if !self.center.iter().chain(&self.distortion.coefficients()).all(|x| x.is_finite()) {
            return Err(Error::parameter("camera intrinsics", format!("{self:?}"), "finite numbers"));
        }
        if self.size.contains(&0) {
            let found = format!("{:?}", self.size);
            return Err(Error::parameter("camera picture size", found, "at least [1, 1]"));
        }
        self.check_fold()
    }

    /// Checks that every pixel comes from one direction: between the principal point and the border of the picture the
    /// distortion does not fold.
    fn check_fold(&self) -> Result<()> {
        if self.distortion.is_none() {
            return Ok(());
        }
        let fold = self.distortion.fold();
        let [w, h] = self.size.map(|n| n as f64);
        for k in 0..BORDER {
            // The border of the picture, from -1/2 to W - 1/2 and H - 1/2, a quarter of a side at a time.
            let along = (k % 4) as f64 / 4.0;
            let [s, t] = [[along, 0.0], [1.0, along], [1.0 - along, 1.0], [0.0, 1.0 - along]][k / 4];
            let pixel = [s * w - 0.5, t * h - 0.5];
            let away = [0, 1].map(|i| (pixel[i] - self.center[i].to_f64()) / self.focal[i].to_f64());
            if self.distortion.undo(away, fold).is_none() {
                return Err(Error::parameter(
                    "camera distortion",
                    format!(
                        "{:?}, which folds between the principal point and pixel {pixel:?}",
                        self.distortion.coefficients()
                    ),
                    format!("one that does not fold within the picture of {w} x {h} pixels"),
                ));
            }
        }
        Ok(())
    }

    /// Screen units of `(x', y') = (1, 1)` and of the principal point. Not by way of u and v, whose digits cancel.
    fn scale_and_center(&self) -> ([R; 2], [R; 2]) {
        let [w, h] = self.size.map(|n| R::from_f64(n as f64));
        let two = R::from_f64(2.0);
        let scale = [two * self.focal[0] / h, -(two * self.focal[1] / h)];
        let center = [(two * self.center[0] + R::ONE - w) / h, (h - R::ONE - two * self.center[1]) / h];
        (scale, center)
    }

    /// Returns screen x, y and depth of the camera point `c` (right, up, forward).
    pub(super) fn project(&self, c: Vec3<R>) -> Vec3<R> {
        let (scale, center) = self.scale_and_center();
        let [x, y] = self.distortion.apply(c.x / c.z, -c.y / c.z);
        Vec3::new(x * scale[0] + center[0], y * scale[1] + center[1], c.z)
    }

    /// Returns d loss / d c and d loss / d intrinsics, given d loss / d `project(c)`.
    pub(super) fn project_vjp(&self, c: Vec3<R>, grad: Vec3<R>) -> (Vec3<R>, Self) {
        let (scale, _) = self.scale_and_center();
        let (x, y) = (c.x / c.z, -c.y / c.z);
        let [xd, yd] = self.distortion.apply(x, y);
        let ([gx, gy], distortion) = self.distortion.apply_vjp(x, y, [grad.x * scale[0], grad.y * scale[1]]);
        let pixel = R::from_f64(2.0 / self.size[1] as f64); // screen units a pixel
        let grad_self = Self {
            focal: [grad.x * xd * pixel, -(grad.y * yd * pixel)],
            center: [grad.x * pixel, -(grad.y * pixel)],
            distortion,
            size: self.size,
        };
        (Vec3::new(gx / c.z, -(gy / c.z), grad.z - (gx * x + gy * y) / c.z), grad_self)
    }
}

impl<R: Scalar> AddAssign for Intrinsics<R> {
    fn add_assign(&mut self, o: Self) {
        self.distortion += o.distortion;
        for i in 0..2 {
            self.focal[i] += o.focal[i];
            self.center[i] += o.center[i];
        }
    }
}
