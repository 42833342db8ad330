//! Runs of pictures: a batch cut into several, each drawn as a batch of its own, with the same bits as all at once.
//!
//! Pictures share nothing but texture rows. Where pictures of two runs share some, the sums of one run go on from those
//! of the run before, so that they are added in the order of one batch.

use core::ops::Range;
use std::sync::Arc;

use ndarray::{Array1, Array3, Axis, Slice};
use softras_core::raster::{Gradients, PerPicture, Plan, RasterParams, Rasterizer, Wanted};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Error, Image, ImageGrad, Result};

use crate::{CudaRasterizer, CudaSaved};

/// Whether runs are worked on at once, each by a thread of its own, or one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turns {
    AtOnce,
    OneByOne,
}

/// What was drawn of a batch.
#[derive(Debug)]
pub(crate) struct Runs {
    faces: Arc<Faces>,
    plan: Plan<f32>,
    weights: usize,
    turns: Turns,
    runs: Vec<Run>,
}

/// A run of pictures.
#[derive(Debug)]
struct Run {
    pictures: Range<usize>,
    /// Its faces, of those of the batch.
    faces: Range<usize>,
    /// Its texture rows, of those of the batch.
    rows: Range<usize>,
    saved: CudaSaved,
}

/// The faces of a run of pictures as a batch of its own, and where they were.
pub(crate) fn cut(faces: &Faces, pictures: &Range<usize>) -> Result<(Faces, Range<usize>, Range<usize>)> {
    let own = &faces.pictures()[pictures.clone()];
    let range = own.first().map_or(0, |p| p.faces.start)..own.last().map_or(0, |p| p.faces.end);
    let rows = own.iter().map(|p| p.first_texture).min().unwrap_or(0)
        ..own.iter().map(|p| p.first_texture + p.faces.len()).max().unwrap_or(0);
    let rows = if faces.textures().is_some() { rows } else { 0..0 };
    let moved = own.iter().map(|p| Picture {
        faces: p.faces.start - range.start..p.faces.end - range.start,
        first_texture: p.first_texture.saturating_sub(rows.start),
    });
    let corners = faces.corners().slice_axis(Axis(0), Slice::from(range.clone())).to_owned();
    let absent = Array1::from_iter(range.clone().map(|f| faces.is_absent(f)));
    let mut cut = Faces::packed(corners, moved.collect())?.with_front(faces.front()).with_absent(absent)?;
    if let Some(textures) = faces.textures() {
        let texels = textures.texels().slice_axis(Axis(0), Slice::from(rows.clone())).to_owned();
        cut = cut.with_textures(Textures::new(textures.kind(), texels)?)?;
    }
    Ok((cut, range, rows))
}

/// The parameters of a run of pictures.
pub(crate) fn params_of(params: &RasterParams, pictures: &Range<usize>) -> RasterParams {
    let mut own = params.clone();
    macro_rules! each {
        ($($get:ident, $set:ident;)+) => {$(
            if let PerPicture::Each(values) = params.$get() {
                own = own.$set(values[pictures.clone()].to_vec());
            }
        )+};
    }
    each! {
        get_sigma, sigma_each;
        get_gamma, gamma_each;
        get_epsilon, epsilon_each;
        get_distribution_shape, distribution_shape_each;
        get_t_conorm_shape, t_conorm_shape_each;
    }
    let background = params.get_background();
    if background.nrows() > 1 {
        own = own.background_each(background.slice_axis(Axis(0), Slice::from(pictures.clone())).to_owned());
    }
    own
}

/// Does `work` for every item, each on a thread of its own; the first error in their order is returned.
fn at_once<T: Send, U: Send>(items: Vec<T>, work: impl Fn(T) -> Result<U> + Sync) -> Result<Vec<U>> {
    let results: Vec<Result<U>> = std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = items.into_iter().map(|item| scope.spawn(move || work(item))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<U>>| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().map(join).collect()
    });
    results.into_iter().collect()
}

/// Does `work` for every item, in turns.
fn in_turns<T: Send, U: Send>(
    turns: Turns,
    items: Vec<T>,
    work: impl Fn(T) -> Result<U> + Sync,
) -> Result<Vec<U>> {
    match turns {
        Turns::AtOnce => at_once(items, work),
        Turns::OneByOne => items.into_iter().map(work).collect(),
    }
}

