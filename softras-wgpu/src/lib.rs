#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod accumulate;
mod alone;
mod axes;
mod backward;
mod bins;
mod buffers;
mod custom;
mod device;
mod error;
#[cfg(feature = "faults")]
pub mod faults;
#[cfg(not(feature = "faults"))]
mod faults;
mod forward;
mod kernels;
mod loops;
mod resident;
mod setup;
mod shared;
mod traffic;
mod turns;
#[cfg(test)]
mod twins;
mod weights;
mod workspace;

use std::sync::Arc;

use bytemuck::Pod;
use softras_core::math::{Color, DeviceLanguage, Distribution, Silhouette};
use softras_core::raster::{
    Capabilities, Choices, CustomParts, Gradients, Info, Plan, Probe, RasterParams, Rasterizer, Variant,
    Wanted,
};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad};

pub use device::{Adapter, AdapterInfo, AdapterKind, adapters};
pub use error::WgpuError;
pub use resident::{Resident, ResidentArray};
pub use traffic::Traffic;
/// The interface to the device, for kernels of your own on resident buffers.
pub use wgpu;
pub use workspace::WgpuSaved;

use axes::{Axes, ColorKernel, DistributionKernel, MAX_CHANNELS, SilhouetteKernel, Tile};
use buffers::{Arena, Buffer, Use};
use device::Gpu;
use error::Result;
use faults::Planted;
use kernels::{Kernels, Pipeline, Stage};
use setup::Input;
use turns::Pieces;
use workspace::{Drawn, Layout};

/// The wgpu back end: the renderer on any GPU that Vulkan, Metal or DX12 reach, or in software. The same bits every run.
#[derive(Debug)]
pub struct WgpuRasterizer {
    gpu: Arc<Gpu>,
    kernels: Arc<Kernels>,
    arena: Arena,
    tile: Tile,
    pieces: Pieces,
    planted: Planted,
}

impl WgpuRasterizer {
    /// Opens the adapter that the variable `SOFTRAS_ADAPTER` names ([`Adapter`]'s `FromStr`), else the best there is.
    ///
    /// # Errors
    /// `Unavailable` if there is none, with what was found.
    pub fn new() -> softras_core::Result<Self> {
        Self::open(&Adapter::from_environment()?)
    }

    /// Opens `adapter`.
    ///
    /// # Errors
    /// `Unavailable` if there is none like it, with what was found.
    pub fn open(adapter: &Adapter) -> softras_core::Result<Self> {
        let gpu = Gpu::open(adapter)?;
        let arena = Arena::new(gpu.binding_bytes);
        Ok(Self {
            gpu: Arc::new(gpu),
            kernels: Arc::default(),
            arena,
            tile: Tile::default(),
            pieces: Pieces::LARGEST,
            planted: Planted::default(),
        })
    }

    /// Cuts work so that no buffer a kernel sees is larger than `bytes`, though the device could do more. The bits do
    /// not depend on it.
    #[must_use]
    pub fn with_binding_bytes(mut self, bytes: u64) -> Self {
        self.arena.most_bytes = bytes.min(self.gpu.binding_bytes);
        self
    }

    /// Draws at most so many faces and so many pictures at once, though there were room for more. The bits do not depend
    /// on it. A number of 0 is taken for 1.
    #[must_use]
    pub fn with_pieces(mut self, faces: usize, pictures: usize) -> Self {
        self.pieces = Pieces { faces: faces.max(1), pictures: pictures.max(1) };
        self
    }

    /// The same device with a fault.
    #[cfg(feature = "faults")]
    #[must_use]
    pub fn with_fault(mut self, fault: faults::Fault) -> Self {
        self.planted = Planted { fault: Some(fault) };
        self.kernels = Arc::default();
        self
    }

    /// Destroys the device, as a driver that fails does.
    #[cfg(feature = "faults")]
    pub fn lose(&self) {
        self.gpu.device.destroy();
    }

    /// The next `passes` passes, forward or backward, find no memory on the device, though there is some.
    #[cfg(feature = "faults")]
    pub fn starve(&self, passes: u32) {
        self.gpu.starved.plant(passes);
    }

    /// Gives the device a command that is invalid, while no call waits for an answer.
    #[cfg(feature = "faults")]
    pub fn misuse(&self) {
        let size = self.gpu.device.limits().max_buffer_size + 4;
        let usage = wgpu::BufferUsages::COPY_DST;
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        drop(self.gpu.device.create_buffer(&descriptor));
    }

