//! How far each picture of a batch is from its target, blurred alike, and the gradient.

use ndarray::{Array3, Array4, ArrayView2, ArrayViewMut2, Axis};
use softras_core::{Image, ImageGrad};

use super::settings::PoseLoss;
use crate::blurred::Blurred;

/// Keeps the union of empty pictures from dividing by zero.
const GUARD: f64 = 1e-6;

/// The targets of one step: of each view.
#[derive(Clone, Debug)]
pub(crate) struct Goal(Blurred);

impl Goal {
    /// Blurs targets by a Gaussian of `deviation` pixels. Outside the picture its border goes on.
    pub(crate) fn new(silhouette: &Array3<f32>, color: Option<&Array4<f32>>, deviation: f64) -> Self {
        Self(Blurred::new(silhouette, color, deviation))
    }

    /// Returns the loss of each picture, `[B]`, and its gradient; picture b is compared with view `b % V`.
    pub(crate) fn losses(&self, image: &Image, weights: PoseLoss) -> (Vec<f64>, ImageGrad) {
        let views = self.0.silhouette.len_of(Axis(0));
        let mut grad = ImageGrad::default();
        let mut losses = Vec::new();
        if let Some(alpha) = &image.silhouette {
            let mut out = Array3::zeros(alpha.raw_dim());
            losses.resize(alpha.len_of(Axis(0)), 0.0);
            for (b, (alpha, mut out)) in alpha.outer_iter().zip(out.axis_iter_mut(Axis(0))).enumerate() {
                let target = self.0.silhouette.index_axis(Axis(0), b % views);
                losses[b] += weights.iou * self.overlap(alpha, target, weights.iou, &mut out);
            }
            grad.silhouette = Some(out);
        }
        if let (Some(color), Some(target)) = (&image.color, &self.0.color) {
            let mut out = Array4::zeros(color.raw_dim());
            losses.resize(color.len_of(Axis(0)), 0.0);
            for (b, (color, mut out)) in color.outer_iter().zip(out.axis_iter_mut(Axis(0))).enumerate() {
                let target = target.index_axis(Axis(0), b % views);
                losses[b] += weights.color * self.0.difference(color, target, weights.color, &mut out);
            }
            grad.color = Some(out);
        }
        (losses, grad)
    }

    /// 1 - IoU of the blurred silhouettes.
    fn overlap(
        &self,
        alpha: ArrayView2<'_, f32>,
        target: ArrayView2<'_, f32>,
        weight: f64,
        grad: &mut ArrayViewMut2<'_, f32>,
    ) -> f64 {
        grad.assign(&alpha);
        self.0.blur(grad.view_mut());
        let (mut common, mut union) = (0.0, GUARD);
        for (&a, &t) in grad.iter().zip(&target) {
            let (a, t) = (f64::from(a), f64::from(t));
            common += a * t;
            union += a + t - a * t;
        }
        for (g, &t) in grad.iter_mut().zip(&target) {
            let t = f64::from(t);
            *g = (weight * ((1.0 - t) * common / union - t) / union) as f32;
        }
        self.0.blur_vjp(grad.view_mut());
        1.0 - common / union
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
        let weights = PoseLoss { iou: 0.7, color: 1.3 };
        for deviation in [0.0, 1.4] {
            let goal = Goal::new(&silhouette, Some(&color), deviation);
            let image = Image {
                silhouette: Some(Array3::from_shape_fn((4, h, w), |(b, y, x)| noise(b * 7 + y * 2 + x))),
                color: Some(Array4::from_shape_fn((4, 3, h, w), |(b, c, y, x)| noise(b + c * 2 + y + x * 3))),
            };
            let (losses, grad) = goal.losses(&image, weights);
            assert_eq!(losses.len(), 4);
            assert_slopes(image, &grad, 2e-5, |image| goal.losses(image, weights).0.iter().sum());
        }
    }

    #[test]
    fn equal_pictures_have_no_loss() {
        let silhouette = Array3::from_shape_fn((1, 5, 5), |(_, y, x)| f32::from(y > 1 && x > 2));
        let goal = Goal::new(&silhouette, None, 0.0);
        let image = Image { silhouette: Some(silhouette), color: None };
        assert!(goal.losses(&image, PoseLoss::default()).0[0].abs() < 1e-6);
    }
}
