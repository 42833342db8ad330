//! Which pixels rounding may decide either way.
//!
//! Nothing here knows a part by name: where a pair may change sides, or a slope jump, shows when the corners of the face
//! move by as much as rounding may move them.

use softras_core::math::{
    ColorAggregator, Cutoff, Distance, DistanceMetric, DistributionFunction, Edge, Face, Scalar, Setting,
    SilhouetteAggregator, Touch, Triangle, Vec2, pixel_centre, smooth_window,
};
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;
use softras_core::{ImageGrad, Result};

use crate::floor::AnyParts;
use crate::scene::signed_noise;

/// Pixels where rounding may decide for the other side: on a cut, a texel border, a tie.
///
/// Comparisons leave them out, and set the image gradient to 0 there.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// Per pixel `[B * H * W]`: the silhouette may jump, or its gradient.
    pub silhouette: Vec<bool>,
    /// The color may jump, or its gradient.
    pub color: Vec<bool>,
    /// How many (face, pixel) pairs may count or not.
    pub pairs: u64,
}

impl Doubt {
    /// The share of pixels that are in doubt for either.
    #[must_use]
    pub fn share(&self) -> f64 {
        let both = self.silhouette.iter().zip(&self.color).filter(|&(a, b)| *a || *b).count();
        both as f64 / self.silhouette.len().max(1) as f64
    }

    /// Sets an image gradient to 0 where there is doubt.
    pub fn silence<R: Scalar>(&self, grad: &mut ImageGrad<R>) {
        if let Some(silhouette) = &mut grad.silhouette {
            for (g, _) in silhouette.iter_mut().zip(&self.silhouette).filter(|&(_, &doubt)| doubt) {
                *g = R::ZERO;
            }
        }
        if let Some(color) = &mut grad.color {
            let pixels = color.shape()[2] * color.shape()[3];
            let channels = color.shape()[1];
            for (i, g) in color.iter_mut().enumerate() {
                if self.color[i / (pixels * channels) * pixels + i % pixels] {
                    *g = R::ZERO;
                }
            }
        }
    }
}

/// How near, relative to what is compared, a decision may be to its border before it is in doubt (KERNELS 5: 1e-4).
const MARGIN: f64 = 1e-4;
/// Moves of the corners that are tried, each both ways.
const WOBBLES: u64 = 4;
/// By how much corners move where a slope may jump, in units of the numbers involved: sixteen roundings in `f32`.
const SLOPE_NOISE: f64 = 1e-6;
/// The same, relative to the distance from the face: forty roundings of the quantities that tie.
const SLOPE_MARGIN: f64 = 2e-5;
/// How near 1/2 a D of a distance that is next to nothing may round to it: sixteen roundings in `f32`.
const HALF_NOISE: f64 = 1e-6;
/// How near an edge a slope that does not vanish there is noise: 1e-7 of a coordinate is then 1e-4 of the slope.
const UNIT_NOISE: f64 = 1e-3;
/// A slope that changes by more than this share of itself, there and back, jumps: it is no curve.
const JUMP: f64 = 2e-3;

/// Tells whether the box rule of MATH 3 cuts off faces that the distance does not.
pub fn box_cuts(metric: &Distance, bound: f64) -> bool {
    metric.edge() == Edge::Soft && metric.reach(bound) > bound.sqrt() * (1.0 + 1e-9)
}

