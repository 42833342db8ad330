//! Gradients to the parameters of parts, each on its own, with parts of a user's own that have few.

use softras_core::math::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, Distribution, DistributionFunction, Dual, Logistic, Probability, ProbabilityGrad, Real,
    Silhouette, SilhouetteAggregator, WeightSink,
};
use softras_core::raster::{CustomParts, RasterParams, Rasterizer};
use softras_core::reference::Reference;
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad};

use super::{Under, law};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle::{self, ask};
use crate::scene::{Scene, Style};
use crate::strategy;
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[law!(
    "gradient::of_shapes_and_weights",
    "the gradients to the shape of a distribution, the shape of a t-conorm and the weights of a color aggregator are \
     exact derivatives, by dual numbers, picture by picture",
    Budget.of("parts of a user's own"),
    of_shapes_and_weights
)];

/// `F(x) = 1 / (1 + exp(-shape x))`.
#[derive(Clone)]
struct Steep;
impl DistributionFunction for Steep {
    const KERNEL: Option<Distribution> = None;
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R> {
        let p = Logistic.probability(x * shape, shape);
        Probability { density: p.density * shape, score: p.score * shape, hazard: p.hazard * shape, ..p }
    }
    fn shape_vjp<R: Real>(&self, x: R, shape: R, grad: &ProbabilityGrad<R>) -> R {
        x * Logistic.probability(x * shape, shape).vjp(grad)
    }
    fn cut(&self, dist_eps: f64, shape: f64) -> f64 {
        DistributionFunction::cut(&Logistic, dist_eps, 1.0) / shape
    }
}

/// `A = 1 - T^shape`.
#[derive(Clone)]
struct Power;
impl SilhouetteAggregator for Power {
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
    fn finish<R: Real>(&self, state: &mut [R; 1], _: R, shape: R) -> R {
        state[0] = (shape * state[0].max(shape.lit(1e-30)).ln()).exp();
        shape.one() - state[0]
    }
    fn pair_vjp<R: Real>(
        &self,
        state: &[R; 1],
        _: &Probability<R>,
        _: R,
        shape: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        ProbabilityGrad { ln_not_d: -(grad * shape * state[0]), ..ProbabilityGrad::zero(grad) }
    }
    fn shape_vjp<R: Real>(&self, state: &[R; 1], p: &Probability<R>, _: R, _: R, grad: R) -> R {
        -(grad * state[0] * p.not_d.max(grad.lit(1e-30)).ln())
    }
}

/// `I_c = C_b + v_c sum_j D_j C_j`, v the weights.
#[derive(Clone)]
struct Weighted;
impl ColorAggregator for Weighted {
    const KERNEL: Option<Color> = None;
    type State<R: Real> = [R; 0];
    type Cotangent<R: Real> = [R; 0];
    fn weights(&self, channels: usize) -> usize {
        channels
    }
    fn identity<R: Real>(&self, _: R) -> [R; 0] {
        []
    }
    fn push<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        _: &mut [R; 0],
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        for (sum, &color) in sums.iter_mut().zip(pair.color) {
            *sum += (pair.p.d * color).keep(pair.member);
        }
    }
    fn merge<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        _: &mut [R; 0],
        sums: &mut [R],
        other: (&[R; 0], &[R]),
    ) {
        for (sum, &other) in sums.iter_mut().zip(other.1) {
            *sum += other;
        }
    }
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        _: &mut [R; 0],
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        for (c, out) in color.iter_mut().enumerate() {
            *out = background[c] + context.rate.splat(context.weights[c]) * sums[c];
        }
    }
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, [R; 0], R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> ([R; 0], R) {
        for (c, &g) in grad.iter().enumerate() {
            out.sums[c] = g * context.rate.splat(context.weights[c]);
            out.background[c] += g;
            out.weights.add(c, g * pixel.sums[c]);
        }
        ([], context.rate.zero())
    }
    fn pair_vjp<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        _: &ColorPixel<'_, [R; 0], R>,
        cotangent: &ColorCotangent<'_, [R; 0], R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        _: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R> {
        let mut d = pair.p.d.zero();
        for (c, out) in grad_color.iter_mut().enumerate() {
            *out += (cotangent.sums[c] * pair.p.d).keep(pair.member);
            d += (cotangent.sums[c] * pair.color[c]).keep(pair.member);
        }
        let zero = ColorPairGrad::zero(d);
        ColorPairGrad { p: ProbabilityGrad { d, ..zero.p }, ..zero }
    }
}

