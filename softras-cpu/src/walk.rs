//! Walk: faces over the pixels they touch, a lane a pixel.

use core::marker::PhantomData;
use core::ops::Range;

use softras_core::math::{
    ColorAggregator, ColorCotangent, ColorGrad, ColorPixel, DistanceMetric, DistributionFunction, Face,
    PairGrad, PairSink, Planes, Real, Scalar, Setting, SilhouetteAggregator, SilhouetteGrad, TexelSink,
    TextureKind, Vec2, WeightSink,
};

use crate::accumulate::{add_lanes, add_lanes_wide, add_weight_lanes, weight_sink, write_sums};
use crate::backward::Walk;
use crate::bins::TILE;
use crate::blocks::Blocks;
use crate::channels::{Channels, Draws, Three};
use crate::faults;
use crate::items::BIG_PIXELS;
use crate::lanes::{Kernel, Vector};
use crate::prepare::CotangentLayout;
use crate::row::Row;
use crate::setup::PixelRect;
use crate::staged::{Outline, Own, Staged};
use crate::state::{InRows, InTile, ReadPlanes, read_rows, read_state};
use crate::workspace::Layout;

/// The gradient at every pixel of a picture, as `prepare` left it.
pub(crate) struct Pixels<'a, R> {
    pub(crate) planes: &'a [R],
    pub(crate) rows: Rows<'a, R>,
    pub(crate) active: &'a [u32],
    pub(crate) layout: CotangentLayout,
}

/// States and gradients of a small picture, row by row.
pub(crate) struct Rows<'a, R> {
    pub(crate) numbers: &'a [R], // [H, planes, W]
    /// How many planes; none if the picture is not small.
    pub(crate) planes: usize,
}

/// What is known of a walk when its kernel is built.
pub(crate) trait Begin {
    /// Whether small faces have blocks of their own, which begin anywhere; for pictures that have [`Rows`]. Large pictures
    /// are faster without the choice.
    const ANYWHERE: bool;
    /// Whether everything is gone back over: silhouette, color and the texels at the corners. Where a block's numbers are
    /// is then known, and nothing about them is asked at every block.
    const WHOLE: bool;
}

/// Blocks lie in tiles.
pub(crate) struct InTiles<const WHOLE: bool>;

/// Those of small faces begin anywhere.
pub(crate) struct Anywhere<const WHOLE: bool>;

impl<const WHOLE: bool> Begin for InTiles<WHOLE> {
    const ANYWHERE: bool = false;
    const WHOLE: bool = WHOLE;
}

impl<const WHOLE: bool> Begin for Anywhere<WHOLE> {
    const ANYWHERE: bool = true;
    const WHOLE: bool = WHOLE;
}

/// The most faces staged at once: a lane each.
const GROUP: usize = 16;

/// The sums over the faces of a picture: sigma, gamma, the shapes of distribution and t-conorm.
const PICTURE_SUMS: usize = 4;

/// Walks at most a run of faces of one picture; returns their sums.
pub(crate) struct WalkFaces<'a, 'w, R: Vector, M, F, S, A, C, B> {
    pub(crate) walk: &'a Walk<'w, R, M, F, S, A>,
    pub(crate) own: Own<'a, R>,
    pub(crate) picture: usize,
    pub(crate) locals: Range<usize>,
    /// Walk these pixels alone. Without it big faces are left out.
    pub(crate) only: Option<PixelRect>,
    /// Gradients to the corners, `[locals, 9]`, or empty.
    pub(crate) corners: &'a mut [R],
    /// Gradients to the texels, `[locals, texture_size]`, added to.
    pub(crate) texels: &'a mut [R],
    /// Zeros for each weight in each lane, `[weights, LANES]`, or empty.
    pub(crate) lanes: &'a mut [R],
    /// The sums of the weights, `[weights]`, overwritten.
    pub(crate) weights: &'a mut [f64],
    pub(crate) kind: PhantomData<(C, B)>,
}

/// What a face adds up on its way, a lane a pixel.
struct Sums<'a, L: Real, C: Channels> {
    pair: PairGrad<L>,
    /// Gradient to the texels at the corners, `[3, C]`.
    corner_texels: C::Corners<L>,
    /// Gradient to the weights, `[weights, LANES]`.
    weights: &'a mut [L::Scalar],
}

