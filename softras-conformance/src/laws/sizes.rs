//! Pictures whose sides are around those of tiles and bins, and tiles that hold very many faces.

use softras_core::raster::Outputs;

use super::{Under, law};
use crate::compare::{groups, widen};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle::{self, ask};
use crate::scene::{Corners, Scene, noise};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "forward::agrees_around_tiles",
        "pictures of a pixel more and less than tiles and bins, wide, high and narrow, are the reference's, with faces \
         on the borders and corners of tiles",
        Budget,
        agrees_around_tiles
    ),
    law!(
        "robustness::of_very_many_faces_in_one_tile",
        "100,000 faces in a picture of 8 x 8 pixels all count, the last as well: alpha, pairs and gradients",
        Budget,
        very_many_faces
    ),
];

fn agrees_around_tiles<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let sizes = [
        (7, 9),
        (8, 8),
        (9, 7),
        (15, 17),
        (16, 16),
        (17, 15),
        (31, 33),
        (32, 32),
        (33, 31),
        (65, 2),
        (3, 64),
        (1, 130),
        (129, 1),
    ];
    for (n, (w, h)) in sizes.into_iter().enumerate() {
        // Small faces where tiles of 8, 16 and 32 pixels meet, one on the last pixel, and one over all.
        let place = |x: usize, y: usize| {
            let (x, y) = (x.min(w) as f32, y.min(h) as f32);
            [(2.0 * x - w as f32) / h as f32, (h as f32 - 2.0 * y) / h as f32]
        };
        let pixel = 2.0 / h as f32;
        let small = |[x, y]: [f32; 2], z: f32| -> Corners {
            [
                [x - 0.8 * pixel, y - 0.7 * pixel, z],
                [x + 0.9 * pixel, y - 0.6 * pixel, z + 0.1],
                [x, y + pixel, z],
            ]
        };
        let mut faces: Vec<Corners> = vec![[[-1.3, -0.9, 6.0], [1.1, -1.2, 5.0], [0.2, 1.4, 7.0]]];
        for (i, step) in [8, 16, 32].into_iter().enumerate() {
            let depth = 2.0 + i as f32;
            faces.extend([
                small(place(step, step), depth),
                small(place(step, 0), depth),
                small(place(0, step), depth),
            ]);
        }
        faces.push(small(place(w, h), 1.5));
        let sigma = (0.6 * pixel).powi(2) / 9.2; // a reach of 0.6 pixels
        let scene = Scene { size: (w, h), sigma: vec![sigma], seed: n as u64, ..Scene::of(faces) };
        super::forward::agree(under, &scene, &mut gauge).map_err(|e| Broken(format!("{w} x {h}: {e}")))?;
    }
    Ok(gauge)
}

fn very_many_faces<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    if !under.can.outputs.contains(&Outputs::Both) {
        return Ok(Gauge::unsupported("outputs Both"));
    }
    // The reference pays for all of them at every pixel, forward and back.
    let count = if under.context.subject.is_reference() { 5_000 } else { 100_000 };
    // So faint that 100,000 of them are not opaque: far outside, in the tail of D, but for the last.
    let face = |i: usize| {
        let r = |k: usize| noise(3, i as u64, k) as f32;
        let (angle, away) = (core::f32::consts::TAU * r(0), 3.2 + 0.3 * r(1));
        let (x, y) = (away * angle.cos(), away * angle.sin());
        core::array::from_fn(|k| [x + 0.2 * r(2 + k), y + 0.2 * r(5 + k), 2.0 + r(8 + k)])
    };
    let mut faces: Vec<Corners> = (0..count - 1).map(face).collect();
    faces.push([[-0.2, -0.3, 1.5], [0.3, -0.2, 1.5], [0.0, 0.3, 1.5]]);
    let scene = Scene {
        size: (8, 8),
        channels: 1,
        sigma: vec![0.5],
        gamma: vec![0.2],
        dist_eps: 1e-12,
        ..Scene::of(faces)
    };
    let (wide, wide_params) = (scene.faces::<f64>()?, scene.params::<f64>());
    let expected = oracle::picture(&wide, &wide_params)?;
    let found = ask(under.backend, &scene.faces::<R>()?, &scene.params(), &scene.grad())?;
    super::robustness::all_finite(&mut gauge, &found.image, &found.gradients)?;
    // Each factor of a product and each term of a sum rounds once.
    let bound = under.budget.silhouette + count as f64 * under.budget.unit;
    let alphas = |image: &Option<ndarray::Array3<f64>>| image.as_ref().map(widen).unwrap_or_default();
    let found_alphas = found.image.silhouette.as_ref().map(widen).unwrap_or_default();
    for (p, (a, b)) in found_alphas.iter().zip(alphas(&expected.silhouette)).enumerate() {
        gauge.near(|| format!("alpha of pixel {p}"), *a, b, bound)?;
        gauge.holds(
            || format!("pixel {p} is opaque or empty in the reference: {b}"),
            b > 1e-3 && b < 0.9999,
        )?;
    }
    let colors = (found.image.color.as_ref().map(widen), expected.color.as_ref().map(widen));
    for (i, (a, b)) in colors.0.iter().flatten().zip(colors.1.iter().flatten()).enumerate() {
        // Nothing jumps here: no cut that matters, no texel borders, depths well between near and far.
        let depth = under.budget.depth(oracle::depth_in_gammas(&scene));
        gauge.near(|| format!("color of pixel {i}"), *a, *b, bound + under.budget.color + depth)?;
    }
    let corners = groups(&found.gradients).swap_remove(0).1;
    let still = corners.chunks(6).filter(|face| face.iter().all(|g| g.abs() <= 0.0)).count();
    gauge.holds(|| format!("{still} of {count} faces have no gradient"), still == 0).map(|()| gauge)
}
