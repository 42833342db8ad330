//! `softras eval`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use softras_core::raster::DynRasterizer;
use softras_recon::data::{self, Split, Store};
use softras_recon::eval::{Plan, Predictor, Report, Scores, evaluate};
use softras_recon::settings::ReconSettings;
use toml::Table;

use crate::backend;
use crate::config::{overlay, put, read};
use crate::output::{Usage, finish, say, warn};
#[cfg(not(feature = "recon"))]
use crate::train::NO_NETWORK;

/// What `softras eval` is given.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// The shapes to score on: meshes with a manifest.tsv, or the published .npz files [default: procedural shapes]
    #[arg(long, value_name = "FOLDER")]
    shapes: Option<PathBuf>,
    /// Which of them [default: val if there are any, else test, else all]
    #[arg(long)]
    split: Option<SplitArg>,
    /// The shapes that baselines learn from [default: those of the split train, else procedural shapes]
    #[arg(long, value_name = "FOLDER")]
    train: Option<PathBuf>,
    /// The trained network to score; without one, baselines alone are scored
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Pictures of each shape that are shown, evenly spread, 1 to 24 [default: 24]
    #[arg(long, value_name = "N")]
    views: Option<usize>,
    /// The folder for files of drawn pictures, 400 KB a shape
    #[arg(long, value_name = "FOLDER", default_value = "out/recon")]
    cache: PathBuf,
    /// What draws: auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER
    #[arg(long, default_value = "auto", value_parser = crate::input::backend)]
    backend: String,
    /// Threads, 0 for all; the numbers are the same for any number
    #[arg(long, default_value_t = 0)]
    threads: usize,
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

/// Which shapes are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SplitArg {
    /// Those to learn from
    Train,
    /// Those to be scored on while developing
    Val,
    /// Those to be scored on at the end
    Test,
    /// All of them
    All,
}

