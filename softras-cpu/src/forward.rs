//! Forward: a tile at a time, block by block, the faces of the tile's list over the pixels of a block.
//!
//! The faces of a tile are staged a few at a time; for each block those that may touch it are found sixteen at once, and
//! the block's states stay in registers while they pass.

use core::marker::PhantomData;

use ndarray::{ArrayViewMut2, Axis};
use softras_core::math::{
    ColorAggregator, ColorSlot, DistanceMetric, DistributionFunction, Face, Mask, Parts, Planes, Real,
    Scalar, Setting, SilhouetteAggregator, Vec2,
};
use softras_core::raster::{Outputs, Plan, RasterParams, Saturation};
use softras_core::scene::Faces;
use softras_core::{Image, Result};

use crate::bins::{self, Bins, Grid, TILE};
use crate::blocks::{Blocks, Places};
use crate::channels::{Any, Channels, Draws, Three, three};
use crate::faults::{self, Fault};
use crate::lanes::{Kernel, Vector, has_kernel};
use crate::region::Region;
use crate::setup::{PixelRect, setup};
use crate::staged::{CHUNK, Own, Staged};
use crate::state::BlockState;
use crate::two::{self, Halves, Twin};
use crate::workspace::{CpuSaved, Layout};

/// Draws all pictures of the batch into `image`, and keeps the state of every pixel in `saved`.
pub(crate) fn forward<R: Vector, M, F, S, A>(
    parts: &Parts<M, F, S, A>,
    faces: &Faces<R>,
    params: &RasterParams<R>,
    plan: &Plan<R>,
    image: &mut Image<R>,
    saved: &mut CpuSaved<R>,
) -> Result<()>
where
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    let grid = Grid::new(plan.width, plan.height);
    let layout = Layout {
        silhouette: if plan.draws_silhouette { S::State::<R>::COUNT } else { 0 },
        color: if plan.draws_color { A::State::<R>::COUNT } else { 0 },
        sums: if plan.draws_color { parts.color.sums(plan.channels) } else { 0 },
        channels: plan.channels,
        lanes: R::WIDTH,
    };
    let keeps = faults::keeps_old((&saved.rects, &saved.grid), (faces.count(), &grid));
    (saved.grid, saved.layout) = (grid, layout);
    saved.places.fit(&grid, R::WIDTH);
    if !keeps {
        setup(faces, params, plan, &mut saved.rects);
    }
    saved.bins.resize_with(plan.batch, Bins::default);
    saved.planes.resize(plan.batch * grid.tiles() * layout.count() * TILE * TILE, R::ZERO);
    faults::drawn(&saved.planes);

    if plan.batch == 0 {
        return Ok(());
    }
    let CpuSaved { rects, bins, planes, places, .. } = saved;
    let draw = Draw {
        parts,
        faces,
        params,
        plan,
        layout,
        grid,
        rects,
        places,
        three: three(faces, plan.channels),
        skips: *params.get_saturation() == Saturation::Skip && *params.get_outputs() == Outputs::Silhouette,
    };
    let pictures = faces.pictures();
    let budget = u128::from(*params.get_memory_budget());
    let of = |b: usize| &rects[pictures[b].faces.clone()];
    let run = |first: usize, region: Region<'_, R>, bins: &mut [Bins]| {
        let bands = region.bands.clone();
        let listed = bins::build(&grid, &bands, bins, |i| of(first + i));
        (draw.region(region, (first, bins)), listed)
    };
    // Every face in every tile often fits; only if not, the entries are counted.
    let most =
        (0..plan.batch).map(|b| of(b).len().saturating_mul(grid.tiles())).fold(0, usize::saturating_add);
    let entries = || (0..plan.batch).map(|b| bins::entries(of(b), &(0..grid.down))).sum();
    let fits = |entries: usize| bins::bytes(&grid, plan.batch, entries) <= budget;
    if fits(most) || fits(entries()) {
        (saved.pairs, saved.list_entries) = run(0, Region::whole(image, planes, &grid, plan.batch), bins);
        return Ok(());
    }
    // A picture at a time, and as many of its rows of tiles as fit.
    for b in 0..plan.batch {
        let mut region = Region::whole(image, planes, &grid, plan.batch).picture(b);
        while !region.bands.is_empty() {
            let rows = bins::fitting(&grid, of(b), region.bands.clone(), budget)?;
            let (now, later) = region.split_bands(rows);
            if faults::active(Fault::LosesTheLastTurn) && later.bands.is_empty() {
                break;
            }
            let (pairs, listed) = run(b, now, &mut bins[b..=b]);
            saved.pairs += pairs;
            saved.list_entries += listed;
            region = later;
        }
        bins[b] = Bins::default();
    }
    Ok(())
}

