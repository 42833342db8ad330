//! What is kept between calls: the state of every pixel, in blocks of lanes, and the buffers of the last call.

use std::sync::Arc;

use softras_core::math::{Real, Scalar, Vec2};
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;

use crate::bins::{Bins, Grid, TILE};
use crate::faults;
use crate::setup::{PixelRect, Record};

/// What [`crate::CpuRasterizer`] keeps of a picture: the input, and O(pixels) aggregator state.
#[derive(Clone, Debug)]
pub struct CpuSaved<R: Scalar = f32> {
    pub(crate) drawn: Option<Drawn<R>>,
    pub(crate) grid: Grid,
    pub(crate) records: Vec<Record<R>>, // [F]
    pub(crate) bins: Vec<Bins>,         // [B]
    pub(crate) layout: Layout,
    pub(crate) planes: Vec<R>, // [B, tiles, blocks, layout.count(), LANES]
    pub(crate) pairs: u64,
}

/// What a picture was drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Drawn<R: Scalar> {
    pub(crate) faces: Arc<Faces<R>>,
    pub(crate) params: RasterParams<R>,
    pub(crate) plan: Plan<R>,
}

impl<R: Scalar> Default for CpuSaved<R> {
    fn default() -> Self {
        Self {
            drawn: None,
            grid: Grid::default(),
            records: Vec::new(),
            bins: Vec::new(),
            layout: Layout::default(),
            planes: Vec::new(),
            pairs: 0,
        }
    }
}

impl<R: Scalar> CpuSaved<R> {
    /// Forgets the picture, keeps the buffers.
    pub(crate) fn clear(&mut self) {
        self.drawn = None;
        self.pairs = 0;
    }

    /// Returns how many (face, pixel) pairs counted in the last picture.
    #[must_use]
    pub const fn pairs(&self) -> u64 {
        self.pairs
    }

    /// Returns how many entries the tiles' face lists have together.
    #[must_use]
    pub fn list_entries(&self) -> usize {
        if self.drawn.is_none() {
            return 0;
        }
        (0..self.bins.len())
            .map(|b| (0..self.grid.tiles()).map(|t| self.bins[b].tile(t).len()).sum::<usize>())
            .sum()
    }
}

/// Which planes a block of pixels has: the two states, the sums, and what was drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) silhouette: usize,
    pub(crate) color: usize,
    pub(crate) sums: usize,
    pub(crate) channels: usize,
    /// Lanes of a block.
    pub(crate) lanes: usize,
}

impl Layout {
    pub(crate) fn color_at(&self) -> usize {
        self.silhouette
    }
    pub(crate) fn sums_at(&self) -> usize {
        self.silhouette + self.color
    }
    pub(crate) fn drawn_at(&self) -> usize {
        self.sums_at() + self.sums
    }
    /// Planes of states, sums, drawn channels, and the drawn alpha.
    pub(crate) fn count(&self) -> usize {
        self.drawn_at() + self.channels + 1
    }
}

/// Blocks of pixels, one lane a pixel: 4 x 4 for 16 lanes, a single pixel for one.
pub(crate) struct Blocks;

impl Blocks {
    /// Pixels across a block of `lanes` lanes.
    pub(crate) const fn across(lanes: usize) -> usize {
        if lanes == 1 { 1 } else { 4 }
    }
    /// Pixels down a block of `lanes` lanes.
    pub(crate) const fn down(lanes: usize) -> usize {
        lanes / Self::across(lanes)
    }
    /// Blocks in a tile.
    pub(crate) const fn in_tile(lanes: usize) -> usize {
        TILE * TILE / lanes
    }
    /// Blocks along a row of a tile.
    pub(crate) const fn row(lanes: usize) -> usize {
        TILE / Self::across(lanes)
    }

    /// The column and row of the first pixel of block `block` of `tile`.
    pub(crate) fn first_pixel<L: Real>(tile: &PixelRect, block: usize) -> (usize, usize) {
        let row = Self::row(L::LANES);
        (
            tile.x.0 as usize + (block % row) * Self::across(L::LANES),
            tile.y.0 as usize + (block / row) * Self::down(L::LANES),
        )
    }

    /// The blocks of `tile` that hold pixels of `rect`, which lies in the tile.
    pub(crate) fn of<L: Real>(tile: &PixelRect, rect: &PixelRect) -> impl Iterator<Item = usize> + use<L> {
        let (across, down) = (Self::across(L::LANES) as u32, Self::down(L::LANES) as u32);
        let row = Self::row(L::LANES);
        let columns = (rect.x.0 - tile.x.0) / across..(rect.x.1 - tile.x.0).div_ceil(across);
        let rows = (rect.y.0 - tile.y.0) / down..(rect.y.1 - tile.y.0).div_ceil(down);
        rows.flat_map(move |y| columns.clone().map(move |x| y as usize * row + x as usize))
    }

    /// The column and row of lane `i` of the block that begins at `first`, if it lies in the picture.
    #[inline(always)]
    pub(crate) fn pixel<L: Real>(grid: &Grid, first: (usize, usize), i: usize) -> Option<(usize, usize)> {
        let across = Self::across(L::LANES);
        let (x, y) = (first.0 + i % across, first.1 + i / across);
        (x < grid.width && y < grid.height).then_some((x, y))
    }

    /// The pixel centres of the block that begins at `first`.
    #[inline(always)]
    pub(crate) fn centres<L: Real>(offsets: Vec2<L>, grid: &Grid, first: (usize, usize)) -> Vec2<L> {
        let like = offsets.x;
        let (w, h) = (grid.width as f64, grid.height as f64);
        let height = like.lit(h);
        let at = Vec2::new(
            (offsets.x + like.lit(2.0 * first.0 as f64 + 1.0 - w)) / height,
            (offsets.y + like.lit(h - 1.0 - 2.0 * first.1 as f64)) / height,
        );
        faults::centres(at, grid)
    }

    /// What each lane of a block adds to the numerators of its first pixel centre: whole numbers, exact.
    pub(crate) fn offsets<L: Real>(like: L) -> Vec2<L> {
        let across = Self::across(L::LANES);
        Vec2::new(
            like.per_lane(|i| L::Scalar::from_f64(2.0 * (i % across) as f64)),
            like.per_lane(|i| L::Scalar::from_f64(-2.0 * (i / across) as f64)),
        )
    }

    /// Where a block's pixels lie in the picture.
    #[inline(always)]
    pub(crate) fn valid<L: Real>(like: L, grid: &Grid, first: (usize, usize)) -> L::Mask {
        let (across, down) = (Self::across(L::LANES), Self::down(L::LANES));
        let one = like.one();
        if first.0 + across <= grid.width && first.1 + down <= grid.height {
            return like.mask(true);
        }
        let inside = like.per_lane(|i| {
            let valid = Self::pixel::<L>(grid, first, i).is_some();
            L::Scalar::from_f64(f64::from(u8::from(valid)))
        });
        inside.ge(one)
    }
}
