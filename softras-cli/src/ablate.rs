//! `softras ablate`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use softras_fit::ablate::{self, AblationFindings, Design, Factor, Plan, Task, text};

use crate::output::{Usage, command};
use crate::work::WorkArgs;

/// What `softras ablate` is given.
#[derive(Debug, Args)]
pub(crate) struct AblateArgs {
    /// What is fitted: pose (a cube from a picture), deform (an airplane from silhouettes; needs data) or recon (a network that
    /// learns shapes from pictures)
    #[arg(long, default_value = "pose", value_parser = task)]
    task: Task,
    /// Distance metrics to try, with commas between; without any list, all words of all factors but distributions
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    distance: Option<Vec<String>>,
    /// Distributions of the probability map
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    distribution: Option<Vec<String>>,
    /// Silhouette aggregators
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    silhouette: Option<Vec<String>>,
    /// Color aggregators, of tasks that draw colors
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    color: Option<Vec<String>>,
    /// Losses of the task
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    loss: Option<Vec<String>>,
    /// Every combination, instead of one factor at a time from the default
    #[arg(long)]
    grid: bool,
    /// The number of seeds
    #[arg(long, value_name = "N", default_value_t = 3)]
    seeds: usize,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// What can be fitted.
const TASKS: &[Task] = &[
    Task::POSE,
    Task::DEFORM,
    #[cfg(feature = "recon")]
    softras_recon::ablate::TASK,
];

fn task(name: &str) -> Result<Task, String> {
    Task::find(TASKS, name).map_err(|e| match cfg!(feature = "recon") {
        false if name == "recon" => crate::train::NO_NETWORK.to_owned(),
        _ => e.to_string(),
    })
}

impl AblateArgs {
    fn plan(&self) -> Result<Plan> {
        let lists = [
            (Factor::Distance, &self.distance),
            (Factor::Distribution, &self.distribution),
            (Factor::Silhouette, &self.silhouette),
            (Factor::Color, &self.color),
            (Factor::Loss, &self.loss),
        ];
        let asked: Vec<(Factor, Vec<String>)> =
            lists.into_iter().filter_map(|(factor, words)| Some((factor, words.clone()?))).collect();
        let design = if self.grid { Design::Grid } else { Design::OneAtATime };
        Ok(Plan::new(self.task, design, &asked, self.seeds).map_err(|e| Usage(e.to_string()))?)
    }
}

/// Runs an ablation.
pub(crate) fn run(args: &AblateArgs) -> Result<ExitCode> {
    let plan = args.plan()?;
    args.work.run(Path::new("out").join(format!("ablate-{}", args.task)), |setup, output| {
        let findings = ablate::run(&plan, setup)?;
        findings.write(setup, &command())?;
        let mut value = findings.json(setup);
        value["out"] = serde_json::json!(output);
        Ok((value, table(&findings)))
    })
}

/// The table, for people.
fn table(findings: &AblationFindings) -> String {
    let heads = findings.measures.iter().map(|m| m.name.to_owned());
    let first = findings.measures.first().map_or("", |m| m.name);
    let heads = heads.chain([format!("{first}: difference"), "time ratio".to_owned()]);
    let mut lines: Vec<Vec<String>> = vec![std::iter::once(String::new()).chain(heads).collect()];
    for (i, row) in findings.rows.iter().enumerate() {
        let difference = row.differences.first().copied().flatten().filter(|_| i > 0);
        let numbers = row.values.iter().copied().chain([difference, row.time_ratio]).map(text);
        lines.push(std::iter::once(row.label.clone()).chain(numbers).collect());
    }
    let count = lines[0].len();
    let wide = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(wide).collect();
    let mut all = String::new();
    for line in &lines {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, wide)| format!("{cell:wide$}")).collect();
        all += cells.join("  ").trim_end();
        all.push('\n');
    }
    for sentence in findings.conclusions() {
        all += &sentence;
        all.push('\n');
    }
    all
}
