//! One face at one pixel: all formulas in their order, forward and back.
//!
//! Back ends differ in which pairs they visit and in what order; what happens to a pair is here, and whether it counts
//! at all is decided here alone ([`Touch::member`]), for forward and backward alike.

use super::color::{ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPixel, WeightSink};
use super::depth::DepthMap;
use super::distance::{DistanceMetric, Edge};
use super::distribution::{Cutoff, DistributionFunction, LEAST_CUT, Probability, ProbabilityGrad};
use super::distribution::{smooth_window, smooth_window_vjp};
use super::real::{Mask, Real, Scalar};
use super::silhouette::SilhouetteAggregator;
use super::texture::{FaceTexels, Interpolation, TexelSink};
use super::triangle::{BoundingBox, Clipped, Facing, Triangle};
use super::vector::Vec2;

/// Beyond this `s / sigma` is as good as infinite, and finite.
const FAR: f64 = 1e30;

/// The four pluggable parts of a soft rasterizer.
#[derive(Clone, Debug)]
pub struct Parts<M, F, S, A> {
    /// The distance metric.
    pub distance: M,
    /// The distribution.
    pub distribution: F,
    /// The silhouette aggregator.
    pub silhouette: S,
    /// The color aggregator.
    pub color: A,
}

/// The numbers all pairs of a picture share.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a, R: Real> {
    /// `1 / sigma`.
    pub inv_sigma: R,
    /// c, the cut of `x = s / sigma`.
    pub cut: R,
    /// The slope of c along the distribution's parameter, where the cut-off is smooth; else 0.
    pub cut_slope: R,
    /// `c sigma`: a face counts while `-s < bound`.
    pub bound: R,
    /// `sqrt(c sigma)`: by how much the bounding box is grown.
    pub box_reach: R,
    /// Whether the box rule of MATH 3 can cut anything that the metric does not.
    pub boxed: bool,
    /// What happens beyond the cut.
    pub cutoff: Cutoff,
    /// The distribution's own parameter.
    pub distribution_shape: R,
    /// The silhouette aggregator's own parameter.
    pub t_conorm_shape: R,
    /// The number of faces of the picture.
    pub faces: R,
    /// Depths nearer than this have no color.
    pub near: R,
    /// Depths farther than this have no color.
    pub far: R,
    /// How depth is normalised.
    pub depth_map: DepthMap,
    /// How attributes are interpolated.
    pub interpolation: Interpolation,
    /// Which faces have color.
    pub facing: Facing,
    /// What color aggregators share.
    pub color: ColorContext<'a, R>,
}

/// A face as a pair sees it.
#[derive(Clone, Copy, Debug)]
pub struct Face<'a, R: Real> {
    /// Its geometry.
    pub triangle: Triangle<R>,
    /// Its bounding box.
    pub bounds: BoundingBox<R>,
    /// Its number in the picture.
    pub number: R,
    /// Its texels; `None` draws no color.
    pub texels: Option<FaceTexels<'a, R::Scalar>>,
}

impl<'a, R: Real> Face<'a, R> {
    /// Sets up a face from its corners, three times (x, y, z).
    #[inline(always)]
    pub fn new(corners: [[R; 3]; 3], number: R, texels: Option<FaceTexels<'a, R::Scalar>>) -> Self {
        let triangle = Triangle::new(corners);
        Self { triangle, bounds: triangle.bounding_box(), number, texels }
    }
}

/// How a face touches a pixel.
#[derive(Clone, Copy, Debug)]
pub struct Touch<R: Real> {
    /// Where the pair counts. Everything else is meaningless elsewhere.
    pub member: R::Mask,
    /// Barycentric weights.
    pub w: [R; 3],
    /// `x = s / sigma`.
    pub x: R,
    /// D, windowed where the cut-off is smooth.
    pub p: Probability<R>,
}

