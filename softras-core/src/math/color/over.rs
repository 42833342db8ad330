//! Over: the softmax of the faces alone, over the background by their silhouette (MATH 5).

use super::softmax::{SoftmaxState, dot, logit_vjp};
use super::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, Mixing, WeightSink,
};
use crate::math::real::Real;
/// `I = A J + (1 - A) C_b`, J the softmax over faces only, A the probabilistic or over the faces with color here: it
/// keeps the silhouette's gradient in the color (MATH 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Over;

planes! {
    /// State of [`Over`].
    pub struct OverState {
        /// As in [`SoftmaxState`].
        nearness,
        /// As in [`SoftmaxState`].
        exponent,
        /// As in [`SoftmaxState`].
        weight,
        /// `prod_j (1 - D_j)` over the faces with color.
        transmittance
    }
}
planes! {
    /// What the faces of a pixel need in the reverse of [`Over`].
    pub struct OverCotangent {
        /// `1 / weight`, 0 where no weight survived.
        inv_weight,
        /// `sum_c A g_c J_c`.
        along,
        /// `-T dL/dA`, the gradient to every `ln(1 - D_j)`.
        ln_not_d
    }
}

impl<R: Real> OverState<R> {
    #[inline(always)]
    fn softmax(&self) -> SoftmaxState<R> {
        SoftmaxState { nearness: self.nearness, exponent: self.exponent, weight: self.weight }
    }
    #[inline(always)]
    fn with(s: SoftmaxState<R>, transmittance: R) -> Self {
        Self { nearness: s.nearness, exponent: s.exponent, weight: s.weight, transmittance }
    }
    /// Returns `1 / weight`, or 0 where no weight survived.
    #[inline(always)]
    fn inv_weight(&self) -> R {
        let some = self.weight.gt(self.weight.zero());
        R::select(some, self.weight, self.weight.one()).recip().keep(some)
    }
}

impl ColorAggregator for Over {
    const KERNEL: Option<Color> = Some(Color::Over);
    type State<R: Real> = OverState<R>;
    type Cotangent<R: Real> = OverCotangent<R>;

    fn mixing(&self) -> Mixing {
        Mixing::Convex
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> OverState<R> {
        OverState::with(SoftmaxState::identity(like), like.one())
    }

    #[inline(always)]
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut OverState<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        let mut s = state.softmax();
        s.push(context.rate, sums, pair);
        let not_d = R::select(pair.member, pair.p.not_d, pair.p.not_d.one());
        *state = OverState::with(s, state.transmittance * not_d);
    }

    #[inline(always)]
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut OverState<R>,
        sums: &mut [R],
        other: (&OverState<R>, &[R]),
    ) {
        let mut s = state.softmax();
        s.merge(context.rate, sums, (&other.0.softmax(), other.1));
        *state = OverState::with(s, state.transmittance * other.0.transmittance);
    }

    /// The sums become J, the color of the faces alone.
    #[inline(always)]
    fn finish<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        state: &mut OverState<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        let inv_weight = state.inv_weight();
        let t = state.transmittance;
        let alpha = t.one() - t;
        for ((sum, out), &behind) in sums.iter_mut().zip(color).zip(background) {
            *sum = *sum * inv_weight;
            *out = alpha * *sum + t * behind;
        }
    }

    /// `dI/dJ = A`, `dI/dA = J - C_b`, `dI/dC_b = 1 - A`; epsilon plays no part.
    #[inline(always)]
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, OverState<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (OverCotangent<R>, R) {
        let like = context.rate;
        let t = pixel.state.transmittance;
        let alpha = t.one() - t;
        let mut grad_alpha = like.zero();
        for (c, &g) in grad.iter().enumerate() {
            out.sums[c] = alpha * g;
            out.background[c] += t * g;
            grad_alpha += g * (pixel.sums[c] - pixel.background[c]);
        }
        let cotangent = OverCotangent {
            inv_weight: pixel.state.inv_weight(),
            along: alpha * dot(like, grad, pixel.sums),
            ln_not_d: -(t * grad_alpha),
        };
        (cotangent, like.zero())
    }

    /// `dI/dl_j = A w_j (C_j - J)`, `dI/dC_j = A w_j`, `dA/d ln(1 - D_j) = -T`.
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, OverState<R>, R>,
        cotangent: &ColorCotangent<'_, OverCotangent<R>, R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        _: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R> {
        let OverCotangent { inv_weight, along, ln_not_d } = cotangent.fixed;
        let share = pixel.state.softmax().share(context.rate, inv_weight, pair);
        for (out, &g) in grad_color.iter_mut().zip(cotangent.sums) {
            *out += share * g;
        }
        let grad_logit = share * (dot(share, cotangent.sums, pair.color) - along);
        let mut grad = logit_vjp(context, pair, pixel.state.nearness, grad_logit);
        grad.p.ln_not_d = ln_not_d.keep(pair.member);
        grad
    }
}
