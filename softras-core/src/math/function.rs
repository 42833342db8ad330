//! The functions of the maths by name, to be run alone on rows of numbers ([`crate::raster::Probe`]).
//!
//! A device writes each of them once more in its own language; run alone, thousands of rows at a time, they are
//! compared with these, before any picture is. The list grows with the built-in parts: nobody keeps it in step.

use core::ops::RangeInclusive;

use super::color::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPixel, ColorPixelGrad, Neural,
    WeightSink,
};
use super::depth::DepthMap;
use super::distance::{Distance, DistanceMetric};
use super::distribution::{Distribution, DistributionFunction, Probability, smooth_window};
use super::real::{Real, Scalar};
use super::silhouette::{Silhouette, SilhouetteAggregator};
use super::texture::{surface_texel, vertex_color, vertex_color_vjp};
use super::triangle::Triangle;
use super::vector::Vec2;

/// Texels along a side of [`Function::SurfaceTexel`].
const SIDE: f64 = 4.0;
/// The cut of [`Function::SmoothWindow`], that of D = 1e-4.
const CUT: f64 = 9.210_24;
/// Faces of [`Function::Silhouette`].
const SILHOUETTE_FACES: usize = 4;
/// Faces of [`Function::Color`].
const COLOR_FACES: usize = 3;
/// Channels of [`Function::Color`], of which the first alone has numbers.
const CHANNELS: usize = 3;
/// gamma of [`Function::Color`].
const GAMMA: f64 = 0.1;
/// Depths of [`Function::Color`].
const DEPTHS: (f64, f64) = (1.0, 10.0);

/// What an input of a [`Function`] means, so that sensible ones can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Corners of a face on the screen: `x_0, y_0, x_1, y_1, x_2, y_2`.
    Corners,
    /// A pixel centre: x, y.
    Pixel,
    /// Three barycentric weights.
    Weights,
    /// Three clipped weights.
    Clipped,
    /// Depths of three corners.
    Depths,
    /// A depth.
    Depth,
    /// `x = s / sigma`.
    Ratio,
    /// A color at each of three corners.
    Colors,
    /// The gradient to an output.
    Gradient,
    /// The gradients to three outputs.
    Gradients,
}

impl Argument {
    /// Returns how many numbers it has.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Corners => 6,
            Self::Pixel => 2,
            Self::Weights | Self::Clipped | Self::Depths | Self::Colors | Self::Gradients => 3,
            Self::Depth | Self::Ratio | Self::Gradient => 1,
        }
    }
}

/// One function of the maths.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Function {
    /// [`Real::exp`].
    Exp,
    /// [`Triangle::barycentric`].
    Barycentric,
    /// [`Triangle::barycentric_vjp`].
    BarycentricVjp,
    /// [`Triangle::clip`], the weights.
    Clip,
    /// [`Triangle::clip_vjp`].
    ClipVjp,
    /// [`Triangle::depth`].
    Depth,
    /// [`Triangle::depth_vjp`]: to the weights, to the depths.
    DepthVjp,
    /// [`Triangle::perspective`].
    Perspective,
    /// [`Triangle::perspective_vjp`]: to the weights, to the depth at the pixel, to the depths.
    PerspectiveVjp,
    /// [`DepthMap::nearness`].
    Nearness(DepthMap),
    /// [`DepthMap::nearness_vjp`].
    NearnessVjp(DepthMap),
    /// [`DistanceMetric::signed`].
    Signed(Distance),
    /// [`DistanceMetric::signed_vjp`].
    SignedVjp(Distance),
    /// [`DistributionFunction::probability`], in the order of the fields of [`Probability`].
    Probability(Distribution),
    /// [`smooth_window`] of the logistic probability, cut where D is 1e-4.
    SmoothWindow,
    /// [`vertex_color`].
    VertexColor,
    /// [`vertex_color_vjp`]: to the weights, to the corners.
    VertexColorVjp,
    /// [`surface_texel`] of a face with 4 x 4 texels.
    SurfaceTexel,
    /// An aggregator A_O on four logistic probabilities: the alpha, then its gradient to each x.
    Silhouette(Silhouette),
    /// An aggregator A_S on three faces and three channels, the last two of which are 0: the first channel of the color,
    /// then for each face the gradient of that to x, to the depth and to the first channel. gamma is 0.1 between depths 1
    /// and 10, epsilon 0, the background 0.3; the weights are [`Function::weights`].
    Color(Color),
}

