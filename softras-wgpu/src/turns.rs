//! How work is cut in pieces that fit the device's limits, so that the bits do not depend on where it is cut.
//!
//! A picture is seen through *windows*: one, unless it is so large that its states would not fit the smallest limit.
//! Where windows are cut depends on the picture alone, since sums over a face's pixels go window by window. A *turn* is
//! one window of one or more whole pictures; a *chunk* is a run of a turn's faces, which are pushed in order.

use core::ops::Range;

use softras_core::scene::Picture;

use crate::axes::Tile;
use crate::error::{Result, WgpuError};
use crate::shared::{BLOCK_FACES, TILE_SIDE};

/// The smallest limit there is: what a default device lets a kernel see of a buffer.
const SMALLEST_LIMIT: u64 = 128 << 20;
/// A window up to this many pixels a side goes without lists: every tile goes through all faces.
const NO_LISTS_SIDE: u32 = 64;
/// The most bins along a side of a window.
const MAX_BINS_SIDE: u32 = 16;
/// The most pairs of a bin and a block of faces: entries of lists then fit 31 bits.
const MAX_BIN_BLOCKS: u64 = 1 << 23;
/// Numbers of what backward keeps of a face.
const FACE_NUMBERS: u64 = 13;
/// Items of big faces that there is always room for.
const LEAST_ITEMS: u64 = 64;
/// Numbers of a unit's record, at most.
const UNIT_NUMBERS: u64 = 32;

/// How many numbers each thing takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Pixels across and down the picture.
    pub(crate) size: (u32, u32),
    /// Numbers of a pixel, in whichever buffer has most.
    pub(crate) pixel: u64,
    /// Color channels.
    pub(crate) channels: u64,
    /// Numbers of a face's texels.
    pub(crate) texels: u64,
    /// Weights of the color aggregator that faces see, a row of sums for each face.
    pub(crate) face_weights: u64,
    /// Those that pixels see, a row for each tile.
    pub(crate) tile_weights: u64,
    /// Numbers that one buffer holds.
    pub(crate) limit: u64,
    /// The most faces of a chunk, and pictures of a turn.
    pub(crate) pieces: Pieces,
    /// The most faces of one picture that a kernel may go through.
    pub(crate) run: usize,
    /// The pixels that a workgroup draws.
    pub(crate) tile: Tile,
    /// Numbers of working memory that a chunk may take.
    pub(crate) budget: u64,
    /// Numbers of working memory for each pixel.
    pub(crate) work_pixel: u64,
}

/// The most that is drawn at once, though there were room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// Faces of a chunk.
    pub(crate) faces: usize,
    /// Pictures of a turn.
    pub(crate) pictures: usize,
}

impl Pieces {
    /// As much as there is room for.
    pub(crate) const LARGEST: Self = Self { faces: usize::MAX, pictures: usize::MAX };
}

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The bins of a window; none where every tile goes through all faces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BinGrid {
    pub(crate) side: u32,
    pub(crate) across: u32,
    pub(crate) bins: u32,
}

/// A run of one picture's faces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) picture: usize,
    /// Rows of the corners of the batch.
    pub(crate) faces: Range<usize>,
    /// The number of the first in its picture.
    pub(crate) first_number: usize,
    /// The texture row of the first.
    pub(crate) row: usize,
    /// The first face and block, counted in the chunk.
    pub(crate) first_face: usize,
    pub(crate) first_block: usize,
}

/// Faces that are drawn together: a span of each picture of the turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) spans: Vec<Span>,
    pub(crate) faces: usize,
    pub(crate) blocks: usize,
    /// Texture rows that the faces read.
    pub(crate) rows: Range<usize>,
}

/// One window of one or more pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) pictures: Range<usize>,
    pub(crate) window: Window,
    pub(crate) chunks: Vec<Chunk>,
}

