//! Camera files of our own: JSON with a version and a named convention.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use softras_core::math::{Mat3, Vec3};
use softras_core::scene::{Camera, Convention, Degrees, Extrinsics, Intrinsics, Lens};

use super::{Shot, check, some};
use crate::error::{Origin, Result};
use crate::staged::Staged;

/// The version of the files that are written; others are refused.
pub const VERSION: u32 = 1;
/// What a file calls itself.
const FORMAT: &str = "softras-cameras";

/// What must be known before the rest can be read.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    convention: Named,
    cameras: Vec<Entry>,
}

/// The conventions by name.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Softras,
    Official,
    Opencv,
    Opengl,
    Pytorch3d,
}

impl Named {
    const fn read(self) -> Convention {
        match self {
            Self::Softras => Convention::Softras,
            Self::Official => Convention::SoftRasOfficial,
            Self::Opencv => Convention::OpenCv,
            Self::Opengl => Convention::OpenGl,
            Self::Pytorch3d => Convention::PyTorch3d,
        }
    }
    const fn write(convention: Convention) -> Self {
        match convention {
            Convention::Softras => Self::Softras,
            Convention::SoftRasOfficial => Self::Official,
            Convention::OpenCv => Self::Opencv,
            Convention::OpenGl => Self::Opengl,
            Convention::PyTorch3d => Self::Pytorch3d,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    size: [usize; 2],
    rotation: [[f64; 3]; 3],
    translation: [f64; 3],
    lens: WrittenLens,
    near: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mask: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum WrittenLens {
    Perspective {
        fov: f64,
    },
    Orthographic {
        half_height: f64,
    },
    Pinhole {
        k: [[f64; 3]; 3],
        #[serde(default)]
        distortion: Vec<f64>,
    },
}

/// Reads a file of ours.
pub(super) fn load(origin: Origin<'_>) -> Result<Vec<Shot>> {
    let bytes = origin.bytes()?;
    let wrong = |e: serde_json::Error| origin.line(e.line(), e.to_string(), "a camera file of softras");
    let head: Head = serde_json::from_slice(&bytes).map_err(wrong)?;
    if head.format != FORMAT {
        return Err(origin.unsupported(format!("the format {:?}", head.format), FORMAT));
    }
    if head.version != VERSION {
        return Err(origin.unsupported(format!("version {}", head.version), format!("version {VERSION}")));
    }
    let file: File = serde_json::from_slice(&bytes).map_err(wrong)?;
    let folder = origin.0.parent().unwrap_or(Path::new(""));
    let mut shots = Vec::with_capacity(file.cameras.len());
    for (n, entry) in file.cameras.into_iter().enumerate() {
        let shot = read(origin, n, entry, file.convention.read(), folder)?;
        check(origin, n, &shot)?;
        shots.push(shot);
    }
    some(origin, shots)
}

fn read(origin: Origin<'_>, n: usize, entry: Entry, convention: Convention, folder: &Path) -> Result<Shot> {
    let place = Extrinsics::new(convention, entry.rotation, Vec3::from(entry.translation));
    let lens =
        match &entry.lens {
            WrittenLens::Perspective { fov } => Lens::Perspective { fov: Degrees(*fov) },
            WrittenLens::Orthographic { half_height } => Lens::Orthographic { half_height: *half_height },
            WrittenLens::Pinhole { k, distortion } => {
                let lens = Intrinsics::from_opencv(Mat3::from(*k), distortion, entry.size);
                Lens::Pinhole(lens.map_err(|e| {
                    origin.content(format!("camera {n} ({:?}): {e}", entry.name), "a sound lens")
                })?)
            }
        };
    Ok(Shot {
        camera: Camera::posed(place).with_lens(lens).near(entry.near),
        name: entry.name,
        size: entry.size,
        image: entry.image.map(|path| folder.join(path)),
        mask: entry.mask.map(|path| folder.join(path)),
    })
}

/// Writes cameras as JSON, in the convention that is named in the file:
///
/// ```json
/// { "format": "softras-cameras", "version": 1, "convention": "opencv",
///   "cameras": [
///     { "name": "first", "size": [640, 480],
///       "rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "translation": [0, 0, 3],
///       "lens": { "pinhole": { "k": [[500, 0, 319.5], [0, 500, 239.5], [0, 0, 1]], "distortion": [0.1, 0, 0, 0] } },
///       "near": 0.001, "image": "first.png", "mask": "masks/first.png" } ] }
/// ```
///
/// `convention` is `softras`, `official`, `opencv`, `opengl` or `pytorch3d`, and holds for rotations and translations (the
/// table of [`Convention`]). A lens is `pinhole` (K and coefficients as OpenCV counts them), `perspective` (`fov`, the full
/// vertical field of view in degrees) or `orthographic` (`half_height`). Paths are relative to the file's folder where
/// they lie within it, and `image` and `mask` may be missing.
///
/// # Errors
/// `Content` for a camera that cannot draw, whose lens is for another size, or that is mirrored in a convention that is
/// not (or the reverse); `Write` if the file cannot be written: then what stood there before is untouched.
pub fn save_cameras(path: impl AsRef<Path>, shots: &[Shot], convention: Convention) -> Result<()> {
    let path = path.as_ref();
    let origin = Origin(path);
    let folder = path.parent().unwrap_or(Path::new(""));
    let relative = |p: &PathBuf| p.strip_prefix(folder).map_or_else(|_| p.clone(), Path::to_path_buf);
    let mut cameras = Vec::with_capacity(shots.len());
    for (n, shot) in shots.iter().enumerate() {
        check(origin, n, shot)?;
        if shot.camera.is_mirrored() != convention.is_mirrored() {
            let kind = if shot.camera.is_mirrored() { "mirrored" } else { "not mirrored" };
            let found = format!("camera {n} ({:?}), whose pictures are {kind}, in {convention:?}", shot.name);
            return Err(origin.content(found, "a convention with the same pictures"));
        }
        let place = shot.camera.extrinsics(convention)?;
        cameras.push(Entry {
            name: shot.name.clone(),
            size: shot.size,
            rotation: place.rotation.to_array(),
            translation: place.translation.to_array(),
            lens: match shot.camera.lens() {
                Lens::Perspective { fov } => WrittenLens::Perspective { fov: fov.0 },
                Lens::Orthographic { half_height } => WrittenLens::Orthographic { half_height: *half_height },
                Lens::Pinhole(lens) => WrittenLens::Pinhole {
                    k: lens.matrix().to_array(),
                    distortion: lens.distortion.coefficients().to_vec(),
                },
            },
            near: shot.camera.near_plane(),
            image: shot.image.as_ref().map(relative),
            mask: shot.mask.as_ref().map(relative),
        });
    }
    let file =
        File { format: FORMAT.into(), version: VERSION, convention: Named::write(convention), cameras };
    Staged::write(path, |w| {
        serde_json::to_writer_pretty(&mut *w, &file).map_err(std::io::Error::from)?;
        w.write_all(b"\n")
    })?
    .commit()
}
