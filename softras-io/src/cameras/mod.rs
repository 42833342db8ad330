//! Calibrated cameras with the pictures they took, in and out: our JSON, and Middlebury's `par` files.

mod json;
mod par;
mod photographs;

use std::path::{Path, PathBuf};

use softras_core::scene::{Camera, Lens};

use crate::error::{Origin, Result};

pub use json::{VERSION, save_cameras};
pub use par::{PictureSize, load_par, save_par};
pub use photographs::{Masks, Photographs, load_photographs};

/// A camera, and the picture it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// What people call it: the name of the picture, usually.
    pub name: String,
    /// The camera. A calibrated lens is for a picture of `size`.
    pub camera: Camera<f64>,
    /// Width and height of the picture in pixels.
    pub size: [usize; 2],
    /// The picture.
    pub image: Option<PathBuf>,
    /// A picture of the silhouette.
    pub mask: Option<PathBuf>,
}

/// Reads a list of cameras.
///
/// | file | content |
/// |---|---|
/// | `.json` | ours: see [`save_cameras`] |
/// | `.txt` | Middlebury's `par`, with the pictures beside it: see [`load_par`] |
///
/// # Errors
/// `Read` if the file cannot be read; `Unsupported` for another ending or version; `Syntax` or `Content` if it does not
/// have this form, holds no camera, or a camera that cannot draw.
pub fn load_cameras(path: impl AsRef<Path>) -> Result<Vec<Shot>> {
    let path = path.as_ref();
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "json" => json::load(Origin(path)),
        "txt" => load_par(path, PictureSize::OfFiles),
        other => Err(Origin(path).unsupported(format!(".{other} for cameras"), ".json, .txt (par)")),
    }
}

/// Checks what every reader and writer needs: the camera draws, and its lens is for the picture's size.
fn check(origin: Origin<'_>, n: usize, shot: &Shot) -> Result<()> {
    let name = &shot.name;
    shot.camera
        .check()
        .map_err(|e| origin.content(format!("camera {n} ({name:?}): {e}"), "a sound camera"))?;
    if shot.size.contains(&0) {
        let found = format!("camera {n} ({name:?}) with a picture of {:?}", shot.size);
        return Err(origin.content(found, "at least 1 x 1 pixels"));
    }
    match shot.camera.lens() {
        Lens::Pinhole(lens) if lens.size != shot.size => {
            let found = format!("camera {n} ({name:?}) with a lens for {:?} pixels", lens.size);
            Err(origin.content(found, format!("{:?}, as its picture", shot.size)))
        }
        _ => Ok(()),
    }
}

/// Checks that there is a camera.
fn some(origin: Origin<'_>, shots: Vec<Shot>) -> Result<Vec<Shot>> {
    if shots.is_empty() { Err(origin.content("no camera", "at least one")) } else { Ok(shots) }
}
