//! `softras body`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use softras_core::math::Vec3;
use softras_core::scene::{Camera, Degrees, Mesh};
use softras_fit::body::{BodyFit, BodyLoss, BodySettings, BodyState, Joints, joint_color, part_colors};
use softras_fit::report::Studio;
use softras_fit::{FitFolder, Targets};
use softras_io::{
    MeshOptions, RgbFrame, SkinnedBody, SkinnedMesh, load_body, load_skinned, picture, save_obj,
    save_skinned_glb,
};

use crate::output::{Usage, finish, note, say};
use crate::{backend, input, views};

/// Steps between two lines of progress.
const EVERY: usize = 20;

/// What `softras body` is given.
#[derive(Debug, Args)]
pub(crate) struct BodyArgs {
    /// A skinned body: a .glb or .gltf file with a skin, or an .npz file with the arrays v_template, faces, shapedirs,
    /// j_template, j_shapedirs, parents, weight_idx and weight_val (its names: a .json file beside it)
    body: PathBuf,
    /// Pictures of it, .png files of one size, with alpha; one to four are enough
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "print_parts")]
    image: Vec<PathBuf>,
    /// Their cameras, .json or a Middlebury .txt file; without it, one camera looks at the body's middle from +z
    #[arg(long, value_name = "FILE")]
    camera: Option<PathBuf>,
    /// Distance of the one camera from the middle [default: twice the body's height]
    #[arg(long, conflicts_with = "camera")]
    distance: Option<f32>,
    /// Full vertical field of view of the one camera, in degrees
    #[arg(long, default_value_t = 34.0, conflicts_with = "camera")]
    fov: f32,
    /// The pictures are painted in the colors of the parts (see --print-parts): compare them, too
    #[arg(long)]
    parts: bool,
    /// Print the color of every part as JSON, and do nothing
    #[arg(long)]
    print_parts: bool,
    /// How it stands at the start: a .json file of turns, translation, shape, as pose.json of a fit [default: at rest]
    #[arg(long, value_name = "FILE")]
    start: Option<PathBuf>,
    /// The joints that turn, by name, with commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    joints: Vec<String>,
    /// Fit the shape coefficients, too
    #[arg(long)]
    shape: bool,
    /// Do not move the body as a whole
    #[arg(long)]
    fixed_place: bool,
    /// Steps
    #[arg(long, default_value_t = 260)]
    steps: usize,
    /// The folder for everything that is written
    #[arg(short, long, value_name = "FOLDER", default_value = "out/body")]
    output: PathBuf,
    /// What draws: auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER
    #[arg(long, default_value = "auto", value_parser = input::backend)]
    backend: String,
    /// Threads, 0 for all; poses are the same for any number
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print one JSON object as the last line of stdout, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a body stands, with the names of its joints: what `--start` takes and `pose.json` holds.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Stand {
    /// Rotation vectors in the axes of the world, radians.
    turns: BTreeMap<String, [f32; 3]>,
    translation: [f32; 3],
    /// Shape coefficients, none or all.
    shape: Vec<f32>,
}

impl Stand {
    fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{}: expected turns, translation, shape", path.display()))
    }

    fn state(&self, body: &SkinnedBody) -> Result<BodyState> {
        let turns = self.turns.iter().map(|(name, &turn)| (name.as_str(), turn));
        let mut state = BodyState { translation: self.translation, ..BodyState::turned(body, turns)? };
        let (found, expected) = (self.shape.len(), state.shape.len());
        if found == expected {
            state.shape.clone_from(&self.shape);
        } else if found > 0 {
            bail!("shape: found {found} coefficients, expected {expected} or none");
        }
        Ok(state)
    }

    fn of(body: &SkinnedBody, state: &BodyState) -> Self {
        let turns = body.joint_names.iter().cloned().zip(state.turns.iter().copied()).collect();
        Self { turns, translation: state.translation, shape: state.shape.clone() }
    }
}

