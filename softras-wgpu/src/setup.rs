//! Setup: what the shaders read of a chunk of faces, and the kernel that finds the pixels each face can reach.

use softras_core::math::{
    Cutoff, DepthMap, Distance, Facing, Interpolation, Setting as CoreSetting, pixel_centre,
};
use softras_core::raster::{Plan, RasterParams, Saturation, cull_reach};
use softras_core::scene::Faces;

use crate::WgpuRasterizer;
use crate::axes::{Axes, Tile};
use crate::buffers::{Buffer, Commands, Use, write};
use crate::error::{Result, WgpuError};
use crate::kernels::Stage;
use crate::loops::small_pixels;
use crate::shared::*;
use crate::turns::{Chunk, Turn, Window};
use crate::workspace::{ChunkBuffers, Layout, finite};

/// What a render reads.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) faces: &'a Faces,
    pub(crate) params: &'a RasterParams,
    pub(crate) plan: &'a Plan<f32>,
    pub(crate) layout: &'a Layout,
}

impl WgpuRasterizer {
    /// Uploads chunk number `number` of `turn`.
    pub(crate) fn upload(&self, input: &Input<'_>, turn: &Turn, number: usize) -> Result<ChunkBuffers> {
        let chunk = &turn.chunks[number];
        let globals = globals(input, turn, number, self.tile);
        let units = units(input, chunk, &globals)?;
        let (corners, absent) = (self.corners(input.faces, chunk)?, absent(input.faces, chunk));
        let numbers = self.numbers(input, turn, chunk, &globals)?;
        let faces = chunk.faces as u64;
        Ok(ChunkBuffers {
            globals,
            uniform: self.filled(Use::Uniform, "settings", &[globals])?,
            units: self.filled(Use::Storage, "units", &units)?,
            corners,
            absent: self.filled(Use::Storage, "absent faces", &absent)?,
            rects: self.lend("pixel boxes of faces", 2 * faces)?,
            numbers,
            items: self.lend("items of faces", faces + 1)?,
            item_count: 0,
        })
    }

    /// Records the setup of a chunk's faces.
    pub(crate) fn setup(&self, axes: &Axes, own: &ChunkBuffers, commands: &mut Commands<'_>) -> Result<()> {
        let storage = [&own.units, &own.corners, &own.absent, &own.rects, &own.items];
        let kernel = self.kernel(Stage::Setup, axes)?;
        commands.run(&kernel, &own.uniform, &storage, own.globals.blocks.into())
    }

    fn corners(&self, faces: &Faces, chunk: &Chunk) -> Result<Buffer> {
        let buffer = self.lend("corners of faces", 9 * chunk.faces as u64)?;
        self.write_corners(faces, chunk, &buffer)?;
        Ok(buffer)
    }

    /// Uploads the corners of a chunk.
    pub(crate) fn write_corners(&self, faces: &Faces, chunk: &Chunk, buffer: &Buffer) -> Result<()> {
        let all = faces.corners().as_slice().ok_or_else(|| layout_fault("corners"))?;
        for span in &chunk.spans {
            let own = &all[span.faces.start * 9..span.faces.end * 9];
            write(&self.gpu, buffer, 9 * span.first_face as u64, &self.planted.corners(own))?;
        }
        Ok(())
    }

    /// Pixel centres of the window's columns and rows, backgrounds, weights, texels.
    fn numbers(&self, input: &Input<'_>, turn: &Turn, chunk: &Chunk, globals: &Globals) -> Result<Buffer> {
        let Input { faces, plan, layout, .. } = input;
        let mut head = centres(plan, &turn.window);
        for span in &chunk.spans {
            head.extend(&plan.background[span.picture * plan.channels..(span.picture + 1) * plan.channels]);
        }
        if layout.axes.layout().is_some() {
            head.extend(input.params.get_weights());
        }
        let size = layout.texel_size as usize;
        let texels = if size == 0 { 0 } else { chunk.rows.len() * size };
        let buffer = self.lend("texels", head.len() as u64 + texels as u64)?;
        write(&self.gpu, &buffer, 0, &head)?;
        self.write_texels(faces, chunk, globals, &buffer)?;
        Ok(buffer)
    }

    /// Uploads the texels of a chunk, behind the other numbers.
    pub(crate) fn write_texels(
        &self,
        faces: &Faces,
        chunk: &Chunk,
        globals: &Globals,
        buffer: &Buffer,
    ) -> Result<()> {
        let size = globals.texel_size as usize;
        if let Some(textures) = faces.textures().filter(|_| size > 0) {
            let all = textures.texels().as_slice().ok_or_else(|| layout_fault("texels"))?;
            let own = &all[chunk.rows.start * size..chunk.rows.end * size];
            write(&self.gpu, buffer, globals.texels.into(), own)?;
        }
        Ok(())
    }
}

fn layout_fault(what: &str) -> WgpuError {
    WgpuError::refused("uploading", format!("{what} are not contiguous"))
}

/// The x of the window's columns, then the y of its rows: made here, since a device may round a division otherwise.
fn centres(plan: &Plan<f32>, window: &Window) -> Vec<f32> {
    let (height, width) = (plan.height, plan.width);
    let columns = (window.x..window.x + window.width).map(|x| pixel_centre(0, x as usize, height, width).x);
    let rows = (window.y..window.y + window.height).map(|y| pixel_centre(y as usize, 0, height, width).y);
    columns.chain(rows).collect()
}

