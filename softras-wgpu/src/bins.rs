//! Bins: for each bin of each window the exact list of faces that can reach it, in face order.
//!
//! Count, prefix sum, fill: nothing has a fixed capacity, so nothing can overflow.

use crate::WgpuRasterizer;
use crate::axes::Axes;
use crate::buffers::{Buffer, Commands, Use, read_back};
use crate::error::{Result, WgpuError};
use crate::kernels::Stage;
use crate::shared::{SCAN_BLOCK, ScanLength};
use crate::workspace::ChunkBuffers;

/// The lists of a chunk: where each begins, and their entries.
pub(crate) struct Bins {
    pub(crate) offsets: Buffer,
    pub(crate) lists: Buffer,
    /// How many entries they have together.
    pub(crate) entries: u32,
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
        let blocks = count.div_ceil(SCAN_BLOCK.into());
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

    /// Records the prefix sums of a chunk's items; builds its lists where its window has bins. The lists may take what
    /// the numbers in use, `working`, leave of `budget`.
    pub(crate) fn bins<'a>(
        &'a self,
        axes: &Axes,
        mut commands: Commands<'a>,
        chunk: &ChunkBuffers,
        (working, budget): (u64, u64),
    ) -> Result<(Commands<'a>, Option<Bins>)> {
        let globals = &chunk.globals;
        let (faces, blocks) = (u64::from(globals.faces), u64::from(globals.blocks));
        if blocks == 0 {
            return Ok((commands, None));
        }
        self.scan(axes, &mut commands, &chunk.items, faces + 1)?;
        if globals.bins == 0 {
            return Ok((commands, None));
        }
        let entries = u64::from(globals.bins) * blocks;
        let offsets = self.lend("counts of bins", entries + 1)?;
        let none = self.lend("lists of bins", 1)?;
        let total = self.arena.lend(&self.gpu, Use::Host, "entries of lists", 1)?;
        let storage = [&chunk.units, &chunk.rects, &offsets, &none];
        commands.run(&self.kernel(Stage::BinCount, axes)?, &chunk.uniform, &storage, blocks)?;
        self.scan(axes, &mut commands, &offsets, entries + 1)?;
        commands.copy((&offsets, entries), (&total, 0), 1)?;
        commands.hold([none]);
        let total = read_back(&self.gpu, commands, &total, |n: &[u32]| n[0])?;
        let needed = working + u64::from(total);
        if needed > budget {
            let what = format!("working memory and lists of {faces} faces");
            return Err(WgpuError::OutOfMemory { what, needed: 4 * needed, limit: Some(4 * budget) });
        }
        let lists = self.lend("lists of bins", total.into())?;
        let mut commands = Commands::new(&self.gpu);
        let storage = [&chunk.units, &chunk.rects, &offsets, &lists];
        commands.run(&self.kernel(Stage::BinFill, axes)?, &chunk.uniform, &storage, blocks)?;
        Ok((commands, Some(Bins { offsets, lists, entries: total })))
    }
}
