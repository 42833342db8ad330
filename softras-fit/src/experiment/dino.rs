//! A real object from real photographs: Middlebury's dino, fitted to 11 views and scored on four others.

use std::time::Instant;

use ndarray::{Axis, Slice};
use serde_json::{Map, json};
use softras_core::scene::Mesh;
use softras_io::{Masks, Photographs, RgbFrame, icosphere, load_photographs, picture};

use super::Setup;
use super::chart::{Chart, Scale, Series};
use super::findings::{Figure, Findings, Method};
use super::fitting::{Fitted, VISIBLE_ONLY, all_sides, fit, forget, row};
use crate::error::Result;
use crate::placement::Placement;
use crate::report::Studio;
use crate::score::{color_psnr, score};
use crate::settings::{FitSettings, LossWeights, ShapeModel};
use crate::soundness::{Soundness, inside_out};
use crate::targets::Targets;

/// Photographs that are never fitted, by their numbers from 1.
const HELD_OUT: [usize; 4] = [3, 8, 12, 15];
/// The photograph whose silhouette is bad.
const LEFT_OUT: usize = 6;
/// Faces of the sphere: 20 times 4 to this.
const LEVEL: u32 = 3;
/// The method that fits nothing.
const SPHERE: &str = "sphere";
/// Pictures of the page are smaller by this.
const SMALLER: usize = 3;

/// Name, settings, and what they are; the recommended ones first.
fn methods() -> Vec<(&'static str, FitSettings, &'static str)> {
    let best = FitSettings::photographs();
    let weights = best.loss;
    vec![
        ("recommended", best.clone(), "shape and color, coarse to fine in pictures and surface"),
        (
            "silhouettes_only",
            FitSettings { loss: LossWeights { color: 0.0, ..weights }, ..best.clone() },
            "no color",
        ),
        ("coarse", FitSettings { refine: Vec::new(), ..best.clone() }, "the surface is never refined"),
        (VISIBLE_ONLY, best.clone(), "recommended, but hidden faces get no gradient"),
        (
            "no_large_steps",
            FitSettings {
                model: ShapeModel::Offset,
                lr: crate::Schedule::geometric(0.01, 0.001),
                loss: LossWeights { laplacian: 0.03, flatten: 3e-4, ..weights },
                ..best.clone()
            },
            "vertices themselves, held by the official demo's weights of Laplacian and flatten",
        ),
        (SPHERE, best, "nothing fitted: the sphere that all start from"),
    ]
}

