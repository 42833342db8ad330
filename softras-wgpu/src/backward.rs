//! Backward: each face gathers its gradient from the pixels it touches, and stores it once.
//!
//! `prepare` has reversed what happened once a pixel. Small faces are walked by one thread each; big ones in items, whose
//! sums are added in their order. Every sum has a fixed order, so the bits are the same every run.

use ndarray::Axis;
use softras_core::ImageGrad;
use softras_core::raster::{Gradients, Outputs};

use crate::WgpuRasterizer;
use crate::accumulate::Sums;
use crate::axes::{Axes, FACE_VALUES};
use crate::buffers::{Buffer, Commands, Use, read_back, write};
use crate::error::Result;
use crate::forward::rows;
use crate::kernels::Stage;
use crate::shared::{BLOCK_FACES, Globals};
use crate::turns::{Chunk, Turn};
use crate::workspace::{ChunkBuffers, Drawn, TurnBuffers};

/// What the walk over the faces of a chunk needs.
struct Walk<'a> {
    axes: &'a Axes,
    globals: Globals,
    uniform: &'a Buffer,
    chunk: &'a ChunkBuffers,
    state: &'a Buffer,
    cotangents: &'a Buffer,
    face_grads: &'a Buffer,
    texel_slots: &'a Buffer,
    /// Numbers that the gradients of items may take.
    item_room: u64,
}

