//! The experiments in small: they run, leave their page, and come to the same numbers again.
//!
//! Those that need outside data are ignored by name where it is absent, unless `SOFTRAS_REQUIRE` holds `data`: then they
//! fail.

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use softras_cpu::CpuRasterizer;
use softras_fit::FitFolder;
use softras_fit::experiment::{Effort, Experiment, Findings, Setup};

fn main() {
    let root = std::env::var_os("SOFTRAS_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|list| list.split(',').any(|word| word.trim() == "data"));
    let trial = |experiment: Experiment, needs: Option<&'static str>| {
        let absent = needs.is_some_and(|name| !root.join(name).is_dir());
        let name = format!("experiments::{experiment}_in_small_comes_to_the_same_numbers_again");
        let name = if absent && !required { format!("{name} [ignored: no data]") } else { name };
        let root = root.clone();
        Trial::test(name, move || twice(experiment, &root)).with_ignored_flag(absent && !required)
    };
    let trials = vec![
        trial(Experiment::Deform, Some("deform")),
        trial(Experiment::Dino, Some("dino")),
        trial(Experiment::Color, Some("spot")),
        trial(Experiment::Shading, None),
        trial(Experiment::Body, Some("body")),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn twice(experiment: Experiment, root: &Path) -> Result<(), Failed> {
    let first = once(experiment, root)?;
    let second = once(experiment, root)?;
    // Times differ; what was measured does not.
    let place = first.columns.iter().position(|c| *c == "seconds");
    for (a, b) in first.methods.iter().zip(&second.methods) {
        for (i, (x, y)) in a.values.iter().zip(&b.values).enumerate() {
            if Some(i) != place && x.to_bits() != y.to_bits() {
                return Err(format!("{} of {}: {x}, then {y}", first.columns[i], a.name).into());
            }
        }
        let share = a.values[0];
        if !share.is_finite() || share <= 0.0 {
            return Err(format!("{} of {}: found {share}, expected above 0", first.columns[0], a.name).into());
        }
    }
    Ok(())
}

fn once(experiment: Experiment, root: &Path) -> Result<Findings, Failed> {
    let folder = tempfile::tempdir()?;
    let setup = Setup {
        device: &CpuRasterizer,
        seed: 3,
        effort: Effort::Quick,
        data: Some(root.to_owned()),
        folder: FitFolder::create(folder.path())?,
        progress: &|_| {},
    };
    let findings = experiment.run(&setup)?;
    findings.write(experiment, &setup, "test")?;
    for file in ["report.html", "report.json", "loss.svg"] {
        if !folder.path().join(file).is_file() {
            return Err(format!("no {file}").into());
        }
    }
    let left = std::fs::read_dir(folder.path())?.filter_map(|e| e.ok()).map(|e| e.path());
    match left.into_iter().find(|p| p.extension().is_some_and(|e| e == "softras")) {
        Some(path) => Err(format!("{} is left", path.display()).into()),
        None => Ok(findings),
    }
}
