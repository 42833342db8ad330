//! What a back end promises before any number is right: who it is, shapes, reuse, independence.

use std::sync::Arc;

use softras_core::raster::{DynSaved, Gradients, Info, Outputs, Saturation, Wanted};
use softras_core::{Image, Result};

use super::{Under, law};
use crate::compare;
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle::ask;
use crate::scene::Scene;
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "contract::says_who_it_is",
        "a back end has a name, a device and a list of what it can do",
        Contract,
        says_who_it_is
    ),
    law!(
        "contract::draws_no_faces",
        "no faces give the background and A = 0; no pictures give none",
        Bits,
        draws_no_faces
    ),
    law!(
        "contract::draws_one_pixel",
        "a picture of one pixel is drawn as seen from its centre",
        Budget,
        draws_one_pixel
    ),
    law!(
        "contract::skips_absent_faces",
        "an absent face touches nothing, and counts in the mean of Sum",
        Bits,
        skips_absent_faces
    ),
    law!(
        "contract::reuses_buffers",
        "buffers of any shape, with anything in them, give the same bits",
        Bits,
        reuses_buffers
    ),
    law!(
        "contract::draws_what_is_asked",
        "color alone and silhouette alone have the bits they have together",
        Bits,
        draws_what_is_asked
    ),
    law!(
        "contract::may_skip_what_is_opaque",
        "Saturation::Skip changes no alpha and no gradient above 1e-7",
        Budget.of("the probabilistic or"),
        may_skip
    ),
];

/// A small scene that every back end can draw.
pub(super) fn plain() -> Scene {
    Scene {
        channels: 2,
        ..Scene::of(vec![
            [[-0.7, -0.6, 3.0], [0.8, -0.5, 3.5], [0.1, 0.8, 4.0]],
            [[-0.3, -0.6, 2.0], [0.5, -0.1, 2.5], [0.3, 0.8, 4.4]],
        ])
    }
}

fn says_who_it_is<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let Info { backend, device, .. } = under.backend.info();
    gauge.holds(|| "no name".to_owned(), !backend.is_empty() && !device.is_empty())?;
    gauge.holds(
        || "it does not list the type it is tested in".to_owned(),
        under.can.scalars.contains(&R::NAME),
    )?;
    let can = &under.can;
    let empty = can.distances.is_empty()
        || can.distributions.is_empty()
        || can.silhouettes.is_empty()
        || can.colors.is_empty()
        || can.textures.is_empty()
        || can.outputs.is_empty();
    gauge.holds(|| "it can do nothing".to_owned(), !empty)?;
    gauge.holds(|| "it cannot draw exactly".to_owned(), can.saturations.contains(&Saturation::Exact))?;
    gauge.holds(
        || "no hard cut-off, the definition".to_owned(),
        can.cutoffs.contains(&softras_core::math::Cutoff::Hard),
    )?;
    Ok(gauge)
}

fn draws_no_faces<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    for style in strategy::every_style(&under.can).into_iter().step_by(7) {
        let scene = Scene { pictures: vec![Vec::new(), Vec::new()], size: (3, 2), ..Scene::default() };
        let scene = scene.style(|s| *s = style.clone());
        let params = scene.params::<R>();
        let found = ask(under.backend, &scene.faces()?, &params, &scene.grad())?;
        for (at, value) in found.image.color.iter().flat_map(|x| x.indexed_iter()) {
            let behind = params.get_background()[[at.0, at.1]];
            let error = (value.to_f64() - behind.to_f64()).abs();
            gauge.within(|| format!("{style:?}: {value:?} at {at:?}"), error, 0.0)?;
        }
        for alpha in found.image.silhouette.iter().flat_map(|x| x.iter()) {
            gauge.within(|| format!("{style:?}: alpha"), alpha.to_f64().abs(), 0.0)?;
        }
        super::robustness::all_finite(&mut gauge, &found.image, &found.gradients)?;
    }
    let none = Scene { pictures: Vec::new(), ..plain() };
    let found = ask(under.backend, &none.faces::<R>()?, &none.params(), &none.grad())?;
    let shape = found.image.color.map(|x| x.shape().to_vec());
    gauge.holds(|| format!("no pictures: color of shape {shape:?}"), shape == Some(vec![0, 2, 8, 8]))?;
    Ok(gauge)
}

fn draws_one_pixel<R: Tested>(under: &Under<'_, R>) -> Outcome {
    // The face holds exactly one pixel centre; where it is says where rows and columns are.
    let mut gauge = Gauge::default();
    for (w, h) in [(1, 1), (5, 3), (3, 5), (1, 7), (17, 2)] {
        for (row, column) in [(0, 0), (h - 1, w - 1), (h / 2, 0), (0, w - 1)] {
            let at = softras_core::math::pixel_centre::<f32>(row, column, h, w);
            let d = 0.4 / h as f32;
            let face = [[at.x - d, at.y - d, 2.0], [at.x + d, at.y - d, 2.0], [at.x, at.y + d, 2.0]];
            let scene = Scene { size: (w, h), sigma: vec![1e-6], ..Scene::of(vec![face]) };
            let (image, _) = under.backend.forward(&scene.faces::<R>()?, &scene.params())?;
            for ((_, y, x), alpha) in image.silhouette.iter().flat_map(|a| a.indexed_iter()) {
                let here = (y, x) == (row, column);
                gauge.holds(
                    || format!("{w} x {h}: alpha {alpha:?} at row {y}, column {x}; the face is at {row}, {column}"),
                    (alpha.to_f64() > 0.99) == here && (here || alpha.to_f64() < 0.01),
                )?;
            }
        }
    }
    Ok(gauge)
}

