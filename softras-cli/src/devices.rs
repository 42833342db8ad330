//! `softras devices`.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use crate::args::DevicesArgs;
use crate::backend;
use crate::output::{finish, say};

/// Lists the devices.
pub(crate) fn run(args: &DevicesArgs) -> Result<ExitCode> {
    let found = backend::devices(args.threads.unwrap_or(0))?;
    let instructions = instructions();
    if args.json {
        let list: Vec<_> = found
            .iter()
            .map(|i| json!({ "backend": i.backend, "device": i.device, "details": i.details }))
            .collect();
        let cpu = json!({ "threads": rayon::current_num_threads(), "instructions": instructions });
        finish(true, &json!({ "devices": list, "cpu": cpu }), "");
    } else {
        for (n, info) in found.iter().enumerate() {
            let auto = if n == 0 { " (auto)" } else { "" };
            say(format!("{}{auto}: {}, {}", info.backend, info.device, info.details));
        }
        #[cfg(feature = "cuda")]
        if let Err(why) = softras::cuda_devices() {
            crate::output::note(why);
        }
        say(format!("instruction sets: {}", instructions.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}

/// The instruction sets of this machine that a back end may use.
fn instructions() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let sets = [
            ("sse2", true),
            ("sse4.1", std::arch::is_x86_feature_detected!("sse4.1")),
            ("avx", std::arch::is_x86_feature_detected!("avx")),
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ];
        sets.into_iter().filter(|s| s.1).map(|s| s.0).collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        vec![std::env::consts::ARCH]
    }
}
