//! The symmetric distributions beside the logistic, each in its plain standard form: `F(-x) = 1 - F(x)`.
//!
//! To add one: implement [`DistributionFunction`] here, and name it in [`symmetric!`]. The enum, its words, the
//! capabilities, the samplers and every law follow from the list; a device adds a section to its twin of the file.

use core::f64::consts::{FRAC_1_PI, FRAC_2_PI, SQRT_2};

use super::tail::{Side, Sides};
use super::{Distribution, DistributionFunction, Probability};
use crate::math::real::Real;
use crate::math::special::{atan_ratio, cap_ratio, erfcx};

/// Hands the list of this file, after what came before, to the macro `then`.
macro_rules! symmetric {
    ($then:ident, $($before:tt)*) => {
        $then! {
            $($before)*
            Uniform = "uniform",
            CubicHermite = "cubic-hermite",
            Wigner = "wigner",
            Gaussian = "gaussian",
            Laplace = "laplace",
            Gudermannian = "gudermannian",
            Cauchy = "cauchy",
            Reciprocal = "reciprocal",
            Algebraic = "algebraic",
        }
    };
}

/// Beyond this the square of x is held: it stays finite in `f32`.
const SQUARED: f64 = 1e15;
/// `1 / sqrt(2 pi)`.
const GAUSS: f64 = 0.398_942_280_401_432_7;

/// `F(x) = (1 + x) / 2` from -1 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uniform;

impl DistributionFunction for Uniform {
    const KERNEL: Option<Distribution> = Some(Distribution::Uniform);
    const SHAPED: bool = false;

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let (zero, half) = (x.zero(), x.lit(0.5));
        let mass = ((x.one() - x.abs()) * half).max(zero);
        let density = half.keep(mass.gt(zero));
        Sides::symmetric(x, Side::of(mass, density), density).probability()
    }

    fn cut(&self, dist_eps: f64, _: f64) -> f64 {
        1.0 - 2.0 * dist_eps
    }
}

/// `F(x) = 3 y^2 - 2 y^3`, `y = (1 + x) / 2`, from -1 to 1: the smooth step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CubicHermite;

impl DistributionFunction for CubicHermite {
    const KERNEL: Option<Distribution> = Some(Distribution::CubicHermite);
    const SHAPED: bool = false;

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let (one, three) = (x.one(), x.lit(3.0));
        let z = ((one - x.abs()) * x.lit(0.5)).max(x.zero());
        let density = three * z * (one - z);
        let beyond = Side::of(z * z * (three - z - z), density);
        Sides::symmetric(x, beyond, density).probability()
    }
}

/// `F(x) = 1/2 + x sqrt(1 - x^2) / pi + asin(x) / pi` from -1 to 1: the semicircle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wigner;

impl DistributionFunction for Wigner {
    const KERNEL: Option<Distribution> = Some(Distribution::Wigner);
    const SHAPED: bool = false;

    /// What lies beyond |x| is a cap of height `h = 1 - |x|`: `2 sqrt(2) / pi h^(3/2)` times a polynomial, without the
    /// cancellation of the plain form.
    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let one = x.one();
        let inside = x.abs().lt(one);
        let h = R::select(inside, one - x.abs(), one);
        let mass = x.lit(2.0 * SQRT_2 * FRAC_1_PI) * h * h.sqrt() * cap_ratio(h);
        let density = (x.lit(FRAC_2_PI) * (h * (one + one - h)).sqrt()).keep(inside);
        Sides::symmetric(x, Side::of(mass.keep(inside), density), density).probability()
    }
}

/// `F(x) = (1 + erf(x / sqrt 2)) / 2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaussian;

impl DistributionFunction for Gaussian {
    const KERNEL: Option<Distribution> = Some(Distribution::Gaussian);
    const SHAPED: bool = false;

    /// What lies beyond |x| is `erfcx(|x| / sqrt 2) / 2` times `e^(-x^2 / 2)`.
    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let half = x.lit(0.5);
        let a = x.abs().min(x.lit(SQUARED));
        let exponent = -(half * a * a);
        let bell = exponent.exp();
        let mantissa = half * erfcx(a * x.lit(0.5 * SQRT_2));
        let beyond = Side { mass: mantissa * bell, mantissa, exponent, rate: x.lit(GAUSS) / mantissa };
        Sides::symmetric(x, beyond, x.lit(GAUSS) * bell).probability()
    }
}

/// `F(x) = e^x / 2` for x below 0, `1 - e^-x / 2` above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Laplace;

