//! Forward: a block a tile, a thread a pixel; pixels keep only the states of their aggregators.

use std::sync::Arc;

use softras_core::raster::{Outputs, Plan, RasterParams, TextureFamily};
use softras_core::scene::{Faces, Textures};
use softras_core::{Error, Image, Result};

use crate::bins::{self, Built};
use crate::custom::Texts;
use crate::error::BACKEND;
use crate::kernels::{Axes, ColorKernel, ROOMS, SilhouetteKernel, Stage};
use crate::setup::Source;
use crate::shared::{Drawing, Ptr};
use crate::workspace::Drawn;
use crate::{Work, buffers, setup};

/// What came of setting up a batch.
pub(crate) enum Begun {
    /// It may be drawn.
    Ready(Box<Drawn>),
    /// Its lists alone need this many bytes, more than the budget.
    Needs(u64),
}

/// Brings the step to the device, and builds the lists of its faces.
pub(crate) fn begin(
    work: &Arc<Work>,
    faces: &Arc<Faces>,
    params: &RasterParams,
    plan: &Plan<f32>,
    source: Source,
) -> Result<Begun> {
    let gpu = &work.gpu;
    let axes = axes(work, faces, params, plan)?;
    let (mut globals, held) = setup::upload(work, faces, params, plan, &axes, source)?;
    let lists = match bins::build(work, &mut globals, &axes, *params.get_memory_budget())? {
        Built::Fits(lists) => lists,
        Built::Needs(bytes) => return Ok(Begun::Needs(bytes)),
    };
    let tiles = plan.batch * globals.tiles as usize;
    let pairs = work.arena.lend::<u64>(gpu, "counts of pairs", tiles)?;
    Ok(Begun::Ready(Box::new(Drawn {
        faces: Arc::clone(faces),
        params: params.clone(),
        plan: plan.clone(),
        axes,
        globals,
        list_entries: lists.ends[0],
        lists: Some(lists),
        pairs,
        held,
        source,
        work: Arc::clone(work),
    })))
}

/// The error of a batch whose least part needs more than the budget.
pub(crate) fn over_budget(work: &Work, what: &str, needed: u64, params: &RasterParams) -> Error {
    let limit = u128::from(*params.get_memory_budget());
    Error::OutOfMemory { what: work.gpu.on(what), needed: u128::from(needed), limit }
}

impl Drawn {
    /// Draws all pictures of the batch to `color` and `alpha`.
    pub(crate) fn draw(&self, color: Ptr<f32>, alpha: Ptr<f32>) -> Result<()> {
        let gpu = &self.work.gpu;
        let drawing = Drawing { globals: self.globals, color, alpha, pairs: self.pairs.ptr(gpu) };
        let kernel = self.work.kernels.get(gpu, Stage::Forward, &self.axes)?;
        let tiles = self.plan.batch as u64 * u64::from(self.globals.tiles);
        Ok(gpu.launch(&kernel, tiles, &drawing)?)
    }

    /// Draws all pictures of the batch into `image`.
    pub(crate) fn draw_into(&self, image: &mut Image) -> Result<()> {
        let (arena, gpu) = (&self.work.arena, &self.work.gpu);
        let pixels = self.plan.batch * self.plan.pixels();
        let color = arena.lend::<f32>(gpu, "picture", pixels * self.plan.channels)?;
        let alphas = if self.plan.draws_silhouette { pixels } else { 0 };
        let alpha = arena.lend::<f32>(gpu, "silhouette", alphas)?;
        self.draw(color.ptr(gpu), alpha.ptr(gpu))?;
        if let Some(to) = image.color.as_mut().and_then(|a| a.as_slice_mut()) {
            buffers::read(gpu, &color, "forward", to)?;
        }
        if let Some(to) = image.silhouette.as_mut().and_then(|a| a.as_slice_mut()) {
            buffers::read(gpu, &alpha, "forward", to)?;
        }
        Ok(())
    }
}

/// Returns the axes of a render.
pub(crate) fn axes(work: &Work, faces: &Faces, params: &RasterParams, plan: &Plan<f32>) -> Result<Axes> {
    let refuse = |what: String, supported: String| {
        Err(Error::Unsupported { backend: BACKEND.to_owned(), what, supported })
    };
    let built_in = || "the built-in ones".to_owned();
    let Some(silhouette) = SilhouetteKernel::drawn(params.get_silhouette()) else {
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
        custom: work.kernels.custom(Texts::of(params, plan.channels)?),
    })
}
