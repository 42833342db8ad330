//! Parts of the renderer that do what others do, and what a fault does.

use softras_core::math::{
    Adding, Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, Distance, DistanceMetric, Distribution, DistributionFunction, Edge, Parts, Planes,
    Probability, ProbabilityGrad, Real, Scalar, Silhouette, SilhouetteAggregator, Triangle, Vec2, WeightSink,
};
use softras_core::raster::RasterParams;

use super::hooks::unit;
use super::{Fault, active};

/// A part, and which of the built-in ones it is.
#[derive(Clone)]
pub(crate) struct Faulty<P, E> {
    part: P,
    is: E,
}

/// The parts of a renderer, each with what a fault does.
pub(crate) type FaultyParts<M, F, S, A> =
    Parts<Faulty<M, Distance>, Faulty<F, ()>, Faulty<S, Silhouette>, Faulty<A, Color>>;

/// Returns the parts that the kernels run.
pub(crate) fn parts<R: Scalar, M, F, S, A>(
    parts: Parts<M, F, S, A>,
    params: &RasterParams<R>,
) -> FaultyParts<M, F, S, A> {
    Parts {
        distance: Faulty { part: parts.distance, is: params.get_distance().clone() },
        distribution: Faulty { part: parts.distribution, is: () },
        silhouette: Faulty { part: parts.silhouette, is: params.get_silhouette().clone() },
        color: Faulty { part: parts.color, is: params.get_color().clone() },
    }
}

impl<M: DistanceMetric> DistanceMetric for Faulty<M, Distance> {
    const KERNEL: Option<Distance> = M::KERNEL;

    #[inline(always)]
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        let s = self.part.signed(face, at, w);
        if active(Fault::EdgesOfOneFace) && self.edge() == Edge::Soft {
            let left = (face.p[0].x + face.p[1].x + face.p[2].x).lt(at.x * at.x.lit(3.0));
            return R::select(left & s.same(s.zero()), s.lit(-1e12), s);
        }
        s
    }
    #[inline(always)]
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3] {
        let mut grad = grad_s;
        if active(Fault::DividesByNoDistance) && self.is == Distance::EuclideanUnsquared {
            let s = self.part.signed(face, at, w);
            grad = R::select(s.same(s.zero()), grad / s, grad);
        }
        self.part.signed_vjp(face, at, w, grad)
    }
    fn reach(&self, bound: f64) -> f64 {
        self.part.reach(bound)
    }
    fn halo(&self, bound: f64) -> f64 {
        self.part.halo(bound)
    }
    fn edge(&self) -> Edge {
        self.part.edge()
    }
}

impl<F: DistributionFunction> DistributionFunction for Faulty<F, ()> {
    const KERNEL: Option<Distribution> = F::KERNEL;
    const SHAPED: bool = F::SHAPED;

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R> {
        let mut p = self.part.probability(x, shape);
        if active(Fault::ClampsOneMinusD) {
            p.not_d = p.d.one() - p.d;
            p.hazard = p.density / p.not_d.max(x.lit(1e-6));
        }
        if active(Fault::ClampsLogD) {
            p.exponent = p.exponent.max(x.lit(-16.0));
        }
        p
    }
    #[inline(always)]
    fn shape_vjp<R: Real>(&self, x: R, shape: R, grad: &ProbabilityGrad<R>) -> R {
        self.part.shape_vjp(x, shape, grad)
    }
    fn cut(&self, dist_eps: f64, shape: f64) -> f64 {
        self.part.cut(dist_eps, shape)
    }
}

impl<S: SilhouetteAggregator> SilhouetteAggregator for Faulty<S, Silhouette> {
    const KERNEL: Option<Silhouette> = S::KERNEL;
    const SHAPED: bool = S::SHAPED;
    type State<R: Real> = S::State<R>;

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> S::State<R> {
        self.part.identity(like)
    }
    #[inline(always)]
    fn push<R: Real>(&self, state: &mut S::State<R>, p: &Probability<R>, member: R::Mask, shape: R) {
        let mut member = member;
        if active(Fault::StopsWhenOpaque) && self.is == Silhouette::ProbabilisticOr {
            member = member & planes(shape, state)[0].gt(shape.lit(1.0 / 16384.0));
        }
        if active(Fault::LastFaceDecides) && self.is == Silhouette::Hard {
            let mut numbers = planes(shape, state);
            numbers[0] = R::select(member, shape.zero(), numbers[0]);
            *state = Planes::load(&numbers);
        }
        self.part.push(state, p, member, shape);
    }
    #[inline(always)]
    fn merge<R: Real>(&self, state: &mut S::State<R>, other: &S::State<R>) {
        self.part.merge(state, other);
    }
    #[inline(always)]
    fn finish<R: Real>(&self, state: &mut S::State<R>, faces: R, shape: R) -> R {
        let alpha = self.part.finish(state, faces, shape);
        if active(Fault::RoundsAlpha) {
            return (alpha * alpha.lit(4096.0) + alpha.lit(0.5)).floor() * alpha.lit(1.0 / 4096.0);
        }
        if active(Fault::AlphaAboveOne) {
            let above = shape.lit(1.0 + 4.0 * unit::<R::Scalar>());
            return R::select(alpha.ge(shape.one()), above, alpha);
        }
        alpha
    }
    #[inline(always)]
    fn saturated<R: Real>(&self, state: &S::State<R>, like: R) -> R::Mask {
        if active(Fault::SkipsTooEarly) && self.is == Silhouette::ProbabilisticOr {
            return planes(like, state)[0].lt(like.lit(0.1));
        }
        self.part.saturated(state, like)
    }
    fn edge(&self) -> Edge {
        self.part.edge()
    }
    fn adding(&self) -> Adding {
        self.part.adding()
    }
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        state: &S::State<R>,
        p: &Probability<R>,
        faces: R,
        shape: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        if active(Fault::LeaksThroughHardSilhouettes) && self.is == Silhouette::Hard {
            return ProbabilityGrad { d: grad, ..ProbabilityGrad::zero(grad) };
        }
        self.part.pair_vjp(state, p, faces, shape, grad)
    }
    #[inline(always)]
    fn shape_vjp<R: Real>(&self, state: &S::State<R>, p: &Probability<R>, faces: R, shape: R, grad: R) -> R {
        self.part.shape_vjp(state, p, faces, shape, grad)
    }
}

