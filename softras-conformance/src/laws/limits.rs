//! Where soft becomes hard.

use softras_core::math::{
    Adding, Color, Cutoff, DistanceMetric, Distribution, DistributionFunction, Edge, Probability, Silhouette,
    SilhouetteAggregator, Vec2, pixel_centre,
};
use softras_core::raster::{Capabilities, Outputs, Plan, Sides};

use super::{Needs, Under, law};
use crate::compare::widen;
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle;
use crate::scene::Scene;
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "limits::small_sigma_is_the_mask",
        "sigma -> 0: A is 1 in a face and 0 outside, away from edges",
        Budget.of("the probabilistic or and hard silhouettes"),
        small_sigma
    ),
    law!(
        "limits::small_gamma_is_the_z_buffer",
        "gamma -> 0: the color of the nearest face within reach",
        Budget.of("Softmax"),
        small_gamma
    ),
    law!(
        "limits::both_small_are_hard",
        "sigma and gamma -> 0: the picture of the hard parts, away from edges",
        Budget.of("Softmax against hard parts"),
        both_small
    ),
    law!(
        "limits::large_gamma_forgets_depth",
        "gamma -> infinity: colors weigh D, the background 1",
        Budget.of("Softmax"),
        large_gamma
    ),
    law!(
        "limits::a_small_cut_is_none",
        "dist_eps -> 0: the picture without a cut-off",
        Budget,
        a_small_cut_is_none
    ),
    law!(
        "limits::many_faces_are_opaque",
        "D of 1/2 or more, many times, is A = 1",
        Budget.of("the probabilistic or"),
        many_faces_are_opaque
    ),
];

/// A scene of one picture; `change` its style.
fn single(scene: &Scene, change: impl FnOnce(&mut crate::scene::Style)) -> Scene {
    Scene {
        pictures: vec![scene.pictures[0].clone()],
        sigma: scene.sigma[..1].to_vec(),
        gamma: scene.gamma[..1].to_vec(),
        epsilon: vec![1e-3],
        ..scene.clone()
    }
    .style(change)
}

/// Distance of a pixel to the nearest edge of any face, and whether any face holds it.
fn edges(scene: &Scene, p: usize) -> (f64, bool) {
    let (w, h) = scene.size;
    let at: Vec2<f64> = pixel_centre(p / w, p % w, h, w);
    let (mut nearest, mut held) = (f64::INFINITY, false);
    for face in &scene.pictures[0] {
        let v = face.map(|c| Vec2::new(f64::from(c[0]), f64::from(c[1])));
        let mut sides = [0.0; 3];
        for k in 0..3 {
            let (e, r) = (v[(k + 1) % 3] - v[k], at - v[k]);
            let t = (r.dot(e) / e.dot(e)).clamp(0.0, 1.0);
            let away = r - e.scale(t);
            nearest = nearest.min(away.dot(away).sqrt());
            sides[k] = e.cross(r);
        }
        held |= sides.iter().all(|s| *s > 0.0) || sides.iter().all(|s| *s < 0.0);
    }
    (nearest, held)
}

/// Whether every face's s at pixel `p` is so many sigmas that D is as good as 0 or 1, whatever the metric.
fn decided(scene: &Scene, p: usize) -> Result<bool, Broken> {
    let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
    let plan = Plan::new(&faces, &params)?;
    let parts = crate::floor::parts(&params);
    let setting = plan.setting(0, params.get_weights());
    let at = pixel_centre(p / plan.width, p % plan.width, plan.height, plan.width);
    Ok((0..faces.count()).all(|f| parts.touch(&setting, &plan.face(&faces, 0, f), at).x.abs() > 40.0))
}

