//! Every number of a training and its evaluation, for a TOML file: [`ReconSettings`].

mod refine;

use serde::{Deserialize, Serialize};
use softras_core::raster::{Outputs, RasterParams};
use softras_fit::{LearnSettings, PartSettings};

pub use refine::RefineSettings;

use crate::color::ColorSettings;
use crate::data::{PIXELS, SampledSet, VIEWS};
use crate::error::{Error, Result};

/// All settings. The defaults are the published ones, but for what the field says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReconSettings {
    /// What is learnt from.
    pub data: DataSettings,
    /// What makes a shape of a picture.
    pub network: NetworkSettings,
    /// How pictures are drawn.
    pub raster: RasterSettings,
    /// Which parts pictures are drawn with.
    pub parts: PartSettings,
    /// Which numbers of the renderer are learnt with the weights.
    pub learn: LearnSettings,
    /// What is made small.
    pub loss: LossWeights,
    /// How it is made small.
    pub train: TrainSettings,
    /// How colors are learnt.
    pub color: ColorSettings,
    /// How the result is scored.
    pub eval: EvalSettings,
    /// How a prediction is fitted to its picture.
    pub refine: RefineSettings,
}

/// What is learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// Decides procedural shapes and the stop split. 0.
    pub seed: u64,
    /// Procedural shapes of each category to learn from, where there is no other data. 40.
    pub sampled_train: usize,
    /// Procedural shapes of each category to be scored on. 5.
    pub sampled_val: usize,
    /// The share of the training objects, of each category, that tells when to stop. 0.1.
    pub stop_share: f64,
    /// Copies of each mesh of a folder that are learnt from beside it, each stretched along its axes. 0.
    pub stretched: usize,
    /// By how much: factors from 1 / (1 + x) to 1 + x. 0.4.
    pub stretch: f64,
}

/// What makes a shape of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSettings {
    /// `published`, `small` or `tiny`. `published`.
    pub kind: NetworkKind,
    /// `none`, or `mirror` for meshes whose left is their right, as most made things are. `none`.
    pub symmetry: Symmetry,
}

/// What is the same in every predicted mesh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Symmetry {
    /// Nothing.
    #[default]
    None,
    /// What is at x and what is at -x: the mean of a mesh and its mirror image is predicted.
    Mirror,
}

/// How large the network is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum NetworkKind {
    /// The published sizes: 25.96 million numbers.
    #[default]
    Published,
    /// Sizes for an hour on two CPU cores: 3.87 million numbers.
    Small,
    /// Sizes for some minutes on two CPU cores: 2.54 million numbers, a quarter of the convolutions' work.
    Tiny,
}

/// The widths of the layers of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Channels after each convolution, which halves the picture.
    pub convolutions: [usize; 3],
    /// After each layer of the encoder.
    pub encoder: [usize; 3],
    /// After each layer of the decoder, before centroid and offsets.
    pub decoder: [usize; 2],
}

impl NetworkKind {
    /// Its layers.
    #[must_use]
    pub const fn widths(self) -> Widths {
        match self {
            Self::Published => {
                Widths { convolutions: [64, 128, 256], encoder: [1024, 1024, 512], decoder: [1024, 2048] }
            }
            Self::Small => {
                Widths { convolutions: [32, 64, 128], encoder: [256, 256, 256], decoder: [512, 512] }
            }
            Self::Tiny => {
                Widths { convolutions: [16, 32, 64], encoder: [256, 256, 256], decoder: [512, 512] }
            }
        }
    }
}

/// How pictures are drawn. Their size and cameras are those of the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RasterSettings {
    /// Softness of edges, a squared screen distance. 1e-4.
    pub sigma: f64,
    /// Softness in depth. 1e-4.
    pub gamma: f64,
    /// The probability below which a face is cut off. 1e-10.
    pub dist_eps: f64,
}

