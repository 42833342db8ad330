//! `softras bench`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::json;
use softras_bench::goals::{self, Ask, Goals, NUMBERS, Others};
use softras_bench::{Against, Bench, Brute, Data, Effort, Error, Item, Report, Subject, curves};
use softras_core::reference::Reference;

use crate::args::BenchArgs;
use crate::backend;
use crate::bench_args::VsArg;
use crate::output::{Usage, finish, note, say};

/// Instruction sets that `SOFTRAS_SIMD` can ask for.
const LEVELS: [&str; 5] = ["avx512", "avx2", "sse4.2", "neon", "baseline"];
/// Prints what a peer needs, on the scene of ours.
const DEODR: &str = include_str!("../../softras-bench/peers/time_deodr.py");

/// Measures, or joins what was measured.
pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    let result = if !args.merge.is_empty() {
        merge(&args.merge).map(|report| show(&report, args.json))
    } else if args.table || args.curves.is_some() {
        documents(args)
    } else if args.simd.is_empty() {
        rows(args).map(|report| show(&report, args.json))
    } else {
        levels(args).map(|report| show(&report, args.json))
    };
    result.map_err(usage)?;
    Ok(ExitCode::SUCCESS)
}

/// A name or file that is not what it should be is a mistake in how the command was called.
fn usage(e: anyhow::Error) -> anyhow::Error {
    match e.downcast_ref::<Error>() {
        Some(Error::Name { .. } | Error::NoData { .. } | Error::Content { .. }) => {
            Usage(e.to_string()).into()
        }
        _ => e,
    }
}

fn show(report: &Report, json: bool) {
    finish(json, &json!(report), report.to_string().trim_end());
}

fn progress(args: &BenchArgs) -> impl FnMut(&str) + use<> {
    let quiet = args.json;
    move |what| {
        if !quiet {
            note(what);
        }
    }
}

/// Joins reports of several machines.
fn merge(files: &[PathBuf]) -> Result<Report> {
    let mut all = Report::default();
    for file in files {
        // A file that is not there is named wrongly.
        all.merge(Report::read(file).map_err(|e| Usage(e.to_string()))?);
    }
    Ok(all)
}

/// Measures scenes.
fn rows(args: &BenchArgs) -> Result<Report> {
    let mut left_out = Vec::new();
    let items = Item::parse(&args.scene, &args.sigma, &Data::find(), &mut left_out)?;
    let bench = bench(args, &mut left_out)?;
    let mut report = bench.run(&items, progress(args))?;
    left_out.append(&mut report.left_out);
    report.left_out = left_out;
    Ok(report)
}

fn effort(args: &BenchArgs) -> Effort {
    Effort { runs: args.runs, ..Effort::default() }
}

/// Opens the back ends that were named; those that are not there are added to `left_out`.
fn bench(args: &BenchArgs, left_out: &mut Vec<String>) -> Result<Bench> {
    let mut threads = Vec::new();
    for &n in &args.threads {
        let n = backend::threads(n)?;
        if !threads.contains(&n) {
            threads.push(n);
        }
    }
    let mut subjects: Vec<Subject> = Vec::new();
    for name in args.backend.split(',').map(str::trim) {
        match subject(name)? {
            Ok(subject) if subjects.iter().any(|s| s.backend == subject.backend) => {}
            Ok(subject) => {
                subjects.push(subject);
                if let (Some(VsArg::Brute), Some(brute)) = (args.vs, brute_on(name)) {
                    let device = brute?;
                    subjects.push(Subject { backend: device.info().backend, device });
                }
            }
            Err(why) => left_out.push(format!("back end {name}: {why}")),
        }
    }
    if subjects.is_empty() {
        bail!("found no back end to measure, expected one at least: {}", left_out.join("; "));
    }
    let against = if args.vs.is_some() { Against::Brute } else { Against::Nothing };
    Ok(Bench { subjects, threads, effort: effort(args), against })
}

