//! The laws of softras over its back ends with the parts of this crate: on the CPU their Rust, on devices their text, both
//! against their Rust in the reference. The CUDA kernels run on the CPU, under an emulated driver.

use std::path::Path;
use std::process::ExitCode;

use custom_parts::{Coverage, Huber};
use softras_conformance::{Opened, OwnParts, Subject};
use softras_core::math::{Distance, Silhouette};
use softras_cpu::CpuRasterizer;
use softras_cuda::CudaOptions;
use softras_wgpu::WgpuRasterizer;

fn main() -> ExitCode {
    let parts = OwnParts {
        distances: vec![Distance::custom(Huber::new(0.05))],
        silhouettes: vec![Silhouette::custom(Coverage)],
        ..OwnParts::default()
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let cuda = softras_cuda_emulator::load(folder).map_err(|e| e.to_string()).and_then(|()| {
        let options = CudaOptions::new(0).cache(Some(folder.join("kernels")));
        options.open().map_err(|e| e.to_string())
    });
    let opened = [
        ("cpu", Ok(Subject::both(CpuRasterizer))),
        ("wgpu", WgpuRasterizer::new().map(Subject::single).map_err(|e| e.to_string())),
        ("cuda-emulated", cuda.map(Subject::single)),
    ];
    let opened = opened.into_iter().map(|(name, subject)| Opened {
        name: name.to_owned(),
        subject: subject.map(|subject| subject.with_parts(&parts)),
    });
    softras_conformance::test(opened.collect())
}
