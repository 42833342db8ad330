//! Backward: each face gathers its gradient from the pixels it touches, and stores it once.
//!
//! `prepare` has reversed what happened once a pixel; `walk` walks faces over their pixels. Here the work is cut: into
//! groups of pictures that fit the memory budget, into runs of faces, into items of big faces. Every sum has a fixed
//! order, so the bits do not depend on the threads.

use core::marker::PhantomData;
use core::ops::Range;

use ndarray::Array1;
use softras_core::math::{
    ColorAggregator, DistanceMetric, DistributionFunction, Parts, SilhouetteAggregator, TextureKind,
};
use softras_core::raster::Gradients;
use softras_core::scene::{Picture, Textures};
use softras_core::{Error, ImageGrad, Result};

use crate::accumulate::{add, gather_textures, joined};
use crate::channels::{Any, Three, three};
use crate::faults::{self, Fault};
use crate::items::{BIG_PIXELS, PartialSums, RUN, halves_of, items};
use crate::lanes::{Vector, has_kernel, with_weight_lanes};
use crate::prepare::{CotangentLayout, PictureGrad, Prepare, Room};
use crate::row::Row;
use crate::setup::PixelRect;
use crate::staged::Own;
use crate::walk::{Anywhere, InTiles, Pixels, Rows, WalkFaces};
use crate::workspace::{Buffers, CpuSaved, Drawn};

/// Bytes of what faces read that a thread keeps close: pictures are prepared and walked a few at a time, so that the
/// faces of small ones do not fetch them from memory again.
const CLOSE: usize = 512 * 1024;

/// Writes the gradients that `gradients` has room for.
pub(crate) fn backward<R: Vector, M, F, S, A>(
    parts: &Parts<M, F, S, A>,
    saved: &CpuSaved<R>,
    drawn: &Drawn<R>,
    grad: &ImageGrad<R>,
    gradients: &mut Gradients<R>,
) -> Result<()>
where
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    let Drawn { faces, plan, .. } = drawn;
    let nothing = grad.color.is_none() && grad.silhouette.is_none() || faults::used_up(&saved.planes);
    if nothing || plan.batch == 0 {
        return Ok(());
    }
    let color = grad.color.as_ref().map(|a| a.as_standard_layout());
    let silhouette =
        grad.silhouette.as_ref().map(|a| a.as_standard_layout()).or_else(|| faults::invented(plan));
    let grad = PictureGrad {
        color: color.as_ref().and_then(|a| a.as_slice()),
        silhouette: silhouette.as_ref().and_then(|a| a.as_slice()),
    };
    let layout = CotangentLayout::new::<R, A>(&grad, saved.layout.sums);
    let wanted = gradients.textures.is_some() && grad.color.is_some();
    let texture = faces.textures().filter(|_| wanted).map(Textures::kind);
    let texture_size = texture.map_or(0, |kind| kind.texels() * plan.channels);
    let three = three(faces, plan.channels);
    let weights = gradients.weights.as_ref().filter(|_| grad.color.is_some()).map_or(0, |g| g.len());
    let prepare = Prepare { parts, saved, drawn, grad, layout, three, weights };
    let sizes = prepare.sizes();
    let partial = PartialSums { rects: &saved.rects, weights };
    let turns = Turns {
        pictures: faces.pictures(),
        partial,
        pixels: (sizes.planes + sizes.rows) * size_of::<R>() + sizes.weights * size_of::<f64>(),
        // Rows that no two pictures share take their gradient at once.
        slots: if rows_ascend(faces.pictures()) { 0 } else { texture_size * size_of::<R>() },
        budget: u128::from(*drawn.params.get_memory_budget()),
        close: (CLOSE * rayon::current_num_threads()) as u128,
    };
    turns.check()?;
    let mut buffers = saved.take_buffers();
    let mut first = 0;
    while first < plan.batch {
        let pictures = first..turns.end(first);
        first = pictures.end;
        prepare.fit(pictures.len(), &mut buffers);
        buffers.face_weights.resize(partial.numbers(&faces.pictures()[pictures.clone()]), 0.0);
        let reverse = Reverse { prepare: &prepare, partial, texture, texture_size };
        reverse.pictures(pictures.clone(), turns.slots > 0, &mut buffers, gradients);
        for ((b, pixels), faces) in pictures.clone().zip(&buffers.pixel_totals).zip(&buffers.totals) {
            keep_pixel_sums(faults::picture(b, &pictures), pixels, plan.channels, gradients);
            keep_face_sums(b, faces, gradients);
        }
        if let Some(g) = gradients.weights.as_mut().filter(|_| weights > 0) {
            let mut at = 0;
            for (i, b) in pictures.enumerate() {
                keep_weight_sums(&buffers.pixel_weights[i * sizes.weights..][..weights], g);
                keep_weight_sums(&buffers.face_weights[at..][..weights], g);
                at += partial.numbers(&faces.pictures()[b..=b]);
            }
        }
    }
    saved.put_buffers(buffers);
    Ok(())
}

