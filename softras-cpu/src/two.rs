//! Two vectors of lanes as one: two chains of dependent steps, side by side, fill a core that one leaves half idle.

use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

use softras_core::math::{
    BoundingBox, Clipped, ColorContext, Face, Mask, Probability, Real, Setting, Shade, Touch, Triangle, Vec2,
};

/// Two vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Two<T>(pub(crate) T, pub(crate) T);

macro_rules! operators {
    ($bound:ident: $($op:ident, $f:ident;)+) => {$(
        impl<T: $bound> $op for Two<T> {
            type Output = Self;
            #[inline(always)]
            fn $f(self, other: Self) -> Self {
                Self(self.0.$f(other.0), self.1.$f(other.1))
            }
        }
    )+};
}
operators! { Real: Add, add; Sub, sub; Mul, mul; Div, div; }
operators! { Mask: BitAnd, bitand; BitOr, bitor; }

impl<L: Real> Neg for Two<L> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}
impl<L: Real> AddAssign for Two<L> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
        self.1 += other.1;
    }
}
impl<L: Real> SubAssign for Two<L> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
        self.1 -= other.1;
    }
}
impl<M: Mask> Not for Two<M> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0, !self.1)
    }
}
impl<M: Mask> Mask for Two<M> {
    #[inline(always)]
    fn any(self) -> bool {
        (self.0 | self.1).any()
    }
}

/// Does the same to both.
macro_rules! both {
    ($($f:ident($($other:ident),*);)+) => {$(
        #[inline(always)]
        fn $f(self $(, $other: Self)*) -> Self {
            Self(self.0.$f($($other.0),*), self.1.$f($($other.1),*))
        }
    )+};
}

impl<L: Real> Real for Two<L> {
    type Mask = Two<L::Mask>;
    type Scalar = L::Scalar;
    const LANES: usize = 2 * L::LANES;

    both! { exp(); pow2(); ln(); sqrt(); abs(); floor(); min(other); max(other); }

    #[inline(always)]
    fn lit(self, c: f64) -> Self {
        Self::twice(self.0.lit(c))
    }
    #[inline(always)]
    fn splat(self, value: L::Scalar) -> Self {
        Self::twice(self.0.splat(value))
    }
    #[inline(always)]
    fn lane(self, i: usize) -> L::Scalar {
        if i < L::LANES { self.0.lane(i) } else { self.1.lane(i - L::LANES) }
    }
    #[inline(always)]
    fn per_lane(self, mut f: impl FnMut(usize) -> L::Scalar) -> Self {
        let first = self.0.per_lane(&mut f);
        Self(first, self.1.per_lane(|i| f(i + L::LANES)))
    }
    #[inline(always)]
    fn mask(self, value: bool) -> Self::Mask {
        Two(self.0.mask(value), self.1.mask(value))
    }
    #[inline(always)]
    fn mask_lane(mask: Self::Mask, i: usize) -> bool {
        if i < L::LANES { L::mask_lane(mask.0, i) } else { L::mask_lane(mask.1, i - L::LANES) }
    }
    #[inline(always)]
    fn sum(self) -> L::Scalar {
        (self.0 + self.1).sum()
    }
    #[inline(always)]
    fn bits(mask: Self::Mask) -> u32 {
        L::bits(mask.0) | L::bits(mask.1) << L::LANES
    }
    #[inline(always)]
    fn load(self, from: &[L::Scalar]) -> Self {
        Self(self.0.load(from), self.1.load(&from[L::LANES..]))
    }
    #[inline(always)]
    fn apart<T>(self, work: impl FnOnce() -> T) -> T {
        self.0.apart(work)
    }
    #[inline(always)]
    fn store(self, to: &mut [L::Scalar]) {
        self.0.store(to);
        self.1.store(&mut to[L::LANES..]);
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(L::select(mask.0, yes.0, no.0), L::select(mask.1, yes.1, no.1))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        Two(self.0.lt(other.0), self.1.lt(other.1))
    }
    #[inline(always)]
    fn le(self, other: Self) -> Self::Mask {
        Two(self.0.le(other.0), self.1.le(other.1))
    }
    #[inline(always)]
    fn same(self, other: Self) -> Self::Mask {
        Two(self.0.same(other.0), self.1.same(other.1))
    }
    #[inline(always)]
    fn nearest_pow2(self) -> (Self, Self) {
        let (a, b) = (self.0.nearest_pow2(), self.1.nearest_pow2());
        (Self(a.0, b.0), Self(a.1, b.1))
    }
}

impl<T: Copy> Two<T> {
    /// Returns the same vector twice.
    #[inline(always)]
    pub(crate) fn twice(one: T) -> Self {
        Self(one, one)
    }
}

/// What is made of vectors, and can be made of pairs of them. Written out, without closures: those need not be compiled
/// for the instruction set.
pub(crate) trait Twin: Sized {
    /// The same, of pairs.
    type Pair;
    /// Joins two.
    fn join(a: &Self, b: &Self) -> Self::Pair;
}

