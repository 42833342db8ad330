//! Batches that stay on the device and are over the memory budget: a run of pictures at a time, with the same bits.
//!
//! As `runs.rs` for batches from the host. Each run has its own copy of its corners, since the lists of its faces are built
//! again when it goes back, and the caller's may be gone by then.

use core::ops::Range;
use std::sync::Arc;

use softras_core::Result;
use softras_core::raster::{Outputs, Plan, RasterParams};
use softras_core::scene::Faces;

use crate::accumulate::{Start, sums_of_picture};
use crate::backward::{Asked, Seen, Targets};
use crate::forward::{self, Begun};
use crate::runs::{cut, params_of};
use crate::setup::Source;
use crate::shared::Ptr;
use crate::workspace::Drawn;
use crate::{Work, buffers};

/// What was drawn of a batch on the device.
#[derive(Debug)]
pub(crate) struct Portions {
    pub(crate) layout: Arc<Faces>,
    pub(crate) plan: Plan<f32>,
    pub(crate) all: Vec<Portion>,
}

/// A run of pictures.
#[derive(Debug)]
pub(crate) struct Portion {
    pictures: Range<usize>,
    /// Its faces, of those of the batch.
    faces: Range<usize>,
    /// Its texture rows, of those of the batch.
    rows: Range<usize>,
    pub(crate) drawn: Box<Drawn>,
}

/// A batch whose arrays lie on the device, and where its pictures go.
pub(crate) struct Resident<'a> {
    pub(crate) layout: &'a Arc<Faces>,
    pub(crate) params: &'a RasterParams,
    pub(crate) plan: &'a Plan<f32>,
    pub(crate) corners: Ptr<f32>,
    pub(crate) texels: Ptr<f32>,
    pub(crate) color: Ptr<f32>,
    pub(crate) alpha: Ptr<f32>,
}

/// The place `numbers` further on; none where there is none.
fn at(place: Ptr<f32>, numbers: usize) -> Ptr<f32> {
    if place.is_null() { place } else { Ptr::new(place.address() + 4 * numbers as u64) }
}

/// Numbers of a texture row.
fn row_numbers(layout: &Faces) -> usize {
    layout.textures().map_or(0, |t| t.texels().len() / t.rows().max(1))
}

impl Portions {
    /// Draws a batch of two pictures or more, in halves at least.
    pub(crate) fn draw(work: &Arc<Work>, batch: &Resident<'_>) -> Result<Self> {
        let (mut all, plan) = (Vec::new(), batch.plan.clone());
        let middle = plan.batch / 2;
        draw(work, batch, 0..middle, &mut all)?;
        draw(work, batch, middle..plan.batch, &mut all)?;
        Ok(Self { layout: Arc::clone(batch.layout), plan, all })
    }

    /// Goes back through all runs in their order. Where they share texture rows the sums of one go on from those of the
    /// one before, in the order of one batch.
    pub(crate) fn reverse(
        &self,
        outputs: Outputs,
        asked: Asked,
        seen: Seen,
        texels: Ptr<f32>,
        targets: Targets,
    ) -> Result<()> {
        let Some(first) = self.all.first() else { return Ok(()) };
        let (gpu, layout) = (&first.drawn.work.gpu, &self.layout);
        let row = row_numbers(layout);
        if !targets.rows.is_null() {
            buffers::zero(gpu, targets.rows, layout.textures().map_or(0, |t| t.texels().len()))?;
        }
        if !targets.corners.is_null() {
            // Faces between those of two runs belong to no picture.
            buffers::zero(gpu, targets.corners, layout.count() * 9)?;
        }
        for Portion { pictures, faces, rows, drawn } in &self.all {
            let channels = drawn.plan.channels;
            let before = pictures.start * drawn.plan.pixels();
            let seen = Seen { color: at(seen.color, before * channels), alpha: at(seen.alpha, before) };
            let targets = Targets {
                corners: at(targets.corners, faces.start * 9),
                rows: at(targets.rows, rows.start * row),
                sums: at(targets.sums, pictures.start * sums_of_picture(channels)),
                ..Targets::default()
            };
            drawn.reverse(outputs, asked, seen, at(texels, rows.start * row), targets, Start::Carried)?;
        }
        Ok(())
    }
}

/// Draws `pictures` of a batch; in halves where that is over the memory budget.
fn draw(
    work: &Arc<Work>,
    batch: &Resident<'_>,
    pictures: Range<usize>,
    portions: &mut Vec<Portion>,
) -> Result<()> {
    let (layout, gpu) = (batch.layout, &work.gpu);
    let (own, faces, rows) = cut(layout, &pictures)?;
    let (own, params) = (Arc::new(own), params_of(batch.params, &pictures));
    let plan = Plan::new(&own, &params)?;
    let numbers = faces.len() * 9;
    let corners = work.arena.lend::<f32>(gpu, "corners", numbers)?;
    buffers::copy(gpu, at(batch.corners, faces.start * 9), corners.ptr(gpu), numbers)?;
    let texels = at(batch.texels, rows.start * row_numbers(layout));
    let source = Source::Device { corners: corners.ptr(gpu), texels };
    match forward::begin(work, &own, &params, &plan, source)? {
        Begun::Ready(mut drawn) if plan.batch < 2 || drawn.bytes_of_all() <= *params.get_memory_budget() => {
            let before = pictures.start * plan.pixels();
            drawn.draw(at(batch.color, before * plan.channels), at(batch.alpha, before))?;
            drawn.held.push(corners);
            drawn.lists = None;
            portions.push(Portion { pictures, faces, rows, drawn });
            return Ok(());
        }
        Begun::Needs(bytes) if plan.batch < 2 => {
            return Err(forward::over_budget(work, "face lists", bytes, &params));
        }
        // What it took is given back here.
        Begun::Ready(_) | Begun::Needs(_) => {}
    }
    let middle = pictures.start + pictures.len() / 2;
    draw(work, batch, pictures.start..middle, portions)?;
    draw(work, batch, middle..pictures.end, portions)
}
