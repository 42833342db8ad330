//! Prepare: reverse what happened once a pixel, before the faces walk their pixels.

use core::marker::PhantomData;

use rayon::prelude::*;
use softras_core::math::{
    ColorAggregator, ColorPixel, ColorPixelGrad, DistanceMetric, DistributionFunction, Mask, Parts, Planes,
    Real, Scalar, SilhouetteAggregator,
};
use softras_core::raster::{Outputs, Saturation};

use crate::accumulate::{add, add_lanes_wide, add_weight_lanes, joined, weight_sink};
use crate::bins::TILE;
use crate::blocks::Blocks;
use crate::channels::{Any, Channels, Three};
use crate::faults;
use crate::lanes::{Kernel, Vector, has_kernel, with_weight_lanes};
use crate::row::Row;
use crate::state::{load_rows, load_state, store_state};
use crate::workspace::{Buffers, CpuSaved, Drawn};

/// The gradient of a loss with respect to the pictures, row-major.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PictureGrad<'a, R> {
    /// `[B, C, H, W]`.
    pub(crate) color: Option<&'a [R]>,
    /// `[B, H, W]`.
    pub(crate) silhouette: Option<&'a [R]>,
}

/// Which planes the gradient at a block of pixels has: that of alpha, the color aggregator's own, that of the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CotangentLayout {
    /// Whether there is a gradient of the silhouette, and of the color.
    pub(crate) silhouette: bool,
    pub(crate) color: bool,
    /// Planes of the color aggregator's own.
    fixed: usize,
    sums: usize,
}

impl CotangentLayout {
    pub(crate) fn new<R: Scalar, A: ColorAggregator>(grad: &PictureGrad<'_, R>, sums: usize) -> Self {
        let color = grad.color.is_some();
        Self {
            silhouette: grad.silhouette.is_some(),
            color,
            fixed: if color { A::Cotangent::<R>::COUNT } else { 0 },
            sums: if color { sums } else { 0 },
        }
    }
    /// The layout where there is a gradient of both.
    pub(crate) const fn whole(fixed: usize, sums: usize) -> Self {
        Self { silhouette: true, color: true, fixed, sums }
    }
    pub(crate) const fn fixed_at(&self) -> usize {
        if self.silhouette { 1 } else { 0 }
    }
    pub(crate) const fn sums_at(&self) -> usize {
        self.fixed_at() + self.fixed
    }
    pub(crate) const fn count(&self) -> usize {
        self.sums_at() + self.sums
    }
}

/// The most planes that faces read row by row.
pub(crate) const FREE_PLANES: usize = 16;

/// How many numbers, and words of active bits, a picture needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomSizes {
    pub(crate) planes: usize,
    pub(crate) rows: usize,
    active: usize,
    /// Sums of the gradient to the weights, one row a tile.
    pub(crate) weights: usize,
}

/// Where the pixels of some pictures are prepared.
pub(crate) struct Room<'a, R> {
    pub(crate) planes: &'a mut [R],
    pub(crate) rows: &'a mut [R],
    pub(crate) active: &'a mut [u32],
    pub(crate) weights: &'a mut [f64], // [pictures, tiles, weights]
}

impl<R> Room<'_, R> {
    /// Cuts after `count` pictures.
    pub(crate) fn cut(self, count: usize, sizes: RoomSizes) -> (Self, Self) {
        let (planes, later_planes) = self.planes.split_at_mut(count * sizes.planes);
        let (rows, later_rows) = self.rows.split_at_mut(count * sizes.rows);
        let (active, later_active) = self.active.split_at_mut(count * sizes.active);
        let (weights, later_weights) = self.weights.split_at_mut(count * sizes.weights);
        let later =
            Self { planes: later_planes, rows: later_rows, active: later_active, weights: later_weights };
        (Self { planes, rows, active, weights }, later)
    }
}

