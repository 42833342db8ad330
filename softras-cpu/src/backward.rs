//! Backward: each face gathers its gradient from the pixels it touches, and stores it once.
//!
//! `prepare` has reversed what happened once a pixel; `small_faces` walks the faces that fit one thread, `big_faces` cuts
//! the others into items. Every sum has a fixed order, so the bits do not depend on the threads.

use rayon::prelude::*;
use softras_core::ImageGrad;
use softras_core::math::{
    ColorAggregator, ColorCotangent, ColorGrad, ColorPixel, DistanceMetric, DistributionFunction, Face,
    PairGrad, PairSink, Parts, Real, Scalar, Setting, SilhouetteAggregator, SilhouetteGrad, TexelSink,
    TextureKind, Vec2,
};
use softras_core::raster::{Gradients, Plan, RasterParams};
use softras_core::scene::{Faces, Textures};

use crate::accumulate::{gather_textures, sum_grad, sum_wide};
use crate::bins::TILE;
use crate::faults;
use crate::forward::load_state;
use crate::lanes::{Kernel, Vector, run};
use crate::prepare::{Cotangents, prepare};
use crate::setup::PixelRect;
use crate::workspace::{Blocks, CpuSaved, Drawn, Layout};

/// Tiles of one item of a big face.
const ITEM_TILES: usize = 4;
/// A face whose pixels are more than this is big.
const BIG_PIXELS: usize = 4 * ITEM_TILES * TILE * TILE;
/// Most numbers of texture slots held at once; more pictures are done in turns.
const SLOT_NUMBERS: usize = 1 << 24;

/// Writes the gradients that `gradients` has room for.
pub(crate) fn backward<R: Vector, M, F, S, A>(
    parts: &Parts<M, F, S, A>,
    saved: &CpuSaved<R>,
    drawn: &Drawn<R>,
    grad: &ImageGrad<R>,
    gradients: &mut Gradients<R>,
) where
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    let Drawn { faces, params, plan } = drawn;
    let nothing = grad.color.is_none() && grad.silhouette.is_none();
    let nothing = nothing || faults::used_up(&saved.planes);
    if nothing || plan.batch == 0 {
        return;
    }
    let cotangents = prepare(parts, saved, drawn, grad, gradients);
    let wanted = gradients.textures.is_some() && grad.color.is_some();
    let texture = faces.textures().filter(|_| wanted).map(Textures::kind);
    let texture_size = texture.map_or(0, |kind| kind.texels() * plan.channels);
    let walk = Walk { parts, saved, faces, params, plan, cotangents: &cotangents, texture };

    let mut first = 0;
    while first < plan.batch {
        let end = last_picture(faces, first, texture_size);
        walk.pictures(first..end, texture_size, gradients);
        first = end;
    }
}

/// Returns where a turn ends that begins with picture `first`: its texture slots fit, or it is a single picture.
fn last_picture<R: Scalar>(faces: &Faces<R>, first: usize, texture_size: usize) -> usize {
    let pictures = faces.pictures();
    let start = pictures[first].faces.start;
    let fits = |end: &usize| (pictures[*end].faces.end - start) * texture_size <= SLOT_NUMBERS;
    (first + 1..pictures.len()).take_while(fits).last().unwrap_or(first) + 1
}

/// All a face needs to walk its pixels.
struct Walk<'a, R: Scalar, M, F, S, A> {
    parts: &'a Parts<M, F, S, A>,
    saved: &'a CpuSaved<R>,
    faces: &'a Faces<R>,
    params: &'a RasterParams<R>,
    plan: &'a Plan<R>,
    cotangents: &'a Cotangents<R>,
    /// The kind of the textures whose gradient is wanted.
    texture: Option<TextureKind>,
}

/// Room for what a walk writes on its way.
struct Scratch<L: Real> {
    color: Vec<L>,
    grad_color: Vec<L>,
    sums: Vec<L>,
    grad_sums: Vec<L>,
    background: Vec<L>,
    weights: Vec<L>,
    /// Gradient to texels at the corners, `[3, C]`; empty for other textures or if not wanted.
    corner_texels: Vec<L>,
}

/// The gradient of one face, or of one item of it.
struct FaceGrad<R> {
    pair: PairGrad<R>,
    weights: Vec<R>,
}

