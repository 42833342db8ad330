//! Where gradients go and where they end: hidden faces, the cut, hard parts, opaque pixels.

use softras_core::math::{Color, Cutoff, DistanceMetric, Silhouette, pixel_centre};
use softras_core::raster::{Outputs, Plan};

use super::{Needs, Under, law};
use crate::compare::{self, groups};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle::{self, ask};
use crate::scene::{Scene, Style};
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "gradient::reaches_hidden_faces",
        "a face behind another gets color and silhouette gradients, at any depth",
        Budget.of("Softmax and Over"),
        reaches_hidden_faces
    ),
    law!(
        "gradient::reaches_faces_outside_near_and_far",
        "the silhouette gradient of a face does not depend on its depth",
        Bits,
        reaches_faces_outside_near_and_far
    ),
    law!(
        "gradient::ends_at_the_cut",
        "beyond its reach a face has a gradient of exactly 0",
        Bits,
        ends_at_the_cut
    ),
    law!(
        "gradient::of_hard_parts_is_zero",
        "hard silhouettes have no gradient; hard color none but through the interpolated attributes",
        Bits.of("hard silhouettes and hard color"),
        of_hard_parts_is_zero
    ),
    law!(
        "gradient::survives_saturation",
        "under many opaque faces the silhouette gradient is that of the reference, not lost where D rounds to 1",
        Budget.of("the probabilistic or"),
        survives_saturation
    ),
];

/// A face right behind another, seen through a picture of one pixel.
fn hidden(depth: f32) -> Scene {
    let at = |z: f32, shift: f32| [[-0.5 + shift, -0.4, z], [0.6, -0.5 + shift, z], [0.1 + shift, 0.7, z]];
    Scene {
        gamma: vec![1e-2],
        range: (1.0, 100.0),
        size: (3, 3),
        ..Scene::of(vec![at(2.0, 0.0), at(depth, 0.05)])
    }
}

fn reaches_hidden_faces<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    for color in under.colors().filter(|c| [Color::Softmax, Color::Over].contains(c)) {
        // KERNELS 5: at gamma 1e-2 a surface 1 behind keeps a weight of e^-1.
        let scene = hidden(3.0).style(|s| {
            s.color = color.clone();
            s.outputs = Outputs::Color;
        });
        let gradients = ask(under.backend, &scene.faces()?, &scene.params(), &scene.grad())?.gradients;
        let Some(corners) = gradients.corners else { continue };
        for k in 0..3 {
            for i in 0..3 {
                let g = corners[[1, k, i]].to_f64().abs();
                gauge.holds(
                    || format!("{color:?}: gradient {g:e} to coordinate {i} of corner {k}"),
                    g > 1e-4,
                )?;
            }
        }
    }
    // The silhouette does not know depth: a face far behind gets what one in front gets.
    let mut expected: Option<Vec<f64>> = None;
    for depth in [1.5, 3.0, 99.0, 1e4] {
        let scene = Scene { channels: 0, ..hidden(depth) }.style(|s| s.outputs = Outputs::Silhouette);
        let scene = Scene { sigma: vec![0.1], ..scene };
        let gradients = ask(under.backend, &scene.faces()?, &scene.params(), &scene.grad())?.gradients;
        let found = groups(&gradients).swap_remove(0).1;
        gauge
            .holds(|| "no gradient to a hidden face".to_owned(), found[6..].iter().all(|g| g.abs() > 1e-6))?;
        let before = expected.get_or_insert_with(|| found.clone());
        gauge.within(|| format!("depth {depth}"), compare::difference(&found, before).worst, 0.0)?;
    }
    Ok(gauge)
}

fn reaches_faces_outside_near_and_far<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let near = hidden(3.0);
    let mut gauge = Gauge::default();
    for z in [-5.0, 0.0, 1e-3, 1e5] {
        let mut scene = near.clone();
        for corner in scene.pictures.iter_mut().flatten().flatten() {
            corner[2] = z;
        }
        let mut both = [near.clone(), scene].into_iter().map(|s| {
            let s = s.style(|s| s.outputs = Outputs::Both);
            let mut grad = s.grad::<R>();
            grad.color = None;
            let corners = ask(under.backend, &s.faces()?, &s.params(), &grad)?.gradients.corners;
            Ok::<_, Broken>(corners)
        });
        if let (Some(a), Some(b)) = (both.next(), both.next()) {
            compare::same_bits(&mut gauge, &format!("depth {z}: gradient"), a?.as_ref(), b?.as_ref())?;
        }
    }
    Ok(gauge)
}