/// All that preparing needs beside the planes to fill.
pub(crate) struct Prepare<'a, R: Scalar, M, F, S, A> {
    pub(crate) parts: &'a Parts<M, F, S, A>,
    pub(crate) saved: &'a CpuSaved<R>,
    pub(crate) drawn: &'a Drawn<R>,
    pub(crate) grad: PictureGrad<'a, R>,
    pub(crate) layout: CotangentLayout,
    /// Whether the kernel for three channels fits.
    pub(crate) three: bool,
    /// How many weights have a gradient, 0 if it is not wanted.
    pub(crate) weights: usize,
}

impl<R, M, F, S, A> Prepare<'_, R, M, F, S, A>
where
    R: Vector,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    /// Words of active bits of a tile.
    pub(crate) const fn words(lanes: usize) -> usize {
        Blocks::in_tile(lanes) / lanes
    }

    /// Makes room for the pixels of `pictures` pictures.
    pub(crate) fn fit(&self, pictures: usize, buffers: &mut Buffers<R>) {
        let sizes = self.sizes();
        buffers.cotangents.resize(pictures * sizes.planes, R::ZERO);
        buffers.rows.resize(pictures * sizes.rows, R::ZERO);
        buffers.active.resize(pictures * sizes.active, 0);
        buffers.pixel_weights.resize(pictures * sizes.weights, 0.0);
        for totals in [&mut buffers.pixel_totals, &mut buffers.totals] {
            totals.resize_with(pictures, || Row::of(0.0, 0));
        }
    }

    /// The room that a picture needs.
    pub(crate) fn sizes(&self) -> RoomSizes {
        let tiles = self.saved.grid.tiles();
        RoomSizes {
            planes: tiles * self.layout.count() * TILE * TILE,
            rows: self.row_numbers(),
            active: tiles * Self::words(R::WIDTH),
            weights: tiles * self.weights,
        }
    }

    /// Reverses `finish` at every pixel of picture `b`; returns its sums (epsilon, background), and leaves those of the
    /// weights in the first row of the room's.
    pub(crate) fn picture(&self, b: usize, room: &mut Room<'_, R>) -> Row<f64> {
        let Room { planes, rows, active, weights } = room;
        let total = self.tiles(b, 0, planes, active, weights);
        if !rows.is_empty() {
            let across = Blocks::down(R::WIDTH) * self.row_size();
            let bands = self.saved.grid.down * TILE / Blocks::down(R::WIDTH);
            let (planes, active) = (&*planes, &*active);
            let work = rows.par_chunks_mut(across).with_min_len(bands.div_ceil(2));
            work.enumerate().for_each(|(band, rows)| self.spread(b, band, (planes, active), rows));
        }
        total
    }

    /// Planes of states and gradients, if faces read them row by row: where the picture is small and a block has
    /// several pixels.
    pub(crate) fn row_planes(&self) -> usize {
        let planes = self.saved.layout.count() + self.layout.count();
        let three = const { has_kernel::<M>() } && self.three;
        let close = three && R::WIDTH > 1 && self.saved.grid.is_small() && planes <= FREE_PLANES;
        if close { planes } else { 0 }
    }

    /// Numbers of a row of pixels, and of a picture, in all planes.
    fn row_size(&self) -> usize {
        self.row_planes() * self.saved.grid.across * TILE
    }
    pub(crate) fn row_numbers(&self) -> usize {
        self.row_size() * self.saved.grid.down * TILE
    }

    /// Writes a row of blocks of picture `b` row by row; blocks without a gradient get one of zero.
    fn spread(&self, b: usize, band: usize, (own, active): (&[R], &[u32]), rows: &mut [R]) {
        let (grid, lanes) = (&self.saved.grid, R::WIDTH);
        let (blocks, words) = (Blocks::in_tile(lanes), Self::words(lanes));
        let (kept, planes, width) = (self.saved.layout.count(), self.row_planes(), grid.across * TILE);
        let across = Blocks::across(lanes);
        let per_tile = TILE / Blocks::down(lanes);
        for x in 0..Blocks::row(lanes) * grid.across {
            let t = band / per_tile * grid.across + x / Blocks::row(lanes);
            let n = band % per_tile * Blocks::row(lanes) + x % Blocks::row(lanes);
            let moves = active[t * words + n / lanes] & (1 << (n % lanes)) != 0;
            let state = &self.saved.planes[((b * grid.tiles() + t) * blocks + n) * kept * lanes..];
            let own = &own[(t * blocks + n) * (planes - kept) * lanes..];
            for plane in 0..planes {
                let from =
                    if plane < kept { &state[plane * lanes..] } else { &own[(plane - kept) * lanes..] };
                for (row, pixels) in from[..lanes].chunks_exact(across).enumerate() {
                    let to = &mut rows[(row * planes + plane) * width + x * across..][..across];
                    if plane < kept || moves {
                        to.copy_from_slice(pixels);
                    } else {
                        to.fill(R::ZERO);
                    }
                }
            }
        }
    }

    /// Prepares the tiles of picture `b` from `first` on, as many as `active` has, in halves on two threads.
    fn tiles(
        &self,
        b: usize,
        first: usize,
        planes: &mut [R],
        active: &mut [u32],
        weights: &mut [f64],
    ) -> Row<f64> {
        let words = Self::words(R::WIDTH);
        let tiles = active.len() / words;
        if tiles > 1 {
            let half = tiles / 2;
            let (planes, rest) = planes.split_at_mut(half * self.layout.count() * TILE * TILE);
            let (active, rest_active) = active.split_at_mut(half * words);
            let (weights, rest_weights) = weights.split_at_mut(half * self.weights);
            let (a, b) = rayon::join(
                || self.tiles(b, first, planes, active, &mut *weights),
                || self.tiles(b, first + half, rest, rest_active, &mut *rest_weights),
            );
            add(&mut weights[..self.weights], &rest_weights[..self.weights]);
            return joined(a, &b);
        }
        with_weight_lanes(self.weights, |lanes| {
            let tile = TileWork { prepare: self, picture: b, tile: first, planes, active, lanes, weights };
            if const { has_kernel::<M>() } && self.three {
                R::dispatch(PrepareTile(tile, PhantomData::<Three>))
            } else {
                R::dispatch_few(PrepareTile(tile, PhantomData::<Any>))
            }
        })
    }
}

