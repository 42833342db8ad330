//! What is kept between calls: the faces and the state of every pixel, on the device.

use std::sync::Arc;

use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;

use crate::Work;
use crate::bins::Lists;
use crate::buffers::{self, Buffer};
use crate::kernels::Axes;
use crate::shared::Globals;

/// What [`crate::CudaRasterizer`] keeps of a picture: the input, and O(pixels) aggregator state.
#[derive(Debug, Default)]
pub struct CudaSaved {
    pub(crate) drawn: Option<Drawn>,
}

/// What a picture was drawn from, and what its reverse needs.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) faces: Arc<Faces>,
    pub(crate) params: RasterParams,
    pub(crate) plan: Plan<f32>,
    pub(crate) axes: Axes,
    /// Where everything lies.
    pub(crate) globals: Globals,
    pub(crate) lists: Lists,
    /// How many pairs counted in each tile.
    pub(crate) pairs: Buffer,
    /// What `globals` points to, held until the picture is forgotten.
    #[expect(dead_code, reason = "it keeps the memory lent")]
    pub(crate) held: Vec<Buffer>,
    /// The device it lies on.
    pub(crate) work: Arc<Work>,
}

impl Drawn {
    /// Reads how many pairs counted; `None` if the device fails.
    pub(crate) fn pairs(&self) -> Option<u64> {
        let mut tiles = vec![0_u64; self.plan.batch * self.globals.tiles as usize];
        buffers::read(&self.work.gpu, &self.pairs, "forward", &mut tiles).ok()?;
        Some(tiles.iter().sum())
    }
}

impl CudaSaved {
    /// Returns how many entries the face lists of all bins have together; 0 where pictures are small enough to need none.
    #[must_use]
    pub fn list_entries(&self) -> u64 {
        self.drawn.as_ref().map_or(0, |drawn| drawn.lists.ends[0])
    }
}
