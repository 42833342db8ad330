//! The formulas of the core, one by one.

use softras_core::math::{
    Barycentric, DistanceMetric, DistributionFunction, Euclidean, Logistic, Triangle, Vec2,
};

use super::law_once;
use crate::law::{Context, Gauge, Law, Need, Outcome};

pub(super) const LAWS: &[Law] = &[law_once!(
    "functions::known_answers",
    "the tables of MATH 11: weights, distances, feet, probabilities and depths of faces A and B",
    Need::Reference,
    known_answers
)];

/// Face A of MATH 11.
pub(super) const FACE_A: [[f64; 3]; 3] = [[-0.5, -0.5, 2.0], [0.5, -0.5, 3.0], [0.0, 0.5, 4.0]];
/// Face B of MATH 11, obtuse at corner 2.
pub(super) const FACE_B: [[f64; 3]; 3] = [[-0.8, -0.1, 1.0], [0.8, -0.1, 1.0], [0.0, 0.1, 1.0]];

/// One row of the table of MATH 11: what face A is to a pixel.
pub(super) struct Row {
    pub(super) at: [f64; 2],
    w: [f64; 3],
    sign: f64,
    d_sq: f64,
    tau: [f64; 3],
    pub(super) d_euclidean: f64,
    s_barycentric: f64,
    pub(super) d_barycentric: f64,
    pub(super) depth: f64,
}

#[rustfmt::skip]
pub(super) const TABLE_A: [Row; 7] = [
    Row { at: [0.0, 0.0], w: [0.25, 0.25, 0.5], sign: 1.0, d_sq: 0.05, tau: [0.0, 0.4, 0.6], d_euclidean: 0.993307149076, s_barycentric: 0.0625, d_barycentric: 0.998073265337, depth: 3.0 },
    Row { at: [0.0, -0.5], w: [0.5, 0.5, 0.0], sign: -1.0, d_sq: 0.0, tau: [0.5, 0.5, 0.0], d_euclidean: 0.5, s_barycentric: 0.0, d_barycentric: 0.5, depth: 2.4 },
    Row { at: [0.1, -0.45], w: [0.375, 0.575, 0.05], sign: 1.0, d_sq: 0.0025, tau: [0.4, 0.6, 0.0], d_euclidean: 0.562176500886, s_barycentric: 0.0025, d_barycentric: 0.562176500886, depth: 2.55319148936 },
    Row { at: [0.0, 0.6], w: [-0.05, -0.05, 1.1], sign: -1.0, d_sq: 0.01, tau: [0.0, 0.0, 1.0], d_euclidean: 0.268941421370, s_barycentric: -0.0025, d_barycentric: 0.437823499114, depth: 4.0 },
    Row { at: [0.6, -0.6], w: [-0.05, 1.15, -0.1], sign: -1.0, d_sq: 0.02, tau: [0.0, 1.0, 0.0], d_euclidean: 0.119202922022, s_barycentric: -0.01, d_barycentric: 0.268941421370, depth: 3.0 },
    Row { at: [0.5, 0.2], w: [-0.35, 0.65, 0.7], sign: -1.0, d_sq: 0.098, tau: [0.0, 0.44, 0.56], d_euclidean: 5.54485247228e-5, s_barycentric: -0.1225, d_barycentric: 4.78509449489e-6, depth: 3.44680851064 },
    Row { at: [-0.9, -0.7], w: [1.5, -0.3, -0.2], sign: -1.0, d_sq: 0.2, tau: [1.0, 0.0, 0.0], d_euclidean: 2.06115361819e-9, s_barycentric: -0.09, d_barycentric: 1.23394575986e-4, depth: 2.0 },
];

/// The sigma of the tables.
pub(super) const TABLE_SIGMA: f64 = 0.01;
/// The tables have 12 significant digits.
const DIGITS: f64 = 1e-11;

fn known_answers(_: &Context<'_>) -> Outcome {
    let mut gauge = Gauge::default();
    let face = Triangle::new(FACE_A);
    let rows = [[-1.0, -0.5], [1.0, -0.5], [0.0, 1.0]];
    for (k, slope) in face.barycentric_slopes().iter().enumerate() {
        gauge.near(|| format!("row {k} of inv, x"), slope.x, rows[k][0], DIGITS)?;
        gauge.near(|| format!("row {k} of inv, y"), slope.y, rows[k][1], DIGITS)?;
    }
    for row in &TABLE_A {
        let at = Vec2::new(row.at[0], row.at[1]);
        let w = face.barycentric(at);
        for k in 0..3 {
            gauge.near(|| format!("w_{k} at {at:?}"), w[k], row.w[k], DIGITS)?;
        }
        let s = Euclidean.signed(&face, at, &w);
        gauge.near(|| format!("Euclidean s at {at:?}"), s, row.sign * row.d_sq, DIGITS)?;
        foot(&mut gauge, &face, at, &row.tau, row.sign)?;
        let probability = |s: f64| Logistic.probability(s / TABLE_SIGMA, 1.0).d;
        let close = |d: f64| DIGITS * d;
        let d = row.d_euclidean;
        gauge.near(|| format!("D at {at:?}"), probability(s), d, close(d))?;
        let s = Barycentric.signed(&face, at, &w);
        gauge.near(|| format!("barycentric s at {at:?}"), s, row.s_barycentric, DIGITS)?;
        let d = row.d_barycentric;
        gauge.near(|| format!("barycentric D at {at:?}"), probability(s), d, close(d))?;
        let depth = face.depth(&Triangle::clip(&w).c);
        gauge.near(|| format!("z_p at {at:?}"), depth, row.depth, 4.0 * DIGITS)?;
    }
    let face = Triangle::new(FACE_B);
    for (at, w, d_sq, tau) in [
        ([0.0, 0.3], None, 0.04, [0.0, 0.0, 1.0]),
        ([0.3, 0.25], Some([-0.5625, -0.1875, 1.75]), 0.0476470588235, [0.0, 0.308823529, 0.691176471]),
        ([-0.5, 0.2], Some([0.0625, -0.5625, 1.5]), 0.0476470588235, [0.558823529, 0.0, 0.441176471]),
    ] {
        let at = Vec2::new(at[0], at[1]);
        let found = face.barycentric(at);
        for (k, &expected) in w.iter().flatten().enumerate() {
            gauge.near(|| format!("face B, w_{k} at {at:?}"), found[k], expected, DIGITS)?;
        }
        let s = Euclidean.signed(&face, at, &found);
        gauge.near(|| format!("face B, s at {at:?}"), s, -d_sq, DIGITS)?;
        foot(&mut gauge, &face, at, &tau, -1.0)?;
    }
    Ok(gauge)
}

/// Checks tau through the gradient: `ds/dp_k = 2 sign tau_k (foot - at)`.
fn foot(
    gauge: &mut Gauge,
    face: &Triangle<f64>,
    at: Vec2<f64>,
    tau: &[f64; 3],
    sign: f64,
) -> Result<(), crate::Broken> {
    let w = face.barycentric(at);
    let found = Euclidean.signed_vjp(face, at, &w, 1.0);
    let foot = face.p[0].scale(tau[0]) + face.p[1].scale(tau[1]) + face.p[2].scale(tau[2]);
    let nine_digits = 4e-9;
    for k in 0..3 {
        let expected = (foot - at).scale(2.0 * sign * tau[k]);
        gauge.near(|| format!("ds/dx_{k} at {at:?}"), found[k].x, expected.x, nine_digits)?;
        gauge.near(|| format!("ds/dy_{k} at {at:?}"), found[k].y, expected.y, nine_digits)?;
    }
    Ok(())
}
