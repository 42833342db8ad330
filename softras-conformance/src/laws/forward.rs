//! Pictures against the reference.

use super::{Under, law};
use crate::compare;
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle::{self, Answer, ask};
use crate::scene::Scene;
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "forward::agrees_with_the_reference",
        "every picture and gradient of random scenes is the reference's, but at pixels in doubt",
        Budget,
        agrees_with_the_reference
    ),
    law!(
        "forward::agrees_for_every_combination",
        "the same for every combination of parts and settings",
        Budget,
        agrees_for_every_combination
    ),
    law!(
        "forward::agrees_on_strange_scenes",
        "the same with slivers, points, lines, copies, faces behind the camera, huge and tiny ones",
        Budget,
        agrees_on_strange_scenes
    ),
    law!(
        "forward::agrees_on_large_pictures",
        "the same where faces cover thousands of pixels, where a picture is 2,100 wide, and in a batch of 40",
        Budget,
        agrees_on_large_pictures
    ),
];

fn agrees_with_the_reference<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under
        .context
        .for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| agree(under, scene, gauge))
}

fn agrees_for_every_combination<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let styles = strategy::every_style(&under.can);
    // A prime stride meets every pair of choices; another seed begins elsewhere.
    let (stride, first) = (11, under.context.seed as usize % 11);
    for (i, style) in styles.into_iter().enumerate().skip(first).step_by(stride) {
        let scene = strategy::small_scene(style, under.context.seed + i as u64);
        agree(under, &scene, &mut gauge).map_err(|e| Broken(format!("{e}\n{scene:?}")))?;
    }
    Ok(gauge)
}

fn agrees_on_strange_scenes<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under
        .context
        .for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| agree(under, scene, gauge))
}

fn agrees_on_large_pictures<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    for (i, size) in [(97, 72), (40, 130), (2100, 3)].into_iter().enumerate() {
        let mut scene = strategy::small_scene(crate::scene::Style::default(), i as u64);
        for faces in &mut scene.pictures {
            faces.push([[-9.0, -8.0, 4.0], [9.0, -7.0, 5.0], [0.5, 9.0, 4.5]]);
        }
        let scene = Scene { size, sigma: vec![1e-3], shared_textures: false, ..scene };
        agree(under, &scene, &mut gauge).map_err(|e| Broken(format!("{e}\n{scene:?}")))?;
    }
    let scene = many_pictures(40);
    agree(under, &scene, &mut gauge).map_err(|e| Broken(format!("{e}\n{scene:?}")))?;
    Ok(gauge)
}

/// A batch of `count` small pictures, each with faces and settings of its own.
fn many_pictures(count: usize) -> Scene {
    let style = crate::scene::Style::default;
    let pictures =
        (0..count).map(|b| strategy::small_scene(style(), b as u64).pictures.swap_remove(b % 2)).collect();
    let each = |from: f32| (0..count).map(|b| from * (1.0 + 0.05 * b as f32)).collect::<Vec<_>>();
    Scene {
        pictures,
        shared_textures: false,
        sigma: each(5e-3),
        gamma: each(0.1),
        epsilon: each(1e-3),
        ..strategy::small_scene(style(), 1)
    }
}

/// Draws a scene on both, and compares what is not in doubt.
pub(super) fn agree<R: Tested>(under: &Under<'_, R>, scene: &Scene, gauge: &mut Gauge) -> Result<(), Broken> {
    let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
    let doubt = oracle::doubt(&faces, &params)?;
    let mut grad = scene.grad::<f64>();
    doubt.silence(&mut grad);
    let expected = oracle::answer(&faces, &params, &grad)?;
    let band = oracle::band(&faces, &params, &grad, &expected, under.budget.unit)?;

    let mut grad = scene.grad::<R>();
    doubt.silence(&mut grad);
    let found = ask(under.backend, &scene.faces::<R>()?, &scene.params::<R>(), &grad)?;
    pictures(under, scene, gauge, (&found, &expected), &band, &doubt)?;
    let z_k = oracle::depth_in_gammas(scene);
    compare::gradients(
        gauge,
        &under.budget,
        &found.gradients,
        &expected.gradients,
        Some(&band.gradients),
        z_k,
    )
}

pub(super) fn pictures<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
    gauge: &mut Gauge,
    (found, expected): (&Answer<R>, &Answer<f64>),
    band: &oracle::Band,
    doubt: &oracle::Doubt,
) -> Result<(), Broken> {
    let budget = &under.budget;
    let (w, h) = scene.size;
    let place =
        move |p: usize| format!("pixel (row {}, column {}) of picture {}", p / w % h, p % w, p / (w * h));
    let (a, b) = (found.image.silhouette.as_ref(), expected.image.silhouette.as_ref());
    gauge.holds(|| "a silhouette was drawn, or not".to_owned(), a.is_some() == b.is_some())?;
    for (p, (a, b)) in a.iter().flat_map(|a| a.iter()).zip(b.iter().flat_map(|b| b.iter())).enumerate() {
        if !doubt.silhouette[p] {
            let bound = budget.silhouette + budget.bands * band.silhouette[p];
            gauge.near(|| format!("silhouette at {}", place(p)), a.to_f64(), *b, bound)?;
        }
    }
    let (a, b) = (found.image.color.as_ref(), expected.image.color.as_ref());
    gauge.holds(|| "a color was drawn, or not".to_owned(), a.is_some() == b.is_some())?;
    let z_k = oracle::depth_in_gammas(scene);
    let pixels = w * h;
    for (i, (a, b)) in a.iter().flat_map(|a| a.iter()).zip(b.iter().flat_map(|b| b.iter())).enumerate() {
        let p = i / (pixels * scene.channels) * pixels + i % pixels;
        if !doubt.color[p] {
            let bound = budget.color + budget.depth(z_k) + budget.bands * band.color[i];
            let channel = i / pixels % scene.channels;
            gauge.near(|| format!("channel {channel} at {}", place(p)), a.to_f64(), *b, bound)?;
        }
    }
    Ok(())
}
