//! The pose of a skinned body whose left hand starts behind its back and must come forward: [`run`].
//!
//! Start, target, cameras and settings below were written before the experiment was run for the first time.

use std::time::Instant;

use serde_json::{Map, json};
use softras_core::math::Vec3;
use softras_core::raster::DynRasterizer;
use softras_core::scene::{Camera, Degrees, MeshTexture, Orbit};
use softras_io::{RgbFrame, SkinnedBody, load_body, picture};

use super::Setup;
use super::chart::{Chart, Scale, Series};
use super::findings::{Figure, Findings, Method};
use super::visible::VisibleOnly;
use crate::body::{BodyFit, BodySettings, BodyState, Joints, joint, part_colors};
use crate::error::Result;
use crate::pose::{PoseLoss, PoseSettings};
use crate::report::Studio;
use crate::schedule::Schedule;
use crate::targets::{Targets, orbit_camera};

/// Pixels along a side of the pictures.
const SIZE: usize = 64;
/// Behind the body.
const BACKGROUND: [f32; 3] = [0.0; 3];
/// Distance and full field of view of every camera; it looks at the middle of the body.
const CAMERA: (f32, f32) = (3.2, 34.0);
/// Degrees around the body: from in front (+z), and 60 degrees to either side.
const AZIMUTHS: [f32; 3] = [180.0, 120.0, 240.0];
/// The hand behind the back: rotation vectors, radians.
const START: [(&str, [f32; 3]); 2] =
    [("LeftArm", [0.26, 0.23, -0.47]), ("LeftForeArm", [1.62, -0.33, -1.46])];
/// The hand before the chest.
const TARGET: [(&str, [f32; 3]); 2] =
    [("LeftArm", [-0.11, -0.10, -0.43]), ("LeftForeArm", [-0.55, -1.12, -0.45])];
/// The joints that turn: those of the arm.
const FREE: [&str; 2] = ["LeftArm", "LeftForeArm"];
/// The joints whose place is measured.
const MEASURED: [&str; 2] = ["LeftForeArm", "LeftHand"];

fn settings(steps: usize) -> BodySettings {
    BodySettings {
        picture: PoseSettings {
            steps,
            background: BACKGROUND,
            sigma: Schedule::geometric(1e-3, 1e-4),
            depth_softness: Schedule::geometric(0.3, 0.01),
            blur: Schedule::geometric(0.15, 0.02),
            lr: Schedule::geometric(0.1, 0.01),
            loss: PoseLoss { iou: 1.0, color: 20.0 },
            ..PoseSettings::default()
        },
        joints: Joints::Named(FREE.map(str::to_owned).to_vec()),
        rest: 1e-4,
        ..BodySettings::default()
    }
}