/// Finds how a body stands.
pub(crate) fn run(args: &BodyArgs) -> Result<ExitCode> {
    let begin = Instant::now();
    if args.steps == 0 {
        return Err(Usage("--steps: found 0, expected at least 1".to_owned()).into());
    }
    let body = load(&args.body)?;
    if args.print_parts {
        say(format!("{:#}", parts(&body)));
        return Ok(ExitCode::SUCCESS);
    }
    let mut settings = BodySettings { steps: args.steps, ..BodySettings::default() };
    if !args.joints.is_empty() {
        settings.joints = Joints::Named(args.joints.clone());
    }
    if args.shape {
        settings.shape_rate = 1.0;
    }
    if args.fixed_place {
        settings.shift_rate = 0.0;
    }
    if !args.parts {
        settings.loss = BodyLoss { silhouette: settings.loss.color, color: 0.0 };
    }
    let targets = targets(args, &body, settings.background)?;
    let start = match &args.start {
        Some(path) => Stand::read(path)?.state(&body).with_context(|| path.display().to_string())?,
        None => BodyState::rest(&body),
    };
    let device = backend::open(&args.backend, args.threads)?;
    let mut fit = BodyFit::new(device.as_ref(), &body, part_colors(&body), targets, start, settings)?;
    while !fit.is_done() {
        let loss = fit.step()?;
        if !args.json && (fit.history().len() % EVERY == 0 || fit.is_done()) {
            note(format!("step {} of {}, loss {loss:.5}", fit.history().len(), args.steps));
        }
    }

    let folder = FitFolder::create(&args.output)?;
    let mesh = fit.mesh()?;
    save_obj(folder.file("body.obj"), &mesh)?;
    let mut skinned = SkinnedMesh::from_body(&body, &fit.state().pose())?;
    skinned.mesh = skinned.mesh.with_texture(mesh.texture().clone())?;
    save_skinned_glb(folder.file("body.glb"), &skinned)?;
    pictures(&fit, &mesh, device.as_ref())?.save_png(folder.file("body.png"))?;
    let stand = serde_json::to_value(Stand::of(&body, fit.state()))?;
    folder.write("pose.json", &format!("{stand:#}\n"))?;
    let loss = fit.history().last().copied();
    let joints: Map<String, Value> = body
        .joint_names
        .iter()
        .zip(fit.state().joints(&body)?)
        .map(|(name, at)| (name.clone(), json!(at.to_array())))
        .collect();
    let value = json!({
        "pose": stand, "joints": joints, "loss": loss, "losses": fit.history(), "settings": fit.settings(),
        "seconds": begin.elapsed().as_secs_f64(), "out": args.output,
    });
    folder.write("body.json", &format!("{value:#}\n"))?;
    let text = format!("loss {:.5}\n{}", loss.unwrap_or(f64::NAN), folder.file("body.json").display());
    finish(args.json, &value, text);
    Ok(ExitCode::SUCCESS)
}

/// Reads the body, by the ending of its file.
fn load(path: &Path) -> Result<SkinnedBody> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "npz" => Ok(load_body(path)?),
        "glb" | "gltf" => {
            let skinned = load_skinned(path, &MeshOptions::default())?;
            for warning in &skinned.warnings {
                crate::output::warn(format!("{}: {warning}", path.display()));
            }
            Ok(skinned.body()?)
        }
        _ => bail!("{}: found {ending:?}, expected a .npz, .glb or .gltf file", path.display()),
    }
}

/// The colors of the parts, by joint.
fn parts(body: &SkinnedBody) -> Value {
    let names = body.joint_names.iter().enumerate();
    Value::Object(names.map(|(k, name)| (name.clone(), json!(joint_color(k)))).collect())
}

/// Reads pictures and cameras.
fn targets(args: &BodyArgs, body: &SkinnedBody, background: [f32; 3]) -> Result<Targets> {
    let (mut low, mut high) = (Vec3::from([f32::INFINITY; 3]), Vec3::from([f32::NEG_INFINITY; 3]));
    for row in body.body.parts().template.rows() {
        low = Vec3::new(low.x.min(row[0]), low.y.min(row[1]), low.z.min(row[2]));
        high = Vec3::new(high.x.max(row[0]), high.y.max(row[1]), high.z.max(row[2]));
    }
    let middle = (low + high).scale(0.5);
    let distance = args.distance.unwrap_or(2.0 * (high.y - low.y));
    let eye = middle + Vec3::new(0.0, 0.0, distance);
    let alone = Camera::look_at(eye, middle).perspective(Degrees(args.fov));
    views::targets(&args.image, args.camera.as_deref(), alone, background)
}

/// Each picture, and the body as it was found on its right.
fn pictures(
    fit: &BodyFit<'_>,
    mesh: &Mesh,
    device: &dyn softras_core::raster::DynRasterizer,
) -> Result<RgbFrame> {
    let background = fit.settings().background;
    let studio = Studio { device, size: fit.targets().size(), background, target: None };
    let mut frames = Vec::new();
    for (view, camera) in fit.targets().cameras().iter().enumerate() {
        let seen = match fit.targets().color() {
            Some(color) => RgbFrame::from_color(color.index_axis(ndarray::Axis(0), view))?,
            None => continue,
        };
        frames.push(seen);
        frames.push(studio.draw(mesh, camera)?);
    }
    Ok(picture::grid(&frames, 2, 4, background.map(|c| (c * 255.0).round() as u8))?)
}
