//! Several devices as one: each draws a run of the pictures of a batch, with the same bits as one device.

use core::ops::Range;
use std::sync::Arc;

use softras_core::raster::{Capabilities, Gradients, Info, Plan, RasterParams, Rasterizer, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use crate::CudaRasterizer;
use crate::accumulate;
use crate::error::BACKEND;
use crate::runs::{self, Runs, Turns};

/// The CUDA back end on several devices at once: a batch is cut into runs of pictures, one a device.
#[derive(Clone, Debug)]
pub struct CudaShards {
    devices: Vec<CudaRasterizer>,
}

/// What [`CudaShards`] keeps of a batch.
#[derive(Debug, Default)]
pub struct CudaShardsSaved {
    drawn: Option<Runs>,
}

impl CudaShards {
    /// Draws on `devices`, in their order; a device may be named more than once.
    ///
    /// # Errors
    /// `Parameter` if there are none.
    pub fn new(devices: Vec<CudaRasterizer>) -> Result<Self> {
        if devices.is_empty() {
            return Err(Error::parameter("devices", "none", "one at least"));
        }
        Ok(Self { devices })
    }
}

/// The run of a batch that device `i` of `count` draws.
fn run_of(batch: usize, i: usize, count: usize) -> Range<usize> {
    batch * i / count..batch * (i + 1) / count
}

impl Rasterizer<f32> for CudaShards {
    type Saved = CudaShardsSaved;

    fn info(&self) -> Info {
        let infos: Vec<Info> = self.devices.iter().map(|d| d.info()).collect();
        let join = |f: fn(&Info) -> &str| infos.iter().map(f).collect::<Vec<_>>().join(" + ");
        Info { backend: BACKEND.to_owned(), device: join(|i| &i.device), details: join(|i| &i.details) }
    }

    fn capabilities(&self) -> Capabilities {
        self.devices[0].capabilities()
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut CudaShardsSaved,
    ) -> Result<()> {
        saved.drawn = None;
        let plan = Plan::new(faces, params)?;
        self.capabilities().check(BACKEND, faces, params)?;
        image.fit(&plan);
        let count = self.devices.len();
        let runs = self.devices.iter().enumerate().map(|(i, d)| (d, run_of(plan.batch, i, count)));
        let runs = runs.filter(|(_, pictures)| !pictures.is_empty()).collect();
        saved.drawn = Some(runs::draw(Turns::AtOnce, runs, faces, params, plan, image)?);
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &CudaShardsSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        let weights = drawn.backward(&self.devices, grad, wanted, gradients, None)?;
        accumulate::share_weights(&weights, gradients);
        Ok(())
    }

    fn pairs(&self, saved: &CudaShardsSaved) -> Option<u64> {
        saved.drawn.as_ref()?.saved().map(|saved| saved.pairs()).sum()
    }
}