    /// The same device and kernels, drawn on in tiles of another shape and in other pieces.
    fn variant(&self, name: &str, tile: Tile, pieces: Pieces) -> Variant {
        let arena = Arena::new(self.arena.most_bytes);
        let (gpu, kernels, planted) = (Arc::clone(&self.gpu), Arc::clone(&self.kernels), self.planted);
        let backend = Box::new(Self { gpu, kernels, arena, tile, pieces, planted });
        Variant { name: name.to_owned(), backend }
    }

    /// The adapter that is drawn on.
    #[must_use]
    pub fn adapter(&self) -> &AdapterInfo {
        &self.gpu.info
    }

    /// The device, for kernels of your own on [`Resident`] buffers.
    #[must_use]
    pub fn device(&self) -> &wgpu::Device {
        &self.gpu.device
    }

    /// The queue of the device: what is submitted to it runs before and after this crate's work, in order.
    #[must_use]
    pub fn queue(&self) -> &wgpu::Queue {
        &self.gpu.queue
    }

    /// What was moved between the host and this device so far, by all that share it.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.gpu.traffic.now()
    }

    /// Frees the device memory that no picture uses.
    pub fn free_unused(&self) {
        self.arena.clear();
    }

    pub(crate) fn binding_bytes(&self) -> u64 {
        self.arena.most_bytes
    }

    pub(crate) fn kernel(&self, stage: Stage, axes: &Axes) -> Result<Arc<Pipeline>> {
        self.kernels.get(&self.gpu, stage, axes, self.tile, self.planted)
    }

    pub(crate) fn filled<T: Pod>(&self, purpose: Use, what: &str, values: &[T]) -> Result<Buffer> {
        self.arena.filled(&self.gpu, purpose, what, values)
    }

    fn check(&self, faces: &Faces, params: &RasterParams, plan: &Plan<f32>) -> softras_core::Result<()> {
        Rasterizer::capabilities(self).check("wgpu", faces, params)?;
        custom::check(params, plan.channels)?;
        if plan.channels > MAX_CHANNELS {
            return Err(Error::Unsupported {
                backend: "wgpu".to_owned(),
                what: format!("{} color channels", plan.channels),
                supported: format!("at most {MAX_CHANNELS}"),
            });
        }
        Ok(())
    }
}

impl Rasterizer<f32> for WgpuRasterizer {
    type Saved = WgpuSaved;

    fn info(&self) -> Info {
        self.gpu.info.info()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            custom: CustomParts::DeviceText(DeviceLanguage::Wgsl),
            choices: Choices::Kernels,
            distributions: with(Distribution::BUILT_IN, |part| DistributionKernel::of(part).is_some()),
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
        saved: &mut WgpuSaved,
    ) -> softras_core::Result<()> {
        saved.drawn = None;
        self.gpu.begin()?;
        let plan = Plan::new(faces, params)?;
        self.check(faces, params, &plan)?;
        image.fit(&plan);
        let layout = Layout::new(faces, params, &plan)?;
        let input = Input { faces, params, plan: &plan, layout: &layout };
        let turns = self.draw(&input, image)?;
        saved.drawn = Some(Drawn {
            gpu: Arc::clone(&self.gpu),
            faces: Arc::clone(faces),
            params: params.clone(),
            plan,
            layout,
            turns,
        });
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &WgpuSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> softras_core::Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        if !Arc::ptr_eq(&drawn.gpu, &self.gpu) {
            return Err(Error::layout("saved state", "one of another device", "one of this device"));
        }
        grad.check(&drawn.plan)?;
        self.gpu.begin()?;
        Ok(self.go_back(drawn, grad, wanted, gradients)?)
    }

    fn pairs(&self, saved: &WgpuSaved) -> Option<u64> {
        let drawn = saved.drawn.as_ref().filter(|drawn| Arc::ptr_eq(&drawn.gpu, &self.gpu))?;
        match self.count_pairs(drawn) {
            Ok(pairs) => Some(pairs),
            Err(error) => {
                // There is no way to say it here: the next call does.
                self.gpu.tell_later(error);
                None
            }
        }
    }

    fn variants(&self) -> Vec<Variant> {
        let pieces = Pieces { faces: 300, pictures: 1 };
        vec![
            self.variant("tiles of 32 x 8", Tile::Wide, Pieces::LARGEST),
            self.variant("tiles of 8 x 32", Tile::Tall, Pieces::LARGEST),
            self.variant("300 faces of one picture at a time", Tile::Square, pieces),
        ]
    }

    fn probe(&self) -> Option<&dyn Probe> {
        Some(self)
    }
}

/// The parts that have a kernel.
fn with<T: Clone>(all: &[T], has_kernel: impl Fn(&T) -> bool) -> Vec<T> {
    all.iter().filter(|part| has_kernel(part)).cloned().collect()
}
