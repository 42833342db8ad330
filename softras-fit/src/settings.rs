//! Everything that decides the bits of a fit, besides its input: [`FitSettings`].

use serde::{Deserialize, Serialize};
use softras_core::math::{Color, Interpolation};
use softras_core::raster::{Outputs, RasterParams};

use crate::adam::{AdamSettings, StepScale};
use crate::error::{Error, Result};
use crate::learn::LearnSettings;
use crate::light::LightSettings;
use crate::parts::PartSettings;
use crate::ranges;
use crate::schedule::Schedule;

/// How vertices follow from the numbers that are fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShapeModel {
    /// Template plus displacement.
    Offset,
    /// Template plus a displacement that is smooth over the surface: `(I + lambda L) x` is fitted, so that each step
    /// moves whole regions and a coarse error does not fold the mesh (Nicolet et al., SIGGRAPH Asia 2021).
    #[default]
    Smooth,
    /// The official deform demo's: inside a box of side 2, signs of coordinates relative to a fitted centre kept.
    Box,
}

/// How faces make the color of a pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorMode {
    /// The paper's softmax: keeps no silhouette gradient at small gamma.
    Softmax,
    /// Softmax among faces, composited by the silhouette: keeps it.
    #[default]
    Over,
    /// The nearest face.
    Hard,
}

impl From<ColorMode> for Color {
    fn from(mode: ColorMode) -> Self {
        match mode {
            ColorMode::Softmax => Self::Softmax,
            ColorMode::Over => Self::Over,
            ColorMode::Hard => Self::Hard,
        }
    }
}

/// Whether colors are interpolated in space or on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colors {
    /// Perspective-correct.
    #[default]
    Perspective,
    /// Affine on the screen, as in the official code.
    Screen,
}

impl From<Colors> for Interpolation {
    fn from(colors: Colors) -> Self {
        match colors {
            Colors::Perspective => Self::Perspective,
            Colors::Screen => Self::Screen,
        }
    }
}

/// Where the colors of the surface come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Albedo {
    /// They are fitted with the shape.
    #[default]
    Fitted,
    /// They are the template's: only shape and light explain the pictures.
    Fixed,
}

/// What each part of the loss counts. A weight of 0 turns a part off; without `color`, no color is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossWeights {
    /// 1 - soft intersection over union of the silhouettes, mean over views.
    pub iou: f64,
    /// Mean absolute difference of the colors inside the target's silhouette.
    pub color: f64,
    /// Squared distance of each vertex from the mean of its neighbours, summed.
    pub laplacian: f64,
    /// `(cos theta + 1)^2` over the angle at each interior edge, summed.
    pub flatten: f64,
    /// Squared length of each edge, summed.
    pub edge: f64,
    /// `1 - n1 . n2` over the normals at each interior edge, summed.
    pub normal: f64,
    /// Minus the volume that the surface encloses: a pressure from inside, which turns parts that are inside out back.
    pub volume: f64,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self { iou: 1.0, color: 1.0, laplacian: 0.003, flatten: 0.0001, edge: 0.0, normal: 0.0, volume: 0.0 }
    }
}

/// Everything that decides the bits of a fit, besides its template and its targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitSettings {
    /// The number of steps.
    pub steps: usize,
    /// Views a step, 0 for all.
    pub batch: usize,
    /// Decides the order of the views.
    pub seed: u64,
    /// How vertices follow from the fitted numbers.
    pub model: ShapeModel,
    /// How far a step of the smooth model reaches over the surface: lambda of `(I + lambda L)`.
    pub smoothness: f64,
    /// What a step of the positions is divided by.
    pub step_scale: StepScale,
    /// Steps before which every triangle is cut in four, ascending.
    pub refine: Vec<usize>,
    /// Coarse to fine: from a step on, pictures are smaller by a whole factor, `[[0, 4], [200, 2], [400, 1]]`. Empty
    /// for full size always.
    pub shrink: Vec<(usize, usize)>,
    /// Where the colors of the surface come from.
    pub albedo: Albedo,
    /// The light on the surface; without it, colors are drawn as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light: Option<LightSettings>,
    /// Texels along a side of each face, 0 for colors at vertices.
    pub texels: usize,
    /// The color behind the mesh, in pictures and targets.
    pub background: [f32; 3],
    /// How faces make the color of a pixel.
    pub color: ColorMode,
    /// How colors are interpolated.
    pub interpolation: Colors,
    /// Softness of silhouettes, a squared screen distance.
    pub sigma: Schedule,
    /// Softness in depth.
    pub gamma: Schedule,
    /// Probability below which a face is cut off.
    pub dist_eps: f64,
    /// The learning rate of positions.
    pub lr: Schedule,
    /// The learning rate of colors.
    pub color_lr: Schedule,
    /// How the optimiser averages.
    pub adam: AdamSettings,
    /// The parts of the loss.
    pub loss: LossWeights,
    /// The other parts that pictures are drawn with.
    pub parts: PartSettings,
    /// The numbers of the renderer that are fitted, too.
    pub learn: LearnSettings,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            steps: 400,
            batch: 8,
            seed: 0,
            model: ShapeModel::Smooth,
            smoothness: 8.0,
            step_scale: StepScale::Each,
            refine: Vec::new(),
            shrink: Vec::new(),
            albedo: Albedo::Fitted,
            light: None,
            texels: 4,
            background: [1.0; 3],
            color: ColorMode::Over,
            interpolation: Colors::Perspective,
            sigma: Schedule::geometric(5e-4, 1e-5),
            gamma: Schedule::geometric(1e-3, 1e-4),
            dist_eps: 1e-4,
            lr: Schedule::geometric(0.03, 0.002),
            color_lr: Schedule::geometric(0.05, 0.002),
            adam: AdamSettings::default(),
            loss: LossWeights::default(),
            parts: PartSettings::default(),
            learn: LearnSettings::default(),
        }
    }
}