impl Function {
    /// Returns every function, with every built-in part.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut out = vec![
            Self::Exp,
            Self::Barycentric,
            Self::BarycentricVjp,
            Self::Clip,
            Self::ClipVjp,
            Self::Depth,
            Self::DepthVjp,
            Self::Perspective,
            Self::PerspectiveVjp,
            Self::SmoothWindow,
            Self::VertexColor,
            Self::VertexColorVjp,
            Self::SurfaceTexel,
        ];
        for map in [DepthMap::Linear, DepthMap::Inverse] {
            out.extend([Self::Nearness(map), Self::NearnessVjp(map)]);
        }
        for metric in Distance::BUILT_IN {
            out.extend([Self::Signed(metric.clone()), Self::SignedVjp(metric.clone())]);
        }
        out.extend(Distribution::BUILT_IN.iter().cloned().map(Self::Probability));
        out.extend(Silhouette::BUILT_IN.iter().cloned().map(Self::Silhouette));
        out.extend(Color::BUILT_IN.iter().cloned().map(Self::Color));
        out
    }

    /// Returns its name, with the part in brackets: `signed[euclidean]`.
    #[must_use]
    pub fn name(&self) -> String {
        let (name, part) = match self {
            Self::Exp => ("exp", None),
            Self::Barycentric => ("barycentric", None),
            Self::BarycentricVjp => ("barycentric_vjp", None),
            Self::Clip => ("clip", None),
            Self::ClipVjp => ("clip_vjp", None),
            Self::Depth => ("depth", None),
            Self::DepthVjp => ("depth_vjp", None),
            Self::Perspective => ("perspective", None),
            Self::PerspectiveVjp => ("perspective_vjp", None),
            Self::Nearness(map) => ("nearness", Some(map.name())),
            Self::NearnessVjp(map) => ("nearness_vjp", Some(map.name())),
            Self::Signed(metric) => ("signed", Some(metric.name())),
            Self::SignedVjp(metric) => ("signed_vjp", Some(metric.name())),
            Self::Probability(part) => ("probability", Some(part.name())),
            Self::SmoothWindow => ("smooth_window", None),
            Self::VertexColor => ("vertex_color", None),
            Self::VertexColorVjp => ("vertex_color_vjp", None),
            Self::SurfaceTexel => ("surface_texel", None),
            Self::Silhouette(part) => ("silhouette", Some(part.name())),
            Self::Color(part) => ("color", Some(part.name())),
        };
        part.map_or_else(|| name.to_owned(), |part| format!("{name}[{part}]"))
    }

    /// Returns the file, here and in every device language, that has it.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        match self {
            Self::Exp => "exp",
            Self::Barycentric
            | Self::BarycentricVjp
            | Self::Clip
            | Self::ClipVjp
            | Self::Depth
            | Self::DepthVjp
            | Self::Perspective
            | Self::PerspectiveVjp => "triangle",
            Self::Nearness(_) | Self::NearnessVjp(_) => "depth",
            Self::Signed(_) | Self::SignedVjp(_) => "distance",
            Self::Probability(_) | Self::SmoothWindow => "distribution",
            Self::VertexColor | Self::VertexColorVjp | Self::SurfaceTexel => "texture",
            Self::Silhouette(_) => "silhouette",
            Self::Color(_) => "color",
        }
    }

    /// Returns what its inputs are, in their order in a row.
    #[must_use]
    pub const fn arguments(&self) -> &'static [Argument] {
        use Argument::{Clipped, Colors, Corners, Depth, Depths, Gradient, Gradients, Pixel, Ratio, Weights};
        match self {
            Self::Exp | Self::Probability(_) | Self::SmoothWindow => &[Ratio],
            Self::Barycentric | Self::Signed(_) => &[Corners, Pixel],
            Self::BarycentricVjp => &[Corners, Pixel, Gradients],
            Self::SignedVjp(_) => &[Corners, Pixel, Gradient],
            Self::Clip => &[Weights],
            Self::ClipVjp => &[Weights, Gradients],
            Self::Depth | Self::Perspective => &[Clipped, Depths],
            Self::DepthVjp => &[Clipped, Depths, Gradient],
            Self::PerspectiveVjp => &[Clipped, Depths, Gradients],
            Self::Nearness(_) => &[Depth],
            Self::NearnessVjp(_) => &[Depth, Gradient],
            Self::VertexColor => &[Clipped, Colors],
            Self::VertexColorVjp => &[Clipped, Colors, Gradient],
            Self::SurfaceTexel => &[Clipped],
            Self::Silhouette(_) => &[Ratio, Ratio, Ratio, Ratio],
            Self::Color(_) => &[Ratio, Ratio, Ratio, Depths, Colors],
        }
    }

    /// Returns how many numbers a row of inputs has.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.arguments().iter().map(|argument| argument.count()).sum()
    }

    /// Returns how many numbers a row of outputs has.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        match self {
            Self::Exp
            | Self::Depth
            | Self::Nearness(_)
            | Self::NearnessVjp(_)
            | Self::Signed(_)
            | Self::VertexColor
            | Self::SurfaceTexel => 1,
            Self::Barycentric | Self::Clip | Self::ClipVjp | Self::Perspective => 3,
            Self::BarycentricVjp | Self::DepthVjp | Self::SignedVjp(_) | Self::VertexColorVjp => 6,
            Self::PerspectiveVjp | Self::Probability(_) | Self::SmoothWindow => 7,
            Self::Silhouette(_) => 1 + SILHOUETTE_FACES,
            Self::Color(_) => 1 + 3 * COLOR_FACES,
        }
    }

    /// Returns the shape that the part is run with: one that it allows, 1 where it has none.
    #[must_use]
    pub fn shape(&self) -> f64 {
        match self {
            Self::Probability(part) => inner(&part.shapes()),
            Self::Silhouette(part) => inner(&part.shapes()),
            _ => 1.0,
        }
    }

    /// Returns the weights that a color aggregator is run with, exact in `f32`; none where the part has none.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        let Self::Color(Color::Neural { hidden }) = self else { return Vec::new() };
        let depth = Neural::depth_weights(DepthMap::Linear, DEPTHS.0, DEPTHS.1);
        let mut i = 0.0;
        // The multiples of the golden section, which fill -1..1 evenly.
        let random = || {
            i += 1.0;
            2.0 * (i * 0.618_033_988_749_894_9_f64).fract() - 1.0
        };
        let weights = Neural { hidden: *hidden }.initial(CHANNELS, depth, random);
        weights.into_iter().map(|w| f64::from(w as f32)).collect()
    }

    /// Runs it on one row: `inputs` of [`Function::inputs`] numbers, `outputs` of [`Function::outputs`].
    ///
    /// # Panics
    /// If a row is shorter than that.
    pub fn run<R: Real>(&self, inputs: &[R], outputs: &mut [R]) {
        let x = inputs;
        let like = x[0];
        match self {
            Self::Exp => outputs[0] = like.exp(),
            Self::Barycentric => outputs[..3].copy_from_slice(&face(x).barycentric(pixel(x))),
            Self::BarycentricVjp => {
                let w = face(x).barycentric(pixel(x));
                points(outputs, &face(x).barycentric_vjp(&w, triple(&x[8..])));
            }
            Self::Clip => outputs[..3].copy_from_slice(&Triangle::clip(&triple(x)).c),
            Self::ClipVjp => {
                let clipped = Triangle::clip(&triple(x));
                outputs[..3].copy_from_slice(&Triangle::clip_vjp(&clipped, triple(&x[3..])));
            }
            Self::Depth => outputs[0] = deep(x).depth(&triple(x)),
            Self::DepthVjp => {
                let depth = deep(x).depth(&triple(x));
                let (to_c, to_z) = deep(x).depth_vjp(&triple(x), depth, x[6]);
                outputs[..3].copy_from_slice(&to_c);
                outputs[3..6].copy_from_slice(&to_z);
            }
            Self::Perspective => {
                let depth = deep(x).depth(&triple(x));
                outputs[..3].copy_from_slice(&deep(x).perspective(&triple(x), depth));
            }
            Self::PerspectiveVjp => {
                let depth = deep(x).depth(&triple(x));
                let (to_c, to_depth, to_z) = deep(x).perspective_vjp(&triple(x), depth, triple(&x[6..]));
                outputs[..3].copy_from_slice(&to_c);
                outputs[3] = to_depth;
                outputs[4..7].copy_from_slice(&to_z);
            }
            Self::Nearness(map) => outputs[0] = map.nearness(like),
            Self::NearnessVjp(map) => outputs[0] = map.nearness_vjp(like, x[1]),
            Self::Signed(metric) => {
                let w = face(x).barycentric(pixel(x));
                outputs[0] = metric.signed(&face(x), pixel(x), &w);
            }
            Self::SignedVjp(metric) => {
                let w = face(x).barycentric(pixel(x));
                points(outputs, &metric.signed_vjp(&face(x), pixel(x), &w, x[8]));
            }
            Self::Probability(part) => fields(outputs, &part.probability(like, like.lit(self.shape()))),
            Self::SmoothWindow => {
                let p = Distribution::Logistic.probability(like, like.one());
                fields(outputs, &smooth_window(&p, like, like.lit(CUT)));
            }
            Self::VertexColor => outputs[0] = vertex_color(&triple(x), triple(&x[3..])),
            Self::VertexColorVjp => {
                let (to_c, to_corners) = vertex_color_vjp(&triple(x), triple(&x[3..]), x[6]);
                outputs[..3].copy_from_slice(&to_c);
                outputs[3..6].copy_from_slice(&to_corners);
            }
            Self::SurfaceTexel => outputs[0] = surface_texel(&triple(x), like.lit(SIDE)),
            Self::Silhouette(part) => silhouette(part, x, like.lit(self.shape()), outputs),
            Self::Color(part) => color(part, &self.weights(), x, outputs),
        }
    }
}

