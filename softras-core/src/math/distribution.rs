//! The probability map `D = F(s / sigma)` of a face at a pixel (MATH 3; paper, eq. 1).
//!
//! Aggregators want D, 1 - D, log D and their slopes, each without cancellation: a distribution gives them together
//! as a [`Probability`], and takes back a [`ProbabilityGrad`].

use core::ops::RangeInclusive;

use super::custom::{Custom, DeviceLanguage, Erase, ErasedDistribution, apart, per_lane_array};
use super::real::Real;

mod tail;
// Their lists of names are macros: the order matters.
#[macro_use]
mod symmetric;
#[macro_use]
mod one_sided;

// By a glob: a distribution is added in its file alone.
pub use one_sided::*;
pub use symmetric::*;

/// D of one face at one pixel, in every form an aggregator needs. x is `s / sigma`, f the density dD/dx.
#[derive(Clone, Copy, Debug)]
pub struct Probability<R> {
    /// D.
    pub d: R,
    /// 1 - D, without cancellation where D rounds to 1.
    pub not_d: R,
    /// `D = mantissa * exp(exponent)`: a D too small to be held still has its place in a softmax.
    pub mantissa: R,
    /// See `mantissa`; not above 0, and 0 where D is not small.
    pub exponent: R,
    /// f = dD/dx.
    pub density: R,
    /// f / D = d ln D / dx.
    pub score: R,
    /// f / (1 - D) = -d ln(1 - D) / dx.
    pub hazard: R,
}

/// The gradient of a loss with respect to a [`Probability`], in the form the aggregator found best conditioned.
#[derive(Clone, Copy, Debug)]
pub struct ProbabilityGrad<R> {
    /// With respect to D.
    pub d: R,
    /// With respect to ln D.
    pub ln_d: R,
    /// With respect to ln(1 - D).
    pub ln_not_d: R,
}

impl<R: Real> Probability<R> {
    /// Returns D = 1 that does not move: what a hard edge gives.
    #[inline(always)]
    pub fn certain(like: R) -> Self {
        let zero = like.zero();
        let one = like.one();
        Self { d: one, not_d: zero, mantissa: one, exponent: zero, density: zero, score: zero, hazard: zero }
    }

    /// Returns the gradient to x: `g_d f + g_lnd f / D - g_ln(1-d) f / (1 - D)`.
    #[inline(always)]
    pub fn vjp(&self, grad: &ProbabilityGrad<R>) -> R {
        grad.d * self.density + grad.ln_d * self.score - grad.ln_not_d * self.hazard
    }
}

impl<R: Real> Probability<R> {
    /// Returns the probability of lane `i`.
    #[inline(always)]
    pub fn lane(&self, i: usize) -> Probability<R::Scalar> {
        Probability {
            d: self.d.lane(i),
            not_d: self.not_d.lane(i),
            mantissa: self.mantissa.lane(i),
            exponent: self.exponent.lane(i),
            density: self.density.lane(i),
            score: self.score.lane(i),
            hazard: self.hazard.lane(i),
        }
    }
}

impl<R: Real> ProbabilityGrad<R> {
    /// Returns the gradient of lane `i`.
    #[inline(always)]
    pub fn lane(&self, i: usize) -> ProbabilityGrad<R::Scalar> {
        ProbabilityGrad { d: self.d.lane(i), ln_d: self.ln_d.lane(i), ln_not_d: self.ln_not_d.lane(i) }
    }

    /// Returns no gradient.
    #[inline(always)]
    pub fn zero(like: R) -> Self {
        Self { d: like.zero(), ln_d: like.zero(), ln_not_d: like.zero() }
    }

    /// Returns the sum of two gradients.
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        Self { d: self.d + other.d, ln_d: self.ln_d + other.ln_d, ln_not_d: self.ln_not_d + other.ln_not_d }
    }
}

