#![doc = include_str!("../README.md")]

mod accumulate;
mod backward;
mod bins;
mod buffers;
mod compiler;
mod device;
mod error;
mod forward;
mod kernels;
mod modules;
mod probe;
mod ptx;
mod resources;
mod setup;
mod shards;
mod shared;
mod workspace;

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array3;
use softras_core::raster::{
    Capabilities, CustomParts, Gradients, Info, Plan, Probe, RasterParams, Rasterizer, Wanted,
};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use accumulate::Start;
use buffers::Arena;
pub use buffers::Buffers;
use compiler::Compiler;
use device::Gpu;
pub use device::devices;
use error::BACKEND;
pub use error::CudaError;
use kernels::Kernels;
pub use modules::{Module, compiler_version, embedded_by, modules, rooms};
pub use resources::{COLUMNS, Resources};
pub use shards::{CudaShards, CudaShardsSaved};
pub use workspace::CudaSaved;

/// How a device is opened.
#[derive(Clone, Debug)]
pub struct CudaOptions {
    device: usize,
    folder: Option<PathBuf>,
    precompiled: Option<PathBuf>,
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
    /// at first `$SOFTRAS_CUDA_KERNELS`. `examples/precompile.rs` fills one.
    #[must_use]
    pub fn precompiled(mut self, folder: Option<PathBuf>) -> Self {
        self.precompiled = folder;
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
        let work = Work {
            gpu: Gpu::open(self.device)?,
            arena: Arena::new(self.buffers),
            kernels: Kernels::new(Compiler::new(self.folder, self.precompiled)),
        };
        Ok(CudaRasterizer { work: Arc::new(work) })
    }
}

/// A device, its memory and its kernels.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) kernels: Kernels,
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

    /// Tells whether this rasterizer, or a clone of it, filled `saved`.
    pub(crate) fn filled(&self, saved: &CudaSaved) -> bool {
        saved.drawn.as_ref().is_some_and(|drawn| Arc::ptr_eq(&drawn.work, &self.work))
    }

    /// As `backward_into`; the sums of texture gradients begin with `carried`, which has the shape of the texels.
    pub(crate) fn backward_from(
        &self,
        saved: &CudaSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
        carried: Option<Array3<f32>>,
    ) -> Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        if !self.filled(saved) {
            let found = format!("one that device {} filled", drawn.work.gpu.ordinal);
            return Err(Error::layout("saved state", found, "one of this rasterizer and its clones"));
        }
        grad.check(&drawn.plan)?;
        gradients.fit(wanted, &drawn.faces, &drawn.plan, drawn.params.get_weights().len());
        let start = if carried.is_some() { Start::Carried } else { Start::Zero };
        if let (Some(to), Some(carried)) = (&mut gradients.textures, carried) {
            *to = carried;
        }
        backward::backward(drawn, grad, wanted, start, gradients)
    }
}

impl Rasterizer<f32> for CudaRasterizer {
    type Saved = CudaSaved;

    fn info(&self) -> Info {
        self.work.gpu.info()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { custom: CustomParts::Refused, ..Capabilities::everything(&["f32"]) }
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut CudaSaved,
    ) -> Result<()> {
        saved.drawn = None;
        let plan = Plan::new(faces, params)?;
        self.capabilities().check(BACKEND, faces, params)?;
        image.fit(&plan);
        saved.drawn = Some(forward::forward(&self.work, faces, params, plan, image)?);
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &CudaSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        self.backward_from(saved, grad, wanted, gradients, None)
    }

    fn pairs(&self, saved: &CudaSaved) -> Option<u64> {
        saved.drawn.as_ref()?.pairs()
    }

    fn probe(&self) -> Option<&dyn Probe> {
        Some(self)
    }
}
