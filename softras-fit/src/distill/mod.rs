//! Distillation: the weights of the neural aggregator A_N from pictures of an aggregator that has none.
//!
//! Random scenes are drawn by the teacher and by the network, and the weights descend the mean squared difference of the
//! colors by Adam. Everything follows from the settings: the same weights on every run and for any number of threads.

mod network;
mod scenes;

use ndarray::Array4;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use softras_core::math::{Color, DepthMap, Neural, NeuralLayout};
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Outputs, RasterParams, Wanted};
use softras_core::{Image, ImageGrad};

use crate::adam::{Adam, AdamSettings, StepScale};
use crate::error::{Error, Result};
use crate::targets::LARGEST_SIDE;

pub use network::Network;
use scenes::{DEPTHS, Scenes};

/// Channels of the scenes.
const RGB: usize = 3;
/// Batches that are never trained on.
const HELD_OUT: u64 = 8;
/// What the random numbers of the first weights are drawn from, apart from those of the scenes.
const WEIGHTS_STREAM: u64 = u64::MAX;

/// Whose pictures the network learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Teacher {
    /// A_S, the paper's softmax over depth, background included.
    #[default]
    Softmax,
    /// The softmax among faces, laid over the background by the silhouette.
    Over,
}

impl From<Teacher> for Color {
    fn from(teacher: Teacher) -> Self {
        match teacher {
            Teacher::Softmax => Self::Softmax,
            Teacher::Over => Self::Over,
        }
    }
}

/// Everything that decides the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DistillSettings {
    /// Hidden units.
    pub hidden: usize,
    /// Steps.
    pub steps: usize,
    /// Pictures a step.
    pub batch: usize,
    /// Pixels along a side.
    pub size: usize,
    /// The learning rate at the first step; it falls to 0 along half a cosine.
    pub lr: f64,
    /// Whose pictures are learnt.
    pub teacher: Teacher,
    /// gamma of the teacher: its softness in depth, as a share of the depth range of the scene.
    pub gamma: f64,
    /// epsilon of the teacher: where in that range its background stands.
    pub epsilon: f64,
    /// Decides scenes and first weights.
    pub seed: u64,
}

impl Default for DistillSettings {
    fn default() -> Self {
        Self {
            hidden: Neural::DEFAULT_HIDDEN,
            steps: 4000,
            batch: 8,
            size: 32,
            lr: 2e-2,
            teacher: Teacher::Softmax,
            gamma: 0.02,
            epsilon: 1e-3,
            seed: 0,
        }
    }
}

