#![doc = include_str!("../README.md")]

mod accumulate;
mod arrays;
mod backward;
mod bins;
mod brute;
mod buffers;
mod compiler;
mod constants;
pub mod custom;
mod device;
mod error;
mod family;
mod forward;
mod kernels;
mod loaded;
mod modules;
mod portions;
mod probe;
mod ptx;
mod resident;
mod resources;
mod runs;
mod setup;
mod shards;
mod shared;
mod step;
mod times;
mod weights;
mod workspace;

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array3;
use softras_core::math::{Color, DeviceLanguage, Distribution, Silhouette};
use softras_core::raster::{
    Capabilities, Choices, CustomParts, Gradients, Info, Plan, Probe, RasterParams, Rasterizer, Wanted,
};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use accumulate::Start;
pub use arrays::{DeviceArray, DeviceArrayMut, RawArray};
pub use brute::{CudaBrute, CudaBruteSaved};
use buffers::Arena;
pub use buffers::Buffers;
use compiler::Compiler;
pub use compiler::Compiling;
/// The bindings by which arrays and streams are passed, in the version that is used here.
pub use cudarc;
use device::Gpu;
pub use device::devices;
use error::BACKEND;
pub use error::CudaError;
use forward::Begun;
use kernels::{ColorKernel, SilhouetteKernel};
use loaded::Kernels;
pub use modules::{Module, compiler_version, embedded_by, modules};
pub use resident::{DeviceFaces, DeviceGradients, DeviceImage, DeviceImageGrad};
pub use resources::{COLUMNS, Resources};
use runs::Turns;
use setup::Source;
pub use shards::{CudaShards, CudaShardsSaved};
pub use step::CudaStep;
pub use times::KernelTime;
pub use workspace::CudaSaved;
use workspace::Kept;

/// How a device is opened.
#[derive(Clone, Debug)]
pub struct CudaOptions {
    device: usize,
    folder: Option<PathBuf>,
    precompiled: Option<PathBuf>,
    compiling: Compiling,
    buffers: Buffers,
}

impl CudaOptions {
    /// Device `device`, as the driver numbers them; kernels are kept in the user's cache folder.
    #[must_use]
    pub fn new(device: usize) -> Self {
        Self {
            device,
            folder: compiler::default_folder(),
            precompiled: compiler::precompiled_folder(),
            compiling: compiler::compiling(),
            buffers: Buffers::default(),
        }
    }

    /// Sets the folder that compiled kernels are kept in, `None` for none.
    #[must_use]
    pub fn cache(mut self, folder: Option<PathBuf>) -> Self {
        self.folder = folder;
        self
    }

    /// Sets a folder of modules compiled in advance, for machines without NVRTC, where only the paper's own are embedded;
    /// at first `$SOFTRAS_CUDA_KERNELS`. `examples/precompile.rs` fills one with [`modules`].
    #[must_use]
    pub fn precompiled(mut self, folder: Option<PathBuf>) -> Self {
        self.precompiled = folder;
        self
    }

    /// Sets whether kernels may be compiled; at first they are, where NVRTC is installed, unless `$SOFTRAS_CUDA_COMPILE` is
    /// `never`.
    #[must_use]
    pub fn compiling(mut self, compiling: Compiling) -> Self {
        self.compiling = compiling;
        self
    }

    /// Sets how device memory is lent.
    #[must_use]
    pub fn buffers(mut self, buffers: Buffers) -> Self {
        self.buffers = buffers;
        self
    }

    /// Opens the device.
    ///
    /// # Errors
    /// `Unavailable` says why it cannot be had: no driver, no such device.
    pub fn open(self) -> Result<CudaRasterizer> {
        let compiler = Compiler::new(self.folder, self.precompiled, self.compiling);
        let work = Work {
            gpu: Gpu::open(self.device)?,
            arena: Arena::new(self.buffers),
            kernels: Arc::new(Kernels::new(compiler)),
        };
        Ok(CudaRasterizer { work: Arc::new(work) })
    }
}

/// A device, its memory and its kernels.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) kernels: Arc<Kernels>,
    pub(crate) arena: Arena,
    pub(crate) gpu: Gpu,
}

/// The CUDA back end on one device. The same bits every run.
#[derive(Clone, Debug)]
pub struct CudaRasterizer {
    work: Arc<Work>,
}

impl CudaRasterizer {
    /// Opens device `device`; see [`CudaOptions`] for more.
    ///
    /// # Errors
    /// `Unavailable` says why it cannot be had: no driver, no such device.
    pub fn new(device: usize) -> Result<Self> {
        CudaOptions::new(device).open()
    }

    /// The files of the modules that it has needed so far, as [`Module::file`] names them: what a folder of modules compiled
    /// in advance must hold for a program that does the same.
    #[must_use]
    pub fn files_of_modules(&self) -> Vec<String> {
        self.work.kernels.files()
    }

