//! How well silhouettes overlap: soft intersection over union as a loss, and the hard one as a score.

use ndarray::{Array3, ArrayRef2, ArrayRef3, Axis};

use crate::error::{Error, Result};
use crate::image::{Image, ImageGrad};
use crate::math::{OrderedSum, Scalar};

/// Added to the union, so that empty pictures do not divide by zero.
const GUARD: f64 = 1e-6;

/// Returns the loss `1 - sum(A T) / (sum(A + T - A T) + 1e-6)`, the mean over the batch, and its gradient.
///
/// A is the silhouette of `image` and T is `target`, both `[B, H, W]` in 0..=1. Two empty pictures have the loss 1 (and
/// the gradient 0), as in the paper's code.
///
/// # Errors
/// `Layout` if the image has no silhouette; `Shape` if the shapes differ or the batch is empty; `Parameter` if a target
/// is not in 0..=1.
pub fn iou<R: Scalar>(image: &Image<R>, target: &ArrayRef3<R>) -> Result<(R, ImageGrad<R>)> {
    let silhouette = silhouette_for(image, target)?;
    let mut grad = Array3::from_elem(silhouette.raw_dim(), R::ZERO);
    let weight = R::from_f64(1.0 / silhouette.shape()[0] as f64);
    let mut loss = R::ZERO;
    let items = silhouette.outer_iter().zip(target.outer_iter()).zip(grad.axis_iter_mut(Axis(0)));
    for ((a, t), mut grad) in items {
        let (intersection, union) = overlap(&a, &t);
        loss += weight * (R::ONE - intersection / union);
        // d (I / U) / d A = (T - (1 - T) I / U) / U
        let (ratio, scale) = (intersection / union, weight / union);
        for (grad, &t) in grad.iter_mut().zip(&t) {
            *grad = ((R::ONE - t) * ratio - t) * scale;
        }
    }
    Ok((loss, ImageGrad { color: None, silhouette: Some(grad) }))
}

/// Returns the soft intersection over union, `1 - ` the value of [`iou`], without its gradient.
///
/// # Errors
/// As [`iou`].
pub fn iou_score<R: Scalar>(image: &Image<R>, target: &ArrayRef3<R>) -> Result<R> {
    mean_over_batch(image, target, |a, t| {
        let (intersection, union) = overlap(a, t);
        intersection / union
    })
}

/// Returns the intersection over union of the pixels above 1/2, the mean over the batch; 1 for two empty pictures.
///
/// # Errors
/// As [`iou`].
pub fn hard_iou<R: Scalar>(image: &Image<R>, target: &ArrayRef3<R>) -> Result<R> {
    mean_over_batch(image, target, |a, t| {
        let (mut intersection, mut union) = (0_usize, 0_usize);
        for (a, t) in a.iter().zip(t) {
            let (a, t) = (a.to_f64() > 0.5, t.to_f64() > 0.5);
            intersection += usize::from(a && t);
            union += usize::from(a || t);
        }
        R::from_f64(if union == 0 { 1.0 } else { intersection as f64 / union as f64 })
    })
}

fn mean_over_batch<R: Scalar>(
    image: &Image<R>,
    target: &ArrayRef3<R>,
    score: impl Fn(&ArrayRef2<R>, &ArrayRef2<R>) -> R,
) -> Result<R> {
    let silhouette = silhouette_for(image, target)?;
    let scores = silhouette.outer_iter().zip(target.outer_iter()).map(|(a, t)| score(&a, &t));
    Ok(OrderedSum::of(R::ZERO, scores) / R::from_f64(silhouette.shape()[0] as f64))
}

/// Returns intersection and guarded union of one picture.
fn overlap<R: Scalar>(a: &ArrayRef2<R>, t: &ArrayRef2<R>) -> (R, R) {
    let pairs = || a.iter().zip(t);
    let intersection = OrderedSum::of(R::ZERO, pairs().map(|(&a, &t)| a * t));
    let union = OrderedSum::of(R::ZERO, pairs().map(|(&a, &t)| a + t - a * t));
    (intersection, union + R::from_f64(GUARD))
}

/// Returns the silhouette, once it and the target are known to fit.
fn silhouette_for<'a, R: Scalar>(image: &'a Image<R>, target: &ArrayRef3<R>) -> Result<&'a Array3<R>> {
    let Some(silhouette) = &image.silhouette else {
        return Err(Error::layout("image for a silhouette loss", "no silhouette", "one"));
    };
    if silhouette.shape() != target.shape() || silhouette.shape()[0] == 0 {
        let expected = format!("{:?} as the image, B >= 1", silhouette.shape());
        return Err(Error::shape("target silhouette", target.shape(), expected));
    }
    // Written so that NaN fails.
    match target.indexed_iter().find(|(_, t)| !(t.to_f64() >= 0.0 && t.to_f64() <= 1.0)) {
        Some((at, bad)) => {
            Err(Error::parameter(format!("target silhouette at {at:?}"), format!("{bad:?}"), "0 to 1"))
        }
        None => Ok(silhouette),
    }
}