fn small_sigma<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let mut scene = Scene {
            sigma: vec![1e-10],
            ..single(scene, |s| {
                if under.can.outputs.contains(&Outputs::Both) {
                    s.outputs = Outputs::Both;
                }
                s.cutoff = Cutoff::Hard;
            })
        };
        // The left edge of one more face is a hair right of the first pixel.
        let at: Vec2<f64> = pixel_centre(0, 0, scene.size.1, scene.size.0);
        let (x, y) = (at.x as f32 + 2e-3, at.y as f32);
        scene.pictures[0].push([[x, y + 0.4, 2.0], [x, y - 0.4, 2.0], [x + 0.5, y, 2.0]]);
        let masks =
            scene.style.silhouette.adding() != Adding::MayLower && is_light(&scene.style.distribution);
        if !masks || !scene.style.outputs.silhouette() {
            return Ok(());
        }
        // Some hold D below 1, so that their gradient stays finite.
        let below_one = 1.0 - of_certain(&scene);
        for (p, a) in super::silhouette::alphas(under, &scene)?.into_iter().enumerate() {
            let (distance, held) = edges(&scene, p);
            // 30 sqrt(sigma) is far from an edge; the smallest faces are too small for a barycentric blur to end by then.
            if distance < 1e-3 || !decided(&scene, p)? {
                continue;
            }
            let expected = if held { 1.0 } else { 0.0 };
            gauge.near(
                || format!("pixel {p}, {distance:.4} from an edge"),
                a,
                expected,
                under.budget.silhouette + below_one,
            )?;
        }
        Ok(())
    })
}

/// The alpha of one face whose D is 1.
fn of_certain(scene: &Scene) -> f64 {
    let shape = scene.params::<f64>().get_t_conorm_shape().of(0);
    let part = &scene.style.silhouette;
    let mut state = part.identity(shape);
    part.push(&mut state, &Probability::certain(shape), true, shape);
    part.finish(&mut state, 1.0, shape)
}

/// The faces with color at a pixel, nearest first: (depth, D, colors), by the formulas of the core in f64.
type Shown = (f64, f64, Vec<f64>);

fn shown(scene: &Scene, p: usize) -> Result<Vec<Shown>, Broken> {
    let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
    let plan = Plan::new(&faces, &params)?;
    let parts = crate::floor::parts(&params);
    let setting = plan.setting(0, &[]);
    let at = pixel_centre(p / plan.width, p % plan.width, plan.height, plan.width);
    let mut out = Vec::new();
    for f in 0..faces.count() {
        let face = plan.face(&faces, 0, f);
        let touch = parts.touch(&setting, &face, at);
        let shade = setting.shade(&face.triangle, &touch);
        if let (true, Some(texels)) = (shade.member, &face.texels) {
            let mut color = vec![0.0; plan.channels];
            texels.color(&shade.weights, &mut color);
            out.push((shade.depth, touch.p.d, color));
        }
    }
    out.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(out)
}

/// Compares the colors of a scene, away from doubt, with what `expected` makes of the faces shown at a pixel.
fn colors<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
    gauge: &mut Gauge,
    bound: f64,
    expected: impl Fn(&[Shown], &[f64]) -> Option<Vec<f64>>,
) -> Result<(), Broken> {
    let params = scene.params::<R>();
    let doubt = oracle::doubt(&scene.faces()?, &scene.params())?;
    let (image, _) = under.backend.forward(&scene.faces::<R>()?, &params)?;
    let behind = widen(params.get_background());
    let Some(color) = image.color else { return Ok(()) };
    for p in (0..scene.size.0 * scene.size.1).filter(|&p| !doubt.color[p]) {
        let (y, x) = (p / scene.size.0, p % scene.size.0);
        let Some(expected) = expected(&shown(scene, p)?, &behind) else { continue };
        for (c, &expected) in expected.iter().enumerate() {
            gauge.near(
                || format!("channel {c} of pixel {p}"),
                color[[0, c, y, x]].to_f64(),
                expected,
                bound,
            )?;
        }
    }
    Ok(())
}

