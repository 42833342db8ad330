//! Blocks of pixels, one lane a pixel, and where their pixels lie on the screen.

use softras_core::math::{Real, Scalar, Vec2, pixel_centre};

use crate::bins::{Grid, TILE};
use crate::faults;
use crate::setup::PixelRect;

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

    /// The column and row, in its tile, of the first pixel of block `n`.
    #[inline(always)]
    pub(crate) const fn first(lanes: usize, n: usize) -> (usize, usize) {
        let row = Self::row(lanes);
        ((n % row) * Self::across(lanes), (n / row) * Self::down(lanes))
    }

    /// The pixels of block `n` of `tile` that the picture has: how many columns and rows.
    #[inline(always)]
    pub(crate) fn size(lanes: usize, tile: &PixelRect, n: usize) -> (usize, usize) {
        let (x, y) = Self::first(lanes, n);
        let rest = |range: (u32, u32), first: usize, most: usize| {
            ((range.1 - range.0) as usize).saturating_sub(first).min(most)
        };
        (rest(tile.x, x, Self::across(lanes)), rest(tile.y, y, Self::down(lanes)))
    }
}

/// Where the pixels of a picture lie on the screen, in the order in which lanes load them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places<R> {
    /// What they were computed for: width, height.
    size: (usize, usize),
    /// Pixel centres of a block, `[block columns, LANES]` and `[block rows, LANES]`.
    x: Vec<R>,
    y: Vec<R>,
    /// Of the blocks of a tile, `[tile columns, blocks]` and `[tile rows, blocks]`: their first column and row, and the
    /// middle of their pixel centres.
    first_x: Vec<R>,
    first_y: Vec<R>,
    middle_x: Vec<R>,
    middle_y: Vec<R>,
    /// Pixel centres of blocks that begin at any column or row, `[columns, LANES]` and `[rows, LANES]`; of small
    /// pictures alone.
    free_x: Vec<R>,
    free_y: Vec<R>,
    /// From the first block to each of those of a square of blocks: columns, rows, and the same on the screen.
    steps: [[R; 16]; 4],
}

/// Some blocks: their first columns and rows, and the middles of their pixel centres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spots<L> {
    pub(crate) first: Vec2<L>,
    pub(crate) middle: Vec2<L>,
}

impl<R: Scalar> Places<R> {
    /// Computes the places of the pixels of `grid` for blocks of `lanes`, if they are not those already.
    pub(crate) fn fit(&mut self, grid: &Grid, lanes: usize) {
        if self.size == (grid.width, grid.height) {
            return;
        }
        self.size = (grid.width, grid.height);
        let blocks = Blocks::in_tile(lanes);
        let (across, down) = (Blocks::across(lanes), Blocks::down(lanes));
        let x = |column: usize| pixel_centre::<R>(0, column, grid.height, grid.width).x;
        let y = |row: usize| pixel_centre::<R>(row, 0, grid.height, grid.width).y;
        let half = R::from_f64(0.5);
        let whole = |n: usize| R::from_f64(n as f64);
        fill(
            &mut self.x,
            grid.across * TILE / across * lanes,
            |i| x(i / lanes * across + i % lanes % across),
        );
        fill(&mut self.y, grid.down * TILE / down * lanes, |i| y(i / lanes * down + i % lanes / across));
        let column = |i: usize| i / blocks * TILE + Blocks::first(lanes, i % blocks).0;
        let row = |i: usize| i / blocks * TILE + Blocks::first(lanes, i % blocks).1;
        fill(&mut self.first_x, grid.across * blocks, |i| whole(column(i)));
        fill(&mut self.first_y, grid.down * blocks, |i| whole(row(i)));
        fill(&mut self.middle_x, grid.across * blocks, |i| (x(column(i)) + x(column(i) + across - 1)) * half);
        fill(&mut self.middle_y, grid.down * blocks, |i| (y(row(i)) + y(row(i) + down - 1)) * half);
        let free = |tiles: usize| if grid.is_small() { tiles * TILE * lanes } else { 0 };
        fill(&mut self.free_x, free(grid.across), |i| x(i / lanes + i % lanes % across));
        fill(&mut self.free_y, free(grid.down), |i| y(i / lanes + i % lanes / across));
        let pixel = 2.0 / grid.height as f64;
        for i in 0..lanes {
            let (column, row) = (i % across * across, i / across * down);
            self.steps[0][i] = whole(column);
            self.steps[1][i] = whole(row);
            self.steps[2][i] = R::from_f64(column as f64 * pixel);
            self.steps[3][i] = R::from_f64(-(row as f64) * pixel);
        }
    }

