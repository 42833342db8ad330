//! The functions that are probed: how their inputs are drawn, their call in WGSL, and the same in the core.

use softras_core::math::{
    Barycentric, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, DepthMap, DistanceMetric, DistributionFunction, Euclidean, EuclideanUnsquared, HardColor,
    HardEdge, HardSilhouette, Logistic, Over, ProbabilisticOr, Probability, ProbabilityGrad, Scalar,
    SilhouetteAggregator, Softmax, Sum, Triangle, Vec2, WeightSink, smooth_window, smooth_window_vjp,
    surface_texel, vertex_color, vertex_color_vjp,
};

/// A stream of numbers in 0..1 (Knuth's MMIX generator): the same on every machine.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }
    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.next()
    }
    fn three(&mut self, low: f32, high: f32) -> [f32; 3] {
        [0; 3].map(|_| self.between(low, high))
    }
    /// A face with an area, before the camera.
    fn corners(&mut self) -> Vec<f32> {
        loop {
            let corners: Vec<f32> = (0..3)
                .flat_map(|_| [self.between(-1.0, 1.0), self.between(-1.0, 1.0), self.between(1.0, 5.0)])
                .collect();
            let c = |k: usize, i: usize| corners[k * 3 + i];
            let area = (c(1, 0) - c(0, 0)) * (c(2, 1) - c(0, 1)) - (c(1, 1) - c(0, 1)) * (c(2, 0) - c(0, 0));
            if area.abs() > 0.2 {
                return corners;
            }
        }
    }
    /// Weights that sum to 1, inside the face.
    fn weights(&mut self) -> Vec<f32> {
        let w = self.three(0.05, 1.0);
        let sum = w[0] + w[1] + w[2];
        w.iter().map(|w| w / sum).collect()
    }
    /// A pair: x, nearness, depth, number, color.
    fn pair(&mut self) -> Vec<f32> {
        let mut pair = vec![self.between(-9.0, 9.0), self.between(-5.0, -1.0), self.between(1.0, 5.0)];
        pair.push((self.next() * 4.0).floor());
        pair.extend(self.three(0.0, 1.0));
        pair
    }
    /// `rate`, `1 / gamma`, the background's nearness.
    fn context(&mut self) -> Vec<f32> {
        vec![self.between(0.5, 4.0), self.between(5.0, 20.0), self.between(-6.0, -4.0)]
    }
}

/// What a function of the core reads.
pub(super) struct Input<'a, S>(core::slice::Iter<'a, f32>, core::marker::PhantomData<S>);

impl<'a, S: Scalar> Input<'a, S> {
    pub(super) fn of(numbers: &'a [f32]) -> Self {
        Self(numbers.iter(), core::marker::PhantomData)
    }
    fn one(&mut self) -> S {
        S::from_f64(f64::from(self.0.next().copied().expect("an input")))
    }
    fn two(&mut self) -> Vec2<S> {
        Vec2::new(self.one(), self.one())
    }
    fn three(&mut self) -> [S; 3] {
        [0; 3].map(|_| self.one())
    }
    fn triangle(&mut self) -> Triangle<S> {
        Triangle::new([0; 3].map(|_| self.three()))
    }
    fn probability(&mut self) -> Probability<S> {
        Logistic.probability(self.one(), S::ONE)
    }
    fn grad(&mut self) -> ProbabilityGrad<S> {
        ProbabilityGrad { d: self.one(), ln_d: self.one(), ln_not_d: self.one() }
    }
    fn pair<'c>(&mut self, color: &'c mut [S; 3]) -> ColorPair<'c, S> {
        let p = self.probability();
        let (nearness, depth, face) = (self.one(), self.one(), self.one());
        *color = self.three();
        ColorPair { p, nearness, depth, face, holds: true, member: true, color }
    }
    fn context(&mut self) -> ColorContext<'static, S> {
        ColorContext {
            rate: self.one(),
            inv_gamma: self.one(),
            background_nearness: self.one(),
            weights: &[],
        }
    }
}

