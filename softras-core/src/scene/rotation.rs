//! Rotations with three free numbers, for fitting poses: [`axis_angle`].

use crate::math::{Mat3, Scalar, Vec3, trig};

/// Below this squared angle the series take over, where the closed forms cancel.
const SMALL: f64 = 0.25;

/// Returns the rotation by `|w|` radians around the axis `w`, counter-clockwise seen from its tip (Rodrigues):
/// `I + a K + b K^2` with `K v = w x v`, `a = sin|w| / |w|`, `b = (1 - cos|w|) / |w|^2`. Smooth everywhere, also at 0.
#[must_use]
pub fn axis_angle<R: Scalar>(w: Vec3<R>) -> Mat3<R> {
    let (k, f) = (cross_matrix(w), Factors::new(w.dot(w)));
    Mat3::IDENTITY.plus(&times(&k, f.a)).plus(&times(&k.mul(&k), f.b))
}

/// Returns d loss / d w, given `grad`, d loss / d [`axis_angle`], `[3, 3]`.
#[must_use]
pub fn axis_angle_vjp<R: Scalar>(w: Vec3<R>, grad: &Mat3<R>) -> Vec3<R> {
    let (k, f) = (cross_matrix(w), Factors::new(w.dot(w)));
    let kt = k.transpose();
    // d R = a dK + b (dK K + K dK) + (a' K + b' K^2) dq, q = |w|^2
    let square = grad.mul(&kt).plus(&kt.mul(grad));
    let [x, y, z] = times(grad, f.a).plus(&times(&square, f.b)).rows;
    let through_k = Vec3::new(z.y - y.z, x.z - z.x, y.x - x.y);
    let grad_q = inner(grad, &k) * f.slope_a + inner(grad, &k.mul(&k)) * f.slope_b;
    through_k + w * (grad_q + grad_q)
}

/// `a` and `b` of [`axis_angle`] and their slopes in the squared angle q.
struct Factors<R> {
    a: R,
    b: R,
    slope_a: R,
    slope_b: R,
}

impl<R: Scalar> Factors<R> {
    fn new(q: R) -> Self {
        if q.to_f64() < SMALL {
            return Self::series(q);
        }
        let angle = q.sqrt();
        let half = trig::sin(angle * R::from_f64(0.5));
        let a = trig::sin(angle) / angle;
        let b = R::from_f64(2.0) * half * half / q;
        let half = R::from_f64(0.5);
        Self { a, b, slope_a: (trig::cos(angle) - a) * half / q, slope_b: (a * half - b) / q }
    }

    /// `a = sum (-q)^n / (2n+1)!`, `b = sum (-q)^n / (2n+2)!`; the tenth term is below 1e-23.
    fn series(q: R) -> Self {
        let mut f = Self { a: R::ZERO, b: R::ZERO, slope_a: R::ZERO, slope_b: R::ZERO };
        let mut power = [R::ZERO, R::ONE]; // (-1)^n n q^(n-1) and (-q)^n
        let mut factorial = 1.0; // (2n+1)!
        for n in 0..9 {
            let n = f64::from(n);
            let (over_a, over_b) =
                (R::from_f64(1.0 / factorial), R::from_f64(1.0 / (factorial * (2.0 * n + 2.0))));
            f.a += power[1] * over_a;
            f.b += power[1] * over_b;
            f.slope_a += power[0] * over_a;
            f.slope_b += power[0] * over_b;
            power = [-(power[1] + power[0] * q), -(power[1] * q)];
            factorial *= (2.0 * n + 2.0) * (2.0 * n + 3.0);
        }
        f
    }
}

/// The matrix K with `K v = w x v`.
fn cross_matrix<R: Scalar>(w: Vec3<R>) -> Mat3<R> {
    Mat3::from([[R::ZERO, -w.z, w.y], [w.z, R::ZERO, -w.x], [-w.y, w.x, R::ZERO]])
}

fn times<R: Scalar>(m: &Mat3<R>, k: R) -> Mat3<R> {
    Mat3 { rows: m.rows.map(|row| row * k) }
}

/// The sum of the products of the entries.
fn inner<R: Scalar>(a: &Mat3<R>, b: &Mat3<R>) -> R {
    a.rows.iter().zip(&b.rows).fold(R::ZERO, |sum, (a, b)| sum + a.dot(*b))
}
