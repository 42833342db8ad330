//! Which back end draws: the one place where the command line meets them.

use anyhow::{Context, Result};
use softras_core::raster::{DynRasterizer, Info};

/// Opens the back end `name` on `threads` threads, 0 for as many as the machine has.
pub(crate) fn open(name: &str, threads: usize) -> Result<Box<dyn DynRasterizer>> {
    use_threads(threads)?;
    Ok(softras::open(name.parse()?)?)
}

/// The devices of this machine, the one that `auto` means first.
pub(crate) fn devices(threads: usize) -> Result<Vec<Info>> {
    use_threads(threads)?;
    Ok(softras::devices())
}

fn use_threads(threads: usize) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().with_context(|| format!("cannot start {threads} threads"))
}