/// One function: how its inputs are drawn, its call in WGSL, and the same in the core.
pub(super) struct Probe {
    pub(super) name: &'static str,
    /// Units in the last place that it may be off by.
    pub(super) ulps: f64,
    pub(super) draw: fn(&mut Numbers) -> Vec<f32>,
    pub(super) wgsl: &'static str,
    pub(super) single: fn(&mut Input<'_, f32>) -> Vec<f32>,
    pub(super) double: fn(&mut Input<'_, f64>) -> Vec<f64>,
}

fn xy<S: Scalar>(corners: [Vec2<S>; 3]) -> Vec<S> {
    corners.iter().flat_map(|v| [v.x, v.y]).collect()
}

fn all<S: Scalar>(p: &Probability<S>) -> Vec<S> {
    vec![p.d, p.not_d, p.mantissa, p.exponent, p.density, p.score, p.hazard]
}

fn of_grad<S: Scalar>(g: &ProbabilityGrad<S>) -> Vec<S> {
    vec![g.d, g.ln_d, g.ln_not_d]
}

fn truth<S: Scalar>(x: bool) -> S {
    S::from_f64(f64::from(u8::from(x)))
}

/// A face, a pixel around it, and a gradient.
fn around(n: &mut Numbers) -> Vec<f32> {
    let mut all = n.corners();
    all.extend([n.between(-1.5, 1.5), n.between(-1.5, 1.5), n.between(-1.0, 1.0), 0.1]);
    all
}

fn distance<S: Scalar>(i: &mut Input<'_, S>, metric: &impl DistanceMetric) -> Vec<S> {
    let (face, at, grad) = (i.triangle(), i.two(), i.one());
    let w = face.barycentric(at);
    let mut out = vec![metric.signed(&face, at, &w)];
    out.extend(xy(metric.signed_vjp(&face, at, &w, grad)));
    out
}

fn silhouette<S: Scalar, A: SilhouetteAggregator>(i: &mut Input<'_, S>, part: &A) -> Vec<S> {
    let (p, q, grad) = (i.probability(), i.probability(), i.one());
    let two = S::from_f64(2.0);
    let mut state = part.identity(S::ZERO);
    part.push(&mut state, &p, true, S::ONE);
    let mut other = part.identity(S::ZERO);
    part.push(&mut other, &q, true, S::ONE);
    part.merge(&mut state, &other);
    let mut out = vec![part.finish(&mut state, two, S::ONE)];
    out.extend(of_grad(&part.pair_vjp(&state, &p, two, S::ONE, grad)));
    out
}

/// Pushes two faces, merges a third, finishes, and goes back to the first.
fn color<S: Scalar, A: ColorAggregator>(i: &mut Input<'_, S>, part: &A) -> Vec<S> {
    let context = i.context();
    let (mut a, mut b, mut c) = ([S::ZERO; 3], [S::ZERO; 3], [S::ZERO; 3]);
    let pairs = [i.pair(&mut a), i.pair(&mut b), i.pair(&mut c)];
    let (background, grad) = (i.three(), i.three());
    let (mut state, mut sums) = (part.identity(S::ZERO), [S::ZERO; 3]);
    part.push(&context, &mut state, &mut sums, &pairs[0]);
    part.push(&context, &mut state, &mut sums, &pairs[1]);
    let (mut other, mut other_sums) = (part.identity(S::ZERO), [S::ZERO; 3]);
    part.push(&context, &mut other, &mut other_sums, &pairs[2]);
    part.merge(&context, &mut state, &mut sums, (&other, &other_sums));
    let mut drawn = [S::ZERO; 3];
    part.finish(&context, &mut state, &mut sums, &background, &mut drawn);
    let pixel = ColorPixel { state, sums: &sums, background: &background };
    let (mut out_sums, mut out_background) = ([S::ZERO; 3], [S::ZERO; 3]);
    let mut out =
        ColorPixelGrad { sums: &mut out_sums, background: &mut out_background, weights: WeightSink::Nowhere };
    let (fixed, epsilon) = part.pixel_vjp(&context, &pixel, &grad, &mut out);
    let mut grad_color = [S::ZERO; 3];
    let cotangent = ColorCotangent { fixed, sums: &out_sums };
    let g: ColorPairGrad<S> =
        part.pair_vjp(&context, &pixel, &cotangent, &pairs[0], &mut grad_color, &mut WeightSink::Nowhere);
    let mut all = drawn.to_vec();
    all.extend(out_sums.iter().chain(&out_background));
    all.push(epsilon);
    all.extend(grad_color);
    all.extend(of_grad(&g.p));
    all.extend([g.nearness, g.gamma]);
    all
}

fn colors(n: &mut Numbers) -> Vec<f32> {
    let mut all = n.context();
    for _ in 0..3 {
        all.extend(n.pair());
    }
    all.extend(n.three(0.0, 1.0));
    all.extend(n.three(-1.0, 1.0));
    all
}

const DISTANCE: &str = "let face = triangle_new(take_corners());
    let at = take2();
    let grad = take();
    let w = triangle_barycentric(face, at);
    give(NAME_signed(face, at, w));
    give_xy(NAME_signed_vjp(face, at, w, grad));";

const SILHOUETTE: &str = "let p = take_probability();
    let q = take_probability();
    let grad = take();
    var state = NAME_identity();
    NAME_push(&state, p, true, 1.0);
    var other = NAME_identity();
    NAME_push(&other, q, true, 1.0);
    NAME_merge(&state, other);
    give(NAME_finish(&state, 2.0, 1.0));
    give_probability_grad(NAME_pair_vjp(state, p, 2.0, 1.0, grad));";

const COLOR: &str = "let context = take_context();
    let a = take_pair();
    let b = take_pair();
    let c = take_pair();
    let background = take_channels();
    let grad = take_channels();
    var state = COLOR_identity();
    var sums: Channels;
    COLOR_push(context, &state, &sums, a);
    COLOR_push(context, &state, &sums, b);
    var other = COLOR_identity();
    var other_sums: Channels;
    COLOR_push(context, &other, &other_sums, c);
    COLOR_merge(context, &state, &sums, other, other_sums);
    var drawn: Channels;
    COLOR_finish(context, &state, &sums, background, &drawn);
    let pixel = COLOR_Pixel(state, sums, background);
    var out_sums: Channels;
    var out_background: Channels;
    var epsilon = 0.0;
    let fixed = COLOR_pixel_vjp(context, pixel, grad, &out_sums, &out_background, &epsilon);
    var grad_color: Channels;
    let g = COLOR_pair_vjp(context, pixel, fixed, out_sums, a, &grad_color);
    give_channels(drawn);
    give_channels(out_sums);
    give_channels(out_background);
    give(epsilon);
    give_channels(grad_color);
    give_probability_grad(g.p);
    give(g.nearness);
    give(g.gamma);";

/// A distance metric, alone.
const fn metric<M: DistanceMetric + Default>(name: &'static str, ulps: f64) -> Probe {
    Probe {
        name,
        ulps,
        draw: around,
        wgsl: DISTANCE,
        single: |i| distance(i, &M::default()),
        double: |i| distance(i, &M::default()),
    }
}

/// A silhouette aggregator: two faces.
const fn coverage<A: SilhouetteAggregator + Default>(name: &'static str, ulps: f64) -> Probe {
    Probe {
        name,
        ulps,
        draw: |n| vec![n.between(-9.0, 9.0), n.between(-9.0, 9.0), n.next()],
        wgsl: SILHOUETTE,
        single: |i| silhouette(i, &A::default()),
        double: |i| silhouette(i, &A::default()),
    }
}

/// A color aggregator: three faces.
const fn shade<A: ColorAggregator + Default>(name: &'static str, ulps: f64) -> Probe {
    Probe {
        name,
        ulps,
        draw: colors,
        wgsl: COLOR,
        single: |i| color(i, &A::default()),
        double: |i| color(i, &A::default()),
    }
}

/// The parts that a picture chooses from, each kind through one shape.
const PARTS: &[Probe] = &[
    metric::<Euclidean>("euclidean", 64.0),
    metric::<EuclideanUnsquared>("euclidean_unsquared", 256.0),
    metric::<Barycentric>("barycentric", 256.0),
    metric::<HardEdge>("hard_edge", 0.0),
    coverage::<ProbabilisticOr>("probabilistic_or", 4.0),
    coverage::<Sum>("sum", 4.0),
    coverage::<HardSilhouette>("hard_silhouette", 0.0),
    shade::<Softmax>("color softmax", 64.0),
    shade::<Over>("color over", 64.0),
    shade::<HardColor>("color hard", 0.0),
];

/// Every function that is probed.
pub(super) fn probes() -> impl Iterator<Item = &'static Probe> {
    ALONE.iter().chain(PARTS)
}

/// Declares functions; the core runs the same in 32 and in 64 bits.
macro_rules! probes {
    ($($name:literal, within $ulps:literal, $draw:expr, $wgsl:expr, |$i:ident| $core:expr;)+) => {
        /// Functions that no other is written like.
        const ALONE: &[Probe] = &[$(Probe {
            name: $name,
            ulps: $ulps,
            draw: $draw,
            wgsl: $wgsl,
            single: |$i| $core,
            double: |$i| $core,
        }),+];
    };
}

probes! {
    "exp_f32", within 2.0,
        |n| vec![n.between(-79.0, 87.0)],
        "give(exp_f32(take()));",
        |i| vec![i.one().exp()];
    "triangle_new and triangle_barycentric", within 64.0,
        around,
        "let face = triangle_new(take_corners());
            let at = take2();
            give3(triangle_barycentric(face, at));
            give_xy(triangle_barycentric_slopes(face));
            give3(face.inv_z);
            give_truth(triangle_inside(face, triangle_barycentric(face, at)));
            give_truth(triangle_holds(face, triangle_barycentric(face, at)));
            give_truth(face.counter_clockwise);
            let bounds = triangle_bounding_box(face);
            give2(bounds.low);
            give2(bounds.high);
            let grad = take();
            give_truth(bounding_box_holds(bounds, at, take()));
            give_xy(triangle_barycentric_vjp(face, triangle_barycentric(face, at), vec3<f32>(grad, 0.5, -0.25)));",
        |i| {
            let (face, at, grad) = (i.triangle(), i.two(), i.one());
            let w = face.barycentric(at);
            let bounds = face.bounding_box();
            let mut out = w.to_vec();
            out.extend(xy(face.barycentric_slopes()));
            out.extend(face.inv_z);
            out.push(truth(face.inside(&w)));
            out.push(truth(face.holds(&w)));
            out.push(truth(face.counter_clockwise));
            out.extend([bounds.low.x, bounds.low.y, bounds.high.x, bounds.high.y]);
            out.push(truth(bounds.holds(at, i.one())));
            out.extend(xy(face.barycentric_vjp(&w, [grad, 0.5, -0.25])));
            out
        };
    "triangle_clip and its vjp", within 8.0,
        |n| [n.three(-0.5, 1.3), n.three(-1.0, 1.0)].concat(),
        "let clipped = triangle_clip(take3());
            give3(clipped.c);
            give3(triangle_clip_vjp(clipped, take3()));",
        |i| {
            let clipped = Triangle::clip(&i.three());
            let mut out = clipped.c.to_vec();
            out.extend(Triangle::clip_vjp(&clipped, i.three()));
            out
        };
    "triangle_depth, triangle_perspective and their vjps", within 16.0,
        |n| [n.corners(), n.weights(), n.three(-1.0, 1.0).to_vec()].concat(),
        "let face = triangle_new(take_corners());
            let c = take3();
            let grad = take3();
            let z = triangle_depth(face, c);
            give(z);
            give3(triangle_perspective(face, c, z));
            let d = triangle_depth_vjp(face, c, z, grad.x);
            give3(d.c);
            give3(d.z);
            let p = triangle_perspective_vjp(face, c, z, grad);
            give3(p.c);
            give(p.z_p);
            give3(p.z);",
        |i| {
            let (face, c, grad) = (i.triangle(), i.three(), i.three());
            let z = face.depth(&c);
            let mut out = vec![z];
            out.extend(face.perspective(&c, z));
            let (to_c, to_z) = face.depth_vjp(&c, z, grad[0]);
            out.extend(to_c.iter().chain(&to_z));
            let (to_c, to_depth, to_z) = face.perspective_vjp(&c, z, grad);
            out.extend(to_c);
            out.push(to_depth);
            out.extend(to_z);
            out
        };
    "logistic_probability and probability_vjp", within 4.0,
        |n| vec![n.between(-30.0, 30.0), n.next(), n.next(), n.next()],
        "let p = take_probability();
            give_probability(p);
            let grad = take3();
            give(probability_vjp(p, ProbabilityGrad(grad.x, grad.y, grad.z)));",
        |i| {
            let p = i.probability();
            let mut out = all(&p);
            out.push(p.vjp(&i.grad()));
            out
        };
    "smooth_window and its vjp", within 64.0,
        |n| vec![n.between(-9.0, 9.0), n.next(), n.next(), n.next()],
        "let x = take();
            let p = logistic_probability(x, 1.0);
            give_probability(smooth_window(p, x, 9.25));
            let grad = take3();
            give_probability_grad(smooth_window_vjp(p, x, 9.25, ProbabilityGrad(grad.x, grad.y, grad.z)));",
        |i| {
            let x = i.one();
            let p = Logistic.probability(x, 1.0);
            let mut out = all(&smooth_window(&p, x, 9.25));
            out.extend(of_grad(&smooth_window_vjp(&p, x, 9.25, &i.grad())));
            out
        };
    "depth_map_nearness and its vjp", within 4.0,
        |n| vec![n.between(1.0, 100.0), n.between(-1.0, 1.0)],
        "let z = take();
            let grad = take();
            give(depth_map_nearness(DEPTH_MAP_LINEAR, z));
            give(depth_map_nearness_vjp(DEPTH_MAP_LINEAR, z, grad));
            give(depth_map_nearness(DEPTH_MAP_INVERSE, z));
            give(depth_map_nearness_vjp(DEPTH_MAP_INVERSE, z, grad));",
        |i| {
            let (z, grad) = (i.one(), i.one());
            [DepthMap::Linear, DepthMap::Inverse]
                .iter()
                .flat_map(|map| [map.nearness(z), map.nearness_vjp(z, grad)])
                .collect()
        };
    "surface_texel", within 0.0,
        // Weights from a grid that no border of texels passes through.
        |n| {
            let side = 1.0 + (n.next() * 8.0).floor();
            let (x, y) = ((n.next() * 96.0).floor(), (n.next() * 96.0).floor());
            let (x, y) = if x + y > 95.0 { (95.0 - x, 95.0 - y) } else { (x, y) };
            let place = |x: f32| (x + 0.37) / 97.0;
            vec![place(x), place(y), 1.0 - place(x) - place(y), side]
        },
        "let c = take3();
            give(surface_texel(c, take()));",
        |i| vec![surface_texel(&i.three(), i.one())];
    "vertex_color and its vjp", within 4.0,
        |n| [n.three(0.0, 1.0), n.three(0.0, 1.0), n.three(-1.0, 1.0)].concat(),
        "let c = take3();
            let corners = take3();
            let grad = take3().x;
            give(vertex_color(c, corners));
            let g = vertex_color_vjp(c, corners, grad);
            give3(g.c);
            give3(g.corners);",
        |i| {
            let (c, corners, grad) = (i.three(), i.three(), i.three()[0]);
            let (to_c, to_corners) = vertex_color_vjp(&c, corners, grad);
            let mut out = vec![vertex_color(&c, corners)];
            out.extend(to_c.iter().chain(&to_corners));
            out
        };
}
