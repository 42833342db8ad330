//! What experiments and ablations are given alike: seed, effort, data, device, and the folder they write.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use softras_fit::FitFolder;
use softras_fit::experiment::{Effort, Setup};

use crate::backend;
use crate::output::{finish, note};

/// How, on what and into which folder to work.
#[derive(Debug, Args)]
pub(crate) struct WorkArgs {
    /// Decides everything random; of several seeds, the first
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Do a small part, in seconds
    #[arg(long)]
    quick: bool,
    /// The folder of outside data [default: SOFTRAS_DATA, or shared/data here or one folder above]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The folder for everything that is written [default: out/NAME, or out/ablate-TASK]
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// What draws: auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER
    #[arg(long, default_value = "auto", value_parser = crate::input::backend)]
    backend: String,
    /// Threads, 0 for all; the numbers are the same for any number, times are not
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print one JSON object as the last line of stdout, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

impl WorkArgs {
    /// Does `work` in its folder, `usual` where none is named, and prints what it returns: for programs, and for people. A
    /// folder that was made for it and holds nothing goes again where it fails.
    pub(crate) fn run(
        &self,
        usual: PathBuf,
        work: impl FnOnce(&Setup<'_>, &Path) -> softras_fit::Result<(Value, String)>,
    ) -> Result<ExitCode> {
        let device = backend::open(&self.backend, self.threads)?;
        let output = self.output.clone().unwrap_or(usual);
        let progress = |text: &str| {
            if !self.json {
                note(text);
            }
        };
        let made = absent(&output);
        let folder = FitFolder::create(&output)?;
        let setup = Setup {
            device: device.as_ref(),
            seed: self.seed,
            effort: if self.quick { Effort::Quick } else { Effort::Full },
            data: data(self.data.as_deref()),
            folder,
            progress: &progress,
        };
        let (value, text) = work(&setup, &output).inspect_err(|_| remove_empty(&made))?;
        finish(self.json, &value, text + &output.join("report.html").display().to_string());
        Ok(ExitCode::SUCCESS)
    }
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
