//! Pictures and solids of many objects, from whichever source, in one file that is read piece by piece.
//!
//! | file | what |
//! |---|---|
//! | `manifest` | `manifest.tsv`: which meshes there are, their categories and splits |
//! | `folder` | a folder of meshes, drawn |
//! | `published` | the published `.npz` layout |
//! | `sampled` | procedural shapes, drawn |
//! | `draw` | a mesh from all sides |
//! | `stretch` | copies of meshes, each stretched along its axes |
//! | `source` | whichever of the three a folder is |
//! | `store` | the file |
//! | `batches` | random objects and views, by seed |
//! | `shown` | a picture from elsewhere |

mod batches;
mod draw;
mod folder;
mod manifest;
mod published;
mod sampled;
mod shown;
mod source;
mod store;
mod stretch;

use serde::{Deserialize, Serialize};
use softras_core::scene::{Camera, Degrees, Orbit};

pub use batches::{Batch, Batches};
pub use draw::{Appearance, Light, appearance, draw_views};
pub use folder::open_folder;
pub use manifest::{Entry, Manifest};
pub use published::open_published;
pub use sampled::{SampledSet, open_sampled};
pub use shown::shown;
pub use source::open;
pub use store::Store;
pub use stretch::Stretch;

/// Views of an object.
pub const VIEWS: usize = 24;
/// Pixels along a side of a picture.
pub const PIXELS: usize = 64;
/// Bytes of a picture: red, green, blue over black, and the silhouette, `[4, 64, 64]`.
pub const PICTURE_BYTES: usize = 4 * PIXELS * PIXELS;

/// What a piece of the data is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from.
    Train,
    /// A stretched copy of one to learn from: to learn from, too, and known to no baseline.
    Stretched,
    /// To be scored on while developing.
    Val,
    /// To be scored on at the end.
    Test,
}

impl Split {
    /// Every split that data may name.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// Its name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Stretched => "stretched",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// An object of the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its name, each once.
    pub name: String,
    /// What it is.
    pub category: String,
    /// What it is for.
    pub split: Split,
}

/// An object that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// What is wrong with it: found and expected.
    pub reason: String,
}

/// The camera of each view: elevation 30, distance 2.732, azimuth -15 i, 30 degrees high. Pictures are not mirrored.
#[must_use]
pub fn cameras() -> Vec<Camera> {
    let camera =
        |i: usize| Camera::orbit(&Orbit::usual(Degrees(-15.0 * i as f32))).perspective(Degrees(30.0));
    (0..VIEWS).map(camera).collect()
}

/// What goes on: done so far, and of how many.
pub type Progress<'p> = &'p (dyn Fn(usize, usize) + Sync);
