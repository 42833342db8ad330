//! The official deform demo: an airplane from 120 silhouettes, from a sphere.

use std::time::Instant;

use serde_json::{Map, json};
use softras_core::scene::{Camera, Degrees, Mesh, Orbit};
use softras_io::{icosphere, load_image_set, load_orbits};

use super::Setup;
use super::chart::{Chart, Scale, Series};
use super::findings::{Figure, Findings, Method};
use super::fitting::{VISIBLE_ONLY, all_sides, fit, forget, row};
use crate::adam::{AdamSettings, StepScale};
use crate::error::Result;
use crate::schedule::{Geometric, Schedule};
use crate::score::{best_mean_iou, score};
use crate::settings::{FitSettings, LossWeights, ShapeModel};
use crate::soundness::{Soundness, inside_out};
use crate::targets::Targets;

/// The radius of the sphere that fits start from: inside the airplane, so that surfaces grow and do not meet themselves.
pub(crate) const RADIUS: f32 = 0.15;

/// The radius of the demo's sphere, and of all that is drawn.
const DEMO_RADIUS: f32 = 0.5;

/// The name of the demo's own recipe.
const PLAIN: &str = "plain";

/// The recommended recipe.
#[must_use]
pub(crate) fn recipe() -> FitSettings {
    FitSettings {
        steps: 600,
        batch: 16,
        model: ShapeModel::Smooth,
        smoothness: 3.0,
        step_scale: StepScale::Uniform,
        refine: vec![250],
        sigma: Schedule::Geometric(Geometric { from: 3e-4, to: 1e-4, over: Some(150) }),
        lr: Schedule::geometric(0.03, 0.003),
        adam: AdamSettings { beta1: 0.9, beta2: 0.99, eps: 1e-8 },
        loss: LossWeights {
            iou: 1.0,
            color: 0.0,
            laplacian: 3e-4,
            flatten: 1e-5,
            edge: 0.0,
            normal: 0.0,
            volume: 1.0,
        },
        ..FitSettings::default()
    }
}

/// Name, settings, and what they are; the recommended ones first. All have the same steps and views.
fn methods() -> Vec<(&'static str, FitSettings, &'static str)> {
    let best = recipe();
    let weights = best.loss;
    vec![
        ("recommended", best.clone(), "Large Steps, soft to sharp, refined once, a pressure from inside"),
        ("coarse", FitSettings { refine: Vec::new(), ..best.clone() }, "never refined"),
        (
            "no_schedule",
            FitSettings { sigma: Schedule::Constant(1e-4), ..best.clone() },
            "sigma 1e-4 from the first step",
        ),
        (
            "no_pressure",
            FitSettings { loss: LossWeights { volume: 0.0, ..weights }, ..best.clone() },
            "nothing asks for room inside",
        ),
        (
            "steps_for_each",
            FitSettings {
                step_scale: StepScale::Each,
                lr: Schedule::geometric(0.02, 0.002),
                loss: LossWeights { volume: 0.0, ..weights },
                ..best.clone()
            },
            "nothing asks for room inside, and a step size for each coordinate",
        ),
        (
            "no_large_steps",
            FitSettings {
                model: ShapeModel::Offset,
                lr: Schedule::geometric(0.01, 0.001),
                loss: LossWeights { laplacian: 0.03, flatten: 3e-4, ..weights },
                ..best.clone()
            },
            "vertices themselves, held by the demo's weights of Laplacian and flatten",
        ),
        (
            "no_regulariser",
            FitSettings { loss: LossWeights { laplacian: 0.0, flatten: 0.0, ..weights }, ..best.clone() },
            "neither Laplacian nor flatten; the pressure stays",
        ),
        (VISIBLE_ONLY, best.clone(), "recommended, but hidden faces get no gradient"),
        (
            PLAIN,
            FitSettings { steps: best.steps, batch: best.batch, ..FitSettings::official() },
            "the demo's sphere, model, losses, optimiser and sigma, at this budget",
        ),
    ]
}

