//! How well colors agree: mean absolute or squared difference.

use ndarray::{Array4, ArrayRef3, ArrayRef4};

use crate::error::{Error, Result};
use crate::image::{Image, ImageGrad};
use crate::math::{OrderedSum, Scalar};

/// How a difference of colors counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Norm {
    /// `|I - T|`, with gradient 0 where they are equal.
    #[default]
    L1,
    /// `(I - T)^2`.
    L2,
}

impl Norm {
    /// Returns what the difference `d` counts, and the slope.
    fn of<R: Scalar>(self, d: R) -> (R, R) {
        match self {
            Self::L1 if d.gt(R::ZERO) => (d, R::ONE),
            Self::L1 if d.lt(R::ZERO) => (-d, -R::ONE),
            Self::L1 => (d, R::ZERO),
            Self::L2 => (d * d, d + d),
        }
    }
}

/// Returns the mean of `|I - T|` or `(I - T)^2` over batch, channels and pixels, and its gradient.
///
/// I is the color of `image` and T is `target`, both `[B, C, H, W]`.
///
/// # Errors
/// `Layout` if the image has no color; `Shape` if the shapes differ or are empty; `Parameter` if a target is not
/// finite.
pub fn color<R: Scalar>(image: &Image<R>, target: &ArrayRef4<R>, norm: Norm) -> Result<(R, ImageGrad<R>)> {
    let color = color_for(image, target)?;
    Ok(weighted(color, target, norm, color.len() as f64, |_, _, _| R::ONE))
}

/// Returns the same mean where each pixel counts with its weight in `mask [B, H, W]`:
/// `sum(mask |I - T|) / (C sum(mask))`, and its gradient; 0 if the mask is 0 everywhere.
///
/// # Errors
/// As [`color`]; `Shape` if the mask is not `[B, H, W]`, `Parameter` if a weight is negative or not finite.
pub fn color_masked<R: Scalar>(
    image: &Image<R>,
    target: &ArrayRef4<R>,
    mask: &ArrayRef3<R>,
    norm: Norm,
) -> Result<(R, ImageGrad<R>)> {
    let color = color_for(image, target)?;
    let [b, c, h, w] = [0, 1, 2, 3].map(|axis| color.shape()[axis]);
    if mask.shape() != [b, h, w] {
        return Err(Error::shape("mask of a color loss", mask.shape(), format!("[{b}, {h}, {w}]")));
    }
    if let Some((at, bad)) = mask.indexed_iter().find(|(_, m)| !(m.is_finite() && m.to_f64() >= 0.0)) {
        let name = format!("mask of a color loss at {at:?}");
        return Err(Error::parameter(name, format!("{bad:?}"), "finite, not negative"));
    }
    let total = OrderedSum::of(0.0, mask.iter().map(|m| m.to_f64())) * c as f64;
    Ok(weighted(color, target, norm, total, |b, y, x| mask[[b, y, x]]))
}

/// Returns the sum of weighted differences over `total`, and its gradient; zeros if `total` is 0.
fn weighted<R: Scalar>(
    color: &Array4<R>,
    target: &ArrayRef4<R>,
    norm: Norm,
    total: f64,
    weight: impl Fn(usize, usize, usize) -> R,
) -> (R, ImageGrad<R>) {
    let mut grad = Array4::from_elem(color.raw_dim(), R::ZERO);
    let mut sum = OrderedSum::new(R::ZERO);
    let scale = R::from_f64(if total > 0.0 { total.recip() } else { 0.0 });
    let pixels = grad.indexed_iter_mut().zip(color).zip(target);
    for ((((b, _, y, x), grad), &i), &t) in pixels {
        let weight = weight(b, y, x);
        let (value, slope) = norm.of(i - t);
        sum.push(weight * value);
        *grad = weight * slope * scale;
    }
    (sum.total() * scale, ImageGrad { color: Some(grad), silhouette: None })
}

/// Returns the color, once it and the target are known to fit.
fn color_for<'a, R: Scalar>(image: &'a Image<R>, target: &ArrayRef4<R>) -> Result<&'a Array4<R>> {
    let Some(color) = &image.color else {
        return Err(Error::layout("image for a color loss", "no color", "one"));
    };
    if color.shape() != target.shape() || color.is_empty() {
        let expected = format!("{:?} as the image, not empty", color.shape());
        return Err(Error::shape("target color", target.shape(), expected));
    }
    match target.indexed_iter().find(|(_, t)| !t.is_finite()) {
        Some((at, bad)) => {
            Err(Error::parameter(format!("target color at {at:?}"), format!("{bad:?}"), "a finite number"))
        }
        None => Ok(color),
    }
}
