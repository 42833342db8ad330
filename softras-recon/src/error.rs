//! What can go wrong here: what was found, and what was expected.

use std::path::{Path, PathBuf};

/// What went wrong. Every text says what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A mesh, a camera or a picture is not as it must be, or the back end failed.
    #[error(transparent)]
    Core(#[from] softras_core::Error),
    /// A mesh or an array cannot be read or written.
    #[error(transparent)]
    File(Box<softras_io::Error>),
    /// A picture cannot be drawn.
    #[error(transparent)]
    Fit(Box<softras_fit::Error>),
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
    /// A file or folder of data is not what is needed.
    #[error("{}: found {found}, expected {expected}", path.display())]
    Data {
        /// The file or folder.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What it must hold.
        expected: String,
    },
    /// The library of the network failed, or its bytes are not those of the network.
    #[error("the network: {0}")]
    Network(String),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be written. What stood there before is untouched.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    pub(crate) fn setting(name: &str, found: impl ToString, expected: impl Into<String>) -> Self {
        Self::Setting { name: name.into(), found: found.to_string(), expected: expected.into() }
    }
    #[cfg(feature = "burn")]
    pub(crate) fn network(reason: impl Into<String>) -> Self {
        Self::Network(reason.into())
    }
    pub(crate) fn data(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Data { path: path.into(), found: found.into(), expected: expected.into() }
    }
    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read { path: path.into(), source }
    }
    pub(crate) fn write(path: &Path, source: std::io::Error) -> Self {
        Self::Write { path: path.into(), source }
    }
}

impl From<softras_io::Error> for Error {
    fn from(e: softras_io::Error) -> Self {
        Self::File(Box::new(e))
    }
}

impl From<softras_fit::Error> for Error {
    fn from(e: softras_fit::Error) -> Self {
        Self::Fit(Box::new(e))
    }
}
