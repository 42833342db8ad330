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
    (Distribution::Uniform, 1.0, [[0.0, 1.0], [0.0, 1.0], [3.125e-2, 0.96875], [0.5625, 0.4375], [0.875, 0.125], [1.0, 0.0]]),
    (Distribution::CubicHermite, 1.0, [[0.0, 1.0], [0.0, 1.0], [2.86865234375e-3, 0.99713134765625], [0.59326171875, 0.40673828125], [0.95703125, 4.296875e-2], [1.0, 0.0]]),
    (Distribution::Wigner, 1.0, [[0.0, 1.0], [0.0, 1.0], [9.2898767516225119e-3, 0.99071012324837749], [0.57936975011362377, 0.42063024988637623], [0.92785319359280626, 7.2146806407193739e-2], [1.0, 0.0]]),
    (Distribution::Gaussian, 1.0, [[2.7536241186062337e-89, 1.0], [6.2096653257761352e-3, 0.99379033467422386], [0.17425071188054237, 0.82574928811945763], [0.54973822483011289, 0.45026177516988711], [0.7733726476231318, 0.2266273523768682], [0.99999999901341235, 9.8658764503769814e-10]]),
    (Distribution::Laplace, 1.0, [[1.0305768112192789e-9, 0.99999999896942319], [4.1042499311949398e-2, 0.9589575006880506], [0.1958028133383995, 0.8041971866616005], [0.5587515487077023, 0.4412484512922977], [0.76381672362949265, 0.23618327637050735], [0.99876062391166682, 1.2393760883331792e-3]]),
    (Distribution::Gudermannian, 1.0, [[1.3121711499314504e-9, 0.99999999868782885], [5.2140037210607465e-2, 0.94785996278939254], [0.23761767307996145, 0.76238232692003855], [0.53968552219747702, 0.46031447780252298], [0.71906129368097313, 0.28093870631902687], [0.99842198058542518, 1.5780194145748189e-3]]),
    (Distribution::Cauchy, 1.0, [[1.5902251256176375e-2, 0.98409774874382362], [0.1211189415908434, 0.8788810584091566], [0.26026450147774775, 0.73973549852225225], [0.53958342416056554, 0.46041657583943446], [0.70483276469913345, 0.29516723530086655], [0.94743154328874657, 5.256845671125343e-2]]),
    (Distribution::Reciprocal, 1.0, [[2.380952380952381e-2, 0.97619047619047619], [0.14285714285714286, 0.85714285714285714], [0.25806451612903226, 0.74193548387096774], [0.55555555555555556, 0.44444444444444444], [0.71428571428571429, 0.28571428571428571], [0.92857142857142857, 7.1428571428571429e-2]]),
    (Distribution::GumbelMax, 1.0, [[0.0, 1.0], [5.1192942986707322e-6, 0.99999488070570133], [7.7801897544512649e-2, 0.92219810245548735], [0.41374853106857637, 0.58625146893142363], [0.62352491625680042, 0.37647508374319958], [0.99752431739275254, 2.4756826072474585e-3]]),
    (Distribution::GumbelMin, 1.0, [[2.0611536203143807e-9, 0.99999999793884638], [7.8806344824484181e-2, 0.92119365517551582], [0.32402935380930453, 0.67597064619069547], [0.67798219922855733, 0.32201780077144267], [0.87960773792017041, 0.12039226207982959], [1.0, 6.2101364865660676e-176]]),
    (Distribution::Exponential, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.1175030974154046, 0.8824969025845954], [0.52763344725898529, 0.47236655274101471], [0.99752124782333364, 2.4787521766663584e-3]]),
    (Distribution::ExponentialReversed, 1.0, [[2.0611536224385578e-9, 0.99999999793884638], [8.2084998623898795e-2, 0.9179150013761012], [0.39160562667679899, 0.60839437332320101], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]),
    (Distribution::Gamma, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.1175030974154046, 0.8824969025845954], [0.52763344725898529, 0.47236655274101471], [0.99752124782333364, 2.4787521766663584e-3]]),
    (Distribution::Gamma, 0.5, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.38292492254802621, 0.61707507745197379], [0.77932863808015321, 0.22067136191984679], [0.99946799449486075, 5.320055051392497e-4]]),
    (Distribution::Gamma, 2.75, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [6.7782414719848745e-4, 0.99932217585280151], [5.9851075427748569e-2, 0.94014892457225143], [0.95296359251936071, 4.703640748063929e-2]]),
    (Distribution::GammaReversed, 1.5, [[1.0655090334255861e-8, 0.99999998934490967], [0.17179714429673314, 0.82820285570326686], [0.59875163306756182, 0.40124836693243818], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]),
    (Distribution::Levy, 1.0, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [4.6777349810472658e-3, 0.99532226501895273], [0.24821307898992358, 0.75178692101007642], [0.6830913983096087, 0.3169086016903913]]),
    (Distribution::LevyReversed, 1.0, [[0.17693672624187852, 0.82306327375812148], [0.47291074313446191, 0.52708925686553809], [0.69830041752165208, 0.30169958247834792], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]),
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
                for k in 0..n {
                    let moving: Vec<Dual> =
                        xs.iter().enumerate().map(|(i, x)| Dual::new(*x, f64::from(i == k))).collect();
                    let expected = draw(&moving, Dual::new(shape, 0.0));
                    let found = pairs[k].vjp(&part.pair_vjp(&state, &pairs[k], n as f64, shape, 1.0));
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