/// The brute force on the device that a back end's name means, if it has one.
#[cfg(feature = "cuda")]
fn brute_on(name: &str) -> Option<softras_core::Result<Box<dyn softras_core::raster::DynRasterizer>>> {
    let Ok(softras::Device::Cuda(number)) = name.parse() else { return None };
    Some(softras::CudaRasterizer::new(number).map(|device| Box::new(softras::CudaBrute::new(device)) as _))
}

#[cfg(not(feature = "cuda"))]
fn brute_on(_: &str) -> Option<softras_core::Result<Box<dyn softras_core::raster::DynRasterizer>>> {
    None
}

/// Opens a back end; the inner error says why this build or machine has it not.
fn subject(name: &str) -> Result<Result<Subject, String>> {
    let device: Box<dyn softras_core::raster::DynRasterizer> = match name {
        "brute" => Box::new(Brute),
        "reference" => Box::new(Reference),
        _ => match backend::open_here(name) {
            Ok(device) => device,
            Err(e @ softras_core::Error::Unavailable { .. }) => return Ok(Err(e.to_string())),
            Err(softras_core::Error::Parameter { found, expected, .. }) => {
                let expected = format!("{expected}, or reference or brute");
                return Err(Usage(format!("backend: found {found:?}, expected {expected}")).into());
            }
            Err(e) => return Err(e.into()),
        },
    };
    let info = device.info();
    let forced = std::env::var_os("SOFTRAS_SIMD").is_some_and(|v| !v.is_empty());
    let backend = match info.details.rsplit(", ").next() {
        Some(level) if forced && info.backend == "cpu" => format!("cpu[{level}]"),
        _ => info.backend,
    };
    Ok(Ok(Subject { backend, device }))
}

/// Measures with each of the instruction sets, each in a process of its own: a process decides on one once.
fn levels(args: &BenchArgs) -> Result<Report> {
    for level in &args.simd {
        if !LEVELS.contains(&level.as_str()) {
            let expected = LEVELS.join(", ");
            return Err(Usage(format!("simd: found {level:?}, expected one of {expected}")).into());
        }
    }
    let mut all = Report::default();
    let list = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>().join(",");
    let mut words =
        vec!["--backend".to_owned(), args.backend.clone(), "--scene".to_owned(), args.scene.clone()];
    words.extend(["--threads".to_owned(), list(&mut args.threads.iter().map(usize::to_string))]);
    words.extend(["--runs".to_owned(), args.runs.to_string()]);
    if !args.sigma.is_empty() {
        words.extend(["--sigma".to_owned(), list(&mut args.sigma.iter().map(f64::to_string))]);
    }
    if args.vs.is_some() {
        words.extend(["--vs".to_owned(), "brute".to_owned()]);
    }
    let mut progress = progress(args);
    for level in &args.simd {
        progress(level);
        all.merge(child(Some(level), &words)?);
    }
    Ok(all)
}

/// Runs `softras bench --json` with `words` in a process of its own; rows of an instruction set that it did not get
/// are left out.
fn child(level: Option<&str>, words: &[String]) -> Result<Report> {
    let exe = std::env::current_exe().context("cannot find this program to run it again")?;
    let mut command = Command::new(exe);
    command.args(["bench", "--json"]).args(words).stderr(Stdio::inherit());
    match level {
        Some(level) => command.env("SOFTRAS_SIMD", level),
        None => command.env_remove("SOFTRAS_SIMD"),
    };
    let output = command.output().context("cannot run this program again")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("a bench in a process of its own ended with {}", output.status);
    }
    let mut report = Report::from_output(&text).map_err(|e| Error::Content {
        path: PathBuf::from("softras bench --json"),
        found: e,
        expected: "a report on the last line",
    })?;
    if let Some(level) = level.filter(|level| *level != "baseline") {
        let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let got = |row: &softras_bench::Row| letters(&row.backend) == format!("cpu{}", letters(level));
        if let Some(other) = report.rows.iter().find(|r| r.backend.starts_with("cpu") && !got(r)) {
            report.left_out.push(format!("{level}: this build or machine ran {} instead", other.backend));
            report.rows.retain(|r| !r.backend.starts_with("cpu") || got(r));
        }
    }
    Ok(report)
}