impl Window {
    pub(crate) const fn pixels(&self) -> u32 {
        self.width * self.height
    }
    pub(crate) const fn tiles_across(&self) -> u32 {
        self.width.div_ceil(TILE_SIDE)
    }
    pub(crate) const fn tiles(&self) -> u32 {
        self.tiles_across() * self.height.div_ceil(TILE_SIDE)
    }
    /// Tiles of a shape.
    pub(crate) const fn tiles_of(&self, tile: Tile) -> u32 {
        let (width, height) = tile.size();
        self.width.div_ceil(width) * self.height.div_ceil(height)
    }
    pub(crate) fn bins(&self, tile: Tile) -> BinGrid {
        let longest = self.width.max(self.height);
        if longest <= NO_LISTS_SIDE {
            return BinGrid::default();
        }
        let side = longest.div_ceil(MAX_BINS_SIDE).next_multiple_of(tile.side());
        let across = self.width.div_ceil(side);
        BinGrid { side, across, bins: across * self.height.div_ceil(side) }
    }
}

impl Turn {
    /// The pixels of all its pictures.
    pub(crate) fn pixels(&self) -> u64 {
        self.pictures.len() as u64 * u64::from(self.window.pixels())
    }
}

impl Sizes {
    /// Numbers that a turn takes: the states of its pixels, and what its chunks need while one is worked on.
    pub(crate) fn of_turn(&self, turn: &Turn) -> u64 {
        let working = turn.chunks.iter().map(|chunk| self.working(&turn.window, chunk)).max().unwrap_or(0);
        turn.pixels() * self.pixel + working
    }

    /// The windows of a picture, row by row.
    fn windows(&self) -> Vec<Window> {
        let fits = |side: &u64| side * side * self.pixel * 4 <= SMALLEST_LIMIT;
        let side = [1024, 512, 256, 128].into_iter().find(fits).unwrap_or(64) as u32;
        let (width, height) = self.size;
        let starts = |size: u32| (0..size).step_by(side as usize);
        let end = |first: u32, size: u32| side.min(size - first);
        starts(height)
            .flat_map(|y| {
                starts(width).map(move |x| Window { x, y, width: end(x, width), height: end(y, height) })
            })
            .collect()
    }

    /// Numbers of working memory that a chunk takes beside its lists, whose length is not known yet.
    pub(crate) fn working(&self, window: &Window, chunk: &Chunk) -> u64 {
        let faces = chunk.faces as u64;
        let bins = u64::from(window.bins(self.tile).bins);
        let pixels = chunk.spans.len() as u64 * u64::from(window.pixels()) * self.work_pixel;
        let of_faces =
            faces * (FACE_NUMBERS + self.texels + self.face_weights) + chunk.rows.len() as u64 * self.texels;
        pixels
            + of_faces
            + self.rows_of_tiles(window, chunk)
            + bins * chunk.blocks as u64
            + LEAST_ITEMS * (FACE_NUMBERS + 3 * self.channels)
    }

    /// Numbers of the rows of sums of the tiles of a chunk's pictures.
    fn rows_of_tiles(&self, window: &Window, chunk: &Chunk) -> u64 {
        chunk.spans.len() as u64 * u64::from(window.tiles()) * self.tile_weights
    }

    /// Numbers that the gradients of items may take.
    pub(crate) fn item_room(&self, window: &Window, chunk: &Chunk) -> u64 {
        let least = LEAST_ITEMS * (FACE_NUMBERS + 3 * self.channels);
        self.budget.saturating_sub(self.working(window, chunk)) + least
    }

    /// Numbers of working memory that the smallest pieces of a picture take.
    fn least(&self, b: usize, picture: &Picture) -> u64 {
        let start = picture.faces.start;
        let mut chunk = Chunk::default();
        chunk.push(b, picture, start..picture.faces.end.min(start + BLOCK_FACES as usize));
        self.windows().iter().map(|window| self.working(window, &chunk)).max().unwrap_or(0)
    }