/// Runs the experiment.
pub(super) fn run(setup: &Setup<'_>) -> Result<Findings> {
    let begin = Instant::now();
    let folder = setup.data("dino")?;
    let masks = Masks::Folder(folder.join("dinoSparseRing_masks"));
    let all = load_photographs(folder.join("dinoSparseRing").join("dinoSR_par.txt"), &masks)?;
    let is_held_out = |n: usize| HELD_OUT.contains(&(n + 1));
    let fitted = select(&all, |n| !is_held_out(n) && n + 1 != LEFT_OUT);
    let held_out = select(&all, is_held_out);

    let placement = Placement::find(&fitted)?;
    let template = placement.template(&icosphere(LEVEL)?)?;
    let methods = setup.effort.choose(methods(), methods().into_iter().take(1).map(short).collect());
    let background = methods[0].1.background;
    let divisor = methods[0].1.shrink.iter().map(|s| s.1).max().unwrap_or(1);
    let targets = placement.targets(&fitted, background, divisor)?;
    let unseen = placement.targets(&held_out, background, 1)?;

    let (mut rows, mut series, mut figures) = (Vec::new(), Vec::new(), Vec::new());
    for (name, settings, about) in &methods {
        let done = if *name == SPHERE {
            Fitted { mesh: template.clone(), curve: Vec::new(), seconds: 0.0 }
        } else {
            fit(setup, name, &template, &targets, settings)?
        };
        let of_unseen = score(setup.device, &done.mesh, &unseen)?;
        let of_fitted = score(setup.device, &done.mesh, &targets)?;
        let sound = Soundness::of(&done.mesh)?;
        let turned = inside_out(setup.device, &done.mesh, unseen.cameras(), (160, 120))?;
        let psnr = match done.mesh.channels() {
            0 => f64::NAN,
            _ => color_psnr(setup.device, &done.mesh, &unseen, background)?,
        };
        rows.push(row(
            setup,
            Method {
                name,
                about: (*about).to_owned(),
                values: vec![
                    of_unseen.hard_iou,
                    of_fitted.hard_iou,
                    psnr,
                    sound.flipped,
                    sound.degenerate,
                    turned,
                    done.seconds,
                ],
            },
        ));
        if !done.curve.is_empty() {
            series.push(Series { name: name.replace('_', " "), points: done.curve });
        }
        if figures.is_empty() {
            let beside = beside(setup, &done.mesh, &unseen, background)?;
            figures.push(Figure::picture(
                "held_out",
                "Photographs that were not fitted, and the fit from there",
                beside,
            ));
            figures.push(Figure::picture(
                "sides",
                "The fit from all sides, in its colors",
                all_sides(setup, &done.mesh, 0.5, 180)?,
            ));
            let clay = crate::targets::uncolored(&done.mesh)?;
            figures.push(Figure::picture("clay", "Its shape alone", all_sides(setup, &clay, 0.5, 180)?));
            softras_io::save_ply(setup.folder.file("dino.ply"), &placement.to_world(&done.mesh)?)?;
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
        title: "A dinosaur from 11 photographs".to_owned(),
        text: vec![
            format!(
                "A sphere of {} faces is fitted to 11 photographs with their masks and calibrated cameras. Photographs {HELD_OUT:?} \
                 are never fitted: the table has the hard IoU of their masks at full size, {} x {}. Where the sphere stands, and \
                 how large it is, follows from the masks.",
                template.triangles().len(),
                unseen.size().0,
                unseen.size().1
            ),
            "Seconds are of this run on this machine.".to_owned(),
        ],
        columns: vec![
            "held_out_iou",
            "fitted_iou",
            "held_out_psnr",
            "flipped",
            "degenerate",
            "inside_out",
            "seconds",
        ],
        methods: rows,
        figures,
        settings: json!({
            "held_out": HELD_OUT, "left_out": LEFT_OUT,
            "methods": methods.iter().map(|(name, settings, _)| ((*name).to_owned(), json!(settings))).collect::<Map<_, _>>(),
        }),
        details: Map::new(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// Returns the photographs whose place, from 0, is `wanted`.
fn select(all: &Photographs, wanted: impl Fn(usize) -> bool) -> Photographs {
    let places: Vec<usize> = (0..all.shots.len()).filter(|n| wanted(*n)).collect();
    let mut some = all.clone();
    some.shots = places.iter().map(|&n| all.shots[n].clone()).collect();
    some.pictures.color = all.pictures.color.select(Axis(0), &places);
    some.pictures.silhouette = all.pictures.silhouette.select(Axis(0), &places);
    some
}

/// Returns a row of photographs within their masks, and a row of the fit from the same cameras.
fn beside(setup: &Setup<'_>, mesh: &Mesh, targets: &Targets, background: [f32; 3]) -> Result<RgbFrame> {
    let (width, height) = targets.size();
    let size = (width / SMALLER, height / SMALLER);
    let studio = Studio { device: setup.device, size, background, target: None };
    let mut frames = Vec::new();
    for color in targets.color().into_iter().flat_map(|c| c.outer_iter()) {
        let cut =
            color.slice_axis(Axis(1), Slice::new(0, Some((size.1 * SMALLER) as isize), SMALLER as isize));
        let cut = cut.slice_axis(Axis(2), Slice::new(0, Some((size.0 * SMALLER) as isize), SMALLER as isize));
        frames.push(RgbFrame::from_color(cut)?);
    }
    for camera in targets.cameras() {
        frames.push(studio.draw(mesh, camera)?);
    }
    Ok(picture::grid(&frames, targets.count(), 4, [255; 3])?)
}

/// The same method in few steps.
fn short(
    (name, settings, about): (&'static str, FitSettings, &'static str),
) -> (&'static str, FitSettings, &'static str) {
    let quick = FitSettings { steps: 12, batch: 3, refine: vec![8], shrink: vec![(0, 8)], ..settings };
    (name, quick, about)
}