/// Finds the pixels in doubt.
///
/// # Errors
/// If the scene is out of range.
pub fn doubt(faces: &Faces<f64>, params: &RasterParams<f64>) -> Result<Doubt> {
    let plan = Plan::new(faces, params)?;
    let parts = crate::floor::parts(params);
    let mut out = Doubt { silhouette: Vec::new(), color: Vec::new(), pairs: 0 };
    for (b, picture) in faces.pictures().iter().enumerate() {
        let setting = plan.setting(b, &[]);
        let set_up: Vec<_> =
            picture.faces.clone().filter(|&f| !faces.is_absent(f)).map(|f| plan.face(faces, b, f)).collect();
        for p in 0..plan.pixels() {
            let at: Vec2<f64> = pixel_centre(p / plan.width, p % plan.width, plan.height, plan.width);
            let (mut silhouette, mut color) = (false, false);
            let mut depths: Vec<(f64, &Triangle<f64>)> = Vec::new();
            let mut members = Vec::new();
            for face in &set_up {
                let touch = parts.touch(&setting, face, at);
                let edges = Edges::of(&face.triangle, at);
                let pair = Pair { parts: &parts, setting: &setting, face, at, edges: &edges };
                let either = pair.may_flip(&touch);
                out.pairs += u64::from(either);
                silhouette |= either || pair.slope_in_doubt(&touch);
                if touch.member {
                    members.push(touch.x);
                }
                if !touch.member || !plan.draws_color {
                    continue;
                }
                let shade = setting.shade(&face.triangle, &touch);
                color |= edges.area_in_doubt(&face.triangle);
                if !face.triangle.colored {
                    continue;
                }
                // The clipped weights have a kink where a weight is 0 or 1, and hard color a jump.
                color |= edges.on_line() || touch.w.iter().any(|w| (w - 1.0).abs() < MARGIN);
                let beside = |limit: f64| (shade.depth / limit - 1.0).abs() < MARGIN;
                color |= beside(*params.get_near()) || beside(*params.get_far());
                if let Some(texels) = &face.texels
                    && let softras_core::math::TextureKind::Surface { side } = texels.kind
                {
                    color |= texel_in_doubt(&shade.weights, side as f64);
                }
                if shade.member && params.get_color().edge() == Edge::Hard && face.triangle.holds(&touch.w) {
                    for (depth, other) in &depths {
                        let same = face.triangle.p == other.p && face.triangle.z.iter().eq(&other.z);
                        color |= !same && (depth / shade.depth - 1.0).abs() < MARGIN;
                    }
                    depths.push((shade.depth, &face.triangle));
                }
            }
            color |= silhouette;
            silhouette |= plan.draws_silhouette && alpha_bends(&parts, &setting, &members);
            out.silhouette.push(silhouette);
            out.color.push(color);
        }
    }
    Ok(out)
}

/// The slope of the alpha jumps here: two faces tie for the largest D, or a sum reaches 1. Each x moved by a hair, there
/// and back, then changes the gradient as no curve does.
fn alpha_bends(parts: &AnyParts, setting: &Setting<'_, f64>, xs: &[f64]) -> bool {
    if parts.silhouette.edge() == Edge::Hard || parts.distance.edge() == Edge::Hard {
        return false;
    }
    let shape = setting.t_conorm_shape;
    let slopes = |seed: u64, size: f64| -> Vec<f64> {
        let pairs: Vec<_> = xs
            .iter()
            .enumerate()
            .map(|(i, x)| {
                let x = x * (1.0 + size * signed_noise(seed, 19, i));
                let p = parts.distribution.probability(x, setting.distribution_shape);
                if setting.cutoff == Cutoff::Smooth { smooth_window(&p, x, setting.cut) } else { p }
            })
            .collect();
        let mut state = parts.silhouette.identity(0.0);
        pairs.iter().for_each(|p| parts.silhouette.push(&mut state, p, true, shape));
        parts.silhouette.finish(&mut state, setting.faces, shape);
        let slope = |p| parts.silhouette.pair_vjp(&state, p, setting.faces, shape, 1.0);
        pairs.iter().map(|p| p.vjp(&slope(p))).collect()
    };
    let size = |v: &[f64]| v.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
    let rest = slopes(0, 0.0);
    (0..WOBBLES).any(|seed| {
        let (there, back) = (slopes(seed, SLOPE_MARGIN), slopes(seed, -SLOPE_MARGIN));
        let bend: Vec<f64> = (0..xs.len()).map(|i| there[i] - 2.0 * rest[i] + back[i]).collect();
        size(&bend) > JUMP * size(&there).max(size(&back)).max(size(&rest))
    })
}

/// Where a pixel is with respect to the edges of a face.
pub(crate) struct Edges {
    /// Distance to each edge, a segment.
    segment: [f64; 3],
    /// Distance to the line each edge lies on.
    line: [f64; 3],
    /// Size of the numbers involved.
    size: f64,
}

