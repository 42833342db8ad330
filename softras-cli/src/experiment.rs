//! `softras experiment`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use softras_fit::experiment::{Experiment, Findings};

use crate::output::command;
use crate::work::WorkArgs;

/// What `softras experiment` is given.
#[derive(Debug, Args)]
pub(crate) struct ExperimentArgs {
    /// Which one: pose, deform, dino, color, shading, body
    #[arg(value_name = "NAME", value_parser = experiment)]
    name: Experiment,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

fn experiment(text: &str) -> Result<Experiment, softras_fit::Error> {
    text.parse()
}

/// Runs an experiment.
pub(crate) fn run(args: &ExperimentArgs) -> Result<ExitCode> {
    args.work.run(Path::new("out").join(args.name.name()), |setup, output| {
        let findings = args.name.run(setup)?;
        findings.write(args.name, setup, &command())?;
        let value = json!({
            "experiment": args.name.name(), "methods": findings.json(args.name, setup)["methods"], "out": output,
            "seconds": findings.seconds,
        });
        Ok((value, table(&findings)))
    })
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
