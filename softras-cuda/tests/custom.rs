//! Parts of a user's own that bring their CUDA text run on the emulated devices, and give what the reference gives with
//! their Rust; those without a text are refused.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod scenes;

use std::sync::Arc;

use softras_conformance::Imitation;
use softras_core::math::{
    Color, DeviceLanguage, Distance, DistanceMetric, Distribution, DistributionFunction, Euclidean, Logistic,
    Over, Probability, ProbabilityGrad, Real, Silhouette, SilhouetteAggregator, TextureKind, Triangle, Vec2,
};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::reference::Reference;
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad};
use softras_cuda::Buffers;

use scenes::{grad_of, open, scene};

/// Twice the Euclidean distance.
#[derive(Clone)]
struct Doubled;

impl DistanceMetric for Doubled {
    const KERNEL: Option<Distance> = None;
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        let s = Euclidean.signed(face, at, w);
        s + s
    }
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3] {
        Euclidean.signed_vjp(face, at, w, grad_s + grad_s)
    }
    fn reach(&self, bound: f64) -> f64 {
        DistanceMetric::reach(&Euclidean, bound / 2.0)
    }
    fn device_text(&self, language: DeviceLanguage) -> Option<&str> {
        let text = "FN float custom_distance_signed(const Triangle& face, Vec2 at, const Three& w) {
    return 2.0f * euclidean_signed(face, at, w);
}
FN Points custom_distance_signed_vjp(const Triangle& face, Vec2 at, const Three& w, float grad_s) {
    return euclidean_signed_vjp(face, at, w, 2.0f * grad_s);
}";
        (language == DeviceLanguage::Cuda).then_some(text)
    }
}

/// The logistic function of `shape` times x.
#[derive(Clone)]
struct Steep;

impl DistributionFunction for Steep {
    const KERNEL: Option<Distribution> = None;
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R> {
        let p = Logistic.probability(x * shape, shape);
        let (density, score, hazard) = (p.density * shape, p.score * shape, p.hazard * shape);
        Probability { density, score, hazard, ..p }
    }
    fn shape_vjp<R: Real>(&self, x: R, shape: R, grad: &ProbabilityGrad<R>) -> R {
        Logistic.probability(x * shape, shape).vjp(grad) * x
    }
    fn cut(&self, dist_eps: f64, shape: f64) -> f64 {
        DistributionFunction::cut(&Logistic, dist_eps, shape) / shape
    }
    fn device_text(&self, language: DeviceLanguage) -> Option<&str> {
        let text = "FN Probability custom_distribution_probability(float x, float shape) {
    Probability p = logistic_probability(x * shape);
    p.density *= shape;
    p.score *= shape;
    p.hazard *= shape;
    return p;
}
FN float custom_distribution_shape_vjp(float x, float shape, const ProbabilityGrad& grad) {
    return probability_vjp(logistic_probability(x * shape), grad) * x;
}";
        (language == DeviceLanguage::Cuda).then_some(text)
    }
}

/// `shape` times the mean of the probabilities of the faces that count; its state has two numbers.
#[derive(Clone)]
struct Mean;