/// Returns the face of the six numbers a row begins with.
fn face<R: Real>(x: &[R]) -> Triangle<R> {
    let one = x[0].one();
    Triangle::new([[x[0], x[1], one], [x[2], x[3], one], [x[4], x[5], one]])
}

/// Returns the pixel after a face.
fn pixel<R: Real>(x: &[R]) -> Vec2<R> {
    Vec2::new(x[6], x[7])
}

/// Returns a face with the depths that follow three weights.
fn deep<R: Real>(x: &[R]) -> Triangle<R> {
    let (zero, one) = (x[0].zero(), x[0].one());
    Triangle::new([[zero, zero, x[3]], [one, zero, x[4]], [zero, one, x[5]]])
}

fn triple<R: Real>(x: &[R]) -> [R; 3] {
    [x[0], x[1], x[2]]
}

fn points<R: Real>(out: &mut [R], v: &[Vec2<R>; 3]) {
    out[..6].copy_from_slice(&[v[0].x, v[0].y, v[1].x, v[1].y, v[2].x, v[2].y]);
}

fn fields<R: Real>(out: &mut [R], p: &Probability<R>) {
    out[..7].copy_from_slice(&[p.d, p.not_d, p.mantissa, p.exponent, p.density, p.score, p.hazard]);
}

