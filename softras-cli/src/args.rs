//! The arguments of the command line.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use softras_core::math::Color;
use softras_fit::Learnt;
use toml::{Table, Value};

pub(crate) use crate::ablate::AblateArgs;
pub(crate) use crate::bench_args::BenchArgs;
pub(crate) use crate::body::BodyArgs;
use crate::config::put;
pub(crate) use crate::distill::DistillArgs;
pub(crate) use crate::eval::EvalArgs;
pub(crate) use crate::experiment::ExperimentArgs;
pub(crate) use crate::gradcheck::GradcheckArgs;
use crate::input::{Size, backend, point, sample};
use crate::output::Usage;
use crate::part_args::PartArgs;
pub(crate) use crate::pose::PoseArgs;
pub(crate) use crate::predict::PredictArgs;
use crate::render_config::{Background, RenderColor};
pub(crate) use crate::train::TrainArgs;

/// A soft rasterizer: draw meshes, and fit meshes to pictures through gradients of the drawing.
#[derive(Debug, Parser)]
#[command(name = "softras", version, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw a mesh to a PNG file, its silhouette, or a turntable GIF
    Render(RenderArgs),
    /// Fit a mesh to views of a sample shape, of another mesh, or to pictures
    Fit(FitArgs),
    /// Find where a rigid mesh stands, from pictures of it
    Pose(PoseArgs),
    /// Find how a skinned body stands, from silhouettes or pictures of its parts
    Body(BodyArgs),
    /// Check the gradient of a scene, and say why it is zero where it is
    Gradcheck(GradcheckArgs),
    /// Run an experiment again: fits by several methods, a page, a table against baselines, its JSON
    Experiment(ExperimentArgs),
    /// Find the weights of a neural color aggregator that draws as the softmax does
    Distill(DistillArgs),
    /// Train a network that makes a mesh of one picture, on pictures of shapes
    Train(TrainArgs),
    /// Fit with one part of the renderer or of the loss changed, over several seeds: a table with intervals
    Ablate(AblateArgs),
    /// Score single-view reconstruction on shapes, against baselines
    Eval(EvalArgs),
    /// Make a mesh of one picture, with a trained network
    Predict(PredictArgs),
    /// Check that a back end is right, by every law there is
    Conformance(ConformanceArgs),
    /// Measure how fast back ends are, against each other and against brute force
    Bench(BenchArgs),
    /// List the devices that can draw
    Devices(DevicesArgs),
}

impl Args {
    /// Whether the last line of stdout is for programs.
    pub(crate) const fn json(&self) -> bool {
        match &self.command {
            Command::Render(args) => args.json,
            Command::Fit(args) => args.json,
            Command::Pose(args) => args.json,
            Command::Body(args) => args.json,
            Command::Gradcheck(args) => args.json,
            Command::Experiment(args) => args.work.json,
            Command::Distill(args) => args.json,
            Command::Train(args) => args.json,
            Command::Ablate(args) => args.work.json,
            Command::Eval(args) => args.json,
            Command::Predict(args) => args.json,
            Command::Conformance(args) => args.json,
            Command::Bench(args) => args.json,
            Command::Devices(args) => args.json,
        }
    }
}

/// How faces make the color of a pixel.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorArg {
    /// The paper's softmax over depth, background included
    Softmax,
    /// Softmax among faces, laid over the background by the silhouette
    Over,
    /// The nearest face
    Hard,
}

impl From<ColorArg> for Color {
    fn from(arg: ColorArg) -> Self {
        match arg {
            ColorArg::Softmax => Self::Softmax,
            ColorArg::Over => Self::Over,
            ColorArg::Hard => Self::Hard,
        }
    }
}

/// How vertices follow from what is fitted.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModelArg {
    /// Template plus displacement
    Offset,
    /// Template plus a displacement that is smooth over the surface
    Smooth,
    /// The official demo's: inside a box, with a fitted centre
    Box,
}

/// Which way pictures show the world.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ConventionArg {
    /// Not mirrored
    Own,
    /// Mirrored, as the official code draws and stores them
    Official,
}

/// Which settings a fit starts from.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PresetArg {
    /// `photographs` for photographs, `official` if images and cameras are .npy files, else `own`
    Auto,
    /// Ours: shape and color, from soft to sharp
    Own,
    /// Real photographs: coarse to fine in pictures and surface; the template stands where the masks say
    Photographs,
    /// The official deform demo: silhouettes, its losses, optimiser and mirrored cameras
    Official,
}

