//! Forward: a tile at a time, stream the faces of its list over its pixels.

use std::sync::Arc;

use rayon::prelude::*;
use softras_core::Image;
use softras_core::math::{
    ColorAggregator, ColorSlot, DistanceMetric, DistributionFunction, Face, Mask, Parts, Planes, Real,
    Scalar, Setting, SilhouetteAggregator,
};
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;

use crate::bins::{self, Grid, TILE};
use crate::faults;
use crate::lanes::{Kernel, Vector, run};
use crate::setup::{PixelRect, Record, setup};
use crate::workspace::{Blocks, CpuSaved, Layout};

/// Draws all pictures of the batch into `image`, and keeps the state of every pixel in `saved`.
pub(crate) fn forward<R: Vector, M, F, S, A>(
    parts: &Parts<M, F, S, A>,
    faces: &Arc<Faces<R>>,
    params: &RasterParams<R>,
    plan: &Plan<R>,
    image: &mut Image<R>,
    saved: &mut CpuSaved<R>,
) where
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    let grid = Grid::new(plan.width, plan.height);
    if !faults::keeps_old((&saved.records, &saved.grid), (faces.count(), &grid)) {
        setup(faces, params, plan, &mut saved.records);
    }
    bins::build(&grid, faces.pictures(), &saved.records, &mut saved.bins);
    let layout = Layout {
        silhouette: if plan.draws_silhouette { S::State::<R>::COUNT } else { 0 },
        color: if plan.draws_color { A::State::<R>::COUNT } else { 0 },
        sums: if plan.draws_color { parts.color.sums(plan.channels) } else { 0 },
        channels: plan.channels,
        lanes: R::WIDTH,
    };
    (saved.grid, saved.layout) = (grid, layout);
    let tile_size = layout.count() * TILE * TILE;
    saved.planes.clear();
    saved.planes.resize(plan.batch * grid.tiles() * tile_size, R::ZERO);
    faults::drawn(&saved.planes);

    let (records, bins) = (&saved.records, &saved.bins);
    saved.pairs = saved
        .planes
        .par_chunks_mut(tile_size)
        .enumerate()
        .map(|(i, planes)| {
            let (b, t) = (i / grid.tiles(), i % grid.tiles());
            let picture = &faces.pictures()[b];
            let tile = Tile {
                parts,
                plan,
                layout,
                grid,
                rect: grid.tile(t),
                setting: faults::setting(plan, b, params.get_weights()),
                background: &plan.background[b * plan.channels..(b + 1) * plan.channels],
            };
            let own = Own { faces, records: &records[picture.faces.clone()], first: picture.first_texture };
            let list = faults::list(bins[b].tile(t), b, plan);
            run!(R, M, DrawTile { tile, own, list: &list, planes })
        })
        .sum();
    write_image(plan, &grid, &layout, &saved.planes, image);
}

/// One tile of one picture, and all it needs.
struct Tile<'a, R: Scalar, M, F, S, A> {
    parts: &'a Parts<M, F, S, A>,
    plan: &'a Plan<R>,
    layout: Layout,
    grid: Grid,
    rect: PixelRect,
    setting: Setting<'a, R>,
    background: &'a [R],
}

/// The faces of one picture.
struct Own<'a, R: Scalar> {
    faces: &'a Faces<R>,
    records: &'a [Record<R>],
    /// The texture row of the first.
    first: usize,
}

/// Draws the faces of `list` into `planes`, the blocks of a tile; returns how many pairs counted.
struct DrawTile<'a, R: Scalar, M, F, S, A> {
    tile: Tile<'a, R, M, F, S, A>,
    own: Own<'a, R>,
    list: &'a [u32],
    planes: &'a mut [R],
}

impl<R, M, F, S, A> Kernel<R> for DrawTile<'_, R, M, F, S, A>
where
    R: Scalar,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    type Output = u64;

    #[inline(always)]
    fn run<L: Real<Scalar = R>>(self, like: L) -> u64 {
        let Self { tile, own, list, planes } = self;
        let Tile { parts, plan, layout, grid, rect, .. } = &tile;
        if faults::skips(list) {
            return 0;
        }
        let setting = faults::of_tile(&tile.setting, list.len()).splat(like);
        let block_size = layout.count() * L::LANES;
        let mut scratch = vec![like.zero(); layout.channels];
        let mut sums = vec![like.zero(); layout.sums];
        let mut pairs = 0;

        let mut block = BlockState::<L, S, A>::identity(parts, like);
        for planes in planes.chunks_exact_mut(block_size) {
            block.store(like, layout, &sums, planes);
        }
        let offsets = Blocks::offsets(like);
        for &local in list {
            let local = local as usize;
            let record = &own.records[local];
            let face = Face {
                triangle: record.triangle.splat(like),
                bounds: record.bounds.splat(like),
                number: like.splat(R::from_f64(local as f64)),
                texels: if plan.draws_color { faults::texels(own.faces, own.first, local) } else { None },
            };
            for n in Blocks::of::<L>(rect, &record.rect.intersect(rect)) {
                let first = Blocks::first_pixel::<L>(rect, n);
                let at = Blocks::centres(offsets, grid, first);
                let planes = &mut planes[n * block_size..(n + 1) * block_size];
                block.load(like, layout, &mut sums, planes);
                let silhouette = plan.draws_silhouette.then_some(&mut block.silhouette);
                let color = plan.draws_color.then_some(ColorSlot {
                    state: &mut block.color,
                    sums: &mut sums,
                    scratch: &mut scratch,
                });
                let member = parts.forward(&setting, &face, at, silhouette, color);
                if member.any() {
                    block.store(like, layout, &sums, planes);
                    pairs += faults::counted::<L>(member, Blocks::valid(like, grid, first));
                }
            }
        }
        let background: Vec<L> = tile.background.iter().map(|&c| like.splat(c)).collect();
        for planes in planes.chunks_exact_mut(block_size) {
            block.load(like, layout, &mut sums, planes);
            let mut drawn = layout.drawn_at() * L::LANES;
            if plan.draws_color {
                parts.color.finish(&setting.color, &mut block.color, &mut sums, &background, &mut scratch);
                for &channel in &scratch {
                    channel.store(&mut planes[drawn..]);
                    drawn += L::LANES;
                }
            }
            if plan.draws_silhouette {
                let (faces, shape) = (setting.faces, setting.t_conorm_shape);
                parts.silhouette.finish(&mut block.silhouette, faces, shape).store(&mut planes[drawn..]);
            }
            block.store(like, layout, &sums, planes);
        }
        pairs
    }
}

