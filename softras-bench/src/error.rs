//! What can go wrong in a bench: what was found, and what was expected.

use std::path::PathBuf;

/// What went wrong. Every text says what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A back end failed, or refused the scene.
    #[error(transparent)]
    Core(#[from] softras_core::Error),
    /// A mesh cannot be read.
    #[error(transparent)]
    Mesh(#[from] softras_io::Error),
    /// A name means nothing.
    #[error("{what}: found {found:?}, expected {expected}")]
    Name {
        /// What is named.
        what: &'static str,
        /// The name.
        found: String,
        /// What there is.
        expected: String,
    },
    /// The data that a scene needs are not there.
    #[error("scene {scene}: no data on this machine, expected {expected}")]
    NoData {
        /// The scene.
        scene: String,
        /// Where they would be.
        expected: String,
    },
    /// A file is not what it should be.
    #[error("{}: found {found}, expected {expected}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What it must hold.
        expected: &'static str,
    },
    /// A file or program cannot be used.
    #[error("{what}: {source}")]
    System {
        /// The file or program, and what was to be done with it.
        what: String,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
    /// A picture of the cost cannot be drawn.
    #[error("plot: {0}")]
    Plot(String),
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;
