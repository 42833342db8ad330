//! What can go wrong on a device.

use softras_core::Error;

/// Why a device cannot be had, or what it failed at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WgpuError {
    /// There is no adapter that could be used.
    #[error("no adapter: {why}")]
    NoAdapter {
        /// What was looked for, and what was found.
        why: String,
    },
    /// An adapter gave no device.
    #[error("adapter {adapter} gave no device: {why}")]
    NoDevice {
        /// The adapter.
        adapter: String,
        /// Its reason.
        why: String,
    },
    /// The device is gone; open it again.
    #[error("the device was lost: {why}")]
    Lost {
        /// The driver's reason.
        why: String,
    },
    /// The device has no room, even for the smallest piece of the work.
    #[error("{what}: {needed} bytes found no room, at most {limit} fit")]
    OutOfMemory {
        /// What the memory is for.
        what: String,
        /// Bytes it would take.
        needed: u64,
        /// Bytes it may take; 0 where the device does not say.
        limit: u64,
    },
    /// The device refused a command: a fault of this crate or of the driver.
    #[error("{what}: {why}")]
    Refused {
        /// What was being done.
        what: String,
        /// The device's words.
        why: String,
    },
}

impl WgpuError {
    pub(crate) fn refused(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Refused { what: what.into(), why: why.to_string() }
    }
}

impl From<WgpuError> for Error {
    fn from(error: WgpuError) -> Self {
        match error {
            WgpuError::NoAdapter { .. } | WgpuError::NoDevice { .. } => {
                Self::Unavailable { what: "wgpu".to_owned(), why: error.to_string() }
            }
            WgpuError::OutOfMemory { what, needed, limit } => {
                Self::OutOfMemory { what, needed: needed.into(), limit: limit.into() }
            }
            WgpuError::Lost { .. } | WgpuError::Refused { .. } => {
                Self::Device { backend: "wgpu".to_owned(), what: error.to_string(), source: Box::new(error) }
            }
        }
    }
}

/// The result of what a device does.
pub(crate) type Result<T> = core::result::Result<T, WgpuError>;
