//! `f32` as other machines compute it: the reference over these numbers says what a rung costs, without the machine.
//!
//! A number carries the exact product it was rounded from, if it is one, so that a sum can fuse it.

use core::cmp::Ordering;
use core::fmt::Debug;
use core::marker::PhantomData;
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use softras_core::math::{
    ColorOn, DistanceOn, DistributionOn, EXP_LOWEST, Erase, ErasedColor, ErasedDistance, ErasedDistribution,
    ErasedSilhouette, Euclidean, Logistic, ProbabilisticOr, Real, Scalar, SilhouetteOn, Softmax, exp_f32,
};

use crate::scene::scramble;

/// How a machine computes.
pub(crate) trait Arithmetic: Copy + Debug + Default + Send + Sync + 'static {
    /// Whether a product and a sum are rounded once.
    const FUSES: bool;
    /// e to the power `x`.
    fn exp(x: Emulated<Self>) -> Emulated<Self>;
    /// `a / b`.
    fn quotient(a: f32, b: f32) -> f32 {
        a / b
    }
    /// The natural logarithm.
    fn ln(x: f32) -> f32 {
        x.ln()
    }
    /// The square root.
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
}

/// Scalar host code: the platform's `exp`, nothing fused.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Host;

impl Arithmetic for Host {
    const FUSES: bool = false;
    fn exp(x: Emulated<Self>) -> Emulated<Self> {
        Emulated::new(x.value.exp())
    }
}

/// A device that fuses wherever it can, with the polynomial `exp` of the core.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fusing;

impl Arithmetic for Fusing {
    const FUSES: bool = true;
    fn exp(x: Emulated<Self>) -> Emulated<Self> {
        exp_f32(x)
    }
}

/// A device that fuses wherever it can and is otherwise as loose as WGSL allows, in either direction: `exp` 3 + 2 |x|
/// ulp, division 2.5 ulp, the square root 3 ulp, `ln` 2^-21 from 0.5 to 2 and 3 ulp elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loosest;

impl Arithmetic for Loosest {
    const FUSES: bool = true;
    fn exp(x: Emulated<Self>) -> Emulated<Self> {
        let x = f64::from(x.value);
        if x < EXP_LOWEST {
            return Emulated::new(0.0); // the core asks for it
        }
        let exact = x.min(softras_core::math::EXP_HIGHEST).exp();
        Emulated::new(off(exact, (3.0 + 2.0 * x.abs()) * ulp(exact)))
    }
    fn quotient(a: f32, b: f32) -> f32 {
        let exact = f64::from(a) / f64::from(b);
        off(exact, 2.5 * ulp(exact))
    }
    fn ln(x: f32) -> f32 {
        let exact = f64::from(x).ln();
        off(exact, if (0.5..=2.0).contains(&x) { f64::powi(2.0, -21) } else { 3.0 * ulp(exact) })
    }
    fn sqrt(x: f32) -> f32 {
        let exact = f64::from(x).sqrt();
        off(exact, 3.0 * ulp(exact))
    }
}

/// The distance of two `f32` at `x`.
fn ulp(x: f64) -> f64 {
    let exponent = if x.is_normal() { x.abs().log2().floor().max(-126.0) } else { -126.0 };
    (exponent - 23.0).exp2()
}

/// `exact`, off by up to `most` in a direction that its bits decide: the same for the same number.
fn off(exact: f64, most: f64) -> f32 {
    let noise = (scramble(exact.to_bits()) >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
    let out = (exact + most * noise) as f32;
    // Rounding to f32 is part of what is allowed: never beyond it.
    if (f64::from(out) - exact).abs() > most { exact as f32 } else { out }
}

/// An `f32` of a machine that computes as `A` says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Emulated<A> {
    value: f32,
    exact: f64, // the product that was rounded, else the value
    machine: PhantomData<A>,
}

impl<A: Arithmetic> Emulated<A> {
    fn new(value: f32) -> Self {
        Self { value, exact: f64::from(value), machine: PhantomData }
    }
}

