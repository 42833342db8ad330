//! Setup: each face once, the pixels it can reach.

use rayon::prelude::*;
use softras_core::math::{BoundingBox, Real, Scalar, Triangle};
use softras_core::raster::{Plan, RasterParams, cull_reach};
use softras_core::scene::Faces;

use crate::faults::{self, Fault};

/// Faces of one piece of work.
const RUN: usize = 256;

/// A rectangle of pixels, half open: columns `x.0..x.1`, rows `y.0..y.1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PixelRect {
    pub(crate) x: (u32, u32),
    pub(crate) y: (u32, u32),
}

impl PixelRect {
    pub(crate) fn is_empty(&self) -> bool {
        self.x.0 >= self.x.1 || self.y.0 >= self.y.1
    }

    pub(crate) fn area(&self) -> usize {
        if self.is_empty() { 0 } else { (self.x.1 - self.x.0) as usize * (self.y.1 - self.y.0) as usize }
    }

    #[cfg(test)]
    pub(crate) fn intersect(&self, other: &Self) -> Self {
        Self {
            x: (self.x.0.max(other.x.0), self.x.1.min(other.x.1)),
            y: (self.y.0.max(other.y.0), self.y.1.min(other.y.1)),
        }
    }
}

/// Finds the pixels of every face of the batch: every pixel it can touch, and perhaps a few more, for whether it does is
/// decided by the pair.
pub(crate) fn setup<R: Scalar>(
    faces: &Faces<R>,
    params: &RasterParams<R>,
    plan: &Plan<R>,
    rects: &mut Vec<PixelRect>,
) {
    rects.resize(faces.count(), PixelRect::default());
    let pictures = faces.pictures();
    rects.par_chunks_mut(RUN).enumerate().for_each(|(run, rects)| {
        let first = run * RUN;
        let mut b = pictures.partition_point(|p| p.faces.end <= first);
        let reach_of = |b: usize| faults::reach(cull_reach(params, &faults::setting(plan, b, &[])), params);
        let mut reach = if b < pictures.len() { reach_of(b) } else { 0.0 };
        for (f, rect) in (first..).zip(rects) {
            while b < pictures.len() && pictures[b].faces.end <= f {
                b += 1;
                reach = if b < pictures.len() { reach_of(b) } else { 0.0 };
            }
            // Faces between two pictures' ranges belong to none.
            let owned = b < pictures.len() && pictures[b].faces.start <= f;
            let absent = faces.is_absent(f) && !faults::active(Fault::DrawsAbsentFaces);
            *rect = if owned && !absent && !faults::drops(faces, f, plan, b) {
                let bounds = Triangle::new(faces.face(f)).bounding_box();
                faults::rect(pixel_rect(&bounds, reach, plan.width, plan.height))
            } else {
                PixelRect::default()
            };
        }
    });
}

/// Returns the pixels whose centres lie in `bounds` grown by `reach` and a margin for rounding (KERNELS 1).
fn pixel_rect<R: Real + Scalar>(
    bounds: &BoundingBox<R>,
    reach: f64,
    width: usize,
    height: usize,
) -> PixelRect {
    let grown = |low: R, high: R| {
        let (low, high) = (low.to_f64(), high.to_f64());
        let margin = reach * (1.0 + 1e-4) + 1e-6 * low.abs().max(high.abs()).max(1.0);
        (low - margin, high + margin)
    };
    // Casts instead of `ceil` and `floor`, which are calls where the instruction set has no rounding: a cast cuts the
    // fraction off, takes what is below 0 for 0, and saturates, so that an infinite reach gives the whole picture.
    let range = |low: f64, high: f64, size: usize| {
        let whole = low as u32;
        let first = whole.saturating_add(u32::from(f64::from(whole) < low));
        let end = if high >= 0.0 { (high as u32).saturating_add(1) } else { 0 };
        (first.min(size as u32), end.min(size as u32))
    };
    let (h, w) = (height as f64, width as f64);
    let (left, right) = grown(bounds.low.x, bounds.high.x);
    let (bottom, top) = grown(bounds.low.y, bounds.high.y);
    PixelRect {
        // x = (2 column + 1 - W) / H, y = (H - 1 - 2 row) / H (MATH 1)
        x: range((left * h + w - 1.0) / 2.0, (right * h + w - 1.0) / 2.0, width),
        y: range((h - 1.0 - top * h) / 2.0, (h - 1.0 - bottom * h) / 2.0, height),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use softras_core::math::{Vec2, pixel_centre};

    #[test]
    fn pixel_rect_holds_exactly_the_pixels_in_the_box() {
        let bounds = BoundingBox { low: Vec2::new(-0.3_f64, -0.55), high: Vec2::new(0.81, 0.2) };
        let (width, height) = (13, 7);
        let rect = pixel_rect(&bounds, 0.1, width, height);
        for row in 0..height {
            for column in 0..width {
                let at = pixel_centre::<f64>(row, column, height, width);
                let listed = (rect.x.0..rect.x.1).contains(&(column as u32))
                    && (rect.y.0..rect.y.1).contains(&(row as u32));
                assert_eq!(listed, bounds.holds(at, 0.1), "row {row}, column {column}");
            }
        }
    }

    #[test]
    fn an_infinite_reach_gives_the_whole_picture() {
        let bounds = BoundingBox { low: Vec2::new(1e6_f64, 1e6), high: Vec2::new(1e6, 1e6) };
        let rect = pixel_rect(&bounds, f64::INFINITY, 5, 4);
        assert_eq!(rect, PixelRect { x: (0, 5), y: (0, 4) });
    }
}
