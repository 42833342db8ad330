//! Every kernel module compiles for the cards of several years, and takes of a card what is on record; no device is needed.
//!
//! Needs NVRTC: `scripts/nvrtc 13` installs it and runs this. Without it there is one ignored trial with the
//! reason, and a failure where `SOFTRAS_REQUIRE` names `nvrtc`.

use std::collections::HashSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use softras_cuda::{COLUMNS, CudaError, Module, compiler_version, embedded_by, modules};

/// Architectures that all modules are compiled for, and those that the default ones are.
const ALL: u32 = 90;
const DEFAULT: [u32; 2] = [75, 80];
/// What the kernels take for `ALL`, and the compiler that said so.
const RECORD: &str = include_str!("../resources.tsv");
const RECORDED_BY: (i32, i32) = (13, 0);
/// Bytes of registers that a thread may write to memory because they do not fit, by the room for color channels: 3 and 8,
/// 32, 128. Nobody draws the latter often; what each takes is on record.
const MOST_SPILLED: [u32; 3] = [32, 64, 4096];
/// The same where the color is a network's, whose sums are as many as its units.
const MOST_SPILLED_BY_NETWORKS: [u32; 3] = [128, 256, 4096];

/// The most that the kernels of a module may spill.
fn most_spilled(name: &str) -> u32 {
    let has = |wanted: &&str| name.split('-').any(|word| word == *wanted);
    let most = if has(&"neural") { MOST_SPILLED_BY_NETWORKS } else { MOST_SPILLED };
    most[["32", "128"].iter().position(has).map_or(0, |i| i + 1)]
}

/// A default module compiles, twice to the same.
fn compiles(module: Module, architecture: u32) -> Trial {
    Trial::test(format!("{}::compiles_for_{architecture}", module.name), move || {
        let ptx = module.compile(architecture)?;
        if !ptx.contains(&format!(".target sm_{architecture}")) {
            let head = ptx.lines().take(12).collect::<String>();
            return Err(format!("PTX for another architecture:\n{head}").into());
        }
        if ptx != module.compile(architecture)? {
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

/// A module compiles down to machine code, and its kernels take what is on record: more registers or spills than that must
/// be meant.
fn assembles(module: Module) -> Trial {
    let is_recorder = compiler_version().is_ok_and(|found| found == RECORDED_BY);
    let end = if is_recorder { "takes_what_is_on_record" } else { "compiles" };
    Trial::test(format!("{}::{end}_for_{ALL}", module.name), move || {
        let (ptx, found) = module.assemble(ALL)?;
        if !ptx.contains(&format!(".target sm_{ALL}")) {
            return Err("PTX for another architecture".into());
        }
        if !is_recorder {
            return Ok(());
        }
        let most = most_spilled(&module.name);
        if let Some(kernel) = found.iter().find(|kernel| kernel.spill_stores.max(kernel.spill_loads) > most) {
            return Err(format!("more than {most} bytes are spilled: {COLUMNS}\n{kernel}").into());
        }
        let of_module = |line: &&str| line.split('\t').next() == Some(module.name.as_str());
        let recorded: Vec<&str> = RECORD.lines().filter(of_module).collect();
        let found: Vec<String> = found.iter().map(|kernel| format!("{}\t{kernel}", module.name)).collect();
        if recorded == found {
            return Ok(());
        }
        Err(format!(
            "module\t{COLUMNS}\nfound\n{}\non record\n{}\nexamples/record_resources.rs writes the record",
            found.join("\n"),
            recorded.join("\n")
        )
        .into())
    })
}

/// Nothing is on record that is no module any more.
fn record_has_nothing_else(all: &[Module]) -> Trial {
    let names: HashSet<String> = all.iter().map(|module| module.name.clone()).collect();
    Trial::test("record::has_no_other_modules", move || {
        let recorded = RECORD.lines().skip(1).filter_map(|line| line.split('\t').next());
        match recorded.into_iter().find(|name| !names.contains(*name)) {
            Some(other) => Err(format!("{other} is on record and no module").into()),
            None => Ok(()),
        }
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let all = modules();
    let mut trials = Vec::new();
    match compiler_version() {
        Err(CudaError::NoCompiler { why }) => {
            let required =
                std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x.trim() == "nvrtc"));
            let message = format!("required, but not there: {why}");
            let trial = Trial::test("nvrtc::is_available", move || Err(message.into()));
            trials.push(if required { trial } else { trial.with_kind(why).with_ignored_flag(true) });
        }
        Ok(_) | Err(_) => {
            trials.push(record_has_nothing_else(&all));
            for module in all {
                if module.is_default {
                    trials.push(embedded(module.clone()));
                    trials.extend(DEFAULT.map(|architecture| compiles(module.clone(), architecture)));
                }
                trials.push(assembles(module));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
