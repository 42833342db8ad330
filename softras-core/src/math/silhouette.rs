//! The silhouette aggregators A_O: from the probabilities of all faces at a pixel to one alpha (MATH 4; paper, eq. 7).
//!
//! An aggregator is a monoid: `identity`, `push` one face, `merge` two states, `finish`. Face order, SIMD lanes, tiles
//! and workgroups are then one law.

use core::ops::RangeInclusive;

use super::custom::{Custom, DeviceLanguage, Erase, ErasedSilhouette, apart, per_lane_array};
use super::distance::Edge;
use super::distribution::{Probability, ProbabilityGrad};
use super::planes::Planes;
use super::real::Real;

mod max;
// Its list of names is a macro: the order matters.
#[macro_use]
mod t_conorm;

pub use max::{Largest, Max};
// By a glob: a t-conorm is added in its file alone.
pub use t_conorm::*;

/// What a shape may be where an aggregator says nothing.
const ANY_SHAPE: RangeInclusive<f64> = -1e6..=1e6;
/// Below this transmittance, 2^-25, alpha is exactly 1 in `f32`.
const SATURATED: f64 = 1.0 / 33_554_432.0;

/// What one face more does to an alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adding {
    /// It never lowers it, so that the alpha of faces is at least that of each of them alone.
    NeverLowers,
    /// It may lower it.
    MayLower,
}

/// The part of the renderer that turns probabilities into an alpha.
///
/// `shape` is the aggregator's own parameter (p of a t-conorm), 1 where it has none; `faces` the number of faces of
/// the picture, culled, cut and degenerate ones included.
pub trait SilhouetteAggregator: Clone + Send + Sync + 'static {
    /// The device kernel that does the same, if there is one.
    const KERNEL: Option<Silhouette>;
    /// Whether it has a parameter of its own; without, its gradient is not summed.
    const SHAPED: bool = true;
    /// What is kept of the faces seen so far. After `finish` it is also what the reverse needs.
    type State<R: Real>: Planes<R>;

    /// Returns the state of no faces.
    fn identity<R: Real>(&self, like: R) -> Self::State<R>;
    /// Adds one face where `member` holds.
    fn push<R: Real>(&self, state: &mut Self::State<R>, p: &Probability<R>, member: R::Mask, shape: R);
    /// Joins the state of other faces into `state`.
    fn merge<R: Real>(&self, state: &mut Self::State<R>, other: &Self::State<R>);
    /// Returns the alpha.
    fn finish<R: Real>(&self, state: &mut Self::State<R>, faces: R, shape: R) -> R;
    /// Tells where no further face can move the alpha by more than `f32` rounds (`T < 2^-25`); nowhere by default.
    #[inline(always)]
    fn saturated<R: Real>(&self, _state: &Self::State<R>, like: R) -> R::Mask {
        like.mask(false)
    }
    /// Returns the gradient to the probability of one face that was pushed, given `grad` with respect to the alpha.
    fn pair_vjp<R: Real>(
        &self,
        state: &Self::State<R>,
        p: &Probability<R>,
        faces: R,
        shape: R,
        grad: R,
    ) -> ProbabilityGrad<R>;
    /// Returns whether the alpha moves with the probabilities ([`Edge::Soft`]), or jumps where one crosses 1/2 and has
    /// no gradient.
    fn edge(&self) -> Edge {
        Edge::Soft
    }
    /// Returns what one face more does to the alpha. The conformance suite holds the aggregator to its word.
    fn adding(&self) -> Adding {
        Adding::MayLower
    }
    /// Returns the values that `shape` may have; all that settings let pass by default.
    fn shapes(&self) -> RangeInclusive<f64> {
        ANY_SHAPE
    }
    /// Returns the text of the part's functions in the language of a device, for a part of the user's own.
    ///
    /// The functions have the names and arguments of this trait's; `None`, the default, keeps the part on the host.
    fn device_text(&self, _language: DeviceLanguage) -> Option<&str> {
        None
    }
    /// Returns the gradient to `shape` that one pushed face adds; 0 where there is none.
    #[inline(always)]
    fn shape_vjp<R: Real>(
        &self,
        _state: &Self::State<R>,
        p: &Probability<R>,
        _faces: R,
        _shape: R,
        _grad: R,
    ) -> R {
        p.d.zero()
    }
}

