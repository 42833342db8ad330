//! Numbers against numbers: worst element, whole vector, direction, and what is missing.

use ndarray::{Array, Dimension};
use softras_core::math::Scalar;
use softras_core::raster::Gradients;

use crate::budget::Budget;
use crate::law::{Broken, Gauge};
use crate::subject::Tested;

/// Two vectors compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Difference {
    /// Largest difference of an element.
    pub worst: f64,
    /// Where it is.
    pub at: usize,
    /// What was found there, and what was expected.
    pub there: (f64, f64),
    /// L2 norm of the difference.
    pub norm: f64,
    /// L2 norm of what was expected.
    pub expected: f64,
    /// Largest element of what was expected.
    pub largest: f64,
    /// Cosine of the angle between the two, 1 where either is nil.
    pub cosine: f64,
    /// `(|found| - |expected|) / |expected|`.
    pub bias: f64,
    /// Share of the elements that should not be 0 and are.
    pub missing: f64,
}

impl core::fmt::Display for Difference {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { at, there: (found, expected), norm, expected: size, cosine, bias, missing, .. } = self;
        write!(f, "found {found:e} at {at}, expected {expected:e}; off by {norm:.3e} in all, of {size:.3e}")?;
        write!(f, "; cosine {cosine:.9}, {:+.3e} % long, {:.1} % missing", bias * 100.0, missing * 100.0)
    }
}

/// Compares `found` with `expected`, which are as long as each other.
#[must_use]
pub fn difference(found: &[f64], expected: &[f64]) -> Difference {
    let mut out = Difference::default();
    let (mut dot, mut found_sq, mut expected_sq, mut diff_sq) = (0.0, 0.0, 0.0, 0.0);
    let (mut missing, mut present) = (0u32, 0u32);
    for (i, (&f, &e)) in found.iter().zip(expected).enumerate() {
        let d = (f - e).abs();
        if d > out.worst || d.is_nan() {
            (out.worst, out.at, out.there) = (d, i, (f, e));
        }
        out.largest = out.largest.max(e.abs());
        dot += f * e;
        found_sq += f * f;
        expected_sq += e * e;
        diff_sq += d * d;
        present += u32::from(e.abs() > 0.0);
        missing += u32::from(e.abs() > 0.0 && f.abs() <= 0.0);
    }
    out.norm = f64::sqrt(diff_sq);
    out.expected = f64::sqrt(expected_sq);
    let both = f64::sqrt(found_sq) * out.expected;
    out.cosine = if both > 0.0 { dot / both } else { 1.0 };
    out.bias = if out.expected > 0.0 { (f64::sqrt(found_sq) - out.expected) / out.expected } else { 0.0 };
    out.missing = f64::from(missing) / f64::from(present.max(1));
    out
}

/// Widens an array to a vector of `f64`.
#[must_use]
pub fn widen<R: Scalar, D: Dimension>(array: &Array<R, D>) -> Vec<f64> {
    array.iter().map(|x| x.to_f64()).collect()
}

/// The groups of a gradient: corners split into (x, y) and z, since they have different scales.
#[must_use]
pub fn groups<R: Scalar>(g: &Gradients<R>) -> Vec<(&'static str, Vec<f64>)> {
    let mut out = Vec::new();
    if let Some(corners) = &g.corners {
        let all = widen(corners);
        let pick = |z: bool| {
            all.iter().enumerate().filter(|(i, _)| (i % 3 == 2) == z).map(|(_, &x)| x).collect::<Vec<_>>()
        };
        out.push(("corners x, y", pick(false)));
        out.push(("corners z", pick(true)));
    }
    let mut push = |name, values: Option<Vec<f64>>| out.extend(values.map(|v| (name, v)));
    push("textures", g.textures.as_ref().map(widen));
    push("background", g.background.as_ref().map(widen));
    push("sigma", g.sigma.as_ref().map(widen));
    push("gamma", g.gamma.as_ref().map(widen));
    push("epsilon", g.epsilon.as_ref().map(widen));
    push("distribution", g.distribution.as_ref().map(widen));
    push("t-conorm", g.t_conorm.as_ref().map(widen));
    push("weights", g.weights.as_ref().map(widen));
    out
}