impl SilhouetteAggregator for Mean {
    const KERNEL: Option<Silhouette> = None;
    type State<R: Real> = [R; 2];
    fn identity<R: Real>(&self, like: R) -> [R; 2] {
        [like.zero(), like.zero()]
    }
    fn push<R: Real>(&self, state: &mut [R; 2], p: &Probability<R>, member: R::Mask, _: R) {
        state[0] += p.d.keep(member);
        state[1] += p.d.one().keep(member);
    }
    fn merge<R: Real>(&self, state: &mut [R; 2], other: &[R; 2]) {
        state[0] += other[0];
        state[1] += other[1];
    }
    fn finish<R: Real>(&self, state: &mut [R; 2], _: R, shape: R) -> R {
        state[0] / state[1].max(shape.one()) * shape
    }
    fn pair_vjp<R: Real>(
        &self,
        state: &[R; 2],
        _: &Probability<R>,
        _: R,
        shape: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        ProbabilityGrad { d: grad * shape / state[1].max(shape.one()), ..ProbabilityGrad::zero(grad) }
    }
    fn shape_vjp<R: Real>(&self, state: &[R; 2], p: &Probability<R>, _: R, shape: R, grad: R) -> R {
        grad * p.d / state[1].max(shape.one())
    }
    fn device_text(&self, language: DeviceLanguage) -> Option<&str> {
        let text = "struct CustomSilhouetteState {
    float sum;
    float count;
};
FN CustomSilhouetteState custom_silhouette_identity() { return CustomSilhouetteState{0.0f, 0.0f}; }
FN void custom_silhouette_push(CustomSilhouetteState& state, const Probability& p, bool member, float shape) {
    (void)shape;
    state.sum += real_keep(p.d, member);
    state.count += real_keep(1.0f, member);
}
FN float custom_silhouette_finish(CustomSilhouetteState& state, float faces, float shape) {
    (void)faces;
    return state.sum / real_max(state.count, 1.0f) * shape;
}
FN bool custom_silhouette_saturated(const CustomSilhouetteState& state) {
    (void)state;
    return false;
}
FN ProbabilityGrad custom_silhouette_pair_vjp(const CustomSilhouetteState& state, const Probability& p, float faces,
                                              float shape, float grad) {
    (void)p;
    (void)faces;
    return ProbabilityGrad{grad * shape / real_max(state.count, 1.0f), 0.0f, 0.0f};
}
FN float custom_silhouette_shape_vjp(const CustomSilhouetteState& state, const Probability& p, float faces,
                                     float shape, float grad) {
    (void)faces;
    (void)shape;
    return grad * p.d / real_max(state.count, 1.0f);
}";
        (language == DeviceLanguage::Cuda).then_some(text)
    }
}

/// The functions of [`Over`] under the names of a part of the user's own.
const OVER: &str = "typedef OverState CustomColorState;
typedef OverPixel CustomColorPixel;
typedef OverCotangent CustomColorCotangent;
FN CustomColorState custom_color_identity() { return over_identity(); }
FN void custom_color_push(const ColorContext& context, CustomColorState& state, Channels& sums, const ColorPair& pair) {
    over_push(context, state, sums, pair);
}
FN void custom_color_finish(const ColorContext& context, CustomColorState& state, Channels& sums,
                            const Channels& background, Channels& color) {
    over_finish(context, state, sums, background, color);
}
FN CustomColorCotangent custom_color_pixel_vjp(const ColorContext& context, const CustomColorPixel& pixel,
                                               const Channels& grad, Channels& out_sums, Channels& out_background,
                                               float& grad_epsilon) {
    return over_pixel_vjp(context, pixel, grad, out_sums, out_background, grad_epsilon);
}
FN ColorPairGrad custom_color_pair_vjp(const ColorContext& context, const CustomColorPixel& pixel,
                                       const CustomColorCotangent& cotangent, const Channels& cotangent_sums,
                                       const ColorPair& pair, Channels& grad_color) {
    return over_pair_vjp(context, pixel, cotangent, cotangent_sums, pair, grad_color);
}";

/// Draws and goes back; the gradient is `grad`, or that of the picture.
fn step<R, T>(
    device: &T,
    faces: &Arc<Faces<R>>,
    params: &RasterParams<R>,
    grad: impl Fn(&Image<R>) -> ImageGrad<R>,
) -> (Image<R>, Gradients<R>)
where
    R: softras_core::math::Scalar,
    T: Rasterizer<R>,
{
    let (mut image, mut saved) = (Image::default(), T::Saved::default());
    device.forward_into(faces, params, &mut image, &mut saved).unwrap_or_else(|e| panic!("{e:?}"));
    let mut gradients = Gradients::default();
    device.backward_into(&saved, &grad(&image), Wanted::ALL, &mut gradients).expect("goes back");
    (image, gradients)
}

