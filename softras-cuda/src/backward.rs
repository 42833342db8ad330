//! Backward: each face gathers its gradient from the pixels it touches, and stores it once.
//!
//! `prepare` reverses what happened once a pixel; then 1, 8 or 32 lanes walk a face, by the number of its pixels; faces with
//! more are cut into items of 64 lanes. Every sum has a fixed order that depends on the face alone.

use softras_core::raster::{Gradients, Outputs, TextureFamily, Wanted};
use softras_core::{Error, ImageGrad, Result};

use crate::Work;
use crate::accumulate::{self, Start};
use crate::bins::{self, Built, Lists};
use crate::buffers::{self, Buffer};
use crate::error::BACKEND;
use crate::forward::over_budget;
use crate::kernels::{Axes, Stage};
use crate::shared::{CHUNK_FACES, CLASS_ITEMS, CLASSES, FACE_PARAMETERS, FACE_VALUES, Ptr, Reversing};
use crate::workspace::Drawn;

/// Pixels of a block of `prepare`.
pub(crate) const PREPARE_PIXELS: u32 = 256;
/// Threads of a block of `backward`.
const BACKWARD_THREADS: u64 = 64;
/// Lanes that walk a face of each class.
const LANES: [u32; CLASSES as usize] = [1, 8, 32, 64];

/// What is asked for, of all that could be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Corners, sigma, gamma or a shape: what faces sum over their pixels.
    pub(crate) faces: bool,
    pub(crate) textures: bool,
    /// Background or epsilon: what is summed over pixels.
    pub(crate) pixels: bool,
    /// The weights of the color aggregator.
    pub(crate) weights: bool,
}

impl Asked {
    /// What of `wanted` gradients of `outputs` give.
    pub(crate) fn of(wanted: Wanted, outputs: Outputs) -> Self {
        let faces = Wanted::CORNERS | Wanted::SIGMA | Wanted::GAMMA | Wanted::DISTRIBUTION | Wanted::T_CONORM;
        Self {
            faces: wanted.intersects(faces),
            textures: outputs.color() && wanted.intersects(Wanted::TEXTURES),
            pixels: outputs.color() && wanted.intersects(Wanted::BACKGROUND | Wanted::EPSILON),
            weights: outputs.color() && wanted.intersects(Wanted::WEIGHTS),
        }
    }
}

/// The gradient of the picture, on the device; null where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) color: Ptr<f32>,
    pub(crate) alpha: Ptr<f32>,
}

/// Where gradients go on the device; null where they are not wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Targets {
    /// `[F, 3, 3]`.
    pub(crate) corners: Ptr<f32>,
    /// `[rows, texels, C]`.
    pub(crate) rows: Ptr<f32>,
    /// `[B, C + 5]`: see [`accumulate::share`].
    pub(crate) sums: Ptr<f32>,
    /// `[B, N]`: the weights of the color aggregator, of each picture.
    pub(crate) weights: Ptr<f32>,
}

/// Which outputs have a gradient.
pub(crate) const fn outputs(color: bool, silhouette: bool) -> Option<Outputs> {
    match (silhouette, color) {
        (true, true) => Some(Outputs::Both),
        (true, false) => Some(Outputs::Silhouette),
        (false, true) => Some(Outputs::Color),
        (false, false) => None,
    }
}

