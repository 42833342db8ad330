//! Backward: each face gathers its gradient from the pixels it touches, and stores it once.
//!
//! `prepare` has reversed what happened once a pixel. Small faces are walked by one thread each; big ones in items, whose
//! sums are added in their order. Every sum has a fixed order, so the bits are the same every run.

use ndarray::Axis;
use softras_core::ImageGrad;
use softras_core::raster::{Gradients, Outputs, Wanted};

use crate::WgpuRasterizer;
use crate::accumulate::Sums;
use crate::axes::{Axes, FACE_VALUES};
use crate::buffers::{Buffer, Commands, Use, read_back};
use crate::error::{Result, WgpuError};
use crate::forward::{count_items, rows};
use crate::kernels::Stage;
use crate::setup::Input;
use crate::shared::{BLOCK_FACES, Globals, NUMBER_LANES, WALK_LANES};
use crate::turns::{Chunk, Turn, pieces};
use crate::workspace::{ChunkBuffers, Drawn, TurnBuffers};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Gradients that are sums over pairs: corners, and the numbers of each picture that faces see.
    pub(crate) faces: bool,
    /// Texels.
    pub(crate) textures: bool,
    /// Background and epsilon.
    pub(crate) pixels: bool,
    /// The weights of the color aggregator.
    pub(crate) weights: bool,
}

impl Asked {
    pub(crate) fn new(wanted: Wanted, axes: &Axes, textured: bool) -> Self {
        let of_faces =
            [Wanted::CORNERS, Wanted::SIGMA, Wanted::GAMMA, Wanted::DISTRIBUTION, Wanted::T_CONORM];
        Self {
            faces: of_faces.into_iter().any(|one| wanted.contains(one)),
            textures: wanted.contains(Wanted::TEXTURES) && axes.outputs.color() && textured,
            pixels: wanted.intersects(Wanted::BACKGROUND | Wanted::EPSILON) && axes.outputs.color(),
            weights: wanted.contains(Wanted::WEIGHTS) && axes.layout().is_some(),
        }
    }

    /// Tells whether anything is asked for that faces are walked for.
    pub(crate) const fn walks(self) -> bool {
        self.faces || self.textures || self.weights
    }
}

/// The outputs that a gradient is about; none where it is about nothing.
pub(crate) const fn outputs_of(grad: &ImageGrad) -> Option<Outputs> {
    match (&grad.color, &grad.silhouette) {
        (Some(_), Some(_)) => Some(Outputs::Both),
        (Some(_), None) => Some(Outputs::Color),
        (None, Some(_)) => Some(Outputs::Silhouette),
        (None, None) => None,
    }
}

/// A way back through a batch, and where it leads.
struct Back<'a> {
    drawn: &'a Drawn,
    axes: Axes,
    asked: Asked,
    grad: &'a ImageGrad,
    /// The most faces at a time.
    most: usize,
}

/// What `prepare` leaves.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// `[pictures, window pixels, axes.cotangent_stride()]`.
    pub(crate) cotangents: Buffer,
    /// `[pictures, tiles, C + 1]`, where it is asked for.
    pub(crate) partials: Buffer,
    /// How many numbers that are; 0 where it is not asked for.
    pub(crate) partial_count: u64,
    /// `[pictures, tiles, axes.tile_weights()]`, where it is asked for.
    pub(crate) weight_rows: Buffer,
    /// How many numbers that are; 0 where it is not asked for.
    pub(crate) weight_count: u64,
}

impl Prepared {
    /// Numbers that the host reads.
    pub(crate) const fn count(&self) -> u64 {
        self.partial_count + self.weight_count
    }

    /// Records that they are copied to `host`, from number `first` on.
    pub(crate) fn copy(&self, host: &Buffer, first: u64, commands: &mut Commands<'_>) -> Result<()> {
        commands.copy((&self.partials, 0), (host, first), self.partial_count)?;
        commands.copy((&self.weight_rows, 0), (host, first + self.partial_count), self.weight_count)
    }

    /// Adds them to `sums`.
    pub(crate) fn add(&self, axes: &Axes, turn: &Turn, numbers: &[f32], sums: &mut Sums) {
        let (of_tiles, rows) = numbers.split_at(self.partial_count as usize);
        if !of_tiles.is_empty() {
            sums.add_tiles(turn, of_tiles);
        }
        sums.add_tile_weights(axes.tile_weights(), &rows[..self.weight_count as usize]);
    }
}

