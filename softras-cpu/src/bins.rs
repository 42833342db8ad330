//! Bins: for each tile of each picture the exact list of faces that can reach it, in face order.
//!
//! Count, prefix sum, fill: nothing has a fixed capacity, so nothing can overflow. A large picture is done in two levels,
//! both on all threads: first the faces of each row of tiles, run by run, then the tiles of each row.

use core::ops::Range;

use rayon::prelude::*;
use softras_core::{Error, Result};

use crate::faults;
use crate::setup::PixelRect;

/// Pixels along a side of a tile; a multiple of a block's.
pub(crate) const TILE: usize = 16;
/// Tiles of the largest picture that is small.
const SMALL_TILES: usize = 16;
/// Faces of a picture from which on two levels are worth their while, and faces of a run of the first.
const MANY: usize = 1 << 14;
const RUN: usize = 1 << 13;

/// How a picture is cut into tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) across: usize,
    pub(crate) down: usize,
}

impl Grid {
    /// Tells whether the picture is so small that its planes stay close when they are copied row by row.
    pub(crate) const fn is_small(&self) -> bool {
        self.tiles() <= SMALL_TILES
    }

    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, across: width.div_ceil(TILE), down: height.div_ceil(TILE) }
    }

    pub(crate) const fn tiles(&self) -> usize {
        self.across * self.down
    }

    /// The pixels of tile `t`, cut off at the border of the picture.
    pub(crate) fn tile(&self, t: usize) -> PixelRect {
        let (x, y) = ((t % self.across) * TILE, (t / self.across) * TILE);
        let end = |first: usize, size: usize| (first + TILE).min(size) as u32;
        PixelRect { x: (x as u32, end(x, self.width)), y: (y as u32, end(y, self.height)) }
    }
}

/// The columns of tiles that hold pixels of `rect`.
fn columns_of(rect: &PixelRect) -> Range<usize> {
    if rect.is_empty() { 0..0 } else { rect.x.0 as usize / TILE..(rect.x.1 as usize).div_ceil(TILE) }
}

/// The rows of tiles among `bands` that hold pixels of `rect`.
fn bands_of(rect: &PixelRect, bands: &Range<usize>) -> Range<usize> {
    if rect.is_empty() {
        return 0..0;
    }
    let (first, end) = (rect.y.0 as usize / TILE, faults::row_end(rect.y.1 as usize).div_ceil(TILE));
    first.max(bands.start)..end.min(bands.end)
}

/// Returns how many entries the lists of the tiles of `bands` have together.
pub(crate) fn entries(rects: &[PixelRect], bands: &Range<usize>) -> usize {
    let of = |rect: &PixelRect| bands_of(rect, bands).len() * columns_of(rect).len();
    rects.par_iter().with_min_len(4096).map(of).sum()
}

/// Returns the most bytes the lists of `pictures` pictures take, building them included.
pub(crate) const fn bytes(grid: &Grid, pictures: usize, entries: usize) -> u128 {
    let tiles = grid.tiles() as u128 * pictures as u128;
    tiles * size_of::<usize>() as u128 + 2 * entries as u128 * size_of::<u32>() as u128
}

/// Returns how many of the rows of tiles `bands` have lists that fit `budget` bytes together.
///
/// # Errors
/// `OutOfMemory` if not even the first does.
pub(crate) fn fitting(grid: &Grid, rects: &[PixelRect], bands: Range<usize>, budget: u128) -> Result<usize> {
    let mut total = 0;
    for (rows, band) in bands.clone().enumerate() {
        total += entries(rects, &(band..band + 1));
        let needed = bytes(grid, 1, total);
        if needed > budget {
            return if rows > 0 {
                Ok(rows)
            } else {
                let what =
                    format!("the face lists of tile row {band}, the least that can be drawn at a time,");
                Err(Error::OutOfMemory { what, needed, limit: budget })
            };
        }
    }
    Ok(bands.len())
}

/// The lists of one picture.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bins {
    /// The first tile with a list.
    first: usize,
    /// Where the list of each tile ends; it begins where the one before ends.
    ends: Vec<usize>,
    faces: Vec<u32>,
    runs: Runs,
}

/// The first level: for each run of faces its lists for all rows of tiles, one after the other.
#[derive(Clone, Debug, Default)]
struct Runs {
    /// Where each list ends in its run's part, `[runs, bands]`.
    ends: Vec<u32>,
    /// Where each run's part ends.
    parts: Vec<usize>,
    faces: Vec<u32>,
}

impl Bins {
    /// The faces that can reach tile `t`, counted from the first face of the picture, ascending.
    pub(crate) fn tile(&self, t: usize) -> &[u32] {
        let i = t - self.first;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.faces[start..self.ends[i]]
    }