impl FitSettings {
    /// The official deform demo: silhouettes alone, all views at every step, its loss weights and its optimiser.
    #[must_use]
    pub fn official() -> Self {
        Self {
            steps: 2000,
            batch: 0,
            model: ShapeModel::Box,
            texels: 0,
            background: [1.0; 3],
            color: ColorMode::Hard,
            interpolation: Colors::Screen,
            sigma: Schedule::Constant(1e-4),
            gamma: Schedule::Constant(1e-4),
            lr: Schedule::Constant(0.01),
            color_lr: Schedule::Constant(0.01),
            adam: AdamSettings { beta1: 0.5, beta2: 0.99, eps: 1e-8 },
            loss: LossWeights {
                iou: 1.0,
                color: 0.0,
                laplacian: 0.03,
                flatten: 0.0003,
                edge: 0.0,
                normal: 0.0,
                volume: 0.0,
            },
            ..Self::default()
        }
    }

    /// Real photographs of an object that fills them: coarse to fine in pictures and surface, from a sphere in the world of
    /// a [`Placement`](crate::Placement).
    #[must_use]
    pub fn photographs() -> Self {
        Self {
            steps: 600,
            batch: 6,
            texels: 0,
            background: [0.0; 3],
            smoothness: 8.0,
            refine: vec![200, 400],
            shrink: vec![(0, 8), (200, 4), (450, 2)],
            sigma: Schedule::geometric(1e-3, 1e-5),
            gamma: Schedule::geometric(1e-3, 1e-4),
            lr: Schedule::geometric(0.02, 0.001),
            color_lr: Schedule::geometric(0.05, 0.005),
            loss: LossWeights {
                iou: 1.0,
                color: 0.3,
                laplacian: 0.001,
                flatten: 3e-5,
                edge: 0.0,
                normal: 0.0,
                volume: 0.0,
            },
            ..Self::default()
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` names the first value out of range.
    pub fn check(&self) -> Result<()> {
        ranges::steps(self.steps)?;
        ranges::schedules(&[
            ("sigma", &self.sigma),
            ("gamma", &self.gamma),
            ("lr", &self.lr),
            ("color_lr", &self.color_lr),
        ])?;
        self.adam.check()?;
        ranges::at_least_zero(&[
            ("loss.iou", self.loss.iou),
            ("loss.color", self.loss.color),
            ("loss.laplacian", self.loss.laplacian),
            ("loss.flatten", self.loss.flatten),
            ("loss.edge", self.loss.edge),
            ("loss.normal", self.loss.normal),
            ("loss.volume", self.loss.volume),
            ("smoothness", self.smoothness),
        ])?;
        self.check_stages()?;
        if let Some(light) = &self.light {
            light.check()?;
        }
        ranges::background(&self.background)?;
        ranges::dist_eps(self.dist_eps)?;
        self.learn.check(&self.parts)?;
        // What the renderer itself refuses; a schedule goes from its first value to its last.
        for step in [0, self.steps - 1] {
            self.raster(step, 1, 1, Outputs::Both).check()?;
        }
        Ok(())
    }

    fn check_stages(&self) -> Result<()> {
        if self.refine.first() == Some(&0) || !self.refine.is_sorted_by(|a, b| a < b) {
            return Err(Error::setting("refine", format!("{:?}", self.refine), "ascending steps above 0"));
        }
        if self.model == ShapeModel::Box && !self.refine.is_empty() {
            return Err(Error::setting(
                "refine",
                "the box model",
                "another: its signs belong to one template",
            ));
        }
        let first = self.shrink.first().is_none_or(|first| first.0 == 0);
        if !first || !self.shrink.is_sorted_by(|a, b| a.0 < b.0) || self.shrink.iter().any(|s| s.1 == 0) {
            let expected = "[step, factor] with ascending steps from 0, factors of at least 1";
            return Err(Error::setting("shrink", format!("{:?}", self.shrink), expected));
        }
        Ok(())
    }

    /// The factor by which pictures of `step` are smaller.
    #[must_use]
    pub fn shrink_at(&self, step: usize) -> usize {
        self.shrink.iter().take_while(|(first, _)| *first <= step).last().map_or(1, |(_, factor)| *factor)
    }

    /// Returns how the pictures of `step` are drawn.
    #[must_use]
    pub fn raster(&self, step: usize, width: usize, height: usize, outputs: Outputs) -> RasterParams {
        let params = RasterParams::new(width, height)
            .sigma(self.sigma.value(step, self.steps) as f32)
            .gamma(self.gamma.value(step, self.steps) as f32)
            .dist_eps(self.dist_eps)
            .color(self.color.into())
            .interpolation(self.interpolation.into())
            .outputs(outputs);
        let params = self.parts.apply(params);
        if outputs.color() { params.background(&self.background) } else { params }
    }
}
