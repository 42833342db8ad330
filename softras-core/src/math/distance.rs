//! The signed distance s of a pixel to a face, positive inside (MATH 3; paper, section 3.2).
//!
//! A metric returns s, and in [`DistanceMetric::signed_vjp`] its gradient to the corners. `D = F(s / sigma)`.

use super::custom::{Custom, DeviceLanguage, Erase, ErasedDistance, apart, per_lane_array};
use super::real::Real;
use super::triangle::Triangle;
use super::vector::Vec2;

/// Guard of the distance in a division by it: on the edge the slope of d is taken as 0.
const DISTANCE_GUARD: f64 = 1e-18;
/// Weights beyond this are far outside any reach; their squares would overflow `f32`.
const WEIGHT_LIMIT: f64 = 1e18;

/// Whether a metric blurs its face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// D = F(s / sigma).
    Soft,
    /// D = 1 where the closed face holds the pixel, else the face does not contribute; sigma is unused.
    Hard,
}

/// Which maps of face and pixel together leave a signed distance as it is. Each kind includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariance {
    /// Shifts. Every metric has to be at least this.
    Shifts,
    /// Mirrors at the axes and turns by right angles: the symmetries of the grid of pixels.
    Grid,
    /// Turns and mirrors at any angle.
    Rigid,
    /// Every affine map.
    Affine,
}

/// The part of the renderer that measures how far a pixel is inside or outside a face.
pub trait DistanceMetric: Clone + Send + Sync + 'static {
    /// The device kernel that does the same, if there is one.
    const KERNEL: Option<Distance>;

    /// Returns the signed distance s of the pixel `at`, whose barycentric weights are `w`.
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R;

    /// Returns the gradient to the corners (x, y), given `grad_s`.
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3];

    /// Returns how far outside its bounding box (screen units) a face can have `-s < bound`, or infinity.
    fn reach(&self, bound: f64) -> f64;

    /// Returns how far from the face itself (screen units) a pixel can have `-s < bound`, or infinity, which is always
    /// right: what culls blocks of pixels, and makes the box rule of MATH 3 idle where it is not above the box's reach.
    fn halo(&self, _bound: f64) -> f64 {
        f64::INFINITY
    }

    /// Returns whether the metric blurs its face.
    fn edge(&self) -> Edge {
        Edge::Soft
    }

    /// Returns which maps of face and pixel leave s as it is. The conformance suite holds the metric to its word.
    fn invariance(&self) -> Invariance {
        Invariance::Shifts
    }

    /// Returns n if s of a face and pixel k times as large is `k^n s`: a scene k times as large at `k^n sigma` is then
    /// the same picture. `None`, the default, promises nothing.
    fn degree(&self) -> Option<i32> {
        None
    }

    /// Returns the text of the part's functions in the language of a device, for a part of the user's own.
    ///
    /// The functions have the names and arguments of this trait's; `None`, the default, keeps the part on the host.
    fn device_text(&self, _language: DeviceLanguage) -> Option<&str> {
        None
    }
}

/// The closed list of metrics that settings, files and device kernels speak.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Distance {
    /// [`Euclidean`], the paper's.
    #[default]
    Euclidean,
    /// [`Barycentric`], the paper's ablation.
    Barycentric,
    /// [`EuclideanUnsquared`].
    EuclideanUnsquared,
    /// [`HardEdge`].
    Hard,
    /// A metric of the user's own: runs on the CPU and the reference at once.
    Custom(Custom<dyn ErasedDistance>),
}

/// `s = +-d^2`, d the distance from the pixel centre to the boundary of the face (paper, eq. 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Euclidean;

/// `s = +-d`. Its slope is finite at the edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EuclideanUnsquared;

/// `s = m |m|`, `m = min_k w_k`: a blur proportional to the face (paper, supplement).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Barycentric;

/// No blur: D = 1 in the closed face, nothing outside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardEdge;

/// The closest point of the boundary: `foot = sum_k tau_k p_k`, `away = at - foot`.
struct Closest<R: Real> {
    tau: [R; 3],
    away: Vec2<R>,
    distance_sq: R,
}

