//! The loss of a step, and its gradient: [`Objective`].

use ndarray::{Array2, Array3, Array4, Axis};
use serde::{Deserialize, Serialize};
use softras_core::loss::{self, EdgeLength, Flatten, Laplacian, Norm, NormalConsistency, Volume};
use softras_core::scene::Mesh;
use softras_core::{Image, ImageGrad};

use crate::error::Result;
use crate::settings::LossWeights;
use crate::targets::Targets;

/// The loss of one step and its parts, before their weights. Parts that are turned off are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepLoss {
    /// The weighted sum.
    pub total: f64,
    /// 1 - soft IoU.
    pub iou: f64,
    /// Mean absolute difference of the colors inside the target's silhouette.
    pub color: f64,
    /// See [`LossWeights::laplacian`].
    pub laplacian: f64,
    /// See [`LossWeights::flatten`].
    pub flatten: f64,
    /// See [`LossWeights::edge`].
    pub edge: f64,
    /// See [`LossWeights::normal`].
    pub normal: f64,
    /// See [`LossWeights::volume`].
    pub volume: f64,
}

impl StepLoss {
    /// The numbers in the order of the fields.
    #[must_use]
    pub const fn to_array(self) -> [f64; 8] {
        let Self { total, iou, color, laplacian, flatten, edge, normal, volume } = self;
        [total, iou, color, laplacian, flatten, edge, normal, volume]
    }
}

impl From<[f64; 8]> for StepLoss {
    fn from([total, iou, color, laplacian, flatten, edge, normal, volume]: [f64; 8]) -> Self {
        Self { total, iou, color, laplacian, flatten, edge, normal, volume }
    }
}

/// The loss: what pictures and surface are measured by.
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    weights: LossWeights,
    laplacian: Laplacian,
    flatten: Flatten,
    edge: EdgeLength,
    normal: NormalConsistency,
    volume: Volume,
}

impl Objective {
    /// Prepares the losses on the surface of `template`.
    pub(crate) fn new(weights: LossWeights, template: &Mesh) -> Result<Self> {
        let (triangles, count) = (template.triangles(), template.vertices().nrows());
        Ok(Self {
            weights,
            laplacian: Laplacian::new(triangles, count)?,
            flatten: Flatten::new(triangles, count)?,
            edge: EdgeLength::new(triangles, count)?,
            normal: NormalConsistency::new(triangles, count)?,
            volume: Volume::new(triangles, count)?,
        })
    }

    /// Returns d loss / d picture for pictures of `views`, and enters its parts in `step`.
    pub(crate) fn pictures(
        &self,
        image: &Image,
        targets: &Targets,
        views: &[usize],
        step: &mut StepLoss,
    ) -> Result<ImageGrad> {
        let mut grad = ImageGrad::default();
        if image.silhouette.is_some() && self.weights.iou > 0.0 {
            let target: Array3<f32> = targets.silhouette().select(Axis(0), views);
            let (value, of) = loss::iou(image, &target)?;
            step.iou = f64::from(value);
            step.total += self.weights.iou * step.iou;
            grad.silhouette = of.silhouette.map(|g| g * self.weights.iou as f32);
        }
        if let (Some(_), Some(colors)) = (&image.color, targets.color()) {
            let target: Array4<f32> = colors.select(Axis(0), views);
            // Outside the target's silhouette its color is the background's, which no surface should take.
            let mask: Array3<f32> = targets.silhouette().select(Axis(0), views);
            let (value, of) = loss::color_masked(image, &target, &mask, Norm::L1)?;
            step.color = f64::from(value);
            step.total += self.weights.color * step.color;
            grad.color = of.color.map(|g| g * self.weights.color as f32);
        }
        Ok(grad)
    }

    /// Adds d loss / d vertices of the losses on the surface to `grad [V, 3]`, and enters them in `step`.
    pub(crate) fn surface(
        &self,
        vertices: &Array2<f32>,
        grad: &mut Array2<f32>,
        step: &mut StepLoss,
    ) -> Result<()> {
        let mut add = |weight: f64, (value, of): (f32, Array2<f32>)| {
            grad.scaled_add(weight as f32, &of);
            step.total += weight * f64::from(value);
            f64::from(value)
        };
        if self.weights.laplacian > 0.0 {
            step.laplacian = add(self.weights.laplacian, self.laplacian.loss(vertices)?);
        }
        if self.weights.flatten > 0.0 {
            step.flatten = add(self.weights.flatten, self.flatten.loss(vertices)?);
        }
        if self.weights.edge > 0.0 {
            step.edge = add(self.weights.edge, self.edge.loss(vertices)?);
        }
        if self.weights.normal > 0.0 {
            step.normal = add(self.weights.normal, self.normal.loss(vertices)?);
        }
        if self.weights.volume > 0.0 {
            step.volume = add(self.weights.volume, self.volume.loss(vertices)?);
        }
        Ok(())
    }
}
