//! What is moved between the host and the device, counted.

use core::ops::Sub;
use core::sync::atomic::{AtomicU64, Ordering};

/// What was moved between the host and the device so far: see [`crate::WgpuRasterizer::traffic`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes written to the device.
    pub uploaded: u64,
    /// Bytes read from the device.
    pub read_back: u64,
    /// Submissions of commands.
    pub submissions: u64,
    /// Buffers made anew on the device.
    pub buffers: u64,
}

impl Sub for Traffic {
    type Output = Self;

    /// What was moved since `earlier`.
    fn sub(self, earlier: Self) -> Self {
        Self {
            uploaded: self.uploaded - earlier.uploaded,
            read_back: self.read_back - earlier.read_back,
            submissions: self.submissions - earlier.submissions,
            buffers: self.buffers - earlier.buffers,
        }
    }
}

/// The counts, while they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) uploaded: Counter,
    pub(crate) read_back: Counter,
    pub(crate) submissions: Counter,
    pub(crate) buffers: Counter,
}

/// A number that threads add to.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn now(&self) -> Traffic {
        Traffic {
            uploaded: self.uploaded.now(),
            read_back: self.read_back.now(),
            submissions: self.submissions.now(),
            buffers: self.buffers.now(),
        }
    }
}
