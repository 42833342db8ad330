//! `softras conformance`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use softras_conformance::calibrate::{HEADING, calibrate};
use softras_conformance::report::{Report, Table, html, markdown};
use softras_conformance::{Opened, Settings, Subject, laws, measure};
use softras_core::reference::Reference;
use softras_io::{check_replaceable, replace_file};

use crate::args::ConformanceArgs;
use crate::backend::use_threads;
use crate::output::{Usage, finish, note, say};

/// The back ends that there may be, the usual ones first.
const BACKENDS: [&str; 4] = ["cpu", "wgpu", "cuda", "reference"];

/// How many of [`BACKENDS`] are checked when none is named.
const USUAL: usize = 3;

/// Scenes of a calibration.
const SCENES: u32 = 2000;

/// Checks back ends, joins reports, or calibrates.
pub(crate) fn run(args: &ConformanceArgs) -> Result<ExitCode> {
    // Everything that can be wrong is found before hours are spent.
    let format = args.report.as_deref().map(Format::of).transpose()?;
    if let Some(path) = &args.report {
        check_replaceable(path).map_err(usage)?;
    }
    if args.calibrate {
        return run_calibration(args, format);
    }
    let report = if args.merge.is_empty() { check(args)? } else { merge(&args.merge)? };
    if let (Some(path), Some(format)) = (&args.report, format) {
        replace_file(path, format.write(&report, path)?.as_bytes()).map_err(usage)?;
    }
    finish(args.json, &serde_json::to_value(&report)?, Table(&report));
    Ok(ExitCode::from(u8::from(!report.all_hold())))
}

fn usage(why: impl std::fmt::Display) -> anyhow::Error {
    Usage(why.to_string()).into()
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Markdown,
    Html,
    Json,
}

impl Format {
    fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|e| e.to_str()) {
            Some("md") => Ok(Self::Markdown),
            Some("html") => Ok(Self::Html),
            Some("json") => Ok(Self::Json),
            _ => Err(usage(format!("--report: found {}, expected .md, .html or .json", path.display()))),
        }
    }

    /// The report as it is to stand at `path`; a page in Markdown keeps the calibration that it had.
    fn write(self, report: &Report, path: &Path) -> Result<String> {
        Ok(match self {
            Self::Markdown => {
                let (_, calibration) = read_page(path)?;
                markdown(report, &calibration)
            }
            Self::Html => html(report),
            Self::Json => serde_json::to_string_pretty(report)? + "\n",
        })
    }
}

/// The page at `path` up to its calibration, and from there on; empty where there is none.
fn read_page(path: &Path) -> Result<(String, String)> {
    let page = match std::fs::read_to_string(path) {
        Ok(page) => page,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(usage(format!("{}: {e}", path.display()))),
    };
    let start = page.find(&format!("\n{HEADING}\n")).map_or(page.len(), |i| i + 1);
    Ok((page[..start].to_owned(), page[start..].to_owned()))
}

/// The settings of the environment and of the arguments, which win.
fn settings(args: &ConformanceArgs) -> Result<Settings> {
    let mut settings = Settings::from_environment().map_err(usage)?;
    settings.cases = args.cases.unwrap_or(settings.cases);
    settings.seed = args.seed.unwrap_or(settings.seed);
    settings.filter.clone_from(&args.filter);
    if let Some(folder) = &args.output {
        settings.strips.clone_from(folder);
    }
    Ok(settings)
}

fn check(args: &ConformanceArgs) -> Result<Report> {
    let settings = settings(args)?;
    let count = laws::laws().filter(|law| settings.asks_for(law.name)).count();
    if count == 0 {
        let filter = settings.filter.unwrap_or_default();
        return Err(usage(format!("--filter: found {filter:?}, expected part of the name of a law")));
    }
    let subjects = open(&args.backend, args.threads, |name| settings.requires(name))?;
    let bar = progress((count * subjects.len()) as u64, args.json);
    let mut report = Report::default();
    for subject in &subjects {
        report.merge(measure(subject, &settings, |row| {
            bar.set_message(format!("{}::{}", row.backend, row.law));
            bar.inc(1);
        }));
    }
    bar.finish_and_clear();
    Ok(report)
}