impl WgpuRasterizer {
    /// Writes the gradients that `gradients` has room for.
    pub(crate) fn go_back(&self, drawn: &Drawn, grad: &ImageGrad, gradients: &mut Gradients) -> Result<()> {
        let outputs = match (&grad.color, &grad.silhouette) {
            (Some(_), Some(_)) => Outputs::Both,
            (Some(_), None) => Outputs::Color,
            (None, Some(_)) => Outputs::Silhouette,
            (None, None) => return Ok(()),
        };
        let axes = Axes { outputs, ..drawn.layout.axes };
        let mut sums = Sums::new(drawn.plan.batch, drawn.plan.channels);
        for (turn, buffers) in &drawn.turns {
            self.turn_back(drawn, &axes, turn, buffers, grad, gradients, &mut sums)?;
        }
        sums.finish(gradients);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a turn, and where its gradients go")]
    fn turn_back(
        &self,
        drawn: &Drawn,
        axes: &Axes,
        turn: &Turn,
        buffers: &TurnBuffers,
        grad: &ImageGrad,
        gradients: &mut Gradients,
        sums: &mut Sums,
    ) -> Result<()> {
        let cotangents = self.prepare(drawn, axes, turn, buffers, grad, gradients, sums)?;
        let textures = gradients.textures.is_some() && axes.outputs.color();
        let of_faces = gradients.corners.is_some()
            || gradients.sigma.is_some()
            || gradients.gamma.is_some()
            || gradients.distribution.is_some()
            || gradients.t_conorm.is_some();
        if !of_faces && !textures {
            return Ok(());
        }
        let sizes = self.sizes(&drawn.layout, &drawn.plan, &drawn.params);
        for (chunk, own) in turn.chunks.iter().zip(&buffers.chunks) {
            if chunk.faces == 0 {
                continue;
            }
            let faces = chunk.faces as u64;
            let slots = if textures { faces * u64::from(drawn.layout.texel_size) } else { 1 };
            let face_grads = self.lend("gradients of faces", faces * u64::from(FACE_VALUES))?;
            let texel_slots = self.lend("texel gradients of faces", slots)?;
            let globals = Globals { wants_textures: u32::from(textures), ..own.globals };
            let uniform = self.filled(Use::Uniform, "settings", &[globals])?;
            let walk = Walk {
                axes,
                globals,
                uniform: &uniform,
                chunk: own,
                state: &buffers.state,
                cotangents: &cotangents,
                face_grads: &face_grads,
                texel_slots: &texel_slots,
                item_room: sizes.item_room(&turn.window, chunk),
            };
            let vertex = drawn.layout.side == 0;
            let mut commands = Commands::new(&self.gpu);
            if of_faces || (textures && vertex) {
                self.walk_small(&walk, &mut commands)?;
                commands = self.walk_items(&walk, commands)?;
            }
            if textures && !vertex {
                self.walk_texels(&walk, &mut commands)?;
            }
            if textures {
                commands = self.gather(drawn, &walk, chunk, commands, gradients)?;
            }
            if of_faces {
                let count = faces * u64::from(FACE_VALUES);
                let host = self.arena.lend(&self.gpu, Use::Host, "gradients of faces", count)?;
                commands.copy((&face_grads, 0), (&host, 0), count)?;
                let read = |numbers: &[f32]| sums.add_faces(chunk, numbers, gradients);
                read_back(&self.gpu, commands, &host, read)?;
            } else {
                commands.submit();
            }
        }
        Ok(())
    }

    /// Reverses `finish` at every pixel; adds up the gradients to background and epsilon.
    #[expect(clippy::too_many_arguments, reason = "a turn, and where its gradients go")]
    fn prepare(
        &self,
        drawn: &Drawn,
        axes: &Axes,
        turn: &Turn,
        buffers: &TurnBuffers,
        grad: &ImageGrad,
        gradients: &Gradients,
        sums: &mut Sums,
    ) -> Result<Buffer> {
        let pixels = turn.pictures.len() as u64 * u64::from(turn.window.pixels());
        let cotangents = self.lend("gradients of pixels", pixels * u64::from(axes.cotangent_stride()))?;
        let picture = self.upload_grad(axes, turn, grad)?;
        let Some(own) = buffers.chunks.first() else { return Ok(cotangents) };
        let wanted = axes.outputs.color() && (gradients.background.is_some() || gradients.epsilon.is_some());
        let tiles = turn.pictures.len() as u64 * u64::from(turn.window.tiles());
        let count = if wanted { tiles * (drawn.plan.channels as u64 + 1) } else { 1 };
        let partials = self.lend("sums of tiles", count)?;
        let globals = Globals { wants_pixel_sums: u32::from(wanted), ..own.globals };
        let uniform = self.filled(Use::Uniform, "settings", &[globals])?;
        let storage = [&own.units, &own.numbers, &buffers.state, &picture, &cotangents, &partials];
        let mut commands = Commands::new(&self.gpu);
        commands.run(&self.kernel(Stage::Prepare, axes)?, &uniform, &storage, tiles)?;
        commands.hold([uniform, picture]);
        if wanted {
            let host = self.arena.lend(&self.gpu, Use::Host, "sums of tiles", count)?;
            commands.copy((&partials, 0), (&host, 0), count)?;
            let read = |numbers: &[f32]| sums.add_tiles(turn, numbers);
            read_back(&self.gpu, commands, &host, read)?;
        } else {
            commands.hold([partials]);
            commands.submit();
        }
        Ok(cotangents)
    }

    /// Uploads the gradient of a turn's pictures, `[pictures, planes, window height, window width]`.
    fn upload_grad(&self, axes: &Axes, turn: &Turn, grad: &ImageGrad) -> Result<Buffer> {
        let planes = axes.picture_planes() as usize;
        let count = turn.pictures.len() * planes * turn.window.pixels() as usize;
        let channels = grad.color.as_ref().map_or(0, |g| g.shape()[1]);
        let (left, width) = (turn.window.x as usize, turn.window.width as usize);
        let mut numbers: Vec<f32> = Vec::with_capacity(count);
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
        self.filled(Use::Storage, "gradients of pictures", &numbers)
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
        let groups = u64::from(walk.globals.blocks) * u64::from(BLOCK_FACES / 64);
        let groups = self.planted.walks(groups, walk.globals.faces);
        commands.run(&self.kernel(Stage::Backward, walk.axes)?, walk.uniform, &storage, groups)
    }

    /// Walks the items of the big faces, as many at a time as fit, and adds those of each face.
    fn walk_items<'a>(&'a self, walk: &Walk<'_>, mut commands: Commands<'a>) -> Result<Commands<'a>> {
        let own = walk.chunk;
        let values = u64::from(walk.axes.item_values());
        let most = walk.item_room.min(self.binding_bytes() / 4) / values;
        let turn = u64::from(own.item_count).min(most.max(1));
        if turn == 0 {
            return Ok(commands);
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
            let groups = (u64::from(walk.globals.faces) * values).div_ceil(256);
            commands.run(&combine, &uniform, &storage, groups)?;
            commands.hold([uniform]);
            first = end;
        }
        commands.hold([item_grads]);
        Ok(commands)
    }

    /// Writes the gradient of every face's surface texels, as many pixels of each face at a time as one workgroup may
    /// loop over.
    fn walk_texels(&self, walk: &Walk<'_>, commands: &mut Commands<'_>) -> Result<()> {
        let own = walk.chunk;
        let storage = [
            &own.units,
            &own.corners,
            &own.rects,
            &own.numbers,
            walk.state,
            walk.cotangents,
            walk.texel_slots,
        ];
        let groups = u64::from(walk.globals.blocks) * u64::from(BLOCK_FACES);
        let kernel = self.kernel(Stage::BackwardTexture, walk.axes)?;
        let step = self.gpu.loops.texture_pixels(walk.axes.channels);
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

    /// Adds the texel gradients of the faces of a chunk to their rows, picture by picture.
    fn gather<'a>(
        &'a self,
        drawn: &Drawn,
        walk: &Walk<'_>,
        chunk: &Chunk,
        mut commands: Commands<'a>,
        gradients: &mut Gradients,
    ) -> Result<Commands<'a>> {
        let size = drawn.layout.texel_size as usize;
        let Some(all) = gradients.textures.as_mut().and_then(|a| a.as_slice_mut()) else {
            return Ok(commands);
        };
        let own = &mut all[chunk.rows.start * size..chunk.rows.end * size];
        let count = own.len() as u64;
        let rows = self.lend("texel gradients", count)?;
        write(&self.gpu, &rows, 0, own)?;
        let kernel = self.kernel(Stage::Gather, walk.axes)?;
        let storage = [&walk.chunk.units, walk.texel_slots, &rows];
        commands.run(&kernel, walk.uniform, &storage, count.div_ceil(256))?;
        let host = self.arena.lend(&self.gpu, Use::Host, "texel gradients", count)?;
        commands.copy((&rows, 0), (&host, 0), count)?;
        read_back(&self.gpu, commands, &host, |numbers: &[f32]| own.copy_from_slice(&numbers[..own.len()]))?;
        Ok(Commands::new(&self.gpu))
    }
}
