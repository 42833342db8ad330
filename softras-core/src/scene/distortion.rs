//! OpenCV's lens distortion, where it folds, and its inverse: [`Distortion`].

use core::ops::AddAssign;

use super::polynomial::{first_zero, product};
use crate::error::{Error, Result};
use crate::math::Scalar;

/// OpenCV's lens distortion, radial (rational) and tangential; zeros are no distortion.
///
/// With `x = X/Z`, `y = Y/Z` (y down), `q = x^2 + y^2` and
/// `r = (1 + k1 q + k2 q^2 + k3 q^3) / (1 + k4 q + k5 q^2 + k6 q^3)`:
/// `x' = x r + 2 p1 x y + p2 (q + 2 x^2)`,
/// `y' = y r + p1 (q + 2 y^2) + 2 p2 x y`.
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
    /// Radial, of `q` in the denominator.
    pub k4: R,
    /// Radial, of `q^2` in the denominator.
    pub k5: R,
    /// Radial, of `q^3` in the denominator.
    pub k6: R,
}

/// The value and the slopes of a distortion at a point, in `f64`.
struct Local {
    value: [f64; 2],
    /// `[[dx'/dx, dx'/dy], [dy'/dx, dy'/dy]]`.
    slopes: [[f64; 2]; 2],
}

impl Local {
    fn determinant(&self) -> f64 {
        self.slopes[0][0] * self.slopes[1][1] - self.slopes[0][1] * self.slopes[1][0]
    }
}

/// Steps from the middle of the lens to a point of the picture, when a distortion is undone.
const STEPS: usize = 8;
/// Newton steps within one of them; each near the answer doubles the digits.
const NEWTON: usize = 30;
/// How near the answer counts as reached, relative to its size.
const REACHED: f64 = 1e-10;

impl<R: Scalar> Distortion<R> {
    /// No distortion.
    pub const NONE: Self = {
        let zero = R::ZERO;
        Self { k1: zero, k2: zero, p1: zero, p2: zero, k3: zero, k4: zero, k5: zero, k6: zero }
    };

    /// Reads OpenCV's list `(k1, k2, p1, p2 [, k3 [, k4, k5, k6]])`; an empty list is no distortion.
    ///
    /// Longer lists (thin prisms, tilted sensors) are read where their further numbers are zero.
    ///
    /// # Errors
    /// `Shape` if there are not 0, 4, 5, 8, 12 or 14 numbers; `Parameter` if one beyond the eighth is not zero.
    pub fn from_coefficients(list: &[R]) -> Result<Self> {
        if !matches!(list.len(), 0 | 4 | 5 | 8 | 12 | 14) {
            let expected = "0, 4, 5, 8, 12 or 14 numbers: k1, k2, p1, p2, k3, k4, k5, k6, ..";
            return Err(Error::shape("distortion coefficients", &[list.len()], expected));
        }
        if let Some((i, bad)) = list.iter().enumerate().skip(8).find(|(_, x)| x.to_f64() != 0.0) {
            let name = format!("distortion coefficient {i} (thin prism or tilt)");
            return Err(Error::parameter(name, format!("{bad:?}"), "0: these are not supported"));
        }
        let at = |i: usize| list.get(i).copied().unwrap_or(R::ZERO);
        let [k1, k2, p1, p2, k3, k4, k5, k6] = [0, 1, 2, 3, 4, 5, 6, 7].map(at);
        Ok(Self { k1, k2, p1, p2, k3, k4, k5, k6 })
    }

    /// Returns k1, k2, p1, p2, k3, k4, k5, k6: the order of OpenCV.
    #[must_use]
    pub const fn coefficients(&self) -> [R; 8] {
        [self.k1, self.k2, self.p1, self.p2, self.k3, self.k4, self.k5, self.k6]
    }

