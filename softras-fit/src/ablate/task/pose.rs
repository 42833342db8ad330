//! The rotation of a colored cube from one picture, by the recipe of the experiment in half of its steps.

use std::time::Instant;

use serde_json::{Value, json};
use softras_core::math::{Mat3, Vec3};
use softras_core::scene::Mesh;

use super::{Better, Measure, Task, Trained, Trainer};
use crate::ablate::factor::Factor;
use crate::ablate::parts::Parts;
use crate::ablate::plan::Cell;
use crate::error::Result;
use crate::experiment::Setup;
use crate::experiment::pose::{Case, SIZE, case, cube, mean, quantile, scheduled};
use crate::pose::{Placement, PoseFit, PoseLoss, PoseSettings};

/// Degrees within which a fit has arrived.
const ARRIVED: f64 = 5.0;

pub(super) const TASK: Task = Task {
    name: "pose",
    measures: &MEASURES,
    losses: &LOSSES,
    draws_color: true,
    about,
    trainer: |setup| Ok(Box::new(PoseTrainer::new(setup)?)),
};

const MEASURES: [Measure; 4] = [
    Measure { name: "within_5_degrees", better: Better::Higher },
    Measure { name: "mean_degrees", better: Better::Lower },
    Measure { name: "median_degrees", better: Better::Lower },
    Measure { name: "shape_degrees", better: Better::Lower },
];

/// By default the silhouette counts a tenth of the color, as in `softras pose`.
const LOSSES: [&str; 3] = ["silhouette-color", "color", "silhouette"];

struct PoseTrainer {
    mesh: Mesh,
    cases: Vec<Case>,
    steps: usize,
}

fn poses(setup: &Setup<'_>) -> usize {
    setup.effort.choose(24, 2)
}

fn steps(setup: &Setup<'_>) -> usize {
    setup.effort.choose(300, 10)
}

fn about(setup: &Setup<'_>) -> String {
    format!(
        "The rotation of a cube in six colors from one picture of {SIZE} x {SIZE} pixels: {} pictures a seed, pose and start \
         two random rotations each, one start a picture, {} steps with the schedules of the experiment pose (which takes 600 \
         steps, and no silhouette). By default the loss is 0.1 (1 - IoU) + the mean squared difference of colors. \
         within_5_degrees is the share of fits that arrive, mean and median are of degrees from the truth; shape_degrees is \
         their mean where rotations that bring the uncolored cube back to itself count as none, which is all a silhouette \
         can tell.",
        poses(setup),
        steps(setup)
    )
}

impl PoseTrainer {
    fn new(setup: &Setup<'_>) -> Result<Self> {
        let (mesh, camera) = cube()?;
        let cases = (0..poses(setup)).map(|i| case(setup, &mesh, camera, i as u64)).collect::<Result<_>>()?;
        Ok(Self { mesh, cases, steps: steps(setup) })
    }

    fn recipe(&self, cell: &Cell) -> PoseSettings {
        let usual = PoseLoss::default();
        let loss = match cell.word(Factor::Loss) {
            "silhouette" => PoseLoss { iou: 1.0, color: 0.0 },
            "color" => PoseLoss { iou: 0.0, ..usual },
            _ => usual,
        };
        PoseSettings { steps: self.steps, loss, ..scheduled() }
    }
}

impl Trainer for PoseTrainer {
    fn settings(&self, cell: &Cell) -> Value {
        let targets: Vec<u32> = self.cases.iter().map(|case| case.targets.fingerprint()).collect();
        json!({ "recipe": self.recipe(cell), "pictures": targets })
    }

    fn train(&self, setup: &Setup<'_>, cell: &Cell) -> Result<Trained> {
        let parts = Parts::new(setup.device, cell)?;
        let turns = turns_of_a_cube();
        let (mut degrees, mut shape, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for case in &self.cases {
            let starts = &case.starts[..1];
            let mut fit = PoseFit::new(&parts, &self.mesh, case.targets.clone(), starts, self.recipe(cell))?;
            for _ in 0..self.steps {
                let begin = Instant::now();
                fit.step()?;
                steps.push(begin.elapsed().as_secs_f64());
            }
            let found = fit.best().placement;
            degrees.push(found.degrees_from(&case.truth));
            shape.push(
                turns.iter().map(|turn| found.degrees_from(&after(&case.truth, turn))).fold(180.0, f64::min),
            );
        }
        let within = degrees.iter().filter(|d| **d <= ARRIVED).count() as f64 / degrees.len() as f64;
        Ok(Trained { values: vec![within, mean(&degrees), quantile(&degrees, 0.5), mean(&shape)], steps })
    }
}

/// `truth` of the cube that was turned first.
fn after(truth: &Placement, turn: &Mat3<f64>) -> Placement {
    Placement { rotation: Mat3::from(truth.rotation).mul(turn).to_array(), ..*truth }
}

/// The 24 rotations that bring a cube back to itself: x and y go to two axes across from each other, either way round.
fn turns_of_a_cube() -> Vec<Mat3<f64>> {
    let axes: Vec<Vec3<f64>> = (0..6)
        .map(|i| {
            let mut axis = [0.0; 3];
            axis[i / 2] = if i % 2 == 0 { 1.0 } else { -1.0 };
            Vec3::from(axis)
        })
        .collect();
    let pairs = axes.iter().flat_map(|a| axes.iter().map(move |b| (*a, *b)));
    let across = pairs.filter(|(a, b)| a.dot(*b).abs() < 0.5);
    across.map(|(a, b)| Mat3 { rows: [a, b, a.cross(b)] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cube_has_24_turns_and_each_is_a_rotation() {
        let turns = turns_of_a_cube();
        assert_eq!(turns.len(), 24);
        let placed = |m: &Mat3<f64>| Placement { rotation: m.to_array(), translation: [0.0; 3] };
        for (i, a) in turns.iter().enumerate() {
            let [x, y, z] = a.rows;
            assert!((x.cross(y).dot(z) - 1.0).abs() < 1e-12);
            assert!(turns[..i].iter().all(|b| placed(a).degrees_from(&placed(b)) > 89.0));
        }
    }
}