/// `A = 1 - prod_j (1 - D_j)` (paper, eq. 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbabilisticOr;

/// `A = (sum_j D_j) / n`, n the number of faces of the picture (official); 0 for no faces. Not monotone: a face more
/// may lower it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum;

/// A = 1 if any D > 1/2, else 0. No gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardSilhouette;

planes! {
    /// State of [`ProbabilisticOr`].
    pub struct Transmittance {
        /// `T = prod_j (1 - D_j)`.
        transmittance
    }
}
planes! {
    /// State of [`Sum`].
    pub struct Total {
        /// `sum_j D_j`.
        total
    }
}
planes! {
    /// State of [`HardSilhouette`].
    pub struct Covered {
        /// 1 if any face covers the pixel, else 0.
        covered
    }
}

impl SilhouetteAggregator for ProbabilisticOr {
    const KERNEL: Option<Silhouette> = Some(Silhouette::ProbabilisticOr);
    const SHAPED: bool = false;
    type State<R: Real> = Transmittance<R>;

    fn adding(&self) -> Adding {
        Adding::NeverLowers
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> Transmittance<R> {
        Transmittance { transmittance: like.one() }
    }
    #[inline(always)]
    fn push<R: Real>(&self, state: &mut Transmittance<R>, p: &Probability<R>, member: R::Mask, _: R) {
        state.transmittance = state.transmittance * R::select(member, p.not_d, p.d.one());
    }
    #[inline(always)]
    fn merge<R: Real>(&self, state: &mut Transmittance<R>, other: &Transmittance<R>) {
        state.transmittance = state.transmittance * other.transmittance;
    }
    #[inline(always)]
    fn finish<R: Real>(&self, state: &mut Transmittance<R>, _: R, _: R) -> R {
        state.transmittance.one() - state.transmittance
    }
    #[inline(always)]
    fn saturated<R: Real>(&self, state: &Transmittance<R>, like: R) -> R::Mask {
        state.transmittance.lt(like.lit(SATURATED))
    }
    /// `A = 1 - T`, `dA/d ln(1 - D_j) = -T`: no division, so nothing is lost where D rounds to 1.
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        state: &Transmittance<R>,
        _: &Probability<R>,
        _: R,
        _: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        ProbabilityGrad { ln_not_d: -(grad * state.transmittance), ..ProbabilityGrad::zero(grad) }
    }
}

impl SilhouetteAggregator for Sum {
    const KERNEL: Option<Silhouette> = Some(Silhouette::Sum);
    const SHAPED: bool = false;
    type State<R: Real> = Total<R>;

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> Total<R> {
        Total { total: like.zero() }
    }
    #[inline(always)]
    fn push<R: Real>(&self, state: &mut Total<R>, p: &Probability<R>, member: R::Mask, _: R) {
        state.total += p.d.keep(member);
    }
    #[inline(always)]
    fn merge<R: Real>(&self, state: &mut Total<R>, other: &Total<R>) {
        state.total += other.total;
    }
    #[inline(always)]
    fn finish<R: Real>(&self, state: &mut Total<R>, faces: R, _: R) -> R {
        state.total / faces.max(faces.one())
    }
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        _: &Total<R>,
        _: &Probability<R>,
        faces: R,
        _: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        ProbabilityGrad { d: grad / faces.max(faces.one()), ..ProbabilityGrad::zero(grad) }
    }
}

impl SilhouetteAggregator for HardSilhouette {
    const KERNEL: Option<Silhouette> = Some(Silhouette::Hard);
    const SHAPED: bool = false;
    type State<R: Real> = Covered<R>;

