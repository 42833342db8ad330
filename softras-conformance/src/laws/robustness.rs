//! What must not go wrong, whatever is put in.

use ndarray::Array3;
use softras_core::math::{
    Adding, Cutoff, DepthMap, Interpolation, Silhouette, SilhouetteAggregator, TextureKind, ZERO_AREA,
};
use softras_core::raster::{Gradients, Outputs, RasterParams, Sides};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Error, Image};

use super::{Under, law, law_once};
use crate::compare::groups;
use crate::law::{Broken, Context, Gauge, Law, Outcome};
use crate::oracle::{self, ask};
use crate::scene::{Corners, Scene};
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law_once!(
        "robustness::constructors_refuse_poison",
        "NaN, infinities and coordinates beyond 1e6 are refused by name when faces and textures are built",
        Contract.needs(Nothing),
        constructors_refuse_poison
    ),
    law!(
        "robustness::poison_that_passes_is_harmless",
        "every strange face that the constructors let pass gives finite pictures and gradients, for every part; a device \
         gets one combination in 17, others for each face and seed",
        Contract,
        poison_that_passes_is_harmless
    ),
    law!(
        "robustness::extreme_settings_are_harmless",
        "sigma, gamma, epsilon, dist_eps, near and far at every limit that validation lets pass stay finite; a device gets one \
         combination in 17",
        Contract,
        extreme_settings_are_harmless
    ),
    law!(
        "robustness::zero_area_has_no_color",
        "a face without area has no color and is outside everywhere, but keeps its distance",
        Budget,
        zero_area_has_no_color
    ),
    law!(
        "robustness::faces_behind_the_camera_have_no_color",
        "a face with a corner at or behind the camera has no color, and its silhouette all the same",
        Bits,
        faces_behind_the_camera_have_no_color
    ),
    law!(
        "robustness::alpha_stays_in_range",
        "0 <= A <= 1 in every scene that validation lets pass",
        Budget,
        alpha_stays_in_range
    ),
];

/// Checks that a picture and its gradients are finite.
pub(super) fn all_finite<R: Tested>(
    gauge: &mut Gauge,
    image: &Image<R>,
    gradients: &Gradients<R>,
) -> Result<(), Broken> {
    let color = image.color.iter().flat_map(|x| x.iter());
    gauge.holds(|| "a color is not finite".to_owned(), color.into_iter().all(|x| x.is_finite()))?;
    let silhouette = image.silhouette.iter().flat_map(|x| x.iter());
    gauge.holds(|| "a silhouette is not finite".to_owned(), silhouette.into_iter().all(|x| x.is_finite()))?;
    for (name, values) in groups(gradients) {
        let bad = values.iter().position(|x| !x.is_finite());
        gauge.holds(|| format!("gradient to {name} is not finite at {bad:?}"), bad.is_none())?;
    }
    Ok(())
}

fn constructors_refuse_poison(_: &Context<'_>) -> Outcome {
    let mut gauge = Gauge::default();
    let sound = Array3::from_shape_fn((2, 3, 3), |(f, k, i)| (f + 2 * k + 3 * i) as f32 * 0.1 + 1.0);
    for (value, names) in
        [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (-f32::INFINITY, "-inf"), (1.1e6, "1100000")]
    {
        for i in 0..3 {
            if i == 2 && value.is_finite() {
                continue; // depths may be larger
            }
            let mut corners = sound.clone();
            corners[[1, 2, i]] = value;
            let refused = matches!(
                &Faces::new(corners),
                Err(Error::Parameter { name, found, .. })
                    if name.contains(["x", "y", "z"][i]) && name.contains("face 1") && found.contains(names)
            );
            gauge.holds(|| format!("{names} as coordinate {i} was not refused by name"), refused)?;
        }
    }
    let mut deep = sound.clone();
    deep[[0, 0, 2]] = 2e18;
    gauge.holds(|| "a depth of 2e18 was not refused".to_owned(), Faces::new(deep).is_err())?;
    let shape = Faces::new(Array3::<f32>::zeros((2, 3, 2)));
    gauge.holds(
        || "corners [2, 3, 2] were not refused".to_owned(),
        matches!(shape, Err(Error::Shape { .. })),
    )?;
    let texels =
        |n: usize, c: usize, x: f32| Textures::new(TextureKind::Vertex, Array3::from_elem((2, n, c), x));
    for (bad, what) in
        [(texels(3, 3, f32::NAN), "NaN"), (texels(4, 3, 0.0), "4 texels"), (texels(3, 0, 0.0), "C = 0")]
    {
        gauge.holds(|| format!("textures with {what} were not refused"), bad.is_err())?;
    }
    for side in [0, 1 << 20] {
        let bad = Textures::new(TextureKind::Surface { side }, Array3::<f32>::zeros((1, 1, 1)));
        gauge.holds(|| format!("a texture side of {side} was not refused"), bad.is_err())?;
    }
    let picture =
        |start: usize, end: usize| Picture { faces: core::ops::Range { start, end }, first_texture: 0 };
    for bad in [
        vec![picture(0, 3)],
        vec![picture(1, 2), picture(0, 1)],
        vec![picture(0, 2), picture(1, 2)],
        vec![picture(2, 1)],
    ] {
        let refused = matches!(Faces::packed(sound.clone(), bad.clone()), Err(Error::Layout { .. }));
        gauge.holds(|| format!("the layout {bad:?} was not refused"), refused)?;
    }
    let few = texels(3, 3, 0.5)?;
    let offset = Picture { faces: 0..2, first_texture: 1 };
    let refused = Faces::packed(sound, vec![offset])?.with_textures(few).is_err();
    gauge.holds(|| "texture rows that do not exist were not refused".to_owned(), refused)?;
    Ok(gauge)
}