/// What a face shows at a pixel.
#[derive(Clone, Copy, Debug)]
pub struct Shade<R: Real> {
    /// Where the pair has color.
    pub member: R::Mask,
    /// Clipped weights.
    pub clipped: Clipped<R>,
    /// Depth `z_p`.
    pub depth: R,
    /// The weights that read the texture.
    pub weights: [R; 3],
    /// Nearness q.
    pub nearness: R,
}

/// The gradient of a loss with respect to what a pair read, beside texels and aggregator weights.
#[derive(Clone, Copy, Debug)]
pub struct PairGrad<R> {
    /// With respect to the corners, three times (x, y, z).
    pub corners: [[R; 3]; 3],
    /// With respect to sigma.
    pub sigma: R,
    /// With respect to gamma.
    pub gamma: R,
    /// With respect to the distribution's own parameter.
    pub distribution: R,
    /// With respect to the silhouette aggregator's own parameter.
    pub t_conorm: R,
}

impl<R: Real> PairGrad<R> {
    /// Returns no gradient.
    #[inline(always)]
    pub fn zero(like: R) -> Self {
        let zero = like.zero();
        Self { corners: [[zero; 3]; 3], sigma: zero, gamma: zero, distribution: zero, t_conorm: zero }
    }

    /// Adds another gradient; those to the shapes of distribution `F` and silhouette aggregator `S` where they have any.
    #[inline(always)]
    pub fn add<F: DistributionFunction, S: SilhouetteAggregator>(&mut self, other: &Self) {
        for k in 0..3 {
            for i in 0..3 {
                self.corners[k][i] += other.corners[k][i];
            }
        }
        self.sigma += other.sigma;
        self.gamma += other.gamma;
        if F::SHAPED {
            self.distribution += other.distribution;
        }
        if S::SHAPED {
            self.t_conorm += other.t_conorm;
        }
    }
}

/// The silhouette side of a finished pixel in the reverse.
#[derive(Clone, Copy, Debug)]
pub struct SilhouetteGrad<T, R> {
    /// The state after `finish`.
    pub state: T,
    /// d loss / d alpha.
    pub grad: R,
}

/// The color side of a finished pixel in the reverse.
#[derive(Clone, Copy, Debug)]
pub struct ColorGrad<'a, T, U, R> {
    /// The pixel after `finish`.
    pub pixel: ColorPixel<'a, T, R>,
    /// What `pixel_vjp` returned.
    pub cotangent: ColorCotangent<'a, U, R>,
}

/// The [`ColorGrad`] of an aggregator.
pub type ColorGradOf<'a, A, R> =
    ColorGrad<'a, <A as ColorAggregator>::State<R>, <A as ColorAggregator>::Cotangent<R>, R>;

/// The color side of a pixel that is being drawn.
#[derive(Debug)]
pub struct ColorSlot<'a, T, R> {
    /// The aggregator's state.
    pub state: &'a mut T,
    /// Its sums.
    pub sums: &'a mut [R],
    /// Room for C values, overwritten.
    pub scratch: &'a mut [R],
}

/// Where the reverse of a pair adds what is not in [`PairGrad`].
#[derive(Debug)]
pub struct PairSink<'a, R: Real> {
    /// Room for C values, overwritten.
    pub color: &'a mut [R],
    /// Room for C values, overwritten.
    pub grad_color: &'a mut [R],
    /// Gradient to the texels of the face.
    pub texels: TexelSink<'a, R>,
    /// Gradient to the aggregator's weights, added to.
    pub weights: WeightSink<'a, R>,
}

