//! Lanes: sixteen `f32` at a time on whatever instruction set the machine has; one at a time for `f64`.
//!
//! Sixteen lanes on every level and no fused multiply-add: AVX-512, AVX2, SSE4.2, NEON and the fallback compute the same
//! bits. The level is found at run time; `SOFTRAS_SIMD` (`avx512`, `avx2`, `sse4.2`, `neon`, `baseline`) forces one that
//! the machine has.

use core::cell::Cell;
use core::fmt;
use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};
use std::sync::OnceLock;
use std::thread::LocalKey;

use fearless_simd::{
    Bytes, ExtractToken, Level, Select, Simd, SimdBase, SimdFloat, SimdMask, SimdSplit, f32x4, f32x16,
    mask32x16, u32x16,
};
use softras_core::math::{DistanceMetric, Mask, NEAREST, Real, Scalar, exp_f32};

use crate::faults;

/// Work that is generic over the lanes of a scalar type.
pub(crate) trait Kernel<R> {
    /// What it returns.
    type Output;
    /// Does the work with the lanes of `like`. Must be `#[inline(always)]`, so that it is compiled for their level.
    fn run<L: Real<Scalar = R>>(self, like: L) -> Self::Output;
}

/// A scalar type and the lanes it is computed in.
pub(crate) trait Vector: Scalar {
    /// How many lanes.
    const WIDTH: usize;
    /// This thread's room for [`with_weight_lanes`].
    fn weight_lanes() -> &'static LocalKey<Cell<Vec<Self>>>;
    /// Runs `kernel` on the lanes of the machine.
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output;
    /// As `dispatch`, on fewer instruction sets: for the kernels of every choice but the paper's, which are large and
    /// would else take most of the build.
    fn dispatch_few<K: Kernel<Self>>(kernel: K) -> K::Output {
        Self::dispatch(kernel)
    }
}

/// Tells whether a metric has a kernel of its own: the enum has none.
pub(crate) const fn has_kernel<M: DistanceMetric>() -> bool {
    let kernel = M::KERNEL;
    let some = kernel.is_some();
    core::mem::forget(kernel);
    some
}

/// Calls `run` with zeros for `weights` weights, a number for each lane, `[weights, WIDTH]`.
pub(crate) fn with_weight_lanes<R: Vector, T>(weights: usize, run: impl FnOnce(&mut [R]) -> T) -> T {
    if weights == 0 {
        return run(&mut []);
    }
    let mut lanes = R::weight_lanes().take();
    lanes.clear();
    lanes.resize(weights * R::WIDTH, R::ZERO);
    let result = run(&mut lanes);
    R::weight_lanes().set(lanes);
    result
}

/// The room of each thread for gradients to weights: made once, so that a step allocates nothing.
macro_rules! weight_lanes {
    ($t:ty) => {
        fn weight_lanes() -> &'static LocalKey<Cell<Vec<Self>>> {
            thread_local! { static LANES: Cell<Vec<$t>> = const { Cell::new(Vec::new()) } }
            &LANES
        }
    };
}

impl Vector for f64 {
    const WIDTH: usize = 1;
    weight_lanes!(f64);
    #[inline]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        kernel.run(0.0)
    }
}

