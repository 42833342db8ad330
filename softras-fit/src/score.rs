//! How good a fit is, measured alike for every fit: [`score`].

use ndarray::{Array3, Axis};
use serde::{Deserialize, Serialize};
use softras_core::Image;
use softras_core::loss;
use softras_core::math::Silhouette;
use softras_core::raster::{DynRasterizer, DynSaved, Outputs, RasterParams};
use softras_core::scene::{Mesh, project_views};

use crate::error::Result;
use crate::targets::{Targets, draw_hard, uncolored};

/// The softness of every score, whatever the fit was done with.
const SIGMA: f32 = 1e-4;
/// The cut-off of every score.
const DIST_EPS: f64 = 1e-4;
/// Views drawn at once: bounds the memory.
const CHUNK: usize = 16;

/// How well the silhouettes of a mesh cover the targets', mean over all views.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Soft intersection over union at sigma 1e-4, dist_eps 1e-4.
    pub mean_iou: f64,
    /// Intersection over union of the pixels whose centre is in the mesh with those whose target is above 1/2.
    pub hard_iou: f64,
}

/// Scores `mesh` against `targets`.
///
/// # Errors
/// `Core` if the back end fails.
pub fn score(device: &dyn DynRasterizer, mesh: &Mesh, targets: &Targets) -> Result<Score> {
    let mesh = uncolored(mesh)?;
    let (width, height) = targets.size();
    let soft = RasterParams::new(width, height).sigma(SIGMA).dist_eps(DIST_EPS).outputs(Outputs::Silhouette);
    let hard = soft.clone().silhouette(Silhouette::Hard);
    let (mut image, mut saved) = (Image::default(), DynSaved::default());
    let mut sums = [0.0; 2];
    let views: Vec<usize> = (0..targets.count()).collect();
    for views in views.chunks(CHUNK) {
        let cameras = &targets.cameras()[views[0]..views[0] + views.len()];
        let faces = project_views(&mesh, cameras)?.0.into();
        let target: Array3<f32> = targets.silhouette().select(Axis(0), views);
        device.forward_into(&faces, &soft, &mut image, &mut saved)?;
        sums[0] += f64::from(loss::iou_score(&image, &target)?) * views.len() as f64;
        device.forward_into(&faces, &hard, &mut image, &mut saved)?;
        sums[1] += f64::from(loss::hard_iou(&image, &target)?) * views.len() as f64;
    }
    let [mean_iou, hard_iou] = sums.map(|sum| sum / targets.count() as f64);
    Ok(Score { mean_iou, hard_iou })
}

/// Returns the peak signal to noise ratio in decibels of hard pictures of `mesh`, as it is colored, against the colors
/// of `targets`, over all pixels of all views, `background` behind the mesh. NaN for targets without color.
///
/// # Errors
/// `Core` if the back end fails, or the mesh has no color.
pub fn color_psnr(
    device: &dyn DynRasterizer,
    mesh: &Mesh,
    targets: &Targets,
    background: [f32; 3],
) -> Result<f64> {
    let Some(colors) = targets.color() else { return Ok(f64::NAN) };
    let mut sum = 0.0;
    for (camera, target) in targets.cameras().iter().zip(colors.outer_iter()) {
        let image = draw_hard(device, mesh, camera, targets.size(), background)?;
        let Some(drawn) = image.color else { return Ok(f64::NAN) };
        let drawn = drawn.index_axis(Axis(0), 0);
        let squares = drawn.iter().zip(&target).map(|(a, b)| f64::from(a - b).powi(2));
        sum += squares.sum::<f64>();
    }
    Ok(-10.0 * (sum / colors.len() as f64).log10())
}

/// Returns the most that any silhouettes with values in 0..=1 can reach as [`Score::mean_iou`] of `targets`, mean over
/// views: below 1 where targets have soft pixels, which count half whatever is drawn there.
///
/// `sum A T / sum (A + T - A T)` is a ratio of functions linear in each pixel, so its maximum r has each A at 0 or 1: 1 where
/// `T > r (1 - T)`. The r that agrees with itself is found by Dinkelbach's iteration.
#[must_use]
pub fn best_mean_iou(targets: &Targets) -> f64 {
    let best = |target: ndarray::ArrayView2<'_, f32>| {
        let mut ratio = 0.0;
        loop {
            let (mut above, mut below) = (0.0, 0.0);
            for t in target.iter().map(|t| f64::from(*t)) {
                let drawn = t > ratio * (1.0 - t);
                above += if drawn { t } else { 0.0 };
                below += if drawn { 1.0 } else { t };
            }
            let next = if below > 0.0 { above / below } else { 0.0 };
            // It rises until nothing changes: there are finitely many pictures of 0 and 1.
            if next <= ratio {
                return ratio;
            }
            ratio = next;
        }
    };
    targets.silhouette().outer_iter().map(best).sum::<f64>() / targets.count() as f64
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::targets::cameras_around;

    fn targets(values: [f32; 4]) -> Targets {
        let [a, b, c, d] = values;
        Targets::new(array![[[a, b], [c, d]]], None, cameras_around(1, 3.0, 30.0)).unwrap()
    }

    #[test]
    fn hard_targets_can_be_met_and_half_covered_pixels_cannot() {
        assert!((best_mean_iou(&targets([1.0, 0.0, 1.0, 0.0])) - 1.0).abs() < 1e-12);
        // Drawn or not, a pixel of a half: (1 + 1/2) / 2 against 1 / (1 + 1/2).
        assert!((best_mean_iou(&targets([1.0, 0.5, 0.0, 0.0])) - 0.75).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn no_picture_is_better(t in prop::array::uniform4(0.0_f32..1.0), a in prop::array::uniform4(0.0_f64..=1.0)) {
            let pairs = || a.iter().zip(t.map(f64::from));
            let above: f64 = pairs().map(|(a, t)| a * t).sum();
            let below: f64 = pairs().map(|(a, t)| a + t - a * t).sum();
            prop_assert!(above <= best_mean_iou(&targets(t)) * below + 1e-9);
        }
    }
}