impl DistillSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` or `Core` names the first value out of range.
    pub fn check(&self) -> Result<()> {
        Neural { hidden: self.hidden }.check::<f32>(&[])?;
        for (name, count) in [("steps", self.steps), ("batch", self.batch), ("size", self.size)] {
            if count == 0 {
                return Err(Error::setting(name, count, "at least 1"));
            }
        }
        if self.size > LARGEST_SIDE {
            return Err(Error::setting("size", self.size, format!("at most {LARGEST_SIDE}")));
        }
        for (name, value) in [("lr", self.lr), ("gamma", self.gamma)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::setting(name, value, "a finite number above 0"));
            }
        }
        Ok(self.teacher_params(&RasterParams::new(self.size, self.size)).check()?)
    }

    fn teacher_params(&self, params: &RasterParams) -> RasterParams {
        let params = params.clone().outputs(Outputs::Color).color(self.teacher.into());
        params.gamma(self.gamma as f32).epsilon(self.epsilon as f32)
    }

    /// The learning rate of a step.
    fn rate(&self, step: usize) -> f64 {
        let done = step as f64 / self.steps as f64;
        self.lr * 0.5 * (1.0 + (core::f64::consts::PI * done).cos())
    }
}

/// How far pictures are from the teacher's, over the same scenes, none of which was learnt from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Distance {
    /// Mean absolute difference of the colors.
    pub mean: f64,
    /// `-10 log10` of the mean squared difference.
    pub psnr: f64,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Distilled {
    /// The network.
    pub network: Network,
    /// How far it was with its first, random weights.
    pub before: Distance,
    /// How far it is.
    pub after: Distance,
    /// How far a picture of the background alone is.
    pub background: Distance,
    /// The mean squared difference at each step.
    pub losses: Vec<f64>,
}

/// Finds weights; `each` hears of every step and its loss.
///
/// # Errors
/// `Setting` for settings out of range; `Core` if the device refuses the network; `Diverged` if the loss is no number.
pub fn distill(
    device: &dyn DynRasterizer,
    settings: &DistillSettings,
    mut each: impl FnMut(usize, f64),
) -> Result<Distilled> {
    settings.check()?;
    let mut pupil = Pupil::new(device, settings)?;
    let (before, background) = (pupil.distance(Shown::Network)?, pupil.distance(Shown::Background)?);
    let mut adam = Adam::new(AdamSettings::default(), StepScale::Each, pupil.weights.len());
    let mut losses = Vec::with_capacity(settings.steps);
    for step in 0..settings.steps {
        let (loss, gradient) = pupil.gradient(HELD_OUT + step as u64)?;
        if !loss.is_finite() {
            return Err(Error::Diverged { step, loss });
        }
        adam.step(settings.rate(step), &mut pupil.weights, &gradient);
        losses.push(loss);
        each(step, loss);
    }
    let after = pupil.distance(Shown::Network)?;
    let network = Network::new(Neural { hidden: settings.hidden }, RGB, pupil.weights)?;
    Ok(Distilled { network, before, after, background, losses })
}

/// What is compared with the teacher.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Network,
    Background,
}

/// A network that learns.
struct Pupil<'a> {
    device: &'a dyn DynRasterizer,
    settings: &'a DistillSettings,
    weights: Vec<f32>,
    teacher: (Image, DynSaved),
    own: (Image, DynSaved),
    gradients: Gradients,
}

impl<'a> Pupil<'a> {
    fn new(device: &'a dyn DynRasterizer, settings: &'a DistillSettings) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(WEIGHTS_STREAM);
        let random = || f64::from(rng.next_u32() >> 8) / f64::from(1u32 << 23) - 1.0;
        let depth = Neural::depth_weights(DepthMap::Linear, DEPTHS.0, DEPTHS.1);
        let weights = Neural { hidden: settings.hidden }.initial(RGB, depth, random);
        Ok(Self {
            device,
            settings,
            weights: weights.into_iter().map(|w| w as f32).collect(),
            teacher: Default::default(),
            own: Default::default(),
            gradients: Gradients::default(),
        })
    }

    /// Draws batch `number` by the teacher and by the network.
    fn draw(&mut self, number: u64) -> Result<(&Array4<f32>, &Array4<f32>)> {
        let Self { device, settings, weights, teacher, own, .. } = self;
        let Scenes { faces, params } = Scenes::new(settings.seed, number, settings.batch, settings.size)?;
        let faces = std::sync::Arc::new(faces);
        let taught = settings.teacher_params(&params);
        let learnt = taught.clone().color(Color::Neural { hidden: settings.hidden }).weights(weights.clone());
        device.forward_into(&faces, &taught, &mut teacher.0, &mut teacher.1)?;
        device.forward_into(&faces, &learnt, &mut own.0, &mut own.1)?;
        match (&teacher.0.color, &own.0.color) {
            (Some(teacher), Some(own)) => Ok((teacher, own)),
            _ => {
                Err(softras_core::Error::layout("picture", "no color", "a color, which was asked for").into())
            }
        }
    }

    /// Returns the mean squared difference over a batch, and its gradient to the weights. Those of the depth are given, not
    /// learnt.
    fn gradient(&mut self, number: u64) -> Result<(f64, Vec<f32>)> {
        let (teacher, own) = self.draw(number)?;
        let difference = own - teacher;
        let count = difference.len() as f64;
        let loss = difference.iter().map(|d| f64::from(*d).powi(2)).sum::<f64>() / count;
        let color = Some(difference.mapv(|d| (2.0 * f64::from(d) / count) as f32));
        let grad = ImageGrad { color, silhouette: None };
        self.device.backward_into(&self.own.1, &grad, Wanted::WEIGHTS, &mut self.gradients)?;
        let Some(gradient) = &self.gradients.weights else {
            let expected = "one to the weights, which was asked for";
            return Err(softras_core::Error::layout("gradient", "none", expected).into());
        };
        let mut gradient = gradient.to_vec();
        for fixed in [NeuralLayout::OFFSET, NeuralLayout::SCALE] {
            gradient[fixed] = 0.0;
        }
        Ok((loss, gradient))
    }

    /// Returns how far what is shown is from the teacher on scenes that are not learnt from.
    fn distance(&mut self, shown: Shown) -> Result<Distance> {
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0);
        for number in 0..HELD_OUT {
            let behind = match shown {
                Shown::Network => None,
                Shown::Background => {
                    let params =
                        Scenes::new(self.settings.seed, number, self.settings.batch, self.settings.size)?
                            .params;
                    Some(params.get_background().clone())
                }
            };
            let (teacher, own) = self.draw(number)?;
            for ((b, c, y, x), expected) in teacher.indexed_iter() {
                let found = behind.as_ref().map_or(own[[b, c, y, x]], |behind| behind[[b, c]]);
                let d = f64::from(found - expected).abs();
                sum += d;
                squares += d * d;
                count += 1;
            }
        }
        let count = f64::from(count);
        Ok(Distance { mean: sum / count, psnr: -10.0 * (squares / count).log10() })
    }
}
