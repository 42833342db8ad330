//! Everything that decides the bits of a pose, besides its input: [`PoseSettings`].

use serde::{Deserialize, Serialize};
use softras_core::raster::{Outputs, RasterParams};

use crate::error::Result;
use crate::ranges;
use crate::schedule::Schedule;
use crate::settings::ColorMode;
use crate::softness::Softness;

/// What is fitted besides the rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freedom {
    /// Nothing: the mesh turns where it stands.
    Rotation,
    /// The translation.
    #[default]
    Pose,
    /// The translation, and the focal length of the camera.
    Focal,
    /// The translation, and the focal length and principal point of the camera. One view tells a shift of the mesh and one of
    /// that point apart by perspective alone; several do it well.
    Lens,
}

/// How much each part of the picture's loss counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PoseLoss {
    /// 1 - soft intersection over union of the silhouettes.
    pub iou: f64,
    /// Mean squared difference of the colors over the whole picture, background included.
    pub color: f64,
}

impl Default for PoseLoss {
    fn default() -> Self {
        Self { iou: 0.1, color: 1.0 }
    }
}

/// Everything that decides the bits of a pose, besides mesh, pictures, cameras and starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PoseSettings {
    /// The number of steps.
    pub steps: usize,
    /// What is fitted.
    pub freedom: Freedom,
    /// The color behind the mesh.
    pub background: [f32; 3],
    /// How faces make the color of a pixel.
    pub color: ColorMode,
    /// Softness of silhouettes, a squared screen distance.
    pub sigma: Schedule,
    /// Softness in depth, as a share of the mesh's size (its bounding ball's radius): of depths, not of near to far.
    pub depth_softness: Schedule,
    /// Deviation of the Gaussian by which drawn and target pictures are blurred before they are compared, in screen
    /// units; below half a pixel nothing is blurred.
    pub blur: Schedule,
    /// Probability below which a face is cut off.
    pub dist_eps: f64,
    /// Radians a step.
    pub lr: Schedule,
    /// What a step of the translation is to one of the rotation, in radii of the mesh per radian.
    pub shift_rate: f64,
    /// What a step of the focal length's logarithm is to one of the rotation, per radian.
    pub focal_rate: f64,
    /// What a step of the principal point is to one of the rotation, in picture heights per radian.
    pub center_rate: f64,
    /// Memory of the mean gradient, in 0..1.
    pub beta1: f64,
    /// Memory of the mean squared gradient, in 0..1.
    pub beta2: f64,
    /// The parts of the loss.
    pub loss: PoseLoss,
}

impl Default for PoseSettings {
    fn default() -> Self {
        Self {
            steps: 300,
            freedom: Freedom::Pose,
            background: [0.5; 3],
            color: ColorMode::Over,
            sigma: Schedule::geometric(1e-2, 1e-4),
            depth_softness: Schedule::geometric(0.5, 0.1),
            blur: Schedule::geometric(0.5, 0.05),
            // Over a steep face a nearer one counts far beyond its edge: cut off earlier, the picture jumps there.
            dist_eps: 1e-8,
            lr: Schedule::geometric(2.0, 0.002),
            shift_rate: 0.1,
            focal_rate: 0.05,
            center_rate: 0.02,
            beta1: 0.9,
            beta2: 0.95,
            loss: PoseLoss::default(),
        }
    }
}

impl PoseSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` names the first value out of range.
    pub fn check(&self) -> Result<()> {
        ranges::steps(self.steps)?;
        ranges::schedules(&[
            ("sigma", &self.sigma),
            ("depth_softness", &self.depth_softness),
            ("blur", &self.blur),
            ("lr", &self.lr),
        ])?;
        ranges::at_least_zero(&[
            ("shift_rate", self.shift_rate),
            ("focal_rate", self.focal_rate),
            ("center_rate", self.center_rate),
        ])?;
        ranges::parts_of_loss(&[("loss.iou", self.loss.iou), ("loss.color", self.loss.color)])?;
        ranges::memories(self.beta1, self.beta2)?;
        ranges::background(&self.background)?;
        ranges::dist_eps(self.dist_eps)
    }

    /// Returns how the pictures of `step` are drawn: near and far hug a mesh of `radius` that is between the depths
    /// `nearest` and `farthest`, so that softness in depth means the same whatever the distance.
    #[must_use]
    pub(crate) fn raster(&self, step: usize, size: (usize, usize), depths: Depths) -> RasterParams {
        let Depths { nearest, farthest, radius } = depths;
        let near = (nearest - radius).max(1e-2 * nearest.max(1e-3));
        let far = farthest + radius;
        let softness = Softness {
            sigma: self.sigma.value(step, self.steps),
            depth: self.depth_softness.value(step, self.steps) * radius,
            near,
            far,
            dist_eps: self.dist_eps,
            color: self.color,
        };
        let outputs = match (self.loss.iou > 0.0, self.loss.color > 0.0) {
            (true, true) => Outputs::Both,
            (false, true) => Outputs::Color,
            _ => Outputs::Silhouette,
        };
        softness.raster(size, outputs, &self.background)
    }
}

/// Between which depths a mesh lies, and the radius of its bounding ball.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Depths {
    pub(super) nearest: f64,
    pub(super) farthest: f64,
    pub(super) radius: f64,
}
