//! `softras pose`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use softras_core::math::Vec3;
use softras_core::scene::{Camera, Degrees};
use softras_fit::FitFolder;
use softras_fit::pose::{Freedom, PoseFit, PoseSettings, random_starts};
use softras_fit::report::Studio;
use softras_io::{MeshOptions, RgbFrame, picture};

use crate::backend;
use crate::input;
use crate::output::{Usage, finish};
use crate::views;

/// What `softras pose` is given.
#[derive(Debug, Args)]
pub(crate) struct PoseArgs {
    /// A mesh file, or sample:NAME
    mesh: String,
    /// Pictures of it, .png files of one size, with alpha
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    image: Vec<PathBuf>,
    /// Their cameras, .json or a Middlebury .txt file; without it, one camera looks at the origin from +z
    #[arg(long, value_name = "FILE")]
    camera: Option<PathBuf>,
    /// Distance of the one camera
    #[arg(long, default_value_t = 4.0, conflicts_with = "camera")]
    distance: f32,
    /// Full vertical field of view of the one camera, in degrees
    #[arg(long, default_value_t = 30.0, conflicts_with = "camera")]
    fov: f32,
    /// Random starts, all in one batch; the best one counts
    #[arg(long, default_value_t = 16)]
    starts: usize,
    /// Steps
    #[arg(long, default_value_t = 300)]
    steps: usize,
    /// Decides the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Turn the mesh only, where it stands
    #[arg(long, conflicts_with_all = ["free_focal", "free_lens"])]
    fixed_place: bool,
    /// Fit the focal length, too
    #[arg(long)]
    free_focal: bool,
    /// Fit the focal length and the principal point, too; several pictures tell it from the place of the mesh
    #[arg(long, conflicts_with = "free_focal")]
    free_lens: bool,
    /// The folder for everything that is written
    #[arg(short, long, value_name = "FOLDER", default_value = "out/pose")]
    output: PathBuf,
    /// What draws: auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER
    #[arg(long, default_value = "auto", value_parser = input::backend)]
    backend: String,
    /// Threads, 0 for all; poses are the same for any number
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print one JSON object as the last line of stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// Finds where a mesh stands.
pub(crate) fn run(args: &PoseArgs) -> Result<ExitCode> {
    let begin = Instant::now();
    if args.starts == 0 || args.steps == 0 {
        return Err(Usage("--starts, --steps: found 0, expected at least 1".to_owned()).into());
    }
    let freedom = match (args.fixed_place, args.free_focal, args.free_lens) {
        (true, ..) => Freedom::Rotation,
        (_, true, _) => Freedom::Focal,
        (.., true) => Freedom::Lens,
        _ => Freedom::Pose,
    };
    let settings = PoseSettings { steps: args.steps, freedom, ..PoseSettings::default() };
    let eye = Vec3::new(0.0, 0.0, args.distance);
    let alone = Camera::look_at(eye, Vec3::ZERO).perspective(Degrees(args.fov));
    let targets = views::targets(&args.image, args.camera.as_deref(), alone, settings.background)?;
    let device = backend::open(&args.backend, args.threads)?;
    let mesh = input::mesh(&args.mesh, &MeshOptions::default())?;
    let starts = random_starts(args.seed, args.starts);
    let mut fit = PoseFit::new(device.as_ref(), &mesh, targets, &starts, settings)?;
    fit.run()?;
    let best = fit.best();

    let folder = FitFolder::create(&args.output)?;
    let background = fit.settings().background;
    let studio = Studio { device: device.as_ref(), size: fit.targets().size(), background, target: None };
    let mut frames = Vec::new();
    for (view, camera) in fit.targets().cameras().iter().enumerate() {
        if let Some(color) = fit.targets().color() {
            frames.push(RgbFrame::from_color(color.index_axis(ndarray::Axis(0), view))?);
        }
        let camera = best.placement.camera(&best.lens.camera(camera)?)?;
        frames.push(studio.draw(&mesh, &camera)?);
    }
    picture::grid(&frames, 2, 4, background.map(|c| (c * 255.0).round() as u8))?
        .save_png(folder.file("pose.png"))?;
    let value = json!({
        "rotation": best.placement.rotation, "translation": best.placement.translation,
        "focal_factor": best.lens.focal, "center_shift": best.lens.center,
        "loss": best.loss, "losses": fit.candidates().iter().map(|c| c.loss).collect::<Vec<_>>(),
        "starts": args.starts, "steps": args.steps, "seed": args.seed, "settings": fit.settings(),
        "seconds": begin.elapsed().as_secs_f64(), "out": args.output,
    });
    folder.write("pose.json", &format!("{value:#}\n"))?;
    let text =
        format!("loss {:.5} of {} starts\n{}", best.loss, args.starts, folder.file("pose.json").display());
    finish(args.json, &value, text);
    Ok(ExitCode::SUCCESS)
}
