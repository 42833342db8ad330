//! A_N: a network over the set of faces at a pixel (MATH 7).

use super::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, WeightSink,
};
use crate::error::{Error, Result};
use crate::math::depth::DepthMap;
use crate::math::distribution::ProbabilityGrad;
use crate::math::real::{Real, Scalar};

/// The most hidden units: a device keeps a pixel's sums in registers.
pub const MAX_HIDDEN: usize = 32;
/// The largest size of a weight: in `f32` nothing overflows, whatever colors and depths there are.
pub const MAX_WEIGHT: f64 = 1e6;
/// Beyond this the activation is 1 to the last bit; its square stays finite in `f32`.
const HELD: f64 = 1e9;

/// A_N: `h = sum_j D_j phi(D_j, zeta_j, C_j)`, `I = C_b + rho(h, C_b) - rho(0, C_b)`, with
/// `phi_k = s(b_k + w_k . (D_j, zeta_j, C_j))`, `rho = sum_k o_k s(c_k + v_k . (C_b, h))` and `s(x) = x / sqrt(1 + x^2)`.
///
/// `zeta = (q - offset) scale` is the nearness q of a face, placed and scaled by the first two weights
/// ([`Neural::depth_weights`]). A pixel without faces is the background to the last bit, and a face that fades out leaves
/// no trace. gamma and epsilon play no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neural {
    /// H, the units of either layer, 1 to [`MAX_HIDDEN`].
    pub hidden: usize,
}

/// Where the weights of a [`Neural`] stand in their array `[N]`.
///
/// | from | numbers | what |
/// |---|---|---|
/// | 0 | 2 | offset and scale of the nearness |
/// | 2 | `[H, 3 + C]` | of each unit of phi: bias, weight of D, of zeta, of each channel of the face |
/// | then | `[H, 1 + C + H + C]` | of each unit of rho: bias, weight of each channel of the background, of each sum, and what the unit gives to each channel of the picture |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeuralLayout {
    /// H.
    pub hidden: usize,
    /// C.
    pub channels: usize,
}

impl NeuralLayout {
    /// Where the offset of the nearness stands.
    pub const OFFSET: usize = 0;
    /// Where the scale of the nearness stands.
    pub const SCALE: usize = 1;
    /// How many weights come before the units.
    const FIRST: usize = 2;

    /// Returns how many weights there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.rho(self.hidden)
    }

    /// Returns how many weights a unit of phi has.
    #[must_use]
    pub const fn phi_size(&self) -> usize {
        3 + self.channels
    }

    /// Returns how many weights a unit of rho has.
    #[must_use]
    pub const fn rho_size(&self) -> usize {
        1 + 2 * self.channels + self.hidden
    }

    /// Returns where unit `k` of phi begins: bias, D, zeta, colors.
    #[inline(always)]
    #[must_use]
    pub const fn phi(&self, k: usize) -> usize {
        Self::FIRST + k * self.phi_size()
    }

    /// Returns where unit `k` of rho begins: bias, background, sums, outputs.
    #[inline(always)]
    #[must_use]
    pub const fn rho(&self, k: usize) -> usize {
        Self::FIRST + self.hidden * self.phi_size() + k * self.rho_size()
    }
}

/// Returns `x / sqrt(1 + x^2)` and its slope `(1 + x^2)^(-3/2)`.
#[inline(always)]
fn squash<R: Real>(x: R) -> (R, R) {
    let x = x.clamp(-HELD, HELD);
    let inv = (x.one() + x.sq()).sqrt().recip();
    (x * inv, inv.sq() * inv)
}

/// What phi reads of a face; zeros where it is no member.
struct Features<R> {
    d: R,
    /// `q - offset`.
    above: R,
    zeta: R,
}

/// A unit of rho, and the gradient to what it adds up.
struct RhoGrad<R> {
    /// What the faces add to the unit: with them, less without.
    step: R,
    /// The gradient to what it adds up of the sums.
    with_faces: R,
    /// The gradient to what it adds up of the background, which both have.
    without: R,
}

impl Neural {
    /// The hidden units of the network that comes with [`Color::BUILT_IN`].
    pub const DEFAULT_HIDDEN: usize = 16;

    /// Returns where its weights stand for `channels` channels.
    #[must_use]
    pub const fn layout(self, channels: usize) -> NeuralLayout {
        NeuralLayout { hidden: self.hidden, channels }
    }

