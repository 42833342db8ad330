//! Bins: for each tile of each picture the exact list of faces that can reach it, in face order.
//!
//! Count, prefix sum, fill: nothing has a fixed capacity, so nothing can overflow.

use rayon::prelude::*;
use softras_core::math::Scalar;
use softras_core::scene::Picture;

use crate::faults;
use crate::setup::{PixelRect, Record};

/// Pixels along a side of a tile; a multiple of a block's.
pub(crate) const TILE: usize = 16;

/// How a picture is cut into tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) across: usize,
    pub(crate) down: usize,
}

impl Grid {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, across: width.div_ceil(TILE), down: height.div_ceil(TILE) }
    }

    pub(crate) fn tiles(&self) -> usize {
        self.across * self.down
    }

    /// The pixels of tile `t`, cut off at the border of the picture.
    pub(crate) fn tile(&self, t: usize) -> PixelRect {
        let (x, y) = ((t % self.across) * TILE, (t / self.across) * TILE);
        let end = |first: usize, size: usize| (first + TILE).min(size) as u32;
        PixelRect { x: (x as u32, end(x, self.width)), y: (y as u32, end(y, self.height)) }
    }

    /// The tiles that hold pixels of `rect`.
    fn tiles_of(&self, rect: &PixelRect) -> impl Iterator<Item = usize> + use<> {
        let tile = TILE as u32;
        let across = self.across;
        let columns = rect.x.0 / tile..rect.x.1.div_ceil(tile);
        let rows = if rect.is_empty() { 0..0 } else { rect.y.0 / tile..faults::row_end(rect.y.1).div_ceil(tile) };
        rows.flat_map(move |y| columns.clone().map(move |x| y as usize * across + x as usize))
    }
}

/// The lists of one picture: faces of tile t are `faces[offsets[t]..offsets[t + 1]]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bins {
    offsets: Vec<usize>,
    faces: Vec<u32>,
}

impl Bins {
    /// The faces that can reach tile `t`, counted from the first face of the picture, ascending.
    pub(crate) fn tile(&self, t: usize) -> &[u32] {
        &self.faces[self.offsets[t]..self.offsets[t + 1]]
    }

    fn build<R: Scalar>(&mut self, grid: &Grid, records: &[Record<R>]) {
        self.offsets.clear();
        self.offsets.resize(grid.tiles() + 1, 0);
        for record in records {
            for t in grid.tiles_of(&record.rect) {
                self.offsets[t + 1] += 1;
            }
        }
        for t in 0..grid.tiles() {
            self.offsets[t + 1] += self.offsets[t];
        }
        self.faces.clear();
        self.faces.resize(self.offsets[grid.tiles()], 0);
        // `offsets[t]` runs through the list of tile t and ends where that of t + 1 begins; then all shift back.
        for (f, record) in records.iter().enumerate() {
            for t in grid.tiles_of(&record.rect) {
                self.faces[self.offsets[t]] = f as u32;
                self.offsets[t] += 1;
            }
        }
        self.offsets.rotate_right(1);
        self.offsets[0] = 0;
    }
}

/// Builds the lists of every picture.
pub(crate) fn build<R: Scalar>(
    grid: &Grid,
    pictures: &[Picture],
    records: &[Record<R>],
    bins: &mut Vec<Bins>,
) {
    bins.resize_with(pictures.len(), Bins::default);
    bins.par_iter_mut()
        .zip(pictures)
        .for_each(|(bins, picture)| bins.build(grid, faults::listed(&records[picture.faces.clone()])));
}

#[cfg(test)]
mod tests {
    use super::*;
    use softras_core::math::Triangle;

    #[test]
    fn lists_hold_every_face_of_a_tile_in_order() {
        let grid = Grid::new(40, 20);
        let record = |x: (u32, u32), y: (u32, u32)| {
            let triangle = Triangle::new([[0.0_f32; 3]; 3]);
            Record { triangle, bounds: triangle.bounding_box(), rect: PixelRect { x, y } }
        };
        let records = [
            record((0, 40), (0, 20)),
            record((16, 17), (3, 4)),
            record((5, 5), (0, 9)),
            record((30, 33), (15, 17)),
        ];
        let mut bins = Bins::default();
        bins.build(&grid, &records);
        let lists: Vec<&[u32]> = (0..grid.tiles()).map(|t| bins.tile(t)).collect();
        assert_eq!(lists, [&[0][..], &[0, 1, 3], &[0, 3], &[0], &[0, 3], &[0, 3]]);
    }
}
