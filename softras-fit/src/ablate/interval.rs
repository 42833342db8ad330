//! What several seeds say together: [`Estimate`], a mean and its interval by Student's t.

use serde::Serialize;

/// How often the interval holds the true mean.
const CONFIDENCE: f64 = 0.95;

/// A mean and half the width of its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width; `None` for one value, which says nothing of the spread.
    pub half: Option<f64>,
    /// The number of values.
    pub count: usize,
}

impl Estimate {
    /// Returns the mean of `values` and its interval, `t(n - 1) s / sqrt(n)`; `None` for no values.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let half = (count > 1).then(|| {
            let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            quantile(count - 1) * (squares / (count - 1) as f64 / count as f64).sqrt()
        });
        Some(Self { mean, half, count })
    }

    /// Whether the interval leaves 0 out; never for one value.
    #[must_use]
    pub fn is_apart_from_zero(&self) -> bool {
        self.half.is_some_and(|half| self.mean.abs() > half)
    }
}

/// Returns the t that Student's distribution of `freedom` degrees exceeds in size with probability 5 %.
fn quantile(freedom: usize) -> f64 {
    // t = sqrt(freedom) tan(angle); the share inside grows with the angle.
    let (mut low, mut high) = (0.0, core::f64::consts::FRAC_PI_2);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if inside(freedom, middle) < CONFIDENCE { low = middle } else { high = middle }
    }
    (freedom as f64).sqrt() * low.tan()
}

/// The probability of `|T| < sqrt(freedom) tan(angle)`, a finite sum for a whole number of degrees of freedom
/// (Abramowitz and Stegun, 26.7.3 and 26.7.4).
fn inside(freedom: usize, angle: f64) -> f64 {
    let (sine, cosine) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    // Terms cos^k: k = 1, 3, .. freedom - 2 for odd, 0, 2, .. freedom - 2 for even numbers of degrees.
    let (mut k, mut term) = if odd { (1, cosine) } else { (0, 1.0) };
    let mut sum = 0.0;
    while k + 2 <= freedom {
        sum += term;
        term *= cosine * cosine * (k + 1) as f64 / (k + 2) as f64;
        k += 2;
    }
    if odd { core::f64::consts::FRAC_2_PI * (angle + sine * sum) } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Two-sided, 5 %: any table of Student's t.
        for (freedom, expected) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (5, 2.571),
            (9, 2.262),
            (10, 2.228),
            (30, 2.042),
            (120, 1.980),
        ] {
            let found = quantile(freedom);
            assert!((found - expected).abs() < 6e-4, "{freedom}: {found}, expected {expected}");
        }
    }

    #[test]
    fn an_interval_by_hand() {
        // Mean 2, deviation 1, 4.3027 / sqrt(3).
        let found = Estimate::of(&[1.0, 2.0, 3.0]).unwrap();
        assert!(
            (found.mean - 2.0).abs() < 1e-12 && (found.half.unwrap() - 2.484_14).abs() < 1e-4,
            "{found:?}"
        );
        assert!(!found.is_apart_from_zero());
        assert!(Estimate::of(&[5.0, 5.0, 5.0]).unwrap().is_apart_from_zero());
    }

    #[test]
    fn one_value_has_no_interval_and_none_no_mean() {
        assert_eq!(Estimate::of(&[7.0]), Some(Estimate { mean: 7.0, half: None, count: 1 }));
        assert!(!Estimate::of(&[7.0]).unwrap().is_apart_from_zero());
        assert_eq!(Estimate::of(&[]), None);
    }
}
