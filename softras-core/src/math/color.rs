//! The color aggregators A_S, Over and hard: from all faces at a pixel to one color (MATH 5; paper, eq. 5 and 6).
//!
//! An aggregator is a monoid over its state and a row of sums (one a channel): `identity`, `push` one face, `merge`
//! two states, `finish` with the background. Its reverse has two steps: [`ColorAggregator::pixel_vjp`] once a pixel,
//! [`ColorAggregator::pair_vjp`] for each face that was pushed.

use super::custom::{Custom, ErasedColor};
use super::distribution::{Probability, ProbabilityGrad};
use super::planes::Planes;
use super::real::{Real, Scalar};

/// A depth beyond that of any face.
const NO_DEPTH: f64 = 1e30;

/// What all pixels of a picture share.
#[derive(Clone, Copy, Debug)]
pub struct ColorContext<'a, R: Real> {
    /// `1 / (range gamma)`: `zn / gamma` differs by `rate` times the difference of nearness.
    pub rate: R,
    /// `1 / gamma`.
    pub inv_gamma: R,
    /// The nearness of the background, where `zn = epsilon`.
    pub background_nearness: R,
    /// The aggregator's own weights (A_N), empty where it has none.
    pub weights: &'a [R::Scalar],
}

/// One face at one pixel, as a color aggregator sees it.
#[derive(Clone, Copy, Debug)]
pub struct ColorPair<'a, R: Real> {
    /// Its probability.
    pub p: Probability<R>,
    /// Its nearness q (see [`super::DepthMap`]).
    pub nearness: R,
    /// Its depth `z_p`.
    pub depth: R,
    /// Its number in the picture.
    pub face: R,
    /// Where the closed face holds the pixel centre.
    pub holds: R::Mask,
    /// Where the face has color here; elsewhere nothing is pushed, and no gradient flows.
    pub member: R::Mask,
    /// Its color, `[C]`.
    pub color: &'a [R],
}

/// One finished pixel, as the reverse sees it.
#[derive(Clone, Copy, Debug)]
pub struct ColorPixel<'a, S, R> {
    /// The state after `finish`.
    pub state: S,
    /// The sums after `finish`.
    pub sums: &'a [R],
    /// The background color, `[C]`.
    pub background: &'a [R],
}

/// The gradient of a loss at one pixel, as [`ColorAggregator::pair_vjp`] reads it.
#[derive(Clone, Copy, Debug)]
pub struct ColorCotangent<'a, T, R> {
    /// What the aggregator keeps for its faces.
    pub fixed: T,
    /// The gradient to the sums.
    pub sums: &'a [R],
}

/// Where [`ColorAggregator::pixel_vjp`] writes.
#[derive(Debug)]
pub struct ColorPixelGrad<'a, R> {
    /// The gradient to the sums, overwritten.
    pub sums: &'a mut [R],
    /// The gradient to the background, `[C]`, added to.
    pub background: &'a mut [R],
    /// The gradient to the aggregator's weights, added to.
    pub weights: &'a mut [R],
}

/// The gradient of a loss with respect to what one face brought to one pixel.
#[derive(Clone, Copy, Debug)]
pub struct ColorPairGrad<R> {
    /// With respect to its probability.
    pub p: ProbabilityGrad<R>,
    /// With respect to its nearness.
    pub nearness: R,
    /// Its share of the gradient to gamma.
    pub gamma: R,
}

impl<R: Real> ColorPairGrad<R> {
    /// Returns no gradient.
    #[inline(always)]
    pub fn zero(like: R) -> Self {
        Self { p: ProbabilityGrad::zero(like), nearness: like.zero(), gamma: like.zero() }
    }
}

/// The part of the renderer that turns faces into a color.
pub trait ColorAggregator: Clone + Send + Sync + 'static {
    /// The device kernel that does the same, if there is one.
    const KERNEL: Option<Color>;
    /// What is kept of the faces seen so far, beside the sums.
    type State<R: Real>: Planes<R>;
    /// What the reverse keeps for each pixel, beside the gradient to the sums.
    type Cotangent<R: Real>: Planes<R>;

    /// Returns how many sums a pixel has.
    fn sums(&self, channels: usize) -> usize {
        channels
    }
    /// Returns how many weights the aggregator has.
    fn weights(&self, _channels: usize) -> usize {
        0
    }
    /// Returns the state of no faces; its sums are zeros.
    fn identity<R: Real>(&self, like: R) -> Self::State<R>;
    /// Adds one face where it is a member.
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    );
    /// Joins the state and sums of other faces into `state` and `sums`.
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        other: (&Self::State<R>, &[R]),
    );
    /// Adds the background and writes the color `[C]`; leaves in state and sums what the reverse needs.
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    );
    /// Returns what the faces of this pixel need, and the gradient to epsilon, given `grad` with respect to the color.
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, Self::State<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (Self::Cotangent<R>, R);
    /// Returns the gradient to one face that was pushed; adds to `grad_color [C]` and `grad_weights`.
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, Self::State<R>, R>,
        cotangent: &ColorCotangent<'_, Self::Cotangent<R>, R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        grad_weights: &mut [R],
    ) -> ColorPairGrad<R>;
}

