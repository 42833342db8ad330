//! The suite is itself tested: every fault planted in the kernels is caught by the law that is about it.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use softras_conformance::Settings;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let settings = match Settings::from_environment() {
        Ok(settings) => Settings { shrink: 0, data: None, ..settings },
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    libtest_mimic::run(&arguments, planted::trials(&settings)).exit_code()
}

/// A trial that cannot run, and fails where it must.
fn missing(why: &str, required: bool) -> Trial {
    let message = format!("required, but not there: {why}");
    let trial = Trial::test("mutants::are_caught", move || Err(message.into()));
    if required { trial } else { trial.with_kind(why.to_owned()).with_ignored_flag(true) }
}

#[cfg(not(feature = "faults"))]
mod planted {
    use super::{Settings, Trial, missing};

    pub(super) fn trials(settings: &Settings) -> Vec<Trial> {
        vec![missing("needs --features faults", settings.requires("faults"))]
    }
}

#[cfg(feature = "faults")]
mod planted {
    use softras_conformance::mutant::check;
    use softras_conformance::{Subject, Verdict, laws};
    use softras_wgpu::WgpuRasterizer;
    use softras_wgpu::faults::Fault;

    use super::{Settings, Trial, missing};

    pub(super) fn trials(settings: &Settings) -> Vec<Trial> {
        if let Err(why) = WgpuRasterizer::new() {
            return vec![missing(&why.to_string(), settings.requires("wgpu") || settings.requires("faults"))];
        }
        let trial = |&fault: &Fault| {
            let settings = settings.clone();
            Trial::test(format!("mutants::{fault:?}"), move || caught(fault, &settings))
        };
        Fault::ALL.iter().map(trial).collect()
    }

    /// The law about a fault holds without it, and breaks with it.
    fn caught(fault: Fault, settings: &Settings) -> Result<(), libtest_mimic::Failed> {
        let law = laws::laws().find(|law| law.name == fault.law()).ok_or("there is no such law")?;
        let healthy = check(&Subject::single(WgpuRasterizer::new()?), law, settings);
        if healthy != Verdict::Holds {
            return Err(format!("without the fault {} gives {healthy:?}", law.name).into());
        }
        let broken = Subject::single(WgpuRasterizer::new()?.with_fault(fault));
        match check(&broken, law, settings) {
            Verdict::Broken(_) => Ok(()),
            other => Err(format!("{}: {} gives {other:?}", fault.statement(), law.name).into()),
        }
    }
}