fn ends_at_the_cut<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    for cutoff in [Cutoff::Hard, Cutoff::Smooth].into_iter().filter(|c| under.can.cutoffs.contains(c)) {
        for (distance, distribution) in
            under.distances().flat_map(|d| under.distributions().map(move |f| (d, f)))
        {
            // How far it reaches the metric and the distribution say; the face ends that far from the pixel's centre.
            let sigma = 1e-3;
            let style = Style {
                cutoff,
                distance: distance.clone(),
                distribution: distribution.clone(),
                ..Style::default()
            };
            let scene = Scene { style, sigma: vec![sigma], ..Scene::default() };
            let bound = scene.cut(1e-4) * f64::from(sigma);
            let reach = distance.reach(bound).min(bound.sqrt());
            for gap in [0.3 * reach, 0.98 * reach, 1.02 * reach + 1e-4, 3.0 * reach + 0.1] {
                let x = gap as f32;
                let face = [[x, -1.0, 2.0], [x, 1.0, 2.0], [x + 2.0, 0.1, 3.0]];
                let scene =
                    Scene { style: scene.style.clone(), sigma: vec![sigma], ..Scene::pixel(face, 0.0, 0.0) };
                if gap > 0.0 {
                    reaches(under, &scene, &mut gauge, gap < reach).map_err(|e| {
                        Broken(format!("{distance:?}, {distribution:?}, {cutoff:?}, {gap} away: {e}"))
                    })?;
                }
            }
        }
    }
    Ok(gauge)
}

/// Checks that a lone face beyond its reach leaves nothing, and that one within it, if the formulas say that it counts,
/// has an alpha and a gradient.
fn reaches<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
    gauge: &mut Gauge,
    within: bool,
) -> Result<(), Broken> {
    let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
    let plan = Plan::new(&faces, &params)?;
    let at = pixel_centre(0, 0, 1, 1);
    let touch = crate::floor::parts(&params).touch(&plan.setting(0, &[]), &plan.face(&faces, 0, 0), at);
    let counts = within && touch.member;
    let found = ask(under.backend, &scene.faces()?, &scene.params(), &scene.grad())?;
    let some = groups(&found.gradients).iter().take(2).any(|(_, g)| g.iter().any(|g| g.abs() > 0.0));
    let alpha = found.image.silhouette.as_ref().map_or(f64::NAN, |a| a[[0, 0, 0]].to_f64());
    gauge.holds(|| format!("a gradient is {some}, the pair counts is {counts}"), some == counts)?;
    gauge.holds(|| format!("alpha {alpha}, the pair counts is {counts}"), (alpha > 0.0) == counts)
}

fn of_hard_parts_is_zero<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let needs = Needs {
        silhouettes: &[Silhouette::Hard],
        colors: &[Color::Hard],
        outputs: &[Outputs::Both],
        ..Needs::default()
    };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let hard = scene.clone().style(|s| {
            s.silhouette = Silhouette::Hard;
            s.color = Color::Hard;
            s.outputs = Outputs::Both;
        });
        let gradients = ask(under.backend, &hard.faces()?, &hard.params(), &hard.grad())?.gradients;
        for (name, values) in groups(&gradients) {
            if ["sigma", "gamma", "epsilon"].contains(&name) {
                gauge.holds(
                    || format!("gradient to {name}: {values:?}"),
                    values.iter().all(|g| g.abs() <= 0.0),
                )?;
            }
        }
        let mut grad = hard.grad::<R>();
        grad.color = None;
        let gradients = ask(under.backend, &hard.faces()?, &hard.params(), &grad)?.gradients;
        for (name, values) in groups(&gradients) {
            gauge
                .holds(|| format!("silhouette gradient to {name}"), values.iter().all(|g| g.abs() <= 0.0))?;
        }
        Ok(())
    })
}

fn survives_saturation<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let needs = Needs {
        silhouettes: &[Silhouette::ProbabilisticOr],
        outputs: &[Outputs::Silhouette],
        ..Needs::default()
    };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    // At sigma 1e-4 D of a pixel 0.045 inside is 1 - 1.6e-9: it rounds to 1 in f32, its gradient does not to 0.
    for (inside, copies) in [(0.03f32, 1), (0.045, 1), (0.045, 2), (0.06, 1), (0.02, 5)] {
        let face = [[-1.0, -inside, 2.0], [1.0, -inside, 2.0], [0.0, 1.0, 2.0]];
        let mut scene = Scene { sigma: vec![1e-4], channels: 0, ..Scene::pixel(face, 0.0, 0.0) };
        scene.pictures[0] = vec![face; copies];
        let scene = scene.style(|s| s.outputs = Outputs::Silhouette);
        let expected = oracle::answer(&scene.faces()?, &scene.params(), &scene.grad())?.gradients;
        let found = ask(under.backend, &scene.faces::<R>()?, &scene.params(), &scene.grad())?.gradients;
        let (found, expected) = (groups(&found).swap_remove(0).1, groups(&expected).swap_remove(0).1);
        let d = compare::difference(&found, &expected);
        // Below 1e-24 a transmittance may be 0 (KERNELS 1).
        let nil = 1e-24 / 1e-4;
        let x = copies as f64 * f64::from(inside).powi(2) / 1e-4;
        let relative = under.budget.gradient + 8.0 * under.budget.unit * x;
        gauge.within(
            || format!("{copies} faces, {inside} inside ({d:?})"),
            d.norm,
            relative * d.expected + nil,
        )?;
    }
    Ok(gauge)
}