    /// Makes the lists of the tiles of `bands`; returns how many entries they have.
    fn build(&mut self, grid: &Grid, bands: &Range<usize>, rects: &[PixelRect]) -> usize {
        self.first = bands.start * grid.across;
        self.ends.clear();
        self.ends.resize(bands.len() * grid.across, 0);
        if rects.len() < MANY || self.ends.is_empty() {
            self.build_at_once(grid, bands, rects);
        } else {
            self.runs.build(bands, rects);
            self.build_by_bands(grid, bands, rects);
        }
        self.faces.len()
    }

    fn build_at_once(&mut self, grid: &Grid, bands: &Range<usize>, rects: &[PixelRect]) {
        for rect in rects {
            for band in bands_of(rect, bands) {
                let row = (band - bands.start) * grid.across;
                for x in columns_of(rect) {
                    self.ends[row + x] += 1;
                }
            }
        }
        let total = starts(&mut self.ends);
        self.faces.resize(total, 0);
        // Each place runs from where its list begins to where it ends.
        for (f, rect) in rects.iter().enumerate() {
            for band in bands_of(rect, bands) {
                let row = (band - bands.start) * grid.across;
                for end in &mut self.ends[row..][columns_of(rect)] {
                    self.faces[*end] = f as u32;
                    *end += 1;
                }
            }
        }
    }

    /// The second level: each row of tiles from its lists of the first.
    fn build_by_bands(&mut self, grid: &Grid, bands: &Range<usize>, rects: &[PixelRect]) {
        let runs = &self.runs;
        self.ends.par_chunks_mut(grid.across).enumerate().for_each(|(band, ends)| {
            for f in runs.band(band, bands.len()) {
                for x in columns_of(&rects[f as usize]) {
                    ends[x] += 1;
                }
            }
        });
        let total = starts(&mut self.ends);
        self.faces.resize(total, 0);
        let work = BandWork { runs, bands: bands.len(), across: grid.across, rects };
        work.fill(0, &mut self.ends, &mut self.faces, 0);
    }
}

/// Fills rows of tiles, in halves on two threads.
struct BandWork<'a> {
    runs: &'a Runs,
    bands: usize,
    across: usize,
    rects: &'a [PixelRect],
}

impl BandWork<'_> {
    /// Fills the rows from `band` on, as many as `places` has; `faces` begins at `offset`.
    fn fill(&self, band: usize, places: &mut [usize], faces: &mut [u32], offset: usize) {
        let rows = places.len() / self.across;
        if rows > 1 {
            let half = rows / 2;
            let (places, later_places) = places.split_at_mut(half * self.across);
            let at = later_places[0];
            let (faces, later_faces) = faces.split_at_mut(at - offset);
            rayon::join(
                || self.fill(band, places, faces, offset),
                || self.fill(band + half, later_places, later_faces, at),
            );
            return;
        }
        for f in self.runs.band(band, self.bands) {
            for place in &mut places[columns_of(&self.rects[f as usize])] {
                faces[*place - offset] = f;
                *place += 1;
            }
        }
    }
}

impl Runs {
    /// Makes the lists of every run.
    fn build(&mut self, bands: &Range<usize>, rects: &[PixelRect]) {
        let runs = rects.len().div_ceil(RUN);
        self.ends.clear();
        self.ends.resize(runs * bands.len(), 0);
        self.parts.clear();
        self.parts.resize(runs, 0);
        let counted = self.ends.par_chunks_mut(bands.len()).zip(&mut self.parts).zip(rects.par_chunks(RUN));
        counted.for_each(|((counts, part), rects)| {
            for rect in rects {
                for band in bands_of(rect, bands) {
                    counts[band - bands.start] += 1;
                }
            }
            let mut total = 0;
            for count in counts {
                total += core::mem::replace(count, total);
            }
            *part = total as usize;
        });
        let mut total = 0;
        for part in &mut self.parts {
            total += *part;
            *part = total;
        }
        self.faces.resize(total, 0);
        fill_runs(bands, rects, 0, &mut self.ends, &self.parts, &mut self.faces, 0);
    }

    /// The faces that have pixels in a row of tiles, ascending.
    fn band(&self, band: usize, bands: usize) -> impl Iterator<Item = u32> + '_ {
        self.parts.iter().enumerate().flat_map(move |(run, _)| {
            let part = if run == 0 { 0 } else { self.parts[run - 1] };
            let ends = &self.ends[run * bands..(run + 1) * bands];
            let start = if band == 0 { 0 } else { ends[band - 1] };
            self.faces[part + start as usize..part + ends[band] as usize].iter().copied()
        })
    }
}

