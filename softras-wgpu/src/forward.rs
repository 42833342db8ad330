//! Forward: turn by turn, set the faces up, list them, draw.

use softras_core::Image;
use softras_core::raster::{Plan, RasterParams};

use crate::WgpuRasterizer;
use crate::axes::Axes;
use crate::buffers::{Buffer, Commands, Use, read_back};
use crate::error::{Result, WgpuError};
use crate::kernels::Stage;
use crate::setup::Input;
use crate::turns::{Pieces, Sizes, Turn, Window, turns};
use crate::workspace::{ChunkBuffers, Drawn, Layout, TurnBuffers};

/// The most pictures that are drawn together: kernels loop over them.
const MOST_PICTURES: usize = 16_384;

impl WgpuRasterizer {
    /// Draws all pictures of the batch into `image`; returns the turns, with the state of every pixel.
    ///
    /// Where the device has no room, the work is cut smaller and tried again.
    pub(crate) fn draw(&self, input: &Input<'_>, image: &mut Image) -> Result<Vec<(Turn, TurnBuffers)>> {
        let mut sizes = self.sizes(input.layout, input.plan, input.params);
        loop {
            let turns = turns(input.faces.pictures(), &sizes)?;
            let faces = turns.iter().flat_map(|t| &t.chunks).map(|c| c.faces).max().unwrap_or(0);
            let pictures = turns.iter().map(|t| t.pictures.len()).max().unwrap_or(0);
            let bytes = 4 * turns.iter().map(|turn| sizes.of_turn(turn)).sum::<u64>();
            let what = format!("drawing {faces} faces of {pictures} pictures at a time");
            match self.gpu.attempt(&what, bytes, || self.draw_turns(input, &sizes, turns, image)) {
                Err(WgpuError::OutOfMemory { .. }) if faces > 1 || pictures > 1 => {
                    self.arena.clear();
                    let halved = |n: usize| n.div_ceil(2).max(1);
                    sizes.pieces = Pieces { faces: halved(faces), pictures: halved(pictures) };
                }
                done => return done,
            }
        }
    }

    /// How much room things take on this device.
    pub(crate) fn sizes(&self, layout: &Layout, plan: &Plan<f32>, params: &RasterParams) -> Sizes {
        let Pieces { faces, pictures } = self.pieces;
        let pieces = Pieces { faces, pictures: pictures.min(MOST_PICTURES) };
        let run = self.gpu.loops.faces(&layout.axes);
        Sizes { pieces, run, ..layout.sizes(plan, params, self.binding_bytes() / 4, self.tile) }
    }

    fn draw_turns(
        &self,
        input: &Input<'_>,
        sizes: &Sizes,
        turns: Vec<Turn>,
        image: &mut Image,
    ) -> Result<Vec<(Turn, TurnBuffers)>> {
        let draw = |turn: Turn| self.draw_turn(input, sizes, &turn, image).map(|buffers| (turn, buffers));
        turns.into_iter().map(draw).collect()
    }

    fn draw_turn(
        &self,
        input: &Input<'_>,
        sizes: &Sizes,
        turn: &Turn,
        image: &mut Image,
    ) -> Result<TurnBuffers> {
        let axes = &input.layout.axes;
        let pixels = turn.pixels();
        let state = self.lend("states of pixels", pixels * u64::from(input.layout.state_stride))?;
        let picture = self.lend("pictures", pixels * u64::from(axes.picture_planes()))?;
        let count = turn.chunks.len() as u64;
        // How many items each chunk has, and the pictures.
        let host = self.arena.lend(
            &self.gpu,
            Use::Host,
            "pictures",
            count + pixels * u64::from(axes.picture_planes()),
        )?;
        let mut chunks: Vec<ChunkBuffers> = Vec::with_capacity(turn.chunks.len());
        let mut entries = 0;
        let mut commands = Commands::new(&self.gpu);
        for number in 0..turn.chunks.len() {
            let own = self.upload(input, turn, number)?;
            let listed;
            (commands, listed) =
                self.draw_chunk(axes, sizes, turn, number, &own, (&state, &picture), commands)?;
            entries += listed;
            commands.copy((&own.items, own.globals.faces.into()), (&host, number as u64), 1)?;
            chunks.push(own);
        }
        commands.copy((&picture, 0), (&host, count), pixels * u64::from(axes.picture_planes()))?;
        read_back(&self.gpu, commands, &host, |numbers: &[f32]| {
            let (items, pictures) = numbers.split_at(count as usize);
            copy_out(input.plan, axes, turn, pictures, image);
            count_items(&mut chunks, items);
        })?;
        Ok(TurnBuffers { state, chunks, entries })
    }