/// Returns the point of the three edges that is closest to `at`; the first edge wins ties.
#[inline(always)]
fn closest<R: Real>(face: &Triangle<R>, at: Vec2<R>) -> Closest<R> {
    let zero = at.x.zero();
    let [(t0, away0, d0), (t1, away1, d1), (t2, away2, d2)] = three!(k => {
        let r = at - face.p[k];
        let t = r.dot(face.along[k]).clamp(0.0, 1.0);
        let away = r - face.e[k].scale(t);
        (t, away, away.dot(away))
    });
    let mut best = Closest { tau: [t0.one() - t0, t0, zero], away: away0, distance_sq: d0 };
    for (tau, away, d) in [([zero, t1.one() - t1, t1], away1, d1), ([t2, zero, t2.one() - t2], away2, d2)] {
        let closer = d.lt(best.distance_sq);
        best = Closest {
            tau: three!(k => R::select(closer, tau[k], best.tau[k])),
            away: Vec2::select(closer, away, best.away),
            distance_sq: R::select(closer, d, best.distance_sq),
        };
    }
    best
}

/// Returns +1 inside the face and -1 elsewhere.
#[inline(always)]
fn sign<R: Real>(face: &Triangle<R>, w: &[R; 3]) -> R {
    R::select(face.inside(w), w[0].one(), w[0].lit(-1.0))
}

impl DistanceMetric for Euclidean {
    const KERNEL: Option<Distance> = Some(Distance::Euclidean);

    #[inline(always)]
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        sign(face, w) * closest(face, at).distance_sq
    }

    /// `ds/dp_k = 2 sign tau_k (foot - at)`: tau is at its minimum and does not count (envelope theorem).
    #[inline(always)]
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3] {
        let near = closest(face, at);
        let scale = grad_s * sign(face, w) * grad_s.lit(-2.0);
        three!(k => near.away.scale(scale * near.tau[k]))
    }

    fn reach(&self, bound: f64) -> f64 {
        bound.sqrt()
    }

    fn invariance(&self) -> Invariance {
        Invariance::Rigid
    }

    fn degree(&self) -> Option<i32> {
        Some(2)
    }

    fn halo(&self, bound: f64) -> f64 {
        bound.sqrt()
    }
}

impl DistanceMetric for EuclideanUnsquared {
    const KERNEL: Option<Distance> = Some(Distance::EuclideanUnsquared);

    #[inline(always)]
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        // No square root of 0: its slope would be infinite times 0.
        let d_sq = closest(face, at).distance_sq;
        let off = d_sq.gt(d_sq.zero());
        sign(face, w) * R::select(off, d_sq, d_sq.one()).sqrt().keep(off)
    }

    /// `ds/dp_k = sign tau_k (foot - at) / d`, 0 on the edge.
    #[inline(always)]
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3] {
        let near = closest(face, at);
        let d = near.distance_sq.sqrt().max(grad_s.lit(DISTANCE_GUARD));
        let scale = -(grad_s * sign(face, w)) / d;
        three!(k => near.away.scale(scale * near.tau[k]))
    }

    fn reach(&self, bound: f64) -> f64 {
        bound
    }

    fn invariance(&self) -> Invariance {
        Invariance::Rigid
    }

    fn degree(&self) -> Option<i32> {
        Some(1)
    }

    fn halo(&self, bound: f64) -> f64 {
        bound
    }
}

impl Barycentric {
    /// Returns the smallest weight and the slope of it along the screen; the first wins ties.
    #[inline(always)]
    fn smallest<R: Real>(face: &Triangle<R>, w: &[R; 3]) -> (R, Vec2<R>) {
        let slopes = face.barycentric_slopes();
        let (mut m, mut slope) = (w[0], slopes[0]);
        for k in [1, 2] {
            let less = w[k].lt(m);
            m = R::select(less, w[k], m);
            slope = Vec2::select(less, slopes[k], slope);
        }
        (m.max(m.lit(-WEIGHT_LIMIT)), slope)
    }
}

impl DistanceMetric for Barycentric {
    const KERNEL: Option<Distance> = Some(Distance::Barycentric);

    #[inline(always)]
    fn signed<R: Real>(&self, face: &Triangle<R>, _: Vec2<R>, w: &[R; 3]) -> R {
        let (m, _) = Self::smallest(face, w);
        // A face of no area is nowhere near any pixel: it has no weights to measure by.
        R::select(face.solid, m * m.abs(), m.lit(-WEIGHT_LIMIT))
    }

    /// `ds/dp_m = -2 |w_p| (dw_p / d at) w_m`, p the smallest weight.
    #[inline(always)]
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, _: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3] {
        let (m, slope) = Self::smallest(face, w);
        let scale = (grad_s * m.lit(-2.0) * m.abs()).keep(face.solid);
        three!(m => slope.scale(scale * w[m]))
    }

    fn reach(&self, _: f64) -> f64 {
        f64::INFINITY // the box rule of MATH 3 bounds it
    }

    fn invariance(&self) -> Invariance {
        Invariance::Affine
    }

    fn degree(&self) -> Option<i32> {
        Some(0)
    }
}