    /// Tells whether this rasterizer, or a clone of it, filled `saved`.
    pub(crate) fn filled(&self, saved: &CudaSaved) -> bool {
        saved.device().is_some_and(|work| Arc::ptr_eq(work, &self.work))
    }

    /// Checks that `saved` was filled, and by this rasterizer or a clone of it.
    pub(crate) fn check_saved(&self, saved: &CudaSaved) -> Result<()> {
        let Some(work) = saved.device() else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        if !self.filled(saved) {
            let found = format!("one that device {} filled", work.gpu.ordinal);
            return Err(Error::layout("saved state", found, "one of this rasterizer and its clones"));
        }
        Ok(())
    }

    /// As `backward_into`, but for the gradients to weights, which are returned for each picture, `[B, N]`, empty where they
    /// are nil; the sums of texture gradients begin with `carried`, which has the shape of the texels.
    pub(crate) fn backward_from(
        &self,
        saved: &CudaSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
        carried: Option<Array3<f32>>,
    ) -> Result<Vec<f32>> {
        self.check_saved(saved)?;
        let drawn = match &saved.kept {
            Kept::Nothing => return Ok(Vec::new()),
            Kept::Runs(runs) => {
                let own = core::slice::from_ref(self);
                return runs.backward(own, grad, wanted, gradients, carried);
            }
            Kept::Whole(drawn) => drawn,
            Kept::Portions(_) => return Err(resident_faces()),
        };
        if !matches!(drawn.source, Source::Host) {
            return Err(resident_faces());
        }
        grad.check(&drawn.plan)?;
        gradients.fit(wanted, &drawn.faces, &drawn.plan, drawn.params.get_weights().len());
        let start = if carried.is_some() { Start::Carried } else { Start::Zero };
        if let (Some(to), Some(carried)) = (&mut gradients.textures, carried) {
            *to = carried;
        }
        backward::backward(drawn, grad, wanted, start, gradients)
    }

    /// Draws a batch; in two halves where it is over the memory budget.
    fn draw(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        plan: Plan<f32>,
        image: &mut Image,
    ) -> Result<Kept> {
        let budget = *params.get_memory_budget();
        match forward::begin(&self.work, faces, params, &plan, Source::Host)? {
            Begun::Ready(drawn) if plan.batch < 2 || drawn.bytes_of_all() <= budget => {
                drawn.draw_into(image)?;
                return Ok(Kept::Whole(drawn));
            }
            Begun::Needs(bytes) if plan.batch < 2 => {
                return Err(forward::over_budget(&self.work, "face lists", bytes, params));
            }
            // What it took is given back here.
            Begun::Ready(_) | Begun::Needs(_) => {}
        }
        let half = plan.batch / 2;
        let runs = vec![(self, 0..half), (self, half..plan.batch)];
        Ok(Kept::Runs(Box::new(runs::draw(Turns::OneByOne, runs, faces, params, plan, image)?)))
    }
}

impl Rasterizer<f32> for CudaRasterizer {
    type Saved = CudaSaved;

    fn info(&self) -> Info {
        self.work.gpu.info()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            // Their text must be compiled.
            custom: if self.work.kernels.compiles() {
                CustomParts::DeviceText(DeviceLanguage::Cuda)
            } else {
                CustomParts::Refused
            },
            choices: Choices::Kernels,
            distributions: with(Distribution::BUILT_IN, |part| setup::distribution_number(part).is_some()),
            silhouettes: with(Silhouette::BUILT_IN, |part| SilhouetteKernel::drawn(part).is_some()),
            colors: with(Color::BUILT_IN, |part| ColorKernel::of(part).is_some()),
            ..Capabilities::everything(&["f32"])
        }
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut CudaSaved,
    ) -> Result<()> {
        saved.kept = Kept::Nothing;
        let plan = Plan::new(faces, params)?;
        self.capabilities().check(BACKEND, faces, params)?;
        image.fit(&plan);
        saved.kept = self.draw(faces, params, plan, image)?;
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &CudaSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        let weights = self.backward_from(saved, grad, wanted, gradients, None)?;
        accumulate::share_weights(&weights, gradients);
        Ok(())
    }

    fn pairs(&self, saved: &CudaSaved) -> Option<u64> {
        saved.pairs()
    }

    fn probe(&self) -> Option<&dyn Probe> {
        Some(self)
    }
}

/// The error of going back on the host through faces that it does not have.
fn resident_faces() -> Error {
    let expected = "faces from the host; backward_on_device goes back through those on the device";
    Error::layout("saved state", "faces on the device", expected)
}

/// The parts that have a kernel.
fn with<T: Clone>(all: &[T], has_kernel: impl Fn(&T) -> bool) -> Vec<T> {
    all.iter().filter(|part| has_kernel(part)).cloned().collect()
}
