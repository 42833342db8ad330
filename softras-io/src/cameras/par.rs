//! Middlebury's `par` files: a line a picture, `name k11 .. k33 r11 .. r33 t1 t2 t3`, after a line with their number.
//!
//! The projection is `K [R | t]` with x right and y down from the top left. Whether whole numbers are pixel centres is
//! not stated there (<https://vision.middlebury.edu/mview/data/>); they are read as such.

use std::io::Write;
use std::path::Path;

use softras_core::math::{Mat3, Vec3};
use softras_core::scene::{Camera, Convention, Intrinsics};

use super::{Shot, check, some};
use crate::error::{Error, Origin, Result, quote};
use crate::staged::Staged;

/// Where the size of the pictures comes from: a `par` file does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureSize {
    /// From the pictures beside the file.
    #[default]
    OfFiles,
    /// Width and height in pixels.
    Fixed([usize; 2]),
}

/// Numbers of a line: K, R and t.
const NUMBERS: usize = 21;

/// Reads a `par` file. The pictures have the names that stand in it, in the same folder.
///
/// # Errors
/// `Read` if the file cannot be read; `Syntax` with the line for anything but a name and 21 finite numbers, or another
/// number of lines than announced; `Content` if K has a skew or is singular, or R is not a rotation; `Read` or `Picture`
/// if the size is to come from a picture that cannot be read.
pub fn load_par(path: impl AsRef<Path>, size: PictureSize) -> Result<Vec<Shot>> {
    let origin = Origin(path.as_ref());
    let folder = origin.0.parent().unwrap_or(Path::new(""));
    let text = String::from_utf8_lossy(&origin.bytes()?).into_owned();
    let mut lines =
        text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())).filter(|(_, line)| !line.is_empty());
    let Some((n, head)) = lines.next() else {
        return Err(origin.content("blank lines", "a line with the number of cameras"));
    };
    let announced: usize = head.parse().map_err(|_| origin.line(n, quote(head), "the number of cameras"))?;
    let mut shots = Vec::new();
    for (n, line) in lines {
        if shots.len() == announced {
            return Err(origin.line(n, "one more line", format!("{announced} cameras, as announced")));
        }
        let shot = read(origin, n, line, folder, size)?;
        check(origin, shots.len(), &shot)?;
        shots.push(shot);
    }
    if shots.len() != announced {
        return Err(origin.line(
            n,
            format!("{announced} cameras announced, {} lines", shots.len()),
            "as many",
        ));
    }
    some(origin, shots)
}

fn read(origin: Origin<'_>, n: usize, line: &str, folder: &Path, size: PictureSize) -> Result<Shot> {
    let mut tokens = line.split_whitespace();
    let name = tokens.next().unwrap_or_default();
    let mut numbers = [0.0; NUMBERS];
    for (i, number) in numbers.iter_mut().enumerate() {
        let found = tokens.next().ok_or_else(|| {
            origin.line(n, format!("{i} numbers after the name"), format!("{NUMBERS}: K, R and t"))
        })?;
        *number = match found.parse::<f64>() {
            Ok(x) if x.is_finite() => x,
            _ => return Err(origin.line(n, quote(found), "a finite number")),
        };
    }
    if let Some(more) = tokens.next() {
        return Err(origin.line(n, format!("{} after t", quote(more)), "the end of the line"));
    }
    let matrix = |at: usize| {
        let x = |i: usize| numbers[at + i];
        Mat3::from([[x(0), x(1), x(2)], [x(3), x(4), x(5)], [x(6), x(7), x(8)]])
    };
    let image = folder.join(name);
    let size = match size {
        PictureSize::Fixed(size) => size,
        PictureSize::OfFiles => dimensions(&image)?,
    };
    let lens = Intrinsics::from_matrix(matrix(0), size)
        .map_err(|e| origin.content(format!("camera {name:?} on line {n}: {e}"), "a sound lens"))?;
    let translation = Vec3::new(numbers[18], numbers[19], numbers[20]);
    Ok(Shot {
        name: name.to_owned(),
        camera: Camera::opencv(matrix(9), translation, lens),
        size,
        image: Some(image),
        mask: None,
    })
}

/// Reads width and height of a picture, and no more of it.
fn dimensions(path: &Path) -> Result<[usize; 2]> {
    let reader = image::ImageReader::open(path).map_err(|e| Origin(path).read(e))?;
    let reader = reader.with_guessed_format().map_err(|e| Origin(path).read(e))?;
    let (w, h) = reader.into_dimensions().map_err(|source| Error::Picture { path: path.into(), source })?;
    Ok([w as usize, h as usize])
}

/// Writes cameras as a `par` file. Sizes, masks and near planes are not kept.
///
/// # Errors
/// `Content` for a camera that cannot draw, that is mirrored, parallel or distorted, or whose name is empty or holds a
/// blank; `Write` if the file cannot be written: then what stood there before is untouched.
pub fn save_par(path: impl AsRef<Path>, shots: &[Shot]) -> Result<()> {
    let origin = Origin(path.as_ref());
    let mut text = format!("{}\n", shots.len());
    for (n, shot) in shots.iter().enumerate() {
        check(origin, n, shot)?;
        let refuse = |why: &str, expected: &str| {
            Err(origin.content(format!("camera {n} ({:?}) {why}", shot.name), expected))
        };
        if shot.camera.is_mirrored() {
            return refuse("with mirrored pictures", "pictures as seen");
        }
        if shot.name.is_empty() || shot.name.contains(char::is_whitespace) {
            return refuse("with such a name", "a name without blanks");
        }
        let Some(lens) = shot.camera.lens().intrinsics(shot.size) else {
            return refuse("with a parallel lens", "a perspective, which has a K");
        };
        if !lens.distortion.is_none() {
            return refuse("with a distortion", "none: a par file has no place for it");
        }
        let place = shot.camera.extrinsics(Convention::OpenCv)?;
        text.push_str(&shot.name);
        let matrices = [lens.matrix().to_array(), place.rotation.to_array()];
        for number in matrices.as_flattened().as_flattened().iter().chain(&place.translation.to_array()) {
            text.push_str(&format!(" {number}"));
        }
        text.push('\n');
    }
    Staged::write(origin.0, |w| w.write_all(text.as_bytes()))?.commit()
}