/// Faces that are strange in one way each.
pub(super) static POISON: [(&str, Corners); 30] = [
    ("a point", [[0.1, 0.1, 2.0]; 3]),
    ("a point on a pixel centre", [[0.0, 0.0, 2.0]; 3]),
    ("two corners the same", [[-0.5, 0.0, 2.0], [0.5, 0.1, 3.0], [0.5, 0.1, 3.0]]),
    ("collinear", [[-0.5, -0.5, 2.0], [0.0, 0.0, 2.0], [0.5, 0.5, 2.0]]),
    ("collinear, middle corner outside", [[-0.5, 0.0, 2.0], [0.5, 0.0, 2.0], [0.9, 0.0, 2.0]]),
    ("nearly collinear", [[-0.5, -0.5, 2.0], [0.0, 1e-7, 2.0], [0.5, 0.5, 2.0]]),
    ("area at the threshold", [[0.0, 0.0, 2.0], [1e-5, 0.0, 2.0], [0.0, 1e-5, 2.0]]),
    ("denormal corners", [[1e-40, 0.0, 2.0], [0.5, 1e-42, 2.0], [0.0, 0.5, 2.0]]),
    ("denormal size", [[0.0, 0.0, 2.0], [1e-40, 0.0, 2.0], [0.0, 1e-40, 2.0]]),
    ("the largest coordinates", [[-1e6, -1e6, 2.0], [1e6, -1e6, 2.0], [0.0, 1e6, 2.0]]),
    ("a huge sliver", [[-1e6, 0.0, 2.0], [1e6, 1e-3, 2.0], [1e6, 2e-3, 2.0]]),
    ("one corner far away", [[0.0, 0.0, 2.0], [0.5, 0.0, 2.0], [1e6, 1e6, 2.0]]),
    ("depth 0", [[-0.5, -0.5, 0.0], [0.5, -0.5, 0.0], [0.0, 0.5, 0.0]]),
    ("one corner at depth 0", [[-0.5, -0.5, 0.0], [0.5, -0.5, 2.0], [0.0, 0.5, 2.0]]),
    ("one corner behind", [[-0.5, -0.5, -1.0], [0.5, -0.5, 2.0], [0.0, 0.5, 2.0]]),
    ("depths that cancel", [[-0.5, -0.5, -2.0], [0.5, -0.5, 2.0], [0.0, 0.5, 2.0]]),
    ("behind", [[-0.5, -0.5, -3.0], [0.5, -0.5, -3.0], [0.0, 0.5, -3.0]]),
    ("denormal depth", [[-0.5, -0.5, 1e-40], [0.5, -0.5, 1e-40], [0.0, 0.5, 1e-40]]),
    ("the smallest next to the largest depth", [[-0.5, -0.5, 1e-30], [0.5, -0.5, 1e18], [0.0, 0.5, 1.0]]),
    ("the largest depth", [[-0.5, -0.5, 1e18], [0.5, -0.5, 1e18], [0.0, 0.5, 1e18]]),
    ("the largest depth behind", [[-0.5, -0.5, -1e18], [0.5, -0.5, 2.0], [0.0, 0.5, 2.0]]),
    ("edge-on, of many depths", [[-0.5, 0.1, 2.0], [0.5, 0.1, 9.0], [0.1, 0.1, 4.0]]),
    ("edge-on, reaching behind", [[-0.5, 0.1, -2.0], [0.5, 0.1, 9.0], [0.1, 0.1, 4.0]]),
    ("area just above the threshold", [[0.0, 0.0, 2.0], [1.01e-5, 0.0, 2.0], [0.0, 1e-5, 2.0]]),
    ("area just below the threshold", [[0.0, 0.0, 2.0], [0.99e-5, 0.0, 2.0], [0.0, 1e-5, 2.0]]),
    ("at near", [[-0.5, -0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.5, 0.5]]),
    ("at far", [[-0.5, -0.5, 100.0], [0.5, -0.5, 100.0], [0.0, 0.5, 100.0]]),
    ("on the borders of pixels and of the picture", [[-1.0, -1.0, 2.0], [1.0, -1.0, 2.0], [0.0, 0.0, 2.0]]),
    ("the largest coordinates, nearly a line", [[-1e6, -1e6, 2.0], [1e6, 1e6, 3.0], [999_999.9, 1e6, 4.0]]),
    ("edges through pixel centres", [[-0.5, -0.5, 2.0], [0.5, -0.5, 2.0], [0.5, 0.5, 2.0]]),
];

