//! Shape from shading: a hollow that silhouettes cannot see, from grey pictures under a known or a fitted light.

use std::time::Instant;

use ndarray::Array2;
use serde_json::{Map, json};
use softras_core::math::Vec3;
use softras_core::scene::{Mesh, MeshTexture};
use softras_io::icosphere;

use super::Setup;
use super::chart::{Chart, Scale, Series};
use super::findings::{Figure, Findings, Method};
use super::fitting::{all_sides, fit, forget, row};
use crate::chamfer::chamfer;
use crate::error::Result;
use crate::light::{Beam, LightSettings};
use crate::nearest::NearestTriangle;
use crate::schedule::Schedule;
use crate::score::score;
use crate::settings::{Albedo, FitSettings, LossWeights};
use crate::soundness::Soundness;
use crate::targets::{Targets, cameras_around, uncolored};

/// Pictures that are fitted.
const VIEWS: usize = 20;
/// What the surface reflects, everywhere.
const GREY: f32 = 0.8;
/// Points of each surface for the Chamfer distance.
const SAMPLES: usize = 20_000;
/// The depth of the hollow, of a radius of 0.5.
const DEPTH: f32 = 0.22;
/// The angle from the middle of the hollow to its edge, in radians, at which it is a third as deep.
const WIDTH: f32 = 0.45;

/// The light of the pictures.
fn light() -> LightSettings {
    let beam = |direction, intensity| Beam { direction, intensity };
    LightSettings {
        ambient: 0.25,
        directional: vec![beam([0.3, 0.8, 0.6], 0.6), beam([-0.9, -0.2, 0.5], 0.35)],
        ..LightSettings::default()
    }
}

