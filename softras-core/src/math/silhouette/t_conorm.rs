//! Silhouettes by t-conorms: `A = g^-1(sum_j g(D_j))` for a generator g (MATH 4; Petersen et al., GenDR, 2022).
//!
//! A generator is additive, or the exponential of minus one: then terms `t(D_j)`, 1 for D = 0, are multiplied, and
//! nothing is lost where D is small. To add one: implement [`Generator`] here, and name it in [`t_conorms!`].

use core::ops::RangeInclusive;

use super::{Adding, Silhouette, SilhouetteAggregator};
use crate::math::distribution::{Probability, ProbabilityGrad};
use crate::math::real::Real;
use crate::math::special::{expm1_ratio, expm1_ratio_slope, growth_ratio, ln1p_ratio, ln1p_ratio_slope};

/// Hands the list of this file to the macro `then`.
macro_rules! t_conorms {
    ($then:ident, $($before:tt)*) => {
        $then! {
            $($before)*
            Max = "max",
            Einstein = "einstein",
            Hamacher = "hamacher",
            Frank = "frank",
            Yager = "yager",
            AczelAlsina = "aczel-alsina",
            Dombi = "dombi",
            SchweizerSklar = "schweizer-sklar",
        }
    };
}

/// How the terms of a generator are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// `S = sum_j g(D_j)`.
    Sum,
    /// `T = prod_j t(D_j)`.
    Product,
}

/// The generator of a t-conorm: what makes it a [`SilhouetteAggregator`]. `shape` is its p.
pub trait Generator: Clone + Send + Sync + 'static {
    /// The device kernel that does the same, if there is one.
    const KERNEL: Option<Silhouette>;
    /// Whether it has a p.
    const SHAPED: bool = true;
    /// How its terms are put together.
    const FOLD: Fold;

    /// Returns the values that p may have.
    fn shapes(&self) -> RangeInclusive<f64>;
    /// Returns the term of one face: that of D = 0 changes nothing.
    fn term<R: Real>(&self, p: &Probability<R>, shape: R) -> R;
    /// Returns the alpha of the terms put together.
    fn alpha<R: Real>(&self, folded: R, shape: R) -> R;
    /// Returns the gradient of the alpha to the probability of one face.
    fn term_vjp<R: Real>(&self, folded: R, p: &Probability<R>, shape: R) -> ProbabilityGrad<R>;
    /// Returns what one face adds to the slope of the alpha along p.
    #[inline(always)]
    fn shape_slope<R: Real>(&self, folded: R, _: &Probability<R>, _: R) -> R {
        folded.zero()
    }
}

planes! {
    /// State of a t-conorm.
    pub struct Folded {
        /// The terms, put together.
        folded
    }
}

impl<G: Generator> SilhouetteAggregator for G {
    const KERNEL: Option<Silhouette> = <G as Generator>::KERNEL;
    const SHAPED: bool = <G as Generator>::SHAPED;
    type State<R: Real> = Folded<R>;

    fn adding(&self) -> Adding {
        Adding::NeverLowers
    }
    fn shapes(&self) -> RangeInclusive<f64> {
        Generator::shapes(self)
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> Folded<R> {
        Folded {
            folded: match G::FOLD {
                Fold::Sum => like.zero(),
                Fold::Product => like.one(),
            },
        }
    }
    #[inline(always)]
    fn push<R: Real>(&self, state: &mut Folded<R>, p: &Probability<R>, member: R::Mask, shape: R) {
        let term = self.term(p, shape);
        match G::FOLD {
            Fold::Sum => state.folded += term.keep(member),
            Fold::Product => state.folded = state.folded * R::select(member, term, term.one()),
        }
    }
    #[inline(always)]
    fn merge<R: Real>(&self, state: &mut Folded<R>, other: &Folded<R>) {
        match G::FOLD {
            Fold::Sum => state.folded += other.folded,
            Fold::Product => state.folded = state.folded * other.folded,
        }
    }
    #[inline(always)]
    fn finish<R: Real>(&self, state: &mut Folded<R>, _: R, shape: R) -> R {
        self.alpha(state.folded, shape)
    }
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        state: &Folded<R>,
        p: &Probability<R>,
        _: R,
        shape: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        let own = self.term_vjp(state.folded, p, shape);
        ProbabilityGrad { d: grad * own.d, ln_d: grad * own.ln_d, ln_not_d: grad * own.ln_not_d }
    }
    #[inline(always)]
    fn shape_vjp<R: Real>(&self, state: &Folded<R>, p: &Probability<R>, _: R, shape: R, grad: R) -> R {
        grad * self.shape_slope(state.folded, p, shape)
    }
}

