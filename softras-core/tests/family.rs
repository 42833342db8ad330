//! Every distribution and every t-conorm: against its definition, and its derivatives against dual numbers, in `f64`
//! and in `f32`.

use softras_core::math::{
    Distribution, DistributionFunction, Dual, Logistic, Probability, ProbabilityGrad, Real, Silhouette,
    SilhouetteAggregator,
};

/// Where the table knows D and 1 - D.
const AT: [f64; 6] = [-20.0, -2.5, -0.9375, 0.125, 0.75, 6.0];

/// D and 1 - D by the definitions, to 17 digits (mpmath).
#[rustfmt::skip]
const TABLE: &[(Distribution, f64, [[f64; 2]; 6])] = &[
    (Distribution::Uniform, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.03125, 0.96875], [0.5625, 0.4375], [0.875, 0.125], [1.0, 0.0]]),
    (Distribution::CubicHermite, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.00286865234375, 0.99713134765625], [0.59326171875, 0.40673828125], [0.95703125, 0.04296875], [1.0, 0.0]]),
    (Distribution::Wigner, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.009289876751622511, 0.9907101232483775], [0.5793697501136238, 0.4206302498863762], [0.9278531935928063, 0.07214680640719374], [1.0, 0.0]]),
    (Distribution::Gaussian, 1.0, [[2.7536241186062337e-89, 1.0], [0.006209665325776135, 0.9937903346742238], [0.17425071188054236, 0.8257492881194576], [0.5497382248301129, 0.45026177516988714], [0.7733726476231318, 0.2266273523768682], [0.9999999990134123, 9.86587645037698e-10]]),
    (Distribution::Laplace, 1.0, [[1.030576811219279e-09, 0.9999999989694232], [0.0410424993119494, 0.9589575006880506], [0.1958028133383995, 0.8041971866616004], [0.5587515487077023, 0.4412484512922977], [0.7638167236294926, 0.23618327637050734], [0.9987606239116669, 0.0012393760883331792]]),
    (Distribution::Gudermannian, 1.0, [[1.3121711499314505e-09, 0.9999999986878289], [0.05214003721060746, 0.9478599627893926], [0.23761767307996146, 0.7623823269200386], [0.539685522197477, 0.460314477802523], [0.7190612936809732, 0.28093870631902684], [0.9984219805854252, 0.0015780194145748189]]),
    (Distribution::Cauchy, 1.0, [[0.015902251256176374, 0.9840977487438236], [0.1211189415908434, 0.8788810584091566], [0.26026450147774777, 0.7397354985222523], [0.5395834241605656, 0.46041657583943446], [0.7048327646991335, 0.2951672353008665], [0.9474315432887466, 0.05256845671125343]]),
    (Distribution::Reciprocal, 1.0, [[0.02380952380952381, 0.9761904761904762], [0.14285714285714285, 0.8571428571428571], [0.25806451612903225, 0.7419354838709677], [0.5555555555555556, 0.4444444444444444], [0.7142857142857143, 0.2857142857142857], [0.9285714285714286, 0.07142857142857142]]),
    (Distribution::GumbelMax, 1.0, [[0.0, 1.0], [5.119294298670732e-06, 0.9999948807057013], [0.07780189754451265, 0.9221981024554874], [0.4137485310685764, 0.5862514689314237], [0.6235249162568004, 0.3764750837431996], [0.9975243173927525, 0.0024756826072474584]]),
    (Distribution::GumbelMin, 1.0, [[2.061153620314381e-09, 0.9999999979388464], [0.07880634482448418, 0.9211936551755158], [0.32402935380930453, 0.6759706461906955], [0.6779821992285573, 0.32201780077144265], [0.8796077379201704, 0.12039226207982959], [1.0, 6.210136486566067e-176]]),
    (Distribution::Exponential, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.1175030974154046, 0.8824969025845955], [0.5276334472589853, 0.4723665527410147], [0.9975212478233336, 0.0024787521766663585]]),
    (Distribution::ExponentialReversed, 1.0, [[2.061153622438558e-09, 0.9999999979388464], [0.0820849986238988, 0.9179150013761012], [0.391605626676799, 0.608394373323201], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]),
    (Distribution::Gamma, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.1175030974154046, 0.8824969025845955], [0.5276334472589853, 0.4723665527410147], [0.9975212478233336, 0.0024787521766663585]]),
    (Distribution::Gamma, 0.5, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.38292492254802624, 0.6170750774519738], [0.7793286380801532, 0.2206713619198468], [0.9994679944948608, 0.0005320055051392497]]),
    (Distribution::Gamma, 2.75, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0006778241471984875, 0.9993221758528015], [0.05985107542774857, 0.9401489245722514], [0.9529635925193607, 0.04703640748063929]]),
    (Distribution::GammaReversed, 1.5, [[1.0655090334255861e-08, 0.9999999893449096], [0.17179714429673315, 0.8282028557032669], [0.5987516330675619, 0.4012483669324382], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]),
    (Distribution::Levy, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.004677734981047266, 0.9953222650189527], [0.2482130789899236, 0.7517869210100764], [0.6830913983096087, 0.3169086016903913]]),
    (Distribution::LevyReversed, 1.0, [[0.17693672624187853, 0.8230632737581215], [0.4729107431344619, 0.5270892568655381], [0.6983004175216521, 0.30169958247834794], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]),
];

