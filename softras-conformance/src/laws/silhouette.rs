//! The silhouette A_O.

use softras_core::math::{
    Adding, Cutoff, Distance, Interpolation, Silhouette, SilhouetteAggregator, TextureKind,
};
use softras_core::raster::{Outputs, Sides};

use super::functions::{FACE_A, FACE_B, TABLE_A, TABLE_SIGMA};
use super::{Needs, Under, built, law};
use crate::compare::{self, widen};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle;
use crate::scene::{Corners, Scene};
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "silhouette::of_known_faces",
        "the probabilities of MATH 11, drawn one pixel at a time",
        Budget.of("the probabilistic or"),
        of_known_faces
    ),
    law!(
        "silhouette::adding_a_face_never_lowers_it",
        "A with one face more is not less",
        Budget.of("silhouettes that a face more never lowers"),
        adding_a_face
    ),
    law!(
        "silhouette::is_at_least_its_largest_face",
        "A of all faces is at least that of each alone",
        Budget.of("silhouettes that a face more never lowers"),
        is_at_least_its_largest_face
    ),
    law!(
        "silhouette::of_a_face_twice",
        "a lone face, duplicated, squares 1 - A",
        Budget.of("the probabilistic or"),
        of_a_face_twice
    ),
    law!(
        "silhouette::of_faces_is_their_product",
        "1 - A is the product of the 1 - A of each face alone",
        Budget.of("the probabilistic or"),
        of_faces_is_their_product
    ),
    law!(
        "silhouette::does_not_know_color",
        "A does not depend on depth, near and far, sides, textures or the color aggregator",
        Bits,
        does_not_know_color
    ),
    law!(
        "silhouette::of_sum_is_the_mean",
        "Sum is the mean of the D of all faces",
        Budget.of("Sum"),
        of_sum_is_the_mean
    ),
    law!(
        "silhouette::of_hard_is_any_above_half",
        "hard A is 1 where any D > 1/2, else 0",
        Bits.of("hard silhouettes"),
        of_hard_is_any_above_half
    ),
    law!(
        "silhouette::on_a_shared_edge_is_three_quarters",
        "two faces that share an edge have A = 3/4 on it",
        Budget.of("the probabilistic or"),
        on_a_shared_edge
    ),
    law!(
        "silhouette::fades_with_distance",
        "A falls as a face moves away, from 1 to exactly 0",
        Budget,
        fades_with_distance
    ),
    law!(
        "silhouette::hardly_depends_on_the_cut",
        "a cut-off takes at most dist_eps for each face",
        Budget.of("the probabilistic or"),
        hardly_depends_on_the_cut
    ),
];

/// The alphas of a scene drawn in its own style, `[B * H * W]`.
pub(super) fn alphas<R: Tested>(under: &Under<'_, R>, scene: &Scene) -> Result<Vec<f64>, Broken> {
    let (image, _) = under.backend.forward(&scene.faces::<R>()?, &scene.params())?;
    Ok(image.silhouette.as_ref().map(widen).unwrap_or_default())
}

/// A scene with the same parts that draws the silhouette alone.
fn bare<R: Tested>(under: &Under<'_, R>, scene: &Scene) -> Scene {
    let alone = under.can.outputs.contains(&Outputs::Silhouette);
    let scene = scene.clone().style(|s| s.outputs = if alone { Outputs::Silhouette } else { Outputs::Both });
    Scene { channels: if alone { 0 } else { scene.channels }, ..scene }
}

/// The first picture of a scene with faces for it.
fn with_faces(scene: &Scene, faces: Vec<Corners>) -> Scene {
    Scene {
        pictures: vec![faces],
        sigma: scene.sigma[..1].to_vec(),
        gamma: scene.gamma[..1].to_vec(),
        epsilon: scene.epsilon[..1].to_vec(),
        ..scene.clone()
    }
}