fn small_gamma<R: Tested>(under: &Under<'_, R>) -> Outcome {
    if let Some(lacking) = under.lacks(Needs { colors: &[Color::Softmax], ..Needs::default() }) {
        return Ok(lacking);
    }
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let mut scene = single(scene, |s| s.color = Color::Softmax);
        // Another face is a hair behind the first, as far as counts below.
        let behind = scene.pictures[0].first().map(|face| face.map(|[x, y, z]| [x, y, z + 1.5e-3]));
        scene.pictures[0].extend(behind);
        let scene = Scene { gamma: vec![1e-7], range: (1.0, 10.0), dist_eps: 1e-4, ..scene };
        if !scene.style.outputs.color() || scene.style.cutoff == Cutoff::None {
            return Ok(()); // without a cut every face is within reach
        }
        colors(under, &scene, gauge, under.budget.color + 8.0 * under.budget.unit, |shown, behind| {
            // 40 gammas apart, D of at least dist_eps cannot make up for depth; zn of at least 1e-2 beats epsilon.
            match shown {
                [] => Some(behind.to_vec()),
                [one, rest @ ..] if one.0 < 9.5 && rest.first().is_none_or(|two| two.0 - one.0 > 1e-3) => {
                    (one.1 > 1e-4).then(|| one.2.clone())
                }
                _ => None,
            }
        })
    })
}

/// Tells whether a distribution is as good as 0 and 1 a thousand sigma from the edge.
fn is_light(part: &Distribution) -> bool {
    let at = |x: f64| part.probability(x, *part.shapes().end());
    at(1e3).not_d < 1e-9 && at(-1e3).d < 1e-9
}

fn both_small<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let can = &under.can;
    let needs = Needs {
        colors: &[Color::Softmax, Color::Hard],
        silhouettes: &[Silhouette::ProbabilisticOr, Silhouette::Hard],
        outputs: &[Outputs::Both],
        ..Needs::default()
    };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    let Some(hard) = under.distances().find(|metric| metric.edge() == Edge::Hard) else {
        return Ok(Gauge::unsupported("a hard distance"));
    };
    // A heavy tail is no mask at any sigma.
    let distributions: Vec<_> = under.distributions().filter(|part| is_light(part)).cloned().collect();
    let distances = under.soft_distances().cloned().collect();
    let can = Capabilities { distances, distributions, ..can.clone() };
    if can.distributions.is_empty() {
        return Ok(Gauge::unsupported("a distribution with light tails"));
    }
    if can.distances.is_empty() {
        return Ok(Gauge::unsupported("a distance that blurs"));
    }
    let can = &can;
    under.context.for_all(strategy::scene(can, Kind::Ordinary), |scene, gauge| {
        let soft = single(scene, |s| {
            s.silhouette = Silhouette::ProbabilisticOr;
            s.color = Color::Softmax;
            s.outputs = Outputs::Both;
            s.cutoff = Cutoff::Hard;
            s.sides = Sides::Double;
        });
        let soft = Scene { sigma: vec![1e-9], gamma: vec![1e-7], range: (1.0, 10.0), dist_eps: 1e-4, ..soft };
        let hard = soft.clone().style(|s| {
            s.distance = hard.clone();
            s.silhouette = Silhouette::Hard;
            s.color = Color::Hard;
        });
        let (a, _) = under.backend.forward(&soft.faces::<R>()?, &soft.params())?;
        let (b, _) = under.backend.forward(&hard.faces::<R>()?, &hard.params())?;
        let doubt = oracle::doubt(&soft.faces()?, &soft.params())?;
        let bound = under.budget.color + 8.0 * under.budget.unit;
        for p in (0..soft.size.0 * soft.size.1).filter(|&p| !doubt.color[p] && edges(&soft, p).0 > 1e-3) {
            if !decided(&soft, p)? {
                continue;
            }
            let (y, x) = (p / soft.size.0, p % soft.size.0);
            if let (Some(a), Some(b)) = (&a.silhouette, &b.silhouette) {
                gauge.near(
                    || format!("silhouette of pixel {p}"),
                    a[[0, y, x]].to_f64(),
                    b[[0, y, x]].to_f64(),
                    bound,
                )?;
            }
            let shown = shown(&hard, p)?;
            let apart =
                shown.windows(2).all(|w| w[1].0 - w[0].0 > 1e-3) && shown.first().is_none_or(|s| s.0 < 9.5);
            if let (Some(a), Some(b), true) = (&a.color, &b.color, apart) {
                for c in 0..soft.channels {
                    let (a, b) = (a[[0, c, y, x]].to_f64(), b[[0, c, y, x]].to_f64());
                    gauge.near(|| format!("channel {c} of pixel {p}"), a, b, bound)?;
                }
            }
        }
        Ok(())
    })
}

