//! Targets that are blurred, and pictures that are compared with them after the same blur: [`Blurred`].

use ndarray::{Array3, Array4, ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis};

/// The targets of one step, blurred.
#[derive(Clone, Debug)]
pub(crate) struct Blurred {
    /// `[V, H, W]`.
    pub(crate) silhouette: Array3<f32>,
    /// `[V, C, H, W]`.
    pub(crate) color: Option<Array4<f32>>,
    blur: Blur,
}

impl Blurred {
    /// Blurs targets by a Gaussian of `deviation` pixels. Outside the picture its border goes on.
    pub(crate) fn new(silhouette: &Array3<f32>, color: Option<&Array4<f32>>, deviation: f64) -> Self {
        let blur = Blur::new(deviation);
        let (mut silhouette, mut color) = (silhouette.clone(), color.cloned());
        silhouette.axis_iter_mut(Axis(0)).for_each(|plane| blur.plane(plane));
        for mut picture in color.iter_mut().flat_map(|c| c.axis_iter_mut(Axis(0))) {
            picture.axis_iter_mut(Axis(0)).for_each(|plane| blur.plane(plane));
        }
        Self { silhouette, color, blur }
    }

    /// Blurs a plane of a picture as the targets are, in place.
    pub(crate) fn blur(&self, plane: ArrayViewMut2<'_, f32>) {
        self.blur.plane(plane);
    }

    /// The reverse of [`Blurred::blur`], in place.
    pub(crate) fn blur_vjp(&self, plane: ArrayViewMut2<'_, f32>) {
        self.blur.plane_vjp(plane);
    }

    /// Returns the mean squared difference of a picture `[C, H, W]`, blurred, from a target that is; `grad` becomes `weight`
    /// times its gradient to the picture.
    pub(crate) fn difference(
        &self,
        picture: ArrayView3<'_, f32>,
        target: ArrayView3<'_, f32>,
        weight: f64,
        grad: &mut ArrayViewMut3<'_, f32>,
    ) -> f64 {
        grad.assign(&picture);
        let count = picture.len() as f64;
        let mut sum = 0.0;
        for (mut plane, target) in grad.axis_iter_mut(Axis(0)).zip(target.outer_iter()) {
            self.blur(plane.view_mut());
            for (g, &t) in plane.iter_mut().zip(&target) {
                let d = f64::from(*g - t);
                sum += d * d;
                *g = (weight * 2.0 * d / count) as f32;
            }
            self.blur_vjp(plane);
        }
        sum / count
    }
}

/// A Gaussian along rows and columns.
#[derive(Clone, Debug)]
struct Blur {
    weights: Vec<f32>, // [2 reach + 1], sum 1
}

impl Blur {
    /// Of `deviation` pixels; below half a pixel it changes nothing.
    fn new(deviation: f64) -> Self {
        if deviation < 0.5 {
            return Self { weights: vec![1.0] };
        }
        let reach = (2.5 * deviation).ceil() as i32;
        let weight = |i: i32| (-0.5 * (f64::from(i) / deviation).powi(2)).exp();
        let sum: f64 = (-reach..=reach).map(weight).sum();
        Self { weights: (-reach..=reach).map(|i| (weight(i) / sum) as f32).collect() }
    }

    /// Blurs a plane in place. Beyond its border the border goes on.
    fn plane(&self, mut plane: ArrayViewMut2<'_, f32>) {
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

    /// The reverse of [`Blur::plane`], in place.
    fn plane_vjp(&self, mut plane: ArrayViewMut2<'_, f32>) {
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
pub(crate) mod tests {
    use softras_core::{Image, ImageGrad};

    use super::*;

    /// A number in 0..1, another for each `i`.
    pub(crate) fn noise(i: usize) -> f32 {
        (0.5 + 0.5 * (i as f64 * 1.7).sin()) as f32
    }

    /// Holds `grad` against central differences of `loss` at corners and inside of each kind of plane.
    pub(crate) fn assert_slopes(
        mut image: Image,
        grad: &ImageGrad,
        within: f64,
        loss: impl Fn(&Image) -> f64,
    ) {
        fn numbers(image: &mut Image) -> [&mut [f32]; 2] {
            let Image { color, silhouette } = image;
            [
                color.as_mut().unwrap().as_slice_mut().unwrap(),
                silhouette.as_mut().unwrap().as_slice_mut().unwrap(),
            ]
        }
        let step = 1e-2;
        let grads = [grad.color.as_ref().unwrap().as_slice(), grad.silhouette.as_ref().unwrap().as_slice()];
        for (group, grads) in grads.into_iter().enumerate() {
            let grads = grads.unwrap();
            let count = grads.len();
            // The first corner and the last, both sides of a picture's end, and places between.
            for at in [0, 4, count / 4, count / 2 - 1, count / 2, 2 * count / 3, count - 1] {
                let mut moved = |d: f32| {
                    numbers(&mut image)[group][at] += d;
                    loss(&image)
                };
                let (high, low) = (moved(step), moved(-2.0 * step));
                moved(step);
                let expected = (high - low) / (2.0 * f64::from(step));
                let found = f64::from(grads[at]);
                assert!((found - expected).abs() < within, "{group}, {at}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_blur_keeps_what_is_even_and_spreads_what_is_not() {
        let even = Array3::from_elem((1, 6, 5), 0.7);
        let blurred = Blurred::new(&even, None, 1.4);
        assert!(blurred.silhouette.iter().all(|x| (x - 0.7).abs() < 1e-6));
        let mut point = Array3::zeros((1, 15, 15));
        point[[0, 7, 7]] = 1.0;
        let spread = Blurred::new(&point, None, 1.4).silhouette;
        assert!((spread.sum() - 1.0).abs() < 1e-6 && spread[[0, 7, 7]] < 0.1, "{}", spread[[0, 7, 7]]);
        assert_eq!(Blurred::new(&point, None, 0.4).silhouette, point);
    }
}
