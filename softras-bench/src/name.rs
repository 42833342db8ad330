//! How scenes are named: `5120@256`, `spot@512`, `64x1280@64`.

use std::fmt;
use std::path::PathBuf;

use softras_io::Sample;

use crate::data::Data;
use crate::error::{Error, Result};

/// The finest icosphere: 1,310,720 faces.
const FINEST: u32 = 8;

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An icosphere of 20 x 4^level faces, radius 0.5.
    Icosphere(u32),
    /// One face that covers every pixel.
    Cover,
    /// A sample shape.
    Sample(Sample),
    /// A mesh of the outside data, and its file.
    Data(String, PathBuf),
    /// A mesh file.
    File(PathBuf),
}

/// How many pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// This many meshes, each with its own faces and camera.
    Meshes(usize),
    /// This many views of one mesh, which share its colors.
    Views(usize),
}

impl Batch {
    /// The number of pictures.
    #[must_use]
    pub const fn pictures(self) -> usize {
        match self {
            Self::Meshes(n) | Self::Views(n) => n,
        }
    }
}

/// The name of a scene: what, how often, how large.
///
/// | name | scene |
/// |---|---|
/// | `5120@256` | the icosphere of that many faces (20 x 4^level), 256 x 256 pixels |
/// | `spot@512`, `bunny@256` | a mesh of the outside data |
/// | `vase@640x480` | a sample shape |
/// | `a/mesh.obj@256` | a mesh file |
/// | `cover@1024` | one face that covers every pixel |
/// | `64x1280@64` | 64 meshes, each with its own camera |
/// | `views:64x1280@64` | 64 views of one mesh |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneName {
    /// What is drawn.
    pub shape: Shape,
    /// How many pictures.
    pub batch: Batch,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

impl SceneName {
    /// A scene of one picture of an icosphere.
    #[must_use]
    pub const fn icosphere(level: u32, side: usize) -> Self {
        Self { shape: Shape::Icosphere(level), batch: Batch::Meshes(1), width: side, height: side }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `Name` lists what there is; `NoData` for a mesh of the outside data where there are none.
    pub fn parse(text: &str, data: &Data) -> Result<Self> {
        let wrong = || Error::Name { what: "scene", found: text.to_owned(), expected: expected(data) };
        let (what, size) = text.rsplit_once('@').ok_or_else(wrong)?;
        let (width, height) = size.split_once('x').unwrap_or((size, size));
        let side = |text: &str| text.parse().ok().filter(|n| *n > 0).ok_or_else(wrong);
        let (width, height) = (side(width)?, side(height)?);
        let (views, what) = what.strip_prefix("views:").map_or((false, what), |rest| (true, rest));
        let (count, what) = match what.split_once('x').map(|(count, rest)| (count.parse(), rest)) {
            Some((Ok(count), rest)) if count > 0 => (count, rest),
            _ => (1, what),
        };
        let batch = if views { Batch::Views(count) } else { Batch::Meshes(count) };
        let shape = if let Ok(faces) = what.parse::<u64>() {
            let level = (0..=FINEST).find(|&level| 20 << (2 * level) == faces).ok_or_else(wrong)?;
            Shape::Icosphere(level)
        } else if what == "cover" {
            Shape::Cover
        } else if let Some(path) = data.mesh(what) {
            Shape::Data(what.to_owned(), path.to_owned())
        } else if let Ok(sample) = what.parse() {
            Shape::Sample(sample)
        } else if what.contains(['.', '/']) {
            Shape::File(PathBuf::from(what))
        } else if MESHES.contains(&what) {
            let expected = "SOFTRAS_DATA to name their folder, or shared/data beside the project".to_owned();
            return Err(Error::NoData { scene: text.to_owned(), expected });
        } else {
            return Err(wrong());
        };
        Ok(Self { shape, batch, width, height })
    }
}

impl fmt::Display for SceneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.batch {
            Batch::Meshes(1) => {}
            Batch::Meshes(n) => write!(f, "{n}x")?,
            Batch::Views(n) => write!(f, "views:{n}x")?,
        }
        match &self.shape {
            Shape::Icosphere(level) => write!(f, "{}", 20_u64 << (2 * level))?,
            Shape::Cover => f.write_str("cover")?,
            Shape::Sample(sample) => f.write_str(sample.name())?,
            Shape::Data(name, _) => f.write_str(name)?,
            Shape::File(path) => write!(f, "{}", path.display())?,
        }
        write!(f, "@{}", self.width)?;
        if self.height != self.width { write!(f, "x{}", self.height) } else { Ok(()) }
    }
}

