//! `softras train`: its arguments and settings.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use softras_fit::Learnt;
use softras_recon::settings::ReconSettings;
use toml::Table;

use crate::config::{overlay, put, read};
use crate::output::{Usage, say};
use crate::part_args::PartArgs;

/// What is said where a network is asked for and there is none.
pub(crate) const NO_NETWORK: &str =
    "found a build without a neural network, expected one by cargo build -p softras-cli --features recon";

/// What `softras train` is given.
#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// The shapes to learn from, by their split train: meshes with a manifest.tsv, or the published .npz files [default:
    /// procedural shapes]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) shapes: Option<PathBuf>,
    /// Which settings to start from
    #[arg(long, value_enum, default_value_t = PresetArg::Small)]
    preset: PresetArg,
    /// Minutes after which training ends, 0 for as long as the steps take [default: 10 if small, 0 if published]
    #[arg(long, value_name = "M", allow_negative_numbers = true)]
    pub(crate) minutes: Option<f64>,
    /// Steps after which training ends [default: 250000]
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<usize>,
    /// Which faces get a gradient; `visible` is a baseline [default: full]
    #[arg(long, value_enum)]
    gradient: Option<GradientArg>,
    #[command(flatten)]
    parts: PartArgs,
    /// Numbers of the renderer that are learnt, too, with commas: sigma, distribution-shape, silhouette-shape
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    learn: Vec<Learnt>,
    /// Decides weights, order, views and procedural shapes [default: 0]
    #[arg(long)]
    seed: Option<u32>,
    /// Go on with the training in the output folder, with its settings; --minutes and --steps may be raised
    #[arg(long)]
    pub(crate) resume: bool,
    /// Learn the colors of the shapes of this network, by the settings `color` and its own others, and write both to
    /// colored.softras in the output folder
    #[arg(long, value_name = "CHECKPOINT", conflicts_with_all = ["resume", "gradient", "seed"])]
    color: Option<PathBuf>,
    /// The folder for networks, log and scores
    #[arg(short, long, value_name = "FOLDER", default_value = "out/train")]
    pub(crate) output: PathBuf,
    /// The folder for files of drawn pictures, 400 KB a shape
    #[arg(long, value_name = "FOLDER", default_value = "out/recon")]
    pub(crate) cache: PathBuf,
    /// What draws: auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER
    #[arg(long, default_value = "auto", value_parser = crate::input::backend)]
    pub(crate) backend: String,
    /// Threads, 0 for all
    #[arg(long, default_value_t = 0)]
    pub(crate) threads: usize,
    /// Print one JSON object as the last line of stdout, and no progress
    #[arg(long)]
    pub(crate) json: bool,
    /// Take settings from a TOML file; arguments win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the settings in use as TOML, and do nothing
    #[arg(long)]
    print_config: bool,
}

/// Which settings a training starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PresetArg {
    /// What suits two CPU cores and some minutes
    Small,
    /// As published: 25.96 million numbers, 250,000 steps of 64 objects
    Published,
}

/// Which faces get a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GradientArg {
    /// All within reach of a pixel
    Full,
    /// Those that are seen
    Visible,
}

/// Trains, or says that this build cannot.
pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    let own = args.config.is_some() || args.gradient.is_some() || args.seed.is_some();
    if args.resume && (own || !args.learn.is_empty() || !args.parts.is_empty()) {
        let text = "--resume: found other settings, expected those of the training; --minutes and --steps alone may change";
        return Err(Usage(text.to_owned()).into());
    }
    let settings = settings(args)?;
    if args.print_config {
        say(toml::to_string(&settings)?.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    #[cfg(feature = "recon")]
    return match &args.color {
        Some(checkpoint) => crate::coloring::run(args, checkpoint, settings),
        None => crate::training::run(args, settings),
    };
    #[cfg(not(feature = "recon"))]
    Err(Usage(format!("softras train: {NO_NETWORK}")).into())
}

fn settings(args: &TrainArgs) -> Result<ReconSettings> {
    let defaults = match &args.color {
        #[cfg(feature = "recon")]
        Some(checkpoint) => softras_recon::train::Checkpoint::open(checkpoint)?.settings,
        _ => match args.preset {
            PresetArg::Small => ReconSettings::small(),
            PresetArg::Published => ReconSettings::default(),
        },
    };
    let what = if args.color.is_some() { "color" } else { "train" };
    let file = args.config.as_deref().map(read::<ReconSettings>).transpose()?.unwrap_or_default();
    let mut given = Table::new();
    put(&mut given, &format!("{what}.minutes"), args.minutes);
    put(&mut given, &format!("{what}.steps"), args.steps.map(|n| i64::try_from(n).unwrap_or(i64::MAX)));
    for key in ["train.seed", "data.seed"] {
        put(&mut given, key, args.seed.map(i64::from));
    }
    args.parts.put(&mut given, "parts");
    let learn: Vec<&str> = args.learn.iter().map(|number| number.word()).collect();
    put(&mut given, "learn.numbers", (!learn.is_empty()).then_some(learn));
    let gradient = args.gradient.map(|gradient| match gradient {
        GradientArg::Full => "full",
        GradientArg::Visible => "visible",
    });
    put(&mut given, "train.gradient", gradient);
    let settings: ReconSettings = overlay(&defaults, &[&file, &given])?;
    settings.check()?;
    Ok(settings)
}
