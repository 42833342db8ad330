//! Forward: a block a tile streams the faces of its bin over its pixels.

use std::sync::Arc;

use softras_core::raster::{Outputs, Plan, RasterParams, TextureFamily};
use softras_core::scene::{Faces, Textures};
use softras_core::{Error, Image, Result};

use crate::error::BACKEND;
use crate::kernels::{Axes, ColorKernel, ROOMS, SilhouetteKernel, Stage};
use crate::shared::Drawing;
use crate::workspace::Drawn;
use crate::{Work, bins, buffers, setup};

/// Draws all pictures of the batch into `image`; returns what `backward` needs.
pub(crate) fn forward(
    work: &Arc<Work>,
    faces: &Arc<Faces>,
    params: &RasterParams,
    plan: Plan<f32>,
    image: &mut Image,
) -> Result<Drawn> {
    let gpu = &work.gpu;
    let axes = axes(faces, params, &plan)?;
    let (mut globals, mut held) = setup::upload(work, faces, params, &plan, &axes)?;
    let lists = bins::build(work, &mut globals, &axes, &mut held)?;

    let pixels = plan.batch * plan.pixels();
    let color = work.arena.lend::<f32>(gpu, "picture", pixels * plan.channels)?;
    let alpha = work.arena.lend::<f32>(gpu, "silhouette", if plan.draws_silhouette { pixels } else { 0 })?;
    let tiles = plan.batch * globals.tiles as usize;
    let pairs = work.arena.lend::<u64>(gpu, "counts of pairs", tiles)?;
    let drawing = Drawing { globals, color: color.ptr(gpu), alpha: alpha.ptr(gpu), pairs: pairs.ptr(gpu) };
    let kernel = work.kernels.get(gpu, Stage::Forward, &axes)?;
    gpu.launch(&kernel, tiles as u64, &drawing)?;
    if let Some(to) = image.color.as_mut().and_then(|a| a.as_slice_mut()) {
        buffers::read(gpu, &color, "forward", to)?;
    }
    if let Some(to) = image.silhouette.as_mut().and_then(|a| a.as_slice_mut()) {
        buffers::read(gpu, &alpha, "forward", to)?;
    }
    Ok(Drawn {
        faces: Arc::clone(faces),
        params: params.clone(),
        plan,
        axes,
        globals,
        lists,
        pairs,
        held,
        work: Arc::clone(work),
    })
}

/// Returns the axes of a render.
fn axes(faces: &Faces, params: &RasterParams, plan: &Plan<f32>) -> Result<Axes> {
    let refuse = |what: String, supported: String| {
        Err(Error::Unsupported { backend: BACKEND.to_owned(), what, supported })
    };
    let built_in = || "the built-in ones".to_owned();
    let Some(silhouette) = SilhouetteKernel::of(params.get_silhouette()) else {
        return refuse(format!("silhouette {}", params.get_silhouette().name()), built_in());
    };
    let Some(color) = ColorKernel::of(params.get_color()) else {
        return refuse(format!("color {}", params.get_color().name()), built_in());
    };
    let Some(&channels) = ROOMS.iter().find(|&&room| room as usize >= plan.channels) else {
        let most = ROOMS.last().copied().unwrap_or(0);
        return refuse(format!("{} color channels", plan.channels), format!("at most {most}"));
    };
    Ok(Axes {
        outputs: match (plan.draws_silhouette, plan.draws_color) {
            (true, false) => Outputs::Silhouette,
            (false, _) => Outputs::Color,
            (true, true) => Outputs::Both,
        },
        silhouette,
        color,
        texture: faces.textures().map_or(TextureFamily::Surface, |t: &Textures| t.kind().into()),
        channels,
    })
}