/// Weights of the parts of the loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossWeights {
    /// Soft intersection over union of the four pictures. 1.
    pub silhouette: f64,
    /// Mean difference of colors, where the meshes have color. 1 (the published code has no color yet).
    pub color: f64,
    /// Distance of vertices from the mean of their neighbours, squared. 5e-3.
    pub laplacian: f64,
    /// How far neighbouring triangles are from one plane. 5e-4.
    pub flatten: f64,
    /// Where colors are compared: `object`, or `picture` (beside the object too, where the truth is black, which makes the
    /// colors of shapes that are too fat dark). `object`.
    pub color_region: ColorRegion,
    /// How unlike the colors of adjacent faces are, where the meshes have texels. 0.01 (no number is published).
    pub color_laplacian: f64,
}

/// Where colors are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorRegion {
    /// At every pixel.
    Picture,
    /// At pixels that the true object covers.
    #[default]
    Object,
}

/// How the loss is made small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainSettings {
    /// Decides weights, order and views. 0.
    pub seed: u64,
    /// Objects a step. 64.
    pub batch: usize,
    /// Steps. 250,000.
    pub steps: usize,
    /// Learning rate of Adam. 1e-4.
    pub lr: f64,
    /// What keeps Adam from dividing by 0. 1e-8.
    pub adam_epsilon: f64,
    /// The share of the training (of its steps, or of its minutes if that is more) after which learning rate and sigma
    /// fall. 0.6.
    pub decay_at: f64,
    /// What they are then multiplied by. 0.3.
    pub decay: f64,
    /// The last share of the training, over which the learning rate falls to 0 as well. 0.
    pub cooldown: f64,
    /// Minutes after which training ends, 0 for as long as it takes. 0.
    pub minutes: f64,
    /// Which gradient reaches the vertices: `full`, or `visible` (of faces that are seen, as earlier renderers). `full`.
    pub gradient: GradientKind,
    /// The share of the objects of a step that are shown mirrored. 0.
    pub mirror: f64,
    /// How far the colors of pictures that are shown are changed by chance, 0 to 1. 0.
    pub recolor: f64,
    /// Steps between two looks at the stop split. 1,000.
    pub check_every: usize,
    /// Pictures of each object of the stop split that are looked at, evenly spread. 2.
    pub check_views: usize,
    /// Looks in a row without a new best after which training ends, 0 for never. 0.
    pub patience: usize,
}

/// Which faces a training gives a gradient to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GradientKind {
    /// All within reach of a pixel: the derivative of the picture.
    #[default]
    Full,
    /// Those that hold a pixel of the hard picture: a baseline.
    Visible,
}

/// How the result is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalSettings {
    /// Pictures of each object that are shown, evenly spread. 24.
    pub views: usize,
}

impl Default for DataSettings {
    fn default() -> Self {
        let SampledSet { seed, train, val } = SampledSet::default();
        Self { seed, sampled_train: train, sampled_val: val, stop_share: 0.1, stretched: 0, stretch: 0.4 }
    }
}
impl Default for RasterSettings {
    fn default() -> Self {
        Self { sigma: 1e-4, gamma: 1e-4, dist_eps: 1e-10 }
    }
}
impl Default for LossWeights {
    fn default() -> Self {
        Self {
            silhouette: 1.0,
            color: 1.0,
            laplacian: 5e-3,
            flatten: 5e-4,
            color_region: ColorRegion::Object,
            color_laplacian: 0.01,
        }
    }
}
impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            batch: 64,
            steps: 250_000,
            lr: 1e-4,
            adam_epsilon: 1e-8,
            decay_at: 0.6,
            decay: 0.3,
            cooldown: 0.0,
            minutes: 0.0,
            gradient: GradientKind::Full,
            mirror: 0.0,
            recolor: 0.0,
            check_every: 1000,
            check_views: 2,
            patience: 0,
        }
    }
}
impl Default for EvalSettings {
    fn default() -> Self {
        Self { views: VIEWS }
    }
}