impl<R, M, F, S, A> Walk<'_, R, M, F, S, A>
where
    R: Vector,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    /// Walks the faces of `pictures`.
    fn pictures(&self, pictures: core::ops::Range<usize>, texture_size: usize, gradients: &mut Gradients<R>) {
        let all = self.faces.pictures();
        let own = &all[pictures.clone()];
        let (start, end) = (own[0].faces.start, own[own.len() - 1].faces.end);
        let mut slots = vec![R::ZERO; (end - start) * texture_size];
        let mut grads = self.small_faces(start..end, texture_size, &mut slots);
        self.big_faces(start..end, texture_size, &mut slots, &mut grads);

        if let Some(corners) = gradients.corners.as_mut().and_then(|a| a.as_slice_mut()) {
            let own = &mut corners[start * 9..end * 9];
            own.par_chunks_mut(9).zip(&grads).with_min_len(1024).for_each(|(out, grad)| {
                for (out, &value) in out.iter_mut().zip(grad.pair.corners.iter().flatten()) {
                    *out = value;
                }
            });
        }
        if texture_size > 0
            && let Some(rows) = gradients.textures.as_mut().and_then(|a| a.as_slice_mut())
        {
            gather_textures(own, &slots, texture_size, rows);
        }
        for b in pictures {
            let own = &grads[all[b].faces.start - start..all[b].faces.end - start];
            let total = |of: fn(&PairGrad<R>) -> R| sum_wide(own.iter().map(|g| of(&g.pair)));
            if let Some(g) = &mut gradients.sigma {
                g[b] = total(|g| g.sigma);
            }
            if let Some(g) = &mut gradients.gamma {
                g[b] = total(|g| g.gamma);
            }
            if let Some(g) = &mut gradients.distribution {
                g[b] = total(|g| g.distribution);
            }
            if let Some(g) = &mut gradients.t_conorm {
                g[b] = total(|g| g.t_conorm);
            }
        }
        if let Some(out) = &mut gradients.weights {
            for (w, out) in out.iter_mut().enumerate() {
                *out += sum_wide(grads.iter().filter_map(|g| g.weights.get(w).copied()));
            }
        }
    }

    /// Walks the faces that are not big, each on one thread.
    fn small_faces(
        &self,
        faces: core::ops::Range<usize>,
        texture_size: usize,
        slots: &mut [R],
    ) -> Vec<FaceGrad<R>> {
        const RUN: usize = 32;
        let records = &self.saved.records[faces.clone()];
        let walk = |run: usize, slots: &mut [R]| -> Vec<FaceGrad<R>> {
            let own = &records[run * RUN..records.len().min((run + 1) * RUN)];
            let rects = own.iter().map(|record| {
                if record.rect.area() > BIG_PIXELS { PixelRect::default() } else { record.rect }
            });
            let items = rects.enumerate().map(|(i, rect)| (faces.start + run * RUN + i, rect)).collect();
            run!(R, M, WalkItems { walk: self, items, texture_size, slots })
        };
        let runs = records.len().div_ceil(RUN);
        if texture_size == 0 {
            return (0..runs).into_par_iter().flat_map_iter(|run| walk(run, &mut [])).collect();
        }
        slots
            .par_chunks_mut(RUN * texture_size)
            .enumerate()
            .flat_map_iter(|(run, slots)| walk(run, slots))
            .collect()
    }

    /// Walks the big faces in items, and adds the items of each face in their order.
    fn big_faces(
        &self,
        faces: core::ops::Range<usize>,
        texture_size: usize,
        slots: &mut [R],
        grads: &mut [FaceGrad<R>],
    ) {
        let items: Vec<(usize, PixelRect)> = faces
            .clone()
            .filter(|&f| self.saved.records[f].rect.area() > BIG_PIXELS)
            .flat_map(|f| faults::items(items_of(&self.saved.records[f].rect)).map(move |item| (f, item)))
            .collect();
        // A few items at a time bound the memory of their texture slots; the order of the sums is that of the items.
        let turn = (SLOT_NUMBERS / texture_size.max(1)).clamp(1, 1 << 16);
        for items in items.chunks(turn) {
            let parts: Vec<(FaceGrad<R>, Vec<R>)> = items
                .par_iter()
                .map(|&item| {
                    let mut texels = vec![R::ZERO; texture_size];
                    let items = vec![item];
                    let mut grads =
                        run!(R, M, WalkItems { walk: self, items, texture_size, slots: &mut texels });
                    (grads.remove(0), texels)
                })
                .collect();
            for ((f, _), (part, texels)) in items.iter().zip(parts) {
                let local = f - faces.start;
                let grad = &mut grads[local];
                grad.pair.add(&part.pair);
                for (out, value) in grad.weights.iter_mut().zip(part.weights) {
                    *out += value;
                }
                let slot = &mut slots[local * texture_size..(local + 1) * texture_size];
                for (out, value) in slot.iter_mut().zip(texels) {
                    *out += value;
                }
            }
        }
    }
}

