//! `softras eval`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use softras_core::raster::DynRasterizer;
use softras_fit::FitFolder;
use softras_recon::color::read_color_log;
use softras_recon::data::{self, Split, Store};
use softras_recon::eval::{
    Doing, Example, Learnt, MeanShape, Page, Plan, Predictor, Report, Retrieval, Told, evaluate_against,
    examples, tables,
};
use softras_recon::settings::{ReconSettings, RefineSettings};
use softras_recon::train::{COLOR_LOG, LOG, read_log};
use toml::Table;

use crate::backend;
use crate::config::{overlay, put, read};
use crate::output::{Usage, command, finish, say, warn};
use crate::work::{absent, remove_empty};

#[cfg(not(feature = "recon"))]
use crate::train::NO_NETWORK;

/// Examples of a page.
const EXAMPLES: usize = 24;

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
    /// Steps of fitting each prediction to its picture, 0 for none [default: as the network was trained with]
    #[arg(long, value_name = "N", requires = "checkpoint")]
    refine: Option<usize>,
    /// Pictures of each shape that are shown, evenly spread, 1 to 24 [default: 24]
    #[arg(long, value_name = "N")]
    views: Option<usize>,
    /// Write a page with tables, curves and 24 examples into this folder
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,
    /// The log of the training, for the curves of the page [default: the one beside the checkpoint]
    #[arg(long, value_name = "FILE", requires = "report")]
    log: Option<PathBuf>,
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
    // What cannot be written or read is found before anything is drawn.
    let model = args.checkpoint.as_deref().map(network).transpose()?;
    let settings = settings(args, model.as_ref())?;
    if args.print_config {
        say(toml::to_string(&settings)?.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let procedural = args.shapes.is_none() && args.train.is_none();
    if procedural && matches!(args.split, Some(SplitArg::Train | SplitArg::All)) {
        let text = "--split: those are the shapes to learn from; name others by --train, or score val";
        return Err(Usage(text.to_owned()).into());
    }
    let made = args.report.as_deref().map(absent).unwrap_or_default();
    evaluated(args, &settings, model.as_ref()).inspect_err(|_| remove_empty(&made))
}

fn evaluated(args: &EvalArgs, settings: &ReconSettings, model: Option<&Model>) -> Result<ExitCode> {
    let pages = args.report.as_ref().map(FitFolder::create).transpose()?;
    let beside = |name: &str| {
        let path = args.checkpoint.as_ref().filter(|_| pages.is_some())?.with_file_name(name);
        path.exists().then_some(path)
    };
    let log = args.log.clone().or_else(|| beside(LOG));
    let log = log.as_deref().map(read_log).transpose()?.unwrap_or_default();
    let color_log = beside(COLOR_LOG).as_deref().map(read_color_log).transpose()?.unwrap_or_default();
    let start = Instant::now();
    let device = backend::open(&args.backend, args.threads)?;
    let mut model = model.map(|model| predictor(model, device.as_ref(), settings)).transpose()?;
    let store = open(device.as_ref(), args.shapes.as_deref(), args, settings)?;
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
    let other = if apart { Some(open(device.as_ref(), named, args, settings)?) } else { None };
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
    let learnt = plan.learn(&progress)?;
    let report = {
        let model = model.as_mut().map(|model| model.as_mut() as &mut dyn Predictor);
        evaluate_against(device.as_ref(), &plan, &learnt, model, &progress)?
    };
    let shown = match pages {
        None => None,
        Some(_) => {
            let model = model.as_mut().map(|model| model.as_mut() as &mut dyn Predictor);
            Some(Shown::new(device.as_ref(), &plan, &learnt, model, &progress)?)
        }
    };
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
        Some(path) if settings.refine.steps == 0 => format!("the model is {}", path.display()),
        Some(path) => {
            let steps = settings.refine.steps;
            format!("the model is {}, each prediction fitted to its picture in {steps} steps", path.display())
        }
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
    let mut text = head.clone() + &text_of(&report);
    if let (Some(folder), Some(shown)) = (&pages, &shown) {
        let page = Page {
            title: &format!("Single-view reconstruction of {}", source(args.shapes.as_deref())),
            command: &command(),
            text: &[head],
            report: &report,
            methods: &shown.methods,
            examples: &shown.examples,
            log: &log,
            color_log: &color_log,
            settings: &json!(settings),
        };
        page.write(folder)?;
        let path = folder.file("report.html");
        value["report"] = json!(path);
        text += &format!("\n{}", path.display());
    }
    finish(args.json, &value, text + &format!("\n{seconds:.0} s"));
    Ok(ExitCode::SUCCESS)
}

/// What a checkpoint holds.
#[cfg(feature = "recon")]
type Model = softras_recon::train::Checkpoint;
/// Nothing: there is no network.
#[cfg(not(feature = "recon"))]
type Model = std::convert::Infallible;

/// Opens a checkpoint.
#[cfg(feature = "recon")]
fn network(path: &Path) -> Result<Model> {
    Ok(Model::open(path)?)
}
#[cfg(not(feature = "recon"))]
fn network(path: &Path) -> Result<Model> {
    let text =
        format!("--checkpoint {}: {NO_NETWORK}; without the argument baselines are scored", path.display());
    Err(Usage(text).into())
}

/// How the network was said to be used when it was trained.
#[cfg(feature = "recon")]
const fn refine(model: &Model) -> RefineSettings {
    model.settings.refine
}
#[cfg(not(feature = "recon"))]
const fn refine(model: &Model) -> RefineSettings {
    match *model {}
}

/// Makes the network of a checkpoint one that is scored.
#[cfg(feature = "recon")]
fn predictor<'d>(
    model: &Model,
    device: &'d dyn DynRasterizer,
    settings: &ReconSettings,
) -> Result<Box<dyn Predictor + 'd>> {
    Ok(Box::new(model.refined(device, settings.refine)?))
}
#[cfg(not(feature = "recon"))]
fn predictor<'d>(
    model: &Model,
    _: &'d dyn DynRasterizer,
    _: &ReconSettings,
) -> Result<Box<dyn Predictor + 'd>> {
    match *model {}
}

