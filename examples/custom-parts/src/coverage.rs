//! An aggregator that counts how often a pixel is covered, [`Coverage`].

use softras_core::math::{
    Adding, DeviceLanguage, Probability, ProbabilityGrad, Real, Silhouette, SilhouetteAggregator,
};

/// `A = 1 - exp(-sum_j D_j)`: how likely a pixel is covered at least once, if faces fell on it as rain does, D_j times each on
/// average.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage;

impl SilhouetteAggregator for Coverage {
    const KERNEL: Option<Silhouette> = None;
    const SHAPED: bool = false;
    type State<R: Real> = [R; 1]; // the sum; after `finish`, exp(-sum)

    fn identity<R: Real>(&self, like: R) -> [R; 1] {
        [like.zero()]
    }
    fn push<R: Real>(&self, state: &mut [R; 1], p: &Probability<R>, member: R::Mask, _: R) {
        state[0] += p.d.keep(member);
    }
    fn merge<R: Real>(&self, state: &mut [R; 1], other: &[R; 1]) {
        state[0] += other[0];
    }
    fn finish<R: Real>(&self, state: &mut [R; 1], _: R, _: R) -> R {
        state[0] = (-state[0]).exp();
        state[0].one() - state[0]
    }
    /// `dA / dD_j = exp(-sum)`.
    fn pair_vjp<R: Real>(
        &self,
        state: &[R; 1],
        _: &Probability<R>,
        _: R,
        _: R,
        grad: R,
    ) -> ProbabilityGrad<R> {
        ProbabilityGrad { d: grad * state[0], ..ProbabilityGrad::zero(grad) }
    }
    fn adding(&self) -> Adding {
        Adding::NeverLowers
    }

    fn device_text(&self, language: DeviceLanguage) -> Option<&str> {
        match language {
            DeviceLanguage::Wgsl => Some(include_str!("coverage.wgsl")),
            DeviceLanguage::Cuda => Some(include_str!("coverage.cuh")),
            _ => None,
        }
    }
}