impl DistanceMetric for HardEdge {
    const KERNEL: Option<Distance> = Some(Distance::Hard);

    #[inline(always)]
    fn signed<R: Real>(&self, face: &Triangle<R>, _: Vec2<R>, w: &[R; 3]) -> R {
        R::select(face.holds(w), w[0].one(), w[0].lit(-1.0))
    }

    /// No gradient passes a hard edge.
    #[inline(always)]
    fn signed_vjp<R: Real>(&self, _: &Triangle<R>, at: Vec2<R>, _: &[R; 3], _: R) -> [Vec2<R>; 3] {
        [Vec2::new(at.x.zero(), at.x.zero()); 3]
    }

    fn reach(&self, _: f64) -> f64 {
        0.0
    }

    fn halo(&self, _: f64) -> f64 {
        0.0
    }

    fn edge(&self) -> Edge {
        Edge::Hard
    }

    fn invariance(&self) -> Invariance {
        Invariance::Affine
    }

    fn degree(&self) -> Option<i32> {
        Some(0)
    }
}

impl Distance {
    /// Every built-in metric.
    pub const BUILT_IN: &[Self] = &[Self::Euclidean, Self::Barycentric, Self::EuclideanUnsquared, Self::Hard];

    /// Returns the word for it on command lines and in files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Barycentric => "barycentric",
            Self::EuclideanUnsquared => "euclidean-unsquared",
            Self::Hard => "hard",
            Self::Custom(_) => "custom",
        }
    }
}

/// Evaluates `$call` with `$part` bound to the metric that the enum names, `$erased` to a custom one.
macro_rules! each {
    ($self:ident, $part:ident => $call:expr, $erased:ident => $custom:expr) => {
        match $self {
            Self::Euclidean => {
                let $part = Euclidean;
                $call
            }
            Self::Barycentric => {
                let $part = Barycentric;
                $call
            }
            Self::EuclideanUnsquared => {
                let $part = EuclideanUnsquared;
                $call
            }
            Self::Hard => {
                let $part = HardEdge;
                $call
            }
            Self::Custom(part) => apart(|| {
                let $erased = part.part();
                $custom
            }),
        }
    };
}

/// The enum is a metric too: a uniform branch for what has no kernel of its own.
impl DistanceMetric for Distance {
    const KERNEL: Option<Distance> = None;

    #[inline(always)]
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        each!(self, part => part.signed(face, at, w), erased => {
            let part = <R::Scalar as Erase>::distance(erased);
            at.x.per_lane(|i| part.signed_on(&face.lane(i), at.lane(i), &w.map(|w| w.lane(i))))
        })
    }

    #[inline(always)]
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3] {
        each!(self, part => part.signed_vjp(face, at, w, grad_s), erased => {
            let part = <R::Scalar as Erase>::distance(erased);
            let [x0, y0, x1, y1, x2, y2] = per_lane_array(grad_s, |i| {
                let [a, b, c] =
                    part.signed_vjp_on(&face.lane(i), at.lane(i), &w.map(|w| w.lane(i)), grad_s.lane(i));
                [a.x, a.y, b.x, b.y, c.x, c.y]
            });
            [Vec2::new(x0, y0), Vec2::new(x1, y1), Vec2::new(x2, y2)]
        })
    }

    fn reach(&self, bound: f64) -> f64 {
        each!(self, part => part.reach(bound), erased => erased.reach_on(bound))
    }

    fn halo(&self, bound: f64) -> f64 {
        match self {
            // A part of the user's own says only how far outside its box it reaches.
            Self::Custom(_) => f64::INFINITY,
            Self::Euclidean => Euclidean.halo(bound),
            Self::Barycentric => Barycentric.halo(bound),
            Self::EuclideanUnsquared => EuclideanUnsquared.halo(bound),
            Self::Hard => HardEdge.halo(bound),
        }
    }

    fn edge(&self) -> Edge {
        each!(self, part => part.edge(), erased => erased.edge_on())
    }

    fn invariance(&self) -> Invariance {
        each!(self, part => part.invariance(), erased => erased.invariance_on())
    }

    fn degree(&self) -> Option<i32> {
        each!(self, part => part.degree(), erased => erased.degree_on())
    }
}
