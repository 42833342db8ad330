//! The distributions that are not symmetric, each in its plain standard form, and their reverses `1 - F(-x)`.
//!
//! To add one: implement [`DistributionFunction`] here, and name it in [`one_sided!`]. The enum, its words, the
//! capabilities, the samplers and every law follow from the list; a device adds a section to its twin of the file.

use core::f64::consts::FRAC_2_SQRT_PI;
use core::ops::RangeInclusive;

use super::tail::{Side, Sides};
use super::{Distribution, DistributionFunction, Probability, ProbabilityGrad};
use crate::math::real::Real;
use crate::math::special::{erf_ratio, erfcx, expm1_ratio, reciprocal_gamma};

/// Hands the list of this file, after what came before, to the macro `then`.
macro_rules! one_sided {
    ($then:ident, $($before:tt)*) => {
        $then! {
            $($before)*
            GumbelMax = "gumbel-max",
            GumbelMin = "gumbel-min",
            Exponential = "exponential",
            ExponentialReversed = "exponential-reversed",
            Gamma = "gamma",
            GammaReversed = "gamma-reversed",
            Levy = "levy",
            LevyReversed = "levy-reversed",
        }
    };
}

/// Below this x counts as this where it is divided by.
const LEAST: f64 = 1e-30;

/// Declares a distribution by the sides that `$sides` gives at x, or the reverse of one by those at -x.
macro_rules! by_sides {
    ($(#[$doc:meta])* $name:ident: $sides:ident, $cut:expr) => {
        by_sides!(@ $(#[$doc])* $name, $cut, x => $sides(x));
    };
    ($(#[$doc:meta])* $name:ident: reversed $sides:ident, $cut:expr) => {
        by_sides!(@ $(#[$doc])* $name, $cut, x => $sides(-x).reversed());
    };
    (@ $(#[$doc:meta])* $name:ident, $cut:expr, $x:ident => $at:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl DistributionFunction for $name {
            const KERNEL: Option<Distribution> = Some(Distribution::$name);
            const SHAPED: bool = false;

            #[inline(always)]
            fn probability<R: Real>(&self, $x: R, _: R) -> Probability<R> {
                $at.probability()
            }

            fn cut(&self, dist_eps: f64, _: f64) -> f64 {
                let cut: fn(f64) -> f64 = $cut;
                cut(dist_eps)
            }
        }
    };
}

by_sides! {
    /// `F(x) = exp(-e^-x)`: of the largest of many.
    GumbelMax: gumbel, |eps| (-eps.ln()).ln().max(0.0)
}
by_sides! {
    /// `F(x) = 1 - exp(-e^x)`: of the smallest of many.
    GumbelMin: reversed gumbel, |eps| (-(-(-eps).ln_1p()).ln()).max(0.0)
}
by_sides! {
    /// `F(x) = 1 - e^-x` for x above 0, else 0: nothing outside the face.
    Exponential: exponential, |_| 0.0
}
by_sides! {
    /// `F(x) = e^x` for x below 0, else 1: all of the inside.
    ExponentialReversed: reversed exponential, |eps| -eps.ln()
}
by_sides! {
    /// `F(x) = erfc(1 / sqrt(2 x))` for x above 0, else 0: nothing outside the face, and hardly 1 inside.
    Levy: levy, |_| 0.0
}
by_sides! {
    /// `F(x) = erf(1 / sqrt(-2 x))` for x below 0, else 1. The heaviest tail: D is 1e-4 at x = -6.4e7.
    LevyReversed: reversed levy, |eps| super::search(|x| (levy(-x).reversed().below.mass - eps).max(0.0))
}

/// `w = e^-x`: D is `e^-w`, and 1 - D is `w (1 - e^-w) / w`.
#[inline(always)]
fn gumbel<R: Real>(x: R) -> Sides<R> {
    // Beyond -80 D is 0 whatever w, which stays finite.
    let w = (-x.max(x.lit(-80.0))).exp();
    let kept = (-w).exp();
    let ratio = expm1_ratio(-w);
    let right = x.gt(x.zero());
    Sides {
        below: Side { mass: kept, mantissa: x.one(), exponent: -w, rate: w },
        above: Side {
            mass: w * ratio,
            mantissa: R::select(right, ratio, w * ratio),
            exponent: -(x.max(x.zero())),
            rate: kept / ratio,
        },
        density: w * kept,
    }
}

#[inline(always)]
fn exponential<R: Real>(x: R) -> Sides<R> {
    let inside = x.gt(x.zero());
    let held = x.max(x.lit(LEAST));
    let left = (-held).exp();
    let mass = (held * expm1_ratio(-held)).min(x.one()).keep(inside);
    let density = left.keep(inside);
    Sides {
        below: Side::of(mass, density),
        above: Side {
            mass: R::select(inside, left, x.one()),
            mantissa: x.one(),
            exponent: -x.max(x.zero()),
            rate: x.one().keep(inside),
        },
        density,
    }
}

/// `t = 1 / sqrt(2 x)`: D is `erfcx(t) e^(-t^2)`, 1 - D is `erf(t)`, the density `2 / sqrt(pi) t^3 e^(-t^2)`.
#[inline(always)]
fn levy<R: Real>(x: R) -> Sides<R> {
    let inside = x.gt(x.zero());
    // Nearer to 0 D is 0 in any case.
    let t_sq = x.lit(0.5) / x.max(x.lit(1e-12));
    let t = t_sq.sqrt();
    let bell = (-t_sq).exp();
    let mantissa = erfcx(t);
    let cubed = x.lit(FRAC_2_SQRT_PI) * t * t_sq;
    let density = (cubed * bell).keep(inside);
    let below = Side { mass: mantissa * bell, mantissa, exponent: -t_sq, rate: cubed / mantissa };
    let small = t_sq.lt(x.one());
    let left = R::select(small, t * erf_ratio(t_sq.min(x.one())), x.one() - below.mass);
    Sides { below: below.keep(inside), above: Side::of(R::select(inside, left, x.one()), density), density }
}

/// `F(x) = P(p, x)`, the regularised lower gamma function, for x above 0, else 0; p is the shape. 1 is the exponential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gamma;

/// `1 - F(-x)` of [`Gamma`]: all of the inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GammaReversed;

/// The p of [`Gamma`].
const GAMMA_SHAPES: RangeInclusive<f64> = 0.25..=4.0;
/// Terms of the series of P, for x up to the larger of p and 1.
const GAMMA_SERIES: u32 = 30;
/// Steps of the continued fraction of 1 - P, for x from there up.
const GAMMA_FRACTION: u32 = 64;

impl DistributionFunction for Gamma {
    const KERNEL: Option<Distribution> = Some(Distribution::Gamma);

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R> {
        gamma(x, shape).sides.probability()
    }

    #[inline(always)]
    fn shape_vjp<R: Real>(&self, x: R, shape: R, grad: &ProbabilityGrad<R>) -> R {
        let own = gamma(x, shape);
        grad.d * own.slope + grad.ln_d * own.below - grad.ln_not_d * own.above
    }

    fn shapes(&self) -> RangeInclusive<f64> {
        GAMMA_SHAPES
    }

    fn cut(&self, _: f64, _: f64) -> f64 {
        0.0
    }
}

impl DistributionFunction for GammaReversed {
    const KERNEL: Option<Distribution> = Some(Distribution::GammaReversed);

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R> {
        gamma(-x, shape).sides.reversed().probability()
    }

    #[inline(always)]
    fn shape_vjp<R: Real>(&self, x: R, shape: R, grad: &ProbabilityGrad<R>) -> R {
        let own = gamma(-x, shape);
        grad.ln_not_d * own.below - grad.d * own.slope - grad.ln_d * own.above
    }

    fn shapes(&self) -> RangeInclusive<f64> {
        GAMMA_SHAPES
    }
}

/// The gamma distribution, and how it moves with p.
struct GammaAt<R> {
    sides: Sides<R>,
    /// dD/dp.
    slope: R,
    /// The same over D.
    below: R,
    /// The same over 1 - D.
    above: R,
}

/// P is a series of positive terms up to the larger of p and 1, 1 - P a continued fraction from there: neither cancels.
#[inline(always)]
fn gamma<R: Real>(x: R, p: R) -> GammaAt<R> {
    let (zero, one) = (x.zero(), x.one());
    let inside = x.gt(zero);
    let held = R::select(inside, x.max(x.lit(LEAST)), one);
    let (reciprocal, digamma) = reciprocal_gamma(p); // of p + 1
    let (logarithm, border) = (held.ln(), p.max(one));
    let low = held.lt(border);
    let (sum, sum_slope) = gamma_series(held.min(border), p);
    let (tail, tail_slope) = gamma_fraction(held.max(border), p);
    let exponent = p * logarithm - held;
    let power = exponent.exp();
    let density = (power * p * reciprocal / held).keep(inside);
    // The side that is computed, and the rest.
    let near = {
        let sinks = logarithm.lt(zero);
        let mass = power * reciprocal * sum;
        Side {
            mass,
            mantissa: R::select(sinks, reciprocal * sum * (-held).exp(), mass),
            exponent: R::select(sinks, p * logarithm, zero),
            rate: p / (held * sum),
        }
    };
    let far = {
        let sinks = exponent.lt(zero);
        let mass = power * p * reciprocal / tail;
        Side {
            mass,
            mantissa: R::select(sinks, p * reciprocal / tail, mass),
            exponent: exponent.min(zero),
            rate: tail / held,
        }
    };
    let below = Side::select(low, near, Side::of(one - far.mass, density)).keep(inside);
    let above = Side::select(low, Side::of(one - near.mass, density), far);
    let outside = Side { mass: one, mantissa: one, exponent: zero, rate: zero };
    // d ln P / dp on the low side, d ln(1 - P) / dp on the high one.
    let near_slope = logarithm - digamma + sum_slope / sum;
    let far_slope = logarithm - digamma + p.recip() - tail_slope / tail;
    let slope = R::select(low, near.mass * near_slope, -(far.mass * far_slope));
    let over = |mass: R| slope / R::select(mass.gt(zero), mass, one);
    GammaAt {
        sides: Sides { below, above: Side::select(inside, above, outside), density },
        slope: slope.keep(inside),
        below: R::select(low, near_slope, over(below.mass)).keep(inside),
        above: R::select(low, over(above.mass), -far_slope).keep(inside),
    }
}

/// Returns the sum of `x^n / ((p + 1) .. (p + n))`, and its slope to p.
#[inline(always)]
fn gamma_series<R: Real>(x: R, p: R) -> (R, R) {
    let (mut term, mut slope) = (x.one(), x.zero());
    let (mut sum, mut sum_slope) = (term, slope);
    for n in 1..=GAMMA_SERIES {
        let inverse = (p + x.lit(f64::from(n))).recip();
        let factor = x * inverse;
        slope = (slope - term * inverse) * factor;
        term = term * factor;
        sum += term;
        sum_slope += slope;
    }
    (sum, sum_slope)
}

/// Returns `x + 1 - p - 1 (1 - p) / (x + 3 - p - 2 (2 - p) / (x + 5 - p - ..))`, and its slope to p.
#[inline(always)]
fn gamma_fraction<R: Real>(x: R, p: R) -> (R, R) {
    let one = x.one();
    let mut value = x + x.lit(f64::from(2 * GAMMA_FRACTION + 1)) - p;
    let mut slope = -one;
    for n in (1..=GAMMA_FRACTION).rev() {
        let k = x.lit(f64::from(n));
        let inverse = value.recip();
        let step = k * (k - p) * inverse;
        slope = (k + step * slope) * inverse - one;
        value = x + k + k - one - p - step;
    }
    (value, slope)
}