/// A bit for each face of the chunk that is not drawn.
fn absent(faces: &Faces, chunk: &Chunk) -> Vec<u32> {
    let mut words = vec![0_u32; chunk.faces / 32 + 1];
    for span in &chunk.spans {
        for (i, f) in span.faces.clone().enumerate() {
            if faces.is_absent(f) {
                let at = span.first_face + i;
                words[at / 32] |= 1 << (at % 32);
            }
        }
    }
    words
}

fn globals(input: &Input<'_>, turn: &Turn, number: usize, tile: Tile) -> Globals {
    let (plan, layout, window) = (input.plan, input.layout, &turn.window);
    let chunk = &turn.chunks[number];
    let bins = window.bins(tile);
    let background = window.width + window.height;
    let weights = background + (chunk.spans.len() * plan.channels) as u32;
    Globals {
        units: chunk.spans.len() as u32,
        blocks: chunk.blocks as u32,
        faces: chunk.faces as u32,
        width: plan.width as u32,
        height: plan.height as u32,
        window_x: window.x,
        window_y: window.y,
        window_width: window.width,
        window_height: window.height,
        window_pixels: window.pixels(),
        tiles_across: window.tiles_across(),
        tiles: window.tiles(),
        bins_across: bins.across,
        bins: bins.bins,
        bin_side: bins.side,
        first_chunk: u32::from(number == 0),
        last_chunk: u32::from(number + 1 == turn.chunks.len()),
        state_stride: layout.state_stride,
        color_at: layout.color_at,
        sums_at: layout.sums_at,
        background,
        weights,
        texels: weights + layout.axes.face_weights() + layout.axes.tile_weights(),
        texel_size: layout.texel_size,
        side: layout.side,
        rows: chunk.rows.len() as u32,
        small_pixels: small_pixels(&layout.axes),
        skip: u32::from(may_skip(input)),
        ..Globals::default()
    }
}

/// Tells whether opaque pixels may be skipped: where it was asked for, of silhouettes alone.
fn may_skip(input: &Input<'_>) -> bool {
    *input.params.get_saturation() == Saturation::Skip && !input.plan.draws_color
}

fn units(input: &Input<'_>, chunk: &Chunk, globals: &Globals) -> Result<Vec<Unit>> {
    let unit = |span: &crate::turns::Span| {
        let own = input.plan.setting(span.picture, &[]);
        Ok(Unit {
            first_face: span.first_face as u32,
            face_count: span.faces.len() as u32,
            first_number: span.first_number as u32,
            first_texture: (span.row - chunk.rows.start.min(span.row)) as u32,
            first_block: span.first_block as u32,
            blocks: span.faces.len().div_ceil(BLOCK_FACES as usize) as u32,
            cull_reach: finite(cull_reach(input.params, &own)),
            setting: setting(&own, input.params, globals)?,
        })
    };
    chunk.spans.iter().map(unit).collect()
}

fn setting(own: &CoreSetting<'_, f32>, params: &RasterParams, globals: &Globals) -> Result<Setting> {
    Ok(Setting {
        inv_sigma: own.inv_sigma,
        cut: own.cut,
        cut_slope: own.cut_slope,
        bound: own.bound,
        box_reach: own.box_reach,
        boxed: u32::from(own.boxed),
        cutoff: match own.cutoff {
            Cutoff::Hard => CUTOFF_HARD,
            Cutoff::None => CUTOFF_NONE,
            Cutoff::Smooth => CUTOFF_SMOOTH,
        },
        distribution_shape: own.distribution_shape,
        t_conorm_shape: own.t_conorm_shape,
        faces: own.faces,
        near: own.near,
        far: own.far,
        depth_map: match own.depth_map {
            DepthMap::Linear => DEPTH_MAP_LINEAR,
            DepthMap::Inverse => DEPTH_MAP_INVERSE,
        },
        interpolation: match own.interpolation {
            Interpolation::Perspective => INTERPOLATION_PERSPECTIVE,
            Interpolation::Screen => INTERPOLATION_SCREEN,
        },
        facing: match own.facing {
            Facing::Both => FACING_BOTH,
            Facing::CounterClockwise => FACING_COUNTER_CLOCKWISE,
            Facing::Clockwise => FACING_CLOCKWISE,
        },
        distance: match params.get_distance() {
            Distance::Euclidean => DISTANCE_EUCLIDEAN,
            Distance::Barycentric => DISTANCE_BARYCENTRIC,
            Distance::EuclideanUnsquared => DISTANCE_EUCLIDEAN_UNSQUARED,
            Distance::Hard => DISTANCE_HARD,
            Distance::Custom(_) => DISTANCE_CUSTOM,
            other => return Err(no_kernel("distance", other.name())),
        },
        color: ColorContext {
            rate: own.color.rate,
            inv_gamma: own.color.inv_gamma,
            background_nearness: own.color.background_nearness,
            weights: globals.weights,
        },
    })
}

fn no_kernel(what: &str, name: &str) -> WgpuError {
    WgpuError::refused("choosing kernels", format!("{what} {name} has no kernel"))
}
