//! Sums in a fixed order: lanes, parts of a face, faces of a picture, texture rows that pictures share.

use rayon::prelude::*;
use softras_core::math::{Real, Scalar, WeightSink};
use softras_core::scene::Picture;

use crate::faults::{self, Fault};
use crate::row::Row;

/// Adds `other` to `sums`, number by number.
pub(crate) fn add<T: Copy + core::ops::AddAssign>(sums: &mut [T], other: &[T]) {
    for (sum, &value) in sums.iter_mut().zip(other) {
        *sum += value;
    }
}

/// Returns the sums of both, kept in `f64`.
pub(crate) fn joined(mut a: Row<f64>, b: &Row<f64>) -> Row<f64> {
    add(&mut a, b);
    a
}

/// Writes the sum of the lanes of each value to `out`.
#[inline(always)]
pub(crate) fn write_sums<L: Real>(out: &mut [L::Scalar], values: &[L]) {
    let (fours, rest) = values.as_chunks::<4>();
    let (out, last) = out.split_at_mut(4 * fours.len());
    for (out, four) in out.chunks_exact_mut(4).zip(fours) {
        out.copy_from_slice(&faults::sums(four));
    }
    for (out, value) in last.iter_mut().zip(rest) {
        *out = faults::sum(*value);
    }
}

/// Adds the sum of the lanes of each value to `sums`.
#[inline(always)]
pub(crate) fn add_lanes<L: Real>(sums: &mut [L::Scalar], values: &[L]) {
    let (fours, rest) = values.as_chunks::<4>();
    let (sums, last) = sums.split_at_mut(4 * fours.len());
    for (sums, four) in sums.chunks_exact_mut(4).zip(fours) {
        add(sums, &L::sums(four));
    }
    for (sum, value) in last.iter_mut().zip(rest) {
        *sum += value.sum();
    }
}

/// Adds the sum of the lanes of each value to sums kept in `f64`.
#[inline(always)]
pub(crate) fn add_lanes_wide<L: Real>(sums: &mut [f64], values: &[L]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value.sum().to_f64();
    }
}

/// Adds the sums of the lanes of each weight, `[weights, LANES]`, to sums kept in `f64`.
#[inline(always)]
pub(crate) fn add_weight_lanes<L: Real>(like: L, sums: &mut [f64], lanes: &[L::Scalar]) {
    for (sum, lanes) in sums.iter_mut().zip(lanes.chunks_exact(L::LANES)) {
        *sum += like.load(lanes).sum().to_f64();
    }
}

/// Returns where gradients to weights are added: to `lanes`, or nowhere if there are none.
#[inline(always)]
pub(crate) fn weight_sink<L: Real>(lanes: &mut [L::Scalar]) -> WeightSink<'_, L> {
    if lanes.is_empty() { WeightSink::Nowhere } else { WeightSink::Lanes(lanes) }
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
                add(row, &slots[slot * size..(slot + 1) * size]);
            }
        }
    });
}