impl ReconSettings {
    /// Checks the ranges; those of drawing are checked when it is first drawn.
    ///
    /// # Errors
    /// `Setting` names the first value out of range.
    pub fn check(&self) -> Result<()> {
        let Self { data, network: _, raster, parts, learn, loss, train, color, eval, refine } = self;
        color.check()?;
        refine.check()?;
        learn.check(parts)?;
        let share = |name: &str, x: f64| {
            if (0.0..1.0).contains(&x) {
                Ok(())
            } else {
                Err(Error::setting(name, x, "at least 0 and below 1"))
            }
        };
        let positive = |name: &str, x: f64| {
            if x > 0.0 && x.is_finite() {
                Ok(())
            } else {
                Err(Error::setting(name, x, "a finite number above 0"))
            }
        };
        let weight = |name: &str, x: f64| {
            if x >= 0.0 && x.is_finite() {
                Ok(())
            } else {
                Err(Error::setting(name, x, "a finite number, not negative"))
            }
        };
        let count = |name: &str, n: usize| {
            if n > 0 { Ok(()) } else { Err(Error::setting(name, n, "at least 1")) }
        };
        share("data.stop_share", data.stop_share)?;
        count("data.sampled_train", data.sampled_train)?;
        count("data.sampled_val", data.sampled_val)?;
        for (name, x) in [
            ("raster.sigma", raster.sigma),
            ("raster.gamma", raster.gamma),
            ("train.lr", train.lr),
            ("train.adam_epsilon", train.adam_epsilon),
            ("train.decay", train.decay),
        ] {
            positive(name, x)?;
        }
        if !(raster.dist_eps > 0.0 && raster.dist_eps < 0.5) {
            return Err(Error::setting("raster.dist_eps", raster.dist_eps, "above 0 and below 0.5"));
        }
        for (name, x) in [
            ("loss.silhouette", loss.silhouette),
            ("loss.color", loss.color),
            ("loss.laplacian", loss.laplacian),
            ("loss.flatten", loss.flatten),
            ("loss.color_laplacian", loss.color_laplacian),
            ("train.minutes", train.minutes),
        ] {
            weight(name, x)?;
        }
        count("train.batch", train.batch)?;
        count("train.steps", train.steps)?;
        count("train.check_every", train.check_every)?;
        for (name, x) in [
            ("train.decay_at", train.decay_at),
            ("train.cooldown", train.cooldown),
            ("train.mirror", train.mirror),
            ("train.recolor", train.recolor),
        ] {
            if !(0.0..=1.0).contains(&x) {
                return Err(Error::setting(name, x, "0 to 1"));
            }
        }
        for (name, n) in [("eval.views", eval.views), ("train.check_views", train.check_views)] {
            if !(1..=VIEWS).contains(&n) {
                return Err(Error::setting(name, n, format!("1 to {VIEWS}")));
            }
        }
        Ok(())
    }

    /// What suits two CPU cores and a few minutes: the small network of mirrored meshes, small batches, large steps, pictures
    /// changed by chance.
    #[must_use]
    pub fn small() -> Self {
        Self {
            network: NetworkSettings { kind: NetworkKind::Tiny, symmetry: Symmetry::Mirror },
            color: ColorSettings { minutes: 5.0, ..ColorSettings::default() },
            refine: RefineSettings { steps: 20, ..RefineSettings::default() },
            train: TrainSettings {
                batch: 16,
                lr: 5e-4,
                cooldown: 0.25,
                minutes: 10.0,
                mirror: 0.5,
                recolor: 0.5,
                check_every: 250,
                ..TrainSettings::default()
            },
            ..Self::default()
        }
    }

