//! An airplane from silhouettes, by a third of the recipe of the experiment.

use std::time::Instant;

use serde_json::{Value, json};
use softras_core::loss::NormalConsistency;
use softras_core::scene::Mesh;

use super::{Better, Measure, Task, Trained, Trainer};
use crate::ablate::factor::Factor;
use crate::ablate::parts::Parts;
use crate::ablate::plan::Cell;
use crate::error::Result;
use crate::experiment::Setup;
use crate::experiment::deform::{RADIUS, ball, recipe, targets};
use crate::fit::Fit;
use crate::schedule::{Geometric, Schedule};
use crate::score::score;
use crate::settings::{FitSettings, LossWeights};
use crate::soundness::{Soundness, inside_out};
use crate::targets::Targets;

/// Views a step.
const BATCH: usize = 8;

pub(super) const TASK: Task = Task {
    name: "deform",
    measures: &MEASURES,
    losses: &LOSSES,
    draws_color: false,
    about,
    trainer: |setup| Ok(Box::new(DeformTrainer::new(setup)?)),
};

const MEASURES: [Measure; 6] = [
    Measure { name: "mean_iou", better: Better::Higher },
    Measure { name: "hard_iou", better: Better::Higher },
    Measure { name: "roughness", better: Better::Lower },
    Measure { name: "flipped", better: Better::Lower },
    Measure { name: "folded", better: Better::Lower },
    Measure { name: "inside_out", better: Better::Lower },
];

const LOSSES: [&str; 5] = ["full", "no-laplacian", "no-flatten", "no-regulariser", "silhouette"];

struct DeformTrainer {
    targets: Targets,
    template: Mesh,
    steps: usize,
    seed: u64,
}

fn steps(setup: &Setup<'_>) -> usize {
    setup.effort.choose(200, 6)
}

fn about(setup: &Setup<'_>) -> String {
    format!(
        "A sphere of 1,280 faces and radius {RADIUS} becomes the airplane of the official deform demo, from silhouettes of 64 \
         x 64 pixels in {} steps of {BATCH} views: a third of the steps and half of the views of the experiment deform, never \
         refined, sigma from 3e-4 to 1e-4 over the first quarter. The seed decides the order of the views. By default the \
         loss is 1 - IoU, Laplacian, flatten and a pressure from inside; no-regulariser leaves out Laplacian and flatten, \
         silhouette all but 1 - IoU. The shape model is smooth over the surface in every row. mean_iou and hard_iou are over \
         all views, drawn alike for every row; roughness is the mean of 1 - cos between neighbouring faces; flipped, folded \
         and inside_out are shares of faces or edges.",
        steps(setup)
    )
}

impl DeformTrainer {
    fn new(setup: &Setup<'_>) -> Result<Self> {
        Ok(Self { targets: targets(setup)?, template: ball(RADIUS)?, steps: steps(setup), seed: setup.seed })
    }

    fn recipe(&self, cell: &Cell) -> FitSettings {
        let best = recipe();
        let loss = match cell.word(Factor::Loss) {
            "no-laplacian" => LossWeights { laplacian: 0.0, ..best.loss },
            "no-flatten" => LossWeights { flatten: 0.0, ..best.loss },
            "no-regulariser" => LossWeights { laplacian: 0.0, flatten: 0.0, ..best.loss },
            "silhouette" => LossWeights { laplacian: 0.0, flatten: 0.0, volume: 0.0, ..best.loss },
            _ => best.loss,
        };
        let over = Some(self.steps.div_ceil(4));
        FitSettings {
            steps: self.steps,
            batch: BATCH,
            seed: self.seed,
            refine: Vec::new(),
            sigma: Schedule::Geometric(Geometric { from: 3e-4, to: 1e-4, over }),
            loss,
            ..best
        }
    }
}

impl Trainer for DeformTrainer {
    fn settings(&self, cell: &Cell) -> Value {
        json!({ "recipe": self.recipe(cell), "pictures": self.targets.fingerprint(), "radius": RADIUS })
    }

    fn train(&self, setup: &Setup<'_>, cell: &Cell) -> Result<Trained> {
        let parts = Parts::new(setup.device, cell)?;
        let mut fit = Fit::new(&parts, self.template.clone(), self.targets.clone(), self.recipe(cell))?;
        let mut steps = Vec::with_capacity(self.steps);
        while !fit.is_done() {
            let begin = Instant::now();
            fit.step()?;
            steps.push(begin.elapsed().as_secs_f64());
        }
        let mesh = fit.mesh()?;
        let score = score(setup.device, &mesh, &self.targets)?;
        let sound = Soundness::of(&mesh)?;
        let turned = inside_out(setup.device, &mesh, self.targets.cameras(), self.targets.size())?;
        let rough = roughness(&mesh)?;
        let values = vec![score.mean_iou, score.hard_iou, rough, sound.flipped, sound.folded, turned];
        Ok(Trained { values, steps })
    }
}

/// The mean over edges of `1 - cos` of the angle between the two faces; of a closed surface, as all are here.
fn roughness(mesh: &Mesh) -> Result<f64> {
    let faces = mesh.triangles();
    let bends = NormalConsistency::new(faces, mesh.vertices().nrows())?;
    let vertices = mesh.vertices().mapv(f64::from);
    Ok(bends.loss(&vertices)?.0 / (1.5 * faces.len() as f64))
}

#[cfg(test)]
mod tests {
    use softras_io::shapes::Sample;

    use super::*;

    #[test]
    fn a_cube_of_two_triangles_a_side_has_a_right_angle_at_two_edges_of_three() {
        // 18 edges: 12 with 1 - cos 90 degrees = 1, 6 across the sides with 0.
        let cube = Sample::Cube.mesh();
        assert!((roughness(&cube).unwrap() - 2.0 / 3.0).abs() < 1e-6);
    }
}