/// Shapes to try a part with: the ends of what it allows, and between; 1 where it takes anything.
fn shapes(allowed: &core::ops::RangeInclusive<f64>) -> Vec<f64> {
    let (low, high) = (*allowed.start(), *allowed.end());
    if high - low > 1e3 {
        vec![1.0]
    } else {
        [0.02, 0.2, 0.45, 0.7, 0.98].map(|t| low + t * (high - low)).to_vec()
    }
}

fn numbers<R>(p: &Probability<R>) -> [R; 7]
where
    R: Copy,
{
    [p.d, p.not_d, p.mantissa, p.exponent, p.density, p.score, p.hazard]
}

/// Points on both sides, dense around the edge, far out, and none of them a kink.
fn points() -> Vec<f64> {
    let mut out = vec![-1e30, -1e9, -4e3, -800.0, -90.0, 90.0, 800.0, 4e3, 1e9, 1e30];
    out.extend((-60..60).map(|i| 0.37 * f64::from(i) + 0.0123));
    out.extend((0..40).flat_map(|i| {
        let x = 1.03 * 0.7_f64.powi(i);
        [x, -x]
    }));
    out
}

#[test]
fn every_distribution_is_its_definition() {
    for (part, shape, row) in TABLE {
        for (x, [d, not_d]) in AT.iter().zip(row) {
            let p = part.probability(*x, *shape);
            for (what, found, expected) in [("D", p.d, d), ("1 - D", p.not_d, not_d)] {
                let error = (found - expected).abs();
                assert!(
                    error <= 1e-12 * expected,
                    "{part:?}({shape}): {what} at {x}: {found:e}, not {expected:e}"
                );
            }
        }
    }
}

#[test]
fn every_form_of_a_probability_fits_the_others() {
    for part in Distribution::BUILT_IN {
        for shape in shapes(&part.shapes()) {
            for x in points() {
                let p = part.probability(x, shape);
                let at = || format!("{part:?}({shape}) at {x:e}: {p:?}");
                assert!(numbers(&p).iter().all(|v| v.is_finite()), "{}", at());
                assert!((p.d + p.not_d - 1.0).abs() < 1e-14, "{}", at());
                assert!(p.d >= 0.0 && p.not_d >= 0.0 && p.exponent <= 0.0 && p.density >= 0.0, "{}", at());
                let product = p.mantissa * p.exponent.exp();
                assert!((product - p.d).abs() <= 1e-11 * p.d + 1e-300, "{}", at());
                assert!((p.score * p.d - p.density).abs() <= 1e-11 * p.density + 1e-290, "{}", at());
                assert!((p.hazard * p.not_d - p.density).abs() <= 1e-11 * p.density + 1e-290, "{}", at());
                let mirror = part.probability(-x, shape);
                let reversed = reverse_of(part).probability(x, shape);
                assert!((reversed.d - mirror.not_d).abs() <= 1e-12 * reversed.d + 1e-300, "{}", at());
            }
        }
    }
}

