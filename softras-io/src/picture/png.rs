//! PNG files in and out.

use std::path::Path;

use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, ImageReader};
use ndarray::{Array3, ArrayView2, ArrayView3};
use softras_core::Error as CoreError;

use crate::error::{Error, Origin, Result};
use crate::staged::Staged;

/// Reads a PNG file as `[H, W, 4]`: red, green, blue and alpha in 0..=1, without gamma correction.
///
/// Grey becomes three equal channels; alpha is 1 where the file has none. Colors are not multiplied by alpha.
///
/// # Errors
/// `Read` if the file cannot be read; `Picture` if it is no sound PNG, or larger than 512 MiB in memory.
pub fn load_png(path: impl AsRef<Path>) -> Result<Array3<f32>> {
    let path = path.as_ref();
    Ok(rgba(&decode(path, Some(ImageFormat::Png))?))
}

/// Reads a PNG or JPEG file, told apart by content, as [`load_png`] does.
pub(crate) fn load_any(path: &Path) -> Result<Array3<f32>> {
    Ok(rgba(&decode(path, None)?))
}

/// Reads a picture in the given format, or in the one its content shows.
pub(crate) fn decode(path: &Path, format: Option<ImageFormat>) -> Result<DynamicImage> {
    decode_bytes(path, &Origin(path).bytes()?, format)
}

/// Reads a picture from bytes that stand in the file `path`, as [`decode`] does.
pub(crate) fn decode_bytes(path: &Path, bytes: &[u8], format: Option<ImageFormat>) -> Result<DynamicImage> {
    let mut reader = ImageReader::new(std::io::Cursor::new(bytes));
    match format {
        Some(format) => reader.set_format(format),
        None => reader = reader.with_guessed_format().map_err(|e| Origin(path).read(e))?,
    }
    reader.decode().map_err(|source| Error::Picture { path: path.into(), source })
}

/// Returns a picture as `[H, W, 4]`.
pub(crate) fn rgba(picture: &DynamicImage) -> Array3<f32> {
    let pixels = picture.to_rgba32f();
    let (width, height) = pixels.dimensions();
    Array3::from_shape_fn((height as usize, width as usize, 4), |(y, x, k)| {
        pixels.get_pixel(x as u32, y as u32).0[k]
    })
}

/// Writes a picture from `color [C, H, W]`, C = 1 or 3, and `alpha [H, W]` if there is one.
///
/// Values are held to 0..=1 and rounded to 8 bits, without gamma correction. Colors are stored as they are, not divided
/// or multiplied by alpha. The file is written under a temporary name, then renamed.
///
/// # Errors
/// `Argument` if the shapes do not fit or a value is not a number; `Write` or `Picture` if the file cannot be written.
pub fn save_png(
    path: impl AsRef<Path>,
    color: ArrayView3<'_, f32>,
    alpha: Option<ArrayView2<'_, f32>>,
) -> Result<()> {
    stage_png(path.as_ref(), color, alpha)?.commit()
}

/// Writes a silhouette or another single channel, `[H, W]`, as a grey picture, as [`save_png`] does.
///
/// # Errors
/// As for [`save_png`].
pub fn save_gray_png(path: impl AsRef<Path>, gray: ArrayView2<'_, f32>) -> Result<()> {
    save_png(path, gray.insert_axis(ndarray::Axis(0)), None)
}

/// Writes a PNG file under a temporary name.
pub(crate) fn stage_png(
    path: &Path,
    color: ArrayView3<'_, f32>,
    alpha: Option<ArrayView2<'_, f32>>,
) -> Result<Staged> {
    let (height, width) = check(color, "color")?;
    if let Some(alpha) = alpha {
        if alpha.dim() != (height, width) {
            return Err(CoreError::shape("alpha", alpha.shape(), format!("[{height}, {width}]")).into());
        }
        check(alpha.insert_axis(ndarray::Axis(0)), "alpha")?;
    }
    let channels = color.dim().0;
    let kind = match (channels, alpha) {
        (1, None) => ExtendedColorType::L8,
        (1, Some(_)) => ExtendedColorType::La8,
        (_, None) => ExtendedColorType::Rgb8,
        (_, Some(_)) => ExtendedColorType::Rgba8,
    };
    let mut bytes = Vec::with_capacity(height * width * (channels + usize::from(alpha.is_some())));
    for y in 0..height {
        for x in 0..width {
            bytes.extend((0..channels).map(|k| to_byte(color[[k, y, x]])));
            bytes.extend(alpha.map(|a| to_byte(a[[y, x]])));
        }
    }
    let mut refused = None;
    let staged = Staged::write(path, |w| {
        let encoder = image::codecs::png::PngEncoder::new(w);
        // A full disk stays a `Write` error; anything else is the encoder's own.
        encoder.write_image(&bytes, width as u32, height as u32, kind).map_err(|e| match e {
            image::ImageError::IoError(e) => e,
            other => {
                let text = other.to_string();
                refused = Some(other);
                std::io::Error::other(text)
            }
        })
    });
    match refused {
        Some(source) => Err(Error::Picture { path: path.into(), source }),
        None => staged,
    }
}