impl Vector for f32 {
    const WIDTH: usize = 16;
    weight_lanes!(f32);
    #[cfg(not(any(
        softras_one_level,
        softras_one_level = "avx512",
        all(target_arch = "x86_64", feature = "faults")
    )))]
    #[inline]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        fearless_simd::dispatch!(level(), simd => kernel.run(Lanes(f32x16::splat(simd, 0.0))))
    }
    /// `--cfg softras_one_level` builds the kernels once, for AVX2: a quarter of the build, for people at work on them.
    /// `--cfg softras_one_level="avx512"` does so for AVX-512.
    #[cfg(all(softras_one_level = "avx512", not(all(target_arch = "x86_64", feature = "faults"))))]
    #[inline]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        let Some(simd) = level().as_avx512() else {
            unreachable!("softras_one_level = \"avx512\" is for machines with AVX-512")
        };
        simd.vectorize(
            #[inline(always)]
            || kernel.run(Lanes(f32x16::splat(simd, 0.0))),
        )
    }
    #[cfg(all(softras_one_level, not(all(target_arch = "x86_64", feature = "faults"))))]
    #[inline]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        let Some(simd) = level().as_avx2() else {
            unreachable!("softras_one_level is for machines with AVX2")
        };
        simd.vectorize(
            #[inline(always)]
            || kernel.run(Lanes(f32x16::splat(simd, 0.0))),
        )
    }
    /// Broken kernels are built once, for the instruction set that every machine has.
    #[cfg(all(target_arch = "x86_64", feature = "faults"))]
    #[inline]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        let Some(simd) = level().as_sse2() else { unreachable!("x86_64 has SSE2") };
        simd.vectorize(
            #[inline(always)]
            || kernel.run(Lanes(f32x16::splat(simd, 0.0))),
        )
    }
    #[cfg(all(
        target_arch = "x86_64",
        not(any(softras_one_level, softras_one_level = "avx512", feature = "faults"))
    ))]
    #[inline]
    fn dispatch_few<K: Kernel<Self>>(kernel: K) -> K::Output {
        if let Some(simd) = level().as_avx2() {
            simd.vectorize(
                #[inline(always)]
                || kernel.run(Lanes(f32x16::splat(simd, 0.0))),
            )
        } else if let Some(simd) = level().as_sse2() {
            simd.vectorize(
                #[inline(always)]
                || kernel.run(Lanes(f32x16::splat(simd, 0.0))),
            )
        } else {
            unreachable!("x86_64 has SSE2")
        }
    }
}

/// Returns the level in use: the best, or the one that `SOFTRAS_SIMD` names if the machine has it.
pub(crate) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let best = Level::new();
        match std::env::var("SOFTRAS_SIMD").as_deref() {
            Ok(name) => forced(best, name).unwrap_or(best),
            Err(_) => best,
        }
    })
}

fn forced(best: Level, name: &str) -> Option<Level> {
    match name {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        "avx2" => best.as_avx2().map(Level::Avx2),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        "sse4.2" => best.as_sse4_2().map(Level::Sse4_2),
        "baseline" => Some(Level::baseline()),
        _ => None,
    }
}

/// Returns the name of the level in use.
pub(crate) fn level_name() -> String {
    format!("{:?}", level()).split(['(', ' ']).next().unwrap_or_default().to_lowercase()
}

/// Sixteen `f32`.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<S: Simd>(f32x16<S>);

/// Sixteen truth values.
#[derive(Clone, Copy)]
pub(crate) struct LaneMask<S: Simd>(mask32x16<S>);

impl<S: Simd> fmt::Debug for Lanes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.as_slice()).finish()
    }
}
impl<S: Simd> fmt::Debug for LaneMask<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016b}", self.0.to_bitmask())
    }
}

macro_rules! operators {
    ($($op:ident, $f:ident;)+) => {$(
        impl<S: Simd> $op for Lanes<S> {
            type Output = Self;
            #[inline(always)]
            fn $f(self, other: Self) -> Self {
                Self(self.0.$f(other.0))
            }
        }
    )+};
}
operators! { Add, add; Sub, sub; Mul, mul; Div, div; }

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
impl<S: Simd> AddAssign for Lanes<S> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0 + other.0;
    }
}
impl<S: Simd> SubAssign for Lanes<S> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        self.0 = self.0 - other.0;
    }
}
impl<S: Simd> BitAnd for LaneMask<S> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
impl<S: Simd> BitOr for LaneMask<S> {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
impl<S: Simd> Not for LaneMask<S> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}
impl<S: Simd> Mask for LaneMask<S> {
    #[inline(always)]
    fn any(self) -> bool {
        self.0.to_bitmask() != 0
    }
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    fn simd(self) -> S {
        ExtractToken::token(&self.0)
    }

    /// Halves the lanes twice: lane i and lane i + 8, then lane i and lane i + 4.
    #[inline(always)]
    fn quarter(self) -> f32x4<S> {
        let (low, high) = self.0.split();
        let (low, high) = (low + high).split();
        low + high
    }
}

impl<S: Simd> Real for Lanes<S> {
    type Mask = LaneMask<S>;
    type Scalar = f32;
    const LANES: usize = 16;

