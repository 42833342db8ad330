//! Light from all around in nine numbers: [`Harmonics`].
//!
//! The real spherical harmonics up to degree 2 of the unit normal (x, y, z), as in Ramamoorthi and Hanrahan, *An
//! Efficient Representation for Irradiance Environment Maps*, SIGGRAPH 2001, equation 3:
//!
//! | k | (l, m) | Y_k |
//! |---|---|---|
//! | 0 | (0, 0) | 0.282095 |
//! | 1, 2, 3 | (1, -1), (1, 0), (1, 1) | 0.488603 times y, z, x |
//! | 4, 5, 7 | (2, -2), (2, -1), (2, 1) | 1.092548 times xy, yz, xz |
//! | 6 | (2, 0) | 0.315392 (3 z^2 - 1) |
//! | 8 | (2, 2) | 0.546274 (x^2 - y^2) |

use super::light::Intensity;
use crate::math::{Scalar, Vec3};

/// The number of harmonics up to degree 2.
pub const HARMONICS: usize = 9;

/// `1 / (2 sqrt(pi))`, `sqrt(3 / (4 pi))`, `sqrt(15 / (4 pi))`, `sqrt(5 / (16 pi))`, `sqrt(15 / (16 pi))`.
const Y: [f64; 5] = [
    0.282_094_791_773_878_14,
    0.488_602_511_902_919_9,
    1.092_548_430_592_079_2,
    0.315_391_565_252_520_05,
    0.546_274_215_296_039_6,
];

/// Light from all around, `sum_k coefficients_k Y_k(n)`: what a matt surface with the normal `n` receives.
///
/// Of an environment whose radiance has the coefficients L, these are `A_l L_lm / pi` with
/// `A = pi, 2 pi / 3, pi / 4` for l = 0, 1, 2 (equation 8 there). The sum is not held at 0: it is linear, so that its
/// coefficients can be fitted, and a set that no environment has may darken below black.
/// As part of a gradient: d loss / d each coefficient.
#[derive(Clone, Debug, PartialEq)]
pub struct Harmonics<R = f32> {
    /// One coefficient for each Y, the same in every channel or one for each.
    pub coefficients: [Intensity<R>; HARMONICS],
}

/// The values Y_0 to Y_8 at the unit normal `n`.
#[must_use]
pub fn harmonics<R: Scalar>(n: Vec3<R>) -> [R; HARMONICS] {
    let [a, b, c, d, e] = Y.map(R::from_f64);
    let (x, y, z) = (n.x, n.y, n.z);
    [
        a,
        b * y,
        b * z,
        b * x,
        c * (x * y),
        c * (y * z),
        d * (R::from_f64(3.0) * z * z - R::ONE),
        c * (x * z),
        e * (x * x - y * y),
    ]
}

/// d loss / d n, given d loss / d [`harmonics`].
#[must_use]
pub fn harmonics_vjp<R: Scalar>(n: Vec3<R>, grad: &[R; HARMONICS]) -> Vec3<R> {
    let [_, b, c, d, e] = Y.map(R::from_f64);
    let (x, y, z) = (n.x, n.y, n.z);
    let two = R::from_f64(2.0);
    let g = grad;
    Vec3::new(
        b * g[3] + c * (y * g[4] + z * g[7]) + two * e * x * g[8],
        b * g[1] + c * (x * g[4] + z * g[5]) - two * e * y * g[8],
        b * g[2] + c * (y * g[5] + x * g[7]) + R::from_f64(6.0) * d * z * g[6],
    )
}

impl<R: Scalar> Harmonics<R> {
    /// What a surface with the normal `n` receives in channel `c`.
    pub(super) fn received(&self, n: Vec3<R>, c: usize) -> R {
        let terms = harmonics(n).into_iter().zip(&self.coefficients).map(|(y, k)| y * k.channel(c));
        terms.fold(R::ZERO, |sum, term| sum + term)
    }
}
