//! The data of the official deform demo: 120 pictures of an airplane and their cameras (DATA: `deform/`).
//!
//! The data are looked for under `SOFTRAS_DATA`, else beside the workspace. Where they are absent the trials are ignored by
//! name, unless `SOFTRAS_REQUIRE` holds `data`: then they fail.

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use softras_core::scene::{Camera, Degrees, Mesh, Orbit};
use softras_cpu::CpuRasterizer;
use softras_fit::{Fit, FitSettings, Targets, best_mean_iou, score};
use softras_io::{load_image_set, load_obj, load_orbits};

fn main() {
    let root = std::env::var_os("SOFTRAS_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = root.join("deform");
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|list| list.split(',').any(|word| word.trim() == "data"));
    let absent = !folder.is_dir();
    let trial = |name: &str, run: fn(&Path) -> Result<(), Failed>| {
        let folder = folder.clone();
        let name = if absent && !required { format!("{name} [ignored: no data]") } else { name.to_owned() };
        Trial::test(name, move || {
            if absent {
                return Err(format!("no data at {}", folder.display()).into());
            }
            run(&folder)
        })
        .with_ignored_flag(absent && !required)
    };
    let trials = vec![
        trial("deform::the_airplane_scores_as_outside", airplane),
        trial("deform::the_mirrored_airplane_does_not", mirrored),
        trial("deform::the_sphere_scores_as_outside", sphere),
        trial("deform::no_silhouettes_score_above_0_839", bound),
        trial("deform::the_official_settings_descend", descent),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Loads the pictures with cameras of the official convention, or with ours.
fn targets(folder: &Path, official: bool) -> Result<Targets, Failed> {
    let set = load_image_set(folder.join("source.npy"))?;
    let camera = |o: &softras_io::Orbit| {
        let orbit = Orbit::new(o.distance as f32, Degrees(o.elevation as f32), Degrees(o.azimuth as f32));
        let camera = Camera::orbit(&orbit).perspective(Degrees(30.0));
        if official { camera.official() } else { camera }
    };
    let cameras = load_orbits(folder.join("camera.npy"))?.iter().map(camera).collect();
    Ok(Targets::from_images(&set, cameras, [0.0; 3])?)
}

fn half_sphere(folder: &Path) -> Result<Mesh, Failed> {
    let mut mesh = load_obj(folder.join("sphere_1352.obj"))?;
    mesh.set_vertices(mesh.vertices() * 0.5)?;
    Ok(mesh)
}

fn near(found: f64, expected: f64, tolerance: f64) -> Result<(), Failed> {
    if (found - expected).abs() <= tolerance {
        Ok(())
    } else {
        Err(format!("found {found}, expected {expected}").into())
    }
}

fn airplane(folder: &Path) -> Result<(), Failed> {
    let mesh = load_obj(folder.join("plane.obj"))?;
    near(score(&CpuRasterizer, &mesh, &targets(folder, true)?)?.mean_iou, 0.80895, 5e-4)
}

fn mirrored(folder: &Path) -> Result<(), Failed> {
    let mesh = load_obj(folder.join("plane.obj"))?;
    let found = score(&CpuRasterizer, &mesh, &targets(folder, false)?)?.mean_iou;
    if found < 0.4 {
        Ok(())
    } else {
        Err(format!("found {found}, expected less than half of the right one").into())
    }
}

fn sphere(folder: &Path) -> Result<(), Failed> {
    near(score(&CpuRasterizer, &half_sphere(folder)?, &targets(folder, true)?)?.mean_iou, 0.157, 1e-3)
}

/// The bound (docs/decisions/0013), and three pictures of the same targets that stay below it: themselves, their
/// pixels of at least a half, and their pixels of at least 0.3.
fn bound(folder: &Path) -> Result<(), Failed> {
    let targets = targets(folder, true)?;
    let bound = best_mean_iou(&targets);
    near(bound, 0.838_907, 5e-6)?;
    let scores: [fn(f64) -> f64; 3] =
        [|t| t, |t| f64::from(u8::from(t >= 0.5)), |t| f64::from(u8::from(t >= 0.3))];
    for (drawn, expected) in scores.into_iter().zip([0.784_03, 0.838_20, 0.821_25]) {
        let iou = |target: ndarray::ArrayView2<'_, f32>| {
            let (mut common, mut union) = (0.0, 0.0);
            for t in target.iter().map(|t| f64::from(*t)) {
                let a = drawn(t);
                common += a * t;
                union += a + t - a * t;
            }
            common / union
        };
        let mean = targets.silhouette().outer_iter().map(iou).sum::<f64>() / targets.count() as f64;
        near(mean, expected, 5e-5)?;
        if mean > bound {
            return Err(format!("found {mean}, above the bound {bound}").into());
        }
    }
    Ok(())
}

fn descent(folder: &Path) -> Result<(), Failed> {
    let settings = FitSettings { steps: 16, batch: 12, ..FitSettings::official() };
    let mut fit = Fit::new(&CpuRasterizer, half_sphere(folder)?, targets(folder, true)?, settings)?;
    while !fit.is_done() {
        fit.step()?;
    }
    let after = fit.score()?.mean_iou;
    if after > 0.17 {
        Ok(())
    } else {
        Err(format!("found {after} after 16 steps, expected above 0.17").into())
    }
}
