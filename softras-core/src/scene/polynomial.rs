//! Polynomials in one variable, as coefficients from the constant upwards: where they first reach zero.

/// Nothing is looked for beyond this: it is the square of the largest screen coordinate.
const FARTHEST: f64 = 1e12;

/// Returns the product of two polynomials.
pub(super) fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += x * y;
        }
    }
    out
}

/// Returns the first zero above 0 of a polynomial that is positive at 0, infinity if there is none.
pub(super) fn first_zero(polynomial: &[f64]) -> f64 {
    let mut start = 0.0;
    for end in turns(polynomial) {
        let height = value(polynomial, end);
        // NaN counts as a zero.
        if height <= 0.0 || height.is_nan() {
            return between(polynomial, start, end);
        }
        start = end;
    }
    f64::INFINITY
}

/// Ends of intervals, ascending, between which the polynomial is monotone: the zeros of its slope, and the far end.
fn turns(polynomial: &[f64]) -> Vec<f64> {
    let mut ends = Vec::new();
    if polynomial.len() > 2 {
        let slope: Vec<f64> = polynomial.iter().zip(0..).skip(1).map(|(c, i)| c * f64::from(i)).collect();
        let mut start = 0.0;
        for end in turns(&slope) {
            if (value(&slope, start) > 0.0) != (value(&slope, end) > 0.0) {
                ends.push(between(&slope, start, end));
            }
            start = end;
        }
    }
    ends.push(FARTHEST);
    ends
}

fn value(polynomial: &[f64], q: f64) -> f64 {
    polynomial.iter().rev().fold(0.0, |sum, c| sum * q + c)
}

/// Halves the interval whose ends differ in sign until one rounding error is left: 1e12 / 2^100.
fn between(polynomial: &[f64], mut low: f64, mut high: f64) -> f64 {
    let positive = value(polynomial, low) > 0.0;
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if (value(polynomial, middle) > 0.0) == positive { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small whole numbers and infinity are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_many_zeros_is_found() {
        // (1 - q) (1 - q/2) .. (1 - q/6)
        let wanted = (1..=6).fold(vec![1.0], |p, k| product(&p, &[1.0, -1.0 / f64::from(k)]));
        assert!((first_zero(&wanted) - 1.0).abs() < 1e-12);
        assert_eq!(first_zero(&[1.0, 0.0, 1.0]), f64::INFINITY);
        assert_eq!(first_zero(&[1.0]), f64::INFINITY);
        assert!((first_zero(&[1.0, 0.0, 0.0, -8.0]) - 0.5).abs() < 1e-12);
    }
}
