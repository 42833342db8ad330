//! The scalar every formula is written over: [`Real`], and its storable kind, [`Scalar`].
//!
//! A formula is written once, generic over `R: Real`, and runs on `f32`, `f64`, dual numbers and SIMD lanes.
//! So that lanes work too, a constant is made from a value at hand ([`Real::lit`]), a comparison gives a
//! [`Mask`], and a choice is [`Real::select`], never an `if` on values.

use core::fmt::Debug;
use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

use super::exp::{NEAREST, exp_f32};

/// The answer of a comparison: one truth value for each lane.
pub trait Mask: Copy + Debug + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self> {
    /// Tells whether any lane holds.
    fn any(self) -> bool;
}

impl Mask for bool {
    #[inline(always)]
    fn any(self) -> bool {
        self
    }
}

/// A real number, or a vector of lanes of them, that the formulas are written over.
pub trait Real:
    Copy
    + Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
{
    /// The truth value of a comparison.
    type Mask: Mask;
    /// The number one lane holds.
    type Scalar: super::custom::Erase;
    /// How many lanes a value has.
    const LANES: usize;

    /// Returns the constant `c`, of the kind of `self` (lane types carry a token, so there is no `R::zero()`).
    fn lit(self, c: f64) -> Self;
    /// Returns `value` in every lane.
    fn splat(self, value: Self::Scalar) -> Self;
    /// Returns the number of lane `i`, `i < LANES`.
    fn lane(self, i: usize) -> Self::Scalar;
    /// Builds a value lane by lane; this is also how a table is looked up.
    fn per_lane(self, f: impl FnMut(usize) -> Self::Scalar) -> Self;
    /// Returns a mask that is `value` in every lane.
    fn mask(self, value: bool) -> Self::Mask;
    /// Returns a mask lane by lane.
    fn mask_lane(mask: Self::Mask, i: usize) -> bool;

    /// Returns the sum of the lanes, by halves: lane i and lane i + n/2, until one is left.
    #[inline(always)]
    fn sum(self) -> Self::Scalar {
        let mut table = [self.lane(0); 16];
        for (i, place) in table.iter_mut().enumerate().take(Self::LANES) {
            *place = self.lane(i);
        }
        let mut half = Self::LANES / 2;
        while half > 0 {
            for i in 0..half {
                let other = table[i + half];
                table[i] += other;
            }
            half /= 2;
        }
        table[0]
    }
    /// Returns the sum of the lanes of each of four values, each as [`Real::sum`] adds them.
    #[inline(always)]
    fn sums([a, b, c, d]: &[Self; 4]) -> [Self::Scalar; 4] {
        [a.sum(), b.sum(), c.sum(), d.sum()]
    }
    /// Returns a bit for each lane of `mask`, lane 0 the lowest.
    #[inline(always)]
    fn bits(mask: Self::Mask) -> u32 {
        (0..Self::LANES).fold(0, |bits, i| bits | u32::from(Self::mask_lane(mask, i)) << i)
    }
    /// Returns how many lanes of `mask` hold.
    #[inline(always)]
    fn count(mask: Self::Mask) -> usize {
        Self::bits(mask).count_ones() as usize
    }
    /// Reads `LANES` numbers from the start of `from`.
    #[inline(always)]
    fn load(self, from: &[Self::Scalar]) -> Self {
        self.per_lane(|i| from[i])
    }
    /// Reads `LANES` numbers four at a time, each four `stride` after those before.
    #[inline(always)]
    fn load_fours(self, from: &[Self::Scalar], stride: usize) -> Self {
        self.per_lane(|i| from[i / 4 * stride + i % 4])
    }
    /// Writes the lanes to the start of `to`.
    #[inline(always)]
    fn store(self, to: &mut [Self::Scalar]) {
        for (i, place) in to.iter_mut().enumerate().take(Self::LANES) {
            *place = self.lane(i);
        }
    }

    /// Returns `yes` where `mask` holds, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Tells where `self < other`.
    fn lt(self, other: Self) -> Self::Mask;
    /// Tells where `self <= other`.
    fn le(self, other: Self) -> Self::Mask;
    /// Tells where `self == other`.
    fn same(self, other: Self) -> Self::Mask;

    /// Returns e to the power `self`.
    fn exp(self) -> Self;
    /// Returns 2 to the power `self`, an integer from -126 to 127.
    fn pow2(self) -> Self;
    /// Returns the integer nearest to `self`, which is from -126 to 127, and 2 to its power.
    #[inline(always)]
    fn nearest_pow2(self) -> (Self, Self) {
        let n = (self + self.lit(0.5)).floor();
        (n, n.pow2())
    }
    /// Returns the natural logarithm.
    fn ln(self) -> Self;
    /// Returns the square root.
    fn sqrt(self) -> Self;
    /// Returns the absolute value.
    fn abs(self) -> Self;
    /// Returns the largest integer not above `self`.
    fn floor(self) -> Self;

    /// Tells where `self > other`.
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        other.lt(self)
    }
    /// Tells where `self >= other`.
    #[inline(always)]
    fn ge(self, other: Self) -> Self::Mask {
        other.le(self)
    }
    /// Returns zero.
    #[inline(always)]
    fn zero(self) -> Self {
        self.lit(0.0)
    }
    /// Returns one.
    #[inline(always)]
    fn one(self) -> Self {
        self.lit(1.0)
    }
    /// Returns the smaller of the two.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(other.lt(self), other, self)
    }
    /// Returns the larger of the two.
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(self.lt(other), other, self)
    }
    /// Returns `self` held between `low` and `high`.
    #[inline(always)]
    fn clamp(self, low: f64, high: f64) -> Self {
        self.max(self.lit(low)).min(self.lit(high))
    }
    /// Returns `1 / self`.
    #[inline(always)]
    fn recip(self) -> Self {
        self.one() / self
    }
    /// Returns `self * self`.
    #[inline(always)]
    fn sq(self) -> Self {
        self * self
    }
    /// Does rare or large work on values of this kind out of line, so that kernels stay small.
    #[inline(always)]
    fn apart<T>(self, work: impl FnOnce() -> T) -> T {
        super::custom::apart(work)
    }
    /// Returns `self` where `mask` holds, else zero.
    #[inline(always)]
    fn keep(self, mask: Self::Mask) -> Self {
        Self::select(mask, self, self.zero())
    }
}