/// Takes a pair apart.
pub(crate) trait Halves {
    /// One of the two.
    type Half;
    /// Returns both.
    fn halves(&self) -> (Self::Half, Self::Half);
}

macro_rules! three {
    ($a:expr, $b:expr, $join:path) => {
        [$join(&$a[0], &$b[0]), $join(&$a[1], &$b[1]), $join(&$a[2], &$b[2])]
    };
}

#[inline(always)]
const fn number<T: Copy>(a: &T, b: &T) -> Two<T> {
    Two(*a, *b)
}

impl<L: Real> Twin for Vec2<L> {
    type Pair = Vec2<Two<L>>;
    #[inline(always)]
    fn join(a: &Self, b: &Self) -> Vec2<Two<L>> {
        Vec2 { x: Two(a.x, b.x), y: Two(a.y, b.y) }
    }
}

impl<'a, L: Real> Twin for Face<'a, L> {
    type Pair = Face<'a, Two<L>>;
    /// The texels are those of the first.
    #[inline(always)]
    fn join(a: &Self, b: &Self) -> Face<'a, Two<L>> {
        let (s, t) = (&a.triangle, &b.triangle);
        Face {
            triangle: Triangle {
                p: three!(s.p, t.p, Vec2::join),
                e: three!(s.e, t.e, Vec2::join),
                inv_e_sq: three!(s.inv_e_sq, t.inv_e_sq, number),
                along: three!(s.along, t.along, Vec2::join),
                slopes: three!(s.slopes, t.slopes, Vec2::join),
                inv_det: Two(s.inv_det, t.inv_det),
                z: three!(s.z, t.z, number),
                inv_z: three!(s.inv_z, t.inv_z, number),
                solid: Two(s.solid, t.solid),
                colored: Two(s.colored, t.colored),
                counter_clockwise: Two(s.counter_clockwise, t.counter_clockwise),
            },
            bounds: BoundingBox {
                low: Vec2::join(&a.bounds.low, &b.bounds.low),
                high: Vec2::join(&a.bounds.high, &b.bounds.high),
            },
            number: Two(a.number, b.number),
            texels: a.texels,
        }
    }
}

/// Returns the same setting for pairs.
#[inline(always)]
pub(crate) fn setting<'a, L: Real>(one: &Setting<'a, L>) -> Setting<'a, Two<L>> {
    Setting {
        inv_sigma: Two::twice(one.inv_sigma),
        cut: Two::twice(one.cut),
        cut_slope: Two::twice(one.cut_slope),
        bound: Two::twice(one.bound),
        box_reach: Two::twice(one.box_reach),
        boxed: one.boxed,
        cutoff: one.cutoff,
        distribution_shape: Two::twice(one.distribution_shape),
        t_conorm_shape: Two::twice(one.t_conorm_shape),
        faces: Two::twice(one.faces),
        near: Two::twice(one.near),
        far: Two::twice(one.far),
        depth_map: one.depth_map,
        interpolation: one.interpolation,
        facing: one.facing,
        color: ColorContext {
            rate: Two::twice(one.color.rate),
            inv_gamma: Two::twice(one.color.inv_gamma),
            background_nearness: Two::twice(one.color.background_nearness),
            weights: one.color.weights,
        },
    }
}

macro_rules! half {
    ($numbers:expr, $n:tt) => {
        [$numbers[0].$n, $numbers[1].$n, $numbers[2].$n]
    };
}

impl<L: Real> Halves for Touch<Two<L>> {
    type Half = Touch<L>;
    #[inline(always)]
    fn halves(&self) -> (Touch<L>, Touch<L>) {
        macro_rules! of {
            ($n:tt) => {
                Touch {
                    member: self.member.$n,
                    w: half!(self.w, $n),
                    x: self.x.$n,
                    p: Probability {
                        d: self.p.d.$n,
                        not_d: self.p.not_d.$n,
                        mantissa: self.p.mantissa.$n,
                        exponent: self.p.exponent.$n,
                        density: self.p.density.$n,
                        score: self.p.score.$n,
                        hazard: self.p.hazard.$n,
                    },
                }
            };
        }
        (of!(0), of!(1))
    }
}

impl<L: Real> Halves for Shade<Two<L>> {
    type Half = Shade<L>;
    #[inline(always)]
    fn halves(&self) -> (Shade<L>, Shade<L>) {
        macro_rules! of {
            ($n:tt) => {
                Shade {
                    member: self.member.$n,
                    clipped: Clipped {
                        c: half!(self.clipped.c, $n),
                        inv_sum: self.clipped.inv_sum.$n,
                        free: half!(self.clipped.free, $n),
                    },
                    depth: self.depth.$n,
                    weights: half!(self.weights, $n),
                    nearness: self.nearness.$n,
                }
            };
        }
        (of!(0), of!(1))
    }
}
