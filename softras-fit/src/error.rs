//! What can go wrong in a fit: what was found, and what was expected.

use std::path::{Path, PathBuf};

/// What went wrong. Every text says what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A mesh, a camera or a picture is not as it must be, or the back end failed.
    #[error(transparent)]
    Core(#[from] softras_core::Error),
    /// A mesh, a picture or an array cannot be read or written.
    #[error(transparent)]
    File(#[from] softras_io::Error),
    /// A setting is out of range.
    #[error("{name}: found {found}, expected {expected}")]
    Setting {
        /// The setting.
        name: String,
        /// Its value.
        found: String,
        /// The values it may have.
        expected: String,
    },
    /// A checkpoint is damaged, or belongs to another fit.
    #[error("checkpoint {}: found {found}, expected {expected}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What it must hold.
        expected: String,
    },
    /// A file of weights is damaged, or of another kind.
    #[error("weights {}: found {found}, expected {expected}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What it must hold.
        expected: String,
    },
    /// The loss is no longer a number.
    #[error("the fit diverged at step {step}: found a loss of {loss}, expected a finite one; try a lower lr")]
    Diverged {
        /// The step, from 0.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// A task of an ablation that is defined elsewhere failed.
    #[error(transparent)]
    Task(Box<dyn core::error::Error + Send + Sync>),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
    /// A file or folder cannot be written. What stood there before is untouched.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// A setting `name` that is `found` where `expected` was needed.
    pub fn setting(name: impl Into<String>, found: impl ToString, expected: impl Into<String>) -> Self {
        Self::Setting { name: name.into(), found: found.to_string(), expected: expected.into() }
    }
    pub(crate) fn checkpoint(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Checkpoint { path: path.into(), found: found.into(), expected: expected.into() }
    }
}