/// Tells whether the texture rows of each picture begin where those of the one before have ended, or later.
fn rows_ascend(pictures: &[Picture]) -> bool {
    pictures.windows(2).all(|p| p[0].first_texture + p[0].faces.len() <= p[1].first_texture)
}

/// How the batch is cut into groups of pictures.
struct Turns<'a> {
    pictures: &'a [Picture],
    partial: PartialSums<'a>,
    /// Bytes for the pixels of a picture, and for the texture slot of a face.
    pixels: usize,
    slots: usize,
    budget: u128,
    /// Bytes that a group of more than one picture may take.
    close: u128,
}

impl Turns<'_> {
    fn bytes(&self, pictures: &Range<usize>) -> u128 {
        let own = &self.pictures[pictures.clone()];
        let faces = own.last().map_or(0, |last| last.faces.end - own[0].faces.start);
        let sums = self.partial.numbers(own) * size_of::<f64>();
        pictures.len() as u128 * self.pixels as u128 + faces as u128 * self.slots as u128 + sums as u128
    }

    /// Checks that every picture fits the budget on its own.
    fn check(&self) -> Result<()> {
        for b in 0..self.pictures.len() {
            let needed = self.bytes(&(b..b + 1));
            if needed > self.budget {
                let what = format!("the backward step of picture {b}, the least that can be done at a time,");
                return Err(Error::OutOfMemory { what, needed, limit: self.budget });
            }
        }
        Ok(())
    }

    /// Returns where the group that begins with picture `first` ends.
    fn end(&self, first: usize) -> usize {
        let fits = |end: &usize| self.bytes(&(first..*end + 1)) <= self.budget.min(self.close);
        (first + 1..self.pictures.len()).take_while(fits).last().unwrap_or(first) + 1
    }
}

/// Writes what `prepare` summed over picture `b`: epsilon, background.
fn keep_pixel_sums<R: Vector>(b: usize, total: &Row<f64>, channels: usize, gradients: &mut Gradients<R>) {
    if let Some(g) = &mut gradients.epsilon {
        g[b] = R::from_f64(total[0]);
    }
    if let Some(g) = &mut gradients.background {
        for (c, &value) in total[1..=channels].iter().enumerate() {
            g[[b, c]] = R::from_f64(value);
        }
    }
}

/// Adds the sums of one picture to the gradient to the weights.
fn keep_weight_sums<R: Vector>(sums: &[f64], gradient: &mut Array1<R>) {
    for (out, &value) in gradient.iter_mut().zip(sums) {
        *out += R::from_f64(value);
    }
}

/// Writes what the faces summed over picture `b`.
fn keep_face_sums<R: Vector>(b: usize, total: &Row<f64>, gradients: &mut Gradients<R>) {
    let sums = [&mut gradients.sigma, &mut gradients.gamma];
    let shapes = [&mut gradients.distribution, &mut gradients.t_conorm];
    for (out, &value) in sums.into_iter().chain(shapes).zip(total.iter()) {
        if let Some(out) = out {
            out[b] = R::from_f64(value);
        }
    }
}