/// The distribution that is `1 - F(-x)`.
fn reverse_of(part: &Distribution) -> Distribution {
    match part {
        Distribution::GumbelMax => Distribution::GumbelMin,
        Distribution::GumbelMin => Distribution::GumbelMax,
        Distribution::Exponential => Distribution::ExponentialReversed,
        Distribution::ExponentialReversed => Distribution::Exponential,
        Distribution::Gamma => Distribution::GammaReversed,
        Distribution::GammaReversed => Distribution::Gamma,
        Distribution::Levy => Distribution::LevyReversed,
        Distribution::LevyReversed => Distribution::Levy,
        symmetric => symmetric.clone(),
    }
}

#[test]
fn every_slope_of_a_distribution_is_the_derivative() {
    for part in Distribution::BUILT_IN {
        for shape in shapes(&part.shapes()) {
            for x in points() {
                let p = part.probability(x, shape);
                let slopes = |x: Dual, shape: Dual| {
                    let p = part.probability(x, shape);
                    let ln_d =
                        if p.mantissa.value > 0.0 { (p.mantissa.ln() + p.exponent).slope } else { 0.0 };
                    let ln_not_d = if p.not_d.value > 1e-290 { p.not_d.ln().slope } else { 0.0 };
                    [p.d.slope, ln_d, if p.not_d.value > 1e-290 { ln_not_d } else { f64::NAN }]
                };
                let along_x = slopes(Dual::new(x, 1.0), Dual::new(shape, 0.0));
                let along_p = slopes(Dual::new(x, 0.0), Dual::new(shape, 1.0));
                let grads = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)];
                for (i, (d, ln_d, ln_not_d)) in grads.into_iter().enumerate() {
                    let grad = ProbabilityGrad { d, ln_d, ln_not_d };
                    for (what, found, expected) in [
                        ("x", p.vjp(&grad), along_x[i]),
                        ("shape", part.shape_vjp(x, shape, &grad), along_p[i]),
                    ] {
                        if expected.is_nan() || (what == "x" && (x.abs() > 1e6 || p.exponent < -1e20)) {
                            continue; // 1 - D too small to be held, or x held where nothing moves
                        }
                        // A logarithm of what is left of 1 has lost the digits that 1 - D has.
                        let lost = 1e-15 / if i == 2 { p.not_d.min(1.0) } else { 1.0 };
                        let bound = 1e-9 * (1e-6 + found.abs()) + lost * found.abs();
                        assert!(
                            (found - expected).abs() <= bound,
                            "{part:?}({shape}) at {x:e}, form {i} along {what}: {found:e}, not {expected:e}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn every_distribution_is_as_exact_in_f32() {
    for part in Distribution::BUILT_IN {
        for shape in shapes(&part.shapes()) {
            for x in points().into_iter().filter(|x| x.abs() < 60.0) {
                let (x, shape) = (x as f32, shape as f32);
                let found = numbers(&part.probability(x, shape));
                let exact = |by: f64| numbers(&part.probability(f64::from(x) * (1.0 + by), f64::from(shape)));
                let (at, up, down) = (exact(0.0), exact(2.4e-7), exact(-2.4e-7));
                for (i, found) in found.into_iter().enumerate() {
                    if i == 2 || i == 3 {
                        continue; // how D is split may differ: compared as D
                    }
                    let moves = (up[i] - at[i]).abs().max((down[i] - at[i]).abs());
                    // What is left of 1 rounds by a unit of 1.
                    let size = at
                        .iter()
                        .enumerate()
                        .fold(0.0, |a: f64, (i, v)| if i == 3 { a } else { a.max(v.abs()) });
                    let bound = 2e-6 * at[i].abs()
                        + moves
                        + 1e-6 * size.min(1.0)
                        + 2e-6 * size * f64::from(i >= 5)
                        + 1e-30;
                    assert!(
                        (f64::from(found) - at[i]).abs() <= bound,
                        "{part:?}({shape}) at {x:e}, number {i}: {found:e}, not {:e}",
                        at[i]
                    );
                }
            }
        }
    }
}

#[test]
fn the_cut_is_where_d_is_dist_eps() {
    for part in Distribution::BUILT_IN {
        for shape in shapes(&part.shapes()) {
            for dist_eps in [1e-10, 1e-4, 0.3] {
                let cut = part.cut(dist_eps, shape);
                let at = |c: f64| part.probability(-c, shape).d;
                assert!(cut >= 0.0 && cut.is_finite(), "{part:?}({shape}): cut {cut}");
                assert!(
                    at(cut * (1.0 + 1e-15)) <= dist_eps * (1.0 + 1e-9),
                    "{part:?}({shape}): {:e} at {cut:e}",
                    at(cut)
                );
                if cut > 0.0 {
                    assert!(
                        at(cut * (1.0 - 1e-15)) >= dist_eps * (1.0 - 1e-9),
                        "{part:?}({shape}): {:e} at {cut:e}",
                        at(cut)
                    );
                } else {
                    assert!(at(-1e-9) <= 0.5, "{part:?}({shape})");
                }
            }
        }
    }
}

/// A probability whose D is `d`, as the logistic gives it.
fn of<R: Real>(d: R) -> Probability<R> {
    Logistic.probability((d / (d.one() - d)).ln(), d.one())
}

fn alpha<R: Real>(part: &Silhouette, ds: &[R], shape: R) -> R {
    let mut state = part.identity(shape);
    for d in ds {
        part.push(&mut state, &of(*d), shape.mask(true), shape);
    }
    part.finish(&mut state, shape.lit(ds.len() as f64), shape)
}

/// Rows of D: small ones, ordinary ones, some near 1.
const ROWS: &[&[f64]] = &[
    &[0.3],
    &[0.55, 0.25],
    &[1e-7, 3e-7],
    &[0.1, 0.05, 0.2, 0.01],
    &[0.02, 0.999],
    &[0.4, 0.3, 0.6, 0.11],
    &[1e-12, 0.35],
    &[0.99, 0.97, 1e-3],
];

#[test]
#[rustfmt::skip]
fn every_t_conorm_is_its_definition() {
    type Formula = fn(f64, f64) -> f64;
    // The generators g of MATH 4, and their inverses.
    let family: &[(Silhouette, Formula, Formula)] = &[
        (Silhouette::ProbabilisticOr, |b, _| -(1.0 - b).ln(), |s, _| 1.0 - (-s).exp()),
        (Silhouette::Einstein, |b, _| b.atanh(), |s, _| s.tanh()),
        (Silhouette::Hamacher, |b, p| ((p + (1.0 - p) * (1.0 - b)) / (1.0 - b)).ln(), |s, p| (s.exp() - 1.0) / (s.exp() - 1.0 + p)),
        (Silhouette::Frank, |b, p| -((p.powf(1.0 - b) - 1.0) / (p - 1.0)).ln(), |s, p| 1.0 - (1.0 + (-s).exp() * (p - 1.0)).ln() / p.ln()),
        (Silhouette::Yager, |b, p| b.powf(p), |s, p| s.powf(1.0 / p).min(1.0)),
        (Silhouette::AczelAlsina, |b, p| (-(1.0 - b).ln()).powf(p), |s, p| 1.0 - (-s.powf(1.0 / p)).exp()),
        (Silhouette::Dombi, |b, p| (b / (1.0 - b)).powf(p), |s, p| 1.0 / (1.0 + s.powf(-1.0 / p))),
        (Silhouette::SchweizerSklar, |b, p| (1.0 - (1.0 - b).powf(p)) / p, |s, p| 1.0 - (1.0 - p * s).max(0.0).powf(1.0 / p)),
    ];
    for (part, g, inverse) in family {
        for shape in shapes(&part.shapes()) {
            for row in ROWS {
                let found = alpha(part, row, shape);
                let expected = inverse(row.iter().map(|&b| g(b, shape)).sum(), shape);
                assert!((found - expected).abs() < 1e-9, "{part:?}({shape}) of {row:?}: {found}, not {expected}");
                let single = alpha(part, &row.iter().map(|&d| d as f32).collect::<Vec<_>>(), shape as f32);
                assert!((f64::from(single) - found).abs() < 4e-6, "{part:?}({shape}) of {row:?}: {single}, not {found}");
            }
        }
    }
    for row in ROWS {
        let largest = row.iter().fold(0.0, |a: f64, &b| a.max(b));
        assert!((alpha(&Silhouette::Max, row, 1.0) - largest).abs() < 1e-15);
    }
}

#[test]
fn t_conorms_meet_where_they_should() {
    let same = |(a, p): (Silhouette, f64), (b, q): (Silhouette, f64)| {
        for row in ROWS {
            let (x, y) = (alpha(&a, row, p), alpha(&b, row, q));
            assert!((x - y).abs() < 1e-12, "{a:?}({p}) and {b:?}({q}) of {row:?}: {x}, {y}");
        }
    };
    use Silhouette::{AczelAlsina, Dombi, Einstein, Frank, Hamacher, ProbabilisticOr, SchweizerSklar, Yager};
    same((Hamacher, 1.0), (ProbabilisticOr, 1.0));
    same((Hamacher, 2.0), (Einstein, 1.0));
    same((Frank, 1.0), (ProbabilisticOr, 1.0));
    same((AczelAlsina, 1.0), (ProbabilisticOr, 1.0));
    same((SchweizerSklar, 0.0), (ProbabilisticOr, 1.0));
    same((SchweizerSklar, -1.0), (Dombi, 1.0));
    same((SchweizerSklar, 1.0), (Yager, 1.0));
}

#[test]
fn every_slope_of_a_silhouette_is_the_derivative() {
    for part in Silhouette::BUILT_IN {
        for shape in shapes(&part.shapes()).into_iter().chain([1.0]) {
            for row in ROWS {
                // The middle of the rows is ordinary, so that no sum lies on a border.
                let n = row.len();
                let xs: Vec<f64> = row.iter().map(|d| (d / (1.0 - d)).ln()).collect();
                let draw = |xs: &[Dual], shape: Dual| {
                    let mut state = part.identity(shape);
                    xs.iter()
                        .for_each(|x| part.push(&mut state, &Logistic.probability(*x, shape), true, shape));
                    part.finish(&mut state, Dual::new(n as f64, 0.0), shape).slope
                };
                let mut state = part.identity(0.0);
                let pairs: Vec<_> = xs.iter().map(|x| Logistic.probability(*x, 1.0)).collect();
                pairs.iter().for_each(|p| part.push(&mut state, p, true, shape));
                part.finish(&mut state, n as f64, shape);
                for (k, pair) in pairs.iter().enumerate() {
                    let moving: Vec<Dual> =
                        xs.iter().enumerate().map(|(i, x)| Dual::new(*x, f64::from(i == k))).collect();
                    let expected = draw(&moving, Dual::new(shape, 0.0));
                    let found = pair.vjp(&part.pair_vjp(&state, pair, n as f64, shape, 1.0));
                    let off = (found - expected).abs();
                    assert!(
                        off <= 1e-9 * expected.abs() + 1e-15,
                        "{part:?}({shape}) of {row:?}, {k}: {found:e}, not {expected:e}"
                    );
                }
                let resting: Vec<Dual> = xs.iter().map(|x| Dual::new(*x, 0.0)).collect();
                let expected = draw(&resting, Dual::new(shape, 1.0));
                let found: f64 = pairs.iter().map(|p| part.shape_vjp(&state, p, n as f64, shape, 1.0)).sum();
                let off = (found - expected).abs();
                assert!(
                    off <= 1e-8 * expected.abs() + 1e-13,
                    "{part:?}({shape}) of {row:?}: to p {found:e}, not {expected:e}"
                );
            }
        }
    }
}