    /// Returns the offset and scale of the nearness that take depths `nearest` to `farthest` to zeta from 1 to -1.
    #[must_use]
    pub fn depth_weights(map: DepthMap, nearest: f64, farthest: f64) -> [f64; 2] {
        let (near, far) = (map.nearness(nearest), map.nearness(farthest));
        [0.5 * (near + far), 2.0 / (near - far)]
    }

    /// Returns weights to begin with: each unit's even in `-b..b`, `b = sqrt(3 / n)`, n what the unit adds up, so that its
    /// sum is of size 1. `random` gives numbers even in -1..1; `depth` is what [`Neural::depth_weights`] gave.
    #[must_use]
    pub fn initial(self, channels: usize, depth: [f64; 2], mut random: impl FnMut() -> f64) -> Vec<f64> {
        let layout = self.layout(channels);
        let (phi, rho) = (layout.phi_size() - 1, channels + self.hidden);
        let bound = |inputs: usize| (3.0 / inputs as f64).sqrt();
        let mut out = Vec::with_capacity(layout.count());
        out.extend(depth);
        out.extend((0..layout.rho(0) - out.len()).map(|_| bound(phi) * random()));
        for _ in 0..self.hidden {
            out.extend((0..=rho).map(|_| bound(rho) * random()));
            out.extend((0..channels).map(|_| bound(self.hidden) * random()));
        }
        out
    }

    /// Checks the number of hidden units and the weights.
    ///
    /// # Errors
    /// `Parameter` for what is out of range.
    pub fn check<S: Scalar>(self, weights: &[S]) -> Result<()> {
        if !(1..=MAX_HIDDEN).contains(&self.hidden) {
            let expected = format!("1 to {MAX_HIDDEN}");
            return Err(Error::parameter("hidden units of the neural color", self.hidden, expected));
        }
        let fits = |x: &S| x.is_finite() && x.to_f64().abs() <= MAX_WEIGHT;
        match weights.iter().enumerate().find(|(_, x)| !fits(x)) {
            Some((n, bad)) => {
                let expected = format!("a finite number of size at most {MAX_WEIGHT:e}");
                Err(Error::parameter(format!("weights[{n}]"), format!("{:?}", bad.to_f64()), expected))
            }
            None => Ok(()),
        }
    }

    #[inline(always)]
    fn features<R: Real>(context: &ColorContext<'_, R>, pair: &ColorPair<'_, R>) -> Features<R> {
        let like = context.rate;
        let weight = |n: usize| like.splat(context.weights[n]);
        let above = (pair.nearness - weight(NeuralLayout::OFFSET)).keep(pair.member);
        Features { d: pair.p.d.keep(pair.member), above, zeta: above * weight(NeuralLayout::SCALE) }
    }

    /// Returns what unit `k` of phi adds up.
    #[inline(always)]
    fn phi<R: Real>(weights: &[R::Scalar], seen: &Features<R>, color: &[R]) -> R {
        let like = seen.d;
        let mut sum = like.splat(weights[0]) + like.splat(weights[1]) * seen.d;
        sum += like.splat(weights[2]) * seen.zeta;
        for (&w, &c) in weights[3..].iter().zip(color) {
            sum += like.splat(w) * c;
        }
        sum
    }

    /// Returns unit `k` of phi, and the gradient to what it adds up.
    #[inline(always)]
    fn phi_vjp<R: Real>(weights: &[R::Scalar], seen: &Features<R>, color: &[R], grad_sum: R) -> (R, R) {
        let (unit, slope) = squash(Self::phi(weights, seen, color));
        (unit, grad_sum * seen.d * slope)
    }

    /// Returns what a unit of rho adds up without faces, and with them.
    #[inline(always)]
    fn rho<R: Real>(like: R, weights: &[R::Scalar], background: &[R], sums: &[R]) -> (R, R) {
        let mut without = like.splat(weights[0]);
        let (of_background, of_sums) = weights[1..].split_at(background.len());
        for (&w, &c) in of_background.iter().zip(background) {
            without += like.splat(w) * c;
        }
        let mut with = without;
        for (&w, &h) in of_sums.iter().zip(sums) {
            with += like.splat(w) * h;
        }
        (without, with)
    }

