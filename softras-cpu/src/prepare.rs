//! Prepare: reverse what happened once a pixel, before the faces walk their pixels.

use rayon::prelude::*;
use softras_core::ImageGrad;
use softras_core::math::{
    ColorAggregator, ColorPixel, ColorPixelGrad, DistanceMetric, DistributionFunction, Mask, Parts, Planes,
    Real, Scalar, SilhouetteAggregator,
};
use softras_core::raster::Gradients;

use crate::accumulate::sum_wide;
use crate::bins::TILE;
use crate::faults::{self, Fault};
use crate::forward::{load_state, store_state};
use crate::lanes::{Kernel, Vector, run};
use crate::workspace::{Blocks, CpuSaved, Drawn};

/// The gradient at every pixel, in the blocks of [`CpuSaved::planes`].
pub(crate) struct Cotangents<R> {
    /// Planes a block: alpha, the aggregator's own, the sums.
    pub(crate) fixed: usize,
    pub(crate) sums: usize,
    pub(crate) planes: Vec<R>,
    /// Where a block has any gradient at all, `[B, tiles, blocks]`.
    pub(crate) active: Vec<bool>,
}

impl<R> Cotangents<R> {
    pub(crate) fn count(&self) -> usize {
        1 + self.fixed + self.sums
    }
}

/// Reverses `finish` at every pixel; adds the gradients to background, epsilon and the aggregator's weights.
pub(crate) fn prepare<R: Vector, M, F, S, A>(
    parts: &Parts<M, F, S, A>,
    saved: &CpuSaved<R>,
    drawn: &Drawn<R>,
    grad: &ImageGrad<R>,
    gradients: &mut Gradients<R>,
) -> Cotangents<R>
where
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    let plan = &drawn.plan;
    let (grid, layout) = (&saved.grid, &saved.layout);
    let mut out = Cotangents {
        fixed: if grad.color.is_some() { A::Cotangent::<R>::COUNT } else { 0 },
        sums: if grad.color.is_some() { layout.sums } else { 0 },
        planes: Vec::new(),
        active: Vec::new(),
    };
    let tile_size = out.count() * TILE * TILE;
    let blocks = Blocks::in_tile(layout.lanes);
    out.planes.resize(plan.batch * grid.tiles() * tile_size, R::ZERO);
    out.active.resize(plan.batch * grid.tiles() * blocks, false);

    let channels = plan.channels;
    let out_ref = (out.fixed, out.count());
    let partials: Vec<Vec<R>> = out
        .planes
        .par_chunks_mut(tile_size)
        .zip(out.active.par_chunks_mut(blocks))
        .enumerate()
        .map(|(i, (planes, active))| {
            run!(R, M, PrepareTile { parts, saved, drawn, grad, number: i, layout: out_ref, planes, active })
        })
        .collect();

    for (b, tiles) in partials.chunks(grid.tiles().max(1)).enumerate() {
        let b = faults::picture(b, plan.batch);
        let total = |i: usize| sum_wide(tiles.iter().map(|partial| partial[i]));
        if let Some(g) = &mut gradients.background {
            for c in 0..channels {
                g[[b, c]] = total(c);
            }
        }
        if let Some(g) = &mut gradients.epsilon {
            g[b] = total(channels);
        }
        if let Some(g) = &mut gradients.weights {
            for (w, out) in g.iter_mut().enumerate() {
                *out += total(channels + 1 + w);
            }
        }
    }
    out
}

/// Reverses `finish` in one tile; returns its partial sums: background, epsilon, weights.
struct PrepareTile<'a, R: Scalar, M, F, S, A> {
    parts: &'a Parts<M, F, S, A>,
    saved: &'a CpuSaved<R>,
    drawn: &'a Drawn<R>,
    grad: &'a ImageGrad<R>,
    /// The tile, counted over the batch.
    number: usize,
    /// Planes of the aggregator's own cotangent, and of all of a block's.
    layout: (usize, usize),
    planes: &'a mut [R],
    active: &'a mut [bool],
}

impl<R, M, F, S, A> Kernel<R> for PrepareTile<'_, R, M, F, S, A>
where
    R: Scalar,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    type Output = Vec<R>;

    #[inline(always)]
    fn run<L: Real<Scalar = R>>(self, like: L) -> Vec<R> {
        let Self { parts, saved, drawn, grad, number, layout: (fixed, count), planes, active } = self;
        let Drawn { params, plan, .. } = drawn;
        let (grid, layout) = (&saved.grid, &saved.layout);
        let (b, t) = (number / grid.tiles(), number % grid.tiles());
        let tile = grid.tile(t);
        let weights = params.get_weights();
        let setting = faults::setting(plan, b, weights).splat(like);
        let channels = plan.channels;
        let own = &plan.background[b * channels..(b + 1) * channels];
        let background: Vec<L> = own.iter().map(|&c| like.splat(c)).collect();
        let zeros = |n: usize| vec![like.zero(); n];
        let (mut sums, mut grad_sums) = (zeros(layout.sums), zeros(layout.sums));
        let (mut pixel_grad, mut grad_background) = (zeros(channels), zeros(channels));
        let mut grad_weights = zeros(weights.len());
        let mut grad_epsilon = like.zero();
        let state_size = layout.count() * L::LANES;
        let blocks = Blocks::in_tile(L::LANES);
        for n in 0..blocks {
            let first = Blocks::first_pixel::<L>(&tile, n);
            if first.0 >= grid.width || first.1 >= grid.height {
                continue;
            }
            let own = &mut planes[n * count * L::LANES..(n + 1) * count * L::LANES];
            let mut some = false;
            // Pixels beyond the border have no gradient.
            let mut read = |at: &dyn Fn(usize, usize) -> R| {
                let value = like.per_lane(|i| match Blocks::pixel::<L>(grid, first, i) {
                    Some((x, y)) => faults::image_grad(at(x, y)),
                    None => R::ZERO,
                });
                some |= (!value.same(like.zero())).any();
                value
            };
            if let Some(g) = &grad.silhouette {
                read(&|x, y| g[[b, y, x]]).store(own);
            } else if faults::active(Fault::InventsImageGradients) && layout.silhouette > 0 {
                like.one().store(own);
            }
            if let Some(g) = &grad.color {
                for (c, out) in pixel_grad.iter_mut().enumerate() {
                    *out = read(&|x, y| g[[b, c, y, x]]);
                }
            }
            active[n] = some;
            if !some || grad.color.is_none() {
                continue;
            }
            let state = &saved.planes[(number * blocks + n) * state_size..];
            for (s, sum) in sums.iter_mut().enumerate() {
                *sum = like.load(&state[(layout.sums_at() + s) * L::LANES..]);
            }
            let pixel = ColorPixel {
                state: load_state::<L, A::State<L>>(like, &state[layout.color_at() * L::LANES..]),
                sums: &sums,
                background: &background,
            };
            let mut sink = ColorPixelGrad {
                sums: &mut grad_sums,
                background: &mut grad_background,
                weights: &mut grad_weights,
            };
            let (cotangent, epsilon) = parts.color.pixel_vjp(&setting.color, &pixel, &pixel_grad, &mut sink);
            grad_epsilon += epsilon;
            store_state(like, &cotangent, &mut own[L::LANES..]);
            for (s, sum) in grad_sums.iter().enumerate() {
                sum.store(&mut own[(1 + fixed + s) * L::LANES..]);
            }
        }
        let mut partial: Vec<R> = grad_background.into_iter().map(Real::sum).collect();
        partial.push(grad_epsilon.sum());
        partial.extend(grad_weights.into_iter().map(Real::sum));
        partial
    }
}