/// Writes the gradients that `gradients` has room for, but those to weights: returns them for each picture, `[B, N]`, empty
/// where they are nil.
pub(crate) fn backward(
    drawn: &Drawn,
    grad: &ImageGrad,
    wanted: Wanted,
    start: Start,
    gradients: &mut Gradients,
) -> Result<Vec<f32>> {
    let Some(outputs) = outputs(grad.color.is_some(), grad.silhouette.is_some()) else {
        return Ok(Vec::new());
    };
    if drawn.plan.batch == 0 {
        return Ok(Vec::new());
    }
    let (arena, gpu) = (&drawn.work.arena, &drawn.work.gpu);
    let asked = Asked::of(wanted, outputs);
    let mut held = Vec::new();
    let mut seen = Seen::default();
    if let Some(grad) = &grad.color {
        let grad = grad.as_standard_layout();
        held.push(arena.filled(gpu, "gradient of the picture", grad.as_slice().unwrap_or(&[]))?);
        seen.color = held[held.len() - 1].ptr(gpu);
    }
    if let Some(grad) = &grad.silhouette {
        let grad = grad.as_standard_layout();
        held.push(arena.filled(gpu, "gradient of the silhouette", grad.as_slice().unwrap_or(&[]))?);
        seen.alpha = held[held.len() - 1].ptr(gpu);
    }
    let corners = gradients.corners.as_mut().and_then(|a| a.as_slice_mut()).filter(|_| asked.faces);
    let rows = gradients.textures.as_mut().and_then(|a| a.as_slice_mut()).filter(|_| asked.textures);
    let on_corners =
        arena.lend::<f32>(gpu, "gradient of the corners", corners.as_ref().map_or(0, |a| a.len()))?;
    let on_rows = match (&rows, start) {
        (Some(rows), Start::Carried) => arena.filled(gpu, "gradient of the textures", rows)?,
        (rows, _) => {
            let numbers = rows.as_ref().map_or(0, |a| a.len());
            arena.lend::<f32>(gpu, "gradient of the textures", numbers)?
        }
    };
    let summed = Wanted::SIGMA | Wanted::GAMMA | Wanted::DISTRIBUTION | Wanted::T_CONORM;
    let sums = if asked.pixels || wanted.intersects(summed) {
        drawn.plan.batch * accumulate::sums_of_picture(drawn.plan.channels)
    } else {
        0
    };
    let on_sums = arena.lend::<f32>(gpu, "sums over pictures", sums)?;
    let weights = if asked.weights { drawn.plan.batch * drawn.weights().count() } else { 0 };
    let on_weights = arena.lend::<f32>(gpu, "gradient of the weights", weights)?;
    let targets = Targets {
        corners: corners.as_ref().map_or(Ptr::default(), |_| on_corners.ptr(gpu)),
        rows: rows.as_ref().map_or(Ptr::default(), |_| on_rows.ptr(gpu)),
        sums: if sums > 0 { on_sums.ptr(gpu) } else { Ptr::default() },
        weights: if weights > 0 { on_weights.ptr(gpu) } else { Ptr::default() },
    };
    drawn.reverse(outputs, asked, seen, drawn.globals.texels, targets, start)?;
    if let Some(to) = corners {
        buffers::read(gpu, &on_corners, "backward", to)?;
    }
    if let Some(to) = rows {
        buffers::read(gpu, &on_rows, "gather", to)?;
    }
    let mut read = vec![0.0_f32; sums];
    buffers::read(gpu, &on_sums, "reduce", &mut read)?;
    accumulate::share(&read, drawn.plan.channels, gradients);
    let mut read = vec![0.0_f32; weights];
    buffers::read(gpu, &on_weights, "reduce_weights", &mut read)?;
    Ok(read)
}

impl Drawn {
    /// Tells whether every face belongs to a picture.
    fn faces_are_dense(&self) -> bool {
        self.faces.pictures().iter().map(|p| p.faces.len()).sum::<usize>() == self.faces.count()
    }

    /// The bytes of working memory that going back takes where everything is asked for.
    pub(crate) fn bytes_of_all(&self) -> u64 {
        let asked = Asked::of(Wanted::ALL, self.axes.outputs);
        self.lists.as_ref().map_or(0, |lists| self.bytes_to_reverse(lists, self.axes.outputs, asked))
    }