/// All that drawing needs beside the place to draw in.
struct Draw<'a, R: Scalar, M, F, S, A> {
    parts: &'a Parts<M, F, S, A>,
    faces: &'a Faces<R>,
    params: &'a RasterParams<R>,
    plan: &'a Plan<R>,
    layout: Layout,
    grid: Grid,
    rects: &'a [PixelRect],
    places: &'a Places<R>,
    /// Whether the kernel for three channels fits.
    three: bool,
    /// Whether opaque blocks may stop.
    skips: bool,
}

impl<R, M, F, S, A> Draw<'_, R, M, F, S, A>
where
    R: Vector,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
{
    /// Draws a region, in halves on two threads until one tile is left; returns how many pairs counted.
    ///
    /// `bins` are the lists of the pictures from the given one on.
    fn region(&self, region: Region<'_, R>, bins: (usize, &[Bins])) -> u64 {
        if region.is_tile() {
            return self.tile(region, bins);
        }
        let (a, b) = region.halves();
        let (a, b) = rayon::join(|| self.region(a, bins), || self.region(b, bins));
        a + b
    }

    fn tile(&self, region: Region<'_, R>, (first, bins): (usize, &[Bins])) -> u64 {
        let (b, t) = region.tile(&self.grid);
        let lanes = self.layout.lanes;
        let list = faults::list(bins[b - first].tile(faults::lister(t, &self.grid)), b, self.plan);
        let tile = Tile {
            draw: self,
            own: Own::new(self.faces, self.rects, self.params, self.plan, b, lanes),
            rect: self.grid.tile(t),
            place: (t % self.grid.across, t / self.grid.across),
            setting: faults::setting(self.plan, b, self.params.get_weights()),
            background: &self.plan.background[b * self.plan.channels..(b + 1) * self.plan.channels],
            list: &list,
            region,
        };
        if const { has_kernel::<M>() } && self.three {
            R::dispatch(DrawTile(tile, PhantomData::<Three>))
        } else {
            R::dispatch_few(DrawTile(tile, PhantomData::<Any>))
        }
    }
}

/// One tile of one picture, and all it needs.
struct Tile<'a, 'r, R: Scalar, M, F, S, A> {
    draw: &'a Draw<'a, R, M, F, S, A>,
    own: Own<'a, R>,
    rect: PixelRect,
    /// Its column and row among the tiles.
    place: (usize, usize),
    setting: Setting<'a, R>,
    background: &'a [R],
    /// The faces that can reach it.
    list: &'a [u32],
    region: Region<'r, R>,
}

/// Draws a tile; returns how many pairs counted.
struct DrawTile<'a, 'r, R: Scalar, M, F, S, A, C>(Tile<'a, 'r, R, M, F, S, A>, PhantomData<C>);