/// Goes back over pictures, each prepared and walked before its thread takes another.
struct Reverse<'a, R: Vector, M, F, S, A> {
    prepare: &'a Prepare<'a, R, M, F, S, A>,
    partial: PartialSums<'a>,
    texture: Option<TextureKind>,
    texture_size: usize,
}

/// Where the gradients of some pictures go, and what they need on the way.
struct Places<'a, R> {
    room: Room<'a, R>,
    corners: &'a mut [R],
    texels: &'a mut [R],
    pixel_totals: &'a mut [Row<f64>],
    totals: &'a mut [Row<f64>],
    weights: &'a mut [f64],
}

impl<R, M, F, S, A> Reverse<'_, R, M, F, S, A>
where
    R: Vector,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    /// Goes back over `pictures`; leaves the sums over each in the totals of the buffers.
    fn pictures(
        &self,
        pictures: Range<usize>,
        shared: bool,
        buffers: &mut Buffers<R>,
        gradients: &mut Gradients<R>,
    ) {
        let own = &self.prepare.drawn.faces.pictures()[pictures.clone()];
        let (start, row) = (own[0].faces.start, own[0].first_texture);
        let count = own[own.len() - 1].faces.end - start;
        let corners = gradients.corners.as_mut().and_then(|a| a.as_slice_mut());
        let corners = corners.map_or(&mut [][..], |all| &mut all[start * 9..(start + count) * 9]);
        let rows = gradients.textures.as_mut().and_then(|a| a.as_slice_mut()).unwrap_or_default();
        let size = self.texture_size;
        let Buffers {
            cotangents,
            rows: numbers,
            active,
            pixel_totals,
            totals,
            pixel_weights,
            face_weights,
            slots,
        } = buffers;
        let room = Room { planes: cotangents, rows: numbers, active, weights: pixel_weights };
        let weights = face_weights;
        if shared {
            slots.clear();
            slots.resize(count * size, R::ZERO);
            let places = Places { room, corners, texels: slots, pixel_totals, totals, weights };
            self.halves(pictures, places, &|picture| picture.faces.start - start);
            gather_textures(own, slots, size, rows);
        } else {
            let texels = if size > 0 { &mut rows[row * size..] } else { &mut [][..] };
            let places = Places { room, corners, texels, pixel_totals, totals, weights };
            self.halves(pictures, places, &|picture| picture.first_texture - row);
        }
    }

    /// Goes back over pictures in halves on two threads; `corners` begins with those of the first picture's faces,
    /// `texels` too, and `row` says which of its slots a picture's first face has.
    fn halves(
        &self,
        pictures: Range<usize>,
        places: Places<'_, R>,
        row: &(impl Fn(&Picture) -> usize + Sync),
    ) {
        let Prepare { saved, drawn, parts, layout, three, .. } = self.prepare;
        let all = drawn.faces.pictures();
        let Places { mut room, corners, texels, pixel_totals, totals, weights } = places;
        if pictures.len() > 1 {
            let half = pictures.len() / 2;
            let middle = pictures.start + half;
            let at = (all[middle].faces.start - all[pictures.start].faces.start) * 9;
            let (corners, later_corners) = corners.split_at_mut(at.min(corners.len()));
            let at = (row(&all[middle]) - row(&all[pictures.start])) * self.texture_size;
            let (texels, later_texels) = texels.split_at_mut(at.min(texels.len()));
            let (room, later_room) = room.cut(half, self.prepare.sizes());
            let (pixel_totals, later_pixel_totals) = pixel_totals.split_at_mut(half);
            let (totals, later_totals) = totals.split_at_mut(half);
            let at = self.partial.numbers(&all[pictures.start..middle]);
            let (weights, later_weights) = weights.split_at_mut(at);
            let first = Places { room, corners, texels, pixel_totals, totals, weights };
            let later = Places {
                room: later_room,
                corners: later_corners,
                texels: later_texels,
                pixel_totals: later_pixel_totals,
                totals: later_totals,
                weights: later_weights,
            };
            rayon::join(
                || self.halves(pictures.start..middle, first, row),
                || self.halves(middle..pictures.end, later, row),
            );
            return;
        }
        let picture = pictures.start;
        pixel_totals[0] = self.prepare.picture(picture, &mut room);
        let Room { planes, rows, active, .. } = room;
        let rows = Rows { numbers: rows, planes: self.prepare.row_planes() };
        let pixels = Pixels { planes, rows, active, layout: *layout };
        let (texture, texture_size) = (self.texture, self.texture_size);
        let partial = self.partial;
        let walk = Walk { parts, saved, drawn, pixels, texture, texture_size, partial, three: *three };
        let locals = 0..all[picture].faces.len();
        totals[0] = walk.faces(Faces { picture, locals, corners, texels }, weights);
    }
}

