//! Sums in a fixed order: lanes, items of a face, faces of a picture, texture rows that pictures share.

use rayon::prelude::*;
use softras_core::math::{PairGrad, Real, Scalar};
use softras_core::scene::Picture;

use crate::faults::{self, Fault};

/// Returns the gradient of a face from that of its lanes.
#[inline(always)]
pub(crate) fn sum_grad<L: Real>(grad: &PairGrad<L>) -> PairGrad<L::Scalar> {
    let mut corners = [[grad.sigma.lane(0); 3]; 3];
    for (out, corner) in corners.iter_mut().zip(&grad.corners) {
        for (out, value) in out.iter_mut().zip(corner) {
            *out = faults::sum(*value);
        }
    }
    PairGrad {
        corners,
        sigma: grad.sigma.sum(),
        gamma: grad.gamma.sum(),
        distribution: grad.distribution.sum(),
        t_conorm: grad.t_conorm.sum(),
    }
}

/// Returns the sum of many partial sums, kept in `f64`.
pub(crate) fn sum_wide<R: Scalar>(values: impl Iterator<Item = R>) -> R {
    R::from_f64(values.map(Scalar::to_f64).sum())
}

/// Adds the texture gradients of the faces of `pictures` to their rows, picture by picture.
///
/// `slots [F', size]` has one slot a face, from the first face of the first picture; `rows [T, size]` is added to.
pub(crate) fn gather_textures<R: Scalar>(pictures: &[Picture], slots: &[R], size: usize, rows: &mut [R]) {
    let Some(first) = pictures.first().map(|p| p.faces.start) else { return };
    rows.par_chunks_mut(size).enumerate().with_min_len(64).for_each(|(t, row)| {
        for picture in pictures {
            let local = t.wrapping_sub(picture.first_texture);
            if local < picture.faces.len() {
                let slot = picture.faces.start - first + local;
                if faults::active(Fault::OverwritesSharedTextures) {
                    row.fill(R::ZERO);
                }
                for (out, &value) in row.iter_mut().zip(&slots[slot * size..(slot + 1) * size]) {
                    *out += value;
                }
            }
        }
    });
}