/// A real number that arrays hold: `f32`, `f64` or a dual number.
pub trait Scalar:
    Real<Mask = bool, Scalar = Self> + Default + PartialOrd + PartialEq + Send + Sync + 'static
{
    /// The name shown in reports: `f32`, `f64`, `dual`.
    const NAME: &'static str;
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// The nearest number to `value`.
    fn from_f64(value: f64) -> Self;
    /// The value, widened (of a dual number, its real part).
    fn to_f64(self) -> f64;
    /// Tells whether the number, and its derivative if it carries one, is neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

macro_rules! scalar_is_real {
    ($t:ident, $exp:expr, $pow2:expr, $nearest_pow2:expr) => {
        impl Real for $t {
            type Mask = bool;
            type Scalar = $t;
            const LANES: usize = 1;

            #[inline(always)]
            fn lit(self, c: f64) -> Self {
                c as $t
            }
            #[inline(always)]
            fn splat(self, value: $t) -> Self {
                value
            }
            #[inline(always)]
            fn lane(self, _: usize) -> $t {
                self
            }
            #[inline(always)]
            fn per_lane(self, mut f: impl FnMut(usize) -> $t) -> Self {
                f(0)
            }
            #[inline(always)]
            fn mask(self, value: bool) -> bool {
                value
            }
            #[inline(always)]
            fn mask_lane(mask: bool, _: usize) -> bool {
                mask
            }
            #[inline(always)]
            fn select(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }
            #[inline(always)]
            fn lt(self, other: Self) -> bool {
                self < other
            }
            #[inline(always)]
            fn le(self, other: Self) -> bool {
                self <= other
            }
            #[inline(always)]
            #[expect(clippy::float_cmp, reason = "this is the exact comparison that formulas ask for")]
            fn same(self, other: Self) -> bool {
                self == other
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $exp(self)
            }
            #[inline(always)]
            fn pow2(self) -> Self {
                $pow2(self)
            }
            #[inline(always)]
            fn nearest_pow2(self) -> (Self, Self) {
                $nearest_pow2(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $t::ln(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                $t::floor(self)
            }
        }

        impl Scalar for $t {
            const NAME: &'static str = stringify!($t);
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
        }
    };
}

scalar_is_real!(f32, exp_f32, |n: f32| f32::from_bits(((n + 127.0) as u32) << 23), |x: f32| {
    let shifted = x + NEAREST as f32;
    (shifted - NEAREST as f32, f32::from_bits(shifted.to_bits() << 23))
});
scalar_is_real!(f64, f64::exp, f64::exp2, |x: f64| (x.round(), x.round().exp2()));
