//! The steps: [`ColorTraining`].

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use ndarray::{Array3, Array4, ArrayView4, Axis, concatenate};
use softras_core::raster::{DynRasterizer, Outputs};

use super::painter::{ColorLearner, Painter};
use super::record::{ColorRecord, append};
use super::settings::ColorOrder;
use crate::data::{Batch, Batches, Store, cameras};
use crate::error::{Error, Result};
use crate::loss::{Colors, PairLoss, PairTargets, PairValue};
use crate::network::{Learner, Network};
use crate::settings::{ReconSettings, TrainSettings};
use crate::train::{Checkpoint, vary};

/// Batches of the stop split that are looked at, at most.
const LOOKS: usize = 8;

/// Learns the colors of what a network predicts.
///
/// What is random follows from the seed and the number of the step; where no minutes are set, it ends with the same bits
/// every time.
pub struct ColorTraining<'t> {
    device: &'t dyn DynRasterizer,
    settings: ReconSettings,
    batches: Batches<'t>,
    stop: Option<(Batches<'t>, usize)>,
    loss: PairLoss,
    shapes: Shapes,
    learner: ColorLearner,
    step: usize,
    seconds: f64,
    since: Sums,
    best: Option<Best>,
}

/// Where vertices come from.
enum Shapes {
    /// A network that stays as it is.
    Fixed(Box<Network>),
    /// One that learns too.
    Learnt(Box<Learner>),
}

/// Sums since the last look.
#[derive(Default)]
struct Sums {
    steps: usize,
    total: f64,
    color: f64,
    color_laplacian: f64,
    silhouette: f64,
    step_ms: f64,
}

/// The networks at the best look.
struct Best {
    color: f64,
    step: usize,
    painter: Painter,
    network: Network,
}

/// What the learning tells while it goes on.
#[derive(Clone, Copy, Debug)]
pub struct ColorMoment<'m> {
    /// Steps taken.
    pub step: usize,
    /// The share that is done.
    pub share: f64,
    /// Seconds spent.
    pub seconds: f64,
    /// What was just written to the log.
    pub record: Option<&'m ColorRecord>,
}

/// What was learnt, at the best look at the stop split (without one, at the end).
#[derive(Clone, Debug)]
pub struct Colored {
    /// Colors.
    pub painter: Painter,
    /// The shapes that it colors; the given ones, unless they were learnt on.
    pub network: Network,
    /// The step of that look.
    pub step: usize,
    /// The mean difference of colors on the stop split at that look; of the training without one.
    pub color: f64,
}

impl<'t> ColorTraining<'t> {
    /// Gets ready to learn colors for the network in `checkpoint` on the training split of `store`, by the settings
    /// `color`, `loss`, `raster`, `data` and `train` (batch, seed, mirror, decay).
    ///
    /// # Errors
    /// `Setting` if a setting is out of range or there is nothing to learn from; `Network` if the checkpoint is not that of a
    /// network of the kind in `settings`.
    pub fn new(
        device: &'t dyn DynRasterizer,
        store: &'t Store,
        settings: ReconSettings,
        checkpoint: &Checkpoint,
    ) -> Result<Self> {
        settings.check()?;
        let (learn, stop) = store.carve(settings.data.stop_share, settings.data.seed)?;
        let train = &settings.train;
        let network = Network::from_bytes(settings.network, &checkpoint.bytes.weights)?;
        let triangles = network.triangles().to_vec();
        let learner = ColorLearner::new(&settings.color, triangles.len(), train.adam_epsilon, train.seed);
        let batches = Batches::new(store, learn, train.batch, train.seed ^ 0xc0)?;
        let looks = stop.len().div_ceil(train.batch).min(LOOKS);
        let stop = match looks {
            0 => None,
            _ => Some((Batches::new(store, stop, train.batch, train.seed)?, looks)),
        };
        let loss = PairLoss::new(triangles, network.vertex_count(), cameras(), settings.loss)?;
        let shapes = match settings.color.order {
            ColorOrder::After => Shapes::Fixed(Box::new(network)),
            ColorOrder::Joint => Shapes::Learnt(Box::new(Learner::from_weights(
                settings.network,
                train.adam_epsilon,
                &checkpoint.bytes.weights,
            )?)),
        };
        Ok(Self {
            device,
            settings,
            batches,
            stop,
            loss,
            shapes,
            learner,
            step: 0,
            seconds: 0.0,
            since: Sums::default(),
            best: None,
        })
    }

