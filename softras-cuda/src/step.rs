//! A step that is recorded once and played again: CUDA graphs of forward and backward for scenes of one layout.
//!
//! Small scenes are bound by launches: a graph gives all kernels of a direction to the device at once. What the host reads
//! in a step that is not recorded, the sizes of the lists, is not known when it is recorded: lists get room in advance,
//! kernels read the sizes on the device, and write nothing where the room does not suffice. The host looks at the sizes
//! once after forward; where they outgrew the room, the step is recorded anew with more and done again. Nothing is ever
//! cut off.

use std::sync::Arc;

use cudarc::driver::{CudaGraph, sys};
use softras_core::raster::{Plan, RasterParams, Rasterizer, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Result};

use crate::accumulate::{Start, sums_of_picture};
use crate::arrays::visit;
use crate::backward::{Asked, Seen, Targets};
use crate::bins::{self, Ends, Lists};
use crate::buffers::{self, Arena, Buffer};
use crate::error::{BACKEND, CudaError, While};
use crate::forward::{axes, over_budget};
use crate::resident::{
    DeviceFaces, DeviceGradients, DeviceImage, DeviceImageGrad, check_texels, texels_shape,
};
use crate::setup::{self, Source};
use crate::shared::Ptr;
use crate::workspace::Drawn;
use crate::{Buffers, CudaRasterizer, Work};

/// Passes after which nothing new is allocated any more; two are the rule.
const REHEARSALS: usize = 8;
/// Entries beyond a quarter more that each list has room for.
const SPARE: u64 = 256;

/// A step of one layout and one set of parameters, recorded as CUDA graphs on a stream of its own.
pub struct CudaStep {
    // The graphs go before what they point to.
    recorded: Option<Recorded>,
    own: Own,
    layout: Arc<Faces>,
    params: RasterParams,
    plan: Plan<f32>,
    wanted: Wanted,
    drawn: bool,
    recordings: u64,
    pub(crate) work: Arc<Work>,
}

/// The step's own arrays, which the graphs read and write.
struct Own {
    corners: Buffer,
    texels: Buffer,
    color: Buffer,
    alpha: Buffer,
    grad_color: Buffer,
    grad_alpha: Buffer,
    grad_corners: Buffer,
    grad_rows: Buffer,
    sums: Buffer,
}

struct Recorded {
    forward: CudaGraph,
    backward: CudaGraph,
    drawn: Drawn,
    /// Where the lists of the last forward end.
    counted: Buffer,
    /// How many entries each of the lists has room for.
    room: Ends,
}

/// The length of each list, from where they end.
fn lengths(ends: &Ends) -> Ends {
    core::array::from_fn(|i| if i == 0 { ends[0] } else { ends[i] - ends[i - 1] })
}

/// Where lists of these lengths end.
fn ends(lengths: &Ends) -> Ends {
    let mut end = 0;
    lengths.map(|length| {
        end += length;
        end
    })
}

impl CudaStep {
    /// Records a step for faces laid out as `faces` on a device, which must be able to draw them: they are drawn once, to
    /// learn how much room their lists need. Of the gradients those that are `wanted` are computed.
    ///
    /// # Errors
    /// Those of `forward_into` and `backward_into`.
    pub fn record(
        device: &CudaRasterizer,
        faces: &Arc<Faces>,
        params: &RasterParams,
        wanted: Wanted,
    ) -> Result<Self> {
        let plan = Plan::new(faces, params)?;
        device.capabilities().check(BACKEND, faces, params)?;
        let work = Arc::new(Work {
            gpu: device.work.gpu.beside()?,
            arena: Arena::new(Buffers::Reused),
            kernels: Arc::clone(&device.work.kernels),
        });
        let (gpu, arena) = (&work.gpu, &work.arena);
        let pixels = plan.batch * plan.pixels();
        let alphas = if plan.draws_silhouette { pixels } else { 0 };
        let numbers = if plan.draws_color { texels_shape(faces).iter().product() } else { 0 };
        let texels = faces.textures().and_then(|t| t.texels().as_slice()).filter(|_| plan.draws_color);
        let zeros = |what: &str, count: usize| -> Result<Buffer> {
            let buffer = arena.lend::<f32>(gpu, what, count)?;
            buffers::zero(gpu, buffer.ptr(gpu), count)?;
            Ok(buffer)
        };
        let own = Own {
            corners: arena.filled(gpu, "corners", faces.corners().as_slice().unwrap_or(&[]))?,
            texels: arena.filled(gpu, "texels", texels.unwrap_or(&[]))?,
            color: zeros("picture", pixels * plan.channels)?,
            alpha: zeros("silhouette", alphas)?,
            grad_color: zeros("gradient of the picture", pixels * plan.channels)?,
            grad_alpha: zeros("gradient of the silhouette", alphas)?,
            grad_corners: zeros("gradient of the corners", faces.count() * 9)?,
            grad_rows: zeros("gradient of the textures", numbers)?,
            sums: zeros("sums over pictures", plan.batch * sums_of_picture(plan.channels))?,
        };
        let (layout, params) = (Arc::clone(faces), params.clone());
        let mut step =
            Self { recorded: None, own, layout, params, plan, wanted, drawn: false, recordings: 0, work };
        step.record_with(Ends::default())?;
        Ok(step)
    }

