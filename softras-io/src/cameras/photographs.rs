//! Photographs with masks and cameras, ready to be fitted: [`load_photographs`].

use std::path::{Path, PathBuf};

use image::{ColorType, DynamicImage};
use ndarray::{Array3, Array4, Axis, Slice};

use super::{Shot, load_cameras};
use crate::error::{Origin, Result};
use crate::image_set::ImageSet;
use crate::picture;

/// Where the silhouettes of photographs come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Masks {
    /// From the mask that a camera file names; where it names none, from the photograph's alpha, which is 1 where it has
    /// none.
    #[default]
    AsNamed,
    /// From the files of the same names in this folder.
    Folder(PathBuf),
}

/// Photographs of one object, each with its camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Photographs {
    /// The cameras, `[N]`.
    pub shots: Vec<Shot>,
    /// The photographs and silhouettes, in the same order.
    pub pictures: ImageSet,
}

/// Reads a camera file (see [`load_cameras`]) with its photographs (PNG or JPEG) and masks.
///
/// A mask is a grey picture, or one whose red, green and blue agree; of one with alpha, its alpha. Colors and masks are
/// 0 to 1, as in the files.
///
/// # Errors
/// As [`load_cameras`]; `Content` for a camera without a picture, a picture of another size than its camera's or than
/// the first picture's, or a colored mask; `Read` or `Picture` if a picture cannot be read.
pub fn load_photographs(path: impl AsRef<Path>, masks: &Masks) -> Result<Photographs> {
    let path = path.as_ref();
    let mut shots = load_cameras(path)?;
    if let Masks::Folder(folder) = masks {
        for shot in &mut shots {
            shot.mask = shot.image.as_deref().and_then(Path::file_name).map(|name| folder.join(name));
        }
    }
    let [width, height] = shots.first().map_or([0; 2], |shot| shot.size);
    let mut pictures = ImageSet {
        color: Array4::zeros((shots.len(), 3, height, width)),
        silhouette: Array3::zeros((shots.len(), height, width)),
    };
    for (n, shot) in shots.iter().enumerate() {
        if shot.size != [width, height] {
            let found = format!("camera {n} ({:?}) with a picture of {:?}", shot.name, shot.size);
            return Err(Origin(path).content(found, format!("{width} x {height}, like the first")));
        }
        let Some(image) = &shot.image else {
            let found = format!("camera {n} ({:?}) without an image", shot.name);
            return Err(Origin(path).content(found, "an image for each camera"));
        };
        let rgba = picture::rgba(&decode(image, shot.size)?);
        let planes = rgba.permuted_axes([2, 0, 1]);
        pictures.color.index_axis_mut(Axis(0), n).assign(&planes.slice_axis(Axis(0), Slice::from(..3)));
        let silhouette = match &shot.mask {
            None => planes.index_axis(Axis(0), 3).to_owned(),
            Some(mask) => mask_of(mask, shot.size)?,
        };
        pictures.silhouette.index_axis_mut(Axis(0), n).assign(&silhouette);
    }
    Ok(Photographs { shots, pictures })
}

fn decode(path: &Path, [width, height]: [usize; 2]) -> Result<DynamicImage> {
    let picture = picture::decode(path, None)?;
    let found = [picture.width() as usize, picture.height() as usize];
    if found != [width, height] {
        let found = format!("a picture of {} x {}", found[0], found[1]);
        return Err(Origin(path).content(found, format!("{width} x {height}, as its camera says")));
    }
    Ok(picture)
}

fn mask_of(path: &Path, size: [usize; 2]) -> Result<ndarray::Array2<f32>> {
    let picture = decode(path, size)?;
    let rgba = picture::rgba(&picture);
    let has_alpha = picture.color().has_alpha();
    let channel = if has_alpha { 3 } else { 0 };
    let grey = matches!(picture.color(), ColorType::L8 | ColorType::L16);
    let same =
        |y: usize, x: usize| [1, 2].iter().all(|&k| rgba[[y, x, k]].to_bits() == rgba[[y, x, 0]].to_bits());
    if !has_alpha && !grey {
        let (height, width, _) = rgba.dim();
        let colored = (0..height).flat_map(|y| (0..width).map(move |x| (y, x))).find(|&(y, x)| !same(y, x));
        if let Some((y, x)) = colored {
            let found = format!("a mask with a color at row {y}, column {x}");
            return Err(Origin(path).content(found, "a grey picture, or one with alpha"));
        }
    }
    Ok(rgba.index_axis(Axis(2), channel).to_owned())
}
