//! The steps: [`Training`].

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use softras_core::raster::{DynRasterizer, Gradients, Outputs, RasterParams};
use softras_fit::experiment::VisibleOnly;

use super::checkpoint::{Best, Checkpoint, State, Sums};
use super::clock::Clocked;
use super::learning::Learning;
use super::record::{TrainingRecord, append, cut_log};
use super::stop::stop_iou;
use super::vary::vary;
use super::{BEST, LAST, LOG};
use crate::data::{Batches, Store, cameras};
use crate::error::{Error, Result};
use crate::loss::{PairLoss, PairTargets};
use crate::network::{Learner, LearnerBytes, Network};
use crate::settings::{GradientKind, ReconSettings};

/// A training of a network on the objects of a store.
///
/// What is random follows from the seed and the number of the step. Where no minutes are set, a training that was stopped
/// and gone on with takes the same steps as an unbroken one, to the bit; minutes are not the same twice.
pub struct Training<'t> {
    device: &'t dyn DynRasterizer,
    store: &'t Store,
    settings: ReconSettings,
    learn: usize,
    stop: Vec<usize>,
    batches: Batches<'t>,
    loss: PairLoss,
    learner: Learner,
    state: State,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All steps or minutes are done.
    Done,
    /// The stop split did not get better.
    Early,
    /// Who watched it said so.
    Interrupted,
}

/// What a training tells while it goes on.
#[derive(Clone, Debug)]
pub struct Moment<'m> {
    /// Steps taken.
    pub step: usize,
    /// The share that is done.
    pub share: f64,
    /// Seconds spent.
    pub seconds: f64,
    /// Seconds left, as it looks.
    pub seconds_left: f64,
    /// The loss of the last step.
    pub loss: f64,
    /// The best look at the stop split so far.
    pub best: Option<Best>,
    /// What was just written to the log.
    pub record: Option<&'m TrainingRecord>,
}

impl<'t> Training<'t> {
    /// Makes a new network and gets ready to train it on the training split of `store`.
    ///
    /// # Errors
    /// `Setting` if a setting is out of range or there is nothing to learn from; `Core` if the sphere cannot be made.
    pub fn new(device: &'t dyn DynRasterizer, store: &'t Store, settings: ReconSettings) -> Result<Self> {
        settings.check()?;
        let train = &settings.train;
        let learner = Learner::new(settings.network, train.adam_epsilon, train.seed)?;
        Self::with(device, store, settings, learner, State::default())
    }

    /// Gets ready to go on from a checkpoint.
    ///
    /// # Errors
    /// As [`Training::new`]; `Network` if the checkpoint is that of a network alone, or damaged; `Setting` if it was made
    /// with other objects.
    pub fn resume(device: &'t dyn DynRasterizer, store: &'t Store, checkpoint: Checkpoint) -> Result<Self> {
        let Checkpoint { settings, state, bytes, .. } = checkpoint;
        settings.check()?;
        if bytes.optimizer.is_empty() {
            return Err(Error::network(format!("found a network alone, expected {LAST}, to go on from")));
        }
        let learner = Learner::from_bytes(settings.network, settings.train.adam_epsilon, &bytes)?;
        let expected = state.objects;
        let training = Self::with(device, store, settings, learner, state)?;
        if training.state.objects != expected {
            return Err(Error::setting("objects to learn from", "others", "those of the checkpoint"));
        }
        Ok(training)
    }

    fn with(
        device: &'t dyn DynRasterizer,
        store: &'t Store,
        settings: ReconSettings,
        learner: Learner,
        mut state: State,
    ) -> Result<Self> {
        let (learn, stop) = store.carve(settings.data.stop_share, settings.data.seed)?;
        let name = |i: &usize| store.objects()[*i].name.as_str();
        let names: Vec<&str> = learn.iter().map(name).chain(["/"]).chain(stop.iter().map(name)).collect();
        if state.learning.is_none() {
            state.learning = Learning::start(&settings);
        }
        state.objects = crc32fast::hash(names.join("\n").as_bytes());
        let (train, weights) = (&settings.train, settings.loss);
        let count = learn.len();
        let batches = Batches::new(store, learn, train.batch, train.seed)?;
        let triangles = learner.triangles().to_vec();
        let loss = PairLoss::new(triangles, learner.vertex_count(), cameras(), weights)?
            .wanting(settings.learn.wanted());
        Ok(Self { device, store, settings, learn: count, stop, batches, loss, learner, state })
    }