/// The cumulative distribution F of the probability map.
pub trait DistributionFunction: Clone + Send + Sync + 'static {
    /// The device kernel that does the same, if there is one.
    const KERNEL: Option<Distribution>;

    /// Whether it has a parameter of its own; without, its gradient is not summed.
    const SHAPED: bool = true;

    /// Returns F(x) in every form. `shape` is the distribution's own parameter, 1 where it has none.
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R>;

    /// Returns the gradient to `shape`, given the gradient to F(x); 0 where there is none.
    #[inline(always)]
    fn shape_vjp<R: Real>(&self, x: R, _shape: R, _grad: &ProbabilityGrad<R>) -> R {
        x.zero()
    }

    /// Returns the values that `shape` may have; all that settings let pass by default.
    fn shapes(&self) -> RangeInclusive<f64> {
        ANY_SHAPE
    }

    /// Returns `c = max(0, -F^-1(dist_eps))`: outside a face, `-s >= c sigma` means `D <= dist_eps`.
    ///
    /// By default it is searched for. A heavy tail makes it large, never less.
    fn cut(&self, dist_eps: f64, shape: f64) -> f64 {
        search(|x| (self.probability(x, shape).d - dist_eps).max(0.0))
    }

    /// Returns the text of the part's functions in the language of a device, for a part of the user's own.
    ///
    /// The functions have the names and arguments of this trait's; `None`, the default, keeps the part on the host.
    fn device_text(&self, _language: DeviceLanguage) -> Option<&str> {
        None
    }
}

/// `F(x) = 1 / (1 + e^-x)`, the paper's sigmoid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Logistic;

impl DistributionFunction for Logistic {
    const KERNEL: Option<Distribution> = Some(Distribution::Logistic);
    const SHAPED: bool = false;

    /// One exponential of `-|x|` gives both tails: `ln D = min(x, 0) - ln(1 + e^-|x|)`, `f = D (1 - D)`.
    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let tail = (-x.abs()).exp();
        let large = (tail.one() + tail).recip();
        let small = tail * large;
        let positive = x.gt(x.zero());
        let d = R::select(positive, large, small);
        let not_d = R::select(positive, small, large);
        Probability {
            d,
            not_d,
            mantissa: large,
            exponent: x.min(x.zero()),
            density: d * not_d,
            score: not_d,
            hazard: d,
        }
    }

    fn cut(&self, dist_eps: f64, _: f64) -> f64 {
        (1.0 / dist_eps - 1.0).ln().max(0.0)
    }
}

/// Declares the closed list of distributions, from the lists of the files.
macro_rules! family {
    ($($name:ident = $word:literal,)+) => {
        /// The closed list of distributions that settings, files and device kernels speak.
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub enum Distribution {
            /// [`Logistic`], the paper's sigmoid.
            #[default]
            Logistic,
            $(
                #[doc = concat!("[`", stringify!($name), "`].")]
                $name,
            )+
            /// A distribution of the user's own: runs on the CPU and the reference at once.
            Custom(Custom<dyn ErasedDistribution>),
        }

        impl Distribution {
            /// Every built-in distribution.
            pub const BUILT_IN: &[Self] = &[Self::Logistic, $(Self::$name),+];

            /// Returns the word for it on command lines and in files.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    Self::Logistic => "logistic",
                    $(Self::$name => $word,)+
                    Self::Custom(_) => "custom",
                }
            }
        }

        /// Evaluates `$call` with `$part` bound to the distribution that the enum names, `$erased` to a custom one; all
        /// but the logistic out of line.
        macro_rules! each {
            ($self:ident, $like:expr, $part:ident => $call:expr, $erased:ident => $custom:expr) => {
                match $self {
                    Self::Logistic => {
                        let $part = Logistic;
                        $call
                    }
                    Self::Custom(part) => apart(|| {
                        let $erased = part.part();
                        $custom
                    }),
                    others => $like.apart(
                        #[inline(always)]
                        || match others {
                            $(Self::$name => {
                                let $part = $name;
                                $call
                            })+
                            Self::Logistic | Self::Custom(_) => {
                                let $part = Logistic;
                                $call
                            }
                        },
                    ),
                }
            };
        }
    };
}

symmetric! { one_sided, family, }

/// The enum is a distribution too: a uniform branch for what has no kernel of its own.
impl DistributionFunction for Distribution {
    const KERNEL: Option<Distribution> = None;

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R> {
        each!(self, x, part => part.probability(x, shape), erased => {
            let part = <R::Scalar as Erase>::distribution(erased);
            let [d, not_d, mantissa, exponent, density, score, hazard] = per_lane_array(x, |i| {
                let p = part.probability_on(x.lane(i), shape.lane(i));
                [p.d, p.not_d, p.mantissa, p.exponent, p.density, p.score, p.hazard]
            });
            Probability { d, not_d, mantissa, exponent, density, score, hazard }
        })
    }

