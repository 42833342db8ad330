//! How far pictures of a body are from their targets, blurred alike: [`Likeness`].
//!
//! Silhouettes are compared by squares and not by soft intersection over union: that of a blurred picture with itself is
//! not 1, and grows where the picture does, so a blurred body would come nearer to look larger.

use ndarray::{Array3, Array4, Axis};
use softras_core::{Image, ImageGrad};

use super::settings::BodyLoss;
use crate::blurred::Blurred;

/// The targets of one step.
#[derive(Clone, Debug)]
pub(super) struct Likeness(Blurred);

impl Likeness {
    /// Blurs targets by a Gaussian of `deviation` pixels. Outside the picture its border goes on.
    pub(super) fn new(silhouette: &Array3<f32>, color: Option<&Array4<f32>>, deviation: f64) -> Self {
        Self(Blurred::new(silhouette, color, deviation))
    }

    /// Returns the loss, a mean over pictures, pixels and channels, and its gradient.
    pub(super) fn loss(&self, image: &Image, weights: BodyLoss) -> (f64, ImageGrad) {
        let mut loss = 0.0;
        let mut grad = ImageGrad::default();
        if let Some(alpha) = image.silhouette.as_ref().filter(|_| weights.silhouette > 0.0) {
            let mut out = Array3::zeros(alpha.raw_dim());
            let share = weights.silhouette / alpha.len_of(Axis(0)) as f64;
            // A picture's only plane: [1, H, W].
            let pictures = alpha.axis_chunks_iter(Axis(0), 1).zip(out.axis_chunks_iter_mut(Axis(0), 1));
            for ((alpha, mut out), target) in pictures.zip(self.0.silhouette.axis_chunks_iter(Axis(0), 1)) {
                loss += share * self.0.difference(alpha, target, share, &mut out);
            }
            grad.silhouette = Some(out);
        }
        let colored = image.color.as_ref().filter(|_| weights.color > 0.0);
        if let (Some(color), Some(targets)) = (colored, &self.0.color) {
            let mut out = Array4::zeros(color.raw_dim());
            let share = weights.color / color.len_of(Axis(0)) as f64;
            let pictures = color.outer_iter().zip(out.axis_iter_mut(Axis(0)));
            for ((color, mut out), target) in pictures.zip(targets.outer_iter()) {
                loss += share * self.0.difference(color, target, share, &mut out);
            }
            grad.color = Some(out);
        }
        (loss, grad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blurred::tests::{assert_slopes, noise};

    #[test]
    fn the_gradient_is_the_derivative_through_the_blur() {
        let (h, w) = (7, 9);
        let silhouette = Array3::from_shape_fn((2, h, w), |(v, y, x)| noise(v + 3 * y + x));
        let color = Array4::from_shape_fn((2, 3, h, w), |(v, c, y, x)| noise(v + 5 * c + y + 2 * x));
        let weights = BodyLoss { silhouette: 30.0, color: 50.0 };
        for deviation in [0.0, 1.4] {
            let likeness = Likeness::new(&silhouette, Some(&color), deviation);
            let image = Image {
                silhouette: Some(silhouette.mapv(|x| 0.9 - 0.5 * x)),
                color: Some(color.mapv(|x| 0.7 * x * x)),
            };
            let grad = likeness.loss(&image, weights).1;
            assert_slopes(image, &grad, 1e-4, |image| likeness.loss(image, weights).0);
        }
    }

    #[test]
    fn equal_pictures_have_no_loss_and_no_gradient() {
        let silhouette = Array3::from_shape_fn((1, 9, 9), |(_, y, x)| f32::from(y > 1 && x > 2));
        let image = Image { silhouette: Some(silhouette.clone()), color: None };
        let (loss, grad) =
            Likeness::new(&silhouette, None, 1.5).loss(&image, BodyLoss { silhouette: 20.0, color: 0.0 });
        assert!(loss < 1e-12 && grad.silhouette.unwrap().iter().all(|g| g.abs() < 1e-9), "{loss}");
    }
}
