//! The reverse of a pair, less what a fault drops.

use softras_core::math::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorGradOf, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, DistanceMetric, DistributionFunction, Face, PairGrad, PairSink, Parts, ProbabilityGrad,
    Real, SilhouetteAggregator, SilhouetteGrad, TexelSink, Vec2, WeightSink,
};

use super::{Fault, active};

/// Returns the gradient of a pair: [`Parts::backward`].
#[inline(always)]
pub(crate) fn backward<L: Real, M, F, S, A>(
    parts: &Parts<M, F, S, A>,
    setting: &softras_core::math::Setting<'_, L>,
    (face, at): (&Face<'_, L>, Vec2<L>),
    silhouette: Option<&SilhouetteGrad<S::State<L>, L>>,
    color: Option<&ColorGradOf<'_, A, L>>,
    sink: &mut PairSink<'_, L>,
) -> PairGrad<L>
where
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    let mut masked = None;
    if let (true, Some(given)) = (active(Fault::DropsTheSilhouetteOutsideNearAndFar), silhouette) {
        let depth = setting.shade(&face.triangle, &parts.touch(setting, face, at)).depth;
        let within = depth.ge(setting.near) & depth.le(setting.far);
        masked = Some(SilhouetteGrad { state: given.state, grad: given.grad.keep(within) });
    }
    let mut grad = parts.backward(setting, face, at, masked.as_ref().or(silhouette), color, sink);
    let dropped = if active(Fault::DropsDepthAlongTheScreen) {
        Some(Way::Depth)
    } else if active(Fault::DropsColorAlongTheScreen) {
        Some(Way::Texture)
    } else {
        None
    };
    if let (Some(way), Some(_)) = (dropped, color) {
        let only = Parts {
            distance: parts.distance.clone(),
            distribution: parts.distribution.clone(),
            silhouette: parts.silhouette.clone(),
            color: Through { part: parts.color.clone(), way },
        };
        let mut sink = PairSink {
            color: &mut *sink.color,
            grad_color: &mut *sink.grad_color,
            texels: TexelSink::Nowhere,
            weights: WeightSink::Nowhere,
        };
        let part = only.backward(setting, face, at, None, color, &mut sink);
        for (out, part) in grad.corners.iter_mut().zip(&part.corners) {
            out[0] -= part[0];
            out[1] -= part[1];
        }
    }
    if active(Fault::TurnsTheGradient) {
        grad.corners = grad.corners.map(|corner| corner.map(|g| -g));
    }
    if active(Fault::TurnsTheGradientOfZ) {
        for corner in &mut grad.corners {
            corner[2] = -corner[2];
        }
    }
    grad
}

/// A way that the gradient of a color takes to a face.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// The depth at the pixel.
    Depth,
    /// The texture at the pixel.
    Texture,
}

/// An aggregator whose gradient takes one way alone.
#[derive(Clone)]
struct Through<A> {
    part: A,
    way: Way,
}

impl<A: ColorAggregator> ColorAggregator for Through<A> {
    const KERNEL: Option<Color> = A::KERNEL;
    type State<R: Real> = A::State<R>;
    type Cotangent<R: Real> = A::Cotangent<R>;

    fn sums(&self, channels: usize) -> usize {
        self.part.sums(channels)
    }
    fn weights(&self, channels: usize) -> usize {
        self.part.weights(channels)
    }
    fn identity<R: Real>(&self, like: R) -> A::State<R> {
        self.part.identity(like)
    }
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut A::State<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        self.part.push(context, state, sums, pair);
    }
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut A::State<R>,
        sums: &mut [R],
        other: (&A::State<R>, &[R]),
    ) {
        self.part.merge(context, state, sums, other);
    }
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut A::State<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        self.part.finish(context, state, sums, background, color);
    }
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, A::State<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (A::Cotangent<R>, R) {
        self.part.pixel_vjp(context, pixel, grad, out)
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
        let mut grad = self.part.pair_vjp(context, pixel, cotangent, pair, grad_color, grad_weights);
        grad.p = ProbabilityGrad::zero(context.rate);
        match self.way {
            Way::Depth => grad_color.fill(context.rate.zero()),
            Way::Texture => grad.nearness = context.rate.zero(),
        }
        grad
    }
}