/// What the walk over the faces of a chunk needs.
pub(crate) struct Walk<'a> {
    pub(crate) axes: &'a Axes,
    pub(crate) asked: Asked,
    /// Those of the chunk, and what is wanted.
    pub(crate) globals: Globals,
    /// The same, on the device.
    pub(crate) uniform: &'a Buffer,
    pub(crate) chunk: &'a ChunkBuffers,
    pub(crate) state: &'a Buffer,
    pub(crate) cotangents: &'a Buffer,
    /// `[faces, 3, 3]`, then `[faces, 4]`.
    pub(crate) face_grads: &'a Buffer,
    /// `[faces, texels]`.
    pub(crate) texel_slots: &'a Buffer,
    /// `[faces, axes.face_weights()]`.
    pub(crate) weight_rows: &'a Buffer,
    /// Numbers that the gradients of items may take.
    pub(crate) item_room: u64,
}

impl Walk<'_> {
    /// Numbers of a chunk's face gradients, and of its texel slots.
    pub(crate) fn counts(asked: Asked, globals: &Globals) -> (u64, u64) {
        let faces = u64::from(globals.faces);
        let slots = if asked.textures { faces * u64::from(globals.texel_size) } else { 1 };
        (faces * u64::from(FACE_VALUES), slots)
    }

    /// Numbers of the gradients to weights of a chunk's faces; 0 where they are not asked for.
    pub(crate) fn weight_count(asked: Asked, axes: &Axes, globals: &Globals) -> u64 {
        if asked.weights { u64::from(globals.faces) * u64::from(axes.face_weights()) } else { 0 }
    }
}