/// Those of them that have no area.
fn without_area() -> impl Iterator<Item = &'static (&'static str, Corners)> {
    let det = |[a, b, c]: &Corners| {
        let [a, b, c] = [a, b, c].map(|p| p.map(f64::from));
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    };
    POISON.iter().filter(move |(_, face)| det(face).abs() < 0.5 * ZERO_AREA)
}

/// Draws a scene in every combination of distance, silhouette, color and cut-off, and looks for what is not finite.
///
/// A device pays for every launch: of the combinations of its `turn` it gets one in [`DEVICE_STRIDE`], others for every
/// face and seed.
fn every_part_is_finite<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
    turn: usize,
    gauge: &mut Gauge,
) -> Result<(), Broken> {
    let stride = if under.context.subject.is_device() { DEVICE_STRIDE } else { 1 };
    // Interpolation and sides are covered by random scenes; here they follow from the others.
    let styles = strategy::every_style(&under.can).into_iter().filter(|style| {
        let other = style.depth_map == DepthMap::Inverse;
        (style.interpolation == Interpolation::Screen) == other
            && (style.sides == Sides::Front) == (other && style.cutoff == Cutoff::Hard)
            && (style.outputs == Outputs::Both || !under.can.outputs.contains(&Outputs::Both))
    });
    let first = (under.context.seed as usize + turn) % stride;
    for style in styles.skip(first).step_by(stride) {
        let scene = scene.clone().style(|s| *s = style.clone());
        let found = ask(under.backend, &scene.faces()?, &scene.params(), &scene.grad())?;
        all_finite(gauge, &found.image, &found.gradients).map_err(|e| Broken(format!("{e}\n{style:?}")))?;
    }
    Ok(())
}

/// Of how many combinations a device gets one. A prime, so that every pair of choices is met in turn.
const DEVICE_STRIDE: usize = 17;

fn poison_that_passes_is_harmless<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let normal: Corners = [[-0.7, -0.6, 3.0], [0.8, -0.5, 3.5], [0.1, 0.8, 4.0]];
    for (n, (what, face)) in POISON.into_iter().enumerate() {
        for (m, sigma) in [1e-4, 1e-2].into_iter().enumerate() {
            let scene = Scene {
                size: (4, 4),
                channels: 1,
                sigma: vec![sigma],
                gamma: vec![1e-4],
                range: (0.5, 100.0),
                ..Scene::of(vec![face, normal, face])
            };
            every_part_is_finite(under, &scene, 2 * n + m, &mut gauge)
                .map_err(|e| Broken(format!("{what}: {e}")))?;
        }
    }
    Ok(gauge)
}

fn extreme_settings_are_harmless<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let faces = vec![
        [[-0.7, -0.6, 3.0], [0.8, -0.5, 3.5], [0.1, 0.8, 4.0]],
        [[-0.3, -0.6, 2.0], [0.5, -0.1, 2.5], [0.3, 0.8, 99.0]],
    ];
    let usual = Scene { size: (3, 4), channels: 2, range: (1.0, 100.0), ..Scene::of(faces) };
    let mut scenes = Vec::new();
    for sigma in [1.01e-12, 1e-7, 1.0, 0.99e6] {
        scenes.push((format!("sigma {sigma:e}"), Scene { sigma: vec![sigma], ..usual.clone() }));
    }
    for gamma in [1.01e-10, 1e-7, 1e-5, 10.0, 0.99e6] {
        for range in [(1.0, 100.0), (1.0, 1.0001), (1e-3, 0.99e18), (2.01e-12, 1e3)] {
            let name = format!("gamma {gamma:e}, near and far {range:?}");
            scenes.push((name, Scene { gamma: vec![gamma], range, ..usual.clone() }));
        }
    }
    for epsilon in [-0.99e6, -1.0, 0.0, 1.0, 0.99e6] {
        for gamma in [1.01e-10, 1e-4, 0.99e6] {
            let name = format!("epsilon {epsilon:e}, gamma {gamma:e}");
            scenes.push((name, Scene { epsilon: vec![epsilon], gamma: vec![gamma], ..usual.clone() }));
        }
    }
    for dist_eps in [1e-300, 1e-38, 1e-10, 0.4999] {
        scenes.push((format!("dist_eps {dist_eps:e}"), Scene { dist_eps, ..usual.clone() }));
    }
    for (n, (what, scene)) in scenes.into_iter().enumerate() {
        every_part_is_finite(under, &scene, n, &mut gauge).map_err(|e| Broken(format!("{what}: {e}")))?;
    }
    Ok(gauge)
}

