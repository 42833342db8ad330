//! Hard: the color of the nearest face (MATH 5).

use super::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, Mixing, WeightSink,
};
use crate::math::distance::Edge;
use crate::math::real::Real;

/// A depth beyond that of any face.
const NO_DEPTH: f64 = 1e30;

/// The color of the nearest face whose closed triangle holds the pixel centre; the first face wins ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardColor;

planes! {
    /// State of [`HardColor`].
    pub struct HardState {
        /// Depth of the nearest face.
        depth,
        /// Its number, -1 for none.
        face
    }
}
impl HardColor {
    /// Tells where the face (depth, number) is in front of the one in `state`.
    #[inline(always)]
    fn in_front<R: Real>(state: &HardState<R>, depth: R, face: R) -> R::Mask {
        depth.lt(state.depth) | (depth.same(state.depth) & face.lt(state.face))
    }
}

impl ColorAggregator for HardColor {
    const KERNEL: Option<Color> = Some(Color::Hard);
    type State<R: Real> = HardState<R>;
    type Cotangent<R: Real> = [R; 0];

    fn edge(&self) -> Edge {
        Edge::Hard
    }
    fn mixing(&self) -> Mixing {
        Mixing::Convex
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> HardState<R> {
        HardState { depth: like.lit(NO_DEPTH), face: like.lit(-1.0) }
    }

    #[inline(always)]
    fn push<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        state: &mut HardState<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        let front = pair.member & pair.holds & Self::in_front(state, pair.depth, pair.face);
        for (sum, &color) in sums.iter_mut().zip(pair.color) {
            *sum = R::select(front, color, *sum);
        }
        state.depth = R::select(front, pair.depth, state.depth);
        state.face = R::select(front, pair.face, state.face);
    }

    #[inline(always)]
    fn merge<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        state: &mut HardState<R>,
        sums: &mut [R],
        other: (&HardState<R>, &[R]),
    ) {
        let (o, other_sums) = other;
        let some = o.face.ge(o.face.zero());
        let front = some & Self::in_front(state, o.depth, o.face);
        for (sum, &other) in sums.iter_mut().zip(other_sums) {
            *sum = R::select(front, other, *sum);
        }
        state.depth = R::select(front, o.depth, state.depth);
        state.face = R::select(front, o.face, state.face);
    }

    #[inline(always)]
    fn finish<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        state: &mut HardState<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        let none = state.face.lt(state.face.zero());
        for ((sum, out), &behind) in sums.iter_mut().zip(color).zip(background) {
            *sum = R::select(none, behind, *sum);
            *out = *sum;
        }
    }

    #[inline(always)]
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, HardState<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> ([R; 0], R) {
        let face = pixel.state.face;
        let none = face.lt(face.zero());
        for (c, &g) in grad.iter().enumerate() {
            out.sums[c] = g;
            out.background[c] += g.keep(none);
        }
        ([], context.rate.zero())
    }

    /// Only the nearest face's own attributes move: `dI/dC_j = 1` there, no gradient to D or depth.
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, HardState<R>, R>,
        cotangent: &ColorCotangent<'_, [R; 0], R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        _: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R> {
        let chosen = pair.member & pair.face.same(pixel.state.face);
        for (out, &g) in grad_color.iter_mut().zip(cotangent.sums) {
            *out += g.keep(chosen);
        }
        ColorPairGrad::zero(pair.face)
    }
}
