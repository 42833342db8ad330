//! Bins and classes: for each bin of each picture the exact list of faces that reach it, and for each class of faces by
//! size the list of those that `backward` walks alike, in face order.
//!
//! Count, prefix sum, fill: nothing has a fixed capacity, so nothing can overflow. The host reads where the lists end; a
//! recorded step (`step.rs`) gives room in advance instead, and kernels write nothing where it does not suffice.

use softras_core::Result;

use crate::Work;
use crate::buffers::{self, Buffer};
use crate::kernels::{Axes, Stage};
use crate::shared::{Building, CLASSES, Globals, Ptr, Scanning};

/// Numbers that one block scans.
const SCAN_BLOCK: u64 = 1024;

/// Where lists end: all bins, then each class.
pub(crate) type Ends = [u64; 1 + CLASSES as usize];

/// The lists of a batch.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// Where they end; how much room there is up to there if `counted` is not null.
    pub(crate) ends: Ends,
    /// Where kernels find the ends that the host does not know.
    pub(crate) counted: Ptr<u64>,
    /// The bytes of all of them.
    pub(crate) bytes: u64,
    #[expect(dead_code, reason = "it keeps the memory lent")]
    pub(crate) held: Vec<Buffer>,
}

/// Whether lists fit a budget.
#[derive(Debug)]
pub(crate) enum Built {
    /// They do.
    Fits(Lists),
    /// They need this many bytes.
    Needs(u64),
}

/// Sets up the faces and builds their lists in at most `budget` bytes; `globals` then says where they lie.
///
/// Where lists of bins do not fit there are none, and every tile goes through all faces of its picture: the same pairs
/// in the same order.
pub(crate) fn build(work: &Work, globals: &mut Globals, axes: &Axes, budget: u64) -> Result<Built> {
    if globals.bins != 0 {
        if let Built::Fits(lists) = attempt(work, globals, axes, budget)? {
            return Ok(Built::Fits(lists));
        }
        globals.bins = 0;
    }
    attempt(work, globals, axes, budget)
}

fn attempt(work: &Work, globals: &mut Globals, axes: &Axes, budget: u64) -> Result<Built> {
    if globals.chunks == 0 {
        return Ok(Built::Fits(Lists::default()));
    }
    let fixed = offsets(globals) * 8 + size_of::<Ends>() as u64;
    if fixed > budget {
        return Ok(Built::Needs(fixed));
    }
    let (begins, counted) = lend_counts(work, globals)?;
    count(work, globals, axes, counted.ptr(&work.gpu))?;
    let mut ends = Ends::default();
    buffers::read(&work.gpu, &counted, "totals", &mut ends)?;
    let room = ends[CLASSES as usize];
    let bytes = fixed.saturating_add(room.saturating_mul(4));
    if bytes > budget {
        return Ok(Built::Needs(bytes));
    }
    let held = vec![begins, give_room(work, globals, room)?];
    fill(work, globals, axes)?;
    Ok(Built::Fits(Lists { ends, counted: Ptr::default(), bytes, held }))
}

/// Lends memory for lists of `room` entries.
pub(crate) fn give_room(work: &Work, globals: &mut Globals, room: u64) -> Result<Buffer> {
    let entries =
        work.arena.lend::<u32>(&work.gpu, "face lists", usize::try_from(room).unwrap_or(usize::MAX))?;
    (globals.lists, globals.list_room) = (entries.ptr(&work.gpu), room);
    Ok(entries)
}

/// How many numbers say where lists begin.
fn offsets(globals: &Globals) -> u64 {
    u64::from(globals.bins + CLASSES) * u64::from(globals.chunks) + 1
}

/// Lends memory for where lists begin, and for where they end.
pub(crate) fn lend_counts(work: &Work, globals: &mut Globals) -> Result<(Buffer, Buffer)> {
    let gpu = &work.gpu;
    let begins = work.arena.lend::<u64>(gpu, "where lists begin", offsets(globals) as usize)?;
    globals.offsets = begins.ptr(gpu);
    Ok((begins, work.arena.lend::<u64>(gpu, "where lists end", size_of::<Ends>() / 8)?))
}

/// Sets up the faces and counts the entries of each list; writes where they end to `ends`.
pub(crate) fn count(work: &Work, globals: &Globals, axes: &Axes, ends: Ptr<u64>) -> Result<()> {
    let run = |stage: Stage, blocks: u64| run(work, globals, axes, stage, blocks, ends);
    run(Stage::Setup, u64::from(globals.chunks))?;
    run(Stage::BinCount, u64::from(globals.chunks))?;
    scan(work, axes, globals, offsets(globals))?;
    run(Stage::Totals, 1)
}

/// Writes the entries of all lists.
pub(crate) fn fill(work: &Work, globals: &Globals, axes: &Axes) -> Result<()> {
    run(work, globals, axes, Stage::BinFill, u64::from(globals.chunks), Ptr::default())
}

fn run(work: &Work, globals: &Globals, axes: &Axes, stage: Stage, blocks: u64, ends: Ptr<u64>) -> Result<()> {
    let kernel = work.kernels.get(&work.gpu, stage, axes)?;
    Ok(work.gpu.launch(&kernel, blocks, &Building { globals: *globals, ends })?)
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