/// Returns a PNG file of `rgb [H, W, 3]` in memory, with values held and rounded as [`save_png`] does.
pub(crate) fn png_bytes(path: &Path, rgb: &Array3<f32>) -> Result<Vec<u8>> {
    let (height, width, _) = rgb.dim();
    let bytes: Vec<u8> = rgb.iter().map(|x| to_byte(*x)).collect();
    encode(path, &bytes, (width, height))
}

/// Returns a PNG file of `pixels [H, W, 3]` in memory; `path` stands in the error.
pub(super) fn encode(path: &Path, pixels: &[u8], (width, height): (usize, usize)) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    image::codecs::png::PngEncoder::new(&mut out)
        .write_image(pixels, width as u32, height as u32, ExtendedColorType::Rgb8)
        .map_err(|source| Error::Picture { path: path.into(), source })?;
    Ok(out)
}

/// Checks a picture, `[C, H, W]`, and returns H and W.
pub(super) fn check(color: ArrayView3<'_, f32>, what: &str) -> Result<(usize, usize)> {
    let (channels, height, width) = color.dim();
    let most = u32::MAX as usize / 2;
    if !matches!(channels, 1 | 3) || height == 0 || width == 0 || height > most || width > most {
        let expected = "[C, H, W] with C = 1 or 3, and H and W at least 1";
        return Err(CoreError::shape(what, color.shape(), expected).into());
    }
    if let Some(((k, y, x), _)) = color.indexed_iter().find(|(_, v)| v.is_nan()) {
        let name = format!("{what}, channel {k} at row {y}, column {x}");
        return Err(CoreError::parameter(name, "NaN", "a number").into());
    }
    Ok((height, width))
}

/// Returns a value of 0..=1 in 8 bits, rounded; values beyond are held to the range.
pub(crate) fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn colors_and_alpha_come_back_without_gamma() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let color = Array3::from_shape_fn((3, 2, 5), |(k, y, x)| (k * 10 + y * 5 + x) as f32 / 255.0);
        let alpha = Array2::from_shape_fn((2, 5), |(y, x)| (y * 5 + x) as f32 / 15.0);
        save_png(&path, color.view(), Some(alpha.view())).unwrap();
        let again = load_png(&path).unwrap();
        assert_eq!(again.dim(), (2, 5, 4));
        for ((y, x, k), v) in again.indexed_iter() {
            let e = if k < 3 { color[[k, y, x]] } else { alpha[[y, x]] };
            assert!((v - e).abs() < 1e-6, "{v} {e}");
        }
    }

    #[test]
    fn values_are_held_and_rounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        save_gray_png(&path, array![[-1.0, 2.0, f32::INFINITY, 0.5]].view()).unwrap();
        let again = load_png(&path).unwrap();
        let row: Vec<u8> = (0..4).map(|x| to_byte(again[[0, x, 0]])).collect();
        assert_eq!(row, [0, 255, 255, 128]);
        assert!(again.iter().skip(3).step_by(4).all(|a| *a > 0.999));
    }

    #[test]
    fn wrong_shapes_nan_and_broken_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        for shape in [(2, 4, 4), (3, 0, 4), (0, 4, 4)] {
            assert!(save_png(&path, Array3::zeros(shape).view(), None).is_err(), "{shape:?}");
        }
        assert!(
            save_png(&path, Array3::zeros((3, 4, 4)).view(), Some(Array2::zeros((4, 5)).view())).is_err()
        );
        let e = save_gray_png(&path, array![[0.0, f32::NAN]].view()).unwrap_err().to_string();
        assert!(e.contains("row 0, column 1"), "{e}");
        assert!(!path.exists());
        assert!(matches!(load_png(&path), Err(Error::Read { .. })));
        std::fs::write(&path, "").unwrap();
        assert!(matches!(load_png(&path), Err(Error::Content { .. })));
        save_gray_png(&path, Array2::zeros((9, 9)).view()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for cut in 1..bytes.len() - 12 {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(matches!(load_png(&path), Err(Error::Picture { .. })), "cut at {cut}");
        }
    }
}