/// Runs the experiment.
pub(super) fn run(setup: &Setup<'_>) -> Result<Findings> {
    let begin = Instant::now();
    let body = load_body(setup.data("body")?.join("makehuman_cmu31_lbs.npz"))?;
    let settings = settings(setup.effort.choose(120, 3));
    let size = setup.effort.choose(SIZE, 32);
    let height = height(&body);
    let (start, target) = (BodyState::turned(&body, &START)?, BodyState::turned(&body, &TARGET)?);
    let colors = part_colors(&body);
    let mesh = |state: &BodyState| {
        let posed = body.body.pose(&state.pose())?;
        Ok::<_, crate::Error>(body.mesh(&posed)?.with_texture(MeshTexture::Vertex(colors.clone()))?)
    };
    let truth = mesh(&target)?;
    let cameras: Vec<Camera> = AZIMUTHS
        .iter()
        .map(|&azimuth| {
            let orbit = Orbit::new(CAMERA.0, Degrees(0.0), Degrees(azimuth));
            orbit_camera(&orbit, Vec3::ZERO).perspective(Degrees(CAMERA.1))
        })
        .collect();
    let before = errors(&body, &start, &target, height)?;

    let visible = VisibleOnly::new(setup.device);
    let (mut methods, mut series, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for (name, about, views, device) in [
        ("complete_1_view", "ours, one view", 1, setup.device),
        ("complete_3_views", "ours, three views", 3, setup.device),
        ("visible_only_1_view", "hidden faces get no gradient, one view", 1, &visible as &dyn DynRasterizer),
        ("visible_only_3_views", "hidden faces get no gradient, three views", 3, &visible),
    ] {
        let own = cameras[..views].to_vec();
        let targets = Targets::from_mesh(setup.device, &truth, own, (size, size), BACKGROUND)?;
        let mut fit = BodyFit::new(device, &body, colors.clone(), targets, start.clone(), settings.clone())?;
        while fit.history().len() < settings.picture.steps {
            let loss = fit.step()?;
            if fit.history().len() % 20 == 0 {
                (setup.progress)(&format!("{name}: step {}, loss {loss:.4}", fit.history().len()));
            }
        }
        let after = errors(&body, fit.state(), &target, height)?;
        (setup.progress)(&format!(
            "{name}: hand {:.2} % of the height off, before {:.2}",
            after[1], before[1]
        ));
        methods.push(Method {
            name,
            about: about.to_owned(),
            values: vec![
                before[1],
                after[1],
                before[0],
                after[0],
                fit.history().last().copied().unwrap_or(f64::NAN),
            ],
        });
        let points = fit.history().iter().enumerate().map(|(i, l)| (i as f64, *l)).collect();
        series.push(Series { name: name.replace('_', " "), points });
        states.push(fit.state().clone());
    }

    let studio = Studio { device: setup.device, size: (160, 160), background: BACKGROUND, target: None };
    let mut frames: Vec<RgbFrame> = Vec::new();
    for state in [&target, &start].into_iter().chain(&states) {
        for camera in [&cameras[0], &cameras[1]] {
            frames.push(studio.draw(&mesh(state)?, camera)?);
        }
    }
    let chart = Chart { x: "step".to_owned(), y: "loss".to_owned(), scale: Scale::Logarithmic, series };
    let caption =
        "Target, start, then each method in the order of the table; from in front and from the side";
    Ok(Findings {
        title: "A hand hidden behind the back comes forward".to_owned(),
        text: vec![
            "The left hand starts behind the back, hidden from the first camera, and must come before the chest. Errors \
             are distances of joints in percent of the body's height."
                .to_owned(),
        ],
        columns: vec!["hand_before", "hand_after", "elbow_before", "elbow_after", "loss"],
        methods,
        figures: vec![
            Figure::picture("bodies", caption, picture::grid(&frames, 4, 4, [0; 3])?),
            Figure::curves("loss", "The loss", chart),
        ],
        settings: json!({
            "size": SIZE, "camera": { "distance": CAMERA.0, "fov": CAMERA.1, "azimuths": AZIMUTHS },
            "start": START, "target": TARGET, "free": FREE, "fit": settings,
        }),
        details: Map::from_iter([("found".to_owned(), json!(states)), ("height".to_owned(), json!(height))]),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// The height of the body at rest.
fn height(body: &SkinnedBody) -> f64 {
    let y = body.body.parts().template.column(1).to_owned();
    let (low, high) = y.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &y| (l.min(y), h.max(y)));
    f64::from(high - low)
}

/// How far the measured joints are from the truth, in percent of the height.
fn errors(body: &SkinnedBody, state: &BodyState, truth: &BodyState, height: f64) -> Result<[f64; 2]> {
    let (found, truth) = (state.joints(body)?, truth.joints(body)?);
    let mut out = [0.0; 2];
    for (out, name) in out.iter_mut().zip(MEASURED) {
        let j = joint(body, name)?;
        *out = 100.0 * f64::from((found[j] - truth[j]).norm()) / height;
    }
    Ok(out)
}