/// One tile to prepare.
struct TileWork<'a, R: Scalar, M, F, S, A> {
    prepare: &'a Prepare<'a, R, M, F, S, A>,
    picture: usize,
    tile: usize,
    planes: &'a mut [R],
    active: &'a mut [u32],
    /// Zeros for each weight in each lane, `[weights, LANES]`.
    lanes: &'a mut [R],
    /// The sums of the weights, `[weights]`, overwritten.
    weights: &'a mut [f64],
}

/// Reverses `finish` in one tile; returns its sums: epsilon, background.
struct PrepareTile<'a, R: Scalar, M, F, S, A, C>(TileWork<'a, R, M, F, S, A>, PhantomData<C>);

impl<R, M, F, S, A, C> Kernel<R> for PrepareTile<'_, R, M, F, S, A, C>
where
    R: Scalar,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
    C: Channels,
{
    type Output = Row<f64>;

    #[inline(always)]
    fn run<L: Real<Scalar = R>>(self, like: L) -> Row<f64> {
        let TileWork { prepare, picture: b, tile: t, planes, active, lanes, weights } = self.0;
        let Prepare { parts, saved, drawn, grad, layout, .. } = prepare;
        let Drawn { params, plan, .. } = drawn;
        let (grid, kept) = (&saved.grid, &saved.layout);
        let tile = grid.tile(t);
        let blocks = Blocks::in_tile(L::LANES);
        let setting = faults::setting(plan, b, params.get_weights()).splat(like);
        let channels = plan.channels;
        let skips =
            *params.get_saturation() == Saturation::Skip && *params.get_outputs() == Outputs::Silhouette;
        let mut background = C::values(like, channels);
        for (out, &c) in background.as_mut().iter_mut().zip(&plan.background[b * channels..]) {
            *out = like.splat(c);
        }
        let (mut sums, mut grad_sums) = (C::values(like, kept.sums), C::values(like, kept.sums));
        let (mut pixel_grad, mut grad_background) = (C::values(like, channels), C::values(like, channels));
        let mut grad_epsilon = like.zero();
        let (size, kept_size) = (layout.count() * L::LANES, kept.count() * L::LANES);
        let pixels = plan.pixels();
        let rows = Rows { width: plan.width, tile };
        for word in active.iter_mut() {
            *word = 0;
        }
        for n in 0..blocks {
            let shape = Blocks::size(L::LANES, &tile, n);
            if shape.0 * shape.1 == 0 {
                continue;
            }
            let own = &mut planes[n * size..(n + 1) * size];
            let state = &saved.planes[((b * grid.tiles() + t) * blocks + n) * kept_size..];
            let mut some = like.mask(false);
            if let Some(g) = grad.silhouette {
                let mut value = rows.read(like, &g[b * pixels..], n, shape);
                if skips {
                    let state: S::State<L> = load_state(like, state);
                    value = value.keep(!parts.silhouette.saturated(&state, like));
                }
                some = some | !value.same(like.zero());
                value.store(own);
            }
            if let Some(g) = grad.color {
                for (c, out) in pixel_grad.as_mut().iter_mut().enumerate() {
                    *out = rows.read(like, &g[(b * channels + c) * pixels..], n, shape);
                    some = some | !out.same(like.zero());
                }
            }
            if !some.any() {
                continue;
            }
            active[n / L::LANES] |= 1 << (n % L::LANES);
            if grad.color.is_none() {
                continue;
            }
            load_rows(like, sums.as_mut(), &state[kept.sums_at() * L::LANES..]);
            let pixel = ColorPixel {
                state: load_state::<L, A::State<L>>(like, &state[kept.color_at() * L::LANES..]),
                sums: sums.as_ref(),
                background: background.as_ref(),
            };
            let mut sink = ColorPixelGrad {
                sums: grad_sums.as_mut(),
                background: grad_background.as_mut(),
                weights: weight_sink(lanes),
            };
            let (cotangent, epsilon) =
                parts.color.pixel_vjp(&setting.color, &pixel, pixel_grad.as_ref(), &mut sink);
            grad_epsilon += epsilon;
            store_state(like, &cotangent, &mut own[layout.fixed_at() * L::LANES..]);
            for (s, sum) in grad_sums.as_ref().iter().enumerate() {
                sum.store(&mut own[(layout.sums_at() + s) * L::LANES..]);
            }
        }
        weights.fill(0.0);
        add_weight_lanes(like, weights, lanes);
        let mut total = Row::of(0.0, 1 + channels);
        add_lanes_wide(&mut total, &[grad_epsilon]);
        add_lanes_wide(&mut total[1..], grad_background.as_ref());
        total
    }
}

/// Reads blocks of a tile from the rows of a picture.
struct Rows {
    width: usize,
    tile: crate::setup::PixelRect,
}

impl Rows {
    /// Reads block `n`, of which the picture has `shape` columns and rows; zero beyond.
    #[inline(always)]
    fn read<L: Real>(&self, like: L, picture: &[L::Scalar], n: usize, (columns, rows): (usize, usize)) -> L {
        let (x, y) = Blocks::first(L::LANES, n);
        let (x, y) = (self.tile.x.0 as usize + x, self.tile.y.0 as usize + y);
        let across = Blocks::across(L::LANES);
        let mut table = [L::Scalar::ZERO; 16];
        for (row, out) in table.chunks_mut(across).enumerate().take(rows) {
            let start = (y + row) * self.width + x;
            if columns == across {
                out.copy_from_slice(&picture[start..start + across]);
            } else {
                out[..columns].copy_from_slice(&picture[start..start + columns]);
            }
        }
        faults::image_grad(like.load(&table))
    }
}
