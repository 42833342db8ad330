//! What an ablation fits: [`Task`]. One file a task, which has a [`Trainer`].

mod deform;
mod pose;

use core::fmt;
use core::str::FromStr;

use serde_json::Value;

use super::plan::Cell;
use crate::error::{Error, Result};
use crate::experiment::Setup;

/// What is fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// The rotation of a colored cube from one picture.
    #[default]
    Pose,
    /// An airplane from silhouettes.
    Deform,
}

/// Which way a number is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// A number that every fit is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its name in files: `mean_iou`.
    pub name: &'static str,
    /// Which way it is good.
    pub better: Better,
}

/// A fit that is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trained {
    /// One number for each of [`Task::measures`].
    pub(super) values: Vec<f64>,
    /// Seconds of each step.
    pub(super) steps: Vec<f64>,
}

/// Makes the fits of one seed: all from the same starts with the same budget.
pub(super) trait Trainer {
    /// Everything that decides the numbers of `cell`, besides its words and the seed.
    fn settings(&self, cell: &Cell) -> Value;
    /// Fits with the parts of `cell`.
    fn train(&self, setup: &Setup<'_>, cell: &Cell) -> Result<Trained>;
}

impl Task {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Pose, Self::Deform];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pose => "pose",
            Self::Deform => "deform",
        }
    }

    /// The numbers its fits are measured by, the one to compare by first.
    #[must_use]
    pub const fn measures(self) -> &'static [Measure] {
        match self {
            Self::Pose => &pose::MEASURES,
            Self::Deform => &deform::MEASURES,
        }
    }

    /// The words of its loss, the default first.
    #[must_use]
    pub const fn losses(self) -> &'static [&'static str] {
        match self {
            Self::Pose => &pose::LOSSES,
            Self::Deform => &deform::LOSSES,
        }
    }

    /// Whether its fits draw colors.
    #[must_use]
    pub const fn draws_color(self) -> bool {
        matches!(self, Self::Pose)
    }

    /// What is fitted and how, for the page.
    #[must_use]
    pub fn about(self, setup: &Setup<'_>) -> String {
        match self {
            Self::Pose => pose::about(setup),
            Self::Deform => deform::about(setup),
        }
    }

    /// Prepares what all fits of the seed of `setup` share.
    pub(super) fn trainer(self, setup: &Setup<'_>) -> Result<Box<dyn Trainer>> {
        Ok(match self {
            Self::Pose => Box::new(pose::PoseTrainer::new(setup)?),
            Self::Deform => Box::new(deform::DeformTrainer::new(setup)?),
        })
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Task {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|task| task.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|task| task.name()).collect();
            Error::setting("task", format!("{text:?}"), names.join(", "))
        })
    }
}