/// The least number whose logarithm is taken: a sum below it is 0.
const LEAST: f64 = 1e-35;

/// Returns `ln x`, of a number that may be 0.
#[inline(always)]
fn ln<R: Real>(x: R) -> R {
    x.max(x.lit(LEAST)).ln()
}

/// Returns `ln D`.
#[inline(always)]
fn ln_d<R: Real>(p: &Probability<R>) -> R {
    (ln(p.mantissa) + p.exponent).min(p.d.zero())
}

/// Returns `-ln(1 - D)`, at most `most`, with all digits of a small D; and where it is below that.
#[inline(always)]
fn depth<R: Real>(p: &Probability<R>, most: f64) -> (R, R::Mask) {
    let small = p.d.lt(p.d.lit(0.5));
    let near = R::select(small, p.d, p.d.zero());
    let depth = R::select(small, near * ln1p_ratio(-near), -ln(p.not_d));
    (depth.min(p.d.lit(most)), depth.lt(p.d.lit(most)))
}

/// Returns a gradient to ln(1 - D) alone.
#[inline(always)]
fn to_ln_not_d<R: Real>(slope: R) -> ProbabilityGrad<R> {
    ProbabilityGrad { ln_not_d: slope, ..ProbabilityGrad::zero(slope) }
}

/// Returns the share of one factor in the logarithm of a product.
#[inline(always)]
fn share_of_product<R: Real>(term: R, product: R) -> R {
    let all = ln(product);
    let some = all.lt(all.zero());
    (ln(term) / R::select(some, all, all.one())).keep(some)
}

/// Returns `S^(1/p)` of a sum of powers.
#[inline(always)]
fn root_of_sum<R: Real>(sum: R, shape: R) -> R {
    (ln(sum) / shape).exp().keep(sum.gt(sum.lit(LEAST)))
}

/// Returns the share of one term in a sum.
#[inline(always)]
fn share_of_sum<R: Real>(term: R, sum: R) -> R {
    term / sum.max(sum.lit(LEAST))
}

/// `(1 - A) / (1 + A) = prod (1 - D) / (1 + D)`: the sum of velocities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Einstein;

impl Generator for Einstein {
    const KERNEL: Option<Silhouette> = Some(Silhouette::Einstein);
    const SHAPED: bool = false;
    const FOLD: Fold = Fold::Product;

    fn shapes(&self) -> RangeInclusive<f64> {
        super::ANY_SHAPE
    }
    #[inline(always)]
    fn term<R: Real>(&self, p: &Probability<R>, _: R) -> R {
        p.not_d / (p.d.one() + p.d)
    }
    #[inline(always)]
    fn alpha<R: Real>(&self, product: R, _: R) -> R {
        (product.one() - product) / (product.one() + product)
    }
    /// `dA / d ln(1 - D) = -4 T / ((1 + T)^2 (1 + D))`.
    #[inline(always)]
    fn term_vjp<R: Real>(&self, product: R, p: &Probability<R>, _: R) -> ProbabilityGrad<R> {
        let one = product.one();
        to_ln_not_d(-(product.lit(4.0) * product) / ((one + product).sq() * (one + p.d)))
    }
}

/// With `n = 1 - D`: `T = prod n / (p + (1 - p) n)`, `1 - A = p T / (1 - (1 - p) T)`. p = 1 is the probabilistic or, 2 is
/// [`Einstein`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hamacher;

impl Generator for Hamacher {
    const KERNEL: Option<Silhouette> = Some(Silhouette::Hamacher);
    const FOLD: Fold = Fold::Product;