/// The meshes of the outside data that sets of scenes name.
const MESHES: [&str; 2] = ["spot", "bunny"];

/// A scene of a set: its name, and its sigma.
pub type Entry = (&'static str, f64);

/// Scenes that go together.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its scenes.
    pub scenes: &'static [Entry],
}

/// All sets. Scenes whose meshes are not on the machine are left out by whoever runs them, visibly.
pub const SETS: &[Set] = &[
    Set {
        name: "quick",
        about: "a first impression",
        scenes: &[("1280@64", 1e-4), ("5120@256", 1e-4), ("spot@256", 1e-4), ("64x1280@64", 1e-4)],
    },
    Set {
        name: "kernels",
        about: "sizes of faces from a fifth of a pixel to a quarter of a picture",
        scenes: &[
            ("1280@64", 1e-5),
            ("1280@64", 1e-4),
            ("1280@64", 1e-3),
            ("5120@256", 1e-5),
            ("5120@256", 1e-4),
            ("5120@256", 1e-3),
            ("81920@512", 1e-5),
            ("81920@512", 1e-4),
            ("81920@512", 1e-3),
            ("1310720@1024", 1e-5),
        ],
    },
    Set {
        name: "peers",
        about: "what other rasterizers were measured on",
        scenes: &[
            ("1280@64", 1e-4),
            ("1280@256", 1e-4),
            ("5120@256", 1e-4),
            ("20480@256", 1e-4),
            ("81920@256", 1e-4),
            ("spot@256", 1e-4),
            ("spot@512", 1e-4),
            ("bunny@256", 1e-4),
            ("64x1280@64", 1e-4),
            ("64x1280@128", 1e-4),
        ],
    },
    Set {
        name: "scale",
        about: "many faces, many pixels, one large face, many pictures",
        scenes: &[
            ("1310720@1024", 1e-5),
            ("5120@4096", 1e-5),
            ("cover@4096", 1e-4),
            ("1024x1280@64", 1e-4),
            ("views:1024x1280@64", 1e-4),
        ],
    },
];

/// What a name of a scene or set may be, for messages.
fn expected(data: &Data) -> String {
    let sets: Vec<_> = SETS.iter().map(|s| s.name).collect();
    let faces: Vec<_> = (0..=FINEST).map(|level| (20_u64 << (2 * level)).to_string()).collect();
    let samples: Vec<_> = Sample::ALL.iter().map(|s| s.name()).collect();
    let meshes: Vec<_> = data.names().collect();
    let meshes = if meshes.is_empty() { "none on this machine".to_owned() } else { meshes.join(", ") };
    format!(
        "a set ({}), or [views:][Nx]SHAPE@SIZE, SIZE as 256 or 640x480, SHAPE one of: faces of an icosphere ({}), \
         cover, a sample ({}), a mesh of the data ({meshes}), a mesh file",
        sets.join(", "),
        faces.join(", "),
        samples.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let data = Data::default();
        for text in ["5120@256", "vase@640x480", "cover@16", "64x1280@64", "views:3x20@8", "a/b.obj@32"] {
            assert_eq!(SceneName::parse(text, &data).unwrap().to_string(), text);
        }
        let views = SceneName::parse("views:3x20@8", &data).unwrap();
        assert_eq!((views.batch, views.shape), (Batch::Views(3), Shape::Icosphere(0)));
    }

    #[test]
    fn a_wrong_name_is_answered_with_all_there_is() {
        let data = Data::default();
        for text in ["", "5120", "5121@256", "5120@0", "teapot@64", "0x20@8", "20@-3"] {
            let message = SceneName::parse(text, &data).unwrap_err().to_string();
            assert!(message.contains("kernels") && message.contains("1310720"), "{message}");
        }
        let message = SceneName::parse("spot@256", &data).unwrap_err().to_string();
        assert!(message.contains("SOFTRAS_DATA"), "{message}");
    }

    #[test]
    fn every_scene_of_a_set_is_a_scene() {
        for (name, sigma) in SETS.iter().flat_map(|s| s.scenes) {
            match SceneName::parse(name, &Data::default()) {
                Ok(scene) => assert_eq!(&scene.to_string(), name),
                Err(e) => assert!(matches!(e, Error::NoData { .. }), "{e}"),
            }
            assert!(*sigma > 0.0);
        }
    }
}