/// All that faces need to walk their pixels.
pub(crate) struct Walk<'a, R: Vector, M, F, S, A> {
    pub(crate) parts: &'a Parts<M, F, S, A>,
    pub(crate) saved: &'a CpuSaved<R>,
    pub(crate) drawn: &'a Drawn<R>,
    pub(crate) pixels: Pixels<'a, R>,
    /// The kind of the textures whose gradient is wanted.
    pub(crate) texture: Option<TextureKind>,
    /// Numbers of a face's texels, 0 if their gradient is not wanted.
    pub(crate) texture_size: usize,
    partial: PartialSums<'a>,
    /// Whether the kernel for three channels fits.
    three: bool,
}

/// Faces of one picture, with the room for their gradients; a room is empty if nothing goes there.
struct Faces<'a, R> {
    picture: usize,
    /// Counted from the first face of the picture.
    locals: Range<usize>,
    corners: &'a mut [R], // [locals, 9]
    texels: &'a mut [R],  // [locals, texture_size]
}

impl<R> Faces<'_, R> {
    /// Cuts after `count` faces.
    fn cut(self, count: usize, texture_size: usize) -> (Self, Self) {
        let at = self.locals.start + count;
        let numbers = |room: &[R], each: usize| room.len().min(count * each);
        let (corners_at, texels_at) = (numbers(self.corners, 9), numbers(self.texels, texture_size));
        let (corners, later_corners) = self.corners.split_at_mut(corners_at);
        let (texels, later_texels) = self.texels.split_at_mut(texels_at);
        let picture = self.picture;
        (
            Self { picture, locals: self.locals.start..at, corners, texels },
            Self { picture, locals: at..self.locals.end, corners: later_corners, texels: later_texels },
        )
    }
}

