//! The conformance suite on the emulated driver, in two orders of threads and blocks: `cuda-emulated`.
//!
//! The host code and the kernels are those of a card; only the driver and the compiler are emulated. On the first device
//! memory is lent by the arena, on the second every buffer is exactly as large as it must be, between guard pages. New
//! memory is full of NaN, or of the byte that `SOFTRAS_EMULATED_FILL` names: `00`, `7f`.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use softras_conformance::{Opened, Subject};
use softras_core::raster::{Capabilities, Gradients, Info, Probe, RasterParams, Rasterizer, Variant, Wanted};
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad, Result};
use softras_cuda::{Buffers, CudaOptions, CudaRasterizer, CudaSaved, CudaShards, Module, modules};

/// The name by which `SOFTRAS_REQUIRE` knows it.
const NAME: &str = "cuda-emulated";

/// The CUDA back end under another name, so that nobody takes its report for that of a card.
struct Emulated(CudaRasterizer);

impl Rasterizer<f32> for Emulated {
    type Saved = CudaSaved;

    fn info(&self) -> Info {
        Info { backend: NAME.to_owned(), ..self.0.info() }
    }
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut CudaSaved,
    ) -> Result<()> {
        self.0.forward_into(faces, params, image, saved)
    }
    fn backward_into(
        &self,
        saved: &CudaSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        self.0.backward_into(saved, grad, wanted, gradients)
    }
    fn pairs(&self, saved: &CudaSaved) -> Option<u64> {
        self.0.pairs(saved)
    }
    fn variants(&self) -> Vec<Variant> {
        let one = |device, buffers| open_device(device, buffers).expect("an emulated device");
        let devices = (0..3).map(|device| one(device, Buffers::Reused)).collect();
        let shards = CudaShards::new(devices).expect("three devices");
        vec![
            Variant { name: "3 devices".to_owned(), backend: Box::new(shards) },
            Variant { name: "shuffled, exact buffers".to_owned(), backend: Box::new(one(2, Buffers::Exact)) },
        ]
    }
    fn probe(&self) -> Option<&dyn Probe> {
        Rasterizer::probe(&self.0)
    }
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn open_device(device: usize, buffers: Buffers) -> Result<CudaRasterizer> {
    CudaOptions::new(device).cache(Some(folder().join("kernels"))).buffers(buffers).open()
}

/// Opens a device, and keeps a handle of it in `devices`.
fn open(device: usize, buffers: Buffers, devices: &mut Vec<CudaRasterizer>) -> Opened {
    let opened = open_device(device, buffers).map(|device| {
        devices.push(device.clone());
        Subject::single(Emulated(device))
    });
    Opened { name: NAME.to_owned(), subject: opened.map_err(|e| e.to_string()) }
}

/// Tells whether all modules that the suite asked for are among those compiled in advance for machines without a compiler.
fn all_are_listed(devices: &[CudaRasterizer]) -> bool {
    let listed: HashSet<String> = modules().iter().map(Module::file).collect();
    let used: HashSet<String> = devices.iter().flat_map(CudaRasterizer::files_of_modules).collect();
    // What has a text of a user's own cannot be compiled in advance.
    let others: Vec<_> = used.difference(&listed).filter(|file| !file.contains("-own-")).collect();
    eprintln!("{} modules were asked for, of {} that are listed", used.len(), listed.len());
    if !others.is_empty() {
        eprintln!("these are not: {others:?}");
    }
    others.is_empty()
}

/// Tells whether somebody asked for this suite, which compiles many kernels and runs them a thread at a time.
fn is_asked_for() -> bool {
    std::env::var("SOFTRAS_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name.trim() == NAME))
}

fn main() -> ExitCode {
    if !is_asked_for() {
        let why = format!("takes long: SOFTRAS_REQUIRE={NAME} runs it");
        return softras_conformance::test(vec![Opened { name: NAME.to_owned(), subject: Err(why) }]);
    }
    let mut devices = Vec::new();
    let opened = match softras_cuda_emulator::load(folder()) {
        Ok(()) => {
            vec![open(0, Buffers::Reused, &mut devices), open(1, Buffers::Exact, &mut devices)]
        }
        Err(why) => vec![Opened { name: NAME.to_owned(), subject: Err(why.to_string()) }],
    };
    let code = softras_conformance::test(opened);
    if all_are_listed(&devices) { code } else { ExitCode::FAILURE }
}