impl<'a, R: Scalar> Setting<'a, R> {
    /// Returns the same numbers in every lane of `like`.
    #[inline(always)]
    pub fn splat<L: Real<Scalar = R>>(&self, like: L) -> Setting<'a, L> {
        Setting {
            inv_sigma: like.splat(self.inv_sigma),
            cut: like.splat(self.cut),
            cut_slope: like.splat(self.cut_slope),
            bound: like.splat(self.bound),
            box_reach: like.splat(self.box_reach),
            boxed: self.boxed,
            cutoff: self.cutoff,
            distribution_shape: like.splat(self.distribution_shape),
            t_conorm_shape: like.splat(self.t_conorm_shape),
            faces: like.splat(self.faces),
            near: like.splat(self.near),
            far: like.splat(self.far),
            depth_map: self.depth_map,
            interpolation: self.interpolation,
            facing: self.facing,
            color: ColorContext {
                rate: like.splat(self.color.rate),
                inv_gamma: like.splat(self.color.inv_gamma),
                background_nearness: like.splat(self.color.background_nearness),
                weights: self.color.weights,
            },
        }
    }
}

impl<R: Real> Setting<'_, R> {
    /// Tells where a face may have color: it is in front of the camera and turns a side that is colored.
    #[inline(always)]
    pub fn sees(&self, face: &Triangle<R>) -> R::Mask {
        match self.facing {
            Facing::Both => face.colored,
            Facing::CounterClockwise => face.colored & face.counter_clockwise,
            Facing::Clockwise => face.colored & !face.counter_clockwise,
        }
    }

    /// Returns what a face shows at a pixel it touches (MATH 5).
    #[inline(always)]
    pub fn shade(&self, face: &Triangle<R>, touch: &Touch<R>) -> Shade<R> {
        let clipped = Triangle::clip(&touch.w);
        let depth = face.depth(&clipped.c);
        let weights = match self.interpolation {
            Interpolation::Perspective => face.perspective(&clipped.c, depth),
            Interpolation::Screen => clipped.c,
        };
        let in_range = depth.ge(self.near) & depth.le(self.far);
        let member = touch.member & self.sees(face) & in_range;
        Shade {
            member,
            clipped,
            depth,
            // Lanes that are no members may hold anything; times a weight of 0 it must still be 0.
            weights: three!(k => weights[k].keep(member)),
            nearness: self.depth_map.nearness(depth),
        }
    }

    /// Returns the gradient to the corners, given the gradients to the texture weights and to the nearness: every term
    /// of MATH 5, `d z_p / d(x, y)` and `d C / d(x, y)` included.
    #[inline(always)]
    pub fn shade_vjp(
        &self,
        face: &Triangle<R>,
        touch: &Touch<R>,
        shade: &Shade<R>,
        grad_weights: [R; 3],
        grad_nearness: R,
    ) -> [[R; 3]; 3] {
        let zero = grad_nearness.zero();
        let c = &shade.clipped.c;
        let mut grad_depth = self.depth_map.nearness_vjp(shade.depth, grad_nearness);
        let (mut grad_c, mut grad_z) = (grad_weights, [zero; 3]);
        if self.interpolation == Interpolation::Perspective {
            let (to_c, to_depth, to_z) = face.perspective_vjp(c, shade.depth, grad_weights);
            (grad_c, grad_z) = (to_c, to_z);
            grad_depth += to_depth;
        }
        let (to_c, to_z) = face.depth_vjp(c, shade.depth, grad_depth);
        for k in 0..3 {
            grad_c[k] += to_c[k];
            grad_z[k] += to_z[k];
        }
        let grad_w = Triangle::clip_vjp(&shade.clipped, grad_c);
        let grad_w = three!(k => grad_w[k].keep(shade.member));
        let xy = face.barycentric_vjp(&touch.w, grad_w);
        three!(k => [xy[k].x, xy[k].y, grad_z[k].keep(shade.member)])
    }
}