    fn shapes(&self) -> RangeInclusive<f64> {
        0.1..=10.0
    }
    #[inline(always)]
    fn term<R: Real>(&self, p: &Probability<R>, shape: R) -> R {
        p.not_d / (shape + (shape.one() - shape) * p.not_d)
    }
    #[inline(always)]
    fn alpha<R: Real>(&self, product: R, shape: R) -> R {
        let one = product.one();
        (one - product) / (one - (one - shape) * product)
    }
    #[inline(always)]
    fn term_vjp<R: Real>(&self, product: R, p: &Probability<R>, shape: R) -> ProbabilityGrad<R> {
        let rest = shape.one() - shape;
        let inverse = shape / (shape.one() - rest * product);
        to_ln_not_d(-(product * inverse * inverse) / (shape + rest * p.not_d))
    }
    /// `dA/dp = p T / e^2 sum D / (p + (1 - p) n) - T (1 - T) / e^2`, `e = 1 - (1 - p) T`; the last term by shares.
    #[inline(always)]
    fn shape_slope<R: Real>(&self, product: R, p: &Probability<R>, shape: R) -> R {
        let one = shape.one();
        let below = shape + (one - shape) * p.not_d;
        let inverse = (one - (one - shape) * product).recip();
        let direct = (one - product) * share_of_product(p.not_d / below, product);
        product * inverse * inverse * (shape * p.d / below - direct)
    }
}

/// With `n = 1 - D`, `t(n) = (p^n - 1) / (p - 1)`: `t(1 - A) = prod t(n)`. p = 1 is the probabilistic or.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frank;

impl Frank {
    /// Returns `1 - A` of `T`, and what it is divided by in its slope, `1 + T (p - 1)`.
    #[inline(always)]
    fn left<R: Real>(product: R, lambda: R) -> (R, R) {
        let scaled = product * expm1_ratio(lambda);
        let grown = scaled * lambda;
        (scaled * ln1p_ratio(grown), product.one() + grown)
    }

    /// Returns the slope of `ln t(n)` along ln p.
    #[inline(always)]
    fn bend<R: Real>(n: R, lambda: R) -> R {
        n * growth_ratio(lambda * n) - growth_ratio(lambda)
    }
}

impl Generator for Frank {
    const KERNEL: Option<Silhouette> = Some(Silhouette::Frank);
    const FOLD: Fold = Fold::Product;

    fn shapes(&self) -> RangeInclusive<f64> {
        0.01..=100.0
    }
    #[inline(always)]
    fn term<R: Real>(&self, p: &Probability<R>, shape: R) -> R {
        let lambda = shape.ln();
        p.not_d * expm1_ratio(lambda * p.not_d) / expm1_ratio(lambda)
    }
    /// From `1 - T`, so that an alpha that is next to nothing keeps its digits.
    #[inline(always)]
    fn alpha<R: Real>(&self, product: R, shape: R) -> R {
        let lambda = shape.ln();
        let shrunk = (product.one() - product) * expm1_ratio(-lambda);
        (shrunk * ln1p_ratio(-(shrunk * lambda))).min(product.one())
    }
    #[inline(always)]
    fn term_vjp<R: Real>(&self, product: R, p: &Probability<R>, shape: R) -> ProbabilityGrad<R> {
        let lambda = shape.ln();
        let (_, below) = Self::left(product, lambda);
        let own = (lambda * p.not_d).exp() / expm1_ratio(lambda * p.not_d);
        to_ln_not_d(-(product * expm1_ratio(lambda) / below) * own)
    }
    #[inline(always)]
    fn shape_slope<R: Real>(&self, product: R, p: &Probability<R>, shape: R) -> R {
        let lambda = shape.ln();
        let (left, _) = Self::left(product, lambda);
        let steep = expm1_ratio(lambda * left) / (lambda * left).exp();
        let share = share_of_product(self.term(p, shape), product);
        -(left * steep / shape) * (Self::bend(p.not_d, lambda) - share * Self::bend(left, lambda))
    }
}

/// `A = min(1, (sum D^p)^(1/p))`, p from 1 up. p = 1 is the bounded sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Yager;

impl Generator for Yager {
    const KERNEL: Option<Silhouette> = Some(Silhouette::Yager);
    const FOLD: Fold = Fold::Sum;

