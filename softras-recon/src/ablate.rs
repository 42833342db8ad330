//! Single-view training as a task of an ablation: [`TASK`].

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};
use softras_core::raster::DynRasterizer;
use softras_fit::FitFolder;
use softras_fit::ablate::{Better, Cell, Factor, Measure, Parts, Task, Trained, Trainer};
use softras_fit::experiment::Setup;

use crate::color::{ColorOrder, ColorSettings, ColorTraining};
use crate::data::{SampledSet, Split, Store, VIEWS, open_sampled};
use crate::error::{Error, Result};
use crate::eval::score;
use crate::network::Network;
use crate::settings::{DataSettings, LossWeights, ReconSettings, TrainSettings};
use crate::train::{BEST, Checkpoint, Training};

/// A small network that learns shapes from pictures of procedural shapes.
pub const TASK: Task = Task {
    name: "recon",
    measures: &MEASURES,
    losses: &LOSSES,
    draws_color: false,
    about,
    trainer: |setup| match ReconTrainer::new(setup) {
        Ok(trainer) => Ok(Box::new(trainer)),
        Err(e) => Err(outward(e)),
    },
};

const MEASURES: [Measure; 2] = [
    Measure { name: "mean_iou", better: Better::Higher },
    Measure { name: "silhouette_iou", better: Better::Higher },
];

/// With colors, those are learnt together with the shapes, by a palette.
const LOSSES: [&str; 5] = ["silhouette", "silhouette-color", "no-laplacian", "no-flatten", "no-regulariser"];

/// The data are the same for every seed: it decides weights, order and views.
const DATA_SEED: u64 = 0;
/// Pictures of each shape that are shown when scoring.
const SHOWN: usize = 4;

struct ReconTrainer {
    store: Store,
    settings: ReconSettings,
    folder: PathBuf,
}

fn steps(setup: &Setup<'_>) -> usize {
    setup.effort.choose(600, 4)
}

fn set(setup: &Setup<'_>) -> SampledSet {
    SampledSet { seed: DATA_SEED, train: setup.effort.choose(40, 2), val: setup.effort.choose(5, 1) }
}

fn about(setup: &Setup<'_>) -> String {
    let SampledSet { train, val, .. } = set(setup);
    format!(
        "The small network of mirrored meshes learns from pictures of procedural shapes of ten categories, {train} each, in {} steps \
         of 16 objects from two sides, and is scored on {val} others of each category, {SHOWN} pictures each. The seed decides \
         the weights it starts from, the order of the objects and their views. By default the loss is 1 - IoU of silhouettes, Laplacian and \
         flatten; silhouette-color adds the difference of colors, which a palette learns together with the shapes. mean_iou is \
         of solids at 32^3, silhouette_iou of silhouettes from sides that were not shown; both are drawn alike for every row. \
         Predictions are taken as the network makes them.",
        steps(setup)
    )
}

impl ReconTrainer {
    fn new(setup: &Setup<'_>) -> Result<Self> {
        let small = ReconSettings::small();
        let (steps, set) = (steps(setup), set(setup));
        let data = DataSettings {
            seed: set.seed,
            sampled_train: set.train,
            sampled_val: set.val,
            stop_share: 0.0,
            ..small.data
        };
        let train =
            TrainSettings { seed: setup.seed, steps, minutes: 0.0, check_every: steps, ..small.train };
        let color = ColorSettings {
            order: ColorOrder::Joint,
            steps,
            minutes: 0.0,
            check_every: steps,
            ..small.color
        };
        let settings = ReconSettings { data, train, color, ..small };
        let folder = FitFolder::create(setup.folder.file("recon"))?;
        let cache = folder.file("procedural.views");
        (setup.progress)("the shapes are drawn, once");
        let store = open_sampled(setup.device, &set, &cache, &|_, _| {})?;
        Ok(Self { store, settings, folder: folder.path().to_path_buf() })
    }

    fn recipe(&self, cell: &Cell) -> ReconSettings {
        let usual = self.settings.loss;
        let loss = match cell.word(Factor::Loss) {
            "no-laplacian" => LossWeights { laplacian: 0.0, ..usual },
            "no-flatten" => LossWeights { flatten: 0.0, ..usual },
            "no-regulariser" => LossWeights { laplacian: 0.0, flatten: 0.0, ..usual },
            _ => usual,
        };
        ReconSettings { loss, ..self.settings.clone() }
    }

    fn learnt(&self, device: &dyn DynRasterizer, cell: &Cell) -> Result<(Network, Vec<f64>)> {
        let mut training = Training::new(device, &self.store, self.recipe(cell))?;
        let (mut steps, mut last) = (Vec::new(), Instant::now());
        let mut clock = || {
            steps.push(last.elapsed().as_secs_f64());
            last = Instant::now();
            ControlFlow::Continue(())
        };
        let network = if cell.word(Factor::Loss) == "silhouette-color" {
            let start = training.checkpoint()?;
            let training = ColorTraining::new(device, &self.store, self.recipe(cell), &start)?;
            training.run(&self.folder.join("color.jsonl"), &mut |_| clock())?.network
        } else {
            training.run(&self.folder, &mut |_| clock())?;
            Checkpoint::open(&self.folder.join(BEST))?.network()?
        };
        Ok((network, steps))
    }
}

impl Trainer for ReconTrainer {
    fn settings(&self, cell: &Cell) -> Value {
        json!({ "recipe": self.recipe(cell), "shown": SHOWN })
    }

    fn train(&self, setup: &Setup<'_>, cell: &Cell) -> softras_fit::Result<Trained> {
        let parts = Parts::new(setup.device, cell)?;
        let (mut network, steps) = self.learnt(&parts, cell).map_err(outward)?;
        let views: Vec<usize> = (0..SHOWN).map(|i| i * VIEWS / SHOWN).collect();
        let objects = self.store.of_split(Split::Val);
        let scores =
            score(setup.device, &self.store, &objects, &views, &mut network, &|_, _| {}).map_err(outward)?;
        Ok(Trained { values: vec![scores.mean_iou, scores.silhouette_iou], steps })
    }
}

fn outward(e: Error) -> softras_fit::Error {
    match e {
        Error::Fit(e) => *e,
        Error::Core(e) => e.into(),
        other => softras_fit::Error::Task(Box::new(other)),
    }
}