impl WgpuRasterizer {
    /// Writes the gradients that are wanted.
    ///
    /// Where the device has no room, the work is cut smaller and tried again.
    pub(crate) fn go_back(
        &self,
        drawn: &Drawn,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> Result<()> {
        let weights = drawn.params.get_weights().len();
        gradients.fit(wanted, &drawn.faces, &drawn.plan, weights);
        let Some(outputs) = outputs_of(grad) else { return Ok(()) };
        let axes = Axes { outputs, ..drawn.layout.axes };
        let asked = Asked::new(wanted, &axes, drawn.faces.textures().is_some());
        let mut most =
            drawn.turns.iter().flat_map(|(turn, _)| &turn.chunks).map(|c| c.faces).max().unwrap_or(0);
        loop {
            let back = Back { drawn, axes, asked, grad, most };
            let what = format!("going back over {most} faces at a time");
            match self.gpu.attempt(&what, 0, || self.turns_back(&back, gradients)) {
                Err(WgpuError::OutOfMemory { .. }) if most > 1 => {
                    self.arena.clear();
                    most = most.div_ceil(2);
                    // What was added so far is begun anew.
                    gradients.fit(wanted, &drawn.faces, &drawn.plan, weights);
                }
                done => return done.map_err(|error| error.of_size(self.bytes_back(drawn, most))),
            }
        }
    }

    /// Bytes that going back takes, so many faces at a time.
    fn bytes_back(&self, drawn: &Drawn, most: usize) -> u64 {
        let sizes = self.sizes(&drawn.layout, &drawn.plan, &drawn.params);
        let turns = drawn.turns.iter().map(|(turn, _)| {
            let pictures = drawn.faces.pictures();
            let chunks = turn.chunks.iter().flat_map(|chunk| pieces(chunk, pictures, most)).collect();
            4 * sizes.of_turn(&Turn { chunks, ..turn.clone() })
        });
        turns.max().unwrap_or(0)
    }

    fn turns_back(&self, back: &Back<'_>, gradients: &mut Gradients) -> Result<()> {
        let Drawn { plan, params, .. } = back.drawn;
        let mut sums = Sums::new(plan.batch, plan.channels, params.get_weights().len());
        for (turn, buffers) in &back.drawn.turns {
            self.turn_back(back, turn, buffers, gradients, &mut sums)?;
        }
        sums.finish(gradients);
        Ok(())
    }

    fn turn_back(
        &self,
        back: &Back<'_>,
        turn: &Turn,
        buffers: &TurnBuffers,
        gradients: &mut Gradients,
        sums: &mut Sums,
    ) -> Result<()> {
        let Some(first) = buffers.chunks.first() else { return Ok(()) };
        let mut commands = Commands::new(&self.gpu);
        let picture = grad_numbers(&back.axes, turn, back.grad);
        let picture = self.filled(Use::Storage, "gradients of pictures", &picture)?;
        let globals = Globals { wants_pixel_sums: u32::from(back.asked.pixels), ..first.globals };
        let uniform = self.filled(Use::Uniform, "settings", &[globals])?;
        let prepared = self.room_to_prepare(&back.axes, back.asked, turn)?;
        let reads = (&uniform, first, &buffers.state, &picture);
        self.prepare(&back.axes, turn, reads, &prepared, &mut commands)?;
        commands.hold([uniform, picture]);
        // They come back with the first chunk.
        let mut left = Some(&prepared);
        if back.asked.walks() {
            for (chunk, own) in turn.chunks.iter().zip(&buffers.chunks).filter(|(chunk, _)| chunk.faces > 0) {
                if chunk.faces <= back.most {
                    let reads = (own, &buffers.state, &prepared.cotangents, left.take());
                    self.chunk_back(back, turn, chunk, reads, commands, gradients, sums)?;
                    commands = Commands::new(&self.gpu);
                    continue;
                }
                for piece in pieces(chunk, back.drawn.faces.pictures(), back.most) {
                    let piece = Turn { chunks: vec![piece], ..turn.clone() };
                    let own = self.set_up_again(back, &piece)?;
                    let reads = (&own, &buffers.state, &prepared.cotangents, left.take());
                    self.chunk_back(back, turn, &piece.chunks[0], reads, commands, gradients, sums)?;
                    commands = Commands::new(&self.gpu);
                }
            }
        }
        if let Some(prepared) = left.filter(|prepared| prepared.count() > 0) {
            let host = self.arena.lend(&self.gpu, Use::Host, "sums of tiles", prepared.count())?;
            prepared.copy(&host, 0, &mut commands)?;
            read_back(&self.gpu, commands, &host, |numbers: &[f32]| {
                prepared.add(&back.axes, turn, numbers, sums);
            })?;
        }
        Ok(())
    }

    /// Uploads the only chunk of `piece`, and finds the items of its faces.
    fn set_up_again(&self, back: &Back<'_>, piece: &Turn) -> Result<ChunkBuffers> {
        let Drawn { faces, params, plan, layout, .. } = back.drawn;
        let mut own = self.upload(&Input { faces, params, plan, layout }, piece, 0)?;
        let mut commands = Commands::new(&self.gpu);
        self.setup(&layout.axes, &own, &mut commands)?;
        let count = u64::from(own.globals.faces);
        self.scan(&layout.axes, &mut commands, &own.items, count + 1)?;
        let host = self.arena.lend(&self.gpu, Use::Host, "items of faces", 1)?;
        commands.copy((&own.items, count), (&host, 0), 1)?;
        read_back(&self.gpu, commands, &host, |n: &[f32]| count_items(core::slice::from_mut(&mut own), n))?;
        Ok(own)
    }

    /// Goes back over a chunk, and adds what comes back; the sums of tiles too, if there are any.
    #[expect(clippy::too_many_arguments, reason = "a chunk, and where its gradients go")]
    fn chunk_back(
        &self,
        back: &Back<'_>,
        turn: &Turn,
        chunk: &Chunk,
        (own, state, cotangents, left): (&ChunkBuffers, &Buffer, &Buffer, Option<&Prepared>),
        mut commands: Commands<'_>,
        gradients: &mut Gradients,
        sums: &mut Sums,
    ) -> Result<()> {
        let (asked, drawn) = (back.asked, back.drawn);
        let sizes = self.sizes(&drawn.layout, &drawn.plan, &drawn.params);
        let globals = Globals { wants_textures: u32::from(asked.textures), ..own.globals };
        let (numbers, slots) = Walk::counts(asked, &globals);
        let uniform = self.filled(Use::Uniform, "settings", &[globals])?;
        let face_grads = self.lend("gradients of faces", numbers)?;
        let texel_slots = self.lend("texel gradients of faces", slots)?;
        let weights = Walk::weight_count(asked, &back.axes, &globals);
        let weight_rows = self.lend("weight gradients of faces", weights)?;
        let walk = Walk {
            axes: &back.axes,
            asked,
            globals,
            uniform: &uniform,
            chunk: own,
            state,
            cotangents,
            face_grads: &face_grads,
            texel_slots: &texel_slots,
            weight_rows: &weight_rows,
            item_room: sizes.item_room(&turn.window, chunk),
        };
        self.walk(&walk, &mut commands)?;
        let size = drawn.layout.texel_size as usize;
        let own_rows = chunk.rows.start * size..chunk.rows.end * size;
        let Gradients { corners, textures, .. } = gradients;
        let texels = match textures.as_mut().and_then(|a| a.as_slice_mut()) {
            Some(all) if asked.textures => &mut all[own_rows],
            _ => &mut [],
        };
        let faces = if asked.faces { numbers } else { 0 };
        let rows = texels.len() as u64;
        let of_left = left.map_or(0, Prepared::count);
        let count = faces + rows + weights + of_left;
        let host = self.arena.lend(&self.gpu, Use::Host, "gradients of faces", count)?;
        commands.copy((&face_grads, 0), (&host, 0), faces)?;
        if rows > 0 {
            let own = self.filled(Use::Storage, "texel gradients", &*texels)?;
            self.gather(&walk, &own, &mut commands)?;
            commands.copy((&own, 0), (&host, faces), rows)?;
            commands.hold([own]);
        }
        commands.copy((&weight_rows, 0), (&host, faces + rows), weights)?;
        if let Some(prepared) = left {
            prepared.copy(&host, faces + rows + weights, &mut commands)?;
        }
        let read = |numbers: &[f32]| {
            let (of_faces, rest) = numbers.split_at(faces as usize);
            let (of_texels, rest) = rest.split_at(texels.len());
            let (of_weights, of_tiles) = rest.split_at(weights as usize);
            texels.copy_from_slice(of_texels);
            if let Some(prepared) = left {
                prepared.add(&back.axes, turn, of_tiles, sums);
            }
            sums.add_face_weights(back.axes.face_weights(), of_weights);
            if faces > 0 {
                sums.add_faces(chunk, of_faces, corners.as_mut().and_then(|a| a.as_slice_mut()));
            }
        };
        read_back(&self.gpu, commands, &host, read)
    }

    /// Buffers for what `prepare` leaves.
    pub(crate) fn room_to_prepare(&self, axes: &Axes, asked: Asked, turn: &Turn) -> Result<Prepared> {
        let tiles = turn.pictures.len() as u64 * u64::from(turn.window.tiles());
        let partial_count = if asked.pixels { tiles * u64::from(axes.channels + 1) } else { 0 };
        let weight_count = if asked.weights { tiles * u64::from(axes.tile_weights()) } else { 0 };
        Ok(Prepared {
            cotangents: self
                .lend("gradients of pixels", turn.pixels() * u64::from(axes.cotangent_stride()))?,
            partials: self.lend("sums of tiles", partial_count.max(1))?,
            partial_count,
            weight_rows: self.lend("weight gradients of tiles", weight_count)?,
            weight_count,
        })
    }

    /// Records that `finish` is reversed at every pixel, and the gradients to background and epsilon added up. Reads the
    /// settings, the first chunk, the states, and the gradient of the pictures.
    pub(crate) fn prepare(
        &self,
        axes: &Axes,
        turn: &Turn,
        reads: (&Buffer, &ChunkBuffers, &Buffer, &Buffer),
        prepared: &Prepared,
        commands: &mut Commands<'_>,
    ) -> Result<()> {
        let (uniform, first, state, picture) = reads;
        let storage =
            [&first.units, &first.numbers, state, picture, &prepared.cotangents, &prepared.partials];
        let tiles = turn.pictures.len() as u64 * u64::from(turn.window.tiles());
        commands.run(&self.kernel(Stage::Prepare, axes)?, uniform, &storage, tiles)?;
        self.prepare_weights(axes, turn, reads, prepared, commands)
    }

    /// Records the walks over the faces of a chunk.
    pub(crate) fn walk(&self, walk: &Walk<'_>, commands: &mut Commands<'_>) -> Result<()> {
        let vertex = walk.globals.side == 0;
        if walk.asked.faces || (walk.asked.textures && vertex) {
            self.walk_small(walk, commands)?;
            self.walk_items(walk, commands)?;
        }
        if walk.asked.textures && !vertex {
            self.walk_texels(walk, commands)?;
        }
        if walk.asked.weights {
            self.walk_weights(walk, commands)?;
        }
        Ok(())
    }

    /// Walks the faces that are not big, a thread each.
    fn walk_small(&self, walk: &Walk<'_>, commands: &mut Commands<'_>) -> Result<()> {
        let own = walk.chunk;
        let storage = [
            &own.units,
            &own.corners,
            &own.rects,
            &own.numbers,
            walk.state,
            walk.cotangents,
            walk.face_grads,
            walk.texel_slots,
        ];
        let groups = u64::from(walk.globals.blocks) * u64::from(BLOCK_FACES / WALK_LANES);
        let groups = self.planted.walks(groups, walk.globals.faces);
        commands.run(&self.kernel(Stage::Backward, walk.axes)?, walk.uniform, &storage, groups)
    }

    /// Walks the items of the big faces, as many at a time as fit, and adds those of each face.
    fn walk_items(&self, walk: &Walk<'_>, commands: &mut Commands<'_>) -> Result<()> {
        let own = walk.chunk;
        let values = u64::from(walk.axes.item_values());
        let most = walk.item_room.min(self.binding_bytes() / 4) / values;
        let turn = u64::from(own.item_count).min(most.max(1));
        if turn == 0 {
            return Ok(());
        }
        let item_grads = self.lend("gradients of items", turn * values)?;
        let kernel = self.kernel(Stage::BackwardItems, walk.axes)?;
        let combine = self.kernel(Stage::Combine, walk.axes)?;
        let mut first = 0;
        while first < u64::from(own.item_count) {
            let end = (first + turn).min(own.item_count.into());
            let globals = Globals { first_item: first as u32, end_item: end as u32, ..walk.globals };
            let uniform = self.filled(Use::Uniform, "settings", &[globals])?;
            let storage = [
                &own.units,
                &own.corners,
                &own.rects,
                &own.numbers,
                walk.state,
                walk.cotangents,
                &own.items,
                &item_grads,
            ];
            commands.run(&kernel, &uniform, &storage, end - first)?;
            let storage = [&own.items, &item_grads, walk.face_grads, walk.texel_slots];
            let groups = (u64::from(walk.globals.faces) * values).div_ceil(NUMBER_LANES.into());
            commands.run(&combine, &uniform, &storage, groups)?;
            commands.hold([uniform]);
            first = end;
        }
        commands.hold([item_grads]);
        Ok(())
    }

    /// Writes the gradient of every face's surface texels.
    fn walk_texels(&self, walk: &Walk<'_>, commands: &mut Commands<'_>) -> Result<()> {
        let step = self.gpu.loops.texture_pixels(walk.axes);
        self.walk_faces(walk, Stage::BackwardTexture, walk.texel_slots, step, commands)
    }

    /// Runs a stage of a workgroup a face, which writes to `slots`, over `step` pixels of each face at a time: as many as one
    /// workgroup may loop over.
    pub(crate) fn walk_faces(
        &self,
        walk: &Walk<'_>,
        stage: Stage,
        slots: &Buffer,
        step: u32,
        commands: &mut Commands<'_>,
    ) -> Result<()> {
        let own = walk.chunk;
        let storage =
            [&own.units, &own.corners, &own.rects, &own.numbers, walk.state, walk.cotangents, slots];
        let groups = u64::from(walk.globals.blocks) * u64::from(BLOCK_FACES);
        let kernel = self.kernel(stage, walk.axes)?;
        let mut first = 0;
        while first < walk.globals.window_pixels {
            let end = first.saturating_add(step).min(walk.globals.window_pixels);
            let globals = Globals { first_pixel: first, end_pixel: end, ..walk.globals };
            let uniform = self.filled(Use::Uniform, "settings", &[globals])?;
            commands.run(&kernel, &uniform, &storage, groups)?;
            commands.hold([uniform]);
            first = end;
        }
        Ok(())
    }

    /// Records that the texel gradients of a chunk's faces are added to `rows`, picture by picture.
    pub(crate) fn gather(&self, walk: &Walk<'_>, rows: &Buffer, commands: &mut Commands<'_>) -> Result<()> {
        let count = walk.chunk.row_numbers();
        let kernel = self.kernel(Stage::Gather, walk.axes)?;
        let storage = [&walk.chunk.units, walk.texel_slots, rows];
        commands.run(&kernel, walk.uniform, &storage, count.div_ceil(NUMBER_LANES.into()))
    }
}

/// The gradient of a turn's pictures, `[pictures, planes, window height, window width]`.
pub(crate) fn grad_numbers(axes: &Axes, turn: &Turn, grad: &ImageGrad) -> Vec<f32> {
    let planes = axes.picture_planes() as usize;
    let channels = grad.color.as_ref().map_or(0, |g| g.shape()[1]);
    let (left, width) = (turn.window.x as usize, turn.window.width as usize);
    let mut numbers: Vec<f32> = Vec::with_capacity(turn.pixels() as usize * planes);
    rows(turn, planes, |b, plane, row, _| {
        let picture = match (&grad.color, &grad.silhouette) {
            (Some(color), _) if plane < channels => {
                color.index_axis(Axis(0), b).index_axis_move(Axis(0), plane)
            }
            (_, Some(alpha)) => alpha.index_axis(Axis(0), b),
            _ => return,
        };
        numbers.extend(picture.index_axis_move(Axis(0), row).iter().skip(left).take(width));
    });
    numbers
}