    /// The learning rate after `share` of the training.
    #[must_use]
    pub fn lr(&self, share: f64) -> f64 {
        let TrainSettings { lr, cooldown, .. } = self.train;
        let left = (1.0 - share).max(0.0);
        lr * self.train.fall(share) * if left < cooldown { left / cooldown } else { 1.0 }
    }
    /// How pictures are drawn after `share` of the training, but for the numbers that are learnt.
    #[must_use]
    pub fn raster(&self, share: f64, outputs: Outputs) -> RasterParams {
        let RasterSettings { sigma, gamma, dist_eps } = self.raster;
        let sigma = sigma * self.train.fall(share);
        let params = RasterParams::new(PIXELS, PIXELS)
            .sigma(sigma as f32)
            .gamma(gamma as f32)
            .dist_eps(dist_eps)
            .outputs(outputs);
        self.parts.apply(params)
    }
}

impl TrainSettings {
    /// The share of the training that is done after `step` steps and `seconds`: of its steps, or of its minutes if that
    /// is more.
    #[must_use]
    pub fn share(&self, step: usize, seconds: f64) -> f64 {
        let of_time = if self.minutes > 0.0 { seconds / (60.0 * self.minutes) } else { 0.0 };
        (step as f64 / self.steps as f64).max(of_time)
    }

    fn fall(&self, share: f64) -> f64 {
        if share >= self.decay_at { self.decay } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_go_to_toml_and_back_and_unknown_ones_are_refused() {
        let settings = ReconSettings::default();
        settings.check().unwrap();
        ReconSettings::small().check().unwrap();
        let text = toml::to_string(&settings).unwrap();
        assert!(text.contains("laplacian = 0.005") && text.contains("batch = 64"), "{text}");
        assert_eq!(toml::from_str::<ReconSettings>(&text).unwrap(), settings);
        let some: ReconSettings = toml::from_str("[train]\nsteps = 10\n").unwrap();
        assert_eq!((some.train.steps, some.train.batch), (10, 64));
        assert!(toml::from_str::<ReconSettings>("[train]\nstep = 10\n").is_err());
    }

    #[test]
    fn learning_rate_and_sigma_fall_together() {
        let settings = ReconSettings::default();
        let share = |step| settings.train.share(step, 1e9);
        let sigma = |step| settings.raster(share(step), Outputs::Silhouette).get_sigma().of(0);
        let lr = |step| settings.lr(share(step));
        assert!((lr(149_999) - 1e-4).abs() < 1e-12 && (lr(150_000) - 3e-5).abs() < 1e-12);
        assert!((sigma(149_999) - 1e-4).abs() < 1e-10 && (sigma(150_000) - 3e-5).abs() < 1e-10);
        let cool =
            ReconSettings { train: TrainSettings { cooldown: 0.2, ..settings.train }, ..settings.clone() };
        assert!(
            (cool.lr(0.9) - 1.5e-5).abs() < 1e-12
                && cool.lr(1.0) < 1e-12
                && (cool.lr(0.7) - 3e-5).abs() < 1e-12
        );
        let minutes = TrainSettings { minutes: 2.0, ..settings.train };
        assert!(
            (minutes.share(10, 60.0) - 0.5).abs() < 1e-12
                && (minutes.share(250_000, 60.0) - 1.0).abs() < 1e-12
        );
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (text, name) in [
            ("[data]\nstop_share = 1.0", "data.stop_share"),
            ("[raster]\nsigma = 0.0", "raster.sigma"),
            ("[raster]\ndist_eps = 0.5", "raster.dist_eps"),
            ("[loss]\nflatten = -1.0", "loss.flatten"),
            ("[train]\nbatch = 0", "train.batch"),
            ("[train]\ndecay_at = 1.5", "train.decay_at"),
            ("[eval]\nviews = 25", "eval.views"),
        ] {
            let e = toml::from_str::<ReconSettings>(text).unwrap().check().unwrap_err().to_string();
            assert!(e.starts_with(name), "{text}: {e}");
        }
    }
}
