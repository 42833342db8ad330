//! Every kernel module compiles for the cards of several years; no device is needed.
//!
//! Needs NVRTC: `scripts/nvrtc 13` installs it and runs this. Without it there is one ignored trial with the
//! reason, and a failure where `SOFTRAS_REQUIRE` names `nvrtc`.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use softras_cuda::{COLUMNS, CudaError, Module, compiler_version, embedded_by, modules};

/// Architectures that all modules are compiled for, and those that the default ones are.
const ALL: u32 = 90;
const DEFAULT: [u32; 2] = [75, 80];
/// What the kernels take for `ALL`, and the compiler that said so.
const RECORD: &str = include_str!("../resources.tsv");
const RECORDED_BY: (i32, i32) = (13, 0);
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
        if module.is_default && ptx != module.compile(architecture)? {
            return Err("compiling twice gives different PTX".into());
        }
        Ok(())
    })
}

/// The embedded PTX is what its compiler makes of the kernels of today, byte for byte.
fn embedded(module: Module) -> Trial {
    let (version, architecture) = embedded_by();
    let found = compiler_version();
    let name = format!("{}::is_embedded_as_compiled", module.name);
    let other = found.as_ref().is_ok_and(|found| *found != version);
    let trial = Trial::test(name, move || {
        let ptx = module.compile(architecture)?;
        match module.embedded() {
            Some(embedded) if embedded == ptx => Ok(()),
            Some(_) => Err("it is out of date: run examples/embed_ptx.rs".into()),
            None => Err("it is not embedded".into()),
        }
    });
    if other {
        return trial.with_kind(format!("needs NVRTC {}.{}", version.0, version.1)).with_ignored_flag(true);
    }
    trial
}

/// What the kernels take is on record: more registers or spills than that must be meant.
fn resources(module: Module) -> Trial {
    let found = compiler_version();
    let other = found.as_ref().is_ok_and(|found| *found != RECORDED_BY);
    let trial = Trial::test(format!("{}::takes_what_is_on_record", module.name), move || {
        let of_module = |line: &&str| line.split('\t').next() == Some(module.name.as_str());
        let recorded: Vec<&str> = RECORD.lines().filter(of_module).collect();
        let found: Vec<String> =
            module.resources(ALL)?.iter().map(|kernel| format!("{}\t{kernel}", module.name)).collect();
        if recorded == found {
            return Ok(());
        }
        Err(format!(
            "module\t{COLUMNS}\nfound\n{}\non record\n{}\nexamples/record_resources.rs writes the record",
            found.join("\n"),
            recorded.join("\n")
        )
        .into())
    });
    if other {
        let why = format!("needs NVRTC {}.{}", RECORDED_BY.0, RECORDED_BY.1);
        return trial.with_kind(why).with_ignored_flag(true);
    }
    trial
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
                if module.is_default {
                    trials.push(embedded(module.clone()));
                }
                for architecture in DEFAULT {
                    if module.is_default {
                        trials.push(trial(module.clone(), architecture));
                    }
                }
                trials.push(resources(module.clone()));
                trials.push(trial(module, ALL));
            }
            let largest = largest.into_iter().filter(|m| m.name.contains("both"));
            trials.extend(largest.map(|module| trial(module, ALL)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