/// Fills the parts of the runs from `run` on, as many as `parts` has, in halves on two threads.
fn fill_runs(
    bands: &Range<usize>,
    rects: &[PixelRect],
    run: usize,
    places: &mut [u32],
    parts: &[usize],
    faces: &mut [u32],
    offset: usize,
) {
    if parts.len() > 1 {
        let half = parts.len() / 2;
        let (parts, later_parts) = parts.split_at(half);
        let (places, later_places) = places.split_at_mut(half * bands.len());
        let at = parts[half - 1];
        let (faces, later_faces) = faces.split_at_mut(at - offset);
        rayon::join(
            || fill_runs(bands, rects, run, places, parts, faces, offset),
            || fill_runs(bands, rects, run + half, later_places, later_parts, later_faces, at),
        );
        return;
    }
    let first = run * RUN;
    for (i, rect) in rects[first..rects.len().min(first + RUN)].iter().enumerate() {
        for band in bands_of(rect, bands) {
            let place = &mut places[band - bands.start];
            faces[*place as usize] = (first + i) as u32;
            *place += 1;
        }
    }
}

/// Turns lengths into where lists begin; returns the total.
fn starts(lengths: &mut [usize]) -> usize {
    let mut total = 0;
    for length in lengths {
        total += core::mem::replace(length, total);
    }
    total
}

/// Builds the lists of the tiles of `bands` of every picture, whose pixels by face `rects_of` gives; returns how many
/// entries they have together.
pub(crate) fn build<'a>(
    grid: &Grid,
    bands: &Range<usize>,
    bins: &mut [Bins],
    rects_of: impl Fn(usize) -> &'a [PixelRect] + Sync,
) -> usize {
    bins.par_iter_mut()
        .enumerate()
        .map(|(i, bins)| bins.build(grid, bands, faults::listed(rects_of(i))))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists by their definition.
    fn expected(grid: &Grid, rects: &[PixelRect]) -> Vec<Vec<u32>> {
        let reaches = |t: usize, rect: &PixelRect| !rect.intersect(&grid.tile(t)).is_empty();
        (0..grid.tiles())
            .map(|t| (0..rects.len() as u32).filter(|&f| reaches(t, &rects[f as usize])).collect())
            .collect()
    }

    fn rects(count: usize, grid: &Grid) -> Vec<PixelRect> {
        let mut seed = 5_u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((seed >> 33) % below as u64) as u32
        };
        let mut rect = || {
            let (x, y) = (next(grid.width), next(grid.height));
            let x = (x, (x + next(20)).min(grid.width as u32));
            PixelRect { x, y: (y, (y + next(20)).min(grid.height as u32)) }
        };
        (0..count).map(|_| rect()).collect()
    }

    #[test]
    fn lists_hold_every_face_of_a_tile_in_order() {
        let grid = Grid::new(40, 20);
        let record = |x: (u32, u32), y: (u32, u32)| PixelRect { x, y };
        let rects = [
            record((0, 40), (0, 20)),
            record((16, 17), (3, 4)),
            record((5, 5), (0, 9)),
            record((30, 33), (15, 17)),
        ];
        let mut bins = Bins::default();
        bins.build(&grid, &(0..grid.down), &rects);
        let lists: Vec<&[u32]> = (0..grid.tiles()).map(|t| bins.tile(t)).collect();
        assert_eq!(lists, [&[0][..], &[0, 1, 3], &[0, 3], &[0], &[0, 3], &[0, 3]]);
    }

    #[test]
    fn one_level_and_two_give_the_same_lists() {
        let grid = Grid::new(75, 53);
        let mut bins = Bins::default();
        for count in [0, 1, 1000, MANY, 3 * RUN + 17] {
            let rects = rects(count, &grid);
            bins.build(&grid, &(0..grid.down), &rects);
            for (t, list) in expected(&grid, &rects).iter().enumerate() {
                assert_eq!(bins.tile(t), list, "{count} faces, tile {t}");
            }
        }
    }

    #[test]
    fn some_rows_of_tiles_alone_have_the_same_lists() {
        let grid = Grid::new(75, 53);
        let rects = rects(MANY + 5, &grid);
        let expected = expected(&grid, &rects);
        let mut bins = Bins::default();
        for bands in [0..1, 1..3, 3..4] {
            let entries = bins.build(&grid, &bands, &rects);
            let tiles = bands.start * grid.across..bands.end * grid.across;
            assert_eq!(entries, super::entries(&rects, &bands));
            for t in tiles {
                assert_eq!(bins.tile(t), expected[t], "{bands:?}, tile {t}");
            }
        }
    }
}