/// The aggregators' states of one block of pixels.
struct BlockState<L: Real, S: SilhouetteAggregator, A: ColorAggregator> {
    silhouette: S::State<L>,
    color: A::State<L>,
}

impl<L: Real, S: SilhouetteAggregator, A: ColorAggregator> BlockState<L, S, A> {
    fn identity<M, F>(parts: &Parts<M, F, S, A>, like: L) -> Self {
        Self { silhouette: parts.silhouette.identity(like), color: parts.color.identity(like) }
    }

    #[inline(always)]
    fn load(&mut self, like: L, layout: &Layout, sums: &mut [L], planes: &[L::Scalar]) {
        if layout.silhouette > 0 {
            self.silhouette = load_state(like, planes);
        }
        if layout.color > 0 {
            self.color = load_state(like, &planes[layout.color_at() * L::LANES..]);
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = like.load(&planes[(layout.sums_at() + i) * L::LANES..]);
            }
        }
    }

    #[inline(always)]
    fn store(&self, like: L, layout: &Layout, sums: &[L], planes: &mut [L::Scalar]) {
        if layout.silhouette > 0 {
            store_state(like, &self.silhouette, planes);
        }
        if layout.color > 0 {
            store_state(like, &self.color, &mut planes[layout.color_at() * L::LANES..]);
            for (i, sum) in sums.iter().enumerate() {
                sum.store(&mut planes[(layout.sums_at() + i) * L::LANES..]);
            }
        }
    }
}

/// The most planes of a state.
const MAX_PLANES: usize = 8;

/// Reads a state from its planes.
#[inline(always)]
pub(crate) fn load_state<L: Real, T: Planes<L>>(like: L, planes: &[L::Scalar]) -> T {
    let mut numbers = [like; MAX_PLANES];
    for (i, number) in numbers.iter_mut().enumerate().take(T::COUNT) {
        *number = like.load(&planes[i * L::LANES..]);
    }
    T::load(&numbers)
}

/// Writes a state to its planes.
#[inline(always)]
pub(crate) fn store_state<L: Real, T: Planes<L>>(like: L, state: &T, planes: &mut [L::Scalar]) {
    let mut numbers = [like; MAX_PLANES];
    state.store(&mut numbers);
    for (i, number) in numbers.iter().enumerate().take(T::COUNT) {
        number.store(&mut planes[i * L::LANES..]);
    }
}

/// Copies what was drawn from blocks to rows.
fn write_image<R: Scalar>(plan: &Plan<R>, grid: &Grid, layout: &Layout, planes: &[R], image: &mut Image<R>) {
    let channels = layout.channels;
    let lanes = layout.lanes;
    let (across, down) = (Blocks::across(lanes), Blocks::down(lanes));
    let tile_size = layout.count() * TILE * TILE;
    let copy_row = |row: &mut [R], b: usize, y: usize, plane: usize| {
        let y = faults::row(y, plan.height);
        let first_tile = b * grid.tiles() + y / TILE * grid.across;
        for (x, out) in row.iter_mut().enumerate().take(faults::columns(plan.width)) {
            let tile = (first_tile + x / TILE) * tile_size;
            let block = (y % TILE / down) * Blocks::row(lanes) + x % TILE / across;
            let lane = (y % down) * across + x % across;
            *out = faults::written(*out, planes[tile + (block * layout.count() + plane) * lanes + lane]);
        }
    };
    if let Some(color) = image.color.as_mut().and_then(|a| a.as_slice_mut()) {
        color.par_chunks_mut(plan.width).enumerate().for_each(|(i, row)| {
            let (bc, y) = (i / plan.height, i % plan.height);
            copy_row(row, bc / channels, y, layout.drawn_at() + bc % channels);
        });
    }
    if let Some(alpha) = image.silhouette.as_mut().and_then(|a| a.as_slice_mut()) {
        alpha.par_chunks_mut(plan.width).enumerate().for_each(|(i, row)| {
            copy_row(row, i / plan.height, i % plan.height, layout.drawn_at() + channels);
        });
    }
}