/// Random scenes of one picture under one silhouette aggregator; nothing if the back end has not got it.
fn with<R: Tested>(
    under: &Under<'_, R>,
    silhouette: &Silhouette,
    kind: Kind,
    check: impl Fn(&Scene, &mut Gauge) -> Result<(), Broken>,
) -> Outcome {
    if let Some(lacking) =
        under.lacks(Needs { silhouettes: core::slice::from_ref(silhouette), ..Needs::default() })
    {
        return Ok(lacking);
    }
    under.context.for_all(strategy::scene(&under.can, kind), |scene, gauge| {
        let scene = bare(under, &with_faces(scene, scene.pictures[0].clone()));
        check(&scene.style(|s| s.silhouette = silhouette.clone()), gauge)
    })
}

fn of_known_faces<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let needs =
        Needs { cutoffs: &[Cutoff::None], silhouettes: &[Silhouette::ProbabilisticOr], ..Needs::default() };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    let rows = TABLE_A.iter().flat_map(|row| {
        [(Distance::Euclidean, row.d_euclidean), (Distance::Barycentric, row.d_barycentric)]
            .map(|(metric, d)| (FACE_A, row.at, metric, d))
    });
    let logistic = |s: f64| 1.0 / (1.0 + (-s / TABLE_SIGMA).exp());
    let of_b = [([0.0, 0.3], -0.04f64), ([0.3, 0.25], -0.0476470588235), ([-0.5, 0.2], -0.0476470588235)];
    // The unsquared distance is the root of the tabled one.
    let more = of_b.into_iter().flat_map(|(at, s)| {
        [(Distance::Euclidean, logistic(s)), (Distance::EuclideanUnsquared, logistic(-(-s).sqrt()))]
            .map(|(metric, d)| (FACE_B, at, metric, d))
    });
    for (face, at, metric, expected) in rows.chain(more).filter(|r| under.can.distances.contains(&r.2)) {
        let scene = bare(under, &Scene { size: (1, 1), channels: 1, ..Scene::default() });
        let params =
            scene.params::<R>().distance(metric.clone()).cutoff(Cutoff::None).sigma(R::from_f64(TABLE_SIGMA));
        let (image, _) = under.backend.forward(&built::lone(&face, at, scene.channels)?, &params)?;
        let found = image.silhouette.map_or(f64::NAN, |a| a[[0, 0, 0]].to_f64());
        // The tables have 12 digits.
        let bound = under.budget.probability.max(2e-11 * expected.max(1e-3));
        gauge.near(|| format!("{metric:?} at {at:?}"), found, expected, bound)?;
    }
    Ok(gauge)
}

/// The aggregators that a face more never lowers.
fn monotone<'a, R: Tested>(under: &'a Under<'_, R>) -> impl Iterator<Item = &'a Silhouette> {
    under.silhouettes().filter(|part| part.adding() == Adding::NeverLowers)
}

fn adding_a_face<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    for silhouette in monotone(under) {
        gauge.add(with(under, silhouette, Kind::Strange, |scene, gauge| {
            let all = scene.pictures[0].clone();
            let mut before = vec![0.0; scene.size.0 * scene.size.1];
            for n in 1..=all.len() {
                let after = alphas(under, &with_faces(scene, all[..n].to_vec()))?;
                for (p, (&a, &b)) in after.iter().zip(&before).enumerate() {
                    gauge.within(
                        || format!("face {n} lowers pixel {p} from {b} to {a}"),
                        b - a,
                        4.0 * under.budget.unit,
                    )?;
                }
                before = after;
            }
            Ok(())
        })?);
    }
    Ok(gauge)
}

fn is_at_least_its_largest_face<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    for silhouette in monotone(under) {
        gauge.add(with(under, silhouette, Kind::Strange, |scene, gauge| {
            let all = alphas(under, scene)?;
            for (f, &face) in scene.pictures[0].iter().enumerate() {
                let alone = alphas(under, &with_faces(scene, vec![face]))?;
                for (p, (&a, &d)) in all.iter().zip(&alone).enumerate() {
                    gauge.within(
                        || format!("A {a} at pixel {p}, D {d} of face {f}"),
                        d - a,
                        4.0 * under.budget.unit,
                    )?;
                }
            }
            Ok(())
        })?);
    }
    Ok(gauge)
}