/// The numbers of a state.
#[inline(always)]
fn planes<R: Real, T: Planes<R>>(like: R, state: &T) -> [R; 8] {
    let mut numbers = [like.zero(); 8];
    state.store(&mut numbers);
    numbers
}

impl<A: ColorAggregator> Faulty<A, Color> {
    /// Tells whether the first planes of a state are those of a softmax: nearness, exponent and weight.
    fn is_softmax(&self) -> bool {
        matches!(self.is, Color::Softmax | Color::Over)
    }

    /// The pair, with faces numbered from the last.
    #[inline(always)]
    fn numbered<'a, R: Real>(&self, pair: &ColorPair<'a, R>) -> ColorPair<'a, R> {
        let turns = active(Fault::LastOfEquals) && self.is == Color::Hard;
        ColorPair { face: if turns { pair.face.lit(1e6) - pair.face } else { pair.face }, ..*pair }
    }
}

impl<A: ColorAggregator> ColorAggregator for Faulty<A, Color> {
    const KERNEL: Option<Color> = A::KERNEL;
    type State<R: Real> = A::State<R>;
    type Cotangent<R: Real> = A::Cotangent<R>;

    fn sums(&self, channels: usize) -> usize {
        self.part.sums(channels)
    }
    fn weights(&self, channels: usize) -> usize {
        self.part.weights(channels)
    }
    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> A::State<R> {
        self.part.identity(like)
    }
    #[inline(always)]
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut A::State<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        if !active(Fault::ForgetsToRescale) || !self.is_softmax() {
            self.part.push(context, state, sums, &self.numbered(pair));
            return;
        }
        let before = planes(context.rate, state);
        let old = sums.to_vec();
        self.part.push(context, state, sums, pair);
        let mut after = planes(context.rate, state);
        let rise = context.rate * (after[0] - before[0]) + (after[1] - before[1]);
        // What the sums so far lost.
        let lost = (rise.one() - (-rise.abs()).exp()).keep(before[2].gt(rise.zero()));
        for (sum, old) in sums.iter_mut().zip(old) {
            *sum += old * lost;
        }
        after[2] += before[2] * lost;
        *state = Planes::load(&after);
    }
    #[inline(always)]
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut A::State<R>,
        sums: &mut [R],
        other: (&A::State<R>, &[R]),
    ) {
        self.part.merge(context, state, sums, other);
    }
    #[inline(always)]
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut A::State<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        if active(Fault::OverCountsTwice) && self.is == Color::Over {
            let mut numbers = planes(context.rate, state);
            numbers[3] = numbers[3].sq();
            *state = Planes::load(&numbers);
        }
        self.part.finish(context, state, sums, background, color);
        if active(Fault::FourChannels) && color.len() > 4 {
            let first = color[0];
            color[4..].fill(first);
        }
        if active(Fault::ClampsColors) {
            color.iter_mut().for_each(|c| *c = c.clamp(0.0, 1.0));
        }
    }
    #[inline(always)]
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, A::State<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (A::Cotangent<R>, R) {
        let (cotangent, epsilon) = self.part.pixel_vjp(context, pixel, grad, out);
        if active(Fault::DropsTheGradientOfEpsilon) {
            return (cotangent, epsilon.zero());
        }
        (cotangent, epsilon)
    }
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, A::State<R>, R>,
        cotangent: &ColorCotangent<'_, A::Cotangent<R>, R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        grad_weights: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R> {
        let numbered = self.numbered(pair);
        let mut grad = self.part.pair_vjp(context, pixel, cotangent, &numbered, grad_color, grad_weights);
        if active(Fault::DropsTheGradientOfD) {
            grad.p = ProbabilityGrad::zero(context.rate);
        }
        if active(Fault::TurnsTheGradientOfGamma) {
            grad.gamma = -grad.gamma;
        }
        if active(Fault::GradientOfTheNearestAlone) && self.is_softmax() {
            let seen = pair.nearness.ge(planes(context.rate, &pixel.state)[0]);
            for g in grad_color.iter_mut() {
                *g = g.keep(seen);
            }
            let p = grad.p;
            grad = ColorPairGrad {
                p: ProbabilityGrad {
                    d: p.d.keep(seen),
                    ln_d: p.ln_d.keep(seen),
                    ln_not_d: p.ln_not_d.keep(seen),
                },
                nearness: grad.nearness.keep(seen),
                gamma: grad.gamma.keep(seen),
            };
        }
        grad
    }
}
