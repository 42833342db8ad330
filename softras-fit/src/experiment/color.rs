//! Shape and color together: spot from 24 renders.

use std::time::Instant;

use serde_json::{Map, json};
use softras_core::math::Vec3;
use softras_core::scene::{Camera, Degrees, Mesh, Orbit};
use softras_io::{MeshOptions, icosphere, load_mesh, normalize};

use super::Setup;
use super::chart::{Chart, Scale, Series};
use super::findings::{Figure, Findings, Method};
use super::fitting::{all_sides, fit, forget, row};
use crate::chamfer::chamfer;
use crate::error::Result;
use crate::schedule::Schedule;
use crate::score::{color_psnr, score};
use crate::settings::{ColorMode, FitSettings, LossWeights};
use crate::soundness::Soundness;
use crate::targets::{Targets, cameras_around, orbit_camera};

/// Renders that are fitted.
const VIEWS: usize = 24;
/// Renders that are not.
const UNSEEN: usize = 8;
/// The distance of all cameras, in which spot's longest side is 1.
const DISTANCE: f32 = 2.4;
/// Points of each surface for the Chamfer distance.
const SAMPLES: usize = 20_000;

/// The recommended recipe.
fn recipe() -> FitSettings {
    FitSettings {
        steps: 600,
        batch: 6,
        texels: 0,
        smoothness: 8.0,
        refine: vec![150, 350],
        shrink: vec![(0, 2), (300, 1)],
        sigma: Schedule::geometric(5e-4, 1e-5),
        gamma: Schedule::geometric(1e-3, 1e-4),
        lr: Schedule::geometric(0.03, 0.002),
        color_lr: Schedule::geometric(0.05, 0.005),
        loss: LossWeights {
            iou: 1.0,
            color: 1.0,
            laplacian: 0.001,
            flatten: 3e-5,
            edge: 0.0,
            normal: 0.0,
            volume: 0.0,
        },
        ..FitSettings::default()
    }
}

/// Name, settings, and what they are; the recommended ones first.
fn methods() -> Vec<(&'static str, FitSettings, &'static str)> {
    let best = recipe();
    vec![
        ("recommended", best.clone(), "silhouettes and colors together, colors at vertices"),
        (
            "texels",
            FitSettings { texels: 4, refine: vec![150], ..best.clone() },
            "one refinement less, 4 x 4 texels (then 2 x 2) a face instead of colors at vertices",
        ),
        (
            "softmax",
            FitSettings { color: ColorMode::Softmax, ..best.clone() },
            "the paper's softmax over depth instead of colors laid over the background",
        ),
        (
            "silhouettes_only",
            FitSettings { loss: LossWeights { color: 0.0, ..best.loss }, ..best },
            "no color",
        ),
    ]
}

/// Runs the experiment.
pub(super) fn run(setup: &Setup<'_>) -> Result<Findings> {
    let begin = Instant::now();
    let truth = load_mesh(setup.data("spot")?.join("spot_triangulated.obj"), &MeshOptions::default())?.mesh;
    let truth = normalize(&truth);
    let methods = setup.effort.choose(methods(), methods().into_iter().take(1).map(short).collect());
    let side = setup.effort.choose(128, 32);
    let background = methods[0].1.background;
    let draw = |cameras| Targets::from_mesh(setup.device, &truth, cameras, (side, side), background);
    let targets = draw(cameras_around(VIEWS, DISTANCE, 30.0))?;
    let unseen = draw((0..UNSEEN).map(between).collect())?;
    let mut template: Mesh = icosphere(3)?;
    template.set_vertices(template.vertices() * 0.3)?;

    let (mut rows, mut series, mut figures) = (Vec::new(), Vec::new(), Vec::new());
    figures.push(Figure::picture("truth", "The true surface", all_sides(setup, &truth, 0.6, 160)?));
    for (name, settings, about) in &methods {
        let done = fit(setup, name, &template, &targets, settings)?;
        let of_fitted = score(setup.device, &done.mesh, &targets)?;
        let of_unseen = score(setup.device, &done.mesh, &unseen)?;
        let psnr = match done.mesh.channels() {
            0 => f64::NAN,
            _ => color_psnr(setup.device, &done.mesh, &unseen, background)?,
        };
        let apart = chamfer(&done.mesh, &truth, SAMPLES, setup.seed);
        let sound = Soundness::of(&done.mesh)?;
        rows.push(row(
            setup,
            Method {
                name,
                about: (*about).to_owned(),
                values: vec![
                    of_fitted.hard_iou,
                    of_unseen.hard_iou,
                    psnr,
                    apart.mean(),
                    sound.flipped,
                    sound.degenerate,
                ],
            },
        ));
        series.push(Series { name: name.replace('_', " "), points: done.curve });
        if figures.len() == 1 {
            figures.push(Figure::picture(
                "fit",
                "The recommended fit",
                all_sides(setup, &done.mesh, 0.6, 160)?,
            ));
            let clay = crate::targets::uncolored(&done.mesh)?;
            figures.push(Figure::picture("clay", "Its shape alone", all_sides(setup, &clay, 0.6, 160)?));
            softras_io::save_ply(setup.folder.file("spot.ply"), &done.mesh)?;
        }
    }
    let chart = Chart {
        x: "step".into(),
        y: "1 - soft IoU of the step's views".into(),
        scale: Scale::Logarithmic,
        series,
    };
    figures.push(Figure::curves("loss", "The loss of silhouettes", chart));
    forget(setup, methods.iter().map(|m| m.0))?;
    Ok(Findings {
        title: "Spot from 24 colored renders".to_owned(),
        text: vec![format!(
            "A sphere of {} faces becomes spot, whose longest side is 1, from {VIEWS} renders of {side} x {side} pixels. {UNSEEN} other \
             renders are never fitted: the table has the hard IoU and the color PSNR there, over all pixels. The Chamfer distance is the \
             mean of both ways, {SAMPLES} points each, to the triangles of the other surface.",
            template.triangles().len()
        )],
        columns: vec!["fitted_iou", "held_out_iou", "held_out_psnr", "chamfer", "flipped", "degenerate"],
        methods: rows,
        figures,
        settings: json!({
            "views": VIEWS, "unseen": UNSEEN, "side": side, "distance": DISTANCE,
            "methods": methods.iter().map(|(name, settings, _)| ((*name).to_owned(), json!(settings))).collect::<Map<_, _>>(),
        }),
        details: Map::new(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// A camera that no fit sees: around at the four elevations -20, 5, 30 and 55.
fn between(i: usize) -> Camera {
    let (elevation, azimuth) = (-20.0 + 25.0 * (i % 4) as f32, 17.0 + 45.0 * i as f32);
    let orbit = Orbit::new(DISTANCE, Degrees(elevation), Degrees(azimuth));
    orbit_camera(&orbit, Vec3::ZERO).perspective(Degrees(30.0))
}

/// The same method in few steps.
fn short(
    (name, settings, about): (&'static str, FitSettings, &'static str),
) -> (&'static str, FitSettings, &'static str) {
    let quick = FitSettings { steps: 16, batch: 4, refine: vec![12], shrink: Vec::new(), ..settings };
    (name, quick, about)
}
