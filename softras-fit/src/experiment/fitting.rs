//! What the experiments that fit shapes share: a fit that goes on where it was stopped, and pictures from all sides.

use std::time::Instant;

use softras_core::math::Vec3;
use softras_core::raster::DynRasterizer;
use softras_core::scene::{Camera, Degrees, Mesh, Orbit};
use softras_io::{RgbFrame, picture};

use super::Setup;
use super::findings::Method;
use super::visible::VisibleOnly;
use crate::error::Result;
use crate::fit::Fit;
use crate::report::Studio;
use crate::settings::FitSettings;
use crate::targets::{Targets, orbit_camera};

/// Steps between checkpoints and lines of progress.
const EVERY: usize = 50;
/// Between pictures.
const GAP: usize = 4;
/// Columns of pictures from all sides.
const COLUMNS: usize = 6;

/// The name of the method whose hidden faces get no gradient, see [`VisibleOnly`]; all else is as in the first method.
pub(super) const VISIBLE_ONLY: &str = "visible_only";

/// A fit that is done.
pub(super) struct Fitted {
    pub(super) mesh: Mesh,
    /// (step, 1 - IoU) of each step.
    pub(super) curve: Vec<(f64, f64)>,
    pub(super) seconds: f64,
}

/// Fits `template` to `targets`; the method [`VISIBLE_ONLY`] without gradients of hidden faces. A fit of the same name and settings that was stopped in the same folder is gone on with.
pub(super) fn fit(
    setup: &Setup<'_>,
    name: &str,
    template: &Mesh,
    targets: &Targets,
    settings: &FitSettings,
) -> Result<Fitted> {
    let begin = Instant::now();
    let settings = FitSettings { seed: setup.seed, ..settings.clone() };
    let visible = VisibleOnly::new(setup.device);
    let device: &dyn DynRasterizer = if name == VISIBLE_ONLY { &visible } else { setup.device };
    let mut fit = Fit::new(device, template.clone(), targets.clone(), settings)?;
    let checkpoint = setup.folder.file(&format!("{name}.softras"));
    if checkpoint.exists() && fit.load(&checkpoint).is_err() {
        (setup.progress)(&format!("{name}: the checkpoint there is of another fit; it starts anew"));
    }
    let steps = fit.settings().steps;
    while !fit.is_done() {
        let loss = fit.step()?;
        if fit.step_number().is_multiple_of(EVERY) || fit.is_done() {
            fit.save(&checkpoint)?;
            (setup.progress)(&format!(
                "{name}: step {} of {steps}, loss {:.4}, 1 - IoU {:.4}, {:.0} s",
                fit.step_number(),
                loss.total,
                loss.iou,
                begin.elapsed().as_secs_f64()
            ));
        }
    }
    Ok(Fitted {
        mesh: fit.mesh()?,
        curve: fit.history().iter().enumerate().map(|(step, loss)| (step as f64, loss.iou)).collect(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// Tells how a method came out, and returns it.
pub(super) fn row(setup: &Setup<'_>, method: Method) -> Method {
    let values: Vec<String> = method.values.iter().map(|value| format!("{value:.4}")).collect();
    (setup.progress)(&format!("{}: {}", method.name, values.join("  ")));
    method
}

/// Removes the checkpoints of the fits of these names: the experiment is done.
pub(super) fn forget<'a>(setup: &Setup<'_>, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
    for name in names {
        let path = setup.folder.file(&format!("{name}.softras"));
        if path.exists() {
            std::fs::remove_file(&path).map_err(|source| crate::Error::Write { path, source })?;
        }
    }
    Ok(())
}

/// Returns pictures of `mesh`, which lies around the origin, from twelve sides: six all around from above, three from
/// below, from straight above, from straight below, and level. It is lit, so that its shape shows also where it is colored.
pub(super) fn all_sides(setup: &Setup<'_>, mesh: &Mesh, radius: f32, side: usize) -> Result<RgbFrame> {
    let background = [1.0; 3];
    let studio = Studio { device: setup.device, size: (side, side), background, target: None };
    let around = (0..6).map(|i| (20.0, 60.0 * i as f32 + 25.0));
    let below = (0..3).map(|i| (-35.0, 120.0 * i as f32 + 25.0));
    let rest = [(90.0, 0.0), (-90.0, 0.0), (0.0, 90.0)];
    let frames: Result<Vec<RgbFrame>> = around
        .chain(below)
        .chain(rest)
        .map(|(elevation, azimuth)| {
            let orbit = Orbit::new(4.1 * radius, Degrees(elevation), Degrees(azimuth));
            let camera: Camera = orbit_camera(&orbit, Vec3::ZERO).perspective(Degrees(30.0));
            studio.draw(mesh, &camera)
        })
        .collect();
    Ok(picture::grid(&frames?, COLUMNS, GAP, [255; 3])?)
}