fn of_a_face_twice<R: Tested>(under: &Under<'_, R>) -> Outcome {
    with(under, &Silhouette::ProbabilisticOr, Kind::Strange, |scene, gauge| {
        let faces = &scene.pictures[0];
        let once = alphas(under, &with_faces(scene, faces.clone()))?;
        let twice = alphas(under, &with_faces(scene, faces.iter().flat_map(|&face| [face, face]).collect()))?;
        let bound = (2.0 + 4.0 * faces.len() as f64) * under.budget.unit;
        for (p, (&one, &two)) in once.iter().zip(&twice).enumerate() {
            let expected = 1.0 - (1.0 - one) * (1.0 - one);
            gauge.near(|| format!("pixel {p}"), two, expected, bound)?;
        }
        Ok(())
    })
}

fn of_faces_is_their_product<R: Tested>(under: &Under<'_, R>) -> Outcome {
    with(under, &Silhouette::ProbabilisticOr, Kind::Strange, |scene, gauge| {
        let all = alphas(under, scene)?;
        let mut product = vec![1.0; all.len()];
        for &face in &scene.pictures[0] {
            for (t, a) in product.iter_mut().zip(alphas(under, &with_faces(scene, vec![face]))?) {
                *t *= 1.0 - a;
            }
        }
        let bound = (2.0 + 2.0 * scene.count() as f64) * under.budget.unit;
        for (p, (&a, &t)) in all.iter().zip(&product).enumerate() {
            gauge.near(|| format!("pixel {p}"), a, 1.0 - t, bound)?;
        }
        Ok(())
    })
}

fn does_not_know_color<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        if !under.can.outputs.contains(&Outputs::Both) {
            return Ok(());
        }
        let scene = scene.clone().style(|s| s.outputs = Outputs::Both);
        let draw = |scene: &Scene| -> Result<_, Broken> {
            Ok(under.backend.forward(&scene.faces::<R>()?, &scene.params())?.0.silhouette)
        };
        let first = draw(&scene)?;
        let mut other = scene.clone().style(|s| {
            s.sides = Sides::Front;
            s.interpolation = Interpolation::Screen;
            s.color = under.can.colors.last().cloned().unwrap_or_default();
            if under.can.textures.contains(&softras_core::raster::TextureFamily::Surface) {
                s.texture = TextureKind::Surface { side: 2 };
            }
        });
        for corner in other.pictures.iter_mut().flatten().flatten() {
            corner[2] = 7.5 - corner[2] * 0.5;
        }
        other.range = (3.0, 4.0);
        other.gamma = vec![0.02];
        other.epsilon = vec![0.3];
        other.channels = 1;
        other.seed = !other.seed;
        compare::same_bits(gauge, "silhouette", first.as_ref(), draw(&other)?.as_ref())
    })
}

fn of_sum_is_the_mean<R: Tested>(under: &Under<'_, R>) -> Outcome {
    with(under, &Silhouette::Sum, Kind::Strange, |scene, gauge| {
        let all = alphas(under, scene)?;
        let n = scene.count() as f64;
        let mut sum = vec![0.0; all.len()];
        for &face in &scene.pictures[0] {
            for (sum, a) in sum.iter_mut().zip(alphas(under, &with_faces(scene, vec![face]))?) {
                *sum += a;
            }
        }
        for (p, (&a, &sum)) in all.iter().zip(&sum).enumerate() {
            let bound = (n + 4.0) * under.budget.unit;
            gauge.near(|| format!("pixel {p}"), a, sum / n.max(1.0), bound)?;
        }
        Ok(())
    })
}