    /// How often it was recorded: once, and once more whenever lists outgrew their room.
    #[must_use]
    pub const fn recordings(&self) -> u64 {
        self.recordings
    }

    /// Records with room for what its corners need now, and for `least` entries in each list.
    fn record_with(&mut self, least: Ends) -> Result<()> {
        self.recorded = None;
        let (work, gpu) = (&self.work, &self.work.gpu);
        let axes = axes(work, &self.layout, &self.params, &self.plan)?;
        let source = Source::Device { corners: self.own.corners.ptr(gpu), texels: self.own.texels.ptr(gpu) };
        let (mut globals, held) = setup::upload(work, &self.layout, &self.params, &self.plan, &axes, source)?;
        let (begins, counted) = bins::lend_counts(work, &mut globals)?;
        let mut found = Ends::default();
        if globals.chunks > 0 {
            bins::count(work, &globals, &axes, counted.ptr(gpu))?;
            buffers::read(gpu, &counted, "totals", &mut found)?;
        } else {
            // Nothing counts, and backward reads how far the lists go: two halves a number.
            buffers::zero(gpu, counted.ptr(gpu), 2 * found.len())?;
        }
        let mut room = lengths(&found);
        for (room, least) in room.iter_mut().zip(least) {
            *room = (*room + *room / 4 + SPARE).max(least);
        }
        let ends = ends(&room);
        let all = ends[ends.len() - 1];
        let bytes = all.saturating_mul(4);
        if bytes > *self.params.get_memory_budget() {
            // A recorded step is one piece: it is not drawn in runs.
            return Err(over_budget(work, "face lists", bytes, &self.params));
        }
        let entries = bins::give_room(work, &mut globals, all)?;
        let lists = Lists { ends, counted: counted.ptr(gpu), bytes, held: vec![begins, entries] };
        let tiles = self.plan.batch * globals.tiles as usize;
        let drawn = Drawn {
            faces: Arc::clone(&self.layout),
            params: self.params.clone(),
            plan: self.plan.clone(),
            axes,
            globals,
            list_entries: found[0],
            lists: Some(lists),
            pairs: work.arena.lend::<u64>(gpu, "counts of pairs", tiles)?,
            held,
            source,
            work: Arc::clone(work),
        };
        // Whatever is allocated and compiled on the way is there before anything is recorded.
        for pass in 0.. {
            let before = work.arena.allocations();
            self.give_forward(&drawn, counted.ptr(gpu))?;
            self.give_backward(&drawn)?;
            if work.arena.allocations() == before {
                break;
            }
            if pass == REHEARSALS {
                let (what, found, limit) =
                    ("passes that allocate".to_owned(), pass as u64, REHEARSALS as u64);
                let error: core::result::Result<(), _> = Err(CudaError::TooLarge { what, found, limit });
                error.while_doing(|| gpu.on("rehearsing a step"))?;
            }
        }
        gpu.stream.synchronize().while_doing(|| gpu.on("waiting for a rehearsal"))?;
        let forward = self.capture("forward", || self.give_forward(&drawn, counted.ptr(gpu)))?;
        let backward = self.capture("backward", || self.give_backward(&drawn))?;
        self.recorded = Some(Recorded { forward, backward, drawn, counted, room });
        self.recordings += 1;
        Ok(())
    }

