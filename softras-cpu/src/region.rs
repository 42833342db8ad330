//! Regions: parts of a batch that threads draw into, cut in halves down to single tiles.

use core::ops::Range;

use ndarray::{ArrayViewMut3, ArrayViewMut4, Axis};
use softras_core::Image;
use softras_core::math::Scalar;

use crate::bins::{Grid, TILE};

/// Some tiles of some pictures: their pixels in the image, and their planes, which lie one after the other.
pub(crate) struct Region<'a, R> {
    pub(crate) pictures: Range<usize>,
    /// Rows of tiles.
    pub(crate) bands: Range<usize>,
    /// Columns of tiles.
    pub(crate) columns: Range<usize>,
    pub(crate) color: Option<ArrayViewMut4<'a, R>>,
    pub(crate) silhouette: Option<ArrayViewMut3<'a, R>>,
    pub(crate) planes: &'a mut [R],
}

impl<'a, R: Scalar> Region<'a, R> {
    /// Returns the whole batch.
    pub(crate) fn whole(image: &'a mut Image<R>, planes: &'a mut [R], grid: &Grid, batch: usize) -> Self {
        Self {
            pictures: 0..batch,
            bands: 0..grid.down,
            columns: 0..grid.across,
            color: image.color.as_mut().map(|a| a.view_mut()),
            silhouette: image.silhouette.as_mut().map(|a| a.view_mut()),
            planes,
        }
    }

    /// Returns picture `b` alone.
    pub(crate) fn picture(self, b: usize) -> Self {
        let (_, from) = self.cut(0, b);
        from.cut(0, b + 1).0
    }

    /// Cuts a region of one picture after `rows` rows of tiles.
    pub(crate) fn split_bands(self, rows: usize) -> (Self, Self) {
        let at = self.bands.start + rows;
        self.cut(1, at)
    }

    /// The picture and tile of a region of one tile.
    pub(crate) const fn tile(&self, grid: &Grid) -> (usize, usize) {
        (self.pictures.start, self.bands.start * grid.across + self.columns.start)
    }

    /// Tells whether the region is no more than a tile.
    pub(crate) fn is_tile(&self) -> bool {
        [&self.pictures, &self.bands, &self.columns].iter().all(|range| range.len() <= 1)
    }

    /// Cuts a region of more than a tile in two halves.
    pub(crate) fn halves(self) -> (Self, Self) {
        let ranges = [self.pictures.clone(), self.bands.clone(), self.columns.clone()];
        let axis = ranges.iter().position(|range| range.len() > 1).unwrap_or(0);
        let at = ranges[axis].start + ranges[axis].len() / 2;
        self.cut(axis, at)
    }

    /// Cuts along pictures (0), bands (1) or columns (2) at `at`; the axes before it have length 1.
    fn cut(self, axis: usize, at: usize) -> (Self, Self) {
        let (mut left, mut right) = (
            [self.pictures.clone(), self.bands.clone(), self.columns.clone()],
            [self.pictures.clone(), self.bands.clone(), self.columns.clone()],
        );
        (left[axis].end, right[axis].start) = (at, at);
        let tiles = |ranges: &[Range<usize>; 3]| ranges.iter().map(ExactSizeIterator::len).product::<usize>();
        let size = self.planes.len().checked_div(tiles(&left) + tiles(&right)).unwrap_or(0);
        let first = left[axis].start;
        let pixels = |full: usize| if axis == 0 { at - first } else { ((at - first) * TILE).min(full) };
        let (color_axis, alpha_axis) = (Axis([0, 2, 3][axis]), Axis(axis));
        let color = self.color.map(|a| {
            let at = pixels(a.len_of(color_axis));
            a.split_at(color_axis, at)
        });
        let silhouette = self.silhouette.map(|a| {
            let at = pixels(a.len_of(alpha_axis));
            a.split_at(alpha_axis, at)
        });
        let (planes, rest) = self.planes.split_at_mut(tiles(&left) * size);
        let (color, other_color) = color.unzip();
        let (silhouette, other_silhouette) = silhouette.unzip();
        let [pictures, bands, columns] = left;
        let left = Self { pictures, bands, columns, color, silhouette, planes };
        let [pictures, bands, columns] = right;
        let right =
            Self { pictures, bands, columns, color: other_color, silhouette: other_silhouette, planes: rest };
        (left, right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, Array4};

    fn fill(region: Region<'_, f64>, grid: &Grid) {
        if !region.is_tile() {
            let (a, b) = region.halves();
            fill(a, grid);
            fill(b, grid);
            return;
        }
        let mut tile = region;
        let (b, t) = tile.tile(grid);
        let number = (b * grid.tiles() + t) as f64;
        tile.planes.fill(number);
        tile.color.iter_mut().for_each(|a| a.fill(number));
        tile.silhouette.iter_mut().for_each(|a| a.fill(number));
    }

    #[test]
    fn halves_reach_every_pixel_and_plane_of_every_tile() {
        let grid = Grid::new(40, 20);
        let (batch, size) = (3, 5);
        let mut image = Image {
            color: Some(Array4::from_elem((batch, 2, 20, 40), -1.0)),
            silhouette: Some(Array3::from_elem((batch, 20, 40), -1.0)),
        };
        let mut planes = vec![-1.0; batch * grid.tiles() * size];
        fill(Region::whole(&mut image, &mut planes, &grid, batch), &grid);
        let tile =
            |b: usize, y: usize, x: usize| (b * grid.tiles() + y / TILE * grid.across + x / TILE) as f64;
        let differs = |a: f64, b: f64| (a - b).abs() > 0.0;
        for ((b, y, x), &value) in image.silhouette.iter().flat_map(|a| a.indexed_iter()) {
            assert!(!differs(value, tile(b, y, x)), "{b} {y} {x}");
        }
        for ((b, _, y, x), &value) in image.color.iter().flat_map(|a| a.indexed_iter()) {
            assert!(!differs(value, tile(b, y, x)), "{b} {y} {x}");
        }
        for (i, &value) in planes.iter().enumerate() {
            assert!(!differs(value, (i / size) as f64), "{i}");
        }
    }
}
