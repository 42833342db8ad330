//! Special functions that distributions and t-conorms are made of, over any [`Real`].
//!
//! Each is one polynomial (interpolated at Chebyshev points to 1e-15, highest power first) without branches, so that
//! scalars, dual numbers and lanes run the same steps. Below 1e-13 relative in `f64`, a few ulp in `f32`; a device may
//! stop at fewer terms.

use super::real::Real;

/// Coefficients of `(1 + 2 t) erfcx(t)` in `(t - 4) / (t + 4)`.
const ERFCX: [f64; 25] = [
    -2.764_120_233_734_578e-10,
    9.297_625_263_709_659e-10,
    3.232_397_344_508_203_3e-9,
    -1.233_873_140_379_844_4e-8,
    -2.072_580_248_818_196_3e-8,
    1.063_181_759_381_814_9e-7,
    7.771_943_241_086_912e-8,
    -8.210_647_933_297_337e-7,
    2.917_342_557_308_973_3e-7,
    5.706_578_299_240_74e-6,
    -1.122_113_566_596_590_7e-5,
    -2.439_773_114_302_329_2e-5,
    0.000_150_621_426_086_519_45,
    -0.000_199_257_152_472_651_8,
    -0.000_757_773_243_594_257_6,
    0.005_031_970_069_102_256,
    -0.016_197_734_062_934_77,
    0.037_167_515_526_338_006,
    -0.066_330_365_811_860_58,
    0.093_732_834_999_112_64,
    -0.101_039_066_036_318_11,
    0.068_097_054_254_668_39,
    0.015_379_652_102_619_974,
    -0.139_621_116_840_562_28,
    1.232_995_118_625_552_6,
];
/// Coefficients of `erf(t) / t` in `t^2`, t up to 1.
const ERF: [f64; 12] = [
    -7.795_898_827_002_142e-10,
    1.372_006_454_677_768_6e-8,
    -1.620_848_380_187_170_5e-7,
    1.644_742_470_331_736_2e-6,
    -1.492_473_690_741_966e-5,
    0.000_120_552_949_048_397_07,
    -0.000_854_832_597_538_969_2,
    0.005_223_977_607_116_422_5,
    -0.026_866_170_643_237_77,
    0.112_837_916_709_450_06,
    -0.376_126_389_031_835_43,
    core::f64::consts::FRAC_2_SQRT_PI,
];
/// Coefficients of `atan(t) / t` in `t^2`, t up to 1.
const ATAN: [f64; 19] = [
    2.969_635_660_165_779e-5,
    -0.000_314_200_773_668_073_34,
    0.001_573_949_324_175_576_2,
    -0.005_000_366_453_732_649_6,
    0.011_430_023_675_054_508,
    -0.020_330_870_033_027_46,
    0.029_924_052_938_027_11,
    -0.038_526_068_346_106_74,
    0.045_668_724_719_449_945,
    -0.052_025_829_246_698_206,
    0.058_677_760_017_067_19,
    -0.066_640_076_076_540_46,
    0.076_919_504_187_967_95,
    -0.090_908_751_000_999_82,
    0.111_111_089_472_156_84,
    -0.142_857_142_011_534_85,
    0.199_999_999_982_444_05,
    -0.333_333_333_333_188,
    0.999_999_999_999_999_8,
];
/// Coefficients of `1 / Gamma(1 + f)` in f, from 0 to 1.
const RECIPROCAL_GAMMA: [f64; 15] = [
    -8.996_935_696_824_659e-8,
    7.036_194_453_193_071e-7,
    -3.702_123_625_068_415e-7,
    -2.130_844_654_633_389_6e-5,
    0.000_129_134_419_284_194_78,
    -0.000_215_955_648_699_580_3,
    -0.001_164_829_055_113_469_4,
    0.007_218_828_069_271_188,
    -0.009_621_943_849_363_436,
    -0.042_197_739_115_680_755,
    0.166_538_611_872_628_47,
    -0.042_002_635_065_847_66,
    -0.655_878_071_519_177,
    0.577_215_664_901_518_4,
    1.0,
];
/// Coefficients of the integral of `sqrt(v (1 - h v / 2))` over v from 0 to 1 in h, from 0 to 1.
const CAP: [f64; 17] = [
    -3.838_593_132_836_434e-7,
    2.399_754_496_074_460_5e-6,
    -7.259_903_011_328_562e-6,
    1.329_072_260_173_909_2e-5,
    -1.680_468_130_581_650_2e-5,
    1.453_090_206_669_148_4e-5,
    -1.043_028_683_568_113_4e-5,
    2.589_752_175_534_902_6e-6,
    -7.014_089_529_634_525e-6,
    -1.438_986_766_640_326_2e-5,
    -4.280_199_134_355_387_6e-5,
    -0.000_131_450_480_501_750_9,
    -0.000_443_892_869_574_393_43,
    -0.001_736_111_069_465_328_3,
    -0.008_928_571_429_675_238,
    -0.099_999_999_999_988_46,
    0.666_666_666_666_666_6,
];

