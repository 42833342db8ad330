//! How the loss of a picture lies over a turn away from the truth, drawn hard, soft, and hard but blurred.

use ndarray::Array4;
use softras_core::Image;
use softras_core::math::{Color, Silhouette};
use softras_core::raster::{DynRasterizer, DynSaved, RasterParams};
use softras_core::scene::{Camera, Mesh, project_views};

use crate::error::Result;
use crate::pose::Placement;
use crate::settings::ColorMode;

/// How pictures are drawn for a landscape.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(super) enum Drawing {
    /// The nearest face.
    Hard,
    /// The nearest face, the picture blurred by a Gaussian of this deviation in screen units; the target as well.
    Blurred(f64),
    /// Softly, with this sigma and this gamma.
    Soft(f64, f64),
}

/// A mesh that is turned in front of a camera.
pub(super) struct Landscape<'a> {
    pub(super) device: &'a dyn DynRasterizer,
    pub(super) mesh: &'a Mesh,
    pub(super) camera: Camera,
    pub(super) size: usize,
    pub(super) background: [f32; 3],
}

impl Landscape<'_> {
    /// Returns the mean squared difference of colors to the picture at `truth`, drawn the same way, for each of
    /// `placements`.
    pub(super) fn losses(
        &self,
        drawing: Drawing,
        truth: &Placement,
        places: &[Placement],
    ) -> Result<Vec<f64>> {
        let target = self.draw(drawing, core::slice::from_ref(truth))?;
        let pictures = self.draw(drawing, places)?;
        let target = target.index_axis(ndarray::Axis(0), 0);
        let mean = |picture: ndarray::ArrayView3<'_, f32>| {
            let squares = picture.iter().zip(&target).map(|(a, b)| f64::from(a - b).powi(2));
            squares.sum::<f64>() / target.len() as f64
        };
        Ok(pictures.outer_iter().map(mean).collect())
    }

    /// Draws the mesh at each place, `[B, 3, H, W]`.
    fn draw(&self, drawing: Drawing, places: &[Placement]) -> Result<Array4<f32>> {
        let cameras = places.iter().map(|p| p.camera(&self.camera)).collect::<Result<Vec<_>>>()?;
        let (faces, _) = project_views(self.mesh, &cameras)?;
        let params = RasterParams::new(self.size, self.size).near(1e-2).background(&self.background);
        let params = match drawing {
            Drawing::Soft(sigma, gamma) => {
                params.sigma(sigma as f32).gamma(gamma as f32).color(ColorMode::Over.into())
            }
            _ => params.silhouette(Silhouette::Hard).color(Color::Hard),
        };
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        self.device.forward_into(&faces.into(), &params, &mut image, &mut saved)?;
        let color = image.color.unwrap_or_default();
        Ok(match drawing {
            Drawing::Blurred(deviation) => {
                blurred(&color, deviation * self.size as f64 / 2.0, self.background)
            }
            _ => color,
        })
    }
}

/// Blurs pictures by a Gaussian of `deviation` pixels; beyond the border lies `background`.
pub(crate) fn blurred(pictures: &Array4<f32>, deviation: f64, background: [f32; 3]) -> Array4<f32> {
    let reach = (3.0 * deviation).ceil() as isize;
    let weights: Vec<f64> =
        (-reach..=reach).map(|i| (-0.5 * (i as f64 / deviation.max(1e-9)).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let (_, _, height, width) = pictures.dim();
    let pass = |from: &Array4<f32>, along: usize| {
        Array4::from_shape_fn(from.raw_dim(), |(b, c, y, x)| {
            let at = |i: isize| {
                let (y, x) =
                    if along == 0 { (y as isize + i, x as isize) } else { (y as isize, x as isize + i) };
                let inside = y >= 0 && x >= 0 && (y as usize) < height && (x as usize) < width;
                if inside { from[[b, c, y as usize, x as usize]] } else { background[c.min(2)] }
            };
            let terms = weights.iter().zip(-reach..);
            (terms.map(|(w, i)| w * f64::from(at(i))).sum::<f64>() / sum) as f32
        })
    };
    pass(&pass(pictures, 0), 1)
}

/// How far from the middle of `losses`, in steps, the loss falls towards it from both sides without a halt.
pub(super) fn basin(losses: &[f64]) -> usize {
    let middle = losses.len() / 2;
    let falls = |k: usize| {
        let (left, right) = (middle - k, middle + k);
        losses[left] > losses[left + 1] && losses[right] > losses[right - 1]
    };
    (1..=middle).take_while(|&k| falls(k)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basin_ends_where_the_loss_stops_falling() {
        assert_eq!(basin(&[3.0, 4.0, 2.0, 0.0, 1.0, 2.0, 3.0]), 2);
        assert_eq!(basin(&[1.0, 1.0, 0.0, 0.0, 1.0]), 0);
    }

    #[test]
    fn blurring_keeps_what_is_flat_and_the_mean() {
        let flat = Array4::from_elem((1, 3, 9, 9), 0.25);
        let out = blurred(&flat, 2.0, [0.25; 3]);
        assert!(out.iter().all(|x| (x - 0.25).abs() < 1e-6));
        let mut dot = Array4::zeros((1, 3, 21, 21));
        dot[[0, 1, 10, 10]] = 1.0;
        let out = blurred(&dot, 1.5, [0.0; 3]);
        assert!((out.sum() - 1.0).abs() < 1e-4 && out[[0, 1, 10, 10]] < 0.1);
    }
}
