//! Running the laws: as tests, and as a report.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::law::{Broken, Context, Law, Outcome};
use crate::laws::laws;
use crate::report::{Report, Row, Verdict};
use crate::subject::{Opened, Subject};

/// How the suite runs, from the environment.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Random cases for each law: `SOFTRAS_CASES`, 24.
    pub cases: u32,
    /// Seed of the random cases: `SOFTRAS_SEED`, 0.
    pub seed: u64,
    /// How many smaller cases to try of one that breaks a law: `SOFTRAS_SHRINK`, 256.
    pub shrink: u32,
    /// What must be there: `SOFTRAS_REQUIRE`, names of back ends and `data`, with commas.
    pub require: Vec<String>,
    /// The outside data: `SOFTRAS_DATA`, or `shared/data` in a folder above the current one.
    pub data: Option<PathBuf>,
    /// Where to write the report: `SOFTRAS_REPORT`.
    pub report: Option<PathBuf>,
}

impl Settings {
    /// Reads the environment.
    #[must_use]
    pub fn from_environment() -> Self {
        let read = |name: &str| std::env::var(name).ok().filter(|x| !x.is_empty());
        let number = |name: &str| read(name).and_then(|x| x.parse::<u64>().ok());
        Self {
            cases: number("SOFTRAS_CASES").map_or(24, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            seed: number("SOFTRAS_SEED").unwrap_or(0),
            shrink: number("SOFTRAS_SHRINK").map_or(256, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            require: read("SOFTRAS_REQUIRE")
                .map(|x| x.split(',').map(|name| name.trim().to_owned()).collect())
                .unwrap_or_default(),
            data: find_data(read("SOFTRAS_DATA").map(PathBuf::from)),
            report: read("SOFTRAS_REPORT").map(PathBuf::from),
        }
    }

    /// Tells whether `name` must be there.
    #[must_use]
    pub fn requires(&self, name: &str) -> bool {
        self.require.iter().any(|r| r == name)
    }

    /// What a law is given to check `subject`.
    #[must_use]
    pub fn context<'a>(&self, subject: &'a Subject, law: &Law) -> Context<'a> {
        let (cases, seed, shrink) = (self.cases, self.seed, self.shrink);
        Context { subject, law: law.name, cases, seed, shrink, data: self.data.clone() }
    }
}

/// The folder of the outside data: the one that was named, or `shared/data` beside the project.
fn find_data(named: Option<PathBuf>) -> Option<PathBuf> {
    let is_data = |path: &PathBuf| path.join("golden/kat.json").is_file();
    if named.is_some() {
        return named.filter(is_data);
    }
    let here = std::env::current_dir().ok()?;
    here.ancestors().take(4).map(|folder| folder.join("shared/data")).find(is_data)
}

/// Checks every law on `subject`, and says how each fared.
#[must_use]
pub fn measure(subject: &Subject, settings: &Settings, mut each: impl FnMut(&Row)) -> Report {
    let mut report = Report::default();
    for law in laws() {
        let context = settings.context(subject, law);
        let row = match context.lacks(law.needs) {
            Some(why) => row(law, subject, 0.0, Err(Verdict::Skipped(why))),
            None => {
                let start = Instant::now();
                let outcome = (law.run)(&context);
                row(law, subject, start.elapsed().as_secs_f64(), outcome.map_err(|e| Verdict::Broken(e.0)))
            }
        };
        each(&row);
        report.rows.push(row);
    }
    report
}

fn row(law: &Law, subject: &Subject, seconds: f64, outcome: Result<crate::Gauge, Verdict>) -> Row {
    let (verdict, gauge) = match outcome {
        Ok(gauge) => (Verdict::Holds, gauge),
        Err(verdict) => (verdict, crate::Gauge::default()),
    };
    Row {
        law: law.name.to_owned(),
        subject: subject.name(),
        verdict,
        share: gauge.share,
        by: gauge.by,
        comparisons: gauge.comparisons,
        cases: gauge.cases,
        seconds,
    }
}

/// Runs every law as a test on the given back ends, with the arguments of `cargo test`.
#[must_use]
pub fn test(opened: Vec<Opened>) -> ExitCode {
    let arguments = Arguments::from_args();
    let settings = Arc::new(Settings::from_environment());
    let rows = Arc::new(Mutex::new(Report::default()));
    let mut trials = Vec::new();
    for Opened { name, subject } in opened {
        match subject {
            Ok(subject) => add_trials(&mut trials, Arc::new(subject), &settings, &rows),
            Err(why) => trials.push(unavailable(&name, &why, settings.requires(&name))),
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let (Some(path), Ok(report)) = (&settings.report, rows.lock())
        && let Err(why) = save(path, &report)
    {
        eprintln!("the report was not written to {}: {why}", path.display());
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

fn save(path: &std::path::Path, report: &Report) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::write(path, serde_json::to_string_pretty(report)?)?;
    Ok(())
}

fn add_trials(
    trials: &mut Vec<Trial>,
    subject: Arc<Subject>,
    settings: &Arc<Settings>,
    rows: &Arc<Mutex<Report>>,
) {
    for law in laws() {
        let name = format!("{}::{}", subject.name(), law.name);
        if let Some(why) = settings.context(&subject, law).lacks(law.needs) {
            let fails = why == "no data" && settings.requires("data");
            trials.push(missing(name, &why, fails));
            continue;
        }
        let (subject, settings, rows) = (Arc::clone(&subject), Arc::clone(settings), Arc::clone(rows));
        trials.push(Trial::test(name, move || {
            let start = Instant::now();
            let outcome: Outcome = (law.run)(&settings.context(&subject, law));
            let seconds = start.elapsed().as_secs_f64();
            let failed = outcome.as_ref().err().map(|Broken(why)| format!("{}\n{why}", law.statement));
            if let Ok(mut report) = rows.lock() {
                report.rows.push(row(law, &subject, seconds, outcome.map_err(|e| Verdict::Broken(e.0))));
            }
            failed.map_or(Ok(()), |why| Err(Failed::from(why)))
        }));
    }
}

fn unavailable(name: &str, why: &str, required: bool) -> Trial {
    missing(format!("{name}::is_available"), why, required)
}

/// A trial that is ignored with its reason, or fails with it.
fn missing(name: String, why: &str, fails: bool) -> Trial {
    let message = format!("required, but not there: {why}");
    let trial = Trial::test(name, move || Err(Failed::from(message)));
    if fails { trial } else { trial.with_kind(why.to_owned()).with_ignored_flag(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_ignored_with_its_reason_or_fails_where_it_is_required() {
        let ignored = unavailable("wgpu", "no adapter", false);
        assert!(ignored.has_ignored_flag());
        assert_eq!((ignored.name(), ignored.kind()), ("wgpu::is_available", "no adapter"));
        assert!(!unavailable("wgpu", "no adapter", true).has_ignored_flag());
        let settings =
            Settings { require: vec!["wgpu".to_owned(), "data".to_owned()], ..Settings::default() };
        assert!(settings.requires("wgpu") && settings.requires("data") && !settings.requires("cuda"));
    }

    #[test]
    fn names_of_laws_are_sentences_and_differ() {
        let names: Vec<_> = laws().map(|l| l.name).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{name} is there twice");
            assert_eq!(name.split("::").count(), 2, "{name}");
        }
    }
}