/// Below this size a ratio of a function that vanishes at 0 is its series.
const SERIES: f64 = 0.5;
/// Terms of those series: the first left out is below 1e-15 at [`SERIES`].
const SERIES_TERMS: usize = 14;

/// Returns the polynomial with these coefficients, the highest power first.
#[inline(always)]
fn polynomial<R: Real>(x: R, coefficients: &[f64]) -> R {
    let mut sum = x.zero();
    for &coefficient in coefficients {
        sum = sum * x + x.lit(coefficient);
    }
    sum
}

/// Returns a polynomial and its slope.
#[inline(always)]
fn polynomial_and_slope<R: Real>(x: R, coefficients: &[f64]) -> (R, R) {
    let (mut sum, mut slope) = (x.zero(), x.zero());
    for &coefficient in coefficients {
        slope = slope * x + sum;
        sum = sum * x + x.lit(coefficient);
    }
    (sum, slope)
}

/// Returns `erfcx(t) = e^(t^2) erfc(t)` for t from 0 up, however large.
#[inline(always)]
pub(super) fn erfcx<R: Real>(t: R) -> R {
    let four = t.lit(4.0);
    polynomial((t - four) / (t + four), &ERFCX) / (t.one() + t + t)
}

/// Returns `erf(t) / t` of `t_sq = t^2` from 0 to 1.
#[inline(always)]
pub(super) fn erf_ratio<R: Real>(t_sq: R) -> R {
    polynomial(t_sq, &ERF)
}

/// Returns `atan(t) / t` of `t_sq = t^2` from 0 to 1.
#[inline(always)]
pub(super) fn atan_ratio<R: Real>(t_sq: R) -> R {
    polynomial(t_sq, &ATAN)
}

/// Returns the integral of `sqrt(v (1 - h v / 2))` over v from 0 to 1, for h from 0 to 1: the area of a cap of the unit
/// circle of height h is `2 sqrt(2) h^(3/2)` times it.
#[inline(always)]
pub(super) fn cap_ratio<R: Real>(h: R) -> R {
    polynomial(h, &CAP)
}

/// Returns `1 / Gamma(p + 1)` and `digamma(p + 1)`, for p from 0 to below 5.
#[inline(always)]
pub(super) fn reciprocal_gamma<R: Real>(p: R) -> (R, R) {
    let whole = p.floor();
    let f = p - whole;
    let (reciprocal, slope) = polynomial_and_slope(f, &RECIPROCAL_GAMMA);
    let (mut product, mut sum) = (p.one(), -(slope / reciprocal));
    for k in 1..5 {
        let counts = whole.ge(p.lit(f64::from(k)));
        let factor = R::select(counts, f + p.lit(f64::from(k)), p.one());
        product = product * factor;
        sum += factor.recip().keep(counts);
    }
    (reciprocal / product, sum)
}