    /// Records what `give` gives to the stream.
    fn capture(&self, name: &str, give: impl FnOnce() -> Result<()>) -> Result<CudaGraph> {
        let gpu = &self.work.gpu;
        let what = || gpu.on(&format!("recording {name}"));
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        gpu.stream.begin_capture(mode).while_doing(what)?;
        let given = give();
        let graph = gpu.stream.end_capture(sys::CUgraphInstantiate_flags(0));
        given?;
        let nothing = || CudaError::TooLarge { what: "empty graphs".to_owned(), found: 1, limit: 0 };
        Ok(graph.map_err(CudaError::from).and_then(|graph| graph.ok_or_else(nothing)).while_doing(what)?)
    }

    /// Gives all of forward to the stream.
    fn give_forward(&self, drawn: &Drawn, counted: Ptr<u64>) -> Result<()> {
        let (work, gpu) = (&self.work, &self.work.gpu);
        if drawn.globals.chunks > 0 {
            bins::count(work, &drawn.globals, &drawn.axes, counted)?;
            bins::fill(work, &drawn.globals, &drawn.axes)?;
        }
        drawn.draw(self.own.color.ptr(gpu), self.own.alpha.ptr(gpu))
    }

    /// Gives all of backward to the stream.
    fn give_backward(&self, drawn: &Drawn) -> Result<()> {
        let gpu = &self.work.gpu;
        let outputs = drawn.axes.outputs;
        let asked = Asked::of(self.wanted, outputs);
        let place = |buffer: &Buffer, wanted: bool| if wanted { buffer.ptr(gpu) } else { Ptr::default() };
        let per_face = Wanted::SIGMA | Wanted::GAMMA | Wanted::DISTRIBUTION | Wanted::T_CONORM;
        let targets = Targets {
            corners: place(&self.own.grad_corners, self.wanted.intersects(Wanted::CORNERS)),
            rows: place(&self.own.grad_rows, asked.textures),
            sums: place(&self.own.sums, asked.pixels || self.wanted.intersects(per_face)),
            ..Targets::default()
        };
        let seen = Seen { color: self.own.grad_color.ptr(gpu), alpha: self.own.grad_alpha.ptr(gpu) };
        drawn.reverse(outputs, asked, seen, drawn.globals.texels, targets, Start::Zero)
    }

    /// Draws the faces whose corners and texels lie on the device, as `forward_on_device` does and with the same bits.
    /// The host waits once, after all is given to the device, for the sizes of the lists.
    ///
    /// # Errors
    /// `Shape` and `Layout` for arrays that do not fit, or another layout; those of the device.
    pub fn forward(&mut self, faces: &DeviceFaces<'_>, mut image: DeviceImage<'_>) -> Result<()> {
        self.drawn = false;
        if !Arc::ptr_eq(faces.layout, &self.layout) {
            return Err(Error::layout("faces", "another layout", "the one that the step was recorded for"));
        }
        faces.corners.check("corners", &[self.layout.count(), 3, 3])?;
        check_texels(&self.layout, &self.plan, faces.texels.as_ref())?;
        image.check(&self.plan)?;
        let work = Arc::clone(&self.work);
        let gpu = &work.gpu;
        let texels = faces.texels.as_ref().filter(|_| self.plan.draws_color);
        let written = [image.color.as_mut(), image.silhouette.as_mut()];
        visit(gpu, [Some(&faces.corners), texels], written, |[corners, texels], [color, alpha]| {
            buffers::copy(gpu, corners, self.own.corners.ptr(gpu), self.layout.count() * 9)?;
            if !texels.is_null() {
                let numbers = texels_shape(&self.layout).iter().product();
                buffers::copy(gpu, texels, self.own.texels.ptr(gpu), numbers)?;
            }
            self.play_forward()?;
            let pixels = self.plan.batch * self.plan.pixels();
            if !color.is_null() {
                buffers::copy(gpu, self.own.color.ptr(gpu), color, pixels * self.plan.channels)?;
            }
            if !alpha.is_null() {
                buffers::copy(gpu, self.own.alpha.ptr(gpu), alpha, pixels)?;
            }
            self.drawn = true;
            Ok(())
        })
    }

