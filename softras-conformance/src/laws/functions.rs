//! The formulas of the core, one by one.

use proptest::prelude::any;
use softras_core::math::{
    Barycentric, DepthMap, Distance, DistanceMetric, DistributionFunction, Dual, Euclidean, Interpolation,
    Logistic, ProbabilityGrad, Real, Triangle, Vec2, pixel_centre, smooth_window, surface_texel,
    vertex_color, vertex_color_vjp,
};
use softras_core::raster::{RasterParams, sigma_from_pixels};

use super::law_once;
use crate::law::{Broken, Context, Gauge, Law, Outcome};
use crate::scene::{Corners, noise, signed_noise};
use crate::strategy;

pub(super) const LAWS: &[Law] = &[
    law_once!(
        "functions::known_answers",
        "the tables of MATH 11: weights, distances, feet, probabilities and depths of faces A and B",
        Budget.needs(Reference),
        known_answers
    ),
    law_once!(
        "functions::vjps_are_derivatives",
        "every vjp of the core is the derivative of its function, by dual numbers",
        Budget.needs(Reference),
        vjps_are_derivatives
    ),
    law_once!(
        "functions::logistic_keeps_its_tails",
        "D + (1 - D) = 1, D = mantissa exp(exponent), and no tail overflows or vanishes in ln D",
        Budget.needs(Reference),
        logistic_keeps_its_tails
    ),
    law_once!(
        "functions::texels_tile_the_face",
        "every weight reads a texel of the face, neighbours in a cell the same, and none is left out",
        Budget.needs(Reference),
        texels_tile_the_face
    ),
    law_once!(
        "functions::the_grid_is_the_official_one",
        "pixel centres, sigma in pixels, and the numbers of the presets",
        Budget.needs(Reference),
        the_grid
    ),
];

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
        for (k, (&found, &expected)) in w.iter().zip(&row.w).enumerate() {
            gauge.near(|| format!("w_{k} at {at:?}"), found, expected, DIGITS)?;
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
) -> Result<(), Broken> {
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

/// A triangle whose corners move, and the same at rest.
fn moving(face: &Corners, seed: u64) -> (Triangle<Dual>, Triangle<f64>, [[f64; 3]; 3]) {
    let moves: [[f64; 3]; 3] =
        core::array::from_fn(|k| core::array::from_fn(|i| signed_noise(seed, 1, 3 * k + i)));
    let dual =
        core::array::from_fn(|k| core::array::from_fn(|i| Dual::new(f64::from(face[k][i]), moves[k][i])));
    (Triangle::new(dual), Triangle::new(face.map(|c| c.map(f64::from))), moves)
}

fn vjps_are_derivatives(context: &Context<'_>) -> Outcome {
    let at = (-1.0..1.0f64, -1.0..1.0f64);
    context.for_all((strategy::ordinary_face(), at, any::<u64>()), |(face, (x, y), seed), gauge| {
        let (dual, rest, moves) = moving(face, *seed);
        let (at, still) = (Vec2::new(*x, *y), Vec2::new(Dual::new(*x, 0.0), Dual::new(*y, 0.0)));
        let g: [f64; 3] = core::array::from_fn(|k| signed_noise(*seed, 2, k));
        let dot3 = |g: &[f64; 3], v: &[Dual; 3]| g.iter().zip(v).map(|(g, v)| g * v.slope).sum::<f64>();
        let xy =
            |d: &[Vec2<f64>; 3]| (0..3).map(|k| d[k].x * moves[k][0] + d[k].y * moves[k][1]).sum::<f64>();
        let zs = |d: &[f64; 3]| (0..3).map(|k| d[k] * moves[k][2]).sum::<f64>();
        let mut same = |what: &str, found: f64, expected: f64| {
            // Slivers make large slopes of rounding; nothing here is larger than their square.
            let scale = 1.0 + found.abs().max(expected.abs());
            gauge.near(|| what.to_owned(), found, expected, 1e-8 * scale)
        };

        let (w, moving_w) = (rest.barycentric(at), dual.barycentric(still));
        same("barycentric_vjp", xy(&rest.barycentric_vjp(&w, g)), dot3(&g, &moving_w))?;
        for metric in Distance::BUILT_IN {
            let s = metric.signed(&dual, still, &moving_w);
            same(metric.name(), xy(&metric.signed_vjp(&rest, at, &w, 1.0)), s.slope)?;
        }
        let (clipped, moving_c) = (Triangle::clip(&w), Triangle::clip(&moving_w));
        let grad_w = Triangle::clip_vjp(&clipped, g);
        same("clip_vjp", xy(&rest.barycentric_vjp(&w, grad_w)), dot3(&g, &moving_c.c))?;
        let (depth, moving_depth) = (rest.depth(&clipped.c), dual.depth(&moving_c.c));
        let (grad_c, grad_z) = rest.depth_vjp(&clipped.c, depth, 1.0);
        let through = |grad_c: [f64; 3]| xy(&rest.barycentric_vjp(&w, Triangle::clip_vjp(&clipped, grad_c)));
        same("depth_vjp", through(grad_c) + zs(&grad_z), moving_depth.slope)?;
        let moving_weights = dual.perspective(&moving_c.c, moving_depth);
        let (to_c, to_depth, to_z) = rest.perspective_vjp(&clipped.c, depth, g);
        let by_depth = (through(grad_c) + zs(&grad_z)) * to_depth;
        same("perspective_vjp", through(to_c) + zs(&to_z) + by_depth, dot3(&g, &moving_weights))?;

        let value = Dual::new(noise(*seed, 3, 0) + 0.5, 1.0);
        for map in [DepthMap::Linear, DepthMap::Inverse] {
            same(map.name(), map.nearness_vjp(value.value, 1.0), map.nearness(value).slope)?;
        }
        let texels: [f64; 3] = core::array::from_fn(|k| noise(*seed, 4, k));
        let (grad_c, _) = vertex_color_vjp(&clipped.c, texels, 1.0);
        let color = vertex_color(&moving_c.c, texels.map(|t| Dual::new(t, 0.0)));
        same("vertex_color_vjp", through(grad_c), color.slope)?;

        // The probability map, in each of its forms, with and without the window.
        let x = Dual::new(12.0 * signed_noise(*seed, 5, 0), 1.0);
        let cut = 9.2;
        for windowed in [false, true] {
            let (mut p, mut q) = (Logistic.probability(x, x.lit(1.0)), Logistic.probability(x.value, 1.0));
            if windowed {
                if x.value < -0.999 * cut {
                    continue; // beyond the cut a pair does not count
                }
                (p, q) = (smooth_window(&p, x, x.lit(cut)), smooth_window(&q, x.value, cut));
            }
            let grad = |d: f64, ln_d: f64, ln_not_d: f64| q.vjp(&ProbabilityGrad { d, ln_d, ln_not_d });
            same("D", grad(1.0, 0.0, 0.0), p.d.slope)?;
            same("ln D", grad(0.0, 1.0, 0.0), (p.mantissa.ln() + p.exponent).slope)?;
            same("ln(1 - D)", grad(0.0, 0.0, 1.0), p.not_d.ln().slope)?;
        }
        Ok(())
    })
}

fn logistic_keeps_its_tails(_: &Context<'_>) -> Outcome {
    let mut gauge = Gauge::default();
    let xs = [-1e30, -1e4, -800.0, -100.0, -40.0, -9.2, -1.0, -1e-9, 0.0, 1e-9, 1.0, 9.2, 40.0, 800.0, 1e30];
    for x in xs {
        let p = Logistic.probability(x, 1.0);
        gauge.near(|| format!("D + (1 - D) at {x}"), p.d + p.not_d, 1.0, 1e-15)?;
        gauge.near(
            || format!("mantissa exp(exponent) at {x}"),
            p.mantissa * p.exponent.exp(),
            p.d,
            4e-16 * p.d,
        )?;
        let ln_d = p.mantissa.ln() + p.exponent;
        let expected = x.min(0.0) - (-x.abs()).exp().ln_1p();
        gauge.near(|| format!("ln D at {x}"), ln_d, expected, 1e-15 * expected.abs().max(1.0))?;
        let finite = [p.d, p.not_d, p.mantissa, p.exponent, p.density, p.score, p.hazard]
            .iter()
            .all(|v| v.is_finite());
        gauge.holds(|| format!("finite at {x}"), finite)?;
        // In f32 the other side of 1 survives as well.
        let q = Logistic.probability(x as f32, 1.0);
        let small = f64::from(if x > 0.0 { q.not_d } else { q.d });
        let expected = if x > 0.0 { p.not_d } else { p.d };
        let bound = 4e-7 * expected.max(1e-38) * (1.0 + x.abs().min(100.0));
        gauge.near(|| format!("the small side in f32 at {x}"), small, expected, bound)?;
    }
    for dist_eps in [1e-10, 1e-4, 0.3] {
        let cut = DistributionFunction::cut(&Logistic, dist_eps, 1.0);
        let at_cut = Logistic.probability(-cut, 1.0).d;
        gauge.near(|| format!("D at the cut of {dist_eps}"), at_cut, dist_eps, 1e-12 * dist_eps)?;
    }
    gauge.near(|| "c of 1e-4".to_owned(), DistributionFunction::cut(&Logistic, 1e-4, 1.0), 9.21024, 1e-5)?;
    Ok(gauge)
}

fn texels_tile_the_face(context: &Context<'_>) -> Outcome {
    let mut gauge = Gauge::default();
    for side in 1..=9u32 {
        let n = f64::from(side);
        let mut seen = vec![0u32; (side * side) as usize];
        let steps = 60 * side;
        for i in 0..=steps {
            for j in 0..=steps - i {
                // A little inside the cells, so that no border is asked.
                let c = [(f64::from(i) + 0.31) / f64::from(steps), (f64::from(j) + 0.27) / f64::from(steps)];
                if c[0] + c[1] < 1.0 {
                    let texel = surface_texel(&[c[0], c[1], 1.0 - c[0] - c[1]], n);
                    gauge.holds(|| format!("texel {texel} of {side}"), texel >= 0.0 && texel < n * n)?;
                    seen[texel as usize] += 1;
                }
            }
        }
        let (least, most) =
            (seen.iter().min().copied().unwrap_or(0), seen.iter().max().copied().unwrap_or(0));
        // Equal areas, but for the last row of cells.
        gauge.holds(|| format!("side {side}: {least} to {most} hits a texel"), least * 4 > most * 3)?;
    }
    // In f32, along the edge 0-1 and out to its cone, nothing is transposed: wy + wx stays on the diagonal.
    let more = context.for_all((0.0..1.0f32, 2..12usize), |(t, side), gauge| {
        let n = *side as f32;
        let texel = surface_texel(&[*t, 1.0 - *t, 0.0], n);
        let (wx, wy) = (texel % n, (texel / n).floor());
        let expected = ((t * n).floor()).min(n - 1.0);
        gauge.holds(
            || format!("t {t}, side {side}: cell ({wx}, {wy})"),
            (wx + wy - (n - 1.0)).abs() < 0.5 && (wx - expected).abs() < 1.5,
        )
    })?;
    gauge.add(more);
    Ok(gauge)
}

fn the_grid(_: &Context<'_>) -> Outcome {
    let mut gauge = Gauge::default();
    let centre = |row, column, h, w| {
        let v = pixel_centre::<f64>(row, column, h, w);
        [v.x, v.y]
    };
    for (found, expected) in [
        (centre(0, 0, 1, 1), [0.0, 0.0]),
        (centre(0, 0, 4, 4), [-0.75, 0.75]),
        (centre(3, 3, 4, 4), [0.75, -0.75]),
        (centre(0, 0, 2, 4), [-1.5, 0.5]),
        (centre(1, 3, 2, 4), [1.5, -0.5]),
        (centre(2, 0, 5, 1), [0.0, 0.0]),
    ] {
        for i in 0..2 {
            gauge.near(|| format!("centre {expected:?}"), found[i], expected[i], 1e-15)?;
        }
    }
    gauge.near(
        || "sigma of a pixel of 64".to_owned(),
        sigma_from_pixels(1.0, 64),
        f64::powi(2.0 / 64.0, 2),
        1e-18,
    )?;
    let one = |p: &softras_core::raster::PerPicture<f64>| p.of(0);
    let ours = RasterParams::<f64>::new(2, 3);
    let official = RasterParams::<f64>::official(256, 256);
    let paper = RasterParams::<f64>::paper(2, 3);
    for (what, found, expected) in [
        ("sigma", one(ours.get_sigma()), 1e-4),
        ("gamma", one(ours.get_gamma()), 1e-4),
        ("epsilon", one(ours.get_epsilon()), 1e-3),
        ("dist_eps", *ours.get_dist_eps(), 1e-4),
        ("near", *ours.get_near(), 1.0),
        ("far", *ours.get_far(), 100.0),
        ("official sigma", one(official.get_sigma()), 1e-5),
        ("official epsilon", one(official.get_epsilon()), 2e-3),
    ] {
        gauge.near(|| what.to_owned(), found, expected, 1e-15)?;
    }
    let maps = (ours.get_depth_map(), official.get_depth_map(), paper.get_depth_map());
    gauge
        .holds(|| format!("{maps:?}"), maps == (&DepthMap::Linear, &DepthMap::Linear, &DepthMap::Inverse))?;
    let screen = official.get_interpolation() == &Interpolation::Screen;
    gauge.holds(|| "official colors are affine on the screen".to_owned(), screen)?;
    Ok(gauge)
}