/// How far off the largest number is, of those that are `exact`, relative to the largest of these.
fn off<'a>(own: impl Iterator<Item = &'a f32>, exact: impl Iterator<Item = &'a f64>) -> f64 {
    let (mut off, mut size) = (0.0_f64, 0.0_f64);
    for (&own, exact) in own.zip(exact) {
        off = off.max((f64::from(own) - exact).abs());
        size = size.max(exact.abs());
    }
    assert!(size > 0.0, "there is something to compare with");
    off / size
}

#[test]
fn parts_by_their_text_give_what_their_rust_gives() {
    let faces = scene(TextureKind::Vertex, 3);
    let plain = RasterParams::new(40, 33).sigma(1e-3).gamma(1e-2);
    let my_over = Imitation::of(Over).with_text(DeviceLanguage::Cuda, OVER);
    let all = [
        plain.clone().distance(Distance::custom(Doubled)),
        plain.clone().distribution(Distribution::custom(Steep)).distribution_shape(1.7),
        plain.clone().silhouette(Silhouette::custom(Mean)).t_conorm_shape(0.8),
        plain.clone().color(Color::custom(my_over.clone())),
        plain
            .distance(Distance::custom(Doubled))
            .distribution(Distribution::custom(Steep))
            .silhouette(Silhouette::custom(Mean))
            .color(Color::custom(my_over)),
    ];
    for (i, params) in all.into_iter().enumerate() {
        let (image, gradients) = step(&open(i % 3, Buffers::Exact), &faces, &params, grad_of);
        let grad = grad_of(&image);
        let grad = ImageGrad {
            color: grad.color.map(|a| a.mapv(f64::from)),
            silhouette: grad.silhouette.map(|a| a.mapv(f64::from)),
        };
        let (expected, exact) = step(&Reference, &Arc::new(faces.cast()), &params.cast(), |_| grad.clone());
        // One look, where the device rounds to 32 bits; the suite holds built-in parts to their bounds.
        let alpha = off(image.silhouette.iter().flatten(), expected.silhouette.iter().flatten());
        let color = off(image.color.iter().flatten(), expected.color.iter().flatten());
        let corners = off(gradients.corners.iter().flatten(), exact.corners.iter().flatten());
        assert!(alpha < 1e-4 && color < 1e-3, "parts {i}: off by {alpha:e} and {color:e}");
        assert!(corners < 1e-2, "parts {i}: corners off by {corners:e}");
        if *params.get_distribution() != Distribution::Logistic {
            let shape = off(gradients.distribution.iter().flatten(), exact.distribution.iter().flatten());
            assert!(shape < 1e-2, "parts {i}: shape of the distribution off by {shape:e}");
        }
        if *params.get_silhouette() != Silhouette::ProbabilisticOr {
            let shape = off(gradients.t_conorm.iter().flatten(), exact.t_conorm.iter().flatten());
            assert!(shape < 1e-2, "parts {i}: shape of the silhouette off by {shape:e}");
        }
    }
}

#[test]
fn parts_without_a_text_are_refused_and_wrong_ones_quoted() {
    let (device, faces) = (open(0, Buffers::Exact), scene(TextureKind::Vertex, 3));
    let params = RasterParams::new(8, 8).distance(Distance::custom(Imitation::of(Euclidean)));
    let error = device.forward(&faces, &params).expect_err("no text");
    assert!(matches!(&error, Error::Unsupported { .. }) && error.to_string().contains("Custom"), "{error}");

    let wrong = Imitation::of(Euclidean).with_text(
        DeviceLanguage::Cuda,
        "FN float custom_distance_signed(const Triangle& face) { return not_there(face); }",
    );
    let params = params.distance(Distance::custom(wrong));
    let error = device.forward(&faces, &params).expect_err("does not compile");
    let log = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(log.contains("not_there"), "{error}: {log}");
    let own = error.to_string();
    assert!(own.contains("module forward-both") && own.contains("not_there"), "{own}");
}