impl Edges {
    pub(crate) fn of(face: &Triangle<f64>, at: Vec2<f64>) -> Self {
        let along: [f64; 3] =
            core::array::from_fn(|k| ((at - face.p[k]).dot(face.e[k]) * face.inv_e_sq[k]).clamp(0.0, 1.0));
        let length = |v: Vec2<f64>| v.dot(v).sqrt();
        Self {
            segment: core::array::from_fn(|k| length(at - face.p[k] - face.e[k].scale(along[k]))),
            line: core::array::from_fn(|k| {
                face.e[k].cross(at - face.p[k]).abs() / length(face.e[k]).max(1e-30)
            }),
            size: face.p.iter().fold(1.0, |a: f64, p| a.max(p.x.abs()).max(p.y.abs())),
        }
    }

    /// Distance to the nearest edge.
    fn nearest(&self) -> f64 {
        self.segment.iter().fold(f64::INFINITY, |a, &d| a.min(d))
    }

    /// By how much a unit turns the way to the foot on the nearest edge, in units: the foot is `p + t e`, and rounds along
    /// the edge by the size of the coordinates, however near it is.
    pub(crate) fn turn(&self) -> f64 {
        // Nearer than the noise nothing is compared, and nothing may overflow.
        self.size / self.nearest().max(self.noise())
    }

    /// Rounding noise of a distance, with room.
    fn noise(&self) -> f64 {
        4e-6 * self.size
    }

    /// The pixel centre is on the line of an edge: there a weight is 0.
    fn on_line(&self) -> bool {
        self.line.iter().any(|&d| d < self.noise())
    }

    /// Whether the face has an area at all may be decided by rounding.
    fn area_in_doubt(&self, face: &Triangle<f64>) -> bool {
        let det = face.e[2].cross(face.e[0]).abs();
        let longest = face.e.iter().map(|e| e.dot(*e)).fold(0.0, f64::max);
        let noise = 1e-6 * longest.sqrt() * self.size;
        det < noise + 1e-9 && det > 0.0
            || (det - softras_core::math::ZERO_AREA).abs() < noise && longest > 0.0
    }
}

/// One face at one pixel.
struct Pair<'a> {
    parts: &'a AnyParts,
    setting: &'a Setting<'a, f64>,
    face: &'a Face<'a, f64>,
    at: Vec2<f64>,
    edges: &'a Edges,
}

