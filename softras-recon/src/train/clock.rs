//! How long drawing takes: [`Clocked`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use softras_core::raster::{
    Capabilities, DynRasterizer, DynSaved, Gradients, Info, RasterParams, Rasterizer, Wanted,
};
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad, Result};

/// A back end that adds up how long the one below takes, forward and backward.
pub(super) struct Clocked<'d> {
    below: &'d dyn DynRasterizer,
    nanoseconds: AtomicU64,
}

impl<'d> Clocked<'d> {
    pub(super) const fn new(below: &'d dyn DynRasterizer) -> Self {
        Self { below, nanoseconds: AtomicU64::new(0) }
    }
    pub(super) fn milliseconds(&self) -> f64 {
        self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e6
    }
    fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.nanoseconds.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        result
    }
}

impl Rasterizer for Clocked<'_> {
    type Saved = DynSaved;

    fn info(&self) -> Info {
        self.below.info()
    }
    fn capabilities(&self) -> Capabilities {
        self.below.capabilities()
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut DynSaved,
    ) -> Result<()> {
        self.timed(|| self.below.forward_into(faces, params, image, saved))
    }
    fn backward_into(
        &self,
        saved: &DynSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        self.timed(|| self.below.backward_into(saved, grad, wanted, gradients))
    }
}
