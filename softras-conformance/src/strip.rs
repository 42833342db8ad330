//! `expected | difference | actual`: the last picture of a law that broke, as a PNG file.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{ImageFormat, Rgb, RgbImage};
use ndarray::{Array3, Array4, Axis};
use softras_core::Image;
use softras_core::math::Scalar;
use softras_core::raster::Rasterizer;
use softras_core::reference::Reference;

use crate::trace::{Drawn, Picture};

/// Pairs of face and pixel that the reference draws for a strip: a second's work.
const MOST_PAIRS: usize = 20_000_000;

/// Pixels along the longer side of a panel, at least, unless one pixel becomes more than that.
const PANEL: usize = 160;

/// Differences are shown by their share of the largest, or of this where all are smaller: rounding stays dark.
const ROUNDING: f64 = 1e-4;

/// Pictures of a batch that a strip shows.
const MOST_PICTURES: usize = 4;

/// Draws what was drawn once more on the reference, writes both into `folder`, and says where the strip is and where
/// they differ most.
pub(crate) fn describe(drawn: &Drawn, name: &str, folder: &Path) -> String {
    match drawn {
        Drawn::Single(picture) => describe_picture(picture, name, folder),
        Drawn::Double(picture) => describe_picture(picture, name, folder),
    }
}

fn describe_picture<R: Scalar>(picture: &Picture<R>, name: &str, folder: &Path) -> String {
    let Picture { faces, params, image } = picture;
    let pairs = faces.count() * params.width() * params.height();
    if pairs > MOST_PAIRS {
        return format!("no strip: {pairs} pairs are too many for the reference");
    }
    let expected = match Rasterizer::<f64>::forward(&Reference, &faces.cast(), &params.cast()) {
        Ok((expected, _)) => expected,
        Err(why) => return format!("no strip: the reference refuses the scene: {why}"),
    };
    let actual = Image {
        color: image.color.as_ref().map(|x| x.mapv(Scalar::to_f64)),
        silhouette: image.silhouette.as_ref().map(|x| x.mapv(Scalar::to_f64)),
    };
    let pairs = [
        ("color", expected.color.zip(actual.color)),
        ("silhouette", planes(expected.silhouette).zip(planes(actual.silhouette))),
    ];
    let (mut text, mut rows) = (String::new(), Vec::new());
    for (what, pair) in pairs {
        let Some((expected, actual)) = pair.filter(|(e, a)| e.dim() == a.dim() && !e.is_empty()) else {
            continue;
        };
        let worst = worst(&expected, &actual);
        text.push_str(&format!("the last picture drawn: {what} {worst}\n"));
        rows.push((expected, actual, worst.size));
    }
    if rows.iter().all(|(_, _, worst)| *worst < ROUNDING) {
        text.push_str("the picture is not what is wrong, but the numbers above\n");
    }
    match write(&rows, name, folder) {
        Ok(Some(path)) => format!("{text}expected | difference | actual: {}", path.display()),
        Ok(None) => format!("{text}no strip: nothing was drawn"),
        Err(why) => format!("{text}no strip: {why}"),
    }
}

/// A silhouette as a picture of one channel.
fn planes(silhouette: Option<Array3<f64>>) -> Option<Array4<f64>> {
    silhouette.map(|x| x.insert_axis(Axis(1)))
}

/// The largest difference of two pictures.
struct Worst {
    size: f64,
    at: (usize, usize, usize, usize),
    expected: f64,
    actual: f64,
}

impl core::fmt::Display for Worst {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.size <= 0.0 {
            return f.write_str("is the reference's to the last bit");
        }
        let ((b, c, row, column), expected, actual) = (self.at, self.expected, self.actual);
        write!(
            f,
            "differs most by {:.3e} at row {row}, column {column}, channel {c} of picture {b}: ",
            self.size
        )?;
        write!(f, "expected {expected:?}, actual {actual:?}")
    }
}

fn worst(expected: &Array4<f64>, actual: &Array4<f64>) -> Worst {
    let mut worst = Worst { size: 0.0, at: (0, 0, 0, 0), expected: 0.0, actual: 0.0 };
    for ((at, &e), &a) in expected.indexed_iter().zip(actual) {
        let size = if a.is_finite() { (e - a).abs() } else { f64::INFINITY };
        if size > worst.size {
            worst = Worst { size, at, expected: e, actual: a };
        }
    }
    worst
}

