//! How far each picture of a batch is from its target, blurred alike, and the gradient.

use ndarray::{Array3, Array4, ArrayView2, ArrayView3, ArrayViewMut2, Axis};
use softras_core::{Image, ImageGrad};

use super::settings::PoseLoss;

/// Keeps the union of empty pictures from dividing by zero.
const GUARD: f64 = 1e-6;

/// The targets of one step, blurred: of each view.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    silhouette: Array3<f32>,    // [V, H, W]
    color: Option<Array4<f32>>, // [V, 3, H, W]
    kernel: Kernel,
}

impl Goal {
    /// Blurs targets by a Gaussian of `deviation` pixels. Outside the picture its border goes on.
    pub(crate) fn new(silhouette: &Array3<f32>, color: Option<&Array4<f32>>, deviation: f64) -> Self {
        let kernel = Kernel::new(deviation);
        let mut goal = Self { silhouette: silhouette.clone(), color: color.cloned(), kernel };
        for plane in goal.silhouette.axis_iter_mut(Axis(0)) {
            goal.kernel.blur(plane);
        }
        for mut picture in goal.color.iter_mut().flat_map(|c| c.axis_iter_mut(Axis(0))) {
            picture.axis_iter_mut(Axis(0)).for_each(|plane| goal.kernel.blur(plane));
        }
        goal
    }

    /// Returns the loss of each picture, `[B]`, and its gradient; picture b is compared with view `b % V`.
    pub(crate) fn losses(&self, image: &Image, weights: PoseLoss) -> (Vec<f64>, ImageGrad) {
        let views = self.silhouette.len_of(Axis(0));
        let mut grad = ImageGrad::default();
        let mut losses = Vec::new();
        if let Some(alpha) = &image.silhouette {
            let mut out = Array3::zeros(alpha.raw_dim());
            losses.resize(alpha.len_of(Axis(0)), 0.0);
            for (b, (alpha, mut out)) in alpha.outer_iter().zip(out.axis_iter_mut(Axis(0))).enumerate() {
                let target = self.silhouette.index_axis(Axis(0), b % views);
                losses[b] += weights.iou * self.overlap(alpha, target, weights.iou, &mut out);
            }
            grad.silhouette = Some(out);
        }
        if let (Some(color), Some(target)) = (&image.color, &self.color) {
            let mut out = Array4::zeros(color.raw_dim());
            losses.resize(color.len_of(Axis(0)), 0.0);
            for (b, (color, mut out)) in color.outer_iter().zip(out.axis_iter_mut(Axis(0))).enumerate() {
                let target = target.index_axis(Axis(0), b % views);
                losses[b] += weights.color * self.difference(color, target, weights.color, &mut out);
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
        self.kernel.blur(grad.view_mut());
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
        self.kernel.blur_vjp(grad.view_mut());
        1.0 - common / union
    }

    /// The mean squared difference of the blurred colors.
    fn difference(
        &self,
        color: ArrayView3<'_, f32>,
        target: ArrayView3<'_, f32>,
        weight: f64,
        grad: &mut ndarray::ArrayViewMut3<'_, f32>,
    ) -> f64 {
        grad.assign(&color);
        let count = color.len() as f64;
        let mut sum = 0.0;
        for (mut plane, target) in grad.axis_iter_mut(Axis(0)).zip(target.outer_iter()) {
            self.kernel.blur(plane.view_mut());
            for (g, &t) in plane.iter_mut().zip(&target) {
                let d = f64::from(*g - t);
                sum += d * d;
                *g = (weight * 2.0 * d / count) as f32;
            }
            self.kernel.blur_vjp(plane);
        }
        sum / count
    }
}

/// A Gaussian along rows and columns.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    weights: Vec<f32>, // [2 reach + 1], sum 1
}

impl Kernel {
    /// Of `deviation` pixels; below half a pixel it changes nothing.
    pub(crate) fn new(deviation: f64) -> Self {
        if deviation < 0.5 {
            return Self { weights: vec![1.0] };
        }
        let reach = (2.5 * deviation).ceil() as i32;
        let weight = |i: i32| (-0.5 * (f64::from(i) / deviation).powi(2)).exp();
        let sum: f64 = (-reach..=reach).map(weight).sum();
        Self { weights: (-reach..=reach).map(|i| (weight(i) / sum) as f32).collect() }
    }

