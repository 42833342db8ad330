//! Items: the pieces that faces are cut into, runs of small ones and parts of big ones, and a row of partial sums for each.

use softras_core::scene::Picture;

use crate::bins::TILE;
use crate::setup::PixelRect;

/// Faces of one piece of work; a multiple of the lanes.
pub(crate) const RUN: usize = 64;
/// A face whose pixels are more than this is big: it is cut into items of at most as many.
pub(crate) const BIG_PIXELS: usize = 16 * TILE * TILE;

/// The rows of partial sums of the gradient to the weights, over faces.
#[derive(Clone, Copy)]
pub(crate) struct PartialSums<'a> {
    pub(crate) rects: &'a [PixelRect],
    /// How many weights have a gradient, 0 if it is not wanted.
    pub(crate) weights: usize,
}

impl PartialSums<'_> {
    /// Returns how many numbers faces with these rectangles need: a row for each run, and one for each item of a big face.
    pub(crate) fn of(&self, rects: &[PixelRect]) -> usize {
        if self.weights == 0 {
            return 0;
        }
        self.weights * (rects.len().div_ceil(RUN).max(1) + rects.iter().map(items).sum::<usize>())
    }

    /// Returns how many numbers pictures need.
    pub(crate) fn numbers(&self, pictures: &[Picture]) -> usize {
        pictures.iter().map(|picture| self.of(&self.rects[picture.faces.clone()])).sum()
    }
}

/// Returns into how many items a face is cut, 0 if it is not big.
pub(crate) fn items(rect: &PixelRect) -> usize {
    if rect.area() <= BIG_PIXELS {
        return 0;
    }
    let (a, b) = halves_of(rect);
    items(&a).max(1) + items(&b).max(1)
}

/// Cuts a rectangle in two at the border of tiles nearest to the middle of its longer side.
pub(crate) fn halves_of(rect: &PixelRect) -> (PixelRect, PixelRect) {
    let middle = |(start, end): (u32, u32)| {
        let tile = TILE as u32;
        let middle = ((start + end) / 2).next_multiple_of(tile);
        if middle > start && middle < end { middle } else { (start + end) / 2 }
    };
    let (mut a, mut b) = (*rect, *rect);
    if rect.x.1 - rect.x.0 > rect.y.1 - rect.y.0 {
        (a.x.1, b.x.0) = (middle(rect.x), middle(rect.x));
    } else {
        (a.y.1, b.y.0) = (middle(rect.y), middle(rect.y));
    }
    (a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(rect: &PixelRect, out: &mut Vec<PixelRect>) {
        if rect.area() > BIG_PIXELS {
            let (a, b) = halves_of(rect);
            cut(&a, out);
            cut(&b, out);
        } else {
            out.push(*rect);
        }
    }

    #[test]
    fn the_items_of_a_big_face_are_its_pixels_each_once() {
        for rect in [
            PixelRect { x: (3, 4099), y: (0, 7) },
            PixelRect { x: (0, 300), y: (17, 500) },
            PixelRect { x: (5, 6), y: (0, 65_536) },
        ] {
            let mut all = Vec::new();
            cut(&rect, &mut all);
            assert_eq!(all.len(), items(&rect));
            assert_eq!(all.iter().map(PixelRect::area).sum::<usize>(), rect.area());
            for (i, a) in all.iter().enumerate() {
                assert!(!a.is_empty() && a.area() <= BIG_PIXELS);
                assert!(all[..i].iter().all(|b| a.intersect(b).is_empty()), "{a:?}");
            }
        }
    }
}