/// Returns `(e^y - 1) / y`, 1 at 0.
#[inline(always)]
pub(super) fn expm1_ratio<R: Real>(y: R) -> R {
    let small = y.abs().lt(y.lit(SERIES));
    let near = R::select(small, y, y.zero());
    let mut series = y.one();
    for k in (2..SERIES_TERMS).rev() {
        series = series * near / y.lit(k as f64) + y.one();
    }
    let far = R::select(small, y.one(), y);
    R::select(small, series, (far.exp() - y.one()) / far)
}

/// Returns the slope of [`expm1_ratio`].
#[inline(always)]
pub(super) fn expm1_ratio_slope<R: Real>(y: R) -> R {
    let small = y.abs().lt(y.lit(SERIES));
    let near = R::select(small, y, y.zero());
    let mut series = y.zero();
    let mut factorial = 1.0;
    let mut power = y.one();
    for k in 1..SERIES_TERMS {
        factorial *= (k + 1) as f64;
        series += power * y.lit(k as f64 / factorial);
        power = power * near;
    }
    let far = R::select(small, y.one(), y);
    R::select(small, series, (far.exp() - expm1_ratio(far)) / far)
}

/// Returns `atanh(z) / z` of `z_sq = z^2`, z up to 1/3.
#[inline(always)]
fn atanh_ratio<R: Real>(z_sq: R) -> R {
    let mut series = z_sq.zero();
    for k in (0..16).rev() {
        series = series * z_sq + z_sq.lit(1.0 / f64::from(2 * k + 1));
    }
    series
}

/// Returns `ln(1 + y) / y` for y above -1, 1 at 0.
#[inline(always)]
pub(super) fn ln1p_ratio<R: Real>(y: R) -> R {
    let two = y.lit(2.0);
    let small = y.gt(y.lit(-SERIES)) & y.lt(y.one());
    let near = R::select(small, y, y.zero());
    let z = near / (two + near);
    let far = R::select(small, y.one(), y);
    let held = (far + y.one()).max(y.lit(LEAST));
    R::select(small, two / (two + near) * atanh_ratio(z.sq()), held.ln() / far)
}

/// The least number whose logarithm is taken.
const LEAST: f64 = 1e-35;

/// Returns `y^2` times the slope of [`ln1p_ratio`], `y / (1 + y) - ln(1 + y)`, over `p^2`, where `y = -p s`: finite at
/// p = 0.
#[inline(always)]
pub(super) fn ln1p_ratio_slope<R: Real>(p: R, s: R) -> R {
    let y = -(p * s);
    let small = y.abs().lt(y.lit(0.3));
    let near = R::select(small, y, y.zero());
    // The sum of (-1)^k k / (k + 1) y^(k - 1).
    let mut series = y.zero();
    for k in (1..28).rev() {
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        series = series * near + y.lit(sign * f64::from(k) / f64::from(k + 1));
    }
    let near_s = R::select(small, s, y.zero());
    let far = R::select(small, y.one(), y);
    let far_p = R::select(small, y.one(), p);
    let beyond = (far / (y.one() + far) - far * ln1p_ratio(far)) / far_p / far_p;
    R::select(small, near_s * near_s * series, beyond)
}

/// Returns `(y e^y / (e^y - 1) - 1) / y`, 1/2 at 0.
#[inline(always)]
pub(super) fn growth_ratio<R: Real>(y: R) -> R {
    let small = y.abs().lt(y.lit(SERIES));
    let near = R::select(small, y.sq(), y.zero());
    let mut series = y.zero();
    // Bernoulli numbers over factorials.
    for coefficient in [
        -5.284_190_138_687_493e-10,
        2.087_675_698_786_81e-8,
        -8.267_195_767_195_767e-7,
        3.306_878_306_878_307e-5,
        -1.388_888_888_888_889e-3,
        8.333_333_333_333_333e-2,
    ] {
        series = series * near + y.lit(coefficient);
    }
    let far = R::select(small, y.one(), y);
    let beyond = (far.exp() / expm1_ratio(far) - y.one()) / far;
    R::select(small, y.lit(0.5) + R::select(small, y, y.zero()) * series, beyond)
}