impl<A> PartialEq for Emulated<A> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<A> PartialOrd for Emulated<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}
impl<A: Arithmetic> Add for Emulated<A> {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        let is_product = |x: &Self| (x.exact - f64::from(x.value)).abs() > 0.0;
        Self::new(match A::FUSES {
            true if is_product(&self) => (self.exact + f64::from(o.value)) as f32,
            true if is_product(&o) => (f64::from(self.value) + o.exact) as f32,
            _ => self.value + o.value,
        })
    }
}
impl<A: Arithmetic> Neg for Emulated<A> {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, exact: -self.exact, ..self }
    }
}
impl<A: Arithmetic> Sub for Emulated<A> {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}
impl<A: Arithmetic> Mul for Emulated<A> {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let exact = f64::from(self.value) * f64::from(o.value);
        Self { exact, ..Self::new(self.value * o.value) }
    }
}
impl<A: Arithmetic> Div for Emulated<A> {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        Self::new(A::quotient(self.value, o.value))
    }
}
impl<A: Arithmetic> AddAssign for Emulated<A> {
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}
impl<A: Arithmetic> SubAssign for Emulated<A> {
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

impl<A: Arithmetic> Real for Emulated<A> {
    type Mask = bool;
    type Scalar = Self;
    const LANES: usize = 1;

    fn lit(self, c: f64) -> Self {
        Self::new(c as f32)
    }
    fn splat(self, value: Self) -> Self {
        value
    }
    fn lane(self, _: usize) -> Self {
        self
    }
    fn per_lane(self, mut f: impl FnMut(usize) -> Self) -> Self {
        f(0)
    }
    fn mask(self, value: bool) -> bool {
        value
    }
    fn mask_lane(mask: bool, _: usize) -> bool {
        mask
    }
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }
    fn lt(self, other: Self) -> bool {
        self < other
    }
    fn le(self, other: Self) -> bool {
        self <= other
    }
    fn same(self, other: Self) -> bool {
        self == other
    }
    fn exp(self) -> Self {
        A::exp(self)
    }
    fn pow2(self) -> Self {
        Self::new(f32::exp2(self.value))
    }
    fn ln(self) -> Self {
        Self::new(A::ln(self.value))
    }
    fn sqrt(self) -> Self {
        Self::new(A::sqrt(self.value))
    }
    fn abs(self) -> Self {
        if self.value < 0.0 { -self } else { self }
    }
    fn floor(self) -> Self {
        Self::new(self.value.floor())
    }
}

impl<A: Arithmetic> Scalar for Emulated<A> {
    // It stands for an f32, and back ends that list f32 take it.
    const NAME: &'static str = "f32";
    const ZERO: Self = Self { value: 0.0, exact: 0.0, machine: PhantomData };
    const ONE: Self = Self { value: 1.0, exact: 1.0, machine: PhantomData };
    fn from_f64(value: f64) -> Self {
        Self::new(value as f32)
    }
    fn to_f64(self) -> f64 {
        f64::from(self.value)
    }
    fn is_finite(self) -> bool {
        self.value.is_finite()
    }
}

/// Parts of the user's own are never drawn here: the built-in ones stand in their place.
impl<A: Arithmetic> Erase for Emulated<A> {
    fn distance(_: &dyn ErasedDistance) -> &dyn DistanceOn<Self> {
        &Euclidean
    }
    fn distribution(_: &dyn ErasedDistribution) -> &dyn DistributionOn<Self> {
        &Logistic
    }
    fn silhouette(_: &dyn ErasedSilhouette) -> &dyn SilhouetteOn<Self> {
        &ProbabilisticOr
    }
    fn color(_: &dyn ErasedColor) -> &dyn ColorOn<Self> {
        &Softmax
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fusing_machine_rounds_a_product_and_a_sum_once() {
        let (a, b) = (1.0 + f32::EPSILON, 1.0 - f32::EPSILON);
        fn residue<A: Arithmetic>(a: f32, b: f32) -> f64 {
            let new = Emulated::<A>::new;
            (new(a) * new(b) - new(1.0)).to_f64()
        }
        assert_eq!(residue::<Host>(a, b).to_bits(), 0.0_f64.to_bits());
        let exact = f64::from(a.mul_add(b, -1.0));
        assert!(exact < 0.0);
        assert_eq!(residue::<Fusing>(a, b).to_bits(), exact.to_bits());
    }

    #[test]
    fn the_loosest_machine_is_as_loose_as_allowed_and_no_looser() {
        let mut worst = (0.0_f64, 0.0_f64);
        for i in 1..20_000 {
            let x = -60.0 + 0.004 * i as f32;
            let exact = f64::from(x).exp();
            let exp = Emulated::<Loosest>::new(x).exp().to_f64();
            worst.0 = worst.0.max((exp - exact).abs() / ulp(exact) / (3.0 + 2.0 * f64::from(x.abs())));
            let exact = 1.0 / f64::from(x);
            let quotient = Emulated::<Loosest>::new(x).recip().to_f64();
            worst.1 = worst.1.max((quotient - exact).abs() / ulp(exact) / 2.5);
        }
        assert!((0.95..=1.0).contains(&worst.0) && (0.95..=1.0).contains(&worst.1), "{worst:?}");
    }
}
