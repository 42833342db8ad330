//! The one error type of the renderer: what was found, and what was expected.

/// What went wrong, and why. Every text says what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An array has the wrong shape.
    #[error("{what}: found shape {found:?}, expected {expected}")]
    Shape {
        /// The array.
        what: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it must have, in words.
        expected: String,
    },
    /// Indices, ranges or offsets do not fit together.
    #[error("{what}: found {found}, expected {expected}")]
    Layout {
        /// The index or range.
        what: String,
        /// What it is.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// A number is out of range, infinite or not a number.
    #[error("{name}: found {found}, expected {expected}")]
    Parameter {
        /// The parameter.
        name: String,
        /// Its value.
        found: String,
        /// The values it may have.
        expected: String,
    },
    /// The back end does not do this.
    #[error("{backend} does not support {what}; it supports {supported}")]
    Unsupported {
        /// The back end.
        backend: String,
        /// What was asked for.
        what: String,
        /// What it can do instead.
        supported: String,
    },
    /// The device or back end cannot be had on this machine.
    #[error("{what} is not available: {why}")]
    Unavailable {
        /// The device or back end.
        what: String,
        /// The reason.
        why: String,
    },
    /// The work needs more memory than it may take.
    #[error("{what} would take {needed} bytes ({:.1} GiB), the limit is {limit} bytes ({:.1} GiB)", *needed as f64 / 1073741824.0, *limit as f64 / 1073741824.0)]
    OutOfMemory {
        /// What the memory is for.
        what: String,
        /// Bytes it would take.
        needed: u128,
        /// Bytes it may take.
        limit: u128,
    },
    /// A device failed while working.
    #[error("{backend}: {what}")]
    Device {
        /// The back end.
        backend: String,
        /// What it was doing.
        what: String,
        /// The back end's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// An array `what` of shape `found` where `expected` was needed.
    pub fn shape(what: impl Into<String>, found: &[usize], expected: impl Into<String>) -> Self {
        Self::Shape { what: what.into(), found: found.to_vec(), expected: expected.into() }
    }
    /// An index or range `what` that is `found` where `expected` was needed.
    pub fn layout(what: impl Into<String>, found: impl ToString, expected: impl Into<String>) -> Self {
        Self::Layout { what: what.into(), found: found.to_string(), expected: expected.into() }
    }
    /// A parameter `name` that is `found` where `expected` was needed.
    pub fn parameter(name: impl Into<String>, found: impl ToString, expected: impl Into<String>) -> Self {
        Self::Parameter { name: name.into(), found: found.to_string(), expected: expected.into() }
    }
}
