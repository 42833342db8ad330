//! The enum [`Color`] as an aggregator: a uniform branch for what has no kernel of its own.

use super::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, HardColor, Mixing, Neural, Over, Softmax, WeightSink,
};
use crate::math::custom::{Erase, MAX_COLOR_PLANES, apart, per_lane_array};
use crate::math::distance::Edge;
use crate::math::distribution::ProbabilityGrad;
use crate::math::planes::Planes;
use crate::math::real::{Real, Scalar};

/// The state, or the cotangent, of any color aggregator: its own planes, then zeros.
pub type AnyColorState<R> = [R; MAX_COLOR_PLANES];

impl Color {
    /// Every built-in color aggregator.
    ///
    /// A_N stands there with the hidden units it has by default; what lists it draws it with any number.
    pub const BUILT_IN: &[Self] =
        &[Self::Softmax, Self::Over, Self::Hard, Self::Neural { hidden: Neural::DEFAULT_HIDDEN }];

    /// Returns the word for it on command lines and in files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::Over => "over",
            Self::Hard => "hard",
            Self::Neural { .. } => "neural",
            Self::Custom(_) => "custom",
        }
    }

    /// Tells whether `other` is the same aggregator, be it of another size.
    #[must_use]
    pub fn is_kind_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Neural { .. }, Self::Neural { .. }) => true,
            _ => self == other,
        }
    }
}

/// Evaluates `$call` with `$part` bound to the aggregator that the enum names, `$erased` to a custom one.
macro_rules! each {
    ($self:ident, $part:ident => $call:expr, $erased:ident => $custom:expr) => {
        match $self {
            Self::Softmax => {
                let $part = Softmax;
                $call
            }
            Self::Over => {
                let $part = Over;
                $call
            }
            Self::Hard => {
                let $part = HardColor;
                $call
            }
            Self::Neural { hidden } => {
                let $part = Neural { hidden: *hidden };
                $call
            }
            Self::Custom(part) => apart(|| {
                let $erased = part.part();
                $custom
            }),
        }
    };
}

/// Evaluates `$call` with `$state` bound to the typed state held in `$any`, and stores it back.
macro_rules! with_state {
    ($any:ident, $state:ident => $call:expr) => {{
        let mut $state = Planes::load(&$any[..]);
        let result = $call;
        $state.store(&mut $any[..]);
        result
    }};
}

/// One lane of the slices an aggregator works on. Parts of the user's own run lane by lane.
fn lane<R: Real>(values: &[R], i: usize) -> Vec<R::Scalar> {
    values.iter().map(|x| x.lane(i)).collect()
}

fn put_lane<R: Real>(values: &mut [R], i: usize, lane: &[R::Scalar]) {
    for (value, &new) in values.iter_mut().zip(lane) {
        *value = value.per_lane(|j| if j == i { new } else { value.lane(j) });
    }
}

/// Calls `run` with lane `i` of a sink.
fn on_lane_of<R: Real, T>(
    sink: &mut WeightSink<'_, R>,
    i: usize,
    run: impl FnOnce(WeightSink<'_, R::Scalar>) -> T,
) -> T {
    let WeightSink::Lanes(sums) = sink else { return run(WeightSink::Nowhere) };
    let mut own: Vec<R::Scalar> = sums.iter().skip(i).step_by(R::LANES).copied().collect();
    let result = run(WeightSink::Lanes(&mut own));
    for (sum, own) in sums.iter_mut().skip(i).step_by(R::LANES).zip(own) {
        *sum = own;
    }
    result
}

impl<'a, R: Real> ColorContext<'a, R> {
    fn lane(&self, i: usize) -> ColorContext<'a, R::Scalar> {
        ColorContext {
            rate: self.rate.lane(i),
            inv_gamma: self.inv_gamma.lane(i),
            background_nearness: self.background_nearness.lane(i),
            weights: self.weights,
        }
    }
}

fn pair_lane<'a, R: Real>(
    pair: &ColorPair<'_, R>,
    color: &'a [R::Scalar],
    i: usize,
) -> ColorPair<'a, R::Scalar> {
    ColorPair {
        p: pair.p.lane(i),
        nearness: pair.nearness.lane(i),
        depth: pair.depth.lane(i),
        face: pair.face.lane(i),
        holds: R::mask_lane(pair.holds, i),
        member: R::mask_lane(pair.member, i),
        color,
    }
}

impl ColorAggregator for Color {
    const KERNEL: Option<Color> = None;
    type State<R: Real> = AnyColorState<R>;
    type Cotangent<R: Real> = AnyColorState<R>;

    fn sums(&self, channels: usize) -> usize {
        each!(self, part => part.sums(channels), erased => erased.sums_on(channels))
    }

    fn weights(&self, channels: usize) -> usize {
        each!(self, part => part.weights(channels), erased => erased.weights_on(channels))
    }

    fn edge(&self) -> Edge {
        each!(self, part => part.edge(), erased => erased.edge_on())
    }

    fn mixing(&self) -> Mixing {
        each!(self, part => part.mixing(), erased => erased.mixing_on())
    }

    #[inline(always)]
    fn identity<R: Real>(&self, like: R) -> AnyColorState<R> {
        let mut any = [like.zero(); MAX_COLOR_PLANES];
        each!(self, part => part.identity(like).store(&mut any), erased => {
            let part = <R::Scalar as Erase>::color(erased);
            any = per_lane_array(like, |i| part.identity_on(like.lane(i)));
        });
        any
    }