/// Turns a choice into the word of the file of settings.
fn word<T: ValueEnum>(choice: Option<T>) -> Option<String> {
    choice.and_then(|c| c.to_possible_value().map(|v| v.get_name().to_owned()))
}

fn whole(n: Option<usize>) -> Option<i64> {
    n.map(|n| i64::try_from(n).unwrap_or(i64::MAX))
}

#[derive(Debug, clap::Args)]
pub(crate) struct RenderArgs {
    /// A mesh file (.obj, .ply, .stl, .off), or sample:NAME (icosphere, torus-knot, chair, airplane, lamp, vase, cube)
    #[arg(required_unless_present = "print_config")]
    pub(crate) mesh: Option<String>,
    /// The picture, a .png file
    #[arg(short, long, value_name = "FILE", required_unless_present_any = ["silhouette", "turntable", "print_config"])]
    pub(crate) output: Option<PathBuf>,
    /// Also write the silhouette, a grey .png file
    #[arg(long, value_name = "FILE")]
    pub(crate) silhouette: Option<PathBuf>,
    /// Also write N pictures all around, a .gif file
    #[arg(long, num_args = 2, value_names = ["N", "FILE"])]
    pub(crate) turntable: Option<Vec<String>>,
    /// Size in pixels, WxH or one number [default: 512x512]
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
    /// Softness of edges, a squared screen distance (the picture is 2 high) [default: 1e-5]
    #[arg(long, allow_hyphen_values = true)]
    sigma: Option<f64>,
    /// Softness in depth [default: 1e-4]
    #[arg(long, allow_hyphen_values = true)]
    gamma: Option<f64>,
    /// Distance of the camera from the origin [default: 2.732]
    #[arg(long, allow_hyphen_values = true)]
    distance: Option<f64>,
    /// Degrees above the horizon [default: 30]
    #[arg(long, allow_hyphen_values = true)]
    elevation: Option<f64>,
    /// Degrees around, 0 at -z, 90 at +x [default: 0]
    #[arg(long, allow_hyphen_values = true)]
    azimuth: Option<f64>,
    /// Full vertical field of view in degrees [default: 30]
    #[arg(long, allow_hyphen_values = true)]
    fov: Option<f64>,
    /// The point in the middle of the picture [default: 0,0,0]
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true)]
    at: Option<[f64; 3]>,
    /// How faces make the color of a pixel [default: over]
    #[arg(long)]
    color: Option<RenderColor>,
    /// The weights of --color neural, a .safetensors file of softras distill
    #[arg(long, value_name = "FILE")]
    weights: Option<String>,
    /// white, black, transparent or #rrggbb [default: white]
    #[arg(long)]
    background: Option<Background>,
    /// Keep the mesh where and as large as it is, instead of centring it with its longest side 1
    #[arg(long)]
    no_normalize: bool,
    #[command(flatten)]
    parts: PartArgs,
    /// Draw colors as they are, without light
    #[arg(long)]
    no_light: bool,
    /// Texels along a side of each face for meshes with a picture, 0 for about its resolution [default: 0]
    #[arg(long, value_name = "N")]
    texels: Option<usize>,
    #[command(flatten)]
    machine: Machine,
    /// Print one JSON object as the last line of stdout
    #[arg(long)]
    pub(crate) json: bool,
    /// Take settings from a TOML file; arguments win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print the settings in use as TOML, and do nothing
    #[arg(long)]
    pub(crate) print_config: bool,
}

#[derive(Debug, clap::Args)]
struct Machine {
    /// What draws: auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER [default: auto]
    #[arg(long, value_parser = backend)]
    backend: Option<String>,
    /// Threads, 0 for all; pictures and fits are the same for any number [default: 0]
    #[arg(long)]
    threads: Option<usize>,
}

impl Machine {
    fn put(&self, table: &mut Table) {
        put(table, "backend", self.backend.clone());
        put(table, "threads", whole(self.threads));
    }
}

