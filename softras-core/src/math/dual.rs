//! Dual numbers: a value and its exact derivative along one direction, the oracle for every `_vjp`.

use core::cmp::Ordering;
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::real::{Real, Scalar};

/// A value and its derivative along one direction, in `f64`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual {
    /// The value.
    pub value: f64,
    /// The derivative of the value along the chosen direction.
    pub slope: f64,
}

impl Dual {
    /// Returns the number `value` that moves with `slope`.
    #[must_use]
    pub const fn new(value: f64, slope: f64) -> Self {
        Self { value, slope }
    }
}

// Comparisons see the value alone: a branch of the maths does not depend on the direction.
impl PartialEq for Dual {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl PartialOrd for Dual {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}
impl Add for Dual {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self::new(self.value + o.value, self.slope + o.slope)
    }
}
impl Sub for Dual {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self::new(self.value - o.value, self.slope - o.slope)
    }
}
impl Mul for Dual {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self::new(self.value * o.value, self.slope * o.value + self.value * o.slope)
    }
}
impl Div for Dual {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let value = self.value / o.value;
        Self::new(value, (self.slope - value * o.slope) / o.value)
    }
}
impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.value, -self.slope)
    }
}
impl AddAssign for Dual {
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}
impl SubAssign for Dual {
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

impl Real for Dual {
    type Mask = bool;
    type Scalar = Self;
    const LANES: usize = 1;

    fn lit(self, c: f64) -> Self {
        Self::new(c, 0.0)
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
        self.value < other.value
    }
    fn le(self, other: Self) -> bool {
        self.value <= other.value
    }
    fn same(self, other: Self) -> bool {
        self == other
    }
    fn exp(self) -> Self {
        let value = self.value.exp();
        Self::new(value, value * self.slope)
    }
    fn pow2(self) -> Self {
        let value = self.value.exp2();
        Self::new(value, value * core::f64::consts::LN_2 * self.slope)
    }
    fn ln(self) -> Self {
        Self::new(self.value.ln(), self.slope / self.value)
    }
    fn sqrt(self) -> Self {
        let value = self.value.sqrt();
        Self::new(value, 0.5 * self.slope / value)
    }
    fn abs(self) -> Self {
        if self.value < 0.0 { -self } else { self }
    }
    fn floor(self) -> Self {
        Self::new(self.value.floor(), 0.0)
    }
}

impl Scalar for Dual {
    const NAME: &'static str = "dual";
    const ZERO: Self = Self::new(0.0, 0.0);
    const ONE: Self = Self::new(1.0, 0.0);
    fn from_f64(value: f64) -> Self {
        Self::new(value, 0.0)
    }
    fn to_f64(self) -> f64 {
        self.value
    }
    fn is_finite(self) -> bool {
        self.value.is_finite() && self.slope.is_finite()
    }
}