/// Tells whether two names are those of one folder.
fn same(a: &Path, b: &Path) -> bool {
    std::fs::canonicalize(a).ok().zip(std::fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
}

fn settings(args: &EvalArgs, model: Option<&Model>) -> Result<ReconSettings> {
    let refine = model.map_or_else(RefineSettings::default, refine);
    let defaults = ReconSettings { refine, ..ReconSettings::default() };
    let file = args.config.as_deref().map(read::<ReconSettings>).transpose()?.unwrap_or_default();
    let mut given = Table::new();
    put(&mut given, "refine.steps", args.refine.map(|n| i64::try_from(n).unwrap_or(i64::MAX)));
    put(&mut given, "eval.views", args.views.map(|n| i64::try_from(n).unwrap_or(i64::MAX)));
    let settings: ReconSettings = overlay(&defaults, &[&file, &given])?;
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

/// The tables for people.
pub(crate) fn text_of(report: &Report) -> String {
    tables(report).iter().map(|table| format!("\n{}", table.text())).collect()
}

/// The examples of the page, and the methods that they show.
struct Shown {
    methods: Vec<String>,
    examples: Vec<Example>,
}

impl Shown {
    fn new(
        device: &dyn DynRasterizer,
        plan: &Plan<'_>,
        learnt: &Learnt<'_>,
        model: Option<&mut dyn Predictor>,
        progress: Doing<'_>,
    ) -> Result<Self> {
        let (mut retrieval, mut mean) =
            (Retrieval::new(learnt, Told::Nothing), MeanShape::new(device, learnt)?);
        let mut methods: Vec<(&str, &mut dyn Predictor)> = vec![("retrieval", &mut retrieval)];
        match model {
            Some(model) => methods.insert(0, ("model", model)),
            None => methods.push(("mean shape", &mut mean)),
        }
        let examples = examples(device, plan, EXAMPLES, &mut methods, progress)?;
        Ok(Self { methods: methods.iter().map(|(name, _)| (*name).to_owned()).collect(), examples })
    }
}
