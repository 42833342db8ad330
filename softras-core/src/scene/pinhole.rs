//! The calibrated pinhole lens with OpenCV's distortion: [`Intrinsics`], [`Distortion`].

use core::ops::AddAssign;

use crate::error::{Error, Result};
use crate::math::{Mat3, Scalar, Vec3};

/// OpenCV's lens distortion; zeros are no distortion.
///
/// With `x = X/Z`, `y = Y/Z` (y down) and `q = x^2 + y^2`:
/// `x' = x (1 + k1 q + k2 q^2 + k3 q^3) + 2 p1 x y + p2 (q + 2 x^2)`,
/// `y' = y (1 + k1 q + k2 q^2 + k3 q^3) + p1 (q + 2 y^2) + 2 p2 x y`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distortion<R = f32> {
    /// Radial, of `q`.
    pub k1: R,
    /// Radial, of `q^2`.
    pub k2: R,
    /// Tangential.
    pub p1: R,
    /// Tangential.
    pub p2: R,
    /// Radial, of `q^3`.
    pub k3: R,
}

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
        let zero = R::ZERO;
        let distortion = Distortion { k1: zero, k2: zero, p1: zero, p2: zero, k3: zero };
        Self { focal, center, distortion, size }
    }

    /// The lens of the matrix K `[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]`.
    ///
    /// # Errors
    /// `Parameter` if K has a skew or another last row.
    pub fn from_matrix(k: impl Into<Mat3<R>>, size: [usize; 2]) -> Result<Self> {
        let k = k.into().to_array();
        let fixed = [k[0][1], k[1][0], k[2][0], k[2][1], k[2][2] - R::ONE];
        if fixed.iter().any(|x| x.to_f64() != 0.0) {
            let expected = "[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]";
            return Err(Error::parameter("camera matrix K", format!("{k:?}"), expected));
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
    /// `Parameter` if a number is not finite, a focal length not positive or the size empty.
    pub fn check(&self) -> Result<()> {
        let d = &self.distortion;
        let all = [self.center[0], self.center[1], d.k1, d.k2, d.p1, d.p2, d.k3];
        if self.focal.iter().any(|f| !(f.is_finite() && f.to_f64() > 0.0)) {
            let found = format!("{:?}", self.focal);
            return Err(Error::parameter("camera focal lengths", found, "finite, above 0"));
        }
        if !all.iter().all(|x| x.is_finite()) {
            return Err(Error::parameter("camera intrinsics", format!("{self:?}"), "finite numbers"));
        }
        if self.size.contains(&0) {
            let found = format!("{:?}", self.size);
            return Err(Error::parameter("camera picture size", found, "at least [1, 1]"));
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

impl<R: Scalar> Distortion<R> {
    fn radial(&self, q: R) -> R {
        R::ONE + q * (self.k1 + q * (self.k2 + q * self.k3))
    }

    /// Returns the distorted place of `(x, y)`.
    fn apply(&self, x: R, y: R) -> [R; 2] {
        let q = x * x + y * y;
        let radial = self.radial(q);
        let two = R::from_f64(2.0);
        [
            x * radial + two * self.p1 * x * y + self.p2 * (q + two * x * x),
            y * radial + self.p1 * (q + two * y * y) + two * self.p2 * x * y,
        ]
    }

    /// Returns d loss / d (x, y) and d loss / d distortion, given d loss / d `apply(x, y)`.
    fn apply_vjp(&self, x: R, y: R, [gx, gy]: [R; 2]) -> ([R; 2], Self) {
        let (two, three, four) = (R::from_f64(2.0), R::from_f64(3.0), R::from_f64(4.0));
        let q = x * x + y * y;
        let radial = self.radial(q);
        let grad_radial = gx * x + gy * y;
        let slope = self.k1 + q * (two * self.k2 + q * three * self.k3);
        let grad_q = grad_radial * slope + gx * self.p2 + gy * self.p1;
        let cross = two * x * y;
        let grad_self = Self {
            k1: grad_radial * q,
            k2: grad_radial * q * q,
            k3: grad_radial * q * q * q,
            p1: gx * cross + gy * (q + two * y * y),
            p2: gx * (q + two * x * x) + gy * cross,
        };
        let grad_x = gx * (radial + two * self.p1 * y + four * self.p2 * x)
            + gy * two * self.p2 * y
            + two * x * grad_q;
        let grad_y = gx * two * self.p1 * x
            + gy * (radial + four * self.p1 * y + two * self.p2 * x)
            + two * y * grad_q;
        ([grad_x, grad_y], grad_self)
    }

    /// Returns the `q` at which the lens folds, infinity if it never does: the first zero of the slope of the
    /// distorted radius, `1 + 3 k1 q + 5 k2 q^2 + 7 k3 q^3`. Beyond it the polynomial means nothing, and a point far
    /// outside the picture may come back into it.
    pub(super) fn fold(&self) -> f64 {
        let [a, b, c] = [3.0 * self.k1.to_f64(), 5.0 * self.k2.to_f64(), 7.0 * self.k3.to_f64()];
        let slope = |q: f64| 1.0 + q * (a + q * (b + q * c));
        // The slope is 1 at q = 0 and monotone between its turning points, the roots of a + 2 b q + 3 c q^2.
        let mut ends = turning_points(a, b, c);
        ends.push(FARTHEST);
        let mut start = 0.0;
        for end in ends {
            if slope(end) <= 0.0 {
                return first_zero(slope, start, end);
            }
            start = end;
        }
        f64::INFINITY
    }
}

/// Beyond `q = x^2 + y^2` of this size no point is on a screen (`MAX_COORDINATE` squared).
const FARTHEST: f64 = 1e12;

/// Returns the roots above 0 of `a + 2 b q + 3 c q^2`, ascending.
fn turning_points(a: f64, b: f64, c: f64) -> Vec<f64> {
    let half = (b * b - 3.0 * a * c).sqrt(); // NaN without real roots: every comparison below is false
    let far = -(b + half.copysign(b)); // the sum that does not cancel
    let mut roots = vec![far / (3.0 * c), a / far];
    roots.retain(|q| *q > 0.0 && *q < FARTHEST);
    roots.sort_by(f64::total_cmp);
    roots
}

/// Returns the zero of `slope` between `low`, where it is positive, and `high`, where it is not.
fn first_zero(slope: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    // 100 halvings of 1e12 leave less than one rounding error.
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 { low = middle } else { high = middle }
    }
    low
}

impl<R: Scalar> AddAssign for Intrinsics<R> {
    fn add_assign(&mut self, o: Self) {
        let (d, e) = (&mut self.distortion, o.distortion);
        for (to, from) in [(&mut d.k1, e.k1), (&mut d.k2, e.k2), (&mut d.p1, e.p1), (&mut d.p2, e.p2)] {
            *to += from;
        }
        d.k3 += e.k3;
        for i in 0..2 {
            self.focal[i] += o.focal[i];
            self.center[i] += o.center[i];
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "infinity is exact")]
mod tests {
    use super::*;

    fn fold(k1: f64, k2: f64, k3: f64) -> f64 {
        Distortion { k1, k2, p1: 0.0, p2: 0.0, k3 }.fold()
    }

    #[test]
    fn a_lens_folds_where_its_radius_stops_growing() {
        assert_eq!(fold(0.0, 0.0, 0.0), f64::INFINITY);
        assert_eq!(fold(0.1, 0.01, 0.0), f64::INFINITY);
        // 1 - 0.9 q = 0
        assert!((fold(-0.3, 0.0, 0.0) - 1.0 / 0.9).abs() < 1e-12);
        // (1 - q) (1 - q / 2) = 1 - 3/2 q + 1/2 q^2: the first of two zeros
        assert!((fold(-0.5, 0.1, 0.0) - 1.0).abs() < 1e-12);
        // (1 - q) (1 - q / 2) (1 - q / 3) = 1 - 11/6 q + q^2 - 1/6 q^3
        assert!((fold(-11.0 / 18.0, 0.2, -1.0 / 42.0) - 1.0).abs() < 1e-12);
        // 1 - 1.5 q + q^2 stays above 0
        assert_eq!(fold(-0.5, 0.2, 0.0), f64::INFINITY);
    }
}