impl<R, M, F, S, A> Walk<'_, R, M, F, S, A>
where
    R: Vector,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    /// Walks faces of one picture, in halves on two threads; returns their sums, and leaves those of the weights in the
    /// first row of `weights`.
    fn faces(&self, faces: Faces<'_, R>, weights: &mut [f64]) -> Row<f64> {
        let runs = faces.locals.len().div_ceil(RUN);
        let all = self.drawn.faces.pictures()[faces.picture].faces.start;
        let row = self.partial.weights;
        if runs > 1 {
            let count = runs / 2 * RUN;
            let start = all + faces.locals.start;
            let at = self.partial.of(&self.saved.rects[start..start + count]);
            let (weights, later_weights) = weights.split_at_mut(at);
            let (a, b) = faces.cut(count, self.texture_size);
            let (a, b) = rayon::join(|| self.faces(a, &mut *weights), || self.faces(b, &mut *later_weights));
            add(&mut weights[..row], &later_weights[..row]);
            return joined(a, &b);
        }
        let Faces { picture, locals, corners, texels } = faces;
        let (weights, mut items_weights) = weights.split_at_mut(row);
        let mut sums = self.walk(picture, locals.clone(), None, Sinks { corners, texels, weights });
        for (i, local) in locals.enumerate() {
            let rect = self.saved.rects[all + local];
            if rect.area() > BIG_PIXELS {
                let (own, later) = items_weights.split_at_mut(row * items(&rect));
                let item = self.big(picture, local, &rect, own);
                add(weights, &own[..row]);
                items_weights = later;
                if !corners.is_empty() {
                    corners[i * 9..(i + 1) * 9].copy_from_slice(&item.corners);
                }
                add(&mut texels[i * self.texture_size..][..self.texture_size], &item.texels);
                add(&mut sums, &item.sums);
            }
        }
        sums
    }

    /// Walks a big face, or an item of it, in halves on two threads; leaves the sums of the weights in the first row of
    /// `weights`.
    fn big(&self, picture: usize, local: usize, rect: &PixelRect, weights: &mut [f64]) -> Item<R> {
        let row = self.partial.weights;
        if rect.area() > BIG_PIXELS {
            let (a, b) = halves_of(rect);
            let (weights, later) = weights.split_at_mut(row * items(&a).max(1));
            let (mut a, b) = rayon::join(
                || self.big(picture, local, &a, &mut *weights),
                || self.big(picture, local, &b, &mut *later),
            );
            add(&mut weights[..row], &later[..row]);
            if !faults::active(Fault::LosesTheLastItem) {
                add(&mut a.corners, &b.corners);
            }
            add(&mut a.texels, &b.texels);
            add(&mut a.sums, &b.sums);
            return a;
        }
        let mut item = Item {
            corners: [R::ZERO; 9],
            texels: Row::of(R::ZERO, self.texture_size),
            sums: Row::of(0.0, 0),
        };
        let locals = local..local + 1;
        let sinks = Sinks { corners: &mut item.corners, texels: &mut item.texels, weights };
        item.sums = self.walk(picture, locals, Some(*rect), sinks);
        item
    }

    /// Walks at most a run of faces on this thread; with `only`, a face in these pixels alone.
    fn walk(
        &self,
        picture: usize,
        locals: Range<usize>,
        only: Option<PixelRect>,
        sinks: Sinks<'_, R>,
    ) -> Row<f64> {
        with_weight_lanes(self.partial.weights, |lanes| self.walk_with(picture, locals, only, sinks, lanes))
    }

    /// The same, given zeros for each weight in each lane.
    fn walk_with(
        &self,
        picture: usize,
        locals: Range<usize>,
        only: Option<PixelRect>,
        Sinks { corners, texels, weights }: Sinks<'_, R>,
        lanes: &mut [R],
    ) -> Row<f64> {
        let Drawn { faces, params, plan } = self.drawn;
        let own = Own::new(faces, &self.saved.rects, params, plan, picture, R::WIDTH);
        macro_rules! walk {
            ($begin:ty) => {{
                let kind = PhantomData::<(Three, $begin)>;
                R::dispatch(WalkFaces {
                    walk: self,
                    own,
                    picture,
                    locals,
                    only,
                    corners,
                    texels,
                    lanes,
                    weights,
                    kind,
                })
            }};
        }
        // A kernel that cannot be meant is not built.
        if const { has_kernel::<M>() && R::WIDTH > 1 } && self.three {
            match (self.pixels.rows.planes > 0, self.is_whole()) {
                (true, true) => walk!(Anywhere<true>),
                (true, false) => walk!(Anywhere<false>),
                (false, true) => walk!(InTiles<true>),
                (false, false) => walk!(InTiles<false>),
            }
        } else if const { has_kernel::<M>() } && self.three {
            walk!(InTiles<false>)
        } else {
            let kind = PhantomData::<(Any, InTiles<false>)>;
            R::dispatch_few(WalkFaces {
                walk: self,
                own,
                picture,
                locals,
                only,
                corners,
                texels,
                lanes,
                weights,
                kind,
            })
        }
    }
}

/// Where the gradients of some faces go.
struct Sinks<'a, R> {
    corners: &'a mut [R],   // [locals, 9], or empty
    texels: &'a mut [R],    // [locals, texture_size]
    weights: &'a mut [f64], // [weights]
}

/// The gradient of a big face, or of an item of it.
struct Item<R> {
    corners: [R; 9],
    texels: Row<R>,
    sums: Row<f64>,
}