/// Checks two gradients of the same scene group by group: relative L2 error and worst element within the budget.
///
/// `band` says how far the expected one moves by rounding its input alone, `z_k` is the largest depth in units of
/// gamma, `nil` the size below which a gradient counts as nil.
///
/// # Errors
/// [`Broken`] if a group is missing or off.
pub fn gradients<R: Tested>(
    gauge: &mut Gauge,
    budget: &Budget,
    found: &Gradients<R>,
    expected: &Gradients<f64>,
    band: Option<&[Vec<f64>]>,
    z_k: f64,
) -> Result<(), Broken> {
    let (found, expected) = (groups(found), groups(expected));
    gauge.holds(
        || format!("gradients: found {:?}, expected {:?}", names(&found), names(&expected)),
        names(&found) == names(&expected),
    )?;
    for (i, ((name, found), (_, expected))) in found.iter().zip(&expected).enumerate() {
        gauge.holds(
            || format!("gradient to {name}: found {} numbers, expected {}", found.len(), expected.len()),
            found.len() == expected.len(),
        )?;
        let d = difference(found, expected);
        let band = band.map_or(&[][..], |b| &b[i]);
        let band_norm = budget.bands * band.iter().map(|x| x * x).sum::<f64>().sqrt();
        let band_worst = budget.bands * band.iter().fold(0.0, |a: f64, &x| a.max(x));
        let nil = budget.bands * budget.unit; // image gradients are of size 1
        let relative = budget.gradient + budget.depth(z_k);
        gauge.within(
            || format!("gradient to {name}, L2 error ({d})"),
            d.norm,
            relative * d.expected + band_norm + nil,
        )?;
        let relative = budget.element + budget.depth(z_k);
        gauge.within(
            || format!("gradient to {name}, {} ({d})", element(name, d.at)),
            d.worst,
            relative * d.largest + band_worst + nil,
        )?;
    }
    Ok(())
}

/// Says which number of a group of [`groups`] is meant.
fn element(name: &str, at: usize) -> String {
    match name {
        "corners x, y" => format!("{} of corner {} of face {}", ["x", "y"][at % 2], at / 2 % 3, at / 6),
        "corners z" => format!("z of corner {} of face {}", at % 3, at / 3),
        _ => format!("element {at}"),
    }
}

fn names(groups: &[(&'static str, Vec<f64>)]) -> Vec<&'static str> {
    groups.iter().map(|(name, _)| *name).collect()
}

/// Checks that two arrays have the same bits.
///
/// # Errors
/// [`Broken`] names the first element that differs.
pub fn same_bits<R: Tested, D: Dimension>(
    gauge: &mut Gauge,
    what: &str,
    a: Option<&Array<R, D>>,
    b: Option<&Array<R, D>>,
) -> Result<(), Broken> {
    let (Some(a), Some(b)) = (a, b) else {
        return gauge.holds(|| format!("{what}: one has it, the other has not"), a.is_none() && b.is_none());
    };
    gauge.holds(|| format!("{what}: shapes {:?} and {:?}", a.shape(), b.shape()), a.shape() == b.shape())?;
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        gauge.holds(|| format!("{what}, element {i}: {x:?} and {y:?} differ"), x.bits() == y.bits())?;
    }
    Ok(())
}

/// Checks that two gradients have the same bits.
///
/// # Errors
/// [`Broken`] names the first element that differs.
pub fn same_gradients<R: Tested>(
    gauge: &mut Gauge,
    a: &Gradients<R>,
    b: &Gradients<R>,
) -> Result<(), Broken> {
    same_bits(gauge, "gradient to the corners", a.corners.as_ref(), b.corners.as_ref())?;
    same_bits(gauge, "gradient to the textures", a.textures.as_ref(), b.textures.as_ref())?;
    same_bits(gauge, "gradient to the background", a.background.as_ref(), b.background.as_ref())?;
    for (name, a, b) in [
        ("sigma", &a.sigma, &b.sigma),
        ("gamma", &a.gamma, &b.gamma),
        ("epsilon", &a.epsilon, &b.epsilon),
        ("distribution shape", &a.distribution, &b.distribution),
        ("t-conorm shape", &a.t_conorm, &b.t_conorm),
        ("weights", &a.weights, &b.weights),
    ] {
        same_bits(gauge, &format!("gradient to {name}"), a.as_ref(), b.as_ref())?;
    }
    Ok(())
}

/// Checks that two pictures have the same bits.
///
/// # Errors
/// [`Broken`] names the first element that differs.
pub fn same_pictures<R: Tested>(
    gauge: &mut Gauge,
    a: &softras_core::Image<R>,
    b: &softras_core::Image<R>,
) -> Result<(), Broken> {
    same_bits(gauge, "color", a.color.as_ref(), b.color.as_ref())?;
    same_bits(gauge, "silhouette", a.silhouette.as_ref(), b.silhouette.as_ref())
}