    /// Numbers of the largest buffer that a chunk, and the pixels of its pictures, take.
    fn largest(&self, window: &Window, chunk: &Chunk) -> u64 {
        let units = chunk.spans.len() as u64;
        let (faces, blocks, rows) = (chunk.faces as u64, chunk.blocks as u64, chunk.rows.len() as u64);
        let bins = u64::from(window.bins(self.tile).bins);
        let head = u64::from(window.width)
            + u64::from(window.height)
            + units * self.channels
            + self.face_weights
            + self.tile_weights;
        [
            units * u64::from(window.pixels()) * self.pixel,
            units * UNIT_NUMBERS,
            faces * FACE_NUMBERS + 1,
            faces * self.texels,
            faces * self.face_weights,
            self.rows_of_tiles(window, chunk),
            head + rows * self.texels,
            bins * blocks + 1,
        ]
        .into_iter()
        .fold(0, u64::max)
    }

    /// Tells whether a chunk, and the pixels of its pictures, fit all limits.
    fn fits(&self, window: &Window, chunk: &Chunk) -> bool {
        let bins = u64::from(window.bins(self.tile).bins);
        let blocks = chunk.blocks as u64;
        self.largest(window, chunk) <= self.limit
            && bins * blocks <= MAX_BIN_BLOCKS
            && chunk.faces <= self.pieces.faces
            && chunk.spans.last().is_none_or(|span| span.faces.len() <= self.run)
            && chunk.spans.len() <= self.pieces.pictures.max(1)
            && self.working(window, chunk) <= self.budget
    }
}

impl Chunk {
    /// Adds the faces `faces` of `picture`, which is number `b`.
    fn push(&mut self, b: usize, picture: &Picture, faces: Range<usize>) {
        let first_number = faces.start - picture.faces.start;
        let row = picture.first_texture + first_number;
        let count = faces.len();
        if count > 0 {
            let rows = row..row + count;
            self.rows = if self.rows.is_empty() {
                rows
            } else {
                self.rows.start.min(rows.start)..self.rows.end.max(rows.end)
            };
        }
        let (first_face, first_block) = (self.faces, self.blocks);
        self.spans.push(Span { picture: b, faces, first_number, row, first_face, first_block });
        self.faces += count;
        self.blocks += count.div_ceil(BLOCK_FACES as usize);
    }
}

/// Cuts a chunk of a turn in pieces of at most `most` faces, in order. Each has a span of every picture, if an empty one:
/// units keep their numbers.
pub(crate) fn pieces(chunk: &Chunk, pictures: &[Picture], most: usize) -> Vec<Chunk> {
    let piece = |first: usize| {
        let mut piece = Chunk::default();
        for span in &chunk.spans {
            let within = |face: usize| face.clamp(span.first_face, span.first_face + span.faces.len());
            let place = |face: usize| span.faces.start + within(face) - span.first_face;
            piece.push(span.picture, &pictures[span.picture], place(first)..place(first + most));
        }
        piece
    };
    (0..chunk.faces).step_by(most.max(1)).map(piece).collect()
}

/// Cuts the work in turns.
pub(crate) fn turns(pictures: &[Picture], sizes: &Sizes) -> Result<Vec<Turn>> {
    let windows = sizes.windows();
    let least = pictures.iter().enumerate().map(|(b, picture)| sizes.least(b, picture)).max().unwrap_or(0);
    if least > sizes.budget {
        let (width, height) = sizes.size;
        let what = format!("working memory to draw {BLOCK_FACES} faces of {width} x {height} pixels");
        return Err(WgpuError::OutOfMemory { what, needed: 4 * least, limit: Some(4 * sizes.budget) });
    }
    let mut turns: Vec<Turn> = Vec::new();
    for (b, picture) in pictures.iter().enumerate() {
        if let ([window], Some(turn)) = (windows.as_slice(), turns.last_mut())
            && let [chunk] = turn.chunks.as_mut_slice()
        {
            let before = chunk.clone();
            chunk.push(b, picture, picture.faces.clone());
            if sizes.fits(window, chunk) {
                turn.pictures.end = b + 1;
                continue;
            }
            *chunk = before;
        }
        for &window in &windows {
            let chunks = chunks(b, picture, &window, sizes)?;
            turns.push(Turn { pictures: b..b + 1, window, chunks });
        }
    }
    Ok(turns)
}