    /// The bytes of working memory that going back takes.
    pub(crate) fn bytes_to_reverse(&self, lists: &Lists, outputs: Outputs, asked: Asked) -> u64 {
        let axes = Axes { outputs, ..self.axes };
        let globals = &self.globals;
        let faces = u64::from(globals.faces);
        let slots = if asked.textures { u64::from(globals.texel_size) } else { 0 };
        let mut numbers =
            u64::from(axes.cotangent_planes(globals.channels)).saturating_mul(globals.all_pixels);
        if asked.pixels {
            let blocks = u64::from(globals.pictures) * u64::from(globals.pixels.div_ceil(PREPARE_PIXELS));
            numbers = numbers.saturating_add(blocks * (u64::from(globals.channels) + 1));
        }
        numbers = numbers.saturating_add(faces * (slots + u64::from(FACE_PARAMETERS)));
        if asked.weights {
            numbers = numbers.saturating_add(self.weights().numbers(globals));
        }
        let vertex = asked.textures && axes.texture == TextureFamily::Vertex;
        if asked.faces || vertex {
            let values = u64::from(FACE_VALUES) + if vertex { u64::from(globals.texel_size) } else { 0 };
            let items = lists.ends[CLASSES as usize] - lists.ends[CLASS_ITEMS as usize];
            numbers = numbers.saturating_add(items.saturating_mul(values));
        }
        numbers.saturating_mul(4).saturating_add(lists.bytes)
    }

    /// Writes to `targets` what `asked` says, given the gradient of the picture; `texels` are those that were drawn.
    pub(crate) fn reverse(
        &self,
        outputs: Outputs,
        asked: Asked,
        seen: Seen,
        texels: Ptr<f32>,
        targets: Targets,
        start: Start,
    ) -> Result<()> {
        let (work, gpu) = (&self.work, &self.work.gpu);
        let axes = Axes { outputs, ..self.axes };
        let mut globals = self.globals;
        globals.texels = texels;
        let rebuilt;
        let lists = if let Some(lists) = &self.lists {
            lists
        } else {
            // They were too much to keep.
            globals.bins = 0;
            rebuilt = match bins::build(work, &mut globals, &axes, *self.params.get_memory_budget())? {
                Built::Fits(lists) => lists,
                Built::Needs(bytes) => return Err(over_budget(work, "face lists", bytes, &self.params)),
            };
            &rebuilt
        };
        let needed = self.bytes_to_reverse(lists, outputs, asked);
        if needed > *self.params.get_memory_budget() {
            return Err(over_budget(work, "the backward step", needed, &self.params));
        }
        let mut held = Vec::new();
        let mut reversing = Reversing {
            globals,
            grad_color: seen.color,
            grad_alpha: seen.alpha,
            corners: targets.corners,
            ends: lists.counted,
            ..Reversing::default()
        };
        self.prepare(&axes, asked, &mut reversing, &mut held)?;
        let faces = self.faces.count();
        let vertex_texels = asked.textures && axes.texture == TextureFamily::Vertex;
        if asked.faces || vertex_texels {
            if reversing.corners.is_null() {
                held.push(lend(work, "gradient of the corners", faces * 9, &mut reversing.corners)?);
            }
            let numbers = faces * FACE_PARAMETERS as usize;
            held.push(lend(work, "gradients of parameters", numbers, &mut reversing.parameters)?);
            if !self.faces_are_dense() {
                // Faces between two pictures' ranges belong to none, and nobody walks them.
                buffers::zero(gpu, reversing.corners, faces * 9)?;
                buffers::zero(gpu, reversing.parameters, numbers)?;
            }
        }
        if asked.textures {
            let numbers = faces * globals.texel_size as usize;
            held.push(lend(work, "gradients of texels", numbers, &mut reversing.texels)?);
        }
        if asked.faces || vertex_texels {
            self.walk_faces(&axes, lists, reversing, vertex_texels)?;
        }
        if asked.textures && axes.texture == TextureFamily::Surface {
            let kernel = work.kernels.get(gpu, Stage::BackwardTexture, &axes)?;
            gpu.launch(&kernel, u64::from(globals.chunks) * u64::from(CHUNK_FACES), &reversing)?;
        }
        if !targets.sums.is_null() {
            if !asked.faces {
                reversing.parameters = Ptr::default();
            }
            accumulate::reduce(work, &axes, &reversing, targets.sums)?;
        }
        if !targets.weights.is_null() {
            self.reverse_weights(&axes, &mut reversing, targets.weights, &mut held)?;
        }
        if asked.textures && !targets.rows.is_null() {
            accumulate::gather(self, &axes, &reversing, start, targets.rows)?;
        }
        Ok(())
    }

