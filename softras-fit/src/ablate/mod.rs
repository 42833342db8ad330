//! Ablations: the same fits with one part of the renderer or of the loss changed, over several seeds.
//!
//! [`run`] follows a [`Plan`]: which cells, how many seeds. Every cell of a seed has the same
//! starts and the same budget. Each fit that is done is a file in the folder `cells`; a run goes on where another was
//! stopped, and does anew what was done by other settings. At the end stand `report.html`, `report.json`, `table.csv` and
//! a plot for every measure.

mod factor;
mod findings;
mod interval;
mod page;
mod parts;
mod plan;
mod store;
mod task;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

pub use factor::Factor;
pub use findings::{AblationFindings, Row, text};
pub use interval::Estimate;
pub use parts::Parts;
pub use plan::{Cell, Design, Plan};
pub use task::{Better, Measure, Task, Trained, Trainer};

use crate::error::{Error, Result};
use crate::experiment::Setup;
use store::{Done, Found, Store};

/// Of how fits are made and measured: fits of another version are done anew.
const VERSION: u32 = 1;

/// Runs `plan`. The seed of `setup` is the first; its folder keeps the fits.
///
/// # Errors
/// `Setting` if the back end cannot draw with a part, or data are not there; whatever else goes wrong in a fit, but for
/// one that diverges, which is a result.
pub fn run(plan: &Plan, setup: &Setup<'_>) -> Result<AblationFindings> {
    let begin = Instant::now();
    for cell in &plan.cells {
        Parts::new(setup.device, cell)?;
    }
    let run = run_name();
    let measures = plan.task.measures;
    let (mut fitted, mut found) = (0, 0);
    let mut fits: Vec<Vec<Done>> = vec![Vec::new(); plan.cells.len()]; // [cell][seed]
    let mut store = None;
    for seed in (0..plan.seeds as u64).map(|i| setup.seed.wrapping_add(i)) {
        let own = seeded(setup, seed);
        let trainer = (plan.task.trainer)(&own)?;
        // Only now: data that are not there leave nothing behind.
        let store = match &store {
            Some(store) => store,
            None => store.insert(Store::create(&setup.folder)?),
        };
        for (cell, fits) in plan.cells.iter().zip(&mut fits) {
            let label = format!("seed {seed}, {}", cell.label(&plan.cells[0]));
            let settings = settings(plan, &own, trainer.as_ref(), cell);
            let done = match store.find(cell, seed, &settings, measures.len())? {
                Found::Done(done) => {
                    found += 1;
                    *done
                }
                other => {
                    if matches!(other, Found::Other) {
                        (setup.progress)(&format!(
                            "{label}: the file there is of another fit; it is done anew"
                        ));
                    }
                    fitted += 1;
                    let done = fit(trainer.as_ref(), &own, cell, settings, &run)?;
                    store.keep(cell, seed, done)?
                }
            };
            (setup.progress)(&format!("{label}: {}", line(&done, measures)));
            fits.push(done);
        }
    }
    let default = &plan.cells[0];
    let rows = plan.cells.iter().zip(&fits);
    let rows = rows.map(|(cell, own)| findings::row(cell, default, own, &fits[0], measures.len())).collect();
    Ok(AblationFindings {
        plan: plan.clone(),
        about: (plan.task.about)(setup),
        measures,
        rows,
        fitted,
        found,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

impl AblationFindings {
    /// Writes `report.html`, which needs no other file, `report.json`, `table.csv` and a plot for every measure.
    ///
    /// # Errors
    /// `Write` if a file cannot be written.
    pub fn write(&self, setup: &Setup<'_>, command: &str) -> Result<()> {
        let folder = &setup.folder;
        for (m, measure) in self.measures.iter().enumerate() {
            folder.write(&format!("{}.svg", measure.name), &page::plot(self, m))?;
        }
        folder.write("table.csv", &self.csv())?;
        folder.write("report.json", &format!("{:#}\n", self.json(setup)))?;
        folder.write("report.html", &page::page(self, setup, command))
    }
}

impl Design {
    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneAtATime => "one factor at a time",
            Self::Grid => "grid",
        }
    }
}

/// The same setup with another seed.
fn seeded<'a>(setup: &Setup<'a>, seed: u64) -> Setup<'a> {
    Setup {
        device: setup.device,
        seed,
        effort: setup.effort,
        data: setup.data.clone(),
        folder: setup.folder.clone(),
        progress: setup.progress,
    }
}

/// Everything that decides the numbers of a fit.
fn settings(plan: &Plan, setup: &Setup<'_>, trainer: &dyn Trainer, cell: &Cell) -> serde_json::Value {
    let info = setup.device.info();
    json!({
        "version": VERSION,
        "task": plan.task.name,
        "words": cell.words,
        "seed": setup.seed,
        "effort": setup.effort.choose("full", "quick"),
        "device": [info.backend, info.device],
        "fit": trainer.settings(cell),
    })
}

fn fit(
    trainer: &dyn Trainer,
    setup: &Setup<'_>,
    cell: &Cell,
    settings: serde_json::Value,
    run: &str,
) -> Result<Done> {
    let begin = Instant::now();
    let (values, failure, mut steps) = match trainer.train(setup, cell) {
        Ok(trained) if trained.values.iter().all(|value| value.is_finite()) => {
            (Some(trained.values), None, trained.steps)
        }
        Ok(trained) => (None, Some(format!("seed {}: a measure is not finite", setup.seed)), trained.steps),
        Err(e @ Error::Diverged { .. }) => (None, Some(format!("seed {}: {e}", setup.seed)), Vec::new()),
        Err(e) => return Err(e),
    };
    steps.sort_by(f64::total_cmp);
    Ok(Done {
        settings,
        run: run.to_owned(),
        values,
        failure,
        step_seconds: steps.get(steps.len() / 2).copied().unwrap_or(0.0),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// A name that no other run has: when it began.
fn run_name() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", since.as_nanos(), std::process::id())
}

/// How a fit came out, for people.
fn line(done: &Done, measures: &[Measure]) -> String {
    match (&done.values, &done.failure) {
        (Some(values), _) => {
            let shown: Vec<String> =
                measures.iter().zip(values).map(|(m, value)| format!("{} {value:.4}", m.name)).collect();
            format!("{}, {:.0} s", shown.join("  "), done.seconds)
        }
        (None, failure) => failure.clone().unwrap_or_default(),
    }
}