/// The recommended recipe.
fn recipe() -> FitSettings {
    FitSettings {
        steps: 400,
        batch: 5,
        texels: 0,
        smoothness: 8.0,
        refine: vec![120],
        albedo: Albedo::Fixed,
        light: Some(light()),
        background: [0.0; 3],
        sigma: Schedule::geometric(5e-4, 3e-5),
        gamma: Schedule::geometric(1e-3, 1e-4),
        lr: Schedule::geometric(0.02, 0.002),
        loss: LossWeights {
            iou: 1.0,
            color: 2.0,
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
        ("shading", best.clone(), "silhouettes and grey pictures, the light known"),
        (
            "fitted_light",
            FitSettings { light: Some(LightSettings::unknown()), ..best.clone() },
            "the same, the light fitted from nothing known (nine harmonics)",
        ),
        (
            "silhouettes_only",
            FitSettings { loss: LossWeights { color: 0.0, ..best.loss }, light: None, ..best.clone() },
            "no grey pictures",
        ),
        (
            "no_light",
            FitSettings { light: None, albedo: Albedo::Fitted, ..best },
            "the pictures as plain colors of the surface, fitted with it",
        ),
    ]
}

/// Runs the experiment.
pub(super) fn run(setup: &Setup<'_>) -> Result<Findings> {
    let begin = Instant::now();
    let truth = grey(&hollow(setup.effort.choose(5, 3))?)?;
    let (lit, _) = light().lighting(&light().numbers()).shade(&truth)?;
    let methods = setup.effort.choose(methods(), methods().into_iter().take(3).map(short).collect());
    let side = setup.effort.choose(96, 32);
    let cameras = cameras_around(VIEWS, 2.4, 30.0);
    let targets = Targets::from_mesh(setup.device, &lit, cameras, (side, side), methods[0].1.background)?;
    let mut template = icosphere(3)?;
    template.set_vertices(template.vertices() * 0.4)?;
    let template = grey(&template)?;

    let (mut rows, mut series, mut figures) = (Vec::new(), Vec::new(), Vec::new());
    let clay = |mesh: &Mesh| all_sides(setup, &uncolored(mesh)?, 0.55, 160);
    figures.push(Figure::picture("truth", "The true surface", clay(&truth)?));
    for (name, settings, about) in &methods {
        let done = fit(setup, name, &template, &targets, settings)?;
        let score = score(setup.device, &done.mesh, &targets)?;
        let apart = chamfer(&done.mesh, &truth, SAMPLES, setup.seed);
        let sound = Soundness::of(&done.mesh)?;
        rows.push(row(
            setup,
            Method {
                name,
                about: (*about).to_owned(),
                values: vec![
                    apart.mean(),
                    in_hollow(&truth, &done.mesh),
                    score.hard_iou,
                    sound.flipped,
                    sound.degenerate,
                ],
            },
        ));
        series.push(Series { name: name.replace('_', " "), points: done.curve });
        let (file, caption) = match *name {
            "shading" => ("shading", "From shading, the light known"),
            "fitted_light" => ("fitted_light", "From shading, the light fitted"),
            "silhouettes_only" => ("silhouettes_only", "From silhouettes alone"),
            _ => ("no_light", "From pictures as plain colors"),
        };
        figures.push(Figure::picture(file, caption, clay(&done.mesh)?));
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
        title: "A hollow from its shading".to_owned(),
        text: vec![format!(
            "A ball of radius 0.5 with a hollow {DEPTH} deep that no silhouette shows, grey, from {VIEWS} pictures of {side} x {side} \
             pixels, lit by two lights. The Chamfer distance is the mean of both ways, {SAMPLES} points each; the one of the hollow is the \
             mean distance of its true points to the fitted surface."
        )],
        columns: vec!["chamfer", "hollow_distance", "fitted_iou", "flipped", "degenerate"],
        methods: rows,
        figures,
        settings: json!({
            "views": VIEWS, "side": side, "light": light(), "depth": DEPTH, "width": WIDTH, "grey": GREY,
            "methods": methods.iter().map(|(name, settings, _)| ((*name).to_owned(), json!(settings))).collect::<Map<_, _>>(),
        }),
        details: Map::new(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// The ball with its hollow, which opens towards +z and a little up.
fn hollow(level: u32) -> Result<Mesh> {
    let mut mesh = icosphere(level)?;
    let vertices = Array2::from_shape_fn(mesh.vertices().dim(), |(v, k)| {
        let away = from_middle(mesh.vertex(v as u32)) / WIDTH;
        mesh.vertices()[[v, k]] * (0.5 - DEPTH * (-away * away).exp())
    });
    mesh.set_vertices(vertices)?;
    Ok(mesh)
}

/// The angle of a direction to the middle of the hollow.
fn from_middle(direction: Vec3) -> f32 {
    let middle = Vec3::new(0.0, 0.25, 0.97).normalize(1e-9);
    direction.normalize(1e-9).dot(middle).clamp(-1.0, 1.0).acos()
}

/// The mean distance of the true vertices in the hollow to the fitted surface.
fn in_hollow(truth: &Mesh, fitted: &Mesh) -> f64 {
    let tree = NearestTriangle::new(fitted);
    let inside = |v: &Vec3| from_middle(*v) < WIDTH;
    let points = (0..truth.vertices().nrows()).map(|v| truth.vertex(v as u32)).filter(inside);
    let distances: Vec<f64> =
        points.map(|v| tree.distance(Vec3::new(f64::from(v.x), f64::from(v.y), f64::from(v.z)))).collect();
    distances.iter().sum::<f64>() / distances.len() as f64
}

fn grey(mesh: &Mesh) -> Result<Mesh> {
    let colors = Array2::from_elem((mesh.vertices().nrows(), 3), GREY);
    Ok(mesh.clone().with_texture(MeshTexture::Vertex(colors))?)
}

/// The same method in few steps.
fn short(
    (name, settings, about): (&'static str, FitSettings, &'static str),
) -> (&'static str, FitSettings, &'static str) {
    (name, FitSettings { steps: 20, batch: 4, refine: vec![15], ..settings }, about)
}