    /// Blurs a plane in place. Beyond its border the border goes on.
    pub(crate) fn blur(&self, mut plane: ArrayViewMut2<'_, f32>) {
        self.along_lanes(&mut plane, |weights, reach, line, wide| {
            let (first, last) = (line[0], line[line.len() - 1]);
            wide[..reach].fill(first);
            wide[reach..reach + line.len()].copy_from_slice(line);
            wide[reach + line.len()..].fill(last);
            line.fill(0.0);
            for (k, w) in weights.iter().enumerate() {
                for (out, from) in line.iter_mut().zip(&wide[k..]) {
                    *out += w * from;
                }
            }
        });
    }

    /// The reverse of [`Kernel::blur`], in place.
    pub(crate) fn blur_vjp(&self, mut plane: ArrayViewMut2<'_, f32>) {
        self.along_lanes(&mut plane, |weights, reach, line, wide| {
            wide.fill(0.0);
            for (k, w) in weights.iter().enumerate() {
                for (out, grad) in wide[k..].iter_mut().zip(line.iter()) {
                    *out += w * grad;
                }
            }
            let count = line.len();
            line.copy_from_slice(&wide[reach..reach + count]);
            line[0] += wide[..reach].iter().sum::<f32>();
            line[count - 1] += wide[reach + count..].iter().sum::<f32>();
        });
    }

    /// Calls `pass` with the weights, their reach, each row and then each column, to be changed in place, and room for one
    /// that is wider by the reach on both sides.
    fn along_lanes(
        &self,
        plane: &mut ArrayViewMut2<'_, f32>,
        pass: impl Fn(&[f32], usize, &mut [f32], &mut [f32]),
    ) {
        if self.weights.len() == 1 {
            return;
        }
        let reach = self.weights.len() / 2;
        for axis in [Axis(1), Axis(0)] {
            let mut line = vec![0.0; plane.len_of(axis)];
            let mut wide = vec![0.0; line.len() + 2 * reach];
            for mut lane in plane.lanes_mut(axis) {
                line.iter_mut().zip(&lane).for_each(|(to, from)| *to = *from);
                pass(&self.weights, reach, &mut line, &mut wide);
                lane.iter_mut().zip(&line).for_each(|(to, from)| *to = *from);
            }
        }
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
        let weights = PoseLoss { iou: 0.7, color: 1.3 };
        for deviation in [0.0, 1.4] {
            let goal = Goal::new(&silhouette, Some(&color), deviation);
            let mut image = Image {
                silhouette: Some(Array3::from_shape_fn((4, h, w), |(b, y, x)| noise(b * 7 + y * 2 + x))),
                color: Some(Array4::from_shape_fn((4, 3, h, w), |(b, c, y, x)| noise(b + c * 2 + y + x * 3))),
            };
            let total = |image: &Image| goal.losses(image, weights).0.iter().sum::<f64>();
            let (losses, grad) = goal.losses(&image, weights);
            assert_eq!(losses.len(), 4);
            for at in [(0, 0, 0), (1, 3, 8), (3, 6, 4)] {
                let found = grad.silhouette.as_ref().unwrap()[at];
                let step = 1e-2;
                image.silhouette.as_mut().unwrap()[at] += step;
                let high = total(&image);
                image.silhouette.as_mut().unwrap()[at] -= 2.0 * step;
                let low = total(&image);
                image.silhouette.as_mut().unwrap()[at] += step;
                let expected = (high - low) / (2.0 * f64::from(step));
                assert!((f64::from(found) - expected).abs() < 2e-5, "{at:?}: {found} {expected}");
            }
            for at in [(0, 1, 0, 0), (2, 2, 3, 8), (3, 0, 6, 4)] {
                let found = grad.color.as_ref().unwrap()[at];
                let step = 1e-2;
                image.color.as_mut().unwrap()[at] += step;
                let high = total(&image);
                image.color.as_mut().unwrap()[at] -= 2.0 * step;
                let low = total(&image);
                image.color.as_mut().unwrap()[at] += step;
                let expected = (high - low) / (2.0 * f64::from(step));
                assert!((f64::from(found) - expected).abs() < 2e-5, "{at:?}: {found} {expected}");
            }
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