    #[inline(always)]
    fn shape_vjp<R: Real>(&self, x: R, shape: R, grad: &ProbabilityGrad<R>) -> R {
        each!(self, x, part => part.shape_vjp(x, shape, grad), erased => {
            let part = <R::Scalar as Erase>::distribution(erased);
            x.per_lane(|i| part.shape_vjp_on(x.lane(i), shape.lane(i), &grad.lane(i)))
        })
    }

    fn shapes(&self) -> RangeInclusive<f64> {
        each!(self, 0.0, part => part.shapes(), erased => erased.shapes_on())
    }

    fn cut(&self, dist_eps: f64, shape: f64) -> f64 {
        each!(self, 0.0, part => part.cut(dist_eps, shape), erased => erased.cut_on(dist_eps, shape))
    }
}

/// What a shape may be where a distribution says nothing.
const ANY_SHAPE: RangeInclusive<f64> = 1e-6..=1e6;

/// Returns the least c, not below 0, for which `excess(-c)` is 0, to the last digit; `excess` does not grow with c.
fn search(excess: impl Fn(f64) -> f64) -> f64 {
    let over = |c: f64| excess(-c) > 0.0;
    if !over(0.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while over(high) && high < 1e30 {
        (low, high) = (high, 4.0 * high);
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if over(middle) { low = middle } else { high = middle }
    }
    high
}

/// What happens to a face far outside a pixel, where `D <= dist_eps` (MATH 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cutoff {
    /// It contributes nothing at all. The definition, and the default.
    #[default]
    Hard,
    /// Nothing is cut, and there is no box rule: every face counts at every pixel.
    None,
    /// D fades to 0 over the last tenth of the reach, so that the picture is smooth: for gradient checking.
    Smooth,
}

/// The window of a distribution that ends at the edge is this wide.
pub(super) const LEAST_CUT: f64 = 1e-6;

/// Returns `t = clamp(10 (1 + x / c), 0, 1)` and the window `3t^2 - 2t^3`.
#[inline(always)]
fn window<R: Real>(x: R, cut: R) -> (R, R) {
    let t = (x.lit(10.0) * (x.one() + x / cut)).clamp(0.0, 1.0);
    (t, t * t * (x.lit(3.0) - x.lit(2.0) * t))
}

/// Returns D times the window `3t^2 - 2t^3`, `t = clamp(10 (1 + x / c), 0, 1)`, in every form (MATH 3, `Smooth`).
#[inline(always)]
pub fn smooth_window<R: Real>(p: &Probability<R>, x: R, cut: R) -> Probability<R> {
    let cut = cut.max(x.lit(LEAST_CUT));
    let (t, window) = window(x, cut);
    let moves = t.gt(x.zero()) & t.lt(x.one());
    let slope = (x.lit(6.0) * t * (x.one() - t) * x.lit(10.0) / cut).keep(moves);
    let held = window.max(x.lit(1e-30));
    let d = p.d * window;
    let not_d = p.not_d + p.d * (x.one() - window);
    let density = p.density * window + p.d * slope;
    Probability {
        d,
        not_d,
        mantissa: p.mantissa * window,
        exponent: p.exponent,
        density,
        score: p.score + slope / held,
        hazard: R::select(moves, density / not_d.max(x.lit(1e-30)), p.hazard),
    }
}

/// Returns the gradient to the probability before [`smooth_window`], at a fixed window, given `grad` after it.
#[inline(always)]
pub fn smooth_window_vjp<R: Real>(
    p: &Probability<R>,
    x: R,
    cut: R,
    grad: &ProbabilityGrad<R>,
) -> ProbabilityGrad<R> {
    let (_, window) = window(x, cut.max(x.lit(LEAST_CUT)));
    let not_d = p.not_d + p.d * (x.one() - window);
    ProbabilityGrad {
        d: grad.d * window,
        ln_d: grad.ln_d,
        ln_not_d: grad.ln_not_d * window * p.not_d / not_d.max(x.lit(1e-30)),
    }
}
