//! Running the laws: as tests, and as a report.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::law::{Broken, Context, Gauge, Law, NO_DATA, Outcome};
use crate::laws::{find, laws};
use crate::report::{Column, Report, Row};
use crate::settings::Settings;
use crate::subject::{Opened, Subject};
use crate::verdict::Verdict;
use crate::{strip, trace};

/// Checks the laws that `settings` asks for on `subject`, as many at a time as there are threads, and says how each
/// fared as soon as it is known.
#[must_use]
pub fn measure(subject: &Subject, settings: &Settings, mut each: impl FnMut(&Row)) -> Report {
    let laws: Vec<&Law> = laws().filter(|law| settings.asks_for(law.name)).collect();
    let (next, threads) = (AtomicUsize::new(0), std::thread::available_parallelism());
    let mut rows: Vec<(usize, Row)> = Vec::new();
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..threads.map_or(1, usize::from).min(laws.len()) {
            let (send, laws, next) = (send.clone(), &laws, &next);
            scope.spawn(move || {
                while let Some((i, law)) = take(laws, next) {
                    if send.send((i, check(law, subject, settings))).is_err() {
                        return; // nobody listens any more
                    }
                }
            });
        }
        drop(send);
        for (i, row) in receive {
            each(&row);
            rows.push((i, row));
        }
    });
    rows.sort_by_key(|(i, _)| *i);
    Report {
        columns: vec![Column::of(subject, settings.cases, settings.seed)],
        rows: rows.into_iter().map(|(_, row)| row).collect(),
    }
}

/// The next law that nobody has taken.
fn take<'a>(laws: &[&'a Law], next: &AtomicUsize) -> Option<(usize, &'a Law)> {
    let i = next.fetch_add(1, Ordering::Relaxed);
    laws.get(i).map(|law| (i, *law))
}

/// Checks one law.
fn check(law: &Law, subject: &Subject, settings: &Settings) -> Row {
    let context = settings.context(subject, law);
    let start = Instant::now();
    let (mut verdict, gauge, share) = match context.lacks(law.needs) {
        Some(verdict) => (verdict, Gauge::default(), None),
        None => {
            trace::take();
            let outcome = run(law, &context);
            let verdict = Verdict::of(law, subject, &outcome);
            let share = outcome.as_ref().map_or(None, |gauge| Some(gauge.share));
            (verdict, outcome.unwrap_or_default(), share)
        }
    };
    let mut budget_used = share.filter(|_| verdict == Verdict::Holds);
    if let Verdict::Broken(why) = &mut verdict {
        let trace = trace::take();
        budget_used = budget_used.or(trace.share);
        if let Some(drawn) = &trace.drawn {
            why.push('\n');
            let name = format!("{}::{}", subject.info().backend, law.name);
            why.push_str(&strip::describe(drawn, &name, &settings.strips));
        }
    }
    Row {
        law: law.name.to_owned(),
        backend: subject.name(),
        verdict,
        budget_used,
        by: gauge.by,
        comparisons: gauge.comparisons,
        cases: gauge.cases,
        seconds: start.elapsed().as_secs_f64(),
    }
}

/// Runs a law; a panic breaks it.
pub(crate) fn run(law: &Law, context: &Context<'_>) -> Outcome {
    std::panic::catch_unwind(AssertUnwindSafe(|| (law.run)(context))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(Broken(format!("it panicked: {text}")))
    })
}

