//! What an ablation fits: [`Task`]. One file a task, here or in another crate, which has a [`Trainer`].

mod deform;
mod pose;

use core::fmt;

use serde_json::Value;

use super::plan::Cell;
use crate::error::{Error, Result};
use crate::experiment::Setup;

/// What is fitted. A task from elsewhere is one more of these.
#[derive(Clone, Copy)]
pub struct Task {
    /// Its name on the command line.
    pub name: &'static str,
    /// The numbers its fits are measured by, the one to compare by first.
    pub measures: &'static [Measure],
    /// The words of its loss, the default first.
    pub losses: &'static [&'static str],
    /// Whether its fits draw colors.
    pub draws_color: bool,
    /// What is fitted and how, for the page.
    pub about: fn(&Setup<'_>) -> String,
    /// Prepares what all fits of the seed of a setup share.
    pub trainer: fn(&Setup<'_>) -> Result<Box<dyn Trainer>>,
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
pub struct Trained {
    /// One number for each of [`Task::measures`].
    pub values: Vec<f64>,
    /// Seconds of each step.
    pub steps: Vec<f64>,
}

/// Makes the fits of one seed: all from the same starts with the same budget.
pub trait Trainer {
    /// Everything that decides the numbers of `cell`, besides its words and the seed.
    fn settings(&self, cell: &Cell) -> Value;
    /// Fits with the parts of `cell`: what it draws with is [`super::Parts`].
    ///
    /// # Errors
    /// `Diverged` if the loss is no longer a number, which is a result; whatever else goes wrong, which is not.
    fn train(&self, setup: &Setup<'_>, cell: &Cell) -> Result<Trained>;
}

impl Task {
    /// The rotation of a colored cube from one picture.
    pub const POSE: Self = pose::TASK;
    /// An airplane from silhouettes.
    pub const DEFORM: Self = deform::TASK;

    /// Finds `name` among `tasks`.
    ///
    /// # Errors
    /// `Setting` lists those there are.
    pub fn find(tasks: &[Self], name: &str) -> Result<Self> {
        tasks.iter().copied().find(|task| task.name == name).ok_or_else(|| {
            let names: Vec<_> = tasks.iter().map(|task| task.name).collect();
            Error::setting("task", format!("{name:?}"), names.join(", "))
        })
    }
}

/// Tasks of one name are one.
impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Task {}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({})", self.name)
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