impl<R, M, F, S, A, C> Kernel<R> for DrawTile<'_, '_, R, M, F, S, A, C>
where
    R: Scalar,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
    C: Channels,
{
    type Output = u64;

    #[inline(always)]
    fn run<L: Real<Scalar = R>>(self, like: L) -> u64 {
        let Tile { draw, own, rect, place, setting, background, list, mut region } = self.0;
        let Draw { parts, plan, layout, places, .. } = draw;
        if faults::skips(list) {
            return 0;
        }
        let setting = faults::of_tile(&setting, list.len()).splat(like);
        let simple = C::setting(setting);
        let twice = two::setting(&simple);
        let draws = if plan.draws_color { Draws::Color } else { Draws::SilhouetteAlone };
        let block_size = layout.count() * L::LANES;
        let blocks = Blocks::in_tile(L::LANES);
        let mut scratch = C::values(like, layout.channels);
        let mut sums = C::values(like, layout.sums);
        let mut behind = C::values(like, layout.channels);
        for (out, &channel) in behind.as_mut().iter_mut().zip(background) {
            *out = like.splat(channel);
        }
        let mut staged = Staged::<R, CHUNK>::new();
        let mut pairs = 0;
        let mut locals = [0; CHUNK];
        // A tile without faces is a chunk without any: blocks begin in the first and are finished in the last.
        let chunks = list.len().div_ceil(CHUNK).max(1);
        for chunk in 0..chunks {
            let list = &list[chunk * CHUNK..list.len().min((chunk + 1) * CHUNK)];
            let (begins, ends) = (chunk == 0, chunk + 1 == chunks);
            locals[..list.len()].copy_from_slice(list);
            for (g, group) in list.chunks(L::LANES).enumerate() {
                staged.set_up(like, &own, &setting, g, group.iter().copied());
            }
            for n in 0..blocks {
                let size = Blocks::size(L::LANES, &rect, n);
                let planes = &mut region.planes[n * block_size..(n + 1) * block_size];
                let mut block = BlockState::<L, S, A>::identity(parts, like);
                if begins {
                    sums.as_mut().fill(like.zero());
                } else {
                    block.load(like, layout, sums.as_mut(), planes);
                }
                if size.0 * size.1 == 0 {
                    if begins {
                        block.store(like, layout, sums.as_ref(), planes);
                    }
                    continue;
                }
                let inside = valid_lanes::<L>(size);
                let at = places.centres(like, place, n);
                let spots = places.spot(like, place, n);
                // One loop over all that touch, not one a group: its end is a branch that is guessed wrong.
                let mut bits = staged.touching(like, list.len().div_ceil(L::LANES), &spots);
                if draw.skips && opaque(parts, like, &block.silhouette) {
                    bits = 0;
                }
                if bits == 0 && !begins && !ends {
                    continue;
                }
                // A macro, for a closure need not be compiled for the instruction set.
                macro_rules! face {
                    ($i:expr) => {
                        C::face(like, &own, &staged, $i, locals[$i % CHUNK] as usize, draws)
                    };
                }
                macro_rules! slot {
                    () => {
                        ColorSlot { state: &mut block.color, sums: sums.as_mut(), scratch: scratch.as_mut() }
                    };
                }
                macro_rules! count {
                    ($member:expr) => {
                        pairs += u64::from(faults::counted(L::bits($member), inside).count_ones())
                    };
                }
                let mut touching = Touching::new(bits);
                if const { C::IN_TWOS && L::LANES > 1 } {
                    // Two faces are measured together: neither waits for the other.
                    while let Some((i, j)) = touching.two() {
                        let (a, b) = (face!(i), face!(j));
                        let face = Face::join(&a, &b);
                        let touch = parts.touch(&twice, &face, Vec2::join(&at, &at));
                        count!(touch.member.0);
                        count!(touch.member.1);
                        if !touch.member.any() {
                            continue;
                        }
                        let (first, second) = touch.halves();
                        if plan.draws_silhouette {
                            parts.push_silhouette(&simple, &first, &mut block.silhouette);
                            parts.push_silhouette(&simple, &second, &mut block.silhouette);
                        }
                        if plan.draws_color && (a.texels.is_some() || b.texels.is_some()) {
                            let (shade, other) = twice.shade(&face.triangle, &touch).halves();
                            parts.push_shade(&simple, &a, &first, &shade, slot!());
                            parts.push_shade(&simple, &b, &second, &other, slot!());
                        }
                    }
                }
                let mut next = match touching.next() {
                    Some(i) => Some((i, parts.touch(&simple, &face!(i), at))),
                    None => None,
                };
                while let Some((i, touch)) = next {
                    next = match touching.next() {
                        Some(i) => Some((i, parts.touch(&simple, &face!(i), at))),
                        None => None,
                    };
                    count!(touch.member);
                    if !touch.member.any() {
                        continue;
                    }
                    if plan.draws_silhouette {
                        parts.push_silhouette(&simple, &touch, &mut block.silhouette);
                    }
                    if plan.draws_color {
                        parts.push_color(&simple, &face!(i), &touch, slot!());
                    }
                }
                if ends {
                    let first = Blocks::first(L::LANES, n);
                    if plan.draws_color {
                        let (state, out) = (&mut block.color, scratch.as_mut());
                        parts.color.finish(&setting.color, state, sums.as_mut(), behind.as_ref(), out);
                    }
                    if plan.draws_silhouette {
                        let (faces, shape) = (setting.faces, setting.t_conorm_shape);
                        let alpha = parts.silhouette.finish(&mut block.silhouette, faces, shape);
                        let out = region.silhouette.as_mut().map(|a| a.index_axis_mut(Axis(0), 0));
                        write_block(alpha, first, size, out);
                    }
                    if let Some(color) = &mut region.color {
                        let mut color = color.index_axis_mut(Axis(0), 0);
                        for (c, &value) in scratch.as_ref().iter().enumerate() {
                            write_block(value, first, size, Some(color.index_axis_mut(Axis(0), c)));
                        }
                    }
                }
                block.store(like, layout, sums.as_ref(), planes);
            }
        }
        pairs
    }
}