    /// Returns what the faces add to a unit of rho, and the gradient to what it adds up, given `grad` with respect to the
    /// color.
    #[inline(always)]
    fn rho_vjp<R: Real>(
        weights: &[R::Scalar],
        pixel: &ColorPixel<'_, [R; 0], R>,
        grad: &[R],
        like: R,
    ) -> RhoGrad<R> {
        let (without, with) = Self::rho(like, weights, pixel.background, pixel.sums);
        let ((before, slope_before), (after, slope_after)) = (squash(without), squash(with));
        let mut grad_step = like.zero();
        for (&g, &w) in grad.iter().zip(&weights[weights.len() - grad.len()..]) {
            grad_step += g * like.splat(w);
        }
        let with_faces = grad_step * slope_after;
        RhoGrad { step: after - before, with_faces, without: with_faces - grad_step * slope_before }
    }
}

impl ColorAggregator for Neural {
    const KERNEL: Option<Color> = None;
    type State<R: Real> = [R; 0];
    type Cotangent<R: Real> = [R; 0];

    /// The sums are h.
    fn sums(&self, _: usize) -> usize {
        self.hidden
    }
    fn weights(&self, channels: usize) -> usize {
        self.layout(channels).count()
    }

    #[inline(always)]
    fn identity<R: Real>(&self, _: R) -> [R; 0] {
        []
    }