/// Writes the rows of panels, whole or not at all; nothing where there are none.
fn write(
    rows: &[(Array4<f64>, Array4<f64>, f64)],
    name: &str,
    folder: &Path,
) -> Result<Option<PathBuf>, Box<dyn core::error::Error>> {
    let Some((first, ..)) = rows.first() else { return Ok(None) };
    let (shown, _, h, w) = first.dim();
    let shown = shown.min(MOST_PICTURES);
    let scale = (PANEL / w.max(h)).max(1);
    let (across, down) = (w * scale + GAP, h * scale + GAP);
    let (width, height) = (3 * across + GAP, shown * rows.len() * down + GAP);
    let mut strip = RgbImage::from_pixel(u32::try_from(width)?, u32::try_from(height)?, Rgb([96, 96, 160]));
    for (r, (expected, actual, worst)) in rows.iter().enumerate() {
        let difference = (expected - actual).mapv(|d| match d.is_finite() {
            true => d.abs() / worst.max(ROUNDING),
            false => 1.0,
        });
        for b in 0..shown {
            let top = GAP + (r * shown + b) * down;
            for (p, panel) in [expected, &difference, actual].into_iter().enumerate() {
                let left = GAP + p * across;
                for (y, x) in (0..h * scale).flat_map(|y| (0..w * scale).map(move |x| (y, x))) {
                    let pixel = pixel(panel, b, y / scale, x / scale);
                    strip.put_pixel(u32::try_from(left + x)?, u32::try_from(top + y)?, pixel);
                }
            }
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    strip.write_to(&mut bytes, ImageFormat::Png)?;
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.png", name.replace("::", ".")));
    let part = path.with_extension("png.part");
    std::fs::write(&part, bytes.into_inner())?;
    std::fs::rename(&part, &path)?;
    Ok(Some(path))
}

/// Pixels between panels.
const GAP: usize = 4;

/// The color of a pixel: red, green and blue, red and green alone, or grey.
fn pixel(panel: &Array4<f64>, b: usize, y: usize, x: usize) -> Rgb<u8> {
    let byte = |c: usize| (panel[[b, c, y, x]].clamp(0.0, 1.0) * 255.0).round() as u8;
    match panel.dim().1 {
        1 => Rgb([byte(0); 3]),
        2 => Rgb([byte(0), byte(1), 0]),
        _ => Rgb([byte(0), byte(1), byte(2)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Scene;
    use std::sync::Arc;

    #[test]
    fn a_strip_shows_what_was_expected_what_was_drawn_and_where_they_differ() {
        let scene = Scene::of(vec![[[-0.5, -0.5, 2.0], [0.5, -0.5, 2.0], [0.0, 0.5, 2.0]]]);
        let (faces, params) = (scene.faces::<f32>().expect("valid"), scene.params::<f32>());
        let (mut image, _) = Rasterizer::forward(&Reference, &faces, &params).expect("it draws");
        if let Some(silhouette) = &mut image.silhouette {
            silhouette[[0, 3, 5]] += 0.25;
        }
        let folder = std::env::temp_dir().join(format!("softras-strip-{}", std::process::id()));
        let drawn = Drawn::Single(Picture { faces: Arc::new(faces), params, image });
        let text = describe(&drawn, "cpu::topic::law", &folder);
        assert!(
            text.contains("silhouette differs most by 2.5") && text.contains("row 3, column 5"),
            "{text}"
        );
        let strip = image::open(folder.join("cpu.topic.law.png")).expect("it was written").to_rgb8();
        std::fs::remove_dir_all(&folder).expect("it is there");
        // Two rows of three panels of 8 x 8 pixels, each 20 x 20.
        assert_eq!(strip.dimensions(), (3 * 164 + 4, 2 * 164 + 4));
        let silhouette_difference =
            |y: u32, x: u32| strip.get_pixel(4 + 164 + x * 20 + 9, 4 + 164 + y * 20 + 9).0;
        assert_eq!(silhouette_difference(3, 5), [255; 3]);
        assert_eq!(silhouette_difference(2, 5), [0; 3]);
    }
}