/// Scores.
pub(crate) fn run(args: &EvalArgs) -> Result<ExitCode> {
    let settings = settings(args)?;
    if args.print_config {
        say(toml::to_string(&settings)?.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let mut model = args.checkpoint.as_deref().map(network).transpose()?;
    let procedural = args.shapes.is_none() && args.train.is_none();
    if procedural && matches!(args.split, Some(SplitArg::Train | SplitArg::All)) {
        let text = "--split: those are the shapes to learn from; name others by --train, or score val";
        return Err(Usage(text.to_owned()).into());
    }
    let start = Instant::now();
    let device = backend::open(&args.backend, args.threads)?;
    let store = open(device.as_ref(), args.shapes.as_deref(), args, &settings)?;
    let objects = match args.split {
        None => store.scored(),
        Some(SplitArg::Train) => store.of_split(Split::Train),
        Some(SplitArg::Val) => store.of_split(Split::Val),
        Some(SplitArg::Test) => store.of_split(Split::Test),
        Some(SplitArg::All) => (0..store.objects().len()).collect(),
    };
    let own: Vec<usize> = store.of_split(Split::Train).into_iter().filter(|o| !objects.contains(o)).collect();
    // Baselines never learn from what is scored: where a folder has nothing else, they learn from procedural shapes.
    let named = args.train.as_deref().filter(|train| !args.shapes.as_deref().is_some_and(|s| same(s, train)));
    let apart = named.is_some() || own.is_empty();
    let other = if apart { Some(open(device.as_ref(), named, args, &settings)?) } else { None };
    let (train, train_objects) = match &other {
        None => (&store, own),
        Some(other) => match other.of_split(Split::Train) {
            none if none.is_empty() => (other, (0..other.objects().len()).collect()),
            some => (other, some),
        },
    };
    let plan = Plan { store: &store, objects, train, train_objects, views: settings.eval.views };
    let bar = bar(args.json);
    let progress = |what: &str, done: usize, all: usize| show(&bar, what, done, all);
    let model = model.as_mut().map(|model| model.as_mut() as &mut dyn Predictor);
    let report = evaluate(device.as_ref(), &plan, model, &progress)?;
    bar.finish_and_clear();

    let seconds = start.elapsed().as_secs_f64();
    let source =
        |path: Option<&Path>| path.map_or("procedural shapes".to_owned(), |p| p.display().to_string());
    let learnt = if apart { source(named) } else { source(args.shapes.as_deref()) };
    for skipped in &report.skipped {
        warn(format!("{} is skipped: {}", skipped.name, skipped.reason));
    }
    let note = match &args.checkpoint {
        None => "no checkpoint: the scores are those of baselines alone".to_owned(),
        Some(path) => format!("the model is {}", path.display()),
    };
    let mut value = json!(report);
    value["shapes"] = json!(source(args.shapes.as_deref()));
    value["train"] = json!(learnt);
    value["checkpoint"] = json!(args.checkpoint);
    value["note"] = json!(note);
    value["seconds"] = json!(seconds);
    let head = format!(
        "{} shapes of {}, {} views each; baselines learn from {} of {learnt}; {note}\n",
        report.objects,
        source(args.shapes.as_deref()),
        report.views,
        report.train_objects,
    );
    finish(args.json, &value, head + &table(&report) + &format!("{seconds:.0} s"));
    Ok(ExitCode::SUCCESS)
}

/// Opens the network of a checkpoint.
#[cfg(feature = "recon")]
fn network(path: &Path) -> Result<Box<dyn Predictor>> {
    Ok(Box::new(softras_recon::train::Checkpoint::open(path)?.network()?))
}
#[cfg(not(feature = "recon"))]
fn network(path: &Path) -> Result<Box<dyn Predictor>> {
    let text =
        format!("--checkpoint {}: {NO_NETWORK}; without the argument baselines are scored", path.display());
    Err(Usage(text).into())
}

/// Tells whether two names are those of one folder.
fn same(a: &Path, b: &Path) -> bool {
    std::fs::canonicalize(a).ok().zip(std::fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
}

fn settings(args: &EvalArgs) -> Result<ReconSettings> {
    let file = args.config.as_deref().map(read::<ReconSettings>).transpose()?.unwrap_or_default();
    let mut given = Table::new();
    put(&mut given, "eval.views", args.views.map(|n| i64::try_from(n).unwrap_or(i64::MAX)));
    let settings: ReconSettings = overlay(&ReconSettings::default(), &[&file, &given])?;
    settings.check()?;
    Ok(settings)
}

fn open(
    device: &dyn DynRasterizer,
    folder: Option<&Path>,
    args: &EvalArgs,
    settings: &ReconSettings,
) -> Result<Store> {
    let bar = bar(args.json);
    let store =
        data::open(device, folder, &args.cache, &settings.data, &|done, all| show(&bar, "draw", done, all))?;
    bar.finish_and_clear();
    Ok(store)
}

pub(crate) fn bar(hidden: bool) -> ProgressBar {
    let bar = ProgressBar::new(1);
    if hidden {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{msg:22} {wide_bar} {pos}/{len}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

pub(crate) fn show(bar: &ProgressBar, what: &str, done: usize, all: usize) {
    bar.set_length(all as u64);
    bar.set_message(what.to_owned());
    bar.set_position(done as u64);
}

/// The table for people: a column for the model, if there is one, and each baseline.
pub(crate) fn table(report: &Report) -> String {
    let model = report.mean_iou.map(|mean_iou| Scores {
        mean_iou,
        per_category: report.per_category.clone(),
        silhouette_iou: report.silhouette_iou.unwrap_or(f64::NAN),
        color_error: report.color_error.unwrap_or(f64::NAN),
    });
    let mut columns: Vec<(&str, &Scores)> = model.iter().map(|scores| ("model", scores)).collect();
    columns.extend(report.baselines.iter().map(|(name, scores)| (name.as_str(), scores)));
    let mut text = format!("{:22}", "IoU at 32^3, %");
    let line = |text: &mut String, name: &str, number: &dyn Fn(&Scores) -> Option<f64>| {
        let _ = write!(text, "\n{name:22}");
        for (_, scores) in &columns {
            let _ = match number(scores) {
                Some(x) => write!(text, "  {:>21.1}", 100.0 * x),
                None => write!(text, "  {:>21}", "-"),
            };
        }
    };
    for (name, _) in &columns {
        let _ = write!(text, "  {name:>21}");
    }
    let categories = report.baselines.values().next().into_iter().flat_map(|s| s.per_category.keys());
    for category in categories {
        line(&mut text, category, &|scores| scores.per_category.get(category).copied());
    }
    line(&mut text, "mean", &|scores| Some(scores.mean_iou));
    line(&mut text, "silhouettes, unseen", &|scores| Some(scores.silhouette_iou));
    line(&mut text, "color error", &|scores| Some(scores.color_error));
    let _ = writeln!(
        text,
        "\ncolor error of the true shapes in one mean color: {:.1}",
        100.0 * report.mean_color_error
    );
    text
}
