//! A picture from elsewhere, as those of the data: [`shown`].

use ndarray::{Array3, ArrayView3};

use super::PIXELS;
use crate::error::{Error, Result};

/// Returns a picture `[H, W, 4]` (red, green, blue, opacity, 0 to 1) as a network is shown them: `[4, 64, 64]`, over black,
/// each pixel the mean of what it covers. One that is not square is put in the middle of one that is.
///
/// The object should be where those of the data are: seen from a little above, its longest side about two thirds of the
/// picture.
///
/// # Errors
/// `Setting` if there are other than four channels, or nothing or everything is opaque.
pub fn shown(picture: ArrayView3<'_, f32>) -> Result<Array3<f32>> {
    let (height, width, channels) = picture.dim();
    if channels != 4 || height == 0 || width == 0 {
        let found = format!("{:?}", picture.shape());
        return Err(Error::setting("picture", found, "[H, W, 4], with opacity"));
    }
    let opaque = picture.index_axis(ndarray::Axis(2), 3);
    for (whole, found) in [(0.0, "no opaque pixel"), (1.0, "no transparent pixel")] {
        if opaque.iter().all(|a| (a - whole).abs() < 0.5 / 255.0) {
            return Err(Error::setting("picture", found, "an object before a transparent background"));
        }
    }
    let side = height.max(width);
    let (top, left) = ((side - height) / 2, (side - width) / 2);
    // The pixels of the square that pixel i of 64 covers, and how much of each.
    let covered = |i: usize, offset: usize, length: usize| {
        let scale = side as f64 / PIXELS as f64;
        let (from, to) = (i as f64 * scale, (i + 1) as f64 * scale);
        (from as usize..(to.ceil() as usize).min(side)).filter_map(move |k| {
            let share = (to.min(k as f64 + 1.0) - from.max(k as f64)) / scale;
            let inside = k >= offset && k - offset < length && share > 0.0;
            inside.then(|| (k - offset, share as f32))
        })
    };
    Ok(Array3::from_shape_fn((4, PIXELS, PIXELS), |(c, y, x)| {
        let mut sum = 0.0;
        for (row, tall) in covered(y, top, height) {
            for (column, wide) in covered(x, left, width) {
                let opacity = picture[[row, column, 3]];
                let value = if c < 3 { picture[[row, column, c]] * opacity } else { opacity };
                sum += tall * wide * value;
            }
        }
        // The shares of the pixels are rounded.
        sum.clamp(0.0, 1.0)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_brought_to_size_over_black() {
        // A white square in the lower right quarter of a wide picture, half opaque.
        let picture = Array3::from_shape_fn((100, 200, 4), |(y, x, c)| {
            if c < 3 {
                1.0
            } else if y >= 50 && x >= 100 {
                0.5
            } else {
                0.0
            }
        });
        let found = shown(picture.view()).unwrap();
        // Rows 50 to 150 of 200 hold the picture; its lower half is rows 32 to 48 of 64.
        for ((c, y, x), value) in found.indexed_iter() {
            let expected = if (32..48).contains(&y) && x >= 32 { 0.5 } else { 0.0 };
            assert!((value - expected).abs() < 1e-6, "{c} {y} {x}: {value}");
        }
        let same =
            Array3::from_shape_fn((64, 64, 4), |(y, x, c)| if c < 3 { 0.25 } else { ((y + x) % 2) as f32 });
        let found = shown(same.view()).unwrap();
        assert!((found[[0, 3, 4]] - 0.25).abs() < 1e-6 && found[[0, 3, 5]].abs() < 1e-6);
        assert!((found.sum() - 1.75 * 2048.0).abs() < 1e-2);
        // Of a size that 64 does not divide: an opaque pixel is not more than that.
        let odd = Array3::from_shape_fn((80, 60, 4), |(y, _, _)| f32::from(u8::from((20..60).contains(&y))));
        assert!(shown(odd.view()).unwrap().iter().all(|a| (0.0..=1.0).contains(a)));
    }

    #[test]
    fn pictures_without_an_object_are_refused() {
        let plain = |a: f32| Array3::from_shape_fn((8, 8, 4), |(_, _, c)| if c < 3 { 0.5 } else { a });
        assert!(shown(plain(0.0).view()).unwrap_err().to_string().contains("no opaque"));
        assert!(shown(plain(1.0).view()).unwrap_err().to_string().contains("no transparent"));
        assert!(shown(Array3::zeros((8, 8, 3)).view()).is_err());
    }
}
