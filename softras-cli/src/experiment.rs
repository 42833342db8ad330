//! `softras experiment`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use softras_fit::FitFolder;
use softras_fit::experiment::{Effort, Experiment, Findings, Setup};

use crate::backend;
use crate::output::{finish, note};

/// What `softras experiment` is given.
#[derive(Debug, Args)]
pub(crate) struct ExperimentArgs {
    /// Which one: pose, deform, dino, color, shading, body
    #[arg(value_name = "NAME", value_parser = experiment)]
    name: Experiment,
    /// Decides everything random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Do a small part, in seconds
    #[arg(long)]
    quick: bool,
    /// The folder of outside data [default: SOFTRAS_DATA, or shared/data here or one folder above]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The folder for everything that is written [default: out/NAME]
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// What draws: auto, cpu, wgpu or cuda
    #[arg(long, default_value = "auto", value_parser = crate::input::backend)]
    backend: String,
    /// Threads, 0 for all; the numbers are the same for any number
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print one JSON object as the last line of stdout, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

fn experiment(text: &str) -> Result<Experiment, softras_fit::Error> {
    text.parse()
}

/// Runs an experiment.
pub(crate) fn run(args: &ExperimentArgs) -> Result<ExitCode> {
    let device = backend::open(&args.backend, args.threads)?;
    let output = args.output.clone().unwrap_or_else(|| Path::new("out").join(args.name.name()));
    let progress = |text: &str| {
        if !args.json {
            note(text);
        }
    };
    let made = absent(&output);
    let folder = FitFolder::create(&output)?;
    let setup = Setup {
        device: device.as_ref(),
        seed: args.seed,
        effort: if args.quick { Effort::Quick } else { Effort::Full },
        data: data(args.data.as_deref()),
        folder,
        progress: &progress,
    };
    let findings = args.name.run(&setup).inspect_err(|_| remove_empty(&made))?;
    let command = std::env::args().skip(1).fold("softras".to_owned(), |all, word| all + " " + &word);
    findings.write(args.name, &setup, &command)?;
    let value = json!({
        "experiment": args.name.name(), "methods": findings.json(args.name, &setup)["methods"], "out": output,
        "seconds": findings.seconds,
    });
    finish(args.json, &value, table(&findings) + &output.join("report.html").display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// Where outside data are: as named, `SOFTRAS_DATA`, or `shared/data` in the current folder or the one above.
pub(crate) fn data(named: Option<&Path>) -> Option<PathBuf> {
    let variable = std::env::var_os("SOFTRAS_DATA").filter(|v| !v.is_empty()).map(PathBuf::from);
    let known = ["shared/data", "../shared/data"].map(PathBuf::from);
    let found = || known.into_iter().find(|p| p.is_dir());
    named.map(Path::to_path_buf).or(variable).or_else(found)
}

/// The folders of `path` that are not there yet, the deepest first.
pub(crate) fn absent(path: &Path) -> Vec<PathBuf> {
    let named = path.ancestors().filter(|folder| !folder.as_os_str().is_empty());
    named.take_while(|folder| !folder.exists()).map(Path::to_path_buf).collect()
}

/// Removes folders that hold nothing. What holds something, a checkpoint to go on from, stays.
pub(crate) fn remove_empty(folders: &[PathBuf]) {
    for folder in folders {
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

/// The table of methods, for people.
fn table(findings: &Findings) -> String {
    let wide = findings.methods.iter().map(|m| m.name.len()).max().unwrap_or(0);
    let mut text = format!("{:wide$}", "");
    for column in &findings.columns {
        text += &format!("  {column}");
    }
    text.push('\n');
    for method in &findings.methods {
        text += &format!("{:wide$}", method.name);
        for (column, value) in findings.columns.iter().zip(&method.values) {
            text += &format!("  {value:>width$.4}", width = column.len());
        }
        text.push('\n');
    }
    text
}
