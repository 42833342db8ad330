//! What can go wrong on a device, and where.

use softras_core::Error;

/// The name of this back end.
pub(crate) const BACKEND: &str = "cuda";

/// An error of the driver or of the compiler of the kernels.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// The driver refused.
    #[error(transparent)]
    Driver(#[from] cudarc::driver::DriverError),
    /// The compiler refused a module.
    #[error("the compiler refused module {module}: {log}")]
    Compiler {
        /// The module.
        module: String,
        /// What it said.
        log: String,
    },
    /// The compiler failed, for no fault of a module.
    #[error("the compiler of kernels failed: {why}")]
    CompilerFailed {
        /// What it said.
        why: String,
    },
    /// The driver is older than the compiler, and takes nothing that it makes of a module.
    #[error("the driver takes nothing that NVRTC makes of module {module}: {why}")]
    DriverTooOld {
        /// The module.
        module: String,
        /// What was tried, and what came of it.
        why: String,
    },
    /// There is no compiler, and the kernel was not compiled in advance.
    #[error("NVRTC, which compiles kernels, is not installed: {why}")]
    NoCompiler {
        /// What was tried.
        why: String,
    },
    /// More work than the device takes at once.
    #[error("{what}: found {found}, at most {limit}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// How large it is.
        found: u64,
        /// How large it may be.
        limit: u64,
    },
}

/// An error, and what was being done on which device.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) source: CudaError,
}

/// The result of what is done on a device.
pub(crate) type Result<T, E = Failure> = core::result::Result<T, E>;

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let mut what = failure.what;
        // What the compiler complains of first; all of it is in the source.
        if let CudaError::Compiler { log, .. } = &failure.source
            && let Some(first) =
                log.lines().find(|line| line.contains("error")).or_else(|| log.lines().next())
        {
            what = format!("{what}: {}", first.trim());
        }
        Self::Device { backend: BACKEND.to_owned(), what, source: Box::new(failure.source) }
    }
}

/// Says what was being done when an error came.
pub(crate) trait While<T> {
    fn while_doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<CudaError>> While<T> for core::result::Result<T, E> {
    fn while_doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| Failure { what: what(), source: e.into() })
    }
}
