//! What is kept between calls: the faces and the state of every pixel, on the device.

use std::sync::Arc;

use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;

use crate::Work;
use crate::bins::Lists;
use crate::buffers::{self, Buffer};
use crate::kernels::Axes;
use crate::portions::Portions;
use crate::runs::Runs;
use crate::setup::Source;
use crate::shared::Globals;

/// What [`crate::CudaRasterizer`] keeps of a picture: the input, and O(pixels) aggregator state.
#[derive(Debug, Default)]
pub struct CudaSaved {
    pub(crate) kept: Kept,
}

/// What a batch was drawn as.
#[derive(Debug, Default)]
pub(crate) enum Kept {
    /// It was not drawn.
    #[default]
    Nothing,
    /// All at once.
    Whole(Box<Drawn>),
    /// A run of pictures at a time, since all at once were over the memory budget.
    Runs(Box<Runs>),
    /// The same of a batch that lies on the device.
    Portions(Box<Portions>),
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
    /// The lists, unless `backward` is to build them again.
    pub(crate) lists: Option<Lists>,
    /// How many entries the lists of bins have.
    pub(crate) list_entries: u64,
    /// How many pairs counted in each tile.
    pub(crate) pairs: Buffer,
    /// What `globals` points to, held until the picture is forgotten.
    pub(crate) held: Vec<Buffer>,
    /// Where corners and texels came from.
    pub(crate) source: Source,
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
        match &self.kept {
            Kept::Nothing => 0,
            Kept::Whole(drawn) => drawn.list_entries,
            Kept::Runs(runs) => runs.saved().map(Self::list_entries).sum(),
            Kept::Portions(portions) => portions.all.iter().map(|portion| portion.drawn.list_entries).sum(),
        }
    }

    /// Tells whether the batch was drawn all at once, and not in runs of pictures for being over the memory budget.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.kept, Kept::Whole(_))
    }

    /// Reads how many pairs counted; `None` if nothing was drawn, or the device fails.
    pub(crate) fn pairs(&self) -> Option<u64> {
        match &self.kept {
            Kept::Nothing => None,
            Kept::Whole(drawn) => drawn.pairs(),
            Kept::Runs(runs) => runs.saved().map(Self::pairs).sum(),
            Kept::Portions(portions) => portions.all.iter().map(|portion| portion.drawn.pairs()).sum(),
        }
    }

    /// The device that filled it.
    pub(crate) fn device(&self) -> Option<&Arc<Work>> {
        match &self.kept {
            Kept::Nothing => None,
            Kept::Whole(drawn) => Some(&drawn.work),
            Kept::Runs(runs) => runs.saved().find_map(Self::device),
            Kept::Portions(portions) => portions.all.first().map(|portion| &portion.drawn.work),
        }
    }

    /// Gives the lists of faces back: `backward` builds them again, so that those of many runs are not held at once.
    pub(crate) fn forget_lists(&mut self) {
        if let Kept::Whole(drawn) = &mut self.kept {
            drawn.lists = None;
        }
    }
}
