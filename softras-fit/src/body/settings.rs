//! Everything that decides the bits of a body fit, besides its input: [`BodySettings`].

use serde::{Deserialize, Serialize};
use softras_core::raster::{Outputs, RasterParams};

use crate::error::Result;
use crate::ranges;
use crate::schedule::{Geometric, Schedule};
use crate::settings::ColorMode;
use crate::softness::Softness;

/// Which joints turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Joints {
    /// All.
    #[default]
    All,
    /// Those of these names; the others stay as they start.
    Named(Vec<String>),
}

/// How much each part of the pictures' loss counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BodyLoss {
    /// Mean squared difference of the silhouettes. Colors over a background of another color show them, too.
    pub silhouette: f64,
    /// Mean squared difference of the colors over the whole picture, background included.
    pub color: f64,
}

impl Default for BodyLoss {
    fn default() -> Self {
        Self { silhouette: 0.0, color: 20.0 }
    }
}

/// Everything that decides the bits of a body fit, besides body, pictures, cameras and start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BodySettings {
    /// The number of steps.
    pub steps: usize,
    /// Which joints turn.
    pub joints: Joints,
    /// The color behind the body.
    pub background: [f32; 3],
    /// How faces make the color of a pixel.
    pub color: ColorMode,
    /// Softness of silhouettes, a squared screen distance.
    pub sigma: Schedule,
    /// Softness in depth, as a share of the body's height.
    pub depth_softness: Schedule,
    /// Deviation of the Gaussian by which drawn and target pictures are blurred before they are compared, in screen
    /// units; below half a pixel nothing is blurred.
    pub blur: Schedule,
    /// Probability below which a face is cut off.
    pub dist_eps: f64,
    /// Radians a step, of each joint.
    pub lr: Schedule,
    /// What a step of the translation is to one of a joint, in heights of the body per radian; 0: it stands still.
    pub shift_rate: f64,
    /// What a step of a shape coefficient is to one of a joint, per radian; 0: the shape stays.
    pub shape_rate: f64,
    /// Memory of the mean gradient, in 0..1.
    pub beta1: f64,
    /// Memory of the mean squared gradient, in 0..1.
    pub beta2: f64,
    /// The parts of the loss.
    pub loss: BodyLoss,
    /// The weight of the squared rotation vectors, summed over the joints that turn: it holds what no picture shows.
    pub rest: Schedule,
    /// The weight of the squared shape coefficients, summed.
    pub shape_rest: f64,
}

/// From one value to another within the first `steps`: a hidden part must come forward while much is soft, and be placed
/// when little is.
const fn over(from: f64, to: f64, steps: usize) -> Schedule {
    Schedule::Geometric(Geometric { from, to, over: Some(steps) })
}

impl Default for BodySettings {
    fn default() -> Self {
        Self {
            steps: 260,
            joints: Joints::All,
            background: [0.0; 3],
            color: ColorMode::Over,
            sigma: Schedule::geometric(1e-5, 3e-6),
            depth_softness: over(0.3, 0.01, 90),
            blur: over(0.2, 0.01, 110),
            dist_eps: 1e-3,
            lr: Schedule::geometric(0.1, 0.02),
            shift_rate: 0.1,
            shape_rate: 0.0,
            beta1: 0.8,
            beta2: 0.95,
            loss: BodyLoss::default(),
            rest: Schedule::geometric(2e-3, 1e-5),
            shape_rest: 1e-3,
        }
    }
}

/// Where a body is, seen from its cameras.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    pub(super) nearest: f64,
    pub(super) farthest: f64,
    pub(super) height: f64,
}

impl BodySettings {
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
            ("rest", &self.rest),
        ])?;
        ranges::at_least_zero(&[
            ("shift_rate", self.shift_rate),
            ("shape_rate", self.shape_rate),
            ("shape_rest", self.shape_rest),
        ])?;
        ranges::parts_of_loss(&[("loss.silhouette", self.loss.silhouette), ("loss.color", self.loss.color)])?;
        ranges::memories(self.beta1, self.beta2)?;
        ranges::background(&self.background)?;
        ranges::dist_eps(self.dist_eps)
    }

    /// Returns how the pictures of `step` are drawn. Near and far hug the body; softness in depth does not depend on
    /// where they are.
    pub(super) fn raster(&self, step: usize, size: (usize, usize), at: Extent) -> RasterParams {
        let margin = 0.1 * at.height;
        let near = (at.nearest - margin).max(1e-2 * at.height);
        let far = at.farthest.max(near) + margin;
        let softness = Softness {
            sigma: self.sigma.value(step, self.steps),
            depth: self.depth_softness.value(step, self.steps) * at.height,
            near,
            far,
            dist_eps: self.dist_eps,
            color: self.color,
        };
        let outputs = if self.loss.color > 0.0 { Outputs::Both } else { Outputs::Silhouette };
        softness.raster(size, outputs, &self.background)
    }
}
