//! A picture of 8 bits a channel, as GIF files and montages take it.

use std::path::Path;

use ndarray::{Array3, ArrayView2, ArrayView3};
use softras_core::Error as CoreError;

use super::png::{check, encode, load_any, save_png, to_byte};
use crate::error::Result;

/// A picture of red, green and blue in 8 bits, rows from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbFrame {
    width: usize,
    height: usize,
    pixels: Vec<u8>, // [H, W, 3]
}

impl RgbFrame {
    /// Makes a frame of one color.
    ///
    /// # Errors
    /// `Argument` if a side is 0.
    pub fn filled(width: usize, height: usize, color: [u8; 3]) -> Result<Self> {
        match width.checked_mul(height) {
            Some(n) if n > 0 => Ok(Self { width, height, pixels: color.repeat(n) }),
            _ => Err(CoreError::shape("frame", &[height, width], "[H, W], both at least 1").into()),
        }
    }
    /// Makes a frame from `color [C, H, W]`, C = 1 or 3; values are held to 0..=1 and rounded.
    ///
    /// # Errors
    /// `Argument` if the shape is another or a value is not a number.
    pub fn from_color(color: ArrayView3<'_, f32>) -> Result<Self> {
        let (height, width) = check(color, "color")?;
        let last = color.dim().0 - 1;
        let mut pixels = Vec::with_capacity(height * width * 3);
        for y in 0..height {
            for x in 0..width {
                pixels.extend([0, 1, 2].map(|k| to_byte(color[[k.min(last), y, x]])));
            }
        }
        Ok(Self { width, height, pixels })
    }
    /// Makes a grey frame from a silhouette, `[H, W]`.
    ///
    /// # Errors
    /// As for [`RgbFrame::from_color`].
    pub fn from_gray(gray: ArrayView2<'_, f32>) -> Result<Self> {
        Self::from_color(gray.insert_axis(ndarray::Axis(0)))
    }
    /// Reads a PNG or JPEG file; alpha is left out.
    ///
    /// # Errors
    /// `Read` or `Picture` if it is no sound picture.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let rgba = load_any(path.as_ref())?;
        let color = rgba.permuted_axes([2, 0, 1]);
        Self::from_color(color.slice_axis(ndarray::Axis(0), ndarray::Slice::from(..3)))
    }
    /// Writes the frame as a PNG file.
    ///
    /// # Errors
    /// `Write` or `Picture` if the file cannot be written.
    pub fn save_png(&self, path: impl AsRef<Path>) -> Result<()> {
        let color = Array3::from_shape_fn((3, self.height, self.width), |(k, y, x)| {
            f32::from(self.pixels[(y * self.width + x) * 3 + k]) / 255.0
        });
        save_png(path, color.view(), None)
    }
    /// Returns the bytes of a PNG file.
    ///
    /// # Errors
    /// `Picture` if the frame is larger than such a file holds.
    pub fn png(&self) -> Result<Vec<u8>> {
        encode(Path::new("picture in memory"), &self.pixels, (self.width, self.height))
    }
    /// Returns the frame with every pixel as `factor * factor` pixels.
    ///
    /// # Errors
    /// `Argument` if `factor` is 0.
    pub fn enlarged(&self, factor: usize) -> Result<Self> {
        let mut large = Self::filled(self.width * factor, self.height * factor, [0; 3])?;
        for (i, pixel) in large.pixels.chunks_exact_mut(3).enumerate() {
            let (y, x) = (i / (self.width * factor) / factor, i % (self.width * factor) / factor);
            let start = (y * self.width + x) * 3;
            pixel.copy_from_slice(&self.pixels[start..start + 3]);
        }
        Ok(large)
    }
    /// Pixels a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }
    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }
    /// Red, green and blue of every pixel, `[H, W, 3]`.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }
    /// Copies `other` into this frame with its left top corner at (x, y), where it must fit.
    pub(super) fn paste(&mut self, other: &Self, x: usize, y: usize) {
        for (r, row) in other.pixels.chunks_exact(other.width * 3).enumerate() {
            let start = ((y + r) * self.width + x) * 3;
            self.pixels[start..start + row.len()].copy_from_slice(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_in_memory_is_the_file_and_grows_by_whole_pixels() {
        let color = Array3::from_shape_fn((3, 2, 3), |(k, y, x)| (k + 2 * y + x) as f32 / 8.0);
        let frame = RgbFrame::from_color(color.view()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), frame.png().unwrap()).unwrap();
        assert_eq!(RgbFrame::load(folder.path().join("a.png")).unwrap(), frame);
        let large = frame.enlarged(2).unwrap();
        assert_eq!((large.width(), large.height()), (6, 4));
        for (x, y) in [(0, 0), (5, 3), (2, 1), (3, 2)] {
            let at = |f: &RgbFrame, x: usize, y: usize| f.pixels()[(y * f.width() + x) * 3..][..3].to_vec();
            assert_eq!(at(&large, x, y), at(&frame, x / 2, y / 2));
        }
        assert!(frame.enlarged(0).is_err());
    }
}
