//! A_S: a softmax over the logits of faces and background (MATH 5; paper, eq. 5 and 6).

use super::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, Mixing, WeightSink,
};
use crate::math::distribution::ProbabilityGrad;
use crate::math::real::Real;
/// The paper's A_S: `w = softmax(log D_j + zn_j / gamma, epsilon / gamma)`, `I = sum_j w_j C_j + w_b C_b`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Softmax;

planes! {
    /// State of [`Softmax`]: weights relative to the largest logit so far, so that no gamma overflows.
    pub struct SoftmaxState {
        /// Nearness of the face with the largest logit.
        nearness,
        /// Exponent of the probability of that face.
        exponent,
        /// Sum of the weights `mantissa exp(logit - largest)`.
        weight
    }
}
planes! {
    /// What the faces of a pixel need in the reverse of [`Softmax`].
    pub struct SoftmaxCotangent {
        /// `1 / weight`.
        inv_weight,
        /// `sum_c g_c I_c`.
        along
    }
}
/// One step of a running softmax: by how much the sums so far shrink, and what a newcomer of mantissa 1 weighs.
struct Step<R: Real> {
    rises: R::Mask,
    keep: R,
    weight: R,
}

/// Compares a newcomer's logit with the largest so far; only differences of nearness are ever scaled by 1/gamma.
///
/// The first to weigh anything sets the mark, whatever its logit.
#[inline(always)]
fn step<R: Real>(rate: R, state: &SoftmaxState<R>, new: (R, R), member: R::Mask) -> Step<R> {
    let rise = rate * (new.0 - state.nearness) + (new.1 - state.exponent);
    let zero = rise.zero();
    let rises = member & (rise.gt(zero) | state.weight.le(zero));
    let ratio = (-rise.abs()).exp();
    let one = rise.one();
    Step { rises, keep: R::select(rises, ratio, one), weight: R::select(rises, one, ratio).keep(member) }
}

#[inline(always)]
pub(super) fn dot<R: Real>(like: R, a: &[R], b: &[R]) -> R {
    let mut sum = like.zero();
    for (&a, &b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}

impl<R: Real> SoftmaxState<R> {
    #[inline(always)]
    pub(super) fn push(&mut self, rate: R, sums: &mut [R], pair: &ColorPair<'_, R>) {
        let new = (pair.nearness, pair.p.exponent);
        let s = step(rate, self, new, pair.member);
        let weight = s.weight * pair.p.mantissa.keep(pair.member);
        for (sum, &color) in sums.iter_mut().zip(pair.color) {
            *sum = *sum * s.keep + weight * color;
        }
        self.weight = self.weight * s.keep + weight;
        self.nearness = R::select(s.rises, new.0, self.nearness);
        self.exponent = R::select(s.rises, new.1, self.exponent);
    }

    #[inline(always)]
    pub(super) fn merge(&mut self, rate: R, sums: &mut [R], other: (&Self, &[R])) {
        let (o, other_sums) = other;
        let s = step(rate, self, (o.nearness, o.exponent), o.weight.gt(o.weight.zero()));
        for (sum, &other) in sums.iter_mut().zip(other_sums) {
            *sum = *sum * s.keep + s.weight * other;
        }
        self.weight = self.weight * s.keep + s.weight * o.weight;
        self.nearness = R::select(s.rises, o.nearness, self.nearness);
        self.exponent = R::select(s.rises, o.exponent, self.exponent);
    }

    #[inline(always)]
    pub(super) fn identity(like: R) -> Self {
        Self { nearness: like.zero(), exponent: like.zero(), weight: like.zero() }
    }

    /// Returns `w_j` of a face that was pushed.
    #[inline(always)]
    pub(super) fn share(&self, rate: R, inv_weight: R, pair: &ColorPair<'_, R>) -> R {
        let logit = rate * (pair.nearness - self.nearness) + (pair.p.exponent - self.exponent);
        (pair.p.mantissa * logit.exp() * inv_weight).keep(pair.member)
    }
}

/// Returns the gradients that flow through a logit `log D + zn / gamma`, given `grad` with respect to it.
///
/// The logits of a softmax only matter by their differences, so gamma may count zn from any nearness `from` that all
/// of them share: the background's where it takes part, the largest logit's where it does not. The nearer `from` is,
/// the less the rounding of `grad` is blown up.
#[inline(always)]
pub(super) fn logit_vjp<R: Real>(
    context: &ColorContext<'_, R>,
    pair: &ColorPair<'_, R>,
    from: R,
    grad: R,
) -> ColorPairGrad<R> {
    let zero = grad.zero();
    let above = context.rate * (pair.nearness - from);
    ColorPairGrad {
        p: ProbabilityGrad { d: zero, ln_d: grad, ln_not_d: zero },
        nearness: grad * context.rate,
        gamma: -(grad * above * context.inv_gamma),
    }
}

impl ColorAggregator for Softmax {
    const KERNEL: Option<Color> = Some(Color::Softmax);
    type State<R: Real> = SoftmaxState<R>;
    type Cotangent<R: Real> = SoftmaxCotangent<R>;

    fn mixing(&self) -> Mixing {
        Mixing::Convex
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> SoftmaxState<R> {
        SoftmaxState::identity(like)
    }

    #[inline(always)]
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut SoftmaxState<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        state.push(context.rate, sums, pair);
    }

    #[inline(always)]
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut SoftmaxState<R>,
        sums: &mut [R],
        other: (&SoftmaxState<R>, &[R]),
    ) {
        state.merge(context.rate, sums, other);
    }

    /// The background is one more face of logit `epsilon / gamma`; the sums become the color.
    #[inline(always)]
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut SoftmaxState<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        let like = context.rate;
        let last =
            SoftmaxState { nearness: context.background_nearness, exponent: like.zero(), weight: like.one() };
        state.merge(like, sums, (&last, background));
        let inv_weight = state.weight.recip();
        for (sum, out) in sums.iter_mut().zip(color) {
            *sum = *sum * inv_weight;
            *out = *sum;
        }
    }

    /// `dI/dl_b = w_b (C_b - I)`, `dI/dC_b = w_b`, `dl_b/d epsilon = 1/gamma`.
    #[inline(always)]
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, SoftmaxState<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (SoftmaxCotangent<R>, R) {
        let like = context.rate;
        let state = &pixel.state;
        let inv_weight = state.weight.recip();
        let logit = context.rate * (context.background_nearness - state.nearness) - state.exponent;
        let share = logit.exp() * inv_weight;
        let along = dot(like, grad, pixel.sums);
        for (c, &g) in grad.iter().enumerate() {
            out.sums[c] = g;
            out.background[c] += share * g;
        }
        let grad_logit = share * (dot(like, grad, pixel.background) - along);
        (SoftmaxCotangent { inv_weight, along }, grad_logit * context.inv_gamma)
    }

    /// `dI/dl_j = w_j (C_j - I)`, `dI/dC_j = w_j`.
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, SoftmaxState<R>, R>,
        cotangent: &ColorCotangent<'_, SoftmaxCotangent<R>, R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        _: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R> {
        let SoftmaxCotangent { inv_weight, along } = cotangent.fixed;
        let share = pixel.state.share(context.rate, inv_weight, pair);
        for (out, &g) in grad_color.iter_mut().zip(cotangent.sums) {
            *out += share * g;
        }
        let grad = share * (dot(share, cotangent.sums, pair.color) - along);
        logit_vjp(context, pair, context.background_nearness, grad)
    }
}
