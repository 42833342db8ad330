//! Walk: faces over the pixels they touch, a lane a pixel.

use core::marker::PhantomData;
use core::ops::Range;

use softras_core::math::{
    ColorAggregator, ColorCotangent, ColorGrad, ColorPixel, DistanceMetric, DistributionFunction, Face,
    PairGrad, PairSink, Real, Setting, SilhouetteAggregator, SilhouetteGrad, TexelSink, TextureKind,
};

use crate::accumulate::{add_lanes, add_lanes_wide};
use crate::backward::{BIG_PIXELS, Walk};
use crate::bins::TILE;
use crate::blocks::Blocks;
use crate::channels::{Channels, Draws};
use crate::faults;
use crate::lanes::{Kernel, Vector};
use crate::prepare::CotangentLayout;
use crate::row::Row;
use crate::setup::PixelRect;
use crate::staged::{Outline, Own, Staged};
use crate::state::{load_rows, load_state};

/// The gradient at every pixel of some pictures, as `prepare` left it.
pub(crate) struct Pixels<'a, R> {
    pub(crate) planes: &'a [R],
    pub(crate) active: &'a [u32],
    pub(crate) layout: CotangentLayout,
    /// The first of the pictures.
    pub(crate) first: usize,
}

/// The sums over the faces of a picture: sigma, gamma, the shapes of distribution and t-conorm, then weights.
pub(crate) struct PictureSums;

impl PictureSums {
    /// How many come before the weights.
    pub(crate) const FIXED: usize = 4;
}

/// Walks at most a run of faces of one picture; returns their sums.
pub(crate) struct WalkFaces<'a, 'w, R: Vector, M, F, S, A, C> {
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
    pub(crate) kind: PhantomData<C>,
}

/// What a face adds up on its way, a lane a pixel.
struct Sums<L: Real, C: Channels> {
    pair: PairGrad<L>,
    /// Gradient to the texels at the corners, `[3, C]`.
    corner_texels: C::Corners<L>,
    weights: Row<L>,
}

impl<L: Real, C: Channels> Sums<L, C> {
    /// Begins anew, for the next face.
    #[inline(always)]
    fn reset(&mut self, like: L) {
        self.pair = PairGrad::zero(like);
        self.corner_texels.as_mut().fill(like.zero());
        self.weights.fill(like.zero());
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

impl<R, M, F, S, A, C> Kernel<R> for WalkFaces<'_, '_, R, M, F, S, A, C>
where
    R: Vector,
    M: DistanceMetric,
    F: DistributionFunction,
    S: SilhouetteAggregator,
    A: ColorAggregator,
    C: Channels,
{
    type Output = Row<f64>;

    #[inline(always)]
    fn run<L: Real<Scalar = R>>(self, like: L) -> Row<f64> {
        let Self { walk, own, picture, locals, only, corners, texels, .. } = self;
        let plan = &walk.drawn.plan;
        let channels = plan.channels;
        let weights = walk.drawn.params.get_weights();
        let setting = faults::setting(plan, picture, weights).splat(like);
        let draws = if walk.pixels.layout.color { Draws::Color } else { Draws::SilhouetteAlone };
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
        let mut totals = Row::of(0.0, PictureSums::FIXED + weights.len());
        let mut sums = Sums::<L, C> {
            pair: PairGrad::zero(like),
            corner_texels: C::corners(like, channels),
            weights: Row::of(like.zero(), weights.len()),
        };
        let mut staged = Staged::new();
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
                walk.face(like, &walker, &mut sums, texels, &mut scratch);
                let PairGrad { corners: own_corners, sigma, gamma, distribution, t_conorm } = sums.pair;
                if let Some(out) = corners.get_mut(at * 9..(at + 1) * 9) {
                    for (out, corner) in out.chunks_exact_mut(3).zip(&own_corners) {
                        for (out, value) in out.iter_mut().zip(corner) {
                            *out = faults::sum(*value);
                        }
                    }
                }
                if walk.texture == Some(TextureKind::Vertex) {
                    add_lanes(texels, sums.corner_texels.as_ref());
                }
                add_lanes_wide(&mut totals, &[sigma, gamma, distribution, t_conorm]);
                add_lanes_wide(&mut totals[PictureSums::FIXED..], &sums.weights);
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
    fn face<L: Real<Scalar = R>, C: Channels>(
        &self,
        like: L,
        walker: &Walker<'_, L>,
        sums: &mut Sums<L, C>,
        texels: &mut [R],
        scratch: &mut Scratch<L, C>,
    ) {
        let rect = &walker.rect;
        let grid = &self.saved.grid;
        let tile = TILE as u32;
        let blocks = Blocks::in_tile(L::LANES);
        let words = blocks / L::LANES;
        for ty in rect.y.0 / tile..rect.y.1.div_ceil(tile) {
            for tx in rect.x.0 / tile..rect.x.1.div_ceil(tile) {
                let place = (tx as usize, ty as usize);
                let t = place.1 * grid.across + place.0;
                let kept = walker.picture * grid.tiles() + t;
                let own = (walker.picture - self.pixels.first) * grid.tiles() + t;
                for word in 0..words {
                    let active = self.pixels.active[own * words + word];
                    let spots = self.saved.places.spots(like, place, word * L::LANES);
                    let mut bits = active & L::bits(walker.outline.may_touch(&spots));
                    while bits != 0 {
                        let n = word * L::LANES + bits.trailing_zeros() as usize;
                        bits &= bits - 1;
                        let at = BlockAt { place, n, kept: kept * blocks + n, own: own * blocks + n };
                        self.block(like, walker, &at, sums, texels, scratch);
                    }
                }
            }
        }
    }

    /// Adds what one block of pixels gives to a face.
    #[inline(always)]
    fn block<L: Real<Scalar = R>, C: Channels>(
        &self,
        like: L,
        walker: &Walker<'_, L>,
        block: &BlockAt,
        sums: &mut Sums<L, C>,
        texels: &mut [R],
        scratch: &mut Scratch<L, C>,
    ) {
        let (kept, layout) = (&self.saved.layout, &self.pixels.layout);
        let (state_size, own_size) = (kept.count() * L::LANES, layout.count() * L::LANES);
        let at = self.saved.places.centres(like, block.place, block.n);
        let state = &self.saved.planes[block.kept * state_size..][..state_size];
        let own = &self.pixels.planes[block.own * own_size..][..own_size];
        let silhouette = layout.silhouette.then(|| SilhouetteGrad {
            state: load_state::<L, S::State<L>>(like, state),
            grad: like.load(own),
        });
        let color = if layout.color {
            load_rows(like, scratch.sums.as_mut(), &state[kept.sums_at() * L::LANES..]);
            load_rows(like, scratch.grad_sums.as_mut(), &own[layout.sums_at() * L::LANES..]);
            Some(ColorGrad {
                pixel: ColorPixel {
                    state: load_state::<L, A::State<L>>(like, &state[kept.color_at() * L::LANES..]),
                    sums: scratch.sums.as_ref(),
                    background: scratch.background.as_ref(),
                },
                cotangent: ColorCotangent {
                    fixed: load_state(like, &own[layout.fixed_at() * L::LANES..]),
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
                Some(TextureKind::Vertex) => TexelSink::Corners(sums.corner_texels.as_mut()),
                Some(TextureKind::Surface { .. }) => TexelSink::Surface(texels),
                None => TexelSink::Nowhere,
            },
            weights: &mut sums.weights,
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
    /// Its number among the blocks of the batch, and among those of the pictures at work.
    kept: usize,
    own: usize,
}