/// Runs the experiment.
pub(super) fn run(setup: &Setup<'_>) -> Result<Findings> {
    let begin = Instant::now();
    let targets = targets(setup)?;
    let bound = best_mean_iou(&targets);
    let (template, demo) = (ball(RADIUS)?, ball(DEMO_RADIUS)?);

    let all = setup.effort.choose(methods(), methods().into_iter().take(2).map(short).collect());
    let (mut rows, mut series, mut figures, mut best) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (name, settings, about) in &all {
        let start = if *name == PLAIN { &demo } else { &template };
        let done = fit(setup, name, start, &targets, settings)?;
        let score = score(setup.device, &done.mesh, &targets)?;
        let sound = Soundness::of(&done.mesh)?;
        let turned = inside_out(setup.device, &done.mesh, targets.cameras(), targets.size())?;
        rows.push(row(
            setup,
            Method {
                name,
                about: (*about).to_owned(),
                values: vec![
                    score.mean_iou,
                    score.hard_iou,
                    sound.flipped,
                    sound.degenerate,
                    sound.folded,
                    turned,
                ],
            },
        ));
        series.push(Series { name: name.replace('_', " "), points: done.curve });
        if *name == "recommended" || *name == PLAIN {
            let (file, caption) = match *name {
                PLAIN => (PLAIN, "The plain recipe, from all sides"),
                _ => ("recommended", "The recommended recipe, from all sides"),
            };
            figures.push(Figure::picture(file, caption, all_sides(setup, &done.mesh, DEMO_RADIUS, 160)?));
        }
        best.get_or_insert(done.mesh);
    }
    if let Some(mesh) = &best {
        softras_io::save_obj(setup.folder.file("airplane.obj"), mesh)?;
    }
    let chart = Chart {
        x: "step".into(),
        y: "1 - soft IoU of the step's views".into(),
        scale: Scale::Logarithmic,
        series,
    };
    figures.push(Figure::curves("loss", "The loss of silhouettes", chart));
    forget(setup, all.iter().map(|m| m.0))?;
    Ok(Findings {
        title: "An airplane from 120 silhouettes".to_owned(),
        text: vec![
            format!(
                "A sphere of {} faces becomes the airplane of the official demo, from its 120 silhouettes of 64 x 64 \
                 pixels. Every method has {} steps of {} views; the demo takes 2,000 of 120. Soft IoU is at sigma 1e-4, \
                 mean over all views.",
                template.triangles().len(),
                all[0].1.steps,
                all[0].1.batch
            ),
            format!(
                "No silhouettes at all can score more than {bound:.4} here: more than half of what the targets cover are \
                 pixels that are covered in part, and these cost whatever is drawn there."
            ),
        ],
        columns: vec!["mean_iou", "hard_iou", "flipped", "degenerate", "folded", "inside_out"],
        methods: rows,
        figures,
        settings: json!(
            all.iter()
                .map(|(name, settings, _)| ((*name).to_owned(), json!(settings)))
                .collect::<Map<_, _>>()
        ),
        details: Map::from_iter([("best_possible_mean_iou".to_owned(), json!(bound))]),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// The silhouettes of the official demo, and their cameras.
pub(crate) fn targets(setup: &Setup<'_>) -> Result<Targets> {
    let folder = setup.data("deform")?;
    let set = load_image_set(folder.join("source.npy"))?;
    let camera = |o: &softras_io::Orbit| {
        let orbit = Orbit::new(o.distance as f32, Degrees(o.elevation as f32), Degrees(o.azimuth as f32));
        Camera::orbit(&orbit).perspective(Degrees(30.0)).official()
    };
    let cameras = load_orbits(folder.join("camera.npy"))?.iter().map(camera).collect();
    Targets::from_images(&set, cameras, [0.0; 3])
}

/// A sphere to start from.
pub(crate) fn ball(radius: f32) -> Result<Mesh> {
    let mut ball: Mesh = icosphere(3)?;
    ball.set_vertices(ball.vertices() * radius)?;
    Ok(ball)
}

/// The same method in few steps.
fn short(
    (name, settings, about): (&'static str, FitSettings, &'static str),
) -> (&'static str, FitSettings, &'static str) {
    let refine = if settings.refine.is_empty() { Vec::new() } else { vec![8] };
    (name, FitSettings { steps: 12, batch: 6, refine, ..settings }, about)
}
