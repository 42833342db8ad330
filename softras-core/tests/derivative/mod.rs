//! Checks a gradient against the derivative, two ways.
#![allow(dead_code, reason = "each test file uses a part of it")]

use softras_core::math::{Dual, Scalar};

/// A function of many numbers, over any scalar.
pub(crate) trait Function {
    /// Its value at `x`.
    fn at<R: Scalar>(&self, x: &[R]) -> R;
}

/// Checks that `grad` is the derivative of `f` at `x`.
///
/// Against dual numbers within 1e-12 of the largest entry: duals differentiate the same formulas, so that only
/// rounding is left. Against central differences within 1e-6: with steps of 1e-5 they are good to about 1e-9.
pub(crate) fn check(name: &str, f: &impl Function, x: &[f64], grad: &[f64]) {
    assert_eq!(x.len(), grad.len(), "{name}");
    let scale = grad.iter().fold(1e-3, |m: f64, g| m.max(g.abs()));
    for i in 0..x.len() {
        let mut dual: Vec<Dual> = x.iter().map(|&x| Dual::new(x, 0.0)).collect();
        dual[i].slope = 1.0;
        let exact = f.at(&dual).slope;
        assert!((exact - grad[i]).abs() <= 1e-12 * scale, "{name} [{i}]: dual {exact}, reverse {}", grad[i]);
        let step = 1e-5 * x[i].abs().max(0.1);
        let moved = |d: f64| {
            let mut x = x.to_vec();
            x[i] += d;
            f.at(&x)
        };
        let difference = (moved(step) - moved(-step)) / (2.0 * step);
        assert!(
            (difference - grad[i]).abs() <= 1e-6 * scale,
            "{name} [{i}]: difference {difference}, reverse {}",
            grad[i]
        );
    }
}

/// Numbers without a pattern, in -1..1.
pub(crate) fn noise(i: usize) -> f64 {
    ((i as f64 * 12.9898 + 4.1).sin() * 43758.5453).fract()
}
