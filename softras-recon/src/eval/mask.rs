//! Silhouettes as bits: [`Mask`].

use ndarray::ArrayView3;

use crate::data::PIXELS;

/// The pixels whose silhouette is above 1/2, a bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask([u64; PIXELS]);

impl Mask {
    /// The silhouette of a picture `[4, 64, 64]`.
    #[must_use]
    pub fn of(picture: ArrayView3<'_, u8>) -> Self {
        Self(core::array::from_fn(|y| {
            (0..PIXELS).fold(0, |row, x| row | u64::from(picture[[3, y, x]] > 127) << x)
        }))
    }
    /// Tells whether a pixel is covered.
    ///
    /// # Panics
    /// If an index is not below [`PIXELS`].
    #[must_use]
    pub fn get(&self, y: usize, x: usize) -> bool {
        assert!(x < PIXELS, "pixel {x} of {PIXELS}");
        self.0[y] >> x & 1 == 1
    }
    /// Returns the number of covered pixels.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().map(|row| row.count_ones()).sum()
    }
    /// Returns the intersection over union with `other`; 1 if both are empty.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let (mut shared, mut either) = (0, 0);
        for (a, b) in self.0.iter().zip(&other.0) {
            shared += (a & b).count_ones();
            either += (a | b).count_ones();
        }
        if either == 0 { 1.0 } else { f64::from(shared) / f64::from(either) }
    }
}