/// The closed list of color aggregators that settings, files and device kernels speak.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Color {
    /// [`Softmax`], the paper's A_S.
    #[default]
    Softmax,
    /// [`Over`].
    Over,
    /// [`HardColor`].
    Hard,
    /// An aggregator of the user's own: runs on the CPU and the reference at once.
    Custom(Custom<dyn ErasedColor>),
}

/// The paper's A_S: `w = softmax(log D_j + zn_j / gamma, epsilon / gamma)`, `I = sum_j w_j C_j + w_b C_b`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Softmax;

/// `I = A J + (1 - A) C_b`, J the softmax over faces only, A the probabilistic or over the faces with color here: it
/// keeps the silhouette's gradient in the color (MATH 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Over;

/// The color of the nearest face whose closed triangle holds the pixel centre; the first face wins ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardColor;

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
    /// State of [`HardColor`].
    pub struct HardState {
        /// Depth of the nearest face.
        depth,
        /// Its number, -1 for none.
        face
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
fn dot<R: Real>(like: R, a: &[R], b: &[R]) -> R {
    let mut sum = like.zero();
    for (&a, &b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}

impl<R: Real> SoftmaxState<R> {
    #[inline(always)]
    fn push(&mut self, rate: R, sums: &mut [R], pair: &ColorPair<'_, R>) {
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
    fn merge(&mut self, rate: R, sums: &mut [R], other: (&Self, &[R])) {
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
    fn identity(like: R) -> Self {
        Self { nearness: like.zero(), exponent: like.zero(), weight: like.zero() }
    }

    /// Returns `w_j` of a face that was pushed.
    #[inline(always)]
    fn share(&self, rate: R, inv_weight: R, pair: &ColorPair<'_, R>) -> R {
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
fn logit_vjp<R: Real>(
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
        _: &mut [R],
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
        _: &mut [R],
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

impl HardColor {
    /// Tells where the face (depth, number) is in front of the one in `state`.
    #[inline(always)]
    fn in_front<R: Real>(state: &HardState<R>, depth: R, face: R) -> R::Mask {
        depth.lt(state.depth) | (depth.same(state.depth) & face.lt(state.face))
    }
}

impl ColorAggregator for HardColor {
    const KERNEL: Option<Color> = Some(Color::Hard);
    type State<R: Real> = HardState<R>;
    type Cotangent<R: Real> = [R; 0];

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> HardState<R> {
        HardState { depth: like.lit(NO_DEPTH), face: like.lit(-1.0) }
    }

    #[inline(always)]
    fn push<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        state: &mut HardState<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        let front = pair.member & pair.holds & Self::in_front(state, pair.depth, pair.face);
        for (sum, &color) in sums.iter_mut().zip(pair.color) {
            *sum = R::select(front, color, *sum);
        }
        state.depth = R::select(front, pair.depth, state.depth);
        state.face = R::select(front, pair.face, state.face);
    }

    #[inline(always)]
    fn merge<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        state: &mut HardState<R>,
        sums: &mut [R],
        other: (&HardState<R>, &[R]),
    ) {
        let (o, other_sums) = other;
        let some = o.face.ge(o.face.zero());
        let front = some & Self::in_front(state, o.depth, o.face);
        for (sum, &other) in sums.iter_mut().zip(other_sums) {
            *sum = R::select(front, other, *sum);
        }
        state.depth = R::select(front, o.depth, state.depth);
        state.face = R::select(front, o.face, state.face);
    }

    #[inline(always)]
    fn finish<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        state: &mut HardState<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        let none = state.face.lt(state.face.zero());
        for ((sum, out), &behind) in sums.iter_mut().zip(color).zip(background) {
            *sum = R::select(none, behind, *sum);
            *out = *sum;
        }
    }

    #[inline(always)]
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, HardState<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> ([R; 0], R) {
        let face = pixel.state.face;
        let none = face.lt(face.zero());
        for (c, &g) in grad.iter().enumerate() {
            out.sums[c] = g;
            out.background[c] += g.keep(none);
        }
        ([], context.rate.zero())
    }

    /// Only the nearest face's own attributes move: `dI/dC_j = 1` there, no gradient to D or depth.
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, HardState<R>, R>,
        cotangent: &ColorCotangent<'_, [R; 0], R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        _: &mut [R],
    ) -> ColorPairGrad<R> {
        let chosen = pair.member & pair.face.same(pixel.state.face);
        for (out, &g) in grad_color.iter_mut().zip(cotangent.sums) {
            *out += g.keep(chosen);
        }
        ColorPairGrad::zero(pair.face)
    }
}

/// Returns the nearness at which `zn = epsilon`, the background's (MATH 5).
#[inline(always)]
pub fn background_nearness<S: Scalar>(map: super::DepthMap, near: S, far: S, epsilon: S) -> S {
    map.nearness(far) + epsilon * map.range(near, far)
}