    #[inline(always)]
    fn lit(self, c: f64) -> Self {
        Self(f32x16::splat(self.simd(), c as f32))
    }
    #[inline(always)]
    fn splat(self, value: f32) -> Self {
        Self(f32x16::splat(self.simd(), value))
    }
    #[inline(always)]
    fn lane(self, i: usize) -> f32 {
        self.0.as_slice()[i]
    }
    #[inline(always)]
    fn per_lane(self, f: impl FnMut(usize) -> f32) -> Self {
        Self(f32x16::from_fn(self.simd(), f))
    }
    #[inline(always)]
    fn mask(self, value: bool) -> Self::Mask {
        LaneMask(mask32x16::splat(self.simd(), value))
    }
    #[inline(always)]
    fn mask_lane(mask: Self::Mask, i: usize) -> bool {
        (mask.0.to_bitmask() >> i) & 1 == 1
    }
    #[inline(always)]
    fn bits(mask: Self::Mask) -> u32 {
        mask.0.to_bitmask() as u32
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> Self {
        Self(f32x16::from_slice(self.simd(), &from[..16]))
    }
    #[inline(always)]
    fn load_fours(self, from: &[f32], stride: usize) -> Self {
        let simd = self.simd();
        let from = &from[..3 * stride + 4];
        let four = |i: usize| f32x4::from_slice(simd, &from[i * stride..][..4]);
        let (low, high) = (simd.combine_f32x4(four(0), four(1)), simd.combine_f32x4(four(2), four(3)));
        Self(simd.combine_f32x8(low, high))
    }
    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        self.0.store_slice(&mut to[..16]);
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(mask.0.select(yes.0, no.0))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        LaneMask(self.0.simd_lt(other.0))
    }
    #[inline(always)]
    fn le(self, other: Self) -> Self::Mask {
        LaneMask(self.0.simd_le(other.0))
    }
    #[inline(always)]
    fn same(self, other: Self) -> Self::Mask {
        LaneMask(self.0.simd_eq(other.0))
    }
    #[inline(always)]
    fn exp(self) -> Self {
        faults::exp(exp_f32(self))
    }
    #[inline(always)]
    fn pow2(self) -> Self {
        let biased: u32x16<S> = (self.0 + 127.0_f32).to_int();
        Self(f32x16::from_bits(biased << 23))
    }
    #[inline(always)]
    fn nearest_pow2(self) -> (Self, Self) {
        let offset = self.lit(NEAREST);
        let shifted = self + offset;
        let bits: u32x16<S> = shifted.0.bitcast();
        (shifted - offset, Self(f32x16::from_bits(bits << 23)))
    }
    // The instruction is `other < self ? other : self`, which is how `Real::min` is defined, to the sign of a zero.
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(other.0.min(self.0))
    }
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(other.0.max(self.0))
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        let table: [f32; 4] = self.quarter().to_array();
        (table[0] + table[2]) + (table[1] + table[3])
    }
    #[inline(always)]
    fn sums([a, b, c, d]: &[Self; 4]) -> [f32; 4] {
        // The last two halvings of all four at once.
        let (a, b, c, d) = (a.quarter(), b.quarter(), c.quarter(), d.quarter());
        let simd = ExtractToken::token(&a);
        let ab = simd.zip_low_f32x4(a, b) + simd.zip_high_f32x4(a, b);
        let cd = simd.zip_low_f32x4(c, d) + simd.zip_high_f32x4(c, d);
        let [a, c, b, d] = (simd.zip_low_f32x4(ab, cd) + simd.zip_high_f32x4(ab, cd)).to_array();
        [a, b, c, d]
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.per_lane(|i| Real::ln(self.lane(i)))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt())
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.abs())
    }
    #[inline(always)]
    fn floor(self) -> Self {
        Self(self.0.floor())
    }
    #[inline(always)]
    fn apart<T>(self, work: impl FnOnce() -> T) -> T {
        apart(self.simd(), work)
    }
}

/// Does the work out of line, on the same instruction set.
#[inline(never)]
fn apart<S: Simd, T>(simd: S, work: impl FnOnce() -> T) -> T {
    simd.vectorize(work)
}
