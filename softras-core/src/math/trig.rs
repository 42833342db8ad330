//! Sine, cosine and tangent of a [`Scalar`], for angles of cameras; radians.

use super::real::Scalar;

/// Returns `value + slope * (x - x)`: the first-order extension of a function of f64 to any scalar.
///
/// The difference is exactly zero for `f32` and `f64`, and for a dual number it is its slope alone.
fn lift<R: Scalar>(x: R, value: f64, slope: f64) -> R {
    R::from_f64(value) + R::from_f64(slope) * (x - R::from_f64(x.to_f64()))
}

/// Returns the sine of `x` radians.
#[must_use]
pub fn sin<R: Scalar>(x: R) -> R {
    let (sin, cos) = x.to_f64().sin_cos();
    lift(x, sin, cos)
}

/// Returns the cosine of `x` radians.
#[must_use]
pub fn cos<R: Scalar>(x: R) -> R {
    let (sin, cos) = x.to_f64().sin_cos();
    lift(x, cos, -sin)
}

/// Returns the tangent of `x` radians.
#[must_use]
pub fn tan<R: Scalar>(x: R) -> R {
    let tan = x.to_f64().tan();
    lift(x, tan, 1.0 + tan * tan)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the same operations give the same bits")]
mod tests {
    use super::*;
    use crate::math::Dual;

    #[test]
    fn duals_carry_the_derivative() {
        let x = Dual::new(0.7, 2.0);
        assert_eq!(sin(x).slope, 2.0 * 0.7_f64.cos());
        assert_eq!(cos(x).slope, -2.0 * 0.7_f64.sin());
        assert_eq!(tan(x).value, 0.7_f64.tan());
        assert!((tan(x).slope - 2.0 / 0.7_f64.cos().powi(2)).abs() < 1e-15);
        assert_eq!(tan(0.5_f32), 0.5_f64.tan() as f32);
    }
}
