//! Backward: each face gathers its gradient from the pixels it touches, and stores it once.
//!
//! `prepare` reverses what happened once a pixel; then 1, 8 or 32 lanes walk a face, by the number of its pixels, and
//! faces with more are cut into items. Every sum has a fixed order that depends on the face alone.

use softras_core::raster::{Gradients, Outputs, TextureFamily, Wanted};
use softras_core::{Error, ImageGrad, Result};

use crate::Work;
use crate::accumulate::{self, Start};
use crate::buffers::{self, Buffer};
use crate::error::BACKEND;
use crate::kernels::{Axes, Stage};
use crate::shared::{CHUNK_FACES, CLASS_ITEMS, CLASSES, FACE_PARAMETERS, FACE_VALUES, Reversing};
use crate::workspace::Drawn;

/// Pixels of a block of `prepare`.
pub(crate) const PREPARE_PIXELS: u32 = 256;
/// Threads of a block of `backward`.
const BACKWARD_THREADS: u64 = 64;
/// Lanes that walk a face of each class.
const LANES: [u32; CLASSES as usize] = [1, 8, 32, 32];

/// What is asked for, of all that could be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Corners, sigma, gamma or a shape: what faces sum over their pixels.
    faces: bool,
    textures: bool,
    /// Background or epsilon: what is summed over pixels.
    pixels: bool,
}

/// Writes the gradients that `gradients` has room for.
pub(crate) fn backward(
    drawn: &Drawn,
    grad: &ImageGrad,
    wanted: Wanted,
    start: Start,
    gradients: &mut Gradients,
) -> Result<()> {
    let Some(outputs) = outputs(grad) else { return Ok(()) };
    if drawn.plan.batch == 0 {
        return Ok(());
    }
    let color = outputs.color();
    let asked = Asked {
        faces: wanted.intersects(
            Wanted::CORNERS | Wanted::SIGMA | Wanted::GAMMA | Wanted::DISTRIBUTION | Wanted::T_CONORM,
        ),
        textures: color && gradients.textures.is_some(),
        pixels: color && wanted.intersects(Wanted::BACKGROUND | Wanted::EPSILON),
    };
    let (work, gpu) = (&drawn.work, &drawn.work.gpu);
    let axes = Axes { outputs, ..drawn.axes };
    let mut held = Vec::new();
    let mut reversing = Reversing { globals: drawn.globals, ..Reversing::default() };
    prepare(drawn, &axes, grad, asked, &mut reversing, &mut held)?;

    let faces = drawn.faces.count();
    let texels = drawn.globals.texel_size as usize;
    let mut corners = lend(work, "gradient of the corners", faces * 9, &mut reversing.corners)?;
    let mut parameters =
        lend(work, "gradients of parameters", faces * FACE_PARAMETERS as usize, &mut reversing.parameters)?;
    if !drawn.faces_are_dense() {
        // Faces between two pictures' ranges belong to none, and nobody walks them.
        buffers::clear::<f32>(gpu, &mut corners, faces * 9)?;
        buffers::clear::<f32>(gpu, &mut parameters, faces * FACE_PARAMETERS as usize)?;
    }
    if asked.textures {
        held.push(lend(work, "gradients of texels", faces * texels, &mut reversing.texels)?);
    }
    let vertex_texels = asked.textures && axes.texture == TextureFamily::Vertex;
    if asked.faces || vertex_texels {
        walk_faces(drawn, &axes, reversing, vertex_texels)?;
    }
    if asked.textures && axes.texture == TextureFamily::Surface {
        let kernel = work.kernels.get(gpu, Stage::BackwardTexture, &axes)?;
        let slots = u64::from(drawn.globals.chunks) * u64::from(CHUNK_FACES);
        gpu.launch(&kernel, slots, &reversing)?;
    }
    accumulate::reduce(drawn, &axes, &reversing, asked.faces, gradients)?;
    accumulate::gather(drawn, &axes, &reversing, start, gradients)?;
    if asked.faces
        && let Some(to) = gradients.corners.as_mut().and_then(|a| a.as_slice_mut())
    {
        buffers::read(gpu, &corners, "backward", to)?;
    }
    Ok(())
}

impl Drawn {
    /// Tells whether every face belongs to a picture.
    fn faces_are_dense(&self) -> bool {
        self.faces.pictures().iter().map(|p| p.faces.len()).sum::<usize>() == self.faces.count()
    }
}