/// Runs every law as a test on the given back ends, with the arguments of `cargo test`.
#[must_use]
pub fn test(opened: Vec<Opened>) -> ExitCode {
    let arguments = Arguments::from_args();
    let settings = match Settings::from_environment() {
        Ok(settings) => Arc::new(settings),
        Err(why) => return failed(&why),
    };
    let report = Arc::new(Mutex::new(Report::default()));
    let mut trials = Vec::new();
    for Opened { name, subject } in opened {
        match subject {
            Ok(subject) => add_trials(&mut trials, Arc::new(subject), &settings, &report),
            Err(why) => trials.push(unavailable(&name, &why, settings.requires(&name))),
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let (Some(path), Ok(report)) = (&settings.report, report.lock())
        && let Err(why) = save(path, &report)
    {
        return failed(&format!("the report was not written to {}: {why}", path.display()));
    }
    conclusion.exit_code()
}

/// Runs one test for each of the given back ends: that it is there. One that is not is ignored with its reason, or
/// fails with it where `SOFTRAS_REQUIRE` names it.
#[must_use]
pub fn test_availability(opened: Vec<Opened>) -> ExitCode {
    let arguments = Arguments::from_args();
    let settings = match Settings::from_environment() {
        Ok(settings) => settings,
        Err(why) => return failed(&why),
    };
    let trial = |Opened { name, subject }| match subject {
        Ok(subject) => available(&name, subject),
        Err(why) => unavailable(&name, &why, settings.requires(&name)),
    };
    let trials = opened.into_iter().map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn failed(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn save(path: &Path, report: &Report) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::write(path, serde_json::to_string_pretty(report)?)?;
    Ok(())
}

fn add_trials(
    trials: &mut Vec<Trial>,
    subject: Arc<Subject>,
    settings: &Arc<Settings>,
    report: &Arc<Mutex<Report>>,
) {
    if let Ok(mut report) = report.lock() {
        report.columns.push(Column::of(&subject, settings.cases, settings.seed));
    }
    for name in subject.expected().filter(|name| find(name).is_none()) {
        let why = format!("it is expected to break {name}, which is no law");
        trials.push(Trial::test(format!("{}::expects_what_is_there", subject.name()), || {
            Err(Failed::from(why))
        }));
    }
    for law in laws() {
        let name = format!("{}::{}", subject.name(), law.name);
        if let Some(Verdict::Skipped(why)) = settings.context(&subject, law).lacks(law.needs) {
            let fails = why == NO_DATA && settings.requires("data");
            trials.push(missing(name, &why, fails));
            continue;
        }
        let (subject, settings, report) = (Arc::clone(&subject), Arc::clone(settings), Arc::clone(report));
        trials.push(Trial::ignorable_test(name, move || {
            let row = check(law, &subject, &settings);
            let completion = match &row.verdict {
                Verdict::Holds => Ok(Completion::Completed),
                Verdict::Broken(why) => Err(Failed::from(format!("{}\n{why}", law.statement))),
                Verdict::Expected(why) => Ok(Completion::ignored_with(format!("breaks as expected: {why}"))),
                Verdict::Unsupported(why) => Ok(Completion::ignored_with(format!("unsupported: {why}"))),
                Verdict::Skipped(why) => Ok(Completion::ignored_with(why)),
            };
            if let Ok(mut report) = report.lock() {
                report.rows.push(row);
            }
            completion
        }));
    }
}

/// A trial that a back end draws a face.
fn available(name: &str, subject: Subject) -> Trial {
    Trial::test(format!("{name}::is_available"), move || match subject.draws() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failed::from(format!("{subject:?} does not draw a face"))),
        Err(why) => Err(Failed::from(why.to_string())),
    })
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
    use softras_core::reference::Reference;

    #[test]
    fn what_is_missing_is_ignored_with_its_reason_or_fails_where_it_is_required() {
        let ignored = unavailable("wgpu", "no adapter", false);
        assert!(ignored.has_ignored_flag());
        assert_eq!((ignored.name(), ignored.kind()), ("wgpu::is_available", "no adapter"));
        assert!(!unavailable("wgpu", "no adapter", true).has_ignored_flag());
    }

    #[test]
    fn names_of_laws_are_sentences_and_differ() {
        let names: Vec<_> = laws().map(|l| l.name).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{name} is there twice");
            assert_eq!(name.split("::").count(), 2, "{name}");
        }
    }

    #[test]
    fn a_report_has_the_laws_that_were_asked_for_in_their_order() {
        let settings = Settings { cases: 2, filter: Some("contract::".to_owned()), ..Settings::default() };
        let subject = Subject::both(Reference);
        let mut heard = 0;
        let report = measure(&subject, &settings, |_| heard += 1);
        let found: Vec<_> = report.rows.iter().map(|r| r.law.as_str()).collect();
        let expected: Vec<_> = laws().map(|l| l.name).filter(|n| n.starts_with("contract::")).collect();
        assert_eq!(found, expected);
        assert_eq!(heard, expected.len());
        assert!(report.all_hold(), "{}", crate::report::Table(&report));
    }
}
