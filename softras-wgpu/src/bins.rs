//! Bins: for each bin of each window the exact list of faces that can reach it, in face order.
//!
//! Count, prefix sum, fill: nothing has a fixed capacity, so nothing can overflow.

use crate::WgpuRasterizer;
use crate::buffers::{Buffer, Commands, Use, read_back};
use crate::error::Result;
use crate::kernels::{Axes, Stage};
use crate::shared::ScanLength;
use crate::workspace::ChunkBuffers;

/// Numbers that one workgroup scans.
const SCAN_BLOCK: u64 = 1024;

/// The lists of a chunk: where each begins, and their entries.
pub(crate) struct Bins {
    pub(crate) offsets: Buffer,
    pub(crate) lists: Buffer,
}

impl WgpuRasterizer {
    /// Replaces `count` numbers by the sums of those before each.
    pub(crate) fn scan(
        &self,
        axes: &Axes,
        commands: &mut Commands<'_>,
        numbers: &Buffer,
        count: u64,
    ) -> Result<()> {
        let blocks = count.div_ceil(SCAN_BLOCK);
        let length = ScanLength { length: count as u32, blocks: blocks as u32 };
        let uniform = self.filled(Use::Uniform, "settings", &[length])?;
        let sums = self.lend("sums of blocks", blocks)?;
        commands.run(&self.kernel(Stage::Scan, axes)?, &uniform, &[numbers, &sums], blocks)?;
        if blocks > 1 {
            self.scan(axes, commands, &sums, blocks)?;
            commands.run(&self.kernel(Stage::ScanAdd, axes)?, &uniform, &[numbers, &sums], blocks)?;
        }
        commands.hold([uniform, sums]);
        Ok(())
    }

    /// Counts the items of a chunk, and builds its lists where its window has bins.
    pub(crate) fn bins(
        &self,
        axes: &Axes,
        mut commands: Commands<'_>,
        chunk: &mut ChunkBuffers,
    ) -> Result<Option<Bins>> {
        let globals = &chunk.globals;
        let (faces, blocks) = (u64::from(globals.faces), u64::from(globals.blocks));
        if blocks == 0 {
            commands.submit();
            return Ok(None);
        }
        self.scan(axes, &mut commands, &chunk.items, faces + 1)?;
        let totals = self.arena.lend(&self.gpu, Use::Host, "totals", 2)?;
        commands.copy((&chunk.items, faces), (&totals, 0), 1)?;
        if globals.bins == 0 {
            chunk.item_count = read_back(&self.gpu, commands, &totals, |n: &[u32]| n[0])?;
            return Ok(None);
        }
        let entries = u64::from(globals.bins) * blocks;
        let offsets = self.lend("counts of bins", entries + 1)?;
        let none = self.lend("lists of bins", 1)?;
        let storage = [&chunk.units, &chunk.rects, &offsets, &none];
        commands.run(&self.kernel(Stage::BinCount, axes)?, &chunk.uniform, &storage, blocks)?;
        self.scan(axes, &mut commands, &offsets, entries + 1)?;
        commands.copy((&offsets, entries), (&totals, 1), 1)?;
        commands.hold([none]);
        let (items, total) = read_back(&self.gpu, commands, &totals, |n: &[u32]| (n[0], n[1]))?;
        chunk.item_count = items;
        let lists = self.lend("lists of bins", total.into())?;
        let mut commands = Commands::new(&self.gpu);
        let storage = [&chunk.units, &chunk.rects, &offsets, &lists];
        commands.run(&self.kernel(Stage::BinFill, axes)?, &chunk.uniform, &storage, blocks)?;
        commands.submit();
        Ok(Some(Bins { offsets, lists }))
    }
}