/// Walks some faces, or items of big ones: each a face and the pixels to walk, with its slot of texels.
struct WalkItems<'a, 'w, R: Scalar, M, F, S, A> {
    walk: &'a Walk<'w, R, M, F, S, A>,
    items: Vec<(usize, PixelRect)>,
    texture_size: usize,
    slots: &'a mut [R],
}

impl<R, M, F, S, A> Kernel<R> for WalkItems<'_, '_, R, M, F, S, A>
where
    R: Scalar,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    type Output = Vec<FaceGrad<R>>;

    #[inline(always)]
    fn run<L: Real<Scalar = R>>(self, like: L) -> Vec<FaceGrad<R>> {
        let Self { walk, items, texture_size, slots } = self;
        let mut scratch = walk.scratch(like);
        let mut grads = Vec::with_capacity(items.len());
        for (i, (f, rect)) in items.iter().enumerate() {
            let texels = &mut slots[i * texture_size..(i + 1) * texture_size];
            grads.push(walk.face(like, *f, rect, texels, &mut scratch));
        }
        grads
    }
}

impl<R, M, F, S, A> Walk<'_, R, M, F, S, A>
where
    R: Scalar,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    #[inline(always)]
    fn scratch<L: Real<Scalar = R>>(&self, like: L) -> Scratch<L> {
        let channels = vec![like.zero(); self.saved.layout.channels];
        let sums = vec![like.zero(); self.saved.layout.sums];
        Scratch {
            color: channels.clone(),
            grad_color: channels.clone(),
            background: channels,
            sums: sums.clone(),
            grad_sums: sums,
            weights: vec![like.zero(); self.params.get_weights().len()],
            corner_texels: match self.texture {
                Some(TextureKind::Vertex) => vec![like.zero(); 3 * self.saved.layout.channels],
                _ => Vec::new(),
            },
        }
    }

    #[inline(always)]
    /// Walks the pixels of face `f` in `rect`; adds its texture gradient to `texels`.
    fn face<L: Real<Scalar = R>>(
        &self,
        like: L,
        f: usize,
        rect: &PixelRect,
        texels: &mut [R],
        scratch: &mut Scratch<L>,
    ) -> FaceGrad<R> {
        if rect.is_empty() {
            let weights = vec![R::ZERO; scratch.weights.len()];
            return FaceGrad { pair: PairGrad::zero(R::ZERO), weights };
        }
        let grid = &self.saved.grid;
        let b = self.faces.pictures().partition_point(|p| p.faces.end <= f);
        let picture = &self.faces.pictures()[b];
        let local = f - picture.faces.start;
        let record = &self.saved.records[f];
        let face = Face {
            triangle: record.triangle.splat(like),
            bounds: record.bounds.splat(like),
            number: like.splat(R::from_f64(local as f64)),
            texels: if self.plan.draws_color {
                faults::texels(self.faces, picture.first_texture, local)
            } else {
                None
            },
        };
        let setting = faults::setting(self.plan, b, self.params.get_weights()).splat(like);
        let channels = self.plan.channels;
        for (c, out) in scratch.background.iter_mut().enumerate() {
            *out = like.splat(self.plan.background[b * channels + c]);
        }
        scratch.weights.fill(like.zero());
        scratch.corner_texels.fill(like.zero());
        let (offsets, mut sum) = (Blocks::offsets(like), PairGrad::zero(like));
        let tile = TILE as u32;
        for ty in rect.y.0 / tile..rect.y.1.div_ceil(tile) {
            for tx in rect.x.0 / tile..rect.x.1.div_ceil(tile) {
                let t = ty as usize * grid.across + tx as usize;
                let tile = Tile { number: b * grid.tiles() + t, rect: grid.tile(t) };
                self.tile(&mut sum, (offsets, &setting), &face, &tile, rect, (texels, scratch));
            }
        }
        for (out, sum) in texels.iter_mut().zip(&scratch.corner_texels) {
            *out += sum.sum();
        }
        FaceGrad { pair: sum_grad(&sum), weights: scratch.weights.iter().map(|&w| w.sum()).collect() }
    }

    /// Walks the pixels of one face in one tile.
    #[inline(always)]
    fn tile<L: Real<Scalar = R>>(
        &self,
        sum: &mut PairGrad<L>,
        (offsets, setting): (Vec2<L>, &Setting<'_, L>),
        face: &Face<'_, L>,
        tile: &Tile,
        rect: &PixelRect,
        (texels, scratch): (&mut [R], &mut Scratch<L>),
    ) {
        let Self { parts, saved, cotangents, .. } = self;
        let layout: &Layout = &saved.layout;
        let blocks = Blocks::in_tile(L::LANES);
        let (state_size, own_size) = (layout.count() * L::LANES, cotangents.count() * L::LANES);
        let like = offsets.x;
        for n in Blocks::of::<L>(&tile.rect, &rect.intersect(&tile.rect)) {
            let block = tile.number * blocks + n;
            if !cotangents.active[block] {
                continue;
            }
            let first = Blocks::first_pixel::<L>(&tile.rect, n);
            let at = Blocks::centres(offsets, &saved.grid, first);
            let state = &saved.planes[block * state_size..(block + 1) * state_size];
            let own = &cotangents.planes[block * own_size..(block + 1) * own_size];
            let silhouette = (layout.silhouette > 0).then(|| SilhouetteGrad {
                state: load_state::<L, S::State<L>>(like, state),
                grad: like.load(own),
            });
            let color = (cotangents.sums > 0 || cotangents.fixed > 0).then(|| {
                for (s, (sum, grad)) in scratch.sums.iter_mut().zip(&mut scratch.grad_sums).enumerate() {
                    *sum = like.load(&state[(layout.sums_at() + s) * L::LANES..]);
                    *grad = like.load(&own[(1 + cotangents.fixed + s) * L::LANES..]);
                }
                ColorGrad {
                    pixel: ColorPixel {
                        state: load_state::<L, A::State<L>>(like, &state[layout.color_at() * L::LANES..]),
                        sums: &scratch.sums,
                        background: &scratch.background,
                    },
                    cotangent: ColorCotangent {
                        fixed: load_state(like, &own[L::LANES..]),
                        sums: &scratch.grad_sums,
                    },
                }
            });
            let mut sink = PairSink {
                color: &mut scratch.color,
                grad_color: &mut scratch.grad_color,
                texels: match self.texture {
                    Some(TextureKind::Vertex) => TexelSink::Corners(&mut scratch.corner_texels),
                    Some(TextureKind::Surface { .. }) => TexelSink::Surface(texels),
                    None => TexelSink::Nowhere,
                },
                weights: &mut scratch.weights,
            };
            let (silhouette, color) = (silhouette.as_ref(), color.as_ref());
            sum.add(&faults::backward(parts, setting, (face, at), silhouette, color, &mut sink));
        }
    }
}

/// A tile of the batch: its number and its pixels.
struct Tile {
    number: usize,
    rect: PixelRect,
}

/// Cuts the pixels of a big face into items: runs of tiles along its tile rows.
fn items_of(rect: &PixelRect) -> impl Iterator<Item = PixelRect> + use<> {
    let rect = *rect;
    let (tile, wide) = (TILE as u32, (TILE * ITEM_TILES) as u32);
    (rect.y.0 / tile..rect.y.1.div_ceil(tile)).flat_map(move |y| {
        (rect.x.0 / wide..rect.x.1.div_ceil(wide)).map(move |x| {
            rect.intersect(&PixelRect { x: (x * wide, (x + 1) * wide), y: (y * tile, (y + 1) * tile) })
        })
    })
}