    fn shapes(&self) -> RangeInclusive<f64> {
        1.0..=4.0
    }
    #[inline(always)]
    fn term<R: Real>(&self, p: &Probability<R>, shape: R) -> R {
        (shape * ln_d(p)).exp()
    }
    #[inline(always)]
    fn alpha<R: Real>(&self, sum: R, shape: R) -> R {
        root_of_sum(sum.min(sum.one()), shape)
    }
    /// `dA / d ln D = A D^p / S` while S is below 1.
    #[inline(always)]
    fn term_vjp<R: Real>(&self, sum: R, p: &Probability<R>, shape: R) -> ProbabilityGrad<R> {
        let share = share_of_sum(self.term(p, shape), sum);
        let slope = (self.alpha(sum, shape) * share).keep(sum.lt(sum.one()));
        ProbabilityGrad { ln_d: slope, ..ProbabilityGrad::zero(slope) }
    }
    /// `dA/dp = A / p sum D^p / S (ln D - ln A)`.
    #[inline(always)]
    fn shape_slope<R: Real>(&self, sum: R, p: &Probability<R>, shape: R) -> R {
        let share = share_of_sum(self.term(p, shape), sum);
        let above = ln_d(p).max(sum.lit(-100.0)) - ln(sum) / shape;
        (self.alpha(sum, shape) * share * above / shape).keep(sum.lt(sum.one()))
    }
}

/// `ln(1 - A) = -(sum (-ln(1 - D))^p)^(1/p)`, p from 1 up. p = 1 is the probabilistic or.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AczelAlsina;

/// `-ln(1 - D)` above this is this: D = 1 stays finite.
const DEEPEST: f64 = 69.0;
/// `-ln(1 - D)` below this is 0.
const SHALLOWEST: f64 = 1e-30;

impl AczelAlsina {
    /// Returns `-ln(1 - D)`, held off 0, its power, and whether it moves with D.
    #[inline(always)]
    fn power<R: Real>(p: &Probability<R>, shape: R) -> (R, R, R::Mask) {
        let (own, free) = depth(p, DEEPEST);
        let some = own.gt(own.lit(SHALLOWEST));
        let held = own.max(own.lit(SHALLOWEST));
        (held, (shape * held.ln()).exp().keep(some), free)
    }
}

impl Generator for AczelAlsina {
    const KERNEL: Option<Silhouette> = Some(Silhouette::AczelAlsina);
    const FOLD: Fold = Fold::Sum;

    fn shapes(&self) -> RangeInclusive<f64> {
        1.0..=4.0
    }
    #[inline(always)]
    fn term<R: Real>(&self, p: &Probability<R>, shape: R) -> R {
        Self::power(p, shape).1
    }
    #[inline(always)]
    fn alpha<R: Real>(&self, sum: R, shape: R) -> R {
        let whole = root_of_sum(sum, shape);
        whole * expm1_ratio(-whole)
    }
    #[inline(always)]
    fn term_vjp<R: Real>(&self, sum: R, p: &Probability<R>, shape: R) -> ProbabilityGrad<R> {
        let (own, power, free) = Self::power(p, shape);
        let whole = root_of_sum(sum, shape);
        let share = share_of_sum(power, sum);
        to_ln_not_d(-((-whole).exp() * share * (whole / own)).keep(free))
    }
    #[inline(always)]
    fn shape_slope<R: Real>(&self, sum: R, p: &Probability<R>, shape: R) -> R {
        let (own, power, _) = Self::power(p, shape);
        let whole = root_of_sum(sum, shape);
        let share = share_of_sum(power, sum);
        (-whole).exp() * whole * share * (own.ln() - ln(sum) / shape) / shape
    }
}

/// `A / (1 - A) = (sum (D / (1 - D))^p)^(1/p)`, p from 1 up. p = 1 is Hamacher's with p = 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dombi;

/// The logarithm of the odds `D / (1 - D)` above this is this, so that no power overflows: alpha is then 1 to 2e-8.
const LONGEST_ODDS: f64 = 18.0;

impl Dombi {
    /// Returns the logarithm of the odds of D, the odds to the power p, and where they move with D.
    #[inline(always)]
    fn power<R: Real>(p: &Probability<R>, shape: R) -> (R, R, R::Mask) {
        let odds = ln_d(p) - ln(p.not_d);
        let free = odds.lt(odds.lit(LONGEST_ODDS));
        let held = odds.min(odds.lit(LONGEST_ODDS)).max(odds.lit(-100.0));
        (held, (shape * held).exp(), free)
    }
    /// Returns `A (1 - A)` times the share of a power in the sum.
    #[inline(always)]
    fn slope<R: Real>(sum: R, power: R, shape: R) -> R {
        let whole = root_of_sum(sum, shape);
        let left = (whole.one() + whole).recip();
        whole * left * left * share_of_sum(power, sum)
    }
}