    /// The pixel centres of block `n` of the tile in column and row `tile`.
    #[inline(always)]
    pub(crate) fn centres<L: Real<Scalar = R>>(&self, like: L, tile: (usize, usize), n: usize) -> Vec2<L> {
        let row = Blocks::row(L::LANES);
        let rows = TILE / Blocks::down(L::LANES);
        let at = Vec2::new(
            like.load(&self.x[(tile.0 * row + n % row) * L::LANES..]),
            like.load(&self.y[(tile.1 * rows + n / row) * L::LANES..]),
        );
        faults::centres(at, self.size)
    }

    /// Block `n` of a tile, in every lane.
    #[inline(always)]
    pub(crate) fn spot<L: Real<Scalar = R>>(&self, like: L, tile: (usize, usize), n: usize) -> Spots<L> {
        let blocks = Blocks::in_tile(L::LANES);
        let (x, y) = (tile.0 * blocks + n, tile.1 * blocks + n);
        Spots {
            first: Vec2::new(like.splat(self.first_x[x]), like.splat(self.first_y[y])),
            middle: Vec2::new(like.splat(self.middle_x[x]), like.splat(self.middle_y[y])),
        }
    }

    /// The pixel centres of the block that begins at a column and a row.
    #[inline(always)]
    pub(crate) fn free_centres<L: Real<Scalar = R>>(&self, like: L, (x, y): (usize, usize)) -> Vec2<L> {
        Vec2::new(like.load(&self.free_x[x * L::LANES..]), like.load(&self.free_y[y * L::LANES..]))
    }

    /// The blocks of a square whose first begins at a column and a row, one a lane.
    #[inline(always)]
    pub(crate) fn free_spots<L: Real<Scalar = R>>(&self, like: L, (x, y): (usize, usize)) -> Spots<L> {
        let last = L::LANES - 1;
        let middle = |row: &[R]| (row[0] + row[last]) * R::from_f64(0.5);
        let (centres_x, centres_y) = (&self.free_x[x * L::LANES..], &self.free_y[y * L::LANES..]);
        let whole = |n: usize| like.splat(R::from_f64(n as f64));
        let [columns, rows, right, up] = &self.steps;
        Spots {
            first: Vec2::new(whole(x) + like.load(columns), whole(y) + like.load(rows)),
            middle: Vec2::new(
                like.splat(middle(centres_x)) + like.load(right),
                like.splat(middle(centres_y)) + like.load(up),
            ),
        }
    }

    /// The blocks of a tile from `n` on, one a lane.
    #[inline(always)]
    pub(crate) fn spots<L: Real<Scalar = R>>(&self, like: L, tile: (usize, usize), n: usize) -> Spots<L> {
        let blocks = Blocks::in_tile(L::LANES);
        let (x, y) = (tile.0 * blocks + n, tile.1 * blocks + n);
        Spots {
            first: Vec2::new(like.load(&self.first_x[x..]), like.load(&self.first_y[y..])),
            middle: Vec2::new(like.load(&self.middle_x[x..]), like.load(&self.middle_y[y..])),
        }
    }
}

fn fill<R>(out: &mut Vec<R>, len: usize, of: impl Fn(usize) -> R) {
    out.clear();
    out.extend((0..len).map(of));
}
