//! How fast a core could be: the floor of KERNELS 3, for this machine.
//!
//! A (face, pixel) pair costs a known number of vector operations: 136 forward and 213 backward for a block of sixteen
//! pixels, without fused multiply-add. How many such operations a core does in a second is measured: a loop that does
//! nothing but independent multiplications and additions on sixteen lanes, at the best instruction set of the machine,
//! the best of several attempts. Nothing that also loads, compares, divides and selects will get there: a share of the
//! floor says how much is left at most.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use fearless_simd::{Level, Simd, SimdBase, dispatch, f32x16};
use serde::{Deserialize, Serialize};

use crate::timer::median;

/// Vector operations forward for a block of lanes.
const FORWARD: f64 = 136.0;
/// Vector operations backward for a block of lanes.
const BACKWARD: f64 = 213.0;
/// Lanes of a block.
const LANES: f64 = 16.0;
/// Times each chain is gone along in an attempt.
const STEPS: u32 = 200_000;
/// Attempts; the fastest counts.
const ATTEMPTS: usize = 5;

/// The most pairs a core could do in a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Forward, pairs a second.
    pub forward: f64,
    /// Backward, pairs a second.
    pub backward: f64,
}

impl Floor {
    /// Measures it; takes some milliseconds.
    #[must_use]
    pub fn measure() -> Self {
        Self::of_operations(operations_per_second())
    }

    /// The floor of a core that does this many operations on sixteen lanes in a second.
    #[must_use]
    pub fn of_operations(per_second: f64) -> Self {
        Self { forward: LANES * per_second / FORWARD, backward: LANES * per_second / BACKWARD }
    }
}

/// Returns how many times as much two threads do of that loop as one, at the same time: 2 where the machine gives each
/// a core of its own that slows for no other. Nothing scales better than this. `None` if a thread does not start.
#[must_use]
pub fn two_against_one() -> Option<f64> {
    let mut ratios = Vec::new();
    for _ in 0..ATTEMPTS {
        let alone = operations_per_second();
        let together = Barrier::new(2);
        let work = || {
            together.wait();
            operations_per_second()
        };
        let both = std::thread::scope(|scope| {
            let other = scope.spawn(work);
            let own = work();
            other.join().ok().map(|other| own + other)
        })?;
        ratios.push(both / alone);
    }
    median(ratios)
}

/// Returns how many operations on sixteen `f32` a core does in a second, over loops of few and many chains: few fit
/// the registers of every machine, many hide the latency of the widest.
fn operations_per_second() -> f64 {
    let level = Level::new();
    let mut best = 0.0_f64;
    for _ in 0..ATTEMPTS {
        best = best
            .max(rate::<2>(|| dispatch!(level, simd => chains::<_, 2>(simd))))
            .max(rate::<4>(|| dispatch!(level, simd => chains::<_, 4>(simd))))
            .max(rate::<8>(|| dispatch!(level, simd => chains::<_, 8>(simd))))
            .max(rate::<12>(|| dispatch!(level, simd => chains::<_, 12>(simd))));
    }
    best
}

/// Returns operations a second of a run of `N` chains of each kind.
fn rate<const N: usize>(run: impl Fn() -> f32) -> f64 {
    let start = Instant::now();
    black_box(run());
    2.0 * N as f64 * f64::from(STEPS) / start.elapsed().as_secs_f64().max(1e-9)
}

/// Goes along `N` chains of multiplications and `N` of additions.
#[inline(always)]
fn chains<S: Simd, const N: usize>(simd: S) -> f32 {
    let (factor, term) = (f32x16::splat(simd, black_box(1.000_000_1)), f32x16::splat(simd, black_box(1e-7)));
    let mut products = [f32x16::splat(simd, black_box(1.0)); N];
    let mut sums = products;
    for _ in 0..STEPS {
        for product in &mut products {
            *product *= factor;
        }
        for sum in &mut sums {
            *sum += term;
        }
    }
    let mut total = f32x16::splat(simd, 0.0);
    for x in products.into_iter().chain(sums) {
        total += x;
    }
    total.as_slice().iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_of_the_machine_of_kernels_3_is_the_one_written_there() {
        // Two operations a cycle at 2.8 GHz: 0.66 and 0.42 Gpairs/s.
        let floor = Floor::of_operations(2.0 * 2.8e9);
        assert!((floor.forward / 0.66e9 - 1.0).abs() < 0.01, "{floor:?}");
        assert!((floor.backward / 0.42e9 - 1.0).abs() < 0.01, "{floor:?}");
    }

    #[test]
    fn any_machine_does_something_and_none_a_thousand_times_more() {
        let floor = Floor::measure();
        assert!(floor.forward > 1e6 && floor.forward < 1e11, "{floor:?}");
    }
}