/// Writes the table of goals and the curves, whichever is asked for.
fn documents(args: &BenchArgs) -> Result<()> {
    // What is to be written to is looked at before anything long is done.
    let document = args.into.as_deref().map(read_document).transpose()?;
    if let Some(folder) = &args.curves {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let goals = if args.table { Some(table(args)?) } else { None };
    if let (Some(goals), Some(path), Some(document)) = (&goals, &args.into, &document) {
        let text = goals::put_numbers(document, &goals.to_string()).unwrap_or_else(|| document.clone());
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let files = args.curves.as_deref().map(|folder| write_curves(args, folder)).transpose()?;
    if args.json {
        let files = files.unwrap_or_default();
        match goals {
            Some(goals) => finish(true, &json!(goals), ""),
            None => finish(true, &json!({ "files": files }), ""),
        }
    } else {
        goals.iter().for_each(|goals| say(goals.to_string().trim_end()));
        files.iter().flatten().for_each(|file| say(file.display()));
    }
    Ok(())
}

/// Reads a document that has a place for numbers.
fn read_document(path: &Path) -> Result<String> {
    let text =
        std::fs::read_to_string(path).map_err(|e| Usage(format!("cannot read {}: {e}", path.display())))?;
    if goals::put_numbers(&text, "").is_none() {
        let expected = format!("a line {NUMBERS} and one that ends them");
        return Err(
            Usage(format!("{}: found no place for numbers, expected {expected}", path.display())).into()
        );
    }
    Ok(text)
}

fn table(args: &BenchArgs) -> Result<Goals> {
    let cpu = subject("cpu")?.map_err(anyhow::Error::msg)?;
    let data = Data::find();
    let ask = |ask: &Ask| {
        let words = [
            ("--scene", ask.scene.to_owned()),
            ("--sigma", ask.sigma.to_string()),
            ("--threads", ask.threads.to_string()),
            ("--runs", ask.runs.to_string()),
        ];
        let words: Vec<_> = words.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        child(ask.level, &words).map_err(|e| other(&e))
    };
    let deodr = || deodr(args, &data).map_err(|e| other(&e));
    let others = Others { ask: &ask, deodr: &deodr };
    Ok(goals::measure(cpu, effort(args), &data, &others, &mut progress(args))?)
}

fn other(e: &anyhow::Error) -> Error {
    Error::System { what: "another process".to_owned(), source: std::io::Error::other(format!("{e:#}")) }
}

/// Lets DEODR draw spot.
fn deodr(args: &BenchArgs, data: &Data) -> Result<Report> {
    let Some(python) = &args.python else { bail!("--python names no Python that has DEODR") };
    let Some(mesh) = data.mesh("spot") else { bail!("spot is not on this machine") };
    let mut command = Command::new(python);
    command.args(["-c", DEODR]).arg(mesh).args(["256", &args.runs.to_string()]).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("cannot run {}", python.display()))?;
    if !output.status.success() {
        bail!("{} ended with {}", python.display(), output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Report::from_output(&text).map_err(|e| anyhow::anyhow!("{}: {e}", python.display()))
}

/// Measures along all curves, and writes `curves.csv` and `curves.svg`.
fn write_curves(args: &BenchArgs, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut left_out = Vec::new();
    let bench = bench(args, &mut left_out)?;
    left_out.iter().for_each(|line| note(format!("left out: {line}")));
    let curves = curves::curves(std::thread::available_parallelism().map_or(1, usize::from));
    let costs = bench.along(&curves, progress(args))?;
    let mut files = Vec::new();
    for (name, text) in [("curves.csv", curves::csv(&costs)), ("curves.svg", curves::svg(&curves, &costs)?)] {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        files.push(path);
    }
    Ok(files)
}