impl<M: DistanceMetric, F: DistributionFunction, S: SilhouetteAggregator, A: ColorAggregator>
    Parts<M, F, S, A>
{
    /// Decides whether a face counts at the pixel `at`, and how much (MATH 3).
    #[inline(always)]
    pub fn touch<R: Real>(&self, setting: &Setting<'_, R>, face: &Face<'_, R>, at: Vec2<R>) -> Touch<R> {
        let triangle = &face.triangle;
        let w = triangle.barycentric(at);
        if self.distance.edge() == Edge::Hard {
            return Touch { member: triangle.holds(&w), w, x: at.x.zero(), p: Probability::certain(at.x) };
        }
        let s = self.distance.signed(triangle, at, &w);
        let x = (s * setting.inv_sigma).clamp(-FAR, FAR);
        let p = self.distribution.probability(x, setting.distribution_shape);
        let member = match setting.cutoff {
            Cutoff::None => s.mask(true),
            Cutoff::Hard | Cutoff::Smooth if setting.boxed => {
                s.gt(-setting.bound) & face.bounds.holds(at, setting.box_reach)
            }
            Cutoff::Hard | Cutoff::Smooth => s.gt(-setting.bound),
        };
        let p = match setting.cutoff {
            Cutoff::Smooth => smooth_window(&p, x, setting.cut),
            Cutoff::Hard | Cutoff::None => p,
        };
        Touch { member, w, x, p }
    }

    /// Adds a face to the silhouette and color of the pixel `at`; tells where the pair counted.
    ///
    /// `silhouette` or `color` is `None` where that output is not drawn.
    #[inline(always)]
    pub fn forward<R: Real>(
        &self,
        setting: &Setting<'_, R>,
        face: &Face<'_, R>,
        at: Vec2<R>,
        silhouette: Option<&mut S::State<R>>,
        color: Option<ColorSlot<'_, A::State<R>, R>>,
    ) -> R::Mask {
        let touch = self.touch(setting, face, at);
        if !touch.member.any() {
            return touch.member;
        }
        if let Some(state) = silhouette {
            self.push_silhouette(setting, &touch, state);
        }
        if let Some(slot) = color {
            self.push_color(setting, face, &touch, slot);
        }
        touch.member
    }

    /// Adds a face to the silhouette of the pixel it touches: the second step of [`Parts::forward`].
    #[inline(always)]
    pub fn push_silhouette<R: Real>(
        &self,
        setting: &Setting<'_, R>,
        touch: &Touch<R>,
        state: &mut S::State<R>,
    ) {
        self.silhouette.push(state, &touch.p, touch.member, setting.t_conorm_shape);
    }

    /// Adds a face to the color of the pixel it touches: the third step of [`Parts::forward`].
    #[inline(always)]
    pub fn push_color<R: Real>(
        &self,
        setting: &Setting<'_, R>,
        face: &Face<'_, R>,
        touch: &Touch<R>,
        slot: ColorSlot<'_, A::State<R>, R>,
    ) {
        if face.texels.is_some() {
            let shade = setting.shade(&face.triangle, touch);
            self.push_shade(setting, face, touch, &shade, slot);
        }
    }

    /// Adds what a face shows to the color of the pixel it touches: the end of [`Parts::push_color`].
    #[inline(always)]
    pub fn push_shade<R: Real>(
        &self,
        setting: &Setting<'_, R>,
        face: &Face<'_, R>,
        touch: &Touch<R>,
        shade: &Shade<R>,
        slot: ColorSlot<'_, A::State<R>, R>,
    ) {
        let Some(texels) = &face.texels else { return };
        if shade.member.any() {
            let ColorSlot { state, sums, scratch } = slot;
            texels.color(&shade.weights, scratch);
            let pair = color_pair(touch, shade, face, scratch);
            self.color.push(&setting.color, state, sums, &pair);
        }
    }

    /// Returns the gradient of what [`Parts::forward`] added, given the gradients at the finished pixel.
    #[inline(always)]
    pub fn backward<R: Real>(
        &self,
        setting: &Setting<'_, R>,
        face: &Face<'_, R>,
        at: Vec2<R>,
        silhouette: Option<&SilhouetteGrad<S::State<R>, R>>,
        color: Option<&ColorGradOf<'_, A, R>>,
        sink: &mut PairSink<'_, R>,
    ) -> PairGrad<R> {
        let touch = &self.touch(setting, face, at);
        let mut out = PairGrad::zero(at.x);
        if !touch.member.any() {
            return out;
        }
        let mut grad_p = ProbabilityGrad::zero(at.x);
        if let Some(SilhouetteGrad { state, grad }) = silhouette {
            let (faces, shape) = (setting.faces, setting.t_conorm_shape);
            grad_p = self.silhouette.pair_vjp(state, &touch.p, faces, shape, *grad);
            out.t_conorm = self.silhouette.shape_vjp(state, &touch.p, faces, shape, *grad).keep(touch.member);
        }
        if let (Some(ColorGrad { pixel, cotangent }), Some(texels)) = (color, &face.texels) {
            let shade = setting.shade(&face.triangle, touch);
            if shade.member.any() {
                texels.color(&shade.weights, sink.color);
                sink.grad_color.fill(at.x.zero());
                let pair = color_pair(touch, &shade, face, sink.color);
                let grad = self.color.pair_vjp(
                    &setting.color,
                    pixel,
                    cotangent,
                    &pair,
                    sink.grad_color,
                    &mut sink.weights,
                );
                grad_p = grad_p.plus(grad.p);
                out.gamma = grad.gamma.keep(shade.member);
                let grad_weights =
                    texels.color_vjp(&shade.weights, sink.grad_color, shade.member, &mut sink.texels);
                out.corners = setting.shade_vjp(&face.triangle, touch, &shade, grad_weights, grad.nearness);
            }
        }
        self.touch_vjp(setting, face, at, touch, &grad_p, &mut out);
        out
    }

    /// Adds the gradient that flows through the probability: to the corners, sigma and the distribution.
    #[inline(always)]
    fn touch_vjp<R: Real>(
        &self,
        setting: &Setting<'_, R>,
        face: &Face<'_, R>,
        at: Vec2<R>,
        touch: &Touch<R>,
        grad: &ProbabilityGrad<R>,
        out: &mut PairGrad<R>,
    ) {
        if self.distance.edge() == Edge::Hard {
            return;
        }
        let (grad_x, shape) = (touch.p.vjp(grad).keep(touch.member), setting.distribution_shape);
        out.distribution = match setting.cutoff {
            Cutoff::Smooth => {
                let p = self.distribution.probability(touch.x, shape);
                let raw = smooth_window_vjp(&p, touch.x, setting.cut, grad);
                // The window moves with the cut as it does with x, times `-x / c`.
                let along = touch.x / setting.cut.max(shape.lit(LEAST_CUT)) * setting.cut_slope;
                self.distribution.shape_vjp(touch.x, shape, &raw) - (touch.p.vjp(grad) - p.vjp(&raw)) * along
            }
            Cutoff::Hard | Cutoff::None => self.distribution.shape_vjp(touch.x, shape, grad),
        }
        .keep(touch.member);
        let grad_s = grad_x * setting.inv_sigma;
        out.sigma = -(grad_x * touch.x * setting.inv_sigma);
        let xys = self.distance.signed_vjp(&face.triangle, at, &touch.w, grad_s);
        for (corner, xy) in out.corners.iter_mut().zip(xys) {
            corner[0] += xy.x;
            corner[1] += xy.y;
        }
    }
}

/// What the color aggregators are told of a pair.
#[inline(always)]
pub(crate) fn color_pair<'a, R: Real>(
    touch: &Touch<R>,
    shade: &Shade<R>,
    face: &Face<'_, R>,
    color: &'a [R],
) -> ColorPair<'a, R> {
    ColorPair {
        p: touch.p,
        nearness: shade.nearness,
        depth: shade.depth,
        face: face.number,
        holds: face.triangle.holds(&touch.w),
        member: shade.member,
        color,
    }
}