/// Returns a shape within what a part allows, exact in `f32`, and 1 where that is nearly anything.
fn inner(allowed: &RangeInclusive<f64>) -> f64 {
    let (low, high) = (*allowed.start(), *allowed.end());
    if high - low > 1e3 { 1.0 } else { f64::from((low + 0.37 * (high - low)) as f32) }
}

fn silhouette<R: Real>(part: &Silhouette, x: &[R], shape: R, outputs: &mut [R]) {
    let (one, faces) = (x[0].one(), x[0].lit(SILHOUETTE_FACES as f64));
    let probability = |j: usize| Distribution::Logistic.probability(x[j], one);
    let mut state = part.identity(x[0]);
    for j in 0..SILHOUETTE_FACES {
        part.push(&mut state, &probability(j), one.mask(true), shape);
    }
    outputs[0] = part.finish(&mut state, faces, shape);
    for j in 0..SILHOUETTE_FACES {
        let p = probability(j);
        outputs[1 + j] = p.vjp(&part.pair_vjp(&state, &p, faces, shape, one));
    }
}

fn color<R: Real>(part: &Color, weights: &[f64], x: &[R], outputs: &mut [R]) {
    let like = x[0];
    let (zero, one) = (like.zero(), like.one());
    let weights: Vec<R::Scalar> = weights.iter().map(|&w| R::Scalar::from_f64(w)).collect();
    let colors: [[R; CHANNELS]; COLOR_FACES] = core::array::from_fn(|j| [x[6 + j], zero, zero]);
    let context = ColorContext {
        rate: like.lit(1.0 / ((DEPTHS.1 - DEPTHS.0) * GAMMA)),
        inv_gamma: like.lit(1.0 / GAMMA),
        background_nearness: like.lit(-DEPTHS.1),
        weights: &weights,
    };
    let map = DepthMap::Linear;
    let pair = |j: usize| ColorPair {
        p: Distribution::Logistic.probability(x[j], one),
        nearness: map.nearness(x[3 + j]),
        depth: x[3 + j],
        face: like.lit(j as f64),
        holds: x[j].gt(zero),
        member: one.mask(true),
        color: &colors[j],
    };
    let mut state = part.identity(like);
    let mut sums = vec![zero; part.sums(CHANNELS)];
    let sums = &mut sums[..];
    for j in 0..COLOR_FACES {
        part.push(&context, &mut state, sums, &pair(j));
    }
    let (background, mut drawn) = ([like.lit(0.3), zero, zero], [zero; CHANNELS]);
    part.finish(&context, &mut state, sums, &background, &mut drawn);
    outputs[0] = drawn[0];
    let pixel = ColorPixel { state, sums, background: &background };
    let (mut grad_sums, mut grad_background) = (vec![zero; sums.len()], [zero; CHANNELS]);
    let grad_sums = &mut grad_sums[..];
    let mut to =
        ColorPixelGrad { sums: grad_sums, background: &mut grad_background, weights: WeightSink::Nowhere };
    let (fixed, _) = part.pixel_vjp(&context, &pixel, &[one, zero, zero], &mut to);
    let cotangent = ColorCotangent { fixed, sums: grad_sums };
    for j in 0..COLOR_FACES {
        let mut grad_color = [zero; CHANNELS];
        let g =
            part.pair_vjp(&context, &pixel, &cotangent, &pair(j), &mut grad_color, &mut WeightSink::Nowhere);
        outputs[1 + 3 * j] = pair(j).p.vjp(&g.p);
        outputs[2 + 3 * j] = map.nearness_vjp(x[3 + j], g.nearness);
        outputs[3 + 3 * j] = grad_color[0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_fills_its_row_and_has_a_name_of_its_own() {
        let all = Function::all();
        let names: std::collections::BTreeSet<_> = all.iter().map(Function::name).collect();
        assert_eq!(names.len(), all.len());
        for function in all {
            let inputs: Vec<f64> = (0..function.inputs()).map(|i| 0.3 + 0.17 * i as f64).collect();
            let mut outputs = vec![f64::NAN; function.outputs()];
            function.run(&inputs, &mut outputs);
            assert!(outputs.iter().all(|x| x.is_finite()), "{}: {outputs:?}", function.name());
        }
    }

    #[test]
    fn a_barycentric_row_is_that_of_the_known_answers() {
        // Face A of MATH 11 at (0.1, -0.45).
        let mut w = [0.0; 3];
        Function::Barycentric.run(&[-0.5, -0.5, 0.5, -0.5, 0.0, 0.5, 0.1, -0.45], &mut w);
        for (found, expected) in w.iter().zip([0.375, 0.575, 0.05]) {
            assert!((found - expected).abs() < 1e-12, "{w:?}");
        }
    }
}
