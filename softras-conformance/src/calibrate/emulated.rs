//! `f32` as other machines compute it: the reference over these numbers says what a rung costs, without the machine.
//!
//! A number carries the exact product it was rounded from, if it is one, so that a sum can fuse it.

use core::cell::Cell;
use core::cmp::Ordering;
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use softras_core::math::{
    ColorOn, DistanceOn, DistributionOn, EXP_HIGHEST, EXP_LOWEST, Erase, ErasedColor, ErasedDistance,
    ErasedDistribution, ErasedSilhouette, Euclidean, Logistic, ProbabilisticOr, Real, Scalar, SilhouetteOn,
    Softmax, exp_f32,
};

use crate::scene::scramble;

/// How a machine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// Scalar host code: the platform's `exp`, nothing fused.
    Host,
    /// Fuses wherever it can, brings the polynomial `exp` of the core, and is otherwise as loose as WGSL allows, in
    /// either direction: division 2.5 ulp, the square root 3 ulp, `ln` 2^-21 from 0.5 to 2 and 3 ulp elsewhere.
    Device,
    /// The same with the `exp` that WGSL allows: 3 + 2 |x| ulp.
    DeviceWithItsExp,
}

thread_local! {
    static MACHINE: Cell<Machine> = const { Cell::new(Machine::Host) };
}

/// Does `work` with [`Emulated`] numbers of `machine`. Which one it is does not stand in their type: the reference
/// would be compiled once more for each.
pub(crate) fn on<T>(machine: Machine, work: impl FnOnce() -> T) -> T {
    let before = MACHINE.replace(machine);
    let out = work();
    MACHINE.set(before);
    out
}

impl Machine {
    fn fuses(self) -> bool {
        self != Self::Host
    }
    fn exp(self, x: Emulated) -> Emulated {
        match self {
            Self::Host => Emulated::new(x.value.exp()),
            Self::Device => exp_f32(x),
            Self::DeviceWithItsExp => {
                let x = f64::from(x.value);
                let exact = x.min(EXP_HIGHEST).exp();
                // The core asks for zeros at the lowest.
                let held = if x < EXP_LOWEST { 0.0 } else { off(exact, (3.0 + 2.0 * x.abs()) * ulp(exact)) };
                Emulated::new(held)
            }
        }
    }
    fn quotient(self, a: f32, b: f32) -> f32 {
        let exact = f64::from(a) / f64::from(b);
        if self == Self::Host { a / b } else { off(exact, 2.5 * ulp(exact)) }
    }
    fn ln(self, x: f32) -> f32 {
        let exact = f64::from(x).ln();
        let most = if (0.5..=2.0).contains(&x) { f64::powi(2.0, -21) } else { 3.0 * ulp(exact) };
        if self == Self::Host { x.ln() } else { off(exact, most) }
    }
    fn sqrt(self, x: f32) -> f32 {
        let exact = f64::from(x).sqrt();
        if self == Self::Host { x.sqrt() } else { off(exact, 3.0 * ulp(exact)) }
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

/// An `f32` of the machine that [`on`] names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Emulated {
    value: f32,
    exact: f64, // the product that was rounded, else the value
}

impl Emulated {
    fn new(value: f32) -> Self {
        Self { value, exact: f64::from(value) }
    }
}

impl PartialEq for Emulated {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl PartialOrd for Emulated {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}
impl Add for Emulated {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        let is_product = |x: &Self| (x.exact - f64::from(x.value)).abs() > 0.0;
        Self::new(match MACHINE.get().fuses() {
            true if is_product(&self) => (self.exact + f64::from(o.value)) as f32,
            true if is_product(&o) => (f64::from(self.value) + o.exact) as f32,
            _ => self.value + o.value,
        })
    }
}
impl Neg for Emulated {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, exact: -self.exact }
    }
}
impl Sub for Emulated {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}
impl Mul for Emulated {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let exact = f64::from(self.value) * f64::from(o.value);
        Self { value: self.value * o.value, exact }
    }
}
impl Div for Emulated {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        Self::new(MACHINE.get().quotient(self.value, o.value))
    }
}
impl AddAssign for Emulated {
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}
impl SubAssign for Emulated {
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

impl Real for Emulated {
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
        MACHINE.get().exp(self)
    }
    fn pow2(self) -> Self {
        Self::new(f32::exp2(self.value))
    }
    fn ln(self) -> Self {
        Self::new(MACHINE.get().ln(self.value))
    }
    fn sqrt(self) -> Self {
        Self::new(MACHINE.get().sqrt(self.value))
    }
    fn abs(self) -> Self {
        if self.value < 0.0 { -self } else { self }
    }
    fn floor(self) -> Self {
        Self::new(self.value.floor())
    }
}

impl Scalar for Emulated {
    // It stands for an f32, and back ends that list f32 take it.
    const NAME: &'static str = "f32";
    const ZERO: Self = Self { value: 0.0, exact: 0.0 };
    const ONE: Self = Self { value: 1.0, exact: 1.0 };
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
impl Erase for Emulated {
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
        let new = Emulated::new;
        let residue = |machine| on(machine, || (new(a) * new(b) - new(1.0)).to_f64());
        assert_eq!(residue(Machine::Host).to_bits(), 0.0_f64.to_bits());
        let exact = f64::from(a.mul_add(b, -1.0));
        assert!(exact < 0.0);
        assert_eq!(residue(Machine::Device).to_bits(), exact.to_bits());
    }

    #[test]
    fn the_loosest_machine_is_as_loose_as_allowed_and_no_looser() {
        let mut worst = (0.0_f64, 0.0_f64);
        for i in 1..20_000 {
            let x = -60.0 + 0.004 * i as f32;
            let (exp, quotient) =
                on(Machine::DeviceWithItsExp, || (Emulated::new(x).exp(), Emulated::new(x).recip()));
            let exact = f64::from(x).exp();
            let allowed = 3.0 + 2.0 * f64::from(x.abs());
            worst.0 = worst.0.max((exp.to_f64() - exact).abs() / ulp(exact) / allowed);
            let exact = 1.0 / f64::from(x);
            worst.1 = worst.1.max((quotient.to_f64() - exact).abs() / ulp(exact) / 2.5);
        }
        assert!((0.95..=1.0).contains(&worst.0) && (0.95..=1.0).contains(&worst.1), "{worst:?}");
    }
}