/// Which outputs have a gradient.
fn outputs(grad: &ImageGrad) -> Option<Outputs> {
    match (&grad.silhouette, &grad.color) {
        (Some(_), Some(_)) => Some(Outputs::Both),
        (Some(_), None) => Some(Outputs::Silhouette),
        (None, Some(_)) => Some(Outputs::Color),
        (None, None) => None,
    }
}

fn lend(work: &Work, what: &str, numbers: usize, ptr: &mut crate::shared::Ptr<f32>) -> Result<Buffer> {
    let buffer = work.arena.lend::<f32>(&work.gpu, what, numbers)?;
    *ptr = buffer.ptr(&work.gpu);
    Ok(buffer)
}

/// Brings the gradient of the picture to the device, and reverses `finish` at every pixel.
fn prepare(
    drawn: &Drawn,
    axes: &Axes,
    grad: &ImageGrad,
    asked: Asked,
    reversing: &mut Reversing,
    held: &mut Vec<Buffer>,
) -> Result<()> {
    let (work, gpu, globals) = (&drawn.work, &drawn.work.gpu, &drawn.globals);
    if let Some(grad) = &grad.color {
        let grad = grad.as_standard_layout();
        let buffer = work.arena.filled(gpu, "gradient of the picture", grad.as_slice().unwrap_or(&[]))?;
        reversing.grad_color = buffer.ptr(gpu);
        held.push(buffer);
    }
    if let Some(grad) = &grad.silhouette {
        let grad = grad.as_standard_layout();
        let buffer = work.arena.filled(gpu, "gradient of the silhouette", grad.as_slice().unwrap_or(&[]))?;
        reversing.grad_alpha = buffer.ptr(gpu);
        held.push(buffer);
    }
    let planes = axes.cotangent_planes(globals.channels) as usize;
    let pixels = drawn.plan.batch * drawn.plan.pixels();
    held.push(lend(work, "gradient of the pixels", planes * pixels, &mut reversing.cotangents)?);
    let blocks = u64::from(globals.pictures) * u64::from(globals.pixels.div_ceil(PREPARE_PIXELS));
    if asked.pixels {
        let numbers = blocks as usize * (drawn.plan.channels + 1);
        held.push(lend(work, "sums over pixels", numbers, &mut reversing.partials)?);
    }
    let kernel = work.kernels.get(gpu, Stage::Prepare, axes)?;
    Ok(gpu.launch(&kernel, blocks, reversing)?)
}

/// Walks the faces, class by class; big ones in items, which are added in their order.
fn walk_faces(drawn: &Drawn, axes: &Axes, mut reversing: Reversing, vertex_texels: bool) -> Result<()> {
    let (work, gpu) = (&drawn.work, &drawn.work.gpu);
    if !vertex_texels {
        // Surface texels are walked in a stage of their own.
        reversing.texels = crate::shared::Ptr::default();
    }
    let kernel = work.kernels.get(gpu, Stage::Backward, axes)?;
    for (class, lanes) in LANES.into_iter().enumerate() {
        let (first, end) = (drawn.lists.ends[class], drawn.lists.ends[class + 1]);
        reversing.first = first;
        reversing.entries = u32::try_from(end - first).map_err(|_| Error::Unsupported {
            backend: BACKEND.to_owned(),
            what: format!("{} faces, or items of faces, of one size", end - first),
            supported: format!("at most {}", u32::MAX),
        })?;
        reversing.lanes = lanes;
        reversing.walks_items = u32::from(class as u32 == CLASS_ITEMS);
        let blocks = (end - first).div_ceil(BACKWARD_THREADS / u64::from(lanes));
        if class as u32 != CLASS_ITEMS {
            gpu.launch(&kernel, blocks, &reversing)?;
            continue;
        }
        reversing.item_values = FACE_VALUES + if vertex_texels { drawn.globals.texel_size } else { 0 };
        let numbers = (end - first) as usize * reversing.item_values as usize;
        let _items = lend(work, "gradients of items", numbers, &mut reversing.items)?;
        gpu.launch(&kernel, blocks, &reversing)?;
        let combine = work.kernels.get(gpu, Stage::Combine, axes)?;
        gpu.launch(&combine, (end - first).div_ceil(256), &reversing)?;
    }
    Ok(())
}
