//! Pictures with alpha and their cameras, as `softras pose` and `softras body` take them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ndarray::{Array3, Array4};
use softras_core::scene::Camera;
use softras_fit::Targets;
use softras_io::{ImageSet, load_cameras, load_png};

use crate::output::warn;

/// Reads pictures of one size, laid over `background` by their alpha, and their cameras: those of a file, or `alone`
/// for a single picture.
pub(crate) fn targets(
    images: &[PathBuf],
    cameras: Option<&Path>,
    alone: Camera,
    background: [f32; 3],
) -> Result<Targets> {
    let pictures = images.iter().map(load_png).collect::<softras_io::Result<Vec<_>>>()?;
    let Some(first) = pictures.first() else { bail!("--image: found no picture, expected at least one") };
    let (h, w, _) = first.dim();
    if let Some((path, _)) = images.iter().zip(&pictures).find(|(_, p)| p.dim() != (h, w, 4)) {
        bail!("{}: found another size, expected {w} x {h} pixels as the first picture", path.display());
    }
    let count = pictures.len();
    let silhouette = Array3::from_shape_fn((count, h, w), |(n, y, x)| pictures[n][[y, x, 3]]);
    let color = Array4::from_shape_fn((count, 3, h, w), |(n, c, y, x)| pictures[n][[y, x, c]]);
    let set = ImageSet { color, silhouette };
    if set.is_opaque() {
        warn(
            "every picture is opaque everywhere (no alpha channel, or one that is full): every pixel counts as the object",
        );
    }
    if let Some(n) = set.empty().next() {
        bail!("{}: found alpha 0 everywhere, expected a picture of the object", images[n].display());
    }
    let cameras: Vec<Camera> = match cameras {
        Some(path) => load_cameras(path)?.iter().map(|shot| shot.camera.cast()).collect(),
        None => vec![alone],
    };
    Targets::from_images(&set, cameras, background).context("pictures and cameras (--image, --camera)")
}