fn zero_area_has_no_color<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let sigma = 1e-2;
    for (what, face) in without_area() {
        for distance in under.distances() {
            for color in under.colors() {
                let scene = Scene { sigma: vec![sigma], ..Scene::of(vec![*face]) }.style(|s| {
                    s.distance = distance.clone();
                    s.color = color.clone();
                });
                let params = scene.params::<R>();
                let found = ask(under.backend, &scene.faces()?, &params, &scene.grad())?;
                for (at, value) in found.image.color.iter().flat_map(|x| x.indexed_iter()) {
                    let behind = params.get_background()[[0, at.1]];
                    gauge.holds(
                        || format!("{what}, {distance:?}, {color:?}: color {value:?} at {at:?}"),
                        value.bits() == behind.bits(),
                    )?;
                }
                // Outside everywhere: D is at most F(0), and whatever more the metric says.
                let expected = oracle::picture(&scene.faces()?, &scene.params())?;
                let doubt = oracle::doubt(&scene.faces()?, &scene.params())?;
                let both = found.image.silhouette.iter().flatten().zip(expected.silhouette.iter().flatten());
                for (p, (alpha, expected)) in both.enumerate() {
                    let (what, alpha) = (|| format!("{what}, {distance:?}, pixel {p}"), alpha.to_f64());
                    gauge.holds(what, alpha <= 0.5 + under.budget.silhouette)?;
                    if !doubt.silhouette[p] {
                        gauge.near(what, alpha, *expected, under.budget.silhouette)?;
                    }
                }
            }
        }
    }
    // A segment and a point have the distance of a segment and a point.
    if under.can.silhouettes.contains(&Silhouette::ProbabilisticOr) {
        for face in [[[-0.5, 0.1, 2.0], [0.5, 0.1, 2.0], [0.5, 0.1, 2.0]], [[0.0, 0.1, 2.0]; 3]] {
            let scene = Scene { sigma: vec![sigma], ..Scene::pixel(face, 0.0, 0.0) };
            let (image, _) = under.backend.forward(&scene.faces()?, &scene.params())?;
            let expected = 1.0 / (1.0 + (f64::from(0.1f32).powi(2) / f64::from(sigma)).exp());
            let found = image.silhouette.map_or(f64::NAN, |a| a[[0, 0, 0]].to_f64());
            gauge.near(|| format!("alpha of {face:?}"), found, expected, under.budget.silhouette)?;
        }
    }
    Ok(gauge)
}

fn faces_behind_the_camera_have_no_color<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let plain: Corners = [[-0.5, -0.5, 2.0], [0.5, -0.5, 2.0], [0.0, 0.5, 2.0]];
    let front = Scene::of(vec![plain]);
    let (expected, _) = under.backend.forward(&front.faces::<R>()?, &front.params())?;
    for depths in [[0.0, 2.0, 2.0], [-1.0, 2.0, 2.0], [2.0, 2.0, -1e6], [-2.0, -2.0, -2.0]] {
        let mut face = plain;
        for (corner, z) in face.iter_mut().zip(depths) {
            corner[2] = z;
        }
        for color in under.colors() {
            let scene = Scene::of(vec![face]).style(|s| s.color = color.clone());
            let params: RasterParams<R> = scene.params();
            let (image, _) = under.backend.forward(&scene.faces()?, &params)?;
            for (at, value) in image.color.iter().flat_map(|x| x.indexed_iter()) {
                let behind = params.get_background()[[0, at.1]];
                gauge.holds(|| format!("{depths:?}: color {value:?}"), value.bits() == behind.bits())?;
            }
            let (a, b) = (image.silhouette.as_ref(), expected.silhouette.as_ref());
            crate::compare::same_bits(&mut gauge, &format!("{depths:?}: silhouette"), a, b)?;
        }
    }
    Ok(gauge)
}

fn alpha_stays_in_range<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        let (image, _) = under.backend.forward(&scene.faces::<R>()?, &scene.params())?;
        // One that may fall is a mean: n numbers of at most 1, divided by n, may round above 1.
        let above = match scene.style.silhouette.adding() {
            Adding::MayLower => 16.0 * under.budget.unit,
            Adding::NeverLowers => 0.0,
        };
        let bad = image.silhouette.iter().flat_map(|x| x.iter()).find(|a| {
            let a = a.to_f64();
            !(0.0..=1.0 + above).contains(&a)
        });
        gauge.holds(|| format!("alpha {bad:?}"), bad.is_none())
    })
}
