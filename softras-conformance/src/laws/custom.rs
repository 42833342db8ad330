//! Parts of a user's own beside the built-in parts that they imitate.

use softras_core::math::{
    Barycentric, Color, Distance, Distribution, Euclidean, Logistic, Probability, ProbabilityGrad, Real,
    Silhouette, SilhouetteAggregator, Softmax,
};
use softras_core::raster::{CustomParts, RasterParams};

use super::{Under, law};
use crate::compare;
use crate::imitation::Imitation;
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
            (params.clone().distance(Distance::custom(Imitation::of(Euclidean))), &params),
            (params.clone().distribution(Distribution::custom(Imitation::of(Logistic))), &params),
            (params.clone().silhouette(Silhouette::custom(MySilhouette)), &params),
            (params.clone().color(Color::custom(Imitation::of(Softmax))), &params),
            (params.clone().distance(Distance::custom(Imitation::of(Barycentric))), &other),
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
