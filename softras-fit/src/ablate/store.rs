//! The fits that are done, each in a file of its own: [`Store`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::Cell;
use crate::error::{Error, Result};
use crate::folder::FitFolder;

/// What one fit came to, as it stands in its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    /// Everything that decided the numbers.
    pub(super) settings: Value,
    /// The run that made it: times of two runs are not compared.
    pub(super) run: String,
    /// One number for each measure; none if the fit diverged.
    pub(super) values: Option<Vec<f64>>,
    /// Why there are no values.
    pub(super) failure: Option<String>,
    /// The median of the seconds of its steps.
    pub(super) step_seconds: f64,
    /// Seconds of the whole fit, measuring it included.
    pub(super) seconds: f64,
}

/// What stands in the folder for a fit.
pub(super) enum Found {
    /// It is done.
    Done(Box<Done>),
    /// There is nothing.
    Nothing,
    /// There is a file, but of other settings or damaged: the fit is done anew.
    Other,
}

/// The folder `cells`.
pub(super) struct Store {
    folder: FitFolder,
}

impl Store {
    /// Makes the folder below `folder`, unless it is there.
    pub(super) fn create(folder: &FitFolder) -> Result<Self> {
        Ok(Self { folder: FitFolder::create(folder.file("cells"))? })
    }

    /// Looks for the fit of `cell` and `seed` by `settings`, of `measures` numbers.
    ///
    /// # Errors
    /// `Read` if there is a file that cannot be read.
    pub(super) fn find(&self, cell: &Cell, seed: u64, settings: &Value, measures: usize) -> Result<Found> {
        let path = self.path(cell, seed);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Ok(Found::Other),
            Err(source) => return Err(Error::Read { path, source }),
        };
        let Ok(done) = serde_json::from_str::<Done>(&text) else { return Ok(Found::Other) };
        let whole = match &done.values {
            Some(values) => values.len() == measures && done.failure.is_none(),
            None => done.failure.is_some(),
        };
        // Both sides went through text: numbers are as a file holds them.
        let same = serde_json::from_str::<Value>(&settings.to_string()).is_ok_and(|own| own == done.settings);
        Ok(if whole && same { Found::Done(Box::new(done)) } else { Found::Other })
    }

    /// Writes a fit, under a temporary name that is then changed, and returns it as the file has it.
    ///
    /// # Errors
    /// `Write` if it cannot be written.
    pub(super) fn keep(&self, cell: &Cell, seed: u64, done: Done) -> Result<Done> {
        let text = format!("{:#}\n", serde_json::json!(done));
        self.folder.write(&name(cell, seed), &text)?;
        // Read back, so that a table of files and one of fits just made are the same to the last bit.
        Ok(serde_json::from_str(&text).unwrap_or(done))
    }

    fn path(&self, cell: &Cell, seed: u64) -> PathBuf {
        self.folder.file(&name(cell, seed))
    }
}

/// `euclidean_logistic_or_over_color_seed0.json`.
fn name(cell: &Cell, seed: u64) -> String {
    format!("{}_seed{seed}.json", cell.words.join("_"))
}