    /// What it is trained with.
    #[must_use]
    pub const fn settings(&self) -> &ReconSettings {
        &self.settings
    }
    /// Where it is.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }
    /// The numbers of objects that are learnt from, and that tell when to stop.
    #[must_use]
    pub const fn objects(&self) -> (usize, usize) {
        (self.learn, self.stop.len())
    }
    /// Returns the network as it is now.
    ///
    /// # Errors
    /// As [`Learner::network`].
    pub fn network(&self) -> Result<Network> {
        self.learner.network()
    }
    /// Returns all that is needed to go on.
    ///
    /// # Errors
    /// As [`Learner::to_bytes`].
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Ok(Checkpoint {
            settings: self.settings.clone(),
            state: self.state.clone(),
            bytes: self.learner.to_bytes()?,
            color: Vec::new(),
        })
    }

    /// Trains until the steps or minutes are done, the stop split no longer gets better, or `watch` says so. Writes the log,
    /// the best network and where it is to `folder`, which must be there.
    ///
    /// # Errors
    /// Whatever the data, the back end, the network or the files report. The checkpoint of before is then still there.
    pub fn run(
        &mut self,
        folder: &Path,
        watch: &mut dyn FnMut(&Moment<'_>) -> ControlFlow<()>,
    ) -> Result<Ending> {
        cut_log(&folder.join(LOG), self.state.step)?;
        loop {
            let share = self.settings.train.share(self.state.step, self.state.seconds);
            if share >= 1.0 {
                if self.state.sums.steps > 0 {
                    let record = self.look(folder)?;
                    let _ = watch(&self.moment(record.loss, Some(&record)));
                }
                return Ok(Ending::Done);
            }
            let start = Instant::now();
            let loss = self.step(share)?;
            self.state.seconds += start.elapsed().as_secs_f64();
            let mut record = None;
            if self.state.step.is_multiple_of(self.settings.train.check_every) {
                record = Some(self.look(folder)?);
                let patience = self.settings.train.patience;
                if patience > 0 && self.state.since_best >= patience {
                    let _ = watch(&self.moment(loss, record.as_ref()));
                    return Ok(Ending::Early);
                }
            }
            if watch(&self.moment(loss, record.as_ref())).is_break() {
                self.checkpoint()?.save(&folder.join(LAST))?;
                return Ok(Ending::Interrupted);
            }
        }
    }

    fn moment<'m>(&self, loss: f64, record: Option<&'m TrainingRecord>) -> Moment<'m> {
        let State { step, seconds, best, .. } = self.state;
        let share = self.settings.train.share(step, seconds);
        Moment { step, share, seconds, seconds_left: seconds * (1.0 - share) / share, loss, best, record }
    }

    /// How pictures are drawn after `share` of the training.
    fn params(&self, share: f64) -> RasterParams {
        let params = self.settings.raster(share, Outputs::Silhouette);
        match &self.state.learning {
            Some(learning) => learning.apply(&self.settings, params),
            None => params,
        }
    }

    /// Takes a step and returns its loss.
    fn step(&mut self, share: f64) -> Result<f64> {
        let start = Instant::now();
        let mut batch = self.batches.read(self.state.step)?;
        let shown = vary(&mut batch, self.state.step, &self.settings.train);
        let params = self.params(share);
        let targets = PairTargets {
            views_a: &batch.views_a,
            views_b: &batch.views_b,
            pictures_a: batch.pictures_a.view(),
            pictures_b: batch.pictures_b.view(),
        };
        let visible = VisibleOnly::new(self.device);
        let clocked = Clocked::new(match self.settings.train.gradient {
            GradientKind::Full => self.device,
            GradientKind::Visible => &visible,
        });
        let (mut total, mut gradients) = (0.0, Gradients::default());
        let sums = &mut self.state.sums;
        self.learner.step(shown.view(), self.settings.lr(share), |vertices| {
            let value = self.loss.loss(&clocked, &params, vertices.view(), None, &targets)?;
            total = f64::from(value.total);
            for (sum, part) in [
                (&mut sums.loss, value.total),
                (&mut sums.silhouette, value.silhouette),
                (&mut sums.laplacian, value.laplacian),
                (&mut sums.flatten, value.flatten),
            ] {
                *sum += f64::from(part);
            }
            gradients = value.gradients;
            Ok((value.total, value.grad_vertices))
        })?;
        if let Some(learning) = &mut self.state.learning {
            learning.step(&self.settings, share, &gradients);
        }
        sums.steps += 1;
        sums.render_ms += clocked.milliseconds();
        sums.step_ms += start.elapsed().as_secs_f64() * 1e3;
        self.state.step += 1;
        Ok(total)
    }

    /// Looks at the stop split, and writes a line, the network if it is the best so far, and the checkpoint.
    fn look(&mut self, folder: &Path) -> Result<TrainingRecord> {
        let start = Instant::now();
        let network = self.learner.network()?;
        let iou = stop_iou(&network, self.store, &self.stop, self.settings.train.check_views)?;
        // Without a stop split the last is the best.
        let better = iou.is_none_or(|iou| self.state.best.is_none_or(|best| iou > best.iou));
        self.state.since_best = if better { 0 } else { self.state.since_best + 1 };
        if let (true, Some(iou)) = (better, iou) {
            self.state.best = Some(Best { step: self.state.step, iou });
        }
        let share = self.settings.train.share(self.state.step, self.state.seconds);
        let sums = std::mem::take(&mut self.state.sums);
        let elapsed = start.elapsed().as_secs_f64();
        self.state.seconds += elapsed;
        let record = self.record(&sums, share, iou, elapsed * 1e3);
        if better {
            let bytes = LearnerBytes { weights: network.to_bytes()?, optimizer: Vec::new() };
            let (settings, state) = (self.settings.clone(), self.state.clone());
            let best = Checkpoint { settings, state, bytes, color: Vec::new() };
            best.save(&folder.join(BEST))?;
        }
        // The line first: one that is too many is cut when a training goes on, one that is missing stays so.
        append(&folder.join(LOG), &record)?;
        self.checkpoint()?.save(&folder.join(LAST))?;
        Ok(record)
    }

    fn record(&self, sums: &Sums, share: f64, stop_iou: Option<f64>, look_ms: f64) -> TrainingRecord {
        let mean = |sum: f64| sum / sums.steps.max(1) as f64;
        let settings = &self.settings;
        let sigma = self.params(share).get_sigma().of(0);
        TrainingRecord {
            step: self.state.step,
            seconds: self.state.seconds,
            share,
            lr: settings.lr(share),
            sigma: f64::from(sigma),
            loss: mean(sums.loss),
            silhouette: mean(sums.silhouette),
            laplacian: mean(sums.laplacian),
            flatten: mean(sums.flatten),
            stop_iou,
            step_ms: mean(sums.step_ms),
            render_ms: mean(sums.render_ms),
            look_ms,
            learnt: self.state.learning.as_ref().map(|l| l.numbers(settings)).unwrap_or_default(),
        }
    }
}