impl Pair<'_> {
    /// Whether the pair counts, or on which side of 1/2 its D is where that matters, may be decided by rounding.
    fn may_flip(&self, touch: &Touch<f64>) -> bool {
        let Self { parts, setting, face, at, edges } = *self;
        let near =
            setting.cutoff == Cutoff::None || face.bounds.holds(at, setting.box_reach + 8.0 * edges.noise());
        if !near {
            return false;
        }
        if parts.distance.edge() == Edge::Soft && self.on_a_border(touch) {
            return true;
        }
        let half_matters = parts.silhouette.edge() == Edge::Hard;
        if half_matters && touch.member && (touch.p.d - 0.5).abs() < HALF_NOISE {
            return true;
        }
        let side = |t: &Touch<f64>| (t.member, half_matters && t.p.d > 0.5);
        let noise = edges.noise();
        (0..WOBBLES).flat_map(|seed| [(seed, noise), (seed, -noise)]).any(|(seed, size)| {
            let moved = Face { bounds: face.bounds, ..self.moved(seed, size) };
            side(&parts.touch(setting, &moved, at)) != side(touch)
        })
    }

    /// Which slope the pair has may be decided by rounding.
    fn slope_in_doubt(&self, touch: &Touch<f64>) -> bool {
        touch.member
            && self.parts.distance.edge() == Edge::Soft
            && (self.slope_jumps() || self.slope_is_all_noise() || self.density_jumps(touch.x))
    }

    /// The pixel is on the border of the grown box, or on the cut.
    fn on_a_border(&self, touch: &Touch<f64>) -> bool {
        let Self { parts, setting, face, at, edges } = *self;
        if setting.cutoff == Cutoff::None {
            return false;
        }
        let grown = |reach: f64| face.bounds.holds(at, reach);
        let (reach, noise) = (setting.box_reach, edges.noise());
        let on_box = box_cuts(&parts.distance, setting.bound)
            && grown(reach + noise)
            && !grown((reach - noise).max(0.0));
        // Distances round absolutely, and the cut is a difference of them.
        let margin = MARGIN + 2.0 * noise / setting.bound.sqrt();
        on_box || setting.cutoff == Cutoff::Hard && (touch.x / -setting.cut - 1.0).abs() < margin
    }

    /// Corners moved by a hair, there and back, change the slope as no curve does.
    fn slope_jumps(&self) -> bool {
        let slope = |triangle: &Triangle<f64>| {
            let w = triangle.barycentric(self.at);
            let [a, b, c] = self.parts.distance.signed_vjp(triangle, self.at, &w, 1.0);
            [a.x, a.y, b.x, b.y, c.x, c.y]
        };
        let size = |v: &[f64; 6]| v.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
        let rest = slope(&self.face.triangle);
        let nearest = self.edges.nearest();
        let step = (SLOPE_NOISE * self.edges.size).max(SLOPE_MARGIN * nearest);
        (0..WOBBLES).any(|seed| {
            let there = slope(&self.moved(seed, step).triangle);
            let back = slope(&self.moved(seed, -step).triangle);
            let bend: [f64; 6] = core::array::from_fn(|i| there[i] - 2.0 * rest[i] + back[i]);
            size(&bend) > JUMP * size(&there).max(size(&back)).max(size(&rest))
        })
    }

    /// A slope that does not vanish on the edge is a difference divided by its length, which is noise next to the edge.
    fn slope_is_all_noise(&self) -> bool {
        let (triangle, at) = (&self.face.triangle, self.at);
        let nearest = self.edges.nearest();
        if nearest > UNIT_NOISE * self.edges.size {
            return false;
        }
        let w = triangle.barycentric(at);
        let s = self.parts.distance.signed(triangle, at, &w).abs();
        let [a, b, c] = self.parts.distance.signed_vjp(triangle, at, &w, 1.0);
        let along = a + b + c;
        // s grows as the n-th power of the distance, n = slope * distance / s: 1 does not vanish, 2 does.
        along.dot(along).sqrt() * nearest <= 1.5 * s
    }

    /// The density of D has a jump here; where D is as good as 0 or 1 nothing can be seen of it.
    fn density_jumps(&self, x: f64) -> bool {
        if x.abs() > 100.0 {
            return false;
        }
        let shape = self.setting.distribution_shape;
        let slopes = |x: f64| {
            let p = self.parts.distribution.probability(x, shape);
            [p.density, p.score, p.hazard]
        };
        let step = SLOPE_MARGIN * x.abs().max(1e-3);
        let (rest, there, back) = (slopes(x), slopes(x + step), slopes(x - step));
        (0..3).any(|i| {
            let size = there[i].abs().max(back[i].abs()).max(rest[i].abs());
            (there[i] - 2.0 * rest[i] + back[i]).abs() > JUMP * size
        })
    }

    /// The face with its corners moved by up to `size` on the screen.
    fn moved(&self, seed: u64, size: f64) -> Face<'_, f64> {
        let t = &self.face.triangle;
        let shift = |k: usize, i: usize| size * signed_noise(seed, 17, 2 * k + i);
        let corners = core::array::from_fn(|k| [t.p[k].x + shift(k, 0), t.p[k].y + shift(k, 1), t.z[k]]);
        Face::new(corners, self.face.number, self.face.texels)
    }
}

fn texel_in_doubt(c: &[f64; 3], side: f64) -> bool {
    let beside = |x: f64| (x - x.round()).abs() < MARGIN * side;
    // A clipped weight of exactly 0 or 1 stays in its cell.
    let free = |w: f64| w > 0.0 && w < 1.0;
    (free(c[0]) && beside(c[0] * side)) || (free(c[1]) && beside(c[1] * side)) || {
        free(c[2]) && beside((c[0] + c[1]) * side)
    }
}