/// The places of the bits of a word, from the lowest on.
struct Touching(u64);

impl Touching {
    const fn new(bits: u64) -> Self {
        Self(bits)
    }

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let i = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(i)
    }

    /// Returns the next two, if there are two.
    #[inline(always)]
    fn two(&mut self) -> Option<(usize, usize)> {
        if self.0 & self.0.wrapping_sub(1) == 0 {
            return None;
        }
        Some((self.next()?, self.next()?))
    }
}

/// The lanes of a block whose pixels the picture has, given how many columns and rows of it there are.
#[inline(always)]
fn valid_lanes<L: Real>((columns, rows): (usize, usize)) -> u32 {
    let across = Blocks::across(L::LANES);
    (0..rows).fold(0, |bits, row| bits | ((1 << columns) - 1) << (row * across))
}

/// Tells whether no further face can move the alpha of any pixel of a block.
#[inline(always)]
fn opaque<L: Real, M, F, S: SilhouetteAggregator, A>(
    parts: &Parts<M, F, S, A>,
    like: L,
    state: &S::State<L>,
) -> bool {
    !(!parts.silhouette.saturated(state, like)).any()
}

/// Writes the lanes of a block to its rows of `out`.
#[inline(always)]
fn write_block<L: Real>(
    value: L,
    (x, y): (usize, usize),
    (columns, rows): (usize, usize),
    out: Option<ArrayViewMut2<'_, L::Scalar>>,
) {
    let Some(mut out) = out else { return };
    let mut table = [value.lane(0); 16];
    value.store(&mut table[..L::LANES]);
    let across = Blocks::across(L::LANES);
    for (row, values) in table.chunks(across).enumerate().take(rows) {
        let y = faults::row(y + row, out.nrows());
        if let Some(out) = out.row_mut(y).as_slice_mut() {
            let columns = faults::columns(columns, across);
            // A length that the compiler knows is a single store.
            if columns == across {
                faults::write(&mut out[x..x + across], values);
            } else {
                faults::write(&mut out[x..x + columns], &values[..columns]);
            }
        }
    }
}