/// The parameters of a scene with the three parts, where each number of theirs has the slope that `slope` gives it.
fn params<R: softras_core::math::Scalar>(
    scene: &Scene,
    parts: &(Distribution, Silhouette, Color),
    number: impl Fn(usize, f64) -> R,
) -> RasterParams<R> {
    let (b, c) = (scene.batch(), scene.channels);
    scene
        .params::<R>()
        .distribution(parts.0.clone())
        .silhouette(parts.1.clone())
        .color(parts.2.clone())
        .distribution_shape_each((0..b).map(|i| number(i, 0.75 + 0.5 * i as f64)).collect())
        .t_conorm_shape_each((0..b).map(|i| number(b + i, 1.5 - 0.75 * i as f64)).collect())
        .weights((0..c).map(|i| number(2 * b + i, 0.5 - 1.25 * i as f64)).collect())
}

fn of_shapes_and_weights<R: Tested>(under: &Under<'_, R>) -> Outcome {
    if under.can.custom != CustomParts::Rust {
        return Ok(Gauge::unsupported("parts of a user's own in Rust"));
    }
    let parts = (Distribution::custom(Steep), Silhouette::custom(Power), Color::custom(Weighted));
    let mut gauge = Gauge::default();
    for (seed, distance) in (0..8).flat_map(|seed| under.distances().map(move |d| (seed, d))) {
        let outputs = under.can.outputs[seed as usize % under.can.outputs.len()];
        if !outputs.color() {
            continue; // the weights are of the color
        }
        let style = Style { distance: distance.clone(), outputs, ..Style::default() };
        let scene = strategy::small_scene(style, under.context.seed + seed);
        one_scene(under, &scene, &parts, &mut gauge).map_err(|e| Broken(format!("{e}\n{scene:?}")))?;
    }
    Ok(gauge)
}

fn one_scene<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
    parts: &(Distribution, Silhouette, Color),
    gauge: &mut Gauge,
) -> Result<(), Broken> {
    let doubt = oracle::doubt(&scene.faces()?, &params(scene, parts, |_, x| x))?;
    let (mut wide, mut grad): (ImageGrad<f64>, ImageGrad<R>) = (scene.grad(), scene.grad());
    doubt.silence(&mut wide);
    doubt.silence(&mut grad);
    let own = params(scene, parts, |_, x| R::from_f64(x));
    let found = ask(under.backend, &scene.faces::<R>()?, &own, &grad)?.gradients;
    let numbers: Vec<f64> = [found.distribution, found.t_conorm, found.weights]
        .iter()
        .flat_map(|g| g.iter().flatten().map(|x| x.to_f64()))
        .collect();
    let count = 2 * scene.batch() + scene.channels;
    gauge.holds(|| format!("{} numbers, expected {count}", numbers.len()), numbers.len() == count)?;
    let faces: Faces<Dual> = scene.faces()?;
    for (n, found) in numbers.into_iter().enumerate() {
        let slope = |i: usize, x: f64| Dual::new(x, if i == n { 1.0 } else { 0.0 });
        let (image, _) = Rasterizer::<Dual>::forward(&Reference, &faces, &params(scene, parts, slope))?;
        let slopes = Image {
            color: image.color.map(|x| x.mapv(|x| x.slope)),
            silhouette: image.silhouette.map(|x| x.mapv(|x| x.slope)),
        };
        let (expected, terms) = oracle::loss(&wide, &slopes);
        let budget = &under.budget;
        let bound = budget.gradient * terms + budget.bands * budget.unit * terms.max(1.0);
        gauge.near(|| format!("gradient to number {n}"), found, expected, bound)?;
    }
    Ok(())
}