impl RenderArgs {
    /// The settings given as arguments.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        put(&mut table, "size", self.size.map(String::from));
        for (key, value) in [
            ("sigma", self.sigma),
            ("gamma", self.gamma),
            ("distance", self.distance),
            ("elevation", self.elevation),
            ("azimuth", self.azimuth),
            ("fov", self.fov),
        ] {
            put(&mut table, key, value);
        }
        put(&mut table, "at", self.at.map(|p| Value::from(p.to_vec())));
        put(&mut table, "color", word(self.color));
        put(&mut table, "weights", self.weights.clone());
        put(&mut table, "background", self.background.map(String::from));
        put(&mut table, "normalize", self.no_normalize.then_some(false));
        self.parts.put(&mut table, "parts");
        put(&mut table, "light", self.no_light.then_some(false));
        put(&mut table, "texels", whole(self.texels));
        self.machine.put(&mut table);
        table
    }

    /// The number of pictures of the turntable, and its file.
    pub(crate) fn turntable(&self) -> Result<Option<(usize, PathBuf)>> {
        let Some(words) = &self.turntable else { return Ok(None) };
        match words.as_slice() {
            [count, path] => match count.parse() {
                Ok(count) if count > 0 => Ok(Some((count, path.into()))),
                _ => {
                    Err(Usage(format!("--turntable: found {count:?}, expected a number of pictures")).into())
                }
            },
            _ => Err(Usage("--turntable: expected N FILE".to_owned()).into()),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct FitArgs {
    /// Fit to views of this mesh
    #[arg(long, value_name = "MESH", conflicts_with_all = ["images", "cameras", "sample"])]
    mesh_target: Option<String>,
    /// Fit to these pictures: a folder of .png files, or an .npy file [N, 4, H, W]
    #[arg(long, value_name = "PATH", conflicts_with = "sample")]
    images: Option<String>,
    /// The cameras of the pictures: distance, elevation, azimuth of each, .npy, .json or .toml
    #[arg(long, value_name = "PATH", conflicts_with = "sample")]
    cameras: Option<String>,
    /// Fit to photographs: a file of calibrated cameras that names them, .json or .txt (K, R, t: Middlebury's par)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mesh_target", "images", "cameras", "sample"])]
    photographs: Option<String>,
    /// The folder of the masks of the photographs, of the same names [default: as the file says, or their alpha]
    #[arg(long, value_name = "FOLDER", requires = "photographs")]
    masks: Option<String>,
    /// Fit to views of a sample shape: icosphere, torus-knot, chair, airplane, lamp, vase, cube [default: vase]
    #[arg(long, value_name = "NAME", value_parser = sample)]
    sample: Option<String>,
    /// What to start from: icosphere, icosphere:LEVEL, sample:NAME or a mesh file [default: icosphere]
    #[arg(long, value_name = "MESH")]
    template: Option<String>,
    /// Factor on the template's coordinates; without it, its longest side becomes 1
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true)]
    template_scale: Option<f64>,
    /// Which settings to start from
    #[arg(long)]
    preset: Option<PresetArg>,
    /// Which way the pictures show the world
    #[arg(long)]
    convention: Option<ConventionArg>,
    /// Full vertical field of view in degrees [default: 30]
    #[arg(long, allow_hyphen_values = true)]
    fov: Option<f64>,
    /// Distance of the cameras from the target mesh; without it, the mesh fills the pictures
    #[arg(long, allow_hyphen_values = true)]
    distance: Option<f64>,
    /// Steps
    #[arg(long)]
    steps: Option<usize>,
    /// Views of the target mesh
    #[arg(long)]
    views: Option<usize>,
    /// Views a step, 0 for all
    #[arg(long)]
    batch: Option<usize>,
    /// Size of the views of the target mesh in pixels, N or WxH
    #[arg(long, value_name = "N")]
    size: Option<Size>,
    /// Decides the order of the views
    #[arg(long)]
    seed: Option<u64>,
    /// Softness of silhouettes, the same at every step (schedules: see --config)
    #[arg(long, allow_hyphen_values = true)]
    sigma: Option<f64>,
    /// Softness in depth, the same at every step
    #[arg(long, allow_hyphen_values = true)]
    gamma: Option<f64>,
    /// Learning rate, the same at every step
    #[arg(long, allow_hyphen_values = true)]
    lr: Option<f64>,
    /// How vertices follow from what is fitted
    #[arg(long)]
    model: Option<ModelArg>,
    /// How faces make the color of a pixel
    #[arg(long)]
    color: Option<ColorArg>,
    #[command(flatten)]
    parts: PartArgs,
    /// Numbers of the renderer that are fitted, too, with commas: sigma, gamma, epsilon, distribution-shape, silhouette-shape
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    learn: Vec<Learnt>,
    /// Texels along a side of each face, 0 for colors at vertices
    #[arg(long, value_name = "N")]
    texels: Option<usize>,
    /// Draw the target mesh in its plain colors
    #[arg(long)]
    no_light: bool,
    /// Steps between checkpoints, 0 for none but the last
    #[arg(long, value_name = "N")]
    checkpoint_every: Option<usize>,
    /// Go on from the checkpoint in the output folder, with the settings of then
    #[arg(long)]
    pub(crate) resume: bool,
    /// The folder for everything that is written [default: out/fit]
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    machine: Machine,
    /// Print one JSON object as the last line of stdout, and no progress
    #[arg(long)]
    pub(crate) json: bool,
    /// Take settings from a TOML file; arguments win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print the settings in use as TOML, and do nothing
    #[arg(long)]
    pub(crate) print_config: bool,
}

