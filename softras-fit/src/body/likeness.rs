//! How far pictures of a body are from their targets, blurred alike: [`Likeness`].
//!
//! Silhouettes are compared by squares and not by soft intersection over union: that of a blurred picture with itself is
//! not 1, and grows where the picture does, so a blurred body would come nearer to look larger.

use ndarray::{Array3, Array4, ArrayView2, ArrayViewMut2, Axis};
use softras_core::{Image, ImageGrad};

use super::settings::BodyLoss;
use crate::pose::Kernel;

/// The targets of one step, blurred.
#[derive(Clone, Debug)]
pub(super) struct Likeness {
    silhouette: Array3<f32>,    // [B, H, W]
    color: Option<Array4<f32>>, // [B, 3, H, W]
    kernel: Kernel,
}

impl Likeness {
    /// Blurs targets by a Gaussian of `deviation` pixels. Outside the picture its border goes on.
    pub(super) fn new(silhouette: &Array3<f32>, color: Option<&Array4<f32>>, deviation: f64) -> Self {
        let kernel = Kernel::new(deviation);
        let mut own = Self { silhouette: silhouette.clone(), color: color.cloned(), kernel };
        own.silhouette.axis_iter_mut(Axis(0)).for_each(|plane| own.kernel.blur(plane));
        for mut picture in own.color.iter_mut().flat_map(|c| c.axis_iter_mut(Axis(0))) {
            picture.axis_iter_mut(Axis(0)).for_each(|plane| own.kernel.blur(plane));
        }
        own
    }

    /// Returns the loss, a mean over pictures, pixels and channels, and its gradient.
    pub(super) fn loss(&self, image: &Image, weights: BodyLoss) -> (f64, ImageGrad) {
        let mut loss = 0.0;
        let mut grad = ImageGrad::default();
        if let Some(alpha) = image.silhouette.as_ref().filter(|_| weights.silhouette > 0.0) {
            let mut out = alpha.clone();
            let share = weights.silhouette / out.len().max(1) as f64;
            for (plane, target) in out.axis_iter_mut(Axis(0)).zip(self.silhouette.outer_iter()) {
                loss += self.squares(plane, target, share);
            }
            grad.silhouette = Some(out);
        }
        let colored = image.color.as_ref().filter(|_| weights.color > 0.0);
        if let (Some(color), Some(targets)) = (colored, &self.color) {
            let mut out = color.clone();
            let share = weights.color / out.len().max(1) as f64;
            for (mut picture, target) in out.axis_iter_mut(Axis(0)).zip(targets.outer_iter()) {
                for (plane, target) in picture.axis_iter_mut(Axis(0)).zip(target.outer_iter()) {
                    loss += self.squares(plane, target, share);
                }
            }
            grad.color = Some(out);
        }
        (loss, grad)
    }

    /// `share` times the squared differences of `plane`, blurred; puts the gradient to the unblurred plane in its place.
    fn squares(&self, mut plane: ArrayViewMut2<'_, f32>, target: ArrayView2<'_, f32>, share: f64) -> f64 {
        self.kernel.blur(plane.view_mut());
        let mut sum = 0.0;
        for (x, &t) in plane.iter_mut().zip(&target) {
            let d = f64::from(*x - t);
            sum += d * d;
            *x = (2.0 * share * d) as f32;
        }
        self.kernel.blur_vjp(plane);
        share * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: usize) -> f32 {
        (0.5 + 0.5 * (i as f64 * 1.7).sin()) as f32
    }

    #[test]
    fn the_gradient_is_the_derivative_through_the_blur() {
        let (h, w) = (7, 9);
        let silhouette = Array3::from_shape_fn((2, h, w), |(v, y, x)| noise(v + 3 * y + x));
        let color = Array4::from_shape_fn((2, 3, h, w), |(v, c, y, x)| noise(v + 5 * c + y + 2 * x));
        let weights = BodyLoss { silhouette: 30.0, color: 50.0 };
        for deviation in [0.0, 1.4] {
            let likeness = Likeness::new(&silhouette, Some(&color), deviation);
            let mut image = Image {
                silhouette: Some(silhouette.mapv(|x| 0.9 - 0.5 * x)),
                color: Some(color.mapv(|x| 0.7 * x * x)),
            };
            let grad = likeness.loss(&image, weights).1;
            let step = 1e-2;
            for at in [(0, 0, 0), (1, 3, 8), (0, 6, 4)] {
                let found = grad.silhouette.as_ref().unwrap()[at];
                let mut moved = |d: f32| {
                    image.silhouette.as_mut().unwrap()[at] += d;
                    likeness.loss(&image, weights).0
                };
                let expected = (moved(step) - moved(-2.0 * step)) / (2.0 * f64::from(step));
                moved(step);
                assert!((f64::from(found) - expected).abs() < 1e-4, "{at:?}: {found} {expected}");
            }
            for at in [(0, 1, 0, 0), (1, 2, 3, 8), (1, 0, 6, 4)] {
                let found = grad.color.as_ref().unwrap()[at];
                let mut moved = |d: f32| {
                    image.color.as_mut().unwrap()[at] += d;
                    likeness.loss(&image, weights).0
                };
                let expected = (moved(step) - moved(-2.0 * step)) / (2.0 * f64::from(step));
                moved(step);
                assert!((f64::from(found) - expected).abs() < 1e-4, "{at:?}: {found} {expected}");
            }
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