fn of_hard_is_any_above_half<R: Tested>(under: &Under<'_, R>) -> Outcome {
    if let Some(lacking) = under.lacks(Needs { silhouettes: &[Silhouette::Sum], ..Needs::default() }) {
        return Ok(lacking);
    }
    with(under, &Silhouette::Hard, Kind::Strange, |scene, gauge| {
        let all = alphas(under, scene)?;
        let mut any = vec![false; all.len()];
        for &face in &scene.pictures[0] {
            // The mean of one face is its D.
            let alone = with_faces(scene, vec![face]).style(|s| s.silhouette = Silhouette::Sum);
            for (any, a) in any.iter_mut().zip(alphas(under, &alone)?) {
                *any |= a > 0.5;
            }
        }
        for (p, (&a, &any)) in all.iter().zip(&any).enumerate() {
            gauge.within(|| format!("pixel {p}: {a}"), (a - if any { 1.0 } else { 0.0 }).abs(), 0.0)?;
        }
        Ok(())
    })
}

fn on_a_shared_edge<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let needs = Needs { silhouettes: &[Silhouette::ProbabilisticOr], ..Needs::default() };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    let faces = vec![
        [[0.0, -1.0, 2.0], [1.0, 0.0, 2.0], [0.0, 1.0, 2.0]],
        [[0.0, 1.0, 2.0], [-1.0, 0.0, 2.0], [0.0, -1.0, 2.0]],
    ];
    for metric in under.soft_distances() {
        let scene = Scene { size: (1, 1), ..Scene::of(faces.clone()) }.style(|s| s.distance = metric.clone());
        let found = alphas(under, &bare(under, &scene))?;
        gauge.near(|| format!("{metric:?}"), found[0], 0.75, under.budget.silhouette)?;
    }
    Ok(gauge)
}

fn fades_with_distance<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    for metric in under.distances() {
        for silhouette in under.silhouettes() {
            let mut before = 1.0 + 2.0 * under.budget.unit;
            let mut last = before;
            for step in 0..40u8 {
                let x = -0.5 + 0.04 * f32::from(step);
                let face = [[x, -10.0, 2.0], [x, 10.0, 2.0], [x + 10.0, 0.0, 2.0]];
                let scene = Scene::pixel(face, 0.0, 0.0).style(|s| {
                    s.distance = metric.clone();
                    s.silhouette = silhouette.clone();
                });
                last = alphas(under, &bare(under, &scene))?[0];
                gauge.within(
                    || format!("{metric:?}, {silhouette:?} at {x}: {last}"),
                    last - before,
                    under.budget.unit,
                )?;
                before = last;
            }
            gauge.within(|| format!("{metric:?}, {silhouette:?}: {last} at the end"), last.abs(), 0.0)?;
        }
    }
    Ok(gauge)
}

fn hardly_depends_on_the_cut<R: Tested>(under: &Under<'_, R>) -> Outcome {
    if let Some(lacking) = under.lacks(Needs { cutoffs: &[Cutoff::None], ..Needs::default() }) {
        return Ok(lacking);
    }
    with(under, &Silhouette::ProbabilisticOr, Kind::Ordinary, |scene, gauge| {
        let cut = scene.cut(1e-4);
        if oracle::box_cuts(&scene.style.distance, cut * f64::from(scene.sigma[0])) {
            return Ok(()); // the box rule cuts elsewhere
        }
        let mut found = Vec::new();
        for cutoff in [Cutoff::Hard, Cutoff::None] {
            let scene = Scene { dist_eps: 1e-4, ..scene.clone() }.style(|s| s.cutoff = cutoff);
            let doubt = oracle::doubt(&scene.faces()?, &scene.params())?;
            found.push((alphas(under, &scene)?, doubt));
        }
        let [(hard, doubt), (free, _)] = &found[..] else { return Ok(()) };
        for (p, (&a, &b)) in hard.iter().zip(free).enumerate().filter(|(p, _)| !doubt.silhouette[*p]) {
            let bound = 1e-4 * scene.count() as f64 + 8.0 * under.budget.unit;
            gauge.within(|| format!("pixel {p}: {a} with the cut, {b} without"), b - a, bound)?;
            gauge.within(
                || format!("pixel {p}: {a} with the cut, {b} without"),
                a - b,
                8.0 * under.budget.unit,
            )?;
        }
        Ok(())
    })
}