    /// Tells whether all coefficients are zero.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.coefficients().iter().all(|k| k.to_f64() == 0.0)
    }

    /// Numerator and denominator of r.
    fn parts(&self, q: R) -> (R, R) {
        (
            R::ONE + q * (self.k1 + q * (self.k2 + q * self.k3)),
            R::ONE + q * (self.k4 + q * (self.k5 + q * self.k6)),
        )
    }

    /// r and its slope in q.
    fn radial(&self, q: R) -> (R, R) {
        let (two, three) = (R::from_f64(2.0), R::from_f64(3.0));
        let (numerator, denominator) = self.parts(q);
        let r = numerator / denominator;
        let up = self.k1 + q * (two * self.k2 + q * three * self.k3);
        let down = self.k4 + q * (two * self.k5 + q * three * self.k6);
        (r, (up - r * down) / denominator)
    }

    /// Returns the distorted place of `(x, y)`.
    pub(super) fn apply(&self, x: R, y: R) -> [R; 2] {
        let q = x * x + y * y;
        let (numerator, denominator) = self.parts(q);
        let radial = numerator / denominator;
        let two = R::from_f64(2.0);
        [
            x * radial + two * self.p1 * x * y + self.p2 * (q + two * x * x),
            y * radial + self.p1 * (q + two * y * y) + two * self.p2 * x * y,
        ]
    }

    /// Returns d loss / d (x, y) and d loss / d distortion, given d loss / d `apply(x, y)`.
    pub(super) fn apply_vjp(&self, x: R, y: R, [gx, gy]: [R; 2]) -> ([R; 2], Self) {
        let (two, four) = (R::from_f64(2.0), R::from_f64(4.0));
        let q = x * x + y * y;
        let (radial, slope) = self.radial(q);
        let (_, denominator) = self.parts(q);
        let grad_radial = gx * x + gy * y;
        let grad_q = grad_radial * slope + gx * self.p2 + gy * self.p1;
        let cross = two * x * y;
        // r = N / D: d r / d N = 1 / D, d r / d D = -r / D
        let grad_numerator = grad_radial / denominator;
        let grad_denominator = -(grad_numerator * radial);
        let grad_self = Self {
            k1: grad_numerator * q,
            k2: grad_numerator * q * q,
            k3: grad_numerator * q * q * q,
            k4: grad_denominator * q,
            k5: grad_denominator * q * q,
            k6: grad_denominator * q * q * q,
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

    fn to_f64(self) -> Distortion<f64> {
        let [k1, k2, p1, p2, k3, k4, k5, k6] = self.coefficients().map(R::to_f64);
        Distortion { k1, k2, p1, p2, k3, k4, k5, k6 }
    }

    /// Returns the `q` at which the radial part folds, infinity if it never does: the first zero of the slope of the
    /// distorted radius `sqrt(q) r(q)`, which is that of `N D + 2 q (N' D - N D')`, or of D. Beyond it the formula means
    /// nothing, and a point far outside the picture may come back into it.
    pub(super) fn fold(&self) -> f64 {
        if self.is_none() {
            return f64::INFINITY;
        }
        let d = self.to_f64();
        let (n, m) = ([1.0, d.k1, d.k2, d.k3], [1.0, d.k4, d.k5, d.k6]);
        // 2 q times the slope of a polynomial has the coefficients 2 i c_i.
        let steep = |c: [f64; 4]| [0.0, 2.0 * c[1], 4.0 * c[2], 6.0 * c[3]];
        let (nm, rise, fall) = (product(&n, &m), product(&steep(n), &m), product(&n, &steep(m)));
        let slope: Vec<f64> = nm.iter().zip(&rise).zip(&fall).map(|((a, b), c)| a + b - c).collect();
        first_zero(&slope).min(first_zero(&m))
    }

    /// Tells whether the map keeps its sides at `(x, y)`: its determinant is above 0.
    pub(super) fn is_upright_at(&self, x: R, y: R) -> bool {
        self.to_f64().local([x.to_f64(), y.to_f64()]).determinant() > 0.0
    }

    /// Returns the point that [`Distortion::apply`] brings to `target`, if a straight way there from the middle of the
    /// lens meets no fold; `fold` is [`Distortion::fold`].
    pub(super) fn undo(&self, target: [f64; 2], fold: f64) -> Option<[f64; 2]> {
        let d = self.to_f64();
        let mut at = [0.0; 2];
        for step in 1..=STEPS {
            let share = step as f64 / STEPS as f64;
            at = d.newton(at, target.map(|x| x * share), fold)?;
        }
        Some(at)
    }
}

impl Distortion<f64> {
    fn local(&self, [x, y]: [f64; 2]) -> Local {
        let q = x * x + y * y;
        let (r, slope) = self.radial(q);
        let (p1, p2) = (self.p1, self.p2);
        let mixed = 2.0 * x * y * slope + 2.0 * (p1 * x + p2 * y);
        Local {
            value: self.apply(x, y),
            slopes: [
                [r + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x, mixed],
                [mixed, r + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x],
            ],
        }
    }

    /// Newton's steps from `at`, halved where they would cross a fold or lead away.
    fn newton(&self, mut at: [f64; 2], target: [f64; 2], fold: f64) -> Option<[f64; 2]> {
        let mut here = self.local(at);
        let miss = |l: &Local| (l.value[0] - target[0]).hypot(l.value[1] - target[1]);
        let near = REACHED * (1.0 + target[0].hypot(target[1]));
        for _ in 0..NEWTON {
            if miss(&here) <= near {
                return Some(at);
            }
            let [[a, b], [c, d]] = here.slopes;
            let (ex, ey) = (target[0] - here.value[0], target[1] - here.value[1]);
            let det = here.determinant();
            let way = [(d * ex - b * ey) / det, (a * ey - c * ex) / det];
            let mut share = 1.0;
            loop {
                let next = [at[0] + share * way[0], at[1] + share * way[1]];
                let there = self.local(next);
                let upright = there.determinant() > 0.0 && next[0].powi(2) + next[1].powi(2) < fold;
                if upright && miss(&there) < miss(&here) {
                    (at, here) = (next, there);
                    break;
                }
                share *= 0.5;
                if share < 1e-6 {
                    return None;
                }
            }
        }
        None
    }
}

impl<R: Scalar> AddAssign for Distortion<R> {
    fn add_assign(&mut self, o: Self) {
        self.k1 += o.k1;
        self.k2 += o.k2;
        self.p1 += o.p1;
        self.p2 += o.p2;
        self.k3 += o.k3;
        self.k4 += o.k4;
        self.k5 += o.k5;
        self.k6 += o.k6;
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "infinity is exact")]
mod tests {
    use super::*;

    fn fold(numerator: [f64; 3], denominator: [f64; 3]) -> f64 {
        let ([k1, k2, k3], [k4, k5, k6]) = (numerator, denominator);
        Distortion { k1, k2, k3, k4, k5, k6, ..Distortion::NONE }.fold()
    }

    #[test]
    fn a_lens_folds_where_its_radius_stops_growing() {
        let plain = [0.0; 3];
        assert_eq!(fold(plain, plain), f64::INFINITY);
        assert_eq!(fold([0.1, 0.01, 0.0], plain), f64::INFINITY);
        // 1 - 0.9 q = 0
        assert!((fold([-0.3, 0.0, 0.0], plain) - 1.0 / 0.9).abs() < 1e-12);
        // (1 - q) (1 - q / 2) = 1 - 3/2 q + 1/2 q^2: the first of two zeros
        assert!((fold([-0.5, 0.1, 0.0], plain) - 1.0).abs() < 1e-12);
        // (1 - q) (1 - q / 2) (1 - q / 3) = 1 - 11/6 q + q^2 - 1/6 q^3
        assert!((fold([-11.0 / 18.0, 0.2, -1.0 / 42.0], plain) - 1.0).abs() < 1e-12);
        // 1 - 1.5 q + q^2 stays above 0
        assert_eq!(fold([-0.5, 0.2, 0.0], plain), f64::INFINITY);
    }

    #[test]
    fn a_rational_lens_folds_by_hand() {
        // x / (1 + q) has its maximum at q = 1.
        assert!((fold([0.0; 3], [1.0, 0.0, 0.0]) - 1.0).abs() < 1e-12);
        // A pole at q = 1 comes before any maximum: x / (1 - q) only grows.
        assert!((fold([0.0; 3], [-1.0, 0.0, 0.0]) - 1.0).abs() < 1e-12);
        // The same polynomial above and below is no distortion.
        assert_eq!(fold([0.3, 0.2, 0.1], [0.3, 0.2, 0.1]), f64::INFINITY);
    }

    #[test]
    fn undoing_brings_points_back_and_stops_at_the_fold() {
        let d = Distortion { k1: -0.3, k2: 0.05, p1: 0.01, p2: -0.02, k3: 0.0, k4: 0.02, k5: 0.01, k6: 0.0 };
        for point in [[0.3, 0.2], [-0.5, 0.4], [0.0, -0.7]] {
            let back = d.undo(d.apply(point[0], point[1]), d.fold()).unwrap();
            assert!((back[0] - point[0]).hypot(back[1] - point[1]) < 1e-9, "{point:?}: {back:?}");
        }
        // r (1 - 0.3 r^2) is at most 0.7027, at r = 1.054.
        let d = Distortion { k1: -0.3, ..Distortion::NONE };
        assert!(d.undo([0.7, 0.0], d.fold()).is_some());
        assert!(d.undo([0.71, 0.0], d.fold()).is_none());
    }

    #[test]
    fn the_slopes_are_those_of_the_map() {
        let d = Distortion { k1: -0.3, k2: 0.05, p1: 0.01, p2: -0.02, k3: 0.03, k4: 0.2, k5: 0.1, k6: -0.05 };
        let at = [0.4, -0.3];
        let local = d.local(at);
        for (row, seed) in [[1.0, 0.0], [0.0, 1.0]].into_iter().enumerate() {
            let (grad, _) = d.apply_vjp(at[0], at[1], seed);
            assert!((grad[0] - local.slopes[row][0]).hypot(grad[1] - local.slopes[row][1]) < 1e-14);
        }
    }
}