    fn edge(&self) -> Edge {
        Edge::Hard
    }
    fn adding(&self) -> Adding {
        Adding::NeverLowers
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> Covered<R> {
        Covered { covered: like.zero() }
    }
    #[inline(always)]
    fn push<R: Real>(&self, state: &mut Covered<R>, p: &Probability<R>, member: R::Mask, _: R) {
        let covers = member & p.d.gt(p.d.lit(0.5));
        state.covered = R::select(covers, p.d.one(), state.covered);
    }
    #[inline(always)]
    fn merge<R: Real>(&self, state: &mut Covered<R>, other: &Covered<R>) {
        state.covered = state.covered.max(other.covered);
    }
    #[inline(always)]
    fn finish<R: Real>(&self, state: &mut Covered<R>, _: R, _: R) -> R {
        state.covered
    }
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        _: &Covered<R>,
        _: &Probability<R>,
        _: R,
        _: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        ProbabilityGrad::zero(grad)
    }
}

/// The state of any silhouette aggregator: the planes of its own state, then zeros.
pub type AnySilhouetteState<R> = [R; MAX_SILHOUETTE_PLANES];

/// The most planes the state of a silhouette aggregator may have.
pub const MAX_SILHOUETTE_PLANES: usize = 4;

/// Declares the closed list of silhouette aggregators, from the list of the file of t-conorms.
macro_rules! family {
    ($($name:ident = $word:literal,)+) => {
        /// The closed list of silhouette aggregators that settings, files and device kernels speak.
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub enum Silhouette {
            /// [`ProbabilisticOr`], the paper's A_O.
            #[default]
            ProbabilisticOr,
            /// [`Sum`].
            Sum,
            /// [`HardSilhouette`].
            Hard,
            $(
                #[doc = concat!("[`", stringify!($name), "`].")]
                $name,
            )+
            /// An aggregator of the user's own: runs on the CPU and the reference at once.
            Custom(Custom<dyn ErasedSilhouette>),
        }

        impl Silhouette {
            /// Every built-in silhouette aggregator.
            pub const BUILT_IN: &[Self] = &[Self::ProbabilisticOr, Self::Sum, Self::Hard, $(Self::$name),+];

            /// Returns the word for it on command lines and in files.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    Self::ProbabilisticOr => "or",
                    Self::Sum => "sum",
                    Self::Hard => "hard",
                    $(Self::$name => $word,)+
                    Self::Custom(_) => "custom",
                }
            }
        }

        /// Evaluates `$call` with `$part` bound to the aggregator that the enum names, `$erased` to a custom one; the
        /// t-conorms out of line.
        macro_rules! each {
            ($self:ident, $like:expr, $part:ident => $call:expr, $erased:ident => $custom:expr) => {
                match $self {
                    Self::ProbabilisticOr => {
                        let $part = ProbabilisticOr;
                        $call
                    }
                    Self::Sum => {
                        let $part = Sum;
                        $call
                    }
                    Self::Hard => {
                        let $part = HardSilhouette;
                        $call
                    }
                    Self::Custom(part) => apart(|| {
                        let $erased = part.part();
                        $custom
                    }),
                    others => $like.apart(
                        #[inline(always)]
                        || match others {
                            $(Self::$name => {
                                let $part = $name;
                                $call
                            })+
                            Self::ProbabilisticOr | Self::Sum | Self::Hard | Self::Custom(_) => {
                                let $part = HardSilhouette;
                                $call
                            }
                        },
                    ),
                }
            };
        }
    };
}

t_conorms! { family, }

/// Evaluates `$call` with `$state` bound to the typed state held in `$any`, and stores it back.
macro_rules! with_state {
    ($any:ident, $state:ident => $call:expr) => {{
        let mut $state = Planes::load(&$any[..]);
        let result = $call;
        $state.store(&mut $any[..]);
        result
    }};
}

/// The enum is an aggregator too: a uniform branch for what has no kernel of its own.
impl SilhouetteAggregator for Silhouette {
    const KERNEL: Option<Silhouette> = None;
    type State<R: Real> = AnySilhouetteState<R>;

    fn edge(&self) -> Edge {
        each!(self, 0.0, part => part.edge(), erased => erased.edge_on())
    }