    #[inline(always)]
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        any: &mut AnyColorState<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        each!(self, part => with_state!(any, state => part.push(context, &mut state, sums, pair)), erased => {
            let part = <R::Scalar as Erase>::color(erased);
            *any = per_lane_array(context.rate, |i| {
                let mut state = any.map(|x| x.lane(i));
                if R::mask_lane(pair.member, i) {
                    let mut own = lane(sums, i);
                    let color = lane(pair.color, i);
                    part.push_on(&context.lane(i), &mut state, &mut own, &pair_lane(pair, &color, i));
                    put_lane(sums, i, &own);
                }
                state
            });
        });
    }

    #[inline(always)]
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        any: &mut AnyColorState<R>,
        sums: &mut [R],
        other: (&AnyColorState<R>, &[R]),
    ) {
        each!(
            self,
            part => with_state!(any, state => part.merge(context, &mut state, sums, (&Planes::load(other.0), other.1))),
            erased => {
                let part = <R::Scalar as Erase>::color(erased);
                *any = per_lane_array(context.rate, |i| {
                    let mut state = any.map(|x| x.lane(i));
                    let mut own = lane(sums, i);
                    let theirs = (&other.0.map(|x| x.lane(i)), &lane(other.1, i)[..]);
                    part.merge_on(&context.lane(i), &mut state, &mut own, theirs);
                    put_lane(sums, i, &own);
                    state
                });
            }
        );
    }

    #[inline(always)]
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        any: &mut AnyColorState<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        each!(
            self,
            part => with_state!(any, state => part.finish(context, &mut state, sums, background, color)),
            erased => {
                let part = <R::Scalar as Erase>::color(erased);
                *any = per_lane_array(context.rate, |i| {
                    let mut state = any.map(|x| x.lane(i));
                    let mut own = lane(sums, i);
                    let mut out = lane(color, i);
                    part.finish_on(&context.lane(i), &mut state, &mut own, &lane(background, i), &mut out);
                    put_lane(sums, i, &own);
                    put_lane(color, i, &out);
                    state
                });
            }
        );
    }

    #[inline(always)]
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, AnyColorState<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (AnyColorState<R>, R) {
        let mut any = [context.rate.zero(); MAX_COLOR_PLANES];
        let mut epsilon = context.rate.zero();
        each!(self, part => {
            let typed = ColorPixel {
                state: Planes::load(&pixel.state), sums: pixel.sums, background: pixel.background,
            };
            let (cotangent, grad_epsilon) = part.pixel_vjp(context, &typed, grad, out);
            cotangent.store(&mut any);
            epsilon = grad_epsilon;
        }, erased => {
            let part = <R::Scalar as Erase>::color(erased);
            for i in 0..R::LANES {
                let (sums, background) = (lane(pixel.sums, i), lane(pixel.background, i));
                let typed = ColorPixel {
                    state: pixel.state.map(|x| x.lane(i)), sums: &sums, background: &background,
                };
                let mut to = (lane(out.sums, i), lane(out.background, i));
                let (cotangent, grad_epsilon) = on_lane_of(&mut out.weights, i, |weights| {
                    let mut own = ColorPixelGrad { sums: &mut to.0, background: &mut to.1, weights };
                    part.pixel_vjp_on(&context.lane(i), &typed, &lane(grad, i), &mut own)
                });
                put_lane(&mut any, i, &cotangent);
                put_lane(core::slice::from_mut(&mut epsilon), i, &[grad_epsilon]);
                put_lane(out.sums, i, &to.0);
                put_lane(out.background, i, &to.1);
            }
        });
        (any, epsilon)
    }

    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, AnyColorState<R>, R>,
        cotangent: &ColorCotangent<'_, AnyColorState<R>, R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        grad_weights: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R> {
        each!(self, part => {
            let typed = ColorPixel {
                state: Planes::load(&pixel.state), sums: pixel.sums, background: pixel.background,
            };
            let cotangent = ColorCotangent { fixed: Planes::load(&cotangent.fixed), sums: cotangent.sums };
            part.pair_vjp(context, &typed, &cotangent, pair, grad_color, grad_weights)
        }, erased => {
            let part = <R::Scalar as Erase>::color(erased);
            let [d, ln_d, ln_not_d, nearness, gamma] = per_lane_array(context.rate, |i| {
                if !R::mask_lane(pair.member, i) {
                    return [R::Scalar::ZERO; 5];
                }
                let (sums, background) = (lane(pixel.sums, i), lane(pixel.background, i));
                let typed = ColorPixel {
                    state: pixel.state.map(|x| x.lane(i)), sums: &sums, background: &background,
                };
                let cotangent_sums = lane(cotangent.sums, i);
                let cotangent =
                    ColorCotangent { fixed: cotangent.fixed.map(|x| x.lane(i)), sums: &cotangent_sums };
                let color = lane(pair.color, i);
                let mut own = lane(grad_color, i);
                let g = on_lane_of(grad_weights, i, |mut weights| {
                    let pair = pair_lane(pair, &color, i);
                    part.pair_vjp_on(&context.lane(i), &typed, &cotangent, &pair, &mut own, &mut weights)
                });
                put_lane(grad_color, i, &own);
                [g.p.d, g.p.ln_d, g.p.ln_not_d, g.nearness, g.gamma]
            });
            ColorPairGrad { p: ProbabilityGrad { d, ln_d, ln_not_d }, nearness, gamma }
        })
    }
}
