//! Which back end draws: the one place where the command line meets them.

use anyhow::{Context, Result, bail};
use softras_core::raster::{DynRasterizer, Info};

/// Opens the back end `name` on `threads` threads, 0 for as many as the machine has.
pub(crate) fn open(name: &str, threads: usize) -> Result<Box<dyn DynRasterizer>> {
    use_threads(threads)?;
    Ok(softras::open(name.parse()?)?)
}

/// Opens the back end `name`, which draws on the threads it is called on.
pub(crate) fn open_here(name: &str) -> softras_core::Result<Box<dyn DynRasterizer>> {
    softras::open(name.parse()?)
}

/// The devices of this machine, the one that `auto` means first.
pub(crate) fn devices(threads: usize) -> Result<Vec<Info>> {
    use_threads(threads)?;
    Ok(softras::devices())
}

/// More threads than this gain nothing, and a machine may not be able to start them.
const MOST_THREADS: usize = 256;

/// The number of threads that `threads` means, 0 for as many as the machine has.
pub(crate) fn threads(threads: usize) -> Result<usize> {
    match threads {
        0 => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        1..=MOST_THREADS => Ok(threads),
        _ => bail!("threads: found {threads}, expected at most {MOST_THREADS}, 0 for all"),
    }
}

/// Sets the number of threads, 0 for as many as the machine has.
pub(crate) fn use_threads(number: usize) -> Result<()> {
    let threads = threads(number)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().with_context(|| format!("cannot start {threads} threads"))
}
