//! The one error type of files: which file, where in it, what was found, and what was expected.

use std::fmt;
use std::path::{Path, PathBuf};

/// What went wrong with a file. Every text names the file, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be written. What stood there before is untouched.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
    /// One place in the file does not follow its format.
    #[error("{}, {place}: found {found}, expected {expected}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The place in the file.
        place: Place,
        /// What stands there.
        found: String,
        /// What must stand there.
        expected: String,
    },
    /// The file as a whole is not what is needed.
    #[error("{}: found {found}, expected {expected}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What the file holds.
        found: String,
        /// What it must hold.
        expected: String,
    },
    /// The format, or a variant of it, is not supported.
    #[error("{}: unsupported format, found {found}, supported are {supported}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What can be used instead.
        supported: String,
    },
    /// A picture cannot be decoded or encoded.
    #[error("{}: not a readable picture, expected a sound PNG or JPEG file: {source}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        #[source]
        source: image::ImageError,
    },
    /// The file is well formed, but the mesh in it is not.
    #[error("{}: {source}", path.display())]
    Mesh {
        /// The file.
        path: PathBuf,
        /// What is wrong with the mesh.
        #[source]
        source: softras_core::Error,
    },
    /// An argument is not what is needed; no file is at fault.
    #[error(transparent)]
    Argument(#[from] softras_core::Error),
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A line of a text file, counted from 1.
    Line(usize),
    /// A byte of a binary file, counted from 0.
    Byte(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Byte(n) => write!(f, "byte {n}"),
        }
    }
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// The file being read, which stamps its path on every error.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a>(pub(crate) &'a Path);

impl Origin<'_> {
    pub(crate) fn line(self, n: usize, found: impl Into<String>, expected: impl Into<String>) -> Error {
        self.syntax(Place::Line(n), found, expected)
    }
    pub(crate) fn byte(self, n: usize, found: impl Into<String>, expected: impl Into<String>) -> Error {
        self.syntax(Place::Byte(n), found, expected)
    }
    pub(crate) fn syntax(self, place: Place, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::Syntax { path: self.0.into(), place, found: found.into(), expected: expected.into() }
    }
    pub(crate) fn content(self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::Content { path: self.0.into(), found: found.into(), expected: expected.into() }
    }
    pub(crate) fn unsupported(self, found: impl Into<String>, supported: impl Into<String>) -> Error {
        Error::Unsupported { path: self.0.into(), found: found.into(), supported: supported.into() }
    }
    pub(crate) fn mesh(self, source: softras_core::Error) -> Error {
        Error::Mesh { path: self.0.into(), source }
    }
    pub(crate) fn read(self, source: std::io::Error) -> Error {
        Error::Read { path: self.0.into(), source }
    }
    /// Reads the whole file.
    pub(crate) fn bytes(self) -> Result<Vec<u8>> {
        let bytes = std::fs::read(self.0).map_err(|e| self.read(e))?;
        if bytes.is_empty() {
            return Err(self.content("an empty file", "some content"));
        }
        Ok(bytes)
    }
}

/// Returns `text` in quotes, cut to what fits in a message.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST {
        format!("{text:?}")
    } else {
        format!("{:?}..", text.chars().take(LONGEST).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_file_place_found_and_expected() {
        let e = Origin(Path::new("a.obj")).line(3, quote("x"), "a number");
        assert_eq!(e.to_string(), "a.obj, line 3: found \"x\", expected a number");
    }

    #[test]
    fn a_quote_is_cut_between_characters() {
        assert_eq!(quote(&"é".repeat(50)), format!("{:?}..", "é".repeat(40)));
    }
}