    /// Records that a chunk's faces are set up, listed and drawn; returns how many entries its lists have.
    #[expect(clippy::too_many_arguments, reason = "a chunk, and where it is drawn")]
    pub(crate) fn draw_chunk<'a>(
        &'a self,
        axes: &Axes,
        sizes: &Sizes,
        turn: &Turn,
        number: usize,
        own: &ChunkBuffers,
        (state, picture): (&Buffer, &Buffer),
        mut commands: Commands<'a>,
    ) -> Result<(Commands<'a>, u64)> {
        self.setup(axes, own, &mut commands)?;
        let bins;
        let working = sizes.working(&turn.window, &turn.chunks[number]);
        (commands, bins) = self.bins(axes, commands, own, (working, sizes.budget))?;
        let entries = bins.as_ref().map_or(0, |b| u64::from(b.entries));
        let none = self.lend("no lists", 1)?;
        let (offsets, lists) = bins.as_ref().map_or((&none, &none), |b| (&b.offsets, &b.lists));
        let storage = [&own.units, &own.corners, &own.rects, &own.numbers, offsets, lists, state, picture];
        let groups = turn.pictures.len() as u64 * u64::from(turn.window.tiles_of(self.tile));
        let kernel = self.kernel(Stage::Forward, axes)?;
        commands.run(&kernel, &own.uniform, &storage, self.planted.tiles(groups))?;
        commands.hold([none]);
        commands.hold(bins.into_iter().flat_map(|b| [b.offsets, b.lists]));
        Ok((commands, entries))
    }

    /// How many pairs counted in the pictures that `drawn` keeps.
    pub(crate) fn count_pairs(&self, drawn: &Drawn) -> Result<u64> {
        let pixels = drawn.turns.iter().map(|(turn, _)| turn.pixels()).max().unwrap_or(0);
        let bytes = 4 * pixels * u64::from(drawn.layout.state_stride);
        self.gpu.attempt("counting pairs", bytes, || self.read_pairs(drawn))
    }

    fn read_pairs(&self, drawn: &Drawn) -> Result<u64> {
        let stride = u64::from(drawn.layout.state_stride);
        let mut pairs = 0;
        for (turn, buffers) in &drawn.turns {
            let count = turn.pixels() * stride;
            let host = self.arena.lend(&self.gpu, Use::Host, "states of pixels", count)?;
            let mut commands = Commands::new(&self.gpu);
            commands.copy((&buffers.state, 0), (&host, 0), count)?;
            pairs += read_back(&self.gpu, commands, &host, |numbers: &[f32]| {
                let pixels = numbers[..count as usize].chunks_exact(stride as usize);
                pixels.filter_map(|pixel| pixel.last()).map(|&pairs| pairs as u64).sum::<u64>()
            })?;
        }
        Ok(pairs)
    }

    pub(crate) fn lend(&self, what: &str, numbers: u64) -> Result<Buffer> {
        self.arena.lend(&self.gpu, Use::Storage, what, numbers)
    }
}

/// Calls `each` with every row of every plane of a turn: picture, plane, row of the picture, and where it begins in
/// `[pictures, planes, window height, window width]`.
pub(crate) fn rows(turn: &Turn, planes: usize, mut each: impl FnMut(usize, usize, usize, usize)) {
    let Window { y, width, height, .. } = turn.window;
    let mut at = 0;
    for b in turn.pictures.clone() {
        for plane in 0..planes {
            for row in y..y + height {
                each(b, plane, row as usize, at);
                at += width as usize;
            }
        }
    }
}

/// Takes from the device how many items each chunk has.
pub(crate) fn count_items(chunks: &mut [ChunkBuffers], counts: &[f32]) {
    for (own, count) in chunks.iter_mut().zip(counts) {
        // Without faces no kernel ran that would have counted.
        own.item_count = if own.globals.faces == 0 { 0 } else { count.to_bits() };
    }
}

/// Copies the pictures of a turn to where they belong.
pub(crate) fn copy_out(plan: &Plan<f32>, axes: &Axes, turn: &Turn, numbers: &[f32], image: &mut Image) {
    let (left, width) = (turn.window.x as usize, turn.window.width as usize);
    let mut color = image.color.as_mut().and_then(|a| a.as_slice_mut());
    let mut alpha = image.silhouette.as_mut().and_then(|a| a.as_slice_mut());
    rows(turn, axes.picture_planes() as usize, |b, plane, row, at| {
        let (out, first) = if plane < plan.channels {
            (&mut color, (b * plan.channels + plane) * plan.pixels())
        } else {
            (&mut alpha, b * plan.pixels())
        };
        if let Some(out) = out {
            let to = first + row * plan.width + left;
            out[to..to + width].copy_from_slice(&numbers[at..at + width]);
        }
    });
}
