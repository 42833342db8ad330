//! The rigid pose of a colored cube from one picture.

use std::time::Instant;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Map, json};
use softras_core::math::Vec3;
use softras_core::scene::{Camera, Degrees};
use softras_io::shapes::Sample;

use super::Setup;
use super::chart::{Chart, Scale, Series};
use super::findings::{Figure, Findings, Method};
use super::landscape::{Drawing, Landscape, basin};
use crate::error::Result;
use crate::pose::Placement;

/// Pixels along a side of the pictures.
const SIZE: usize = 64;
/// Behind the cube.
const BACKGROUND: [f32; 3] = [0.0; 3];
/// Degrees between two points of the landscape.
const STEP: f64 = 3.0;
/// The landscapes: name, how it is drawn, and what that is.
const DRAWINGS: [(&str, Drawing, &str); 6] = [
    ("soft_sigma_1e-2", Drawing::Soft(1e-2, 1e-1), "drawn softly"),
    ("soft_sigma_1e-3", Drawing::Soft(1e-3, 3e-2), "drawn softly"),
    ("soft_sigma_1e-4", Drawing::Soft(1e-4, 1e-2), "drawn softly"),
    ("hard", Drawing::Hard, "the nearest face"),
    ("hard_blurred_0.1", Drawing::Blurred(0.1), "the nearest face, blurred by 0.1 screen units"),
    ("hard_blurred_0.03", Drawing::Blurred(0.03), "the nearest face, blurred by 0.03 screen units"),
];

/// Runs the experiment.
pub(super) fn run(setup: &Setup<'_>) -> Result<Findings> {
    let begin = Instant::now();
    let mesh = Sample::Cube.mesh();
    let camera = Camera::look_at(Vec3::new(0.0, 0.0, 4.0), Vec3::ZERO).perspective(Degrees(30.0));
    let landscape =
        Landscape { device: setup.device, mesh: &mesh, camera, size: SIZE, background: BACKGROUND };
    let mut random = ChaCha8Rng::seed_from_u64(setup.seed);
    let truths: Vec<(Placement, [f64; 3])> = (0..setup.effort.choose(20, 2))
        .map(|_| {
            let truth = Placement::random(&mut random);
            // The first row of another random rotation is a random direction.
            (truth, Placement::random(&mut random).rotation[0])
        })
        .collect();

    let degrees: Vec<f64> = (-60..=60).map(|i| f64::from(i) * STEP).collect();
    let (mut series, mut methods) = (Vec::new(), Vec::new());
    for (name, drawing, about) in DRAWINGS {
        (setup.progress)(&format!("landscape, {name}"));
        let mut mean = vec![0.0; degrees.len()];
        let mut basins = 0.0;
        for (truth, axis) in &truths {
            let places: Vec<_> = degrees
                .iter()
                .map(|d| {
                    let turn = Vec3::from(*axis).scale(d.to_radians()).to_array();
                    truth.moved(turn, [0.0; 3])
                })
                .collect();
            let losses = landscape.losses(drawing, truth, &places)?;
            basins += basin(&losses) as f64 * STEP / truths.len() as f64;
            let highest = losses.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            for (mean, loss) in mean.iter_mut().zip(&losses) {
                *mean += loss / highest / truths.len() as f64;
            }
        }
        let points = degrees.iter().copied().zip(mean).collect();
        series.push(Series { name: name.replace('_', " "), points });
        methods.push(Method { name, about: about.to_owned(), values: vec![basins] });
    }
    let chart = Chart {
        x: "degrees from the truth".to_owned(),
        y: "loss, share of its highest".to_owned(),
        scale: Scale::Linear,
        series,
    };
    Ok(Findings {
        title: "The pose of a colored cube from one picture".to_owned(),
        text: vec![
            "The loss over a turn around a random axis, for random poses: how far from the truth it still falls \
             towards it, on the way from both sides."
                .to_owned(),
        ],
        columns: vec!["basin_degrees"],
        methods,
        figures: vec![Figure::curves("landscape", "The loss over rotation", chart)],
        settings: json!({ "size": SIZE, "camera": { "distance": 4.0, "fov": 30.0 }, "truths": truths.len() }),
        details: Map::new(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}