    #[inline(always)]
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        _: &mut [R; 0],
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        let layout = self.layout(pair.color.len());
        let seen = Self::features(context, pair);
        for (k, sum) in sums.iter_mut().enumerate() {
            let weights = &context.weights[layout.phi(k)..layout.phi(k + 1)];
            let (unit, _) = squash(Self::phi(weights, &seen, pair.color));
            *sum += seen.d * unit;
        }
    }

    #[inline(always)]
    fn merge<R: Real>(
        &self,
        _: &ColorContext<'_, R>,
        _: &mut [R; 0],
        sums: &mut [R],
        other: (&[R; 0], &[R]),
    ) {
        for (sum, &other) in sums.iter_mut().zip(other.1) {
            *sum += other;
        }
    }

    /// The sums stay h, which the reverse needs.
    #[inline(always)]
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        _: &mut [R; 0],
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        let layout = self.layout(background.len());
        let like = context.rate;
        color.copy_from_slice(background);
        for k in 0..self.hidden {
            let weights = &context.weights[layout.rho(k)..layout.rho(k + 1)];
            let (without, with) = Self::rho(like, weights, background, sums);
            let step = squash(with).0 - squash(without).0;
            let out_weights = &weights[1 + background.len() + self.hidden..];
            for (out, &w) in color.iter_mut().zip(out_weights) {
                *out += like.splat(w) * step;
            }
        }
    }

    /// `dI/dh_i = sum_k o_k s'_k v_ki`; the background moves what it is and what rho makes of it.
    #[inline(always)]
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, [R; 0], R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> ([R; 0], R) {
        let (channels, like) = (grad.len(), context.rate);
        let layout = self.layout(channels);
        out.sums.fill(like.zero());
        for (out, &g) in out.background.iter_mut().zip(grad) {
            *out += g;
        }
        for k in 0..self.hidden {
            let first = layout.rho(k);
            let weights = &context.weights[first..layout.rho(k + 1)];
            let unit = Self::rho_vjp(weights, pixel, grad, like);
            for (c, &g) in grad.iter().enumerate() {
                out.weights.add(first + 1 + channels + self.hidden + c, g * unit.step);
            }
            out.weights.add(first, unit.without);
            for (c, (out_background, &behind)) in out.background.iter_mut().zip(pixel.background).enumerate()
            {
                *out_background += unit.without * like.splat(weights[1 + c]);
                out.weights.add(first + 1 + c, unit.without * behind);
            }
            for (i, (out_sum, &h)) in out.sums.iter_mut().zip(pixel.sums).enumerate() {
                *out_sum += unit.with_faces * like.splat(weights[1 + channels + i]);
                out.weights.add(first + 1 + channels + i, unit.with_faces * h);
            }
        }
        ([], like.zero())
    }

    /// `dh_k/dD_j = s_k + D_j s'_k w_kD`, `dh_k/dzeta_j = D_j s'_k w_kz`, `dh_k/dC_j = D_j s'_k w_kC`.
    #[inline(always)]
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        _: &ColorPixel<'_, [R; 0], R>,
        cotangent: &ColorCotangent<'_, [R; 0], R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        grad_weights: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R> {
        let layout = self.layout(pair.color.len());
        let seen = Self::features(context, pair);
        let like = seen.d;
        let (mut grad_d, mut grad_zeta) = (like.zero(), like.zero());
        for (k, &grad_sum) in cotangent.sums.iter().enumerate() {
            let first = layout.phi(k);
            let weights = &context.weights[first..layout.phi(k + 1)];
            let (unit, grad_unit) = Self::phi_vjp(weights, &seen, pair.color, grad_sum);
            grad_d += grad_sum * unit + grad_unit * like.splat(weights[1]);
            grad_zeta += grad_unit * like.splat(weights[2]);
            grad_weights.add(first, grad_unit);
            grad_weights.add(first + 1, grad_unit * seen.d);
            grad_weights.add(first + 2, grad_unit * seen.zeta);
            for (c, (out, &own)) in grad_color.iter_mut().zip(pair.color).enumerate() {
                *out += grad_unit * like.splat(weights[3 + c]);
                grad_weights.add(first + 3 + c, grad_unit * own);
            }
        }
        let grad_nearness = grad_zeta * like.splat(context.weights[NeuralLayout::SCALE]);
        grad_weights.add(NeuralLayout::OFFSET, -grad_nearness);
        grad_weights.add(NeuralLayout::SCALE, grad_zeta * seen.above);
        ColorPairGrad {
            p: ProbabilityGrad { d: grad_d.keep(pair.member), ..ProbabilityGrad::zero(like) },
            nearness: grad_nearness,
            gamma: like.zero(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in -1..1 that look random, the same each time.
    fn numbers() -> impl FnMut() -> f64 {
        let mut i = 0.0;
        move || {
            i += 1.0;
            2.0 * (f64::sin(i * 12.9898 + 4.1) * 43_758.545_3).rem_euclid(1.0) - 1.0
        }
    }

    #[test]
    fn weights_stand_one_after_the_other() {
        let layout = Neural { hidden: 16 }.layout(3);
        assert_eq!((layout.phi(0), layout.phi(1), layout.rho(0), layout.rho(1)), (2, 8, 98, 121));
        assert_eq!(layout.count(), 466);
        let depth = Neural::depth_weights(DepthMap::Linear, 2.0, 4.0);
        let weights = Neural { hidden: 16 }.initial(3, depth, numbers());
        assert_eq!((weights.len(), weights[0], weights[1]), (466, -3.0, 1.0));
        assert!(Neural { hidden: 16 }.check(&weights).is_ok());
    }

    #[test]
    fn zeta_goes_from_one_at_the_nearest_to_minus_one_at_the_farthest() {
        for map in [DepthMap::Linear, DepthMap::Inverse] {
            let [offset, scale] = Neural::depth_weights(map, 2.0, 5.0);
            for (z, zeta) in [(2.0, 1.0), (5.0, -1.0)] {
                assert!(((map.nearness(z) - offset) * scale - zeta).abs() < 1e-12, "{map:?} {z}");
            }
        }
    }

    #[test]
    fn the_activation_is_bounded_and_its_slope_is_its_derivative() {
        for x in [-1e30_f32, -3.0, 0.0, 0.5, 1e5, 1e30] {
            let (value, slope) = squash(x);
            assert!(value.abs() <= 1.0 && (0.0..=1.0).contains(&slope), "{x}: {value} {slope}");
        }
        for x in [-2.0_f64, -0.3, 0.0, 0.7, 4.0] {
            let by = 1e-6;
            let difference = (squash(x + by).0 - squash(x - by).0) / (2.0 * by);
            assert!((difference - squash(x).1).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn a_pixel_without_faces_is_the_background_to_the_last_bit() {
        let part = Neural { hidden: 5 };
        let weights: Vec<f32> = part.initial(2, [-3.0, 0.4], numbers()).iter().map(|&x| x as f32).collect();
        let context =
            ColorContext { rate: 1.0, inv_gamma: 1.0, background_nearness: -9.0, weights: &weights };
        let (background, mut color) = ([0.3, -71.25], [0.0; 2]);
        part.finish(&context, &mut [], &mut [0.0; 5], &background, &mut color);
        assert_eq!(color.map(f32::to_bits), background.map(f32::to_bits));
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (hidden, weight, named) in
            [(0, 0.0, "hidden"), (33, 0.0, "hidden"), (1, f32::NAN, "weights[1]"), (1, 2e6, "weights[1]")]
        {
            let error = Neural { hidden }.check(&[0.0, weight]).map_err(|e| e.to_string());
            assert!(error.as_ref().is_err_and(|e| e.contains(named)), "{error:?}");
        }
    }
}