fn skips_absent_faces<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        let scene =
            Scene { pictures: vec![scene.pictures[0].clone()], shared_textures: false, ..scene.clone() };
        let scene = Scene { sigma: vec![1e-3], gamma: vec![0.1], epsilon: vec![0.0], ..scene };
        let faces = scene.faces::<R>()?;
        let hidden = ndarray::Array1::from_shape_fn(faces.count(), |f| f % 3 == 1);
        let drawn =
            ask(under.backend, &faces.clone().with_absent(hidden.clone())?, &scene.params(), &scene.grad())?;
        // The same with those faces a point far off screen, which no pixel reaches.
        let mut corners = faces.corners().clone();
        for (f, mut face) in corners.outer_iter_mut().enumerate() {
            if hidden[f] {
                face.fill(R::from_f64(-9e5));
            }
        }
        let mut away = faces;
        away.replace_corners(corners)?;
        if scene.style.cutoff == softras_core::math::Cutoff::None {
            return Ok(()); // then every pixel reaches everything
        }
        let expected = ask(under.backend, &away, &scene.params(), &scene.grad())?;
        compare::same_pictures(gauge, &drawn.image, &expected.image)?;
        compare::same_gradients(gauge, &drawn.gradients, &expected.gradients)
    })
}

fn reuses_buffers<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let both = (strategy::scene(&under.can, Kind::Strange), strategy::scene(&under.can, Kind::Ordinary));
    under.context.for_all(both, |(first, second), gauge| {
        // Leave the first scene and poison in every buffer, then the second and poison, then draw the second.
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        let mut gradients = Gradients::default();
        for scene in [first, second, second] {
            poison(&mut image, &mut gradients);
            under.backend.forward_into(&Arc::new(scene.faces()?), &scene.params(), &mut image, &mut saved)?;
            under.backend.backward_into(&saved, &scene.grad(), Wanted::ALL, &mut gradients)?;
        }
        let fresh = ask(under.backend, &second.faces::<R>()?, &second.params(), &second.grad())?;
        compare::same_pictures(gauge, &image, &fresh.image)?;
        compare::same_gradients(gauge, &gradients, &fresh.gradients)
    })
}

/// Fills buffers with NaN.
fn poison<R: Tested>(image: &mut Image<R>, gradients: &mut Gradients<R>) {
    let poison = R::from_f64(f64::NAN);
    image.color.iter_mut().for_each(|x| x.fill(poison));
    image.silhouette.iter_mut().for_each(|x| x.fill(poison));
    gradients.corners.iter_mut().for_each(|x| x.fill(poison));
    gradients.textures.iter_mut().for_each(|x| x.fill(poison));
    for x in [&mut gradients.sigma, &mut gradients.gamma, &mut gradients.epsilon].into_iter().flatten() {
        x.fill(poison);
    }
}

fn draws_what_is_asked<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let check = |scene: &Scene, gauge: &mut Gauge| {
        let draw = |outputs: Outputs| -> Result<Image<R>, Broken> {
            let scene = scene.clone().style(|s| s.outputs = outputs);
            Ok(under.backend.forward(&scene.faces()?, &scene.params())?.0)
        };
        if ![Outputs::Both, Outputs::Silhouette, Outputs::Color].iter().all(|o| under.can.outputs.contains(o))
        {
            return Ok(());
        }
        let both = draw(Outputs::Both)?;
        let (silhouette, color) = (draw(Outputs::Silhouette)?, draw(Outputs::Color)?);
        gauge.holds(
            || "more was drawn".to_owned(),
            silhouette.color.is_none() && color.silhouette.is_none(),
        )?;
        compare::same_bits(
            gauge,
            "silhouette alone",
            silhouette.silhouette.as_ref(),
            both.silhouette.as_ref(),
        )?;
        compare::same_bits(gauge, "color alone", color.color.as_ref(), both.color.as_ref())
    };
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        check(scene, gauge)?;
        check(&scene.soft(), gauge)
    })
}

fn may_skip<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    if !under.can.saturations.contains(&Saturation::Skip) || !under.can.outputs.contains(&Outputs::Silhouette)
    {
        return Ok(gauge);
    }
    let face = |i: usize| {
        let d = 0.01 * i as f32;
        [[-0.9 + d, -0.8, 2.0], [0.9, -0.7 + d, 2.0], [0.1, 0.9 - d, 2.0]]
    };
    let scene =
        Scene { sigma: vec![1e-3], channels: 0, size: (9, 9), ..Scene::of((0..30).map(face).collect()) };
    let scene = scene.style(|s| s.outputs = Outputs::Silhouette);
    let exact = ask(under.backend, &scene.faces::<R>()?, &scene.params(), &scene.grad())?;
    let skip = scene.params::<R>().saturation(Saturation::Skip);
    let skipped = ask(under.backend, &scene.faces()?, &skip, &scene.grad())?;
    let opaque = f64::powi(2.0, -25);
    for (a, b) in skipped.image.silhouette.iter().flatten().zip(exact.image.silhouette.iter().flatten()) {
        gauge.near(|| "alpha".to_owned(), a.to_f64(), b.to_f64(), opaque)?;
    }
    let (a, b) = (compare::groups(&skipped.gradients), compare::groups(&exact.gradients));
    // T below 2^-25, 81 pixels, and a slope of D of at most 2 sqrt(9.2 / sigma).
    let bound = opaque * 81.0 * 2.0 * f64::sqrt(9.2 / 1e-3);
    let d = compare::difference(&a[0].1, &b[0].1);
    gauge.within(|| format!("gradient to the corners ({d:?})"), d.worst, bound)?;
    Ok(gauge)
}