    /// Learns until the steps or minutes are done or `watch` says so, and returns the best. Adds to `log`, a line a look.
    ///
    /// # Errors
    /// Whatever the data, the back end, the network or the file report.
    pub fn run(
        mut self,
        log: &Path,
        watch: &mut dyn FnMut(&ColorMoment<'_>) -> ControlFlow<()>,
    ) -> Result<Colored> {
        loop {
            let share = self.settings.color.share(self.step, self.seconds);
            let start = Instant::now();
            if share < 1.0 {
                self.take(share)?;
                self.seconds += start.elapsed().as_secs_f64();
            }
            let done = share >= 1.0;
            let record = if done || self.step.is_multiple_of(self.settings.color.check_every) {
                self.look(log)?
            } else {
                None
            };
            let moment =
                ColorMoment { step: self.step, share, seconds: self.seconds, record: record.as_ref() };
            if done || watch(&moment).is_break() {
                self.look(log)?;
                let Best { color, step, painter, network } =
                    self.best.ok_or_else(|| Error::setting("steps of colors", 0, "at least one"))?;
                return Ok(Colored { painter, network, step, color });
            }
        }
    }

    /// Takes a step.
    fn take(&mut self, share: f64) -> Result<()> {
        let start = Instant::now();
        let train = &self.settings.train;
        // What is shown must have the colors that are compared with: mirrored alike, not recolored.
        let same_colors = TrainSettings { recolor: 0.0, ..*train };
        let mut batch = self.batches.read(self.step)?;
        let shown = vary(&mut batch, self.step, &same_colors);
        let fallen = if share >= train.decay_at { train.decay } else { 1.0 };
        let lr = self.settings.color.lr * fallen;
        let compare = Compare { device: self.device, settings: &self.settings, loss: &self.loss };
        let mut found = None;
        match &mut self.shapes {
            Shapes::Fixed(network) => {
                let vertices = network.vertices(shown.view())?;
                self.learner.step(shown.view(), lr, |texels| {
                    let value = compare.value(1.0, &vertices, texels, &batch)?;
                    let gradient = texels_of(value.grad_colors.clone())?;
                    let total = value.color * self.settings.loss.color as f32
                        + value.color_laplacian * self.settings.loss.color_laplacian as f32;
                    found = Some(value);
                    Ok((total, gradient))
                })?;
            }
            Shapes::Learnt(shapes) => {
                let rates = (self.settings.lr(share), lr);
                self.learner.step_jointly(shapes, shown.view(), rates, |vertices, texels| {
                    let value = compare.value(share, &vertices, texels, &batch)?;
                    let gradients = (value.grad_vertices.clone(), texels_of(value.grad_colors.clone())?);
                    let total = value.total;
                    found = Some(value);
                    Ok((total, gradients.0, gradients.1))
                })?;
            }
        }
        if let Some(value) = found {
            self.since.total += f64::from(value.total);
            self.since.color += f64::from(value.color);
            self.since.color_laplacian += f64::from(value.color_laplacian);
            self.since.silhouette += f64::from(value.silhouette);
        }
        self.since.steps += 1;
        self.since.step_ms += start.elapsed().as_secs_f64() * 1e3;
        self.step += 1;
        Ok(())
    }

    /// Looks at the stop split and writes a line; `None` if nothing happened since the last look.
    fn look(&mut self, log: &Path) -> Result<Option<ColorRecord>> {
        if self.since.steps == 0 {
            return Ok(None);
        }
        let start = Instant::now();
        let (painter, network) = (self.learner.painter(), self.shapes.network()?);
        let compare = Compare { device: self.device, settings: &self.settings, loss: &self.loss };
        let mut stop_color = None;
        if let Some((batches, looks)) = &self.stop {
            let mut sum = 0.0;
            for look in 0..*looks {
                let batch = batches.read(look)?;
                let shown = both(&batch)?;
                let (vertices, texels) = (network.vertices(shown.view())?, painter.texels(shown.view())?);
                sum += f64::from(compare.value(1.0, &vertices, texels, &batch)?.color);
            }
            stop_color = Some(sum / *looks as f64);
        }
        let since = std::mem::take(&mut self.since);
        let mean = |sum: f64| sum / since.steps as f64;
        let color = stop_color.unwrap_or_else(|| mean(since.color));
        if self.best.as_ref().is_none_or(|best| color < best.color || self.stop.is_none()) {
            self.best = Some(Best { color, step: self.step, painter, network });
        }
        self.seconds += start.elapsed().as_secs_f64();
        let record = ColorRecord {
            step: self.step,
            seconds: self.seconds,
            loss: mean(since.total),
            color: mean(since.color),
            color_laplacian: mean(since.color_laplacian),
            silhouette: mean(since.silhouette),
            stop_color,
            step_ms: mean(since.step_ms),
        };
        append(log, &record)?;
        Ok(Some(record))
    }
}

impl Shapes {
    fn network(&self) -> Result<Network> {
        match self {
            Self::Fixed(network) => Ok(Network::clone(network)),
            Self::Learnt(learner) => learner.network(),
        }
    }
}

/// Draws and compares.
struct Compare<'c> {
    device: &'c dyn DynRasterizer,
    settings: &'c ReconSettings,
    loss: &'c PairLoss,
}

impl Compare<'_> {
    /// Returns the loss of colored meshes after `share` of the learning.
    fn value(
        &self,
        share: f64,
        vertices: &Array3<f32>,
        texels: Array4<f32>,
        batch: &Batch,
    ) -> Result<PairValue<f32>> {
        let targets = PairTargets {
            views_a: &batch.views_a,
            views_b: &batch.views_b,
            pictures_a: batch.pictures_a.view(),
            pictures_b: batch.pictures_b.view(),
        };
        let params = self.settings.raster(share, Outputs::Both);
        let colors = Colors::Surface { side: self.settings.color.texels, texels };
        self.loss.loss(self.device, &params, vertices.view(), Some(&colors), &targets)
    }
}

/// Returns what the network is shown, `[2 B, 4, 64, 64]`: the pictures a, then b.
fn both(batch: &Batch) -> Result<Array4<f32>> {
    let parts: [ArrayView4<'_, f32>; 2] = [batch.pictures_a.view(), batch.pictures_b.view()];
    concatenate(Axis(0), &parts).map_err(|e| Error::setting("pictures of a batch", e, "pictures of one size"))
}

fn texels_of(colors: Option<Colors<f32>>) -> Result<Array4<f32>> {
    match colors {
        Some(Colors::Surface { texels, .. }) => Ok(texels),
        _ => Err(Error::setting("gradient of colors", "none", "one of texels")),
    }
}
