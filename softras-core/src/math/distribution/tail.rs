//! The two sides of a distribution, D and 1 - D, each with the forms that keep its tail.

use super::Probability;
use crate::math::real::Real;

/// The exponent of a probability that is 0, its mantissa 1: as good as minus infinity, and finite.
const NOTHING: f64 = -1e30;

/// One side of a distribution: D, or 1 - D.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<R> {
    /// The probability of this side.
    pub(super) mass: R,
    /// `mass = mantissa * exp(exponent)`.
    pub(super) mantissa: R,
    /// See `mantissa`; not above 0.
    pub(super) exponent: R,
    /// Density over mass.
    pub(super) rate: R,
}

impl<R: Real> Side<R> {
    /// Returns a side whose mass is never too small to be held.
    #[inline(always)]
    pub(super) fn of(mass: R, density: R) -> Self {
        let zero = mass.zero();
        let some = mass.gt(zero);
        let rate = (density / R::select(some, mass, mass.one())).keep(some);
        Self {
            mass,
            mantissa: R::select(some, mass, mass.one()),
            exponent: R::select(some, zero, mass.lit(NOTHING)),
            rate,
        }
    }

    /// Returns a side that is 0 and stays so where `some` does not hold.
    #[inline(always)]
    pub(super) fn keep(self, some: R::Mask) -> Self {
        Self {
            mass: self.mass.keep(some),
            mantissa: R::select(some, self.mantissa, self.mass.one()),
            exponent: R::select(some, self.exponent, self.mass.lit(NOTHING)),
            rate: self.rate.keep(some),
        }
    }

    /// Returns `yes` where `mask` holds, else `no`.
    #[inline(always)]
    pub(super) fn select(mask: R::Mask, yes: Self, no: Self) -> Self {
        Self {
            mass: R::select(mask, yes.mass, no.mass),
            mantissa: R::select(mask, yes.mantissa, no.mantissa),
            exponent: R::select(mask, yes.exponent, no.exponent),
            rate: R::select(mask, yes.rate, no.rate),
        }
    }
}

/// Both sides of a distribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<R> {
    /// D.
    pub(super) below: Side<R>,
    /// 1 - D.
    pub(super) above: Side<R>,
    /// The density.
    pub(super) density: R,
}

impl<R: Real> Sides<R> {
    /// Returns the sides at x of a symmetric distribution, given the side beyond |x|.
    #[inline(always)]
    pub(super) fn symmetric(x: R, beyond: Side<R>, density: R) -> Self {
        let within = Side::of(x.one() - beyond.mass, density);
        let positive = x.gt(x.zero());
        Self {
            below: Side::select(positive, within, beyond),
            above: Side::select(positive, beyond, within),
            density,
        }
    }

    /// Returns the sides of `1 - F(-x)`, given those of F at -x.
    #[inline(always)]
    pub(super) fn reversed(self) -> Self {
        Self { below: self.above, above: self.below, density: self.density }
    }

    /// Returns them as aggregators want them.
    #[inline(always)]
    pub(super) fn probability(self) -> Probability<R> {
        Probability {
            d: self.below.mass,
            not_d: self.above.mass,
            mantissa: self.below.mantissa,
            exponent: self.below.exponent,
            density: self.density,
            score: self.below.rate,
            hazard: self.above.rate,
        }
    }
}