    fn shapes(&self) -> RangeInclusive<f64> {
        each!(self, 0.0, part => SilhouetteAggregator::shapes(&part), erased => erased.shapes_on())
    }

    fn adding(&self) -> Adding {
        each!(self, 0.0, part => part.adding(), erased => erased.adding_on())
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> AnySilhouetteState<R> {
        let mut any = [like.zero(); MAX_SILHOUETTE_PLANES];
        each!(self, like, part => part.identity(like).store(&mut any), erased => {
            let part = <R::Scalar as Erase>::silhouette(erased);
            any = per_lane_array(like, |i| part.identity_on(like.lane(i)));
        });
        any
    }

    #[inline(always)]
    fn push<R: Real>(&self, any: &mut AnySilhouetteState<R>, p: &Probability<R>, member: R::Mask, shape: R) {
        each!(self, shape, part => with_state!(any, state => part.push(&mut state, p, member, shape)), erased => {
            let part = <R::Scalar as Erase>::silhouette(erased);
            *any = per_lane_array(shape, |i| {
                let mut state = any.map(|x| x.lane(i));
                if R::mask_lane(member, i) {
                    part.push_on(&mut state, &p.lane(i), shape.lane(i));
                }
                state
            });
        });
    }

    #[inline(always)]
    fn merge<R: Real>(&self, any: &mut AnySilhouetteState<R>, other: &AnySilhouetteState<R>) {
        each!(self, any[0], part => with_state!(any, state => part.merge(&mut state, &Planes::load(other))), erased => {
            let part = <R::Scalar as Erase>::silhouette(erased);
            *any = per_lane_array(any[0], |i| {
                let mut state = any.map(|x| x.lane(i));
                part.merge_on(&mut state, &other.map(|x| x.lane(i)));
                state
            });
        });
    }

    #[inline(always)]
    fn finish<R: Real>(&self, any: &mut AnySilhouetteState<R>, faces: R, shape: R) -> R {
        each!(self, shape, part => with_state!(any, state => part.finish(&mut state, faces, shape)), erased => {
            let part = <R::Scalar as Erase>::silhouette(erased);
            let [s0, s1, s2, s3, alpha] = per_lane_array(shape, |i| {
                let mut s = any.map(|x| x.lane(i));
                let alpha = part.finish_on(&mut s, faces.lane(i), shape.lane(i));
                [s[0], s[1], s[2], s[3], alpha]
            });
            *any = [s0, s1, s2, s3];
            alpha
        })
    }

    #[inline(always)]
    fn saturated<R: Real>(&self, any: &AnySilhouetteState<R>, like: R) -> R::Mask {
        match self {
            Self::ProbabilisticOr => ProbabilisticOr.saturated(&Planes::load(any), like),
            _ => like.mask(false),
        }
    }

    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        any: &AnySilhouetteState<R>,
        p: &Probability<R>,
        faces: R,
        shape: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        each!(self, grad, part => part.pair_vjp(&Planes::load(any), p, faces, shape, grad), erased => {
            let part = <R::Scalar as Erase>::silhouette(erased);
            let [d, ln_d, ln_not_d] = per_lane_array(grad, |i| {
                let state = any.map(|x| x.lane(i));
                let g = part.pair_vjp_on(&state, &p.lane(i), faces.lane(i), shape.lane(i), grad.lane(i));
                [g.d, g.ln_d, g.ln_not_d]
            });
            ProbabilityGrad { d, ln_d, ln_not_d }
        })
    }

    #[inline(always)]
    fn shape_vjp<R: Real>(
        &self,
        any: &AnySilhouetteState<R>,
        p: &Probability<R>,
        faces: R,
        shape: R,
        grad: R,
    ) -> R {
        each!(self, grad, part => part.shape_vjp(&Planes::load(any), p, faces, shape, grad), erased => {
            let part = <R::Scalar as Erase>::silhouette(erased);
            grad.per_lane(|i| {
                let state = any.map(|x| x.lane(i));
                part.shape_vjp_on(&state, &p.lane(i), faces.lane(i), shape.lane(i), grad.lane(i))
            })
        })
    }
}