/// Draws each of `runs`, which are those of the whole batch in its order, on its device.
pub(crate) fn draw(
    turns: Turns,
    runs: Vec<(&CudaRasterizer, Range<usize>)>,
    faces: &Arc<Faces>,
    params: &RasterParams,
    plan: Plan<f32>,
    image: &mut Image,
) -> Result<Runs> {
    let drawn = in_turns(turns, runs, |(device, pictures): (&CudaRasterizer, Range<usize>)| {
        let (own, faces, rows) = cut(faces, &pictures)?;
        let (mut image, mut saved) = (Image::default(), CudaSaved::default());
        device.forward_into(&Arc::new(own), &params_of(params, &pictures), &mut image, &mut saved)?;
        if turns == Turns::OneByOne {
            saved.forget_lists();
        }
        Ok((Run { pictures, faces, rows, saved }, image))
    })?;
    let mut runs = Vec::with_capacity(drawn.len());
    for (run, own) in drawn {
        let pictures = Slice::from(run.pictures.clone());
        if let (Some(to), Some(from)) = (&mut image.color, &own.color) {
            to.slice_axis_mut(Axis(0), pictures).assign(from);
        }
        if let (Some(to), Some(from)) = (&mut image.silhouette, &own.silhouette) {
            to.slice_axis_mut(Axis(0), pictures).assign(from);
        }
        runs.push(run);
    }
    Ok(Runs { faces: Arc::clone(faces), plan, weights: params.get_weights().len(), turns, runs })
}

impl Runs {
    /// What was kept of each run.
    pub(crate) fn saved(&self) -> impl Iterator<Item = &CudaSaved> {
        self.runs.iter().map(|run| &run.saved)
    }

    /// Goes back through all runs, each on that of `devices` that drew it; returns the gradients to weights of each picture,
    /// as `backward_from` does. The sums of texture gradients begin with
    /// `carried`, which has the shape of the texels.
    pub(crate) fn backward(
        &self,
        devices: &[CudaRasterizer],
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
        carried: Option<Array3<f32>>,
    ) -> Result<Vec<f32>> {
        grad.check(&self.plan)?;
        gradients.fit(wanted, &self.faces, &self.plan, self.weights);
        let one = |run: &Run, carried: Option<Array3<f32>>| {
            let pictures = Slice::from(run.pictures.clone());
            let own = ImageGrad {
                color: grad.color.as_ref().map(|a| a.slice_axis(Axis(0), pictures).to_owned()),
                silhouette: grad.silhouette.as_ref().map(|a| a.slice_axis(Axis(0), pictures).to_owned()),
            };
            let mut gradients = Gradients::default();
            let device = devices.iter().find(|device| device.filled(&run.saved)).ok_or_else(|| {
                Error::layout("saved state", "one that other devices filled", "one of these devices")
            })?;
            let weights = device.backward_from(&run.saved, &own, wanted, &mut gradients, carried)?;
            Ok((gradients, weights))
        };
        let goes_on = carried.is_some() || self.share_rows();
        let mut weights = Vec::new();
        if let (Some(to), Some(carried)) = (&mut gradients.textures, carried) {
            *to = carried;
        }
        if gradients.textures.is_some() && goes_on {
            for run in &self.runs {
                let rows = Slice::from(run.rows.clone());
                let carried = gradients.textures.as_ref().map(|a| a.slice_axis(Axis(0), rows).to_owned());
                let (own, of_pictures) = one(run, carried)?;
                join(gradients, run, &own);
                weights.extend(of_pictures);
            }
            return Ok(weights);
        }
        let all = in_turns(self.turns, self.runs.iter().collect(), |run| one(run, None))?;
        for (run, (own, of_pictures)) in self.runs.iter().zip(all) {
            join(gradients, run, &own);
            weights.extend(of_pictures);
        }
        Ok(weights)
    }

    /// Tells whether pictures of two runs share texture rows.
    fn share_rows(&self) -> bool {
        let pairs =
            self.runs.iter().enumerate().flat_map(|(i, a)| self.runs[..i].iter().map(move |b| (a, b)));
        pairs.into_iter().any(|(a, b)| a.rows.start < b.rows.end && b.rows.start < a.rows.end)
    }
}

/// Puts the gradients of a run where they belong.
fn join(gradients: &mut Gradients, run: &Run, own: &Gradients) {
    macro_rules! put {
        ($($field:ident: $range:expr;)+) => {$(
            if let (Some(to), Some(from)) = (&mut gradients.$field, &own.$field) {
                to.slice_axis_mut(Axis(0), Slice::from($range.clone())).assign(from);
            }
        )+};
    }
    put! {
        corners: run.faces;
        textures: run.rows;
        background: run.pictures;
        sigma: run.pictures;
        gamma: run.pictures;
        epsilon: run.pictures;
        distribution: run.pictures;
        t_conorm: run.pictures;
    }
}
