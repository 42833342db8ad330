//! Every kernel module compiles for the cards of several years; no device is needed.
//!
//! Needs NVRTC: `scripts/nvrtc` installs it and says how to run this. Without it there is one ignored trial with the
//! reason, and a failure where `SOFTRAS_REQUIRE` names `nvrtc`.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use softras_cuda::{CudaError, Module, modules};

/// Architectures that all modules are compiled for, and those that the default ones are.
const ALL: u32 = 90;
const DEFAULT: [u32; 2] = [75, 80];
/// Room for color channels: RGB, and the largest.
const CHANNELS: [u32; 2] = [3, 128];

fn trial(module: Module, architecture: u32) -> Trial {
    Trial::test(format!("{}::compiles_for_{architecture}", module.name), move || {
        let ptx = module.compile(architecture)?;
        if !ptx.contains(&format!(".target sm_{architecture}")) {
            return Err(format!(
                "PTX for another architecture:\n{}",
                ptx.lines().take(12).collect::<String>()
            )
            .into());
        }
        let again = module.compile(architecture)?;
        if ptx != again {
            return Err("compiling twice gives different PTX".into());
        }
        Ok(())
    })
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // NVRTC compiles one module at a time anyway.
    arguments.test_threads = arguments.test_threads.or(Some(1));
    let [rgb, largest] = CHANNELS.map(modules);
    let mut trials = Vec::new();
    match rgb[0].compile(ALL) {
        Err(CudaError::NoCompiler { why }) => {
            let required =
                std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x.trim() == "nvrtc"));
            let message = format!("required, but not there: {why}");
            let trial = Trial::test("nvrtc::is_available", move || Err(message.into()));
            trials.push(if required { trial } else { trial.with_kind(why).with_ignored_flag(true) });
        }
        Ok(_) | Err(_) => {
            let count = rgb.len();
            trials.push(Trial::test("modules::are_at_most_a_hundred", move || {
                if count <= 100 { Ok(()) } else { Err(format!("{count} modules").into()) }
            }));
            for module in rgb {
                for architecture in DEFAULT {
                    if module.is_default {
                        trials.push(trial(module.clone(), architecture));
                    }
                }
                trials.push(trial(module, ALL));
            }
            let largest = largest.into_iter().filter(|m| m.name.contains("both"));
            trials.extend(largest.map(|module| trial(module, ALL)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