/// Opens the back ends that were named; with no names, those that are there, and says which are not.
fn open(names: &[String], threads: Option<usize>, required: impl Fn(&str) -> bool) -> Result<Vec<Subject>> {
    for (i, name) in names.iter().enumerate() {
        if !BACKENDS.contains(&name.as_str()) {
            let expected = BACKENDS.join(", ");
            return Err(usage(format!("--backend: found {name:?}, expected any of {expected}")));
        }
        if names[..i].contains(name) {
            return Err(usage(format!("--backend: found {name} twice, expected it once")));
        }
    }
    use_threads(threads.unwrap_or(0)).map_err(usage)?;
    let usual = BACKENDS[..USUAL].iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
    let mut subjects = Vec::new();
    for name in if names.is_empty() { &usual } else { names } {
        match open_one(name).subject {
            Ok(subject) => subjects.push(subject),
            Err(why) if required(name) => bail!("{name} is required, but not there: {why}"),
            Err(why) if names.is_empty() => note(format!("{name}::is_available: ignored, {why}")),
            Err(why) => bail!("{name} is not there: {why}"),
        }
    }
    if subjects.is_empty() {
        bail!("found no back end, expected any of {}", usual.join(", "));
    }
    Ok(subjects)
}

/// Opens one of [`BACKENDS`]: the one place where the suite meets them.
fn open_one(name: &str) -> Opened {
    let subject = match name {
        "reference" => Ok(Subject::both(Reference)),
        "cpu" => Ok(Subject::both(softras::CpuRasterizer::new())),
        #[cfg(feature = "wgpu")]
        "wgpu" => softras::WgpuRasterizer::new().map(Subject::single).map_err(|why| why.to_string()),
        #[cfg(feature = "cuda")]
        "cuda" => softras::CudaRasterizer::new(0).map(Subject::single).map_err(|why| why.to_string()),
        _ => Err(format!("softras was built without the back end {name}")),
    };
    Opened { name: name.to_owned(), subject }
}

fn progress(length: u64, hidden: bool) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if hidden {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// Joins reports that other machines wrote.
fn merge(paths: &[std::path::PathBuf]) -> Result<Report> {
    let mut report = Report::default();
    for path in paths {
        let wrong = |why: String| usage(format!("{}: {why}, expected a report in JSON", path.display()));
        let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
        report.merge(serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?);
    }
    Ok(report)
}

fn run_calibration(args: &ConformanceArgs, format: Option<Format>) -> Result<ExitCode> {
    let (before, _) = match (&args.report, format) {
        (Some(path), Some(Format::Markdown)) => read_page(path)?,
        (Some(path), _) => {
            return Err(usage(format!("--report: found {}, expected .md for a calibration", path.display())));
        }
        (None, _) => (String::new(), String::new()),
    };
    let settings = settings(args)?;
    let subjects = open(&args.backend, args.threads, |name| settings.requires(name))?;
    let others: Vec<Subject> = subjects.into_iter().filter(|s| !s.is_reference()).collect();
    let scenes = args.cases.unwrap_or(SCENES);
    let bar = progress(u64::from(scenes), false);
    let calibration = calibrate(&others, scenes, settings.seed, |i| bar.set_position(i.into()))
        .map_err(|broken| anyhow::anyhow!("{broken}"))?;
    bar.finish_and_clear();
    if let Some(path) = &args.report {
        let page = match before.trim_end() {
            "" => calibration.to_string(),
            before => format!("{before}\n\n{calibration}"),
        };
        replace_file(path, page.as_bytes()).map_err(usage)?;
    }
    say(calibration);
    Ok(ExitCode::SUCCESS)
}
