//! The suite is itself tested: every fault planted in the kernels is caught by the law that is about it.
//!
//! `cargo test -p softras-cpu --features faults --test mutants` runs each fault's own law on it. The whole table, every
//! law on every fault, is written to `docs/mutants.md` by the same with `-- --ignored write_table`; `SOFTRAS_FAULTS=A,B`
//! does those faults anew and keeps the rows of the others.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use softras_conformance::Settings;
use softras_conformance::mutant::Matrix;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/mutants.md");

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Faults are planted one at a time.
    arguments.test_threads = Some(1);
    let settings = match Settings::from_environment() {
        Ok(settings) => Settings { shrink: 0, data: None, ..settings },
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials =
        vec![about_the_table("mutants::every_law_catches_one_alone_or_says_why_it_stays", needed)];
    trials.extend(planted::trials(&settings));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial about the table, ignored by name where nobody wrote it.
fn about_the_table(name: &str, check: fn() -> Result<(), Failed>) -> Trial {
    let written = std::path::Path::new(TABLE).is_file();
    let trial = Trial::test(name, check);
    if written { trial } else { trial.with_kind("docs/mutants.md is not written").with_ignored_flag(true) }
}

fn table() -> Result<Matrix, Failed> {
    let text = std::fs::read_to_string(TABLE).map_err(|e| format!("{TABLE}: {e}"))?;
    Ok(text.parse::<Matrix>()?)
}

fn needed() -> Result<(), Failed> {
    let wrong = table()?.unreasoned();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

#[cfg(not(feature = "faults"))]
mod planted {
    use super::{Settings, Trial};

    pub(super) fn trials(settings: &Settings) -> Vec<Trial> {
        let trial = Trial::test("mutants::are_caught", || Err("built without the feature `faults`".into()));
        let required = settings.requires("faults");
        vec![if required {
            trial
        } else {
            trial.with_kind("needs --features faults").with_ignored_flag(true)
        }]
    }
}

#[cfg(feature = "faults")]
mod planted {
    use super::{Failed, Matrix, Settings, TABLE, Trial, about_the_table, table};
    use softras_conformance::mutant::{Mutant, check};
    use softras_conformance::{Subject, Verdict, laws};
    use softras_cpu::faults::{self, Fault};

    fn mutant(fault: Fault) -> Mutant {
        Mutant {
            name: format!("{fault:?}"),
            statement: fault.statement().trim().to_owned(),
            law: fault.law().to_owned(),
            subject: Subject::both(faults::Mutant::new(fault)),
        }
    }

    pub(super) fn trials(settings: &Settings) -> Vec<Trial> {
        let mut own: Vec<&str> = Fault::ALL.iter().map(|fault| fault.law()).collect();
        own.sort_unstable();
        own.dedup();
        let mut trials = vec![about_the_table("mutants::are_those_of_the_table", are_those_of_the_table)];
        for law in own {
            let settings = settings.clone();
            let healthy =
                move || says(&Subject::both(faults::Mutant::healthy()), law, &settings, &Verdict::Holds);
            trials.push(Trial::test(format!("without a fault::{law}"), healthy));
        }
        for &fault in Fault::ALL {
            let settings = settings.clone();
            let caught = move || {
                let mutant = mutant(fault);
                says(&mutant.subject, &mutant.law, &settings, &Verdict::Broken(String::new()))
            };
            trials.push(Trial::test(format!("{fault:?} is caught by {}", fault.law()), caught));
        }
        let settings = settings.clone();
        let write = move || write_table(&settings);
        trials.push(
            Trial::test("write_table", write).with_kind("writes docs/mutants.md").with_ignored_flag(true),
        );
        trials
    }

    /// Checks a law on a back end, and what it says.
    fn says(subject: &Subject, law: &str, settings: &Settings, expected: &Verdict) -> Result<(), Failed> {
        let law = laws::find(law).ok_or_else(|| format!("there is no law {law}"))?;
        let found = check(subject, law, settings);
        if std::mem::discriminant(&found) == std::mem::discriminant(expected) {
            return Ok(());
        }
        Err(format!("{found:?}").into())
    }

    fn are_those_of_the_table() -> Result<(), Failed> {
        let table = table()?;
        let own = |law: fn(Fault) -> String| Fault::ALL.iter().map(|&f| law(f)).collect::<Vec<_>>();
        let rows = |cell: fn(&softras_conformance::mutant::MatrixRow) -> &String| {
            table.rows.iter().map(|row| cell(row).clone()).collect::<Vec<_>>()
        };
        let same = own(|f| format!("{f:?}")) == rows(|r| &r.mutant)
            && own(|f| f.law().to_owned()) == rows(|r| &r.law)
            && own(|f| f.statement().trim().to_owned()) == rows(|r| &r.statement);
        if same { Ok(()) } else { Err(format!("{TABLE} is about other faults: write it anew").into()) }
    }

    fn write_table(settings: &Settings) -> Result<(), Failed> {
        let mut mutants: Vec<Mutant> = Fault::ALL.iter().map(|&fault| mutant(fault)).collect();
        let chosen = std::env::var("SOFTRAS_FAULTS");
        if let Ok(names) = &chosen {
            let names: Vec<&str> = names.split(',').collect();
            mutants.retain(|mutant| names.contains(&mutant.name.as_str()));
            if mutants.len() != names.len() {
                return Err(format!("SOFTRAS_FAULTS: {} of {names:?} are faults", mutants.len()).into());
            }
        }
        let mut matrix = Matrix::measure(&mutants, settings, |row| {
            eprintln!("{}: {}", row.mutant, row.caught_by.join(", "));
        });
        if chosen.is_ok() && std::path::Path::new(TABLE).is_file() {
            // Read now: others may have written their rows meanwhile.
            matrix.rows.extend(table()?.rows);
        }
        matrix.rows = Fault::ALL
            .iter()
            .filter_map(|fault| matrix.rows.iter().find(|row| row.mutant == format!("{fault:?}")).cloned())
            .collect();
        std::fs::write(TABLE, format!("{HEAD}{matrix}")).map_err(|e| format!("{TABLE}: {e}"))?;
        let missed = matrix.missed();
        if missed.is_empty() { Ok(()) } else { Err(format!("not caught by their law: {missed:?}").into()) }
    }

    const HEAD: &str = "# Mutants\n\n\
        Each is the CPU back end with one fault, planted by a hook in its kernels (`softras-cpu/src/faults.rs`, feature\n\
        `faults`). A fault that no law catches is a missing law.\n\n\
        Written by `cargo test -p softras-cpu --features faults --test mutants -- --ignored write_table`. Laws that need\n\
        outside data are left out. Laws that take seconds (\"at least\") are asked only where fewer than two others catch\n\
        a fault, or where they are about it, so that a fault that a law catches alone is known for sure.\n\n";
}