impl Generator for Dombi {
    const KERNEL: Option<Silhouette> = Some(Silhouette::Dombi);
    const FOLD: Fold = Fold::Sum;

    fn shapes(&self) -> RangeInclusive<f64> {
        1.0..=4.0
    }
    #[inline(always)]
    fn term<R: Real>(&self, p: &Probability<R>, shape: R) -> R {
        Self::power(p, shape).1
    }
    #[inline(always)]
    fn alpha<R: Real>(&self, sum: R, shape: R) -> R {
        let whole = root_of_sum(sum, shape);
        whole / (whole.one() + whole)
    }
    #[inline(always)]
    fn term_vjp<R: Real>(&self, sum: R, p: &Probability<R>, shape: R) -> ProbabilityGrad<R> {
        let (_, power, free) = Self::power(p, shape);
        let slope = Self::slope(sum, power, shape).keep(free);
        ProbabilityGrad { d: slope.zero(), ln_d: slope, ln_not_d: -slope }
    }
    #[inline(always)]
    fn shape_slope<R: Real>(&self, sum: R, p: &Probability<R>, shape: R) -> R {
        let (odds, power, _) = Self::power(p, shape);
        Self::slope(sum, power, shape) * (odds - ln(sum) / shape) / shape
    }
}

/// With `n = 1 - D`: `S = sum (1 - n^p) / p`, `1 - A = max(0, 1 - p S)^(1/p)`, p up to 1. p = 1 is the bounded sum, 0 the
/// probabilistic or, -1 [`Dombi`]'s with 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchweizerSklar;

/// 1 - D below `e^-36` is that: alpha is then 1 to 2e-16.
const DEEPEST_POWER: f64 = 36.0;

impl SchweizerSklar {
    /// Returns `1 - p S`, held off 0, and where it is above.
    #[inline(always)]
    fn left<R: Real>(sum: R, shape: R) -> (R, R::Mask) {
        let left = shape.one() - shape * sum;
        (left.max(left.lit(1e-30)), left.gt(left.zero()))
    }
}

impl Generator for SchweizerSklar {
    const KERNEL: Option<Silhouette> = Some(Silhouette::SchweizerSklar);
    const FOLD: Fold = Fold::Sum;

    fn shapes(&self) -> RangeInclusive<f64> {
        -2.0..=1.0
    }
    #[inline(always)]
    fn term<R: Real>(&self, p: &Probability<R>, shape: R) -> R {
        let (own, _) = depth(p, DEEPEST_POWER);
        own * expm1_ratio(-(shape * own))
    }
    #[inline(always)]
    fn alpha<R: Real>(&self, sum: R, shape: R) -> R {
        let (_, open) = Self::left(sum, shape);
        let held = sum.keep(open);
        let whole = held * ln1p_ratio(-(shape * held));
        R::select(open, whole * expm1_ratio(-whole), sum.one())
    }
    /// `dA / d ln n = -(1 - A) n^p / (1 - p S)`.
    #[inline(always)]
    fn term_vjp<R: Real>(&self, sum: R, p: &Probability<R>, shape: R) -> ProbabilityGrad<R> {
        let (own, free) = depth(p, DEEPEST_POWER);
        let (left, open) = Self::left(sum, shape);
        let rest = sum.one() - self.alpha(sum, shape);
        to_ln_not_d(-(rest * ((-(shape * own)).exp() / left)).keep(free & open))
    }
    #[inline(always)]
    fn shape_slope<R: Real>(&self, sum: R, p: &Probability<R>, shape: R) -> R {
        let (own, _) = depth(p, DEEPEST_POWER);
        let (left, open) = Self::left(sum, shape);
        let held = sum.keep(open);
        let rest = sum.one() - self.alpha(sum, shape);
        let share = (self.term(p, shape) / R::select(held.gt(held.zero()), held, held.one())).keep(open);
        let by_power = own * (own * expm1_ratio_slope(-(shape * own)) / left);
        -(rest * (share * ln1p_ratio_slope(shape, held) + by_power)).keep(open)
    }
}
