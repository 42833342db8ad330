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
    #[error("{what}: {needed} bytes found no room{}", limit.map_or_else(String::new, |most| format!(", at most {most} fit")))]
    OutOfMemory {
        /// What the memory is for.
        what: String,
        /// Bytes it would take.
        needed: u64,
        /// Bytes it may take, where that is known.
        limit: Option<u64>,
    },
    /// The device found a command invalid: a fault of this crate, or of whoever else uses the device.
    #[error("{what}: invalid: {why}")]
    Validation {
        /// What was being done.
        what: String,
        /// The device's words.
        why: String,
    },
    /// The device failed at a command, or cannot do it.
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

    /// What the device reported while `what` was done.
    pub(crate) fn reported(what: String, error: wgpu::Error) -> Self {
        match error {
            wgpu::Error::OutOfMemory { .. } => Self::OutOfMemory { what, needed: 0, limit: None },
            wgpu::Error::Validation { description, .. } => Self::Validation { what, why: description },
            wgpu::Error::Internal { description, .. } => Self::Refused { what, why: description },
        }
    }

    /// The same; where memory ran out and the device did not say for how much, `bytes` is what the work takes.
    pub(crate) fn of_size(self, bytes: u64) -> Self {
        match self {
            Self::OutOfMemory { what, needed: 0, limit } => Self::OutOfMemory { what, needed: bytes, limit },
            other => other,
        }
    }
}

impl From<WgpuError> for Error {
    fn from(error: WgpuError) -> Self {
        match error {
            WgpuError::NoAdapter { .. } | WgpuError::NoDevice { .. } => {
                Self::Unavailable { what: "wgpu".to_owned(), why: error.to_string() }
            }
            WgpuError::OutOfMemory { what, needed, limit } => {
                // A device that has no room does not say how much it has: less than what was asked for.
                let limit = limit.unwrap_or(needed.saturating_sub(1));
                Self::OutOfMemory { what, needed: needed.into(), limit: limit.into() }
            }
            WgpuError::Lost { .. } | WgpuError::Validation { .. } | WgpuError::Refused { .. } => {
                Self::Device { backend: "wgpu".to_owned(), what: error.to_string(), source: Box::new(error) }
            }
        }
    }
}

/// The result of what a device does.
pub(crate) type Result<T> = core::result::Result<T, WgpuError>;