fn large_gamma<R: Tested>(under: &Under<'_, R>) -> Outcome {
    if let Some(lacking) = under.lacks(Needs { colors: &[Color::Softmax], ..Needs::default() }) {
        return Ok(lacking);
    }
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let scene = Scene { gamma: vec![1e6], ..single(scene, |s| s.color = Color::Softmax) };
        // D itself may be off as far as its conditioning says: the sum of them weighs no more than a color.
        let sharp = f64::from(scene.sigma[0]).sqrt();
        let bound = 4e-6
            + under.budget.silhouette
            + 64.0 * under.budget.unit * scene.count() as f64 / sharp.min(f64::from(scene.sigma[0]) * 30.0);
        colors(under, &scene, gauge, bound, |shown, behind| {
            let total = 1.0 + shown.iter().map(|s| s.1).sum::<f64>();
            let sum = |c: usize| behind[c] + shown.iter().map(|s| s.1 * s.2[c]).sum::<f64>();
            Some((0..behind.len()).map(|c| sum(c) / total).collect())
        })
    })
}

fn a_small_cut_is_none<R: Tested>(under: &Under<'_, R>) -> Outcome {
    if let Some(lacking) = under.lacks(Needs { cutoffs: &[Cutoff::None], ..Needs::default() }) {
        return Ok(lacking);
    }
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let scene = Scene { dist_eps: 1e-30, ..single(scene, |s| s.cutoff = Cutoff::Hard) };
        let bound = scene.cut(scene.dist_eps) * f64::from(scene.sigma[0]);
        let scene = if oracle::box_cuts(&scene.style.distance, bound) {
            // The box rule is no matter of D: another metric, which it lets be.
            let Some(free) = under.distances().find(|metric| !oracle::box_cuts(metric, bound)) else {
                return Ok(());
            };
            scene.style(|s| s.distance = free.clone())
        } else {
            scene
        };
        let scene = Scene { gamma: vec![0.2], ..scene }; // it must not lift what the cut took
        let free = scene.clone().style(|s| s.cutoff = Cutoff::None);
        let (a, _) = under.backend.forward(&scene.faces::<R>()?, &scene.params())?;
        let (b, _) = under.backend.forward(&free.faces::<R>()?, &free.params())?;
        let doubt = oracle::doubt(&free.faces()?, &free.params())?;
        let pixels = scene.size.0 * scene.size.1;
        let bound = 16.0 * under.budget.unit;
        let (x, y) = (a.silhouette.as_ref().map(widen), b.silhouette.as_ref().map(widen));
        for (p, (x, y)) in x.iter().flatten().zip(y.iter().flatten()).enumerate() {
            gauge.near(|| format!("silhouette of pixel {p}"), *x, *y, bound)?;
        }
        // Over divides by the weights of the faces alone: where only faces beyond the cut are, they show, times A.
        let (x, y) = (a.color.as_ref().map(widen), b.color.as_ref().map(widen));
        for (i, (x, y)) in x.iter().flatten().zip(y.iter().flatten()).enumerate() {
            if !doubt.color[i % pixels] {
                gauge.near(|| format!("color {i}"), *x, *y, bound)?;
            }
        }
        Ok(())
    })
}

fn many_faces_are_opaque<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let needs = Needs { silhouettes: &[Silhouette::ProbabilisticOr], ..Needs::default() };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    let edge = [[0.0, -1.0, 2.0], [1.0, 0.0, 2.0], [0.0, 1.0, 2.0]]; // the pixel centre is on its edge
    for n in [1, 2, 10, 30, 2000] {
        let mut scene = Scene::pixel(edge, 0.0, 0.0);
        scene.pictures[0] = vec![edge; n];
        let found = super::silhouette::alphas(under, &scene)?[0];
        let expected = 1.0 - 0.5f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
        gauge.near(|| format!("{n} faces"), found, expected, under.budget.silhouette)?;
        gauge.holds(|| format!("{n} faces: alpha {found}"), found <= 1.0)?;
    }
    Ok(gauge)
}
