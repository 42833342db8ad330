//! `softras fit`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use softras_core::raster::DynRasterizer;
use softras_core::scene::{Camera, Degrees, Mesh, Orbit};
use softras_fit::report::{Report, Studio, circle, picture_size, usual_turntable};
use softras_fit::{
    Fit, FitFolder, Keep, Outcome, Placement, Targets, cameras_around, check_size, orbit_camera,
};
use softras_io::{
    ImageSet, Masks, MeshOptions, load_image_set, load_orbits, load_photographs, normalize, save_ply,
};

use crate::args::FitArgs;
use crate::backend;
use crate::config::read;
use crate::fit_config::{Convention, FitConfig, Source};
use crate::input::{self, colored, lit, scaled};
use crate::output::{Usage, command, finish, note, say, warn, warn_of_reach};

/// Set by Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// Fits a mesh.
pub(crate) fn run(args: &FitArgs) -> Result<ExitCode> {
    let output = args.output.clone().unwrap_or_else(|| PathBuf::from("out/fit"));
    let saved = output.join("config.toml");
    let file = match &args.config {
        Some(path) => read::<FitConfig>(path)?,
        None if args.resume && saved.exists() => read::<FitConfig>(&saved)?,
        None => toml::Table::new(),
    };
    let config = FitConfig::from_layers(&[&file, &args.table()])?;
    if args.print_config {
        say(toml::to_string_pretty(&config)?.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let checkpoint = output.join("checkpoint.softras");
    if args.resume && !checkpoint.exists() {
        bail!("{}: found no checkpoint to go on from, expected one of an earlier fit", checkpoint.display());
    }

    // Everything that can be wrong is found before anything is written.
    config.fit.check()?;
    warn_of_reach(&config.fit.parts, config.fit.sigma.value(0, config.fit.steps), config.fit.dist_eps);
    check_size((config.size.width, config.size.height))?;
    let by_hand = args.has_pictures();
    let source = config.source().map_err(|e| if by_hand { Usage(e.to_string()).into() } else { e })?;
    let device = backend::open(&config.backend, config.threads)?;
    let scene = Scene::load(&source, &config, device.as_ref())?;
    let template = template(&config, scene.placement.as_ref())?;
    let title = title(&source, &config);
    let mut fit = Fit::new(device.as_ref(), template, scene.targets, config.fit.clone())?;
    if args.resume {
        fit.load(&checkpoint)?;
    }

    let studio = Studio {
        device: device.as_ref(),
        size: picture_size(fit.targets(), config.picture)?,
        background: config.fit.background,
        target: scene.mesh.as_ref(),
    };
    // The first picture of the report tells whether there is memory for all of them.
    let camera = circle(fit.targets(), 1, 25.0, FILM_AZIMUTH)[0];
    studio.beside_target(fit.template(), &camera).context("picture, the height of those of the report")?;
    let keep =
        Keep { checkpoint_every: config.checkpoint_every, frames: config.frames, studio: &studio, camera };
    if !args.json {
        let start = if args.resume { format!(", from step {}", fit.step_number()) } else { String::new() };
        note(format!("{title}{start}"));
    }
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            // The second time there is no more patience; the last checkpoint is whole.
            std::process::exit(1);
        }
    })
    .context("cannot listen for Ctrl-C")?;

    let folder = FitFolder::create(&output)?;
    if !args.resume {
        let settings = config.clone().with_absolute_paths()?;
        folder.write("config.toml", &toml::to_string_pretty(&settings)?)?;
        // From here on the folder can be gone on from, whenever the process ends.
        fit.save(&checkpoint)?;
    }
    let begin = Instant::now();
    let bar = progress(&fit, args.json);
    let outcome = folder.run(&mut fit, &keep, |fit, loss| {
        bar.set_message(format!("loss {:.4}", loss.total));
        bar.set_position(fit.step_number() as u64);
        if STOP.load(Ordering::SeqCst) && !fit.is_done() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    bar.finish_and_clear();
    let seconds = begin.elapsed().as_secs_f64();
    if fit.dropped() > 0 {
        warn(format!("up to {} faces of a step reached behind a camera and were not drawn", fit.dropped()));
    }
    if outcome == Outcome::Interrupted {
        let again = format!("softras fit --resume -o {}", output.display());
        note(format!(
            "stopped after step {} of {}; {} holds everything. Go on with: {again}",
            fit.step_number(),
            config.fit.steps,
            checkpoint.display()
        ));
        if args.json {
            let value = json!({
                "interrupted": true, "steps": fit.step_number(), "seconds": seconds, "out": output, "resume": again,
            });
            finish(true, &value, "");
        }
        return Ok(ExitCode::from(1));
    }

    let turntable = usual_turntable(&fit, FILM_AZIMUTH);
    let report = Report { title, command: command(), seconds, studio: &studio, camera, turntable };
    let summary = report.write(&fit, &folder)?;
    if let Some(placement) = &scene.placement {
        let world = output.join("mesh_world.ply");
        save_ply(&world, &placement.to_world(&fit.mesh()?)?)?;
        note(format!("{} is the mesh in the world of the cameras", world.display()));
    }
    let learnt: serde_json::Map<_, _> =
        fit.learnt().into_iter().map(|(of, value)| (of.word().to_owned(), json!(value))).collect();
    for (of, value) in &learnt {
        note(format!("{of} is {value:.6} now"));
    }
    let value = json!({
        "mean_iou": summary.mean_iou, "hard_iou": summary.hard_iou, "loss_first": summary.loss_first,
        "loss_last": summary.loss_last, "steps": summary.steps, "seconds": summary.seconds, "out": output,
        "learnt": learnt,
    });
    let text = format!(
        "mean soft IoU {:.4} (before {:.4}), hard IoU {:.4}, loss {:.4} -> {:.4}, {} steps in {:.1} s\n{}",
        summary.mean_iou,
        summary.before.mean_iou,
        summary.hard_iou,
        summary.loss_first,
        summary.loss_last,
        summary.steps,
        summary.seconds,
        output.join("report.html").display()
    );
    finish(args.json, &value, text);
    Ok(ExitCode::SUCCESS)
}

/// Where the film is taken from: shows the front, +z, a little from the side.
const FILM_AZIMUTH: f32 = 145.0;

/// What is fitted to.
struct Scene {
    targets: Targets,
    mesh: Option<Mesh>,
    /// Where photographs say that the object stands.
    placement: Option<Placement>,
}

impl Scene {
    fn load(source: &Source, config: &FitConfig, device: &dyn DynRasterizer) -> Result<Self> {
        let background = config.fit.background;
        let in_convention = |camera: Camera| match config.convention {
            Convention::Own => camera,
            Convention::Official => camera.official(),
        };
        match source {
            Source::Mesh(name) => {
                if config.views == 0 {
                    bail!("views: found 0, expected at least 1");
                }
                let mesh = normalize(&input::mesh(name, &MeshOptions::default())?);
                let mesh = if config.light { lit(&mesh)? } else { colored(&mesh)? };
                let distance = config.distance.unwrap_or_else(|| filling(&mesh, config.fov));
                let cameras = cameras_around(config.views, distance as f32, config.fov as f32);
                let cameras = cameras.into_iter().map(in_convention).collect();
                let size = (config.size.width, config.size.height);
                let targets = Targets::from_mesh(device, &mesh, cameras, size, background)?;
                Ok(Self { targets, mesh: Some(mesh), placement: None })
            }
            Source::Images { images, cameras } => {
                let set = load_image_set(images)?;
                if set.is_opaque() {
                    warn(format!(
                        "{}: every picture is opaque everywhere: every pixel counts as the object",
                        images.display()
                    ));
                }
                warn_of_empty(&set, images)?;
                let orbits = load_orbits(cameras)?;
                let camera = |o: &softras_io::Orbit| {
                    let orbit =
                        Orbit::new(o.distance as f32, Degrees(o.elevation as f32), Degrees(o.azimuth as f32));
                    in_convention(
                        orbit_camera(&orbit, [0.0; 3].into()).perspective(Degrees(config.fov as f32)),
                    )
                };
                let targets = Targets::from_images(&set, orbits.iter().map(camera).collect(), background)?;
                Ok(Self { targets, mesh: None, placement: None })
            }
            Source::Photographs { cameras, masks } => {
                let masks = masks.clone().map_or(Masks::AsNamed, Masks::Folder);
                let photographs = load_photographs(cameras, &masks)?;
                if photographs.pictures.is_opaque() {
                    warn(format!(
                        "{}: every photograph is opaque everywhere, or has no mask: every pixel counts as the object",
                        cameras.display()
                    ));
                }
                warn_of_empty(&photographs.pictures, cameras)?;
                let placement = Placement::find(&photographs)?;
                let divisor = config.fit.shrink.iter().map(|(_, factor)| *factor).max().unwrap_or(1);
                let targets = placement.targets(&photographs, background, divisor)?;
                Ok(Self { targets, mesh: None, placement: Some(placement) })
            }
        }
    }
}

/// Says which pictures show nothing.
///
/// # Errors
/// If none shows anything.
fn warn_of_empty(set: &ImageSet, path: &Path) -> Result<()> {
    let empty: Vec<usize> = set.empty().collect();
    if empty.len() == set.len() {
        bail!(
            "{}: found {} pictures with alpha 0 everywhere, expected pictures of an object",
            path.display(),
            empty.len()
        );
    }
    if !empty.is_empty() {
        warn(format!(
            "{}: nothing is seen in pictures {empty:?} (counted from 0): there the object is beside the picture",
            path.display()
        ));
    }
    Ok(())
}

/// Returns the distance from which the ball around `mesh` just fits into the picture.
fn filling(mesh: &Mesh, fov: f64) -> f64 {
    let norm = |v: ndarray::ArrayView1<'_, f32>| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let radius = mesh.vertices().rows().into_iter().map(norm).fold(0.0, f64::max);
    1.04 * radius / (fov / 2.0).to_radians().sin()
}

/// Loads the template and brings it to size: that of what photographs show, if there are any.
fn template(config: &FitConfig, placement: Option<&Placement>) -> Result<Mesh> {
    let mesh = input::template(&config.template)?;
    match config.template_scale {
        Some(factor) if factor.is_finite() && factor != 0.0 => scaled(mesh, factor),
        Some(factor) => bail!("template_scale: found {factor}, expected a finite number, not 0"),
        None => match placement {
            // The longest side of a ball of radius 1 is 2.
            Some(placement) => Ok(placement.template(&scaled(normalize(&mesh), 2.0)?)?),
            None => Ok(normalize(&mesh)),
        },
    }
}

fn title(source: &Source, config: &FitConfig) -> String {
    let short = |name: &str| {
        let path = std::path::Path::new(name);
        path.file_name().map_or(name.to_owned(), |n| n.to_string_lossy().into_owned())
    };
    let to = match source {
        Source::Mesh(name) => format!("{} views of {}", config.views, short(name)),
        Source::Images { images, .. } => format!("the pictures in {}", short(&images.display().to_string())),
        Source::Photographs { cameras, .. } => {
            format!("the photographs of {}", short(&cameras.display().to_string()))
        }
    };
    format!("Fitting {} to {to}", short(&config.template))
}

fn progress(fit: &Fit<'_>, json: bool) -> ProgressBar {
    let bar = ProgressBar::new(fit.settings().steps as u64).with_position(fit.step_number() as u64);
    // A bar on anything but a terminal hides itself.
    bar.set_draw_target(if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() });
    let style = ProgressStyle::with_template("{bar:32} step {pos}/{len}, {msg}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.reset_eta();
    bar
}