impl FitArgs {
    /// Whether pictures or cameras are named. Each needs the other, which may stand in the file of settings.
    pub(crate) const fn has_pictures(&self) -> bool {
        self.images.is_some() || self.cameras.is_some()
    }

    /// The settings given as arguments.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        for (key, value) in [
            ("mesh_target", &self.mesh_target),
            ("images", &self.images),
            ("cameras", &self.cameras),
            ("photographs", &self.photographs),
            ("masks", &self.masks),
            ("sample", &self.sample),
            ("template", &self.template),
        ] {
            put(&mut table, key, value.clone());
        }
        put(&mut table, "template_scale", self.template_scale);
        put(&mut table, "preset", word(self.preset));
        put(&mut table, "convention", word(self.convention));
        put(&mut table, "fov", self.fov);
        put(&mut table, "distance", self.distance);
        put(&mut table, "views", whole(self.views));
        put(&mut table, "size", self.size.map(String::from));
        put(&mut table, "light", self.no_light.then_some(false));
        put(&mut table, "checkpoint_every", whole(self.checkpoint_every));
        self.machine.put(&mut table);
        put(&mut table, "fit.steps", whole(self.steps));
        put(&mut table, "fit.batch", whole(self.batch));
        put(&mut table, "fit.seed", self.seed.map(|s| i64::try_from(s).unwrap_or(i64::MAX)));
        put(&mut table, "fit.sigma", self.sigma);
        put(&mut table, "fit.gamma", self.gamma);
        put(&mut table, "fit.lr", self.lr);
        put(&mut table, "fit.model", word(self.model));
        put(&mut table, "fit.color", word(self.color));
        put(&mut table, "fit.texels", whole(self.texels));
        self.parts.put(&mut table, "fit.parts");
        let learn: Vec<&str> = self.learn.iter().map(|number| number.word()).collect();
        put(&mut table, "fit.learn.numbers", (!learn.is_empty()).then_some(learn));
        table
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConformanceArgs {
    /// What to check: cpu, wgpu, cuda, reference, with commas [default: all that are there]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) backend: Vec<String>,
    /// Random cases for each law [default: SOFTRAS_CASES, or 24]; scenes of --calibrate [default: 2000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cases: Option<u32>,
    /// Where the random cases begin [default: SOFTRAS_SEED, or 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Only laws with this in their name
    #[arg(long, value_name = "LAW")]
    pub(crate) filter: Option<String>,
    /// Also write a report: .md or .html for people, .json to be merged
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The folder for pictures of what broke [default: target/conformance]
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: Option<PathBuf>,
    /// Check nothing; join reports of several machines, .json, into one table
    #[arg(long, value_name = "FILES", num_args = 1.., conflicts_with_all = ["backend", "cases", "seed", "filter", "output", "threads"])]
    pub(crate) merge: Vec<PathBuf>,
    /// Check nothing; measure how far each rung of the budgets is from the reference
    #[arg(long, conflicts_with_all = ["filter", "output", "merge", "json"])]
    pub(crate) calibrate: bool,
    /// Threads of the CPU, 0 for all
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Print one JSON object as the last line of stdout, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DevicesArgs {
    /// Threads of the CPU, 0 for all
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Print one JSON object as the last line of stdout
    #[arg(long)]
    pub(crate) json: bool,
}