    /// Plays forward; again with more room where that of the lists did not suffice.
    fn play_forward(&mut self) -> Result<()> {
        let work = Arc::clone(&self.work);
        let gpu = &work.gpu;
        loop {
            let Some(recorded) = &self.recorded else {
                return Err(Error::layout("step", "one that could not be recorded anew", "a recorded one"));
            };
            let play = || recorded.forward.launch();
            gpu.times.around(gpu, "forward graph", play).while_doing(|| gpu.on("playing forward"))?;
            if recorded.drawn.globals.chunks == 0 {
                return Ok(());
            }
            let mut found = Ends::default();
            buffers::read(gpu, &recorded.counted, "forward", &mut found)?;
            let found = lengths(&found);
            if found.iter().zip(&recorded.room).all(|(found, room)| found <= room) {
                return Ok(());
            }
            // Recording counts anew with the same corners, so the next turn fits.
            let room = recorded.room;
            self.record_with(room)?;
        }
    }

    /// Goes back through what `forward` drew last, as `backward_on_device` does and with the same bits, except that an
    /// output without a gradient is gone through with zeros. The host does not wait.
    ///
    /// # Errors
    /// `Layout` before the first forward, or for gradients that the step was not recorded with; `Shape` for arrays that do
    /// not fit; those of the device.
    pub fn backward(&mut self, grad: &DeviceImageGrad<'_>, mut gradients: DeviceGradients<'_>) -> Result<()> {
        let (Some(recorded), true) = (&self.recorded, self.drawn) else {
            return Err(Error::layout("step", "one that has not drawn", "one that forward was called on"));
        };
        let Some(wanted) = gradients.wanted() else { return Ok(()) };
        if !self.wanted.contains(wanted) {
            let found = format!("{wanted:?}");
            return Err(Error::layout("gradients", found, format!("some of {:?}", self.wanted)));
        }
        grad.check(&self.plan)?;
        gradients.check(&self.layout, &self.plan)?;
        let gpu = &self.work.gpu;
        let (own, plan) = (&self.own, &self.plan);
        let pixels = plan.batch * plan.pixels();
        let read = [grad.color.as_ref(), grad.silhouette.as_ref()];
        let DeviceGradients { corners, textures, sums } = &mut gradients;
        let written = [corners.as_mut(), textures.as_mut(), sums.as_mut()];
        visit(gpu, read, written, |[color, alpha], [corners, rows, sums]| {
            let give = |from: Ptr<f32>, to: &Buffer, count: usize| {
                if from.is_null() {
                    return buffers::zero(gpu, to.ptr(gpu), count);
                }
                buffers::copy(gpu, from, to.ptr(gpu), count)
            };
            if plan.draws_color {
                give(color, &own.grad_color, pixels * plan.channels)?;
            }
            if plan.draws_silhouette {
                give(alpha, &own.grad_alpha, pixels)?;
            }
            let play = || recorded.backward.launch();
            gpu.times.around(gpu, "backward graph", play).while_doing(|| gpu.on("playing backward"))?;
            let take = |from: &Buffer, to: Ptr<f32>, count: usize| {
                if to.is_null() {
                    return Ok(());
                }
                buffers::copy(gpu, from.ptr(gpu), to, count)
            };
            take(&own.grad_corners, corners, self.layout.count() * 9)?;
            if plan.draws_color {
                take(&own.grad_rows, rows, texels_shape(&self.layout).iter().product())?;
            } else if !rows.is_null() {
                buffers::zero(gpu, rows, texels_shape(&self.layout).iter().product())?;
            }
            take(&own.sums, sums, plan.batch * sums_of_picture(plan.channels))?;
            Ok(())
        })
    }

    /// The pairs that counted in the last forward; `None` before it, or where the device fails.
    #[must_use]
    pub fn pairs(&self) -> Option<u64> {
        self.recorded.as_ref().filter(|_| self.drawn)?.drawn.pairs()
    }
}