impl<L: Real, C: Channels> Sums<'_, L, C> {
    /// Begins anew, for the next face.
    #[inline(always)]
    fn reset(&mut self, like: L) {
        self.pair = PairGrad::zero(like);
        self.corner_texels.as_mut().fill(like.zero());
        self.weights.fill(L::Scalar::ZERO);
    }
}

/// Room for what is overwritten at every block.
struct Scratch<L: Real, C: Channels> {
    color: C::Values<L>,
    grad_color: C::Values<L>,
    sums: C::Values<L>,
    grad_sums: C::Values<L>,
    background: C::Values<L>,
}

/// One face on its walk.
struct Walker<'a, L: Real> {
    face: Face<'a, L>,
    outline: Outline<L>,
    setting: Setting<'a, L>,
    rect: PixelRect,
    picture: usize,
}

impl<R, M, F, S, A, C, B> Kernel<R> for WalkFaces<'_, '_, R, M, F, S, A, C, B>
where
    R: Vector,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
    C: Channels,
    B: Begin,
{
    type Output = Row<f64>;

    #[inline(always)]
    fn run<L: Real<Scalar = R>>(self, like: L) -> Row<f64> {
        let Self { walk, own, picture, locals, only, corners, texels, lanes, weights, .. } = self;
        let plan = &walk.drawn.plan;
        let channels = plan.channels;
        let setting = faults::setting(plan, picture, walk.drawn.params.get_weights()).splat(like);
        let draws = if B::WHOLE || walk.pixels.layout.color { Draws::Color } else { Draws::SilhouetteAlone };
        let mut scratch = Scratch::<L, C> {
            color: C::values(like, channels),
            grad_color: C::values(like, channels),
            sums: C::values(like, walk.saved.layout.sums),
            grad_sums: C::values(like, walk.saved.layout.sums),
            background: C::values(like, channels),
        };
        for (out, &c) in scratch.background.as_mut().iter_mut().zip(&plan.background[picture * channels..]) {
            *out = like.splat(c);
        }
        let mut totals = Row::of(0.0, PICTURE_SUMS);
        weights.fill(0.0);
        let mut sums = Sums::<L, C> {
            pair: PairGrad::zero(like),
            corner_texels: C::corners(like, channels),
            weights: lanes,
        };
        let mut staged = Staged::<R, GROUP>::new();
        let size = walk.texture_size;
        let rect_of = |local: usize| match only {
            Some(rect) => rect,
            None => {
                let rect = own.rects[own.picture.faces.start + local];
                if rect.area() > BIG_PIXELS { PixelRect::default() } else { rect }
            }
        };
        for group in locals.clone().step_by(L::LANES) {
            let end = locals.end.min(group + L::LANES);
            if (group..end).all(|local| rect_of(local).is_empty()) {
                continue;
            }
            staged.set_up(like, &own, &setting, 0, (group..end).map(|local| local as u32));
            for local in group..end {
                let rect = rect_of(local);
                if rect.is_empty() {
                    continue;
                }
                let i = local - group;
                let walker = Walker {
                    face: C::face(like, &own, &staged, i, local, draws),
                    outline: staged.outline(like, i, &rect),
                    setting: C::setting(setting),
                    rect,
                    picture,
                };
                let at = local - locals.start;
                let texels = &mut texels[at * size..][..size];
                sums.reset(like);
                walk.face::<L, C, B>(like, &walker, &mut sums, texels, &mut scratch);
                let PairGrad { corners: own_corners, sigma, gamma, distribution, t_conorm } = sums.pair;
                if let Some(out) = corners.get_mut(at * 9..(at + 1) * 9) {
                    write_sums(out, own_corners.as_flattened());
                }
                if walk.texture == Some(TextureKind::Vertex) {
                    add_lanes(texels, sums.corner_texels.as_ref());
                }
                add_lanes_wide(&mut totals, &[sigma, gamma]);
                if F::SHAPED || S::SHAPED {
                    add_lanes_wide(&mut totals[2..], &[distribution, t_conorm]);
                }
                add_weight_lanes(like, weights, sums.weights);
            }
        }
        totals
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
    /// Walks one face over its pixels, tile by tile.
    #[inline(always)]
    fn face<L: Real<Scalar = R>, C: Channels, B: Begin>(
        &self,
        like: L,
        walker: &Walker<'_, L>,
        sums: &mut Sums<'_, L, C>,
        texels: &mut [R],
        scratch: &mut Scratch<L, C>,
    ) {
        let rect = &walker.rect;
        let grid = &self.saved.grid;
        let tile = TILE as u32;
        let blocks = Blocks::in_tile(L::LANES);
        let free = if B::ANYWHERE { self.free_corner::<L>(rect) } else { None };
        // A face with blocks of its own has at most a word of them.
        let (columns, rows, words) = match free {
            Some(_) => (0..1, 0..1, 1),
            None => (
                rect.x.0 / tile..rect.x.1.div_ceil(tile),
                rect.y.0 / tile..rect.y.1.div_ceil(tile),
                blocks / L::LANES,
            ),
        };
        for ty in rows {
            for tx in columns.clone() {
                let place = (tx as usize, ty as usize);
                let t = place.1 * grid.across + place.0;
                let kept = walker.picture * grid.tiles() + t;
                for word in 0..words {
                    let mut bits = match free {
                        Some(corner) => {
                            let spots = self.saved.places.free_spots(like, corner);
                            L::bits(walker.outline.may_touch(&spots))
                        }
                        None => {
                            let active = self.pixels.active[t * words + word];
                            let spots = self.saved.places.spots(like, place, word * L::LANES);
                            active & L::bits(walker.outline.may_touch(&spots))
                        }
                    };
                    while bits != 0 {
                        let n = word * L::LANES + bits.trailing_zeros() as usize;
                        bits &= bits - 1;
                        let corner = match free {
                            Some((x, y)) => {
                                let across = Blocks::across(L::LANES);
                                (x + n % across * across, y + n / across * Blocks::down(L::LANES))
                            }
                            None => {
                                let (x, y) = Blocks::first(L::LANES, n);
                                (place.0 * TILE + x, place.1 * TILE + y)
                            }
                        };
                        let at = BlockAt { place, n, kept: kept * blocks + n, own: t * blocks + n, corner };
                        self.block::<L, C, B>(like, walker, &at, sums, texels, scratch);
                    }
                }
            }
        }
    }

    /// Returns where the blocks of a small face of a small picture begin: at its own corner, for it then has fewer of
    /// them than of those that lie in tiles. `None` for other faces.
    #[inline(always)]
    fn free_corner<L: Real>(&self, rect: &PixelRect) -> Option<(usize, usize)> {
        let blocks = Blocks::across(L::LANES);
        let place = |(start, end): (u32, u32), tiles: usize, side: usize| {
            let (start, size) = (start as usize, ((end - start) as usize).next_multiple_of(side));
            (size <= blocks * side).then(|| start.min(tiles * TILE - size))
        };
        let x = place(rect.x, self.saved.grid.across, blocks)?;
        Some((x, place(rect.y, self.saved.grid.down, Blocks::down(L::LANES))?))
    }

    /// Adds what one block of pixels gives to a face.
    #[inline(always)]
    fn block<L: Real<Scalar = R>, C: Channels, B: Begin>(
        &self,
        like: L,
        walker: &Walker<'_, L>,
        block: &BlockAt,
        sums: &mut Sums<'_, L, C>,
        texels: &mut [R],
        scratch: &mut Scratch<L, C>,
    ) {
        let (kept, own) = self.layouts::<L, C, B>();
        let (kept, own_count) = (kept.count(), own.count());
        if const { B::ANYWHERE } {
            let (x, y) = block.corner;
            let (numbers, planes) = (self.pixels.rows.numbers, kept + own_count);
            let width = self.saved.grid.across * TILE;
            let first = y * planes * width + x;
            let row = planes * width;
            let state = InRows { like, from: &numbers[first..], width, row };
            let own = InRows { like, from: &numbers[first + kept * width..], width, row };
            let at = self.saved.places.free_centres(like, block.corner);
            self.pair::<L, C, B, _>(walker, at, (&state, &own), sums, texels, scratch);
        } else {
            let (state_size, own_size) = (kept * L::LANES, own_count * L::LANES);
            let state = &self.saved.planes[block.kept * state_size..][..state_size];
            let own = &self.pixels.planes[block.own * own_size..][..own_size];
            let at = self.saved.places.centres(like, block.place, block.n);
            let planes = (&InTile(like, state), &InTile(like, own));
            self.pair::<L, C, B, _>(walker, at, planes, sums, texels, scratch);
        }
    }

    /// Which planes a block has: of states, and of gradients.
    #[inline(always)]
    fn layouts<L: Real<Scalar = R>, C: Channels, B: Begin>(&self) -> (Layout, CotangentLayout) {
        if const { B::WHOLE } { Self::whole::<L, C>() } else { (self.saved.layout, self.pixels.layout) }
    }

    /// The same where everything is gone back over.
    #[inline(always)]
    const fn whole<L: Real<Scalar = R>, C: Channels>() -> (Layout, CotangentLayout) {
        let kept = Layout {
            silhouette: S::State::<L>::COUNT,
            color: A::State::<L>::COUNT,
            sums: C::SUMS,
            channels: C::SUMS,
            lanes: L::LANES,
        };
        (kept, CotangentLayout::whole(A::Cotangent::<L>::COUNT, C::SUMS))
    }

    /// Tells whether everything is gone back over, by a kernel for three channels.
    pub(crate) fn is_whole(&self) -> bool {
        let kept = Layout { lanes: R::LANES, ..self.saved.layout };
        let whole = Self::whole::<R, Three>();
        (kept, self.pixels.layout) == whole && self.texture == Some(TextureKind::Vertex)
    }

    /// Adds what pixels give to a face, given the planes of their states and gradients.
    #[inline(always)]
    fn pair<L: Real<Scalar = R>, C: Channels, B: Begin, P: ReadPlanes<L>>(
        &self,
        walker: &Walker<'_, L>,
        at: Vec2<L>,
        (state, own): (&P, &P),
        sums: &mut Sums<'_, L, C>,
        texels: &mut [R],
        scratch: &mut Scratch<L, C>,
    ) {
        let (like, (kept, layout)) = (at.x, self.layouts::<L, C, B>());
        let silhouette = if B::WHOLE || layout.silhouette {
            Some(SilhouetteGrad { state: read_state::<L, S::State<L>>(like, state, 0), grad: own.plane(0) })
        } else {
            None
        };
        let color = if B::WHOLE || layout.color {
            read_rows(scratch.sums.as_mut(), state, kept.sums_at());
            read_rows(scratch.grad_sums.as_mut(), own, layout.sums_at());
            Some(ColorGrad {
                pixel: ColorPixel {
                    state: read_state::<L, A::State<L>>(like, state, kept.color_at()),
                    sums: scratch.sums.as_ref(),
                    background: scratch.background.as_ref(),
                },
                cotangent: ColorCotangent {
                    fixed: read_state(like, own, layout.fixed_at()),
                    sums: scratch.grad_sums.as_ref(),
                },
            })
        } else {
            None
        };
        let mut sink = PairSink {
            color: scratch.color.as_mut(),
            grad_color: scratch.grad_color.as_mut(),
            texels: match self.texture {
                _ if B::WHOLE => TexelSink::Corners(sums.corner_texels.as_mut()),
                Some(TextureKind::Vertex) => TexelSink::Corners(sums.corner_texels.as_mut()),
                Some(TextureKind::Surface { .. }) => TexelSink::Surface(texels),
                None => TexelSink::Nowhere,
            },
            // The aggregator that such a kernel is built for has none.
            weights: if B::WHOLE { WeightSink::Nowhere } else { weight_sink(sums.weights) },
        };
        let (setting, face) = (&walker.setting, &walker.face);
        let (silhouette, color) = (silhouette.as_ref(), color.as_ref());
        let grad = faults::backward(self.parts, setting, (face, at), silhouette, color, &mut sink);
        sums.pair.add::<F, S>(&grad);
    }
}

/// A block of a tile, and where its planes are.
struct BlockAt {
    /// Column and row of the tile.
    place: (usize, usize),
    /// Its number in the tile.
    n: usize,
    /// Its number among the blocks of the batch, and among those of its picture.
    kept: usize,
    own: usize,
    /// The column and row of its first pixel.
    corner: (usize, usize),
}
