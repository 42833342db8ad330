//! Parts of a user's own, each written as a user would, beside the built-in part it imitates.

use softras_core::math::{
    Barycentric, Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, Distance, DistanceMetric, Distribution, DistributionFunction, Edge, Euclidean, Logistic,
    Probability, ProbabilityGrad, Real, Silhouette, SilhouetteAggregator, Softmax, Triangle, Vec2,
};
use softras_core::raster::{CustomParts, RasterParams};

use super::{Under, law};
use crate::compare;
use crate::law::{Gauge, Law, Outcome};
use crate::oracle::ask;
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[law!(
    "contract::custom_parts_equal_what_they_imitate",
    "parts of a user's own give what the built-in ones give",
    Budget.of("parts of a user's own"),
    custom_parts
)];

/// A metric that says what [`Euclidean`] says.
#[derive(Clone)]
struct MyDistance;
impl DistanceMetric for MyDistance {
    const KERNEL: Option<Distance> = None;
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        Euclidean.signed(face, at, w)
    }
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad: R) -> [Vec2<R>; 3] {
        Euclidean.signed_vjp(face, at, w, grad)
    }
    fn reach(&self, bound: f64) -> f64 {
        DistanceMetric::reach(&Euclidean, bound)
    }
}

/// A metric that says what [`Barycentric`] says.
#[derive(Clone)]
struct MyOtherDistance;
impl DistanceMetric for MyOtherDistance {
    const KERNEL: Option<Distance> = None;
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        Barycentric.signed(face, at, w)
    }
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad: R) -> [Vec2<R>; 3] {
        Barycentric.signed_vjp(face, at, w, grad)
    }
    fn reach(&self, bound: f64) -> f64 {
        DistanceMetric::reach(&Barycentric, bound)
    }
    fn edge(&self) -> Edge {
        Edge::Soft
    }
}

/// A distribution written out by hand: the logistic function.
#[derive(Clone)]
struct MyDistribution;
impl DistributionFunction for MyDistribution {
    const KERNEL: Option<Distribution> = None;
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R> {
        Logistic.probability(x, shape)
    }
    fn cut(&self, dist_eps: f64, shape: f64) -> f64 {
        DistributionFunction::cut(&Logistic, dist_eps, shape)
    }
}

/// An aggregator written out by hand: the probabilistic or.
#[derive(Clone)]
struct MySilhouette;
impl SilhouetteAggregator for MySilhouette {
    const KERNEL: Option<Silhouette> = None;
    type State<R: Real> = [R; 1];
    fn identity<R: Real>(&self, like: R) -> [R; 1] {
        [like.one()]
    }
    fn push<R: Real>(&self, state: &mut [R; 1], p: &Probability<R>, member: R::Mask, _: R) {
        state[0] = state[0] * R::select(member, p.not_d, p.d.one());
    }
    fn merge<R: Real>(&self, state: &mut [R; 1], other: &[R; 1]) {
        state[0] = state[0] * other[0];
    }
    fn finish<R: Real>(&self, state: &mut [R; 1], _: R, _: R) -> R {
        state[0].one() - state[0]
    }
    fn pair_vjp<R: Real>(
        &self,
        state: &[R; 1],
        _: &Probability<R>,
        _: R,
        _: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        ProbabilityGrad { ln_not_d: -(grad * state[0]), ..ProbabilityGrad::zero(grad) }
    }
}

/// A color aggregator that does what [`Softmax`] does.
#[derive(Clone)]
struct MyColor;
impl ColorAggregator for MyColor {
    const KERNEL: Option<Color> = None;
    type State<R: Real> = <Softmax as ColorAggregator>::State<R>;
    type Cotangent<R: Real> = <Softmax as ColorAggregator>::Cotangent<R>;
    fn identity<R: Real>(&self, like: R) -> Self::State<R> {
        Softmax.identity(like)
    }
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        Softmax.push(context, state, sums, pair);
    }
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        other: (&Self::State<R>, &[R]),
    ) {
        Softmax.merge(context, state, sums, other);
    }
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        Softmax.finish(context, state, sums, background, color);
    }
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, Self::State<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (Self::Cotangent<R>, R) {
        Softmax.pixel_vjp(context, pixel, grad, out)
    }
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, Self::State<R>, R>,
        cotangent: &ColorCotangent<'_, Self::Cotangent<R>, R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        grad_weights: &mut [R],
    ) -> ColorPairGrad<R> {
        Softmax.pair_vjp(context, pixel, cotangent, pair, grad_color, grad_weights)
    }
}

fn custom_parts<R: Tested>(under: &Under<'_, R>) -> Outcome {
    if under.can.custom != CustomParts::Rust {
        // refuses_what_it_does_not_list checks that they are refused.
        return Ok(Gauge::unsupported("parts of a user's own in Rust"));
    }
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let scene = scene.clone().style(|s| {
            s.distance = Distance::Euclidean;
            s.distribution = Distribution::Logistic;
            s.silhouette = Silhouette::ProbabilisticOr;
            s.color = Color::Softmax;
        });
        let (faces, grad) = (scene.faces::<R>()?, scene.grad::<R>());
        let params = scene.params::<R>();
        let other = params.clone().distance(Distance::Barycentric);
        for (mine, theirs) in [
            (params.clone().distance(Distance::custom(MyDistance)), &params),
            (params.clone().distribution(Distribution::custom(MyDistribution)), &params),
            (params.clone().silhouette(Silhouette::custom(MySilhouette)), &params),
            (params.clone().color(Color::custom(MyColor)), &params),
            (params.clone().distance(Distance::custom(MyOtherDistance)), &other),
        ] {
            if !theirs_listed(under, theirs) {
                continue;
            }
            let found = ask(under.backend, &faces, &mine, &grad)?;
            let expected = ask(under.backend, &faces, theirs, &grad)?;
            let budget = &under.budget;
            for (what, a, b) in [
                (
                    "color",
                    found.image.color.as_ref().map(compare::widen),
                    expected.image.color.as_ref().map(compare::widen),
                ),
                (
                    "silhouette",
                    found.image.silhouette.as_ref().map(compare::widen),
                    expected.image.silhouette.as_ref().map(compare::widen),
                ),
            ] {
                let d = compare::difference(&a.unwrap_or_default(), &b.unwrap_or_default());
                gauge.within(|| format!("{what} with a custom part"), d.worst, budget.silhouette)?;
            }
            for ((name, a), (_, b)) in
                compare::groups(&found.gradients).iter().zip(compare::groups(&expected.gradients))
            {
                let d = compare::difference(a, &b);
                gauge.within(
                    || format!("gradient to {name} with a custom part"),
                    d.norm,
                    budget.gradient * d.expected + budget.unit,
                )?;
            }
        }
        Ok(())
    })
}

fn theirs_listed<R: Tested>(under: &Under<'_, R>, params: &RasterParams<R>) -> bool {
    under.can.distances.contains(params.get_distance())
        && under.can.silhouettes.contains(&Silhouette::ProbabilisticOr)
        && under.can.colors.contains(&Color::Softmax)
}
