//! The largest D: the one t-conorm without a generator.

use super::{Adding, Silhouette, SilhouetteAggregator};
use crate::math::distribution::{Probability, ProbabilityGrad};
use crate::math::real::Real;

/// `A = max_j D_j`. Faces that tie, as those around a corner do, share the gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Max;

planes! {
    /// State of [`Max`].
    pub struct Largest {
        /// The largest D.
        largest,
        /// How many faces have it.
        ties
    }
}

impl SilhouetteAggregator for Max {
    const KERNEL: Option<Silhouette> = Some(Silhouette::Max);
    const SHAPED: bool = false;
    type State<R: Real> = Largest<R>;

    fn adding(&self) -> Adding {
        Adding::NeverLowers
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> Largest<R> {
        Largest { largest: like.zero(), ties: like.zero() }
    }
    #[inline(always)]
    fn push<R: Real>(&self, state: &mut Largest<R>, p: &Probability<R>, member: R::Mask, _: R) {
        let one = Largest { largest: p.d.keep(member), ties: p.d.one().keep(member) };
        self.merge(state, &one);
    }
    #[inline(always)]
    fn merge<R: Real>(&self, state: &mut Largest<R>, other: &Largest<R>) {
        let (own, new) = (state.largest, other.largest);
        let ties = R::select(new.same(own), state.ties + other.ties, state.ties);
        state.ties = R::select(own.lt(new), other.ties, ties);
        state.largest = R::select(own.lt(new), new, own);
    }
    #[inline(always)]
    fn finish<R: Real>(&self, state: &mut Largest<R>, _: R, _: R) -> R {
        state.largest
    }
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        state: &Largest<R>,
        p: &Probability<R>,
        _: R,
        _: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        let share = grad / state.ties.max(grad.one());
        ProbabilityGrad { d: share.keep(p.d.ge(state.largest)), ..ProbabilityGrad::zero(grad) }
    }
}