/// Cuts the faces of one picture in chunks as large as fit.
fn chunks(b: usize, picture: &Picture, window: &Window, sizes: &Sizes) -> Result<Vec<Chunk>> {
    let chunk_of = |faces: Range<usize>| {
        let mut chunk = Chunk::default();
        chunk.push(b, picture, faces);
        chunk
    };
    let all = chunk_of(picture.faces.clone());
    if sizes.fits(window, &all) {
        return Ok(vec![all]);
    }
    let start = picture.faces.start;
    let fits = |count: usize| sizes.fits(window, &chunk_of(start..start + count));
    // Nothing is too little for `low`, or nothing fits; all of it is too much for `high`.
    let (mut low, mut high) = (0, picture.faces.len());
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if fits(middle) { low = middle } else { high = middle }
    }
    if low == 0 {
        // Of the limits that `fits` asks for, one face keeps all but these.
        let one = chunk_of(start..picture.faces.end.min(start + 1));
        let piece = format!("a window of {} x {} pixels and one face", window.width, window.height);
        let (largest, working) = (sizes.largest(window, &one), sizes.working(window, &one));
        let (what, needed, limit) = if largest > sizes.limit {
            (format!("the largest buffer of {piece}"), largest, sizes.limit)
        } else {
            (format!("working memory of {piece}"), working, sizes.budget)
        };
        return Err(WgpuError::OutOfMemory { what, needed: 4 * needed, limit: Some(4 * limit) });
    }
    let ends = picture.faces.clone().step_by(low);
    Ok(ends.map(|first| chunk_of(first..(first + low).min(picture.faces.end))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes {
        size: (64, 64),
        pixel: 7,
        channels: 3,
        texels: 9,
        face_weights: 0,
        tile_weights: 0,
        limit: 32 << 20,
        pieces: Pieces::LARGEST,
        run: usize::MAX,
        tile: Tile::Square,
        budget: u64::MAX,
        work_pixel: 10,
    };

    fn pictures(counts: &[usize]) -> Vec<Picture> {
        let mut start = 0;
        let picture = |&count: &usize| {
            start += count;
            Picture { faces: start - count..start, first_texture: 5 }
        };
        counts.iter().map(picture).collect()
    }

    fn faces_of(turns: &[Turn]) -> Vec<usize> {
        turns.iter().flat_map(|t| &t.chunks).flat_map(|c| &c.spans).flat_map(|s| s.faces.clone()).collect()
    }

    #[test]
    fn what_fits_is_one_turn() {
        let turns = turns(&pictures(&[10, 0, 300, 7]), &SIZES).expect("fits");
        assert_eq!(turns.len(), 1);
        assert_eq!(faces_of(&turns), (0..317).collect::<Vec<_>>());
        let chunk = &turns[0].chunks[0];
        assert_eq!((chunk.faces, chunk.blocks, chunk.rows.clone()), (317, 4, 5..305));
        assert_eq!(chunk.spans[3].first_block, 3);
    }

    #[test]
    fn small_limits_cut_pictures_apart_and_then_faces() {
        let all = pictures(&[100, 2000, 30]);
        for (limit, faces, count) in [(64 * 64 * 7, 700, 3), (40_000, 100, 3), (60_000, 2100, 2)] {
            let turns = turns(&all, &Sizes { limit, pieces: Pieces { faces, ..Pieces::LARGEST }, ..SIZES })
                .expect("fits");
            assert_eq!(turns.len(), count);
            assert!(turns.iter().flat_map(|t| &t.chunks).all(|c| c.faces <= faces));
            assert_eq!(faces_of(&turns), (0..2130).collect::<Vec<_>>(), "limit {limit}");
        }
        assert!(turns(&all, &Sizes { limit: 1000, ..SIZES }).is_err());
    }

    #[test]
    fn pieces_of_a_chunk_have_all_its_faces_in_order_and_all_its_pictures() {
        let all = pictures(&[10, 0, 300, 7]);
        let turns = turns(&all, &SIZES).expect("fits");
        for most in [1, 9, 11, 256, 400] {
            let pieces = pieces(&turns[0].chunks[0], &all, most);
            assert_eq!(pieces.len(), 317_usize.div_ceil(most));
            assert!(pieces.iter().all(|p| p.spans.len() == 4 && p.faces <= most));
            let spans = pieces.iter().flat_map(|p| &p.spans);
            let faces: Vec<_> = spans.clone().flat_map(|s| s.faces.clone()).collect();
            assert_eq!(faces, (0..317).collect::<Vec<_>>());
            for span in spans {
                let picture = &all[span.picture];
                assert_eq!(span.first_number, span.faces.start - picture.faces.start);
                assert_eq!(span.row, picture.first_texture + span.first_number);
            }
        }
    }

    #[test]
    fn what_does_not_fit_names_the_limit_that_it_breaks() {
        let all = pictures(&[100]);
        // The pixels of one picture, then the texels of one face.
        for (limit, texels, needed) in [(64 * 64 * 7 - 1, 9, 64 * 64 * 7), (40_000, 40_001, 40_001 + 128 + 3)]
        {
            let found = turns(&all, &Sizes { limit, texels, ..SIZES }).err();
            match found {
                Some(WgpuError::OutOfMemory { needed: bytes, limit: most, .. }) => {
                    assert_eq!((bytes, most), (4 * needed, Some(4 * limit)));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_budget_cuts_and_what_is_below_the_least_is_refused_with_what_it_takes() {
        let all = pictures(&[100, 2000, 30]);
        let of = |budget| turns(&all, &Sizes { budget, ..SIZES });
        let Err(WgpuError::OutOfMemory { needed, .. }) = of(1) else { panic!("it is refused") };
        let least = needed / 4;
        assert!(of(least - 1).is_err());
        let turns = of(least).expect("fits");
        assert_eq!(turns[1].chunks.len(), 8, "whole blocks");
        assert_eq!(faces_of(&turns), (0..2130).collect::<Vec<_>>());
    }

    #[test]
    fn windows_cover_a_large_picture_once_and_do_not_depend_on_the_limit() {
        let large = Sizes { size: (2500, 1100), ..SIZES };
        let windows = large.windows();
        assert_eq!(windows.len(), 6);
        assert_eq!(windows.iter().map(Window::pixels).sum::<u32>(), 2500 * 1100);
        assert_eq!(windows, Sizes { limit: 1 << 29, ..large }.windows());
        assert_eq!(SIZES.windows(), [Window { x: 0, y: 0, width: 64, height: 64 }]);
    }

    #[test]
    fn there_are_at_most_256_bins_of_whole_tiles() {
        for (width, height) in [(65, 3), (256, 256), (1024, 1024), (1000, 17), (16, 900)] {
            for &tile in Tile::ALL {
                let grid = Window { x: 0, y: 0, width, height }.bins(tile);
                let (across, down) = tile.size();
                let whole = grid.side.is_multiple_of(across) && grid.side.is_multiple_of(down);
                assert!(grid.bins > 0 && grid.bins <= 256 && whole, "{grid:?}");
                assert!(grid.across * grid.side >= width && grid.bins / grid.across * grid.side >= height);
            }
        }
        assert_eq!(Window { x: 0, y: 0, width: 64, height: 64 }.bins(Tile::Square), BinGrid::default());
    }
}
