//! Experiments that anyone can run again: each fits by several methods from the same starts with the same budget, and
//! leaves a page with pictures, curves and a table, and the same numbers as JSON.
//!
//! One file an experiment. It has a `run(&Setup) -> Result<Findings>`, a variant of [`Experiment`] and a line in
//! [`Experiment::run`]; the command line and the page need nothing else. What it does is decided by its settings, which
//! stand in that file and go into the JSON, and by the seed: on the CPU the same seed gives the same numbers.

mod body;
mod chart;
mod color;
pub(crate) mod deform;
mod dino;
mod findings;
mod fitting;
mod landscape;
pub(crate) mod page;
pub(crate) mod pose;
mod shading;
mod visible;

use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;

use softras_core::raster::DynRasterizer;

pub use chart::{Chart, Scale, Series};
pub use findings::{Figure, Findings, Method};
pub use visible::{VisibleOnly, VisibleSaved};

use crate::error::{Error, Result};
use crate::folder::FitFolder;

/// An experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Experiment {
    /// The rigid pose of a colored cube from one picture.
    Pose,
    /// An airplane from the silhouettes of the official deform demo.
    Deform,
    /// A real object from photographs.
    Dino,
    /// Shape and color of spot from renders.
    Color,
    /// A hollow from its shading.
    Shading,
    /// A body whose hidden hand must come forward.
    Body,
}

/// How much of an experiment is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// All of it: the numbers of the documentation.
    #[default]
    Full,
    /// A small part, in seconds: shows that it runs.
    Quick,
}

impl Effort {
    /// Returns `full` or `quick`.
    pub fn choose<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// What an experiment is given.
pub struct Setup<'a> {
    /// Draws.
    pub device: &'a dyn DynRasterizer,
    /// Decides everything random.
    pub seed: u64,
    /// How much is done.
    pub effort: Effort,
    /// The folder of outside data (`body`, `deform`, `dino`, ..), if there is one.
    pub data: Option<PathBuf>,
    /// Where it may leave checkpoints and files of its own.
    pub folder: FitFolder,
    /// Is told now and then how far it is.
    pub progress: &'a dyn Fn(&str),
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setup {{ seed: {}, effort: {:?}, folder: {:?}, .. }}", self.seed, self.effort, self.folder)
    }
}

impl Setup<'_> {
    /// The folder `name` of the outside data.
    ///
    /// # Errors
    /// `Setting` if there is none.
    pub fn data(&self, name: &str) -> Result<PathBuf> {
        let folder = self.data.as_deref().map(|root| root.join(name));
        match folder {
            Some(folder) if folder.is_dir() => Ok(folder),
            Some(folder) => Err(Error::setting("data", format!("no folder {}", folder.display()), NEEDED)),
            None => Err(Error::setting("data", "no folder of outside data", NEEDED)),
        }
    }
}

const NEEDED: &str = "one with the data of the experiment (--data, or SOFTRAS_DATA)";

impl Experiment {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Pose, Self::Deform, Self::Dino, Self::Color, Self::Shading, Self::Body];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pose => "pose",
            Self::Deform => "deform",
            Self::Dino => "dino",
            Self::Color => "color",
            Self::Shading => "shading",
            Self::Body => "body",
        }
    }

    /// Runs it. Nothing is written but what it keeps for itself in its folder; see [`Findings::write`].
    ///
    /// # Errors
    /// `Setting` if its data are not there; whatever else goes wrong in its fits.
    pub fn run(self, setup: &Setup<'_>) -> Result<Findings> {
        match self {
            Self::Pose => pose::run(setup),
            Self::Deform => deform::run(setup),
            Self::Dino => dino::run(setup),
            Self::Color => color::run(setup),
            Self::Shading => shading::run(setup),
            Self::Body => body::run(setup),
        }
    }
}

impl FromStr for Experiment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|e| e.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|e| e.name()).collect();
            Error::setting("experiment", format!("{text:?}"), names.join(", "))
        })
    }
}

impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
