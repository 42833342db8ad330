//! The exponential of `f32`: one polynomial for scalars, lanes and devices, so that all have the same bits.

use super::real::Real;

/// Below this `exp` is 0: products of weights would else be denormals, which are slow and mean nothing (KERNELS 1).
pub const EXP_LOWEST: f64 = -80.0;
/// Above this the argument is held: the result stays finite.
pub const EXP_HIGHEST: f64 = 88.0;

/// Added to a number from -126 to 127, this rounds it to the nearest integer n, and leaves n + 127, the exponent of
/// 2 to the power n, in the lowest bits: `1.5 * 2^23 + 127`.
pub const NEAREST: f64 = 12_583_039.0;

/// Returns e to the power `x` for a number type of `f32` accuracy; see [`Real::nearest_pow2`].
///
/// `x = n ln 2 + r` (Cody and Waite), then a polynomial in r (Cephes `expf`). exp(0) is exactly 1; the error is at most
/// 1.2 ulp on -80..=88, without fused multiply-add, which would change bits from one instruction set to another.
#[inline(always)]
pub fn exp_f32<R: Real>(x: R) -> R {
    let held = x.max(x.lit(EXP_LOWEST)).min(x.lit(EXP_HIGHEST));
    let (n, pow2) = (held * x.lit(core::f64::consts::LOG2_E)).nearest_pow2();
    let r = held - n * x.lit(0.693_359_375) - n * x.lit(-2.121_944_400_5e-4);
    let mut p = x.lit(1.987_569_150_0e-4);
    for coefficient in
        [1.398_199_950_7e-3, 8.333_451_907_3e-3, 4.166_579_589_4e-2, 1.666_666_545_9e-1, 5.000_000_120_1e-1]
    {
        p = p * r + x.lit(coefficient);
    }
    let y = p * r.sq() + r + x.one();
    R::select(x.lt(x.lit(EXP_LOWEST)), x.zero(), y * pow2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_its_ulps_and_exact_at_zero() {
        let exp = |x: f32| exp_f32(x);
        assert_eq!(exp(0.0).to_bits(), 1.0_f32.to_bits());
        let mut worst = 0.0_f64;
        for i in 0..2_000_000 {
            let x = -80.0 + 168.0 * (i as f32 / 2_000_000.0);
            let exact = f64::from(x).exp();
            let ulp = f64::from(f32::EPSILON) * 2.0_f64.powi(exact.log2().floor() as i32);
            worst = worst.max((f64::from(exp(x)) - exact).abs() / ulp);
        }
        assert!(worst < 1.2, "{worst} ulp");
        assert!(exp(-80.1) <= 0.0 && exp(f32::NEG_INFINITY) <= 0.0);
        assert!(exp(f32::INFINITY).is_finite());
    }
}