impl DistributionFunction for Laplace {
    const KERNEL: Option<Distribution> = Some(Distribution::Laplace);
    const SHAPED: bool = false;

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let half = x.lit(0.5);
        let exponent = -x.abs();
        let mass = half * exponent.exp();
        let beyond = Side { mass, mantissa: half, exponent, rate: x.one() };
        Sides::symmetric(x, beyond, mass).probability()
    }

    fn cut(&self, dist_eps: f64, _: f64) -> f64 {
        -(2.0 * dist_eps).ln()
    }
}

/// `F(x) = 2 / pi atan(e^x)`: the hyperbolic secant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gudermannian;

impl DistributionFunction for Gudermannian {
    const KERNEL: Option<Distribution> = Some(Distribution::Gudermannian);
    const SHAPED: bool = false;

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let one = x.one();
        let exponent = -x.abs();
        let tail = exponent.exp();
        let ratio = atan_ratio(tail * tail);
        let spread = (one + tail * tail).recip();
        let mantissa = x.lit(FRAC_2_PI) * ratio;
        let beyond = Side { mass: mantissa * tail, mantissa, exponent, rate: spread / ratio };
        Sides::symmetric(x, beyond, x.lit(FRAC_2_PI) * tail * spread).probability()
    }

    fn cut(&self, dist_eps: f64, _: f64) -> f64 {
        -(dist_eps / FRAC_2_PI).tan().ln()
    }
}

/// `F(x) = 1/2 + atan(x) / pi`. A heavy tail: D is 1e-4 at x = -3183.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cauchy;

impl DistributionFunction for Cauchy {
    const KERNEL: Option<Distribution> = Some(Distribution::Cauchy);
    const SHAPED: bool = false;

    /// `atan(1 / |x|)` where |x| is above 1, so that the tail keeps its digits.
    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let one = x.one();
        let a = x.abs();
        let far = a.gt(one);
        let t = R::select(far, R::select(far, a, one).recip(), a);
        let angle = x.lit(FRAC_1_PI) * t * atan_ratio(t * t);
        let spread = x.lit(FRAC_1_PI) / (one + t * t);
        let density = R::select(far, t * t * spread, spread);
        let mass = R::select(far, angle, x.lit(0.5) - angle);
        Sides::symmetric(x, Side::of(mass, density), density).probability()
    }

    fn cut(&self, dist_eps: f64, _: f64) -> f64 {
        (dist_eps * core::f64::consts::PI).tan().recip()
    }
}

/// `F(x) = 1/2 + x / (2 (1 + |x|))`. A heavy tail: D is 1e-4 at x = -4999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reciprocal;

impl DistributionFunction for Reciprocal {
    const KERNEL: Option<Distribution> = Some(Distribution::Reciprocal);
    const SHAPED: bool = false;

    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let rate = (x.one() + x.abs()).recip();
        let mass = x.lit(0.5) * rate;
        let beyond = Side { mass, mantissa: mass, exponent: x.zero(), rate };
        Sides::symmetric(x, beyond, mass * rate).probability()
    }

    fn cut(&self, dist_eps: f64, _: f64) -> f64 {
        0.5 / dist_eps - 1.0
    }
}

/// `F(x) = 1/2 + x / (2 sqrt(1 + x^2))`: Student's with two degrees of freedom, times `sqrt 2`. A heavy tail: D is 1e-4
/// at x = -50.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Algebraic;

impl DistributionFunction for Algebraic {
    const KERNEL: Option<Distribution> = Some(Distribution::Algebraic);
    const SHAPED: bool = false;

    /// With `r = sqrt(1 + x^2)`: `1 / (2 r (r + |x|))` lies beyond |x|; all by `1 / |x|` where |x| is above 1.
    #[inline(always)]
    fn probability<R: Real>(&self, x: R, _: R) -> Probability<R> {
        let (one, half) = (x.one(), x.lit(0.5));
        let a = x.abs();
        let far = a.gt(one);
        let t = R::select(far, R::select(far, a, one).recip(), a);
        let root = (one + t * t).sqrt();
        let inverse = root.recip();
        let near_mass = half * inverse / (root + t);
        let far_mass = half * t * t * inverse / (root + one);
        let scale = half * inverse * inverse * inverse;
        let density = R::select(far, scale * t * t * t, scale);
        Sides::symmetric(x, Side::of(R::select(far, far_mass, near_mass), density), density).probability()
    }
}
