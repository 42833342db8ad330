//! Bins and classes: for each bin of each picture the exact list of faces that reach it, and for each class of faces by
//! size the list of those that `backward` walks alike, in face order.
//!
//! Count, prefix sum, fill: nothing has a fixed capacity, so nothing can overflow. The host reads where the lists end.

use softras_core::Result;

use crate::Work;
use crate::buffers::{self, Buffer};
use crate::kernels::{Axes, Stage};
use crate::shared::{Building, CLASSES, Globals, Scanning};

/// Numbers that one block scans.
const SCAN_BLOCK: u64 = 1024;

/// Where the lists end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lists {
    /// All bins, then each class.
    pub(crate) ends: [u64; 1 + CLASSES as usize],
}

/// Sets up the faces and builds their lists.
pub(crate) fn build(
    work: &Work,
    globals: &mut Globals,
    axes: &Axes,
    held: &mut Vec<Buffer>,
) -> Result<Lists> {
    if globals.chunks == 0 {
        return Ok(Lists::default());
    }
    let gpu = &work.gpu;
    let chunks = u64::from(globals.chunks);
    let length = u64::from(globals.bins + CLASSES) * chunks + 1;
    let offsets = work.arena.lend::<u64>(gpu, "where lists begin", length as usize)?;
    globals.offsets = offsets.ptr(gpu);
    held.push(offsets);
    let ends = work.arena.lend::<u64>(gpu, "where lists end", 1 + CLASSES as usize)?;
    let run = |stage: Stage, globals: &Globals, blocks: u64| -> Result<()> {
        let kernel = work.kernels.get(gpu, stage, axes)?;
        Ok(gpu.launch(&kernel, blocks, &Building { globals: *globals, ends: ends.ptr(gpu) })?)
    };
    run(Stage::Setup, globals, chunks)?;
    run(Stage::BinCount, globals, chunks)?;
    scan(work, axes, globals, length)?;
    run(Stage::Totals, globals, 1)?;
    let mut lists = Lists::default();
    buffers::read(gpu, &ends, "totals", &mut lists.ends)?;
    let entries = work.arena.lend::<u32>(gpu, "face lists", lists.ends[CLASSES as usize] as usize)?;
    globals.lists = entries.ptr(gpu);
    held.push(entries);
    run(Stage::BinFill, globals, chunks)?;
    Ok(lists)
}

/// Replaces the offsets by their exclusive prefix sums.
fn scan(work: &Work, axes: &Axes, globals: &Globals, length: u64) -> Result<()> {
    let gpu = &work.gpu;
    let mut levels = vec![Scanning { data: globals.offsets, length, ..Scanning::default() }];
    let mut held = Vec::new();
    loop {
        let last = levels.len() - 1;
        let blocks = levels[last].length.div_ceil(SCAN_BLOCK);
        let sums = work.arena.lend::<u64>(gpu, "sums of a scan", blocks as usize)?;
        levels[last].sums = sums.ptr(gpu);
        held.push(sums);
        let kernel = work.kernels.get(gpu, Stage::Scan, axes)?;
        gpu.launch(&kernel, blocks, &levels[last])?;
        if blocks == 1 {
            break;
        }
        levels.push(Scanning { data: levels[last].sums, length: blocks, ..Scanning::default() });
    }
    let kernel = work.kernels.get(gpu, Stage::ScanAdd, axes)?;
    for level in levels.iter().rev().skip(1) {
        gpu.launch(&kernel, level.length.div_ceil(SCAN_BLOCK), level)?;
    }
    Ok(())
}