    /// Reverses `finish` at every pixel.
    fn prepare(
        &self,
        axes: &Axes,
        asked: Asked,
        reversing: &mut Reversing,
        held: &mut Vec<Buffer>,
    ) -> Result<()> {
        let (work, gpu, globals) = (&self.work, &self.work.gpu, reversing.globals);
        let planes = axes.cotangent_planes(globals.channels) as usize;
        let pixels = self.plan.batch * self.plan.pixels();
        held.push(lend(work, "gradient of the pixels", planes * pixels, &mut reversing.cotangents)?);
        let blocks = u64::from(globals.pictures) * u64::from(globals.pixels.div_ceil(PREPARE_PIXELS));
        if asked.pixels {
            let numbers = blocks as usize * (self.plan.channels + 1);
            held.push(lend(work, "sums over pixels", numbers, &mut reversing.partials)?);
        }
        let kernel = work.kernels.get(gpu, Stage::Prepare, axes)?;
        Ok(gpu.launch(&kernel, blocks, reversing)?)
    }

    /// Walks the faces, class by class; big ones in items, which are added in their order.
    fn walk_faces(
        &self,
        axes: &Axes,
        lists: &Lists,
        mut reversing: Reversing,
        vertex_texels: bool,
    ) -> Result<()> {
        let (work, gpu) = (&self.work, &self.work.gpu);
        if !vertex_texels {
            // Surface texels are walked in a stage of their own.
            reversing.texels = Ptr::default();
        }
        let kernel = work.kernels.get(gpu, Stage::Backward, axes)?;
        for (class, lanes) in LANES.into_iter().enumerate() {
            let (first, end) = (lists.ends[class], lists.ends[class + 1]);
            reversing.first = first;
            // Threads are counted in 32 bits, with those of the last block.
            let most = (u32::MAX - BACKWARD_THREADS as u32) / lanes;
            let entries = u32::try_from(end - first).ok().filter(|entries| *entries <= most);
            reversing.entries = entries.ok_or_else(|| Error::Unsupported {
                backend: BACKEND.to_owned(),
                what: format!("{} faces, or items of faces, of one size", end - first),
                supported: format!("at most {most}"),
            })?;
            reversing.class_walked = class as u32;
            reversing.lanes = lanes;
            reversing.walks_items = u32::from(class as u32 == CLASS_ITEMS);
            let blocks = (end - first).div_ceil(BACKWARD_THREADS / u64::from(lanes));
            if class as u32 != CLASS_ITEMS {
                gpu.launch(&kernel, blocks, &reversing)?;
                continue;
            }
            let texels = if vertex_texels { reversing.globals.texel_size } else { 0 };
            reversing.item_values = FACE_VALUES + texels;
            let numbers = (end - first) as usize * reversing.item_values as usize;
            let _items = lend(work, "gradients of items", numbers, &mut reversing.items)?;
            gpu.launch(&kernel, blocks, &reversing)?;
            let combine = work.kernels.get(gpu, Stage::Combine, axes)?;
            gpu.launch(&combine, (end - first).div_ceil(256), &reversing)?;
        }
        Ok(())
    }
}

pub(crate) fn lend(work: &Work, what: &str, numbers: usize, ptr: &mut Ptr<f32>) -> Result<Buffer> {
    let buffer = work.arena.lend::<f32>(&work.gpu, what, numbers)?;
    *ptr = buffer.ptr(&work.gpu);
    Ok(buffer)
}
