//! What a back end promises before any number is right: errors by name, shapes, reuse, independence.

use std::sync::Arc;

use ndarray::{Array2, Array3, Array4};
use softras_core::math::{Color, Distance, Distribution, Euclidean, Silhouette};
use softras_core::raster::{
    CustomParts, DynSaved, Gradients, Info, Outputs, RasterParams, Rasterizer, Saturation, TextureFamily,
    Wanted,
};
use softras_core::reference::Reference;
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

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
        "contract::refuses_bad_parameters",
        "a setting out of range is refused by its name",
        Contract,
        refuses_bad_parameters
    ),
    law!(
        "contract::refuses_bad_shapes",
        "arrays that do not fit the batch are refused by name",
        Contract,
        refuses_bad_shapes
    ),
    law!(
        "contract::refuses_bad_image_gradients",
        "an image gradient of another shape, of a picture not drawn, or not finite is refused",
        Contract,
        refuses_bad_image_gradients
    ),
    law!(
        "contract::refuses_foreign_states",
        "a state that is empty or another back end's is refused",
        Contract,
        refuses_foreign_states
    ),
    law!(
        "contract::an_error_empties_the_state",
        "after a failed forward there is nothing to go backward from",
        Contract,
        an_error_empties
    ),
    law!(
        "contract::refuses_what_it_does_not_list",
        "what capabilities do not list is Unsupported, by name",
        Contract,
        refuses_unlisted
    ),
    law!(
        "contract::refuses_too_much_memory",
        "pictures beyond the memory limit are refused",
        Contract,
        refuses_too_much_memory
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
fn plain() -> Scene {
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

/// Draws, and checks that the answer is an error whose text has all of `words` in it.
fn refused<R: Tested>(
    under: &Under<'_, R>,
    gauge: &mut Gauge,
    faces: &Faces<R>,
    params: &RasterParams<R>,
    kind: fn(&Error) -> bool,
    words: &[&str],
) -> Result<(), Broken> {
    let (mut image, mut saved) = (Image::default(), DynSaved::default());
    let result = under.backend.forward_into(&Arc::new(faces.clone()), params, &mut image, &mut saved);
    said(gauge, result, kind, words)?;
    let untouched = image == Image::default();
    gauge.holds(|| format!("{words:?}: refused, but the image was written"), untouched)
}

fn said<T>(
    gauge: &mut Gauge,
    result: Result<T>,
    kind: fn(&Error) -> bool,
    words: &[&str],
) -> Result<(), Broken> {
    let Err(error) = result else { return Err(Broken(format!("{words:?} was not refused"))) };
    let text = error.to_string();
    gauge.holds(|| format!("{words:?}: the wrong kind of error: {text}"), kind(&error))?;
    gauge
        .holds(|| format!("the error does not say {words:?}: {text}"), words.iter().all(|w| text.contains(w)))
}

const fn is_parameter(e: &Error) -> bool {
    matches!(e, Error::Parameter { .. })
}
const fn is_shape(e: &Error) -> bool {
    matches!(e, Error::Shape { .. })
}
const fn is_layout(e: &Error) -> bool {
    matches!(e, Error::Layout { .. })
}
const fn is_unsupported(e: &Error) -> bool {
    matches!(e, Error::Unsupported { .. })
}

fn refuses_bad_parameters<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let r = R::from_f64;
    let (faces, fine) = (plain().faces::<R>()?, plain().params::<R>());
    let params = || fine.clone();
    let nan = f64::NAN;
    let inf = f64::INFINITY;
    let mut bad: Vec<(RasterParams<R>, &str)> = vec![
        (params().size(0, 4), "width"),
        (params().size(4, 0), "height"),
        (params().far(r(0.5)), "near"),
        (params().near(r(nan)), "near"),
        (params().near(r(0.0)), "near"),
        (params().far(r(inf)), "far"),
        (params().background(&[r(nan), r(0.0)]), "background"),
    ];
    for x in [nan, inf, 0.0, -1.0, 1e-13, 1e7] {
        bad.push((params().sigma(r(x)), "sigma"));
        bad.push((params().gamma(r(x.min(1e8))), "gamma"));
    }
    bad.retain(|(p, name)| *name != "gamma" || !(1e-10..=1e6).contains(&p.get_gamma().of(0).to_f64()));
    bad.push((params().gamma(r(1e-11)), "gamma"));
    bad.push((params().sigma_each(vec![r(nan)]), "sigma"));
    for x in [nan, inf, -2e6] {
        bad.push((params().epsilon(r(x)), "epsilon"));
    }
    for x in [nan, 0.0, -0.1, 0.5, 1.0] {
        bad.push((params().dist_eps(x), "dist_eps"));
    }
    for (bad, name) in bad {
        refused(under, &mut gauge, &faces, &bad, is_parameter, &[name])?;
    }
    let colorless = Scene { channels: 0, ..plain() };
    refused(under, &mut gauge, &colorless.faces()?, &colorless.params(), is_parameter, &["textures"])?;
    Ok(gauge)
}

fn refuses_bad_shapes<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let r = R::from_f64;
    let (faces, fine) = (plain().faces::<R>()?, plain().params::<R>());
    for (bad, name) in [
        (fine.clone().sigma_each(vec![r(1e-4); 2]), "sigma"),
        (fine.clone().gamma_each(vec![r(1e-4); 3]), "gamma"),
        (fine.clone().epsilon_each(Vec::new()), "epsilon"),
        (fine.clone().background(&[r(0.0); 3]), "background"),
        (fine.clone().background_each(Array2::from_elem((2, 2), r(0.0))), "background"),
        (fine.weights(vec![r(1.0)]), "weights"),
    ] {
        refused(under, &mut gauge, &faces, &bad, is_shape, &[name, "expected"])?;
    }
    Ok(gauge)
}

fn refuses_bad_image_gradients<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let scene = plain();
    let (_, saved) = under.backend.forward(&scene.faces::<R>()?, &scene.params())?;
    let color = |shape| ImageGrad { color: Some(Array4::from_elem(shape, R::ONE)), silhouette: None };
    let silhouette = |shape| ImageGrad { color: None, silhouette: Some(Array3::from_elem(shape, R::ONE)) };
    let mut out = Gradients::default();
    for bad in [
        color((1, 3, 8, 8)),
        color((2, 2, 8, 8)),
        color((1, 2, 8, 7)),
        silhouette((1, 7, 8)),
        silhouette((0, 8, 8)),
    ] {
        let result = under.backend.backward_into(&saved, &bad, Wanted::ALL, &mut out);
        said(&mut gauge, result, is_shape, &["gradient", "expected"])?;
    }
    for value in [f64::NAN, f64::INFINITY] {
        let mut bad = scene.grad::<R>();
        if let Some(g) = bad.silhouette.as_mut().and_then(|g| g.last_mut()) {
            *g = R::from_f64(value);
        }
        let result = under.backend.backward_into(&saved, &bad, Wanted::ALL, &mut out);
        said(&mut gauge, result, is_parameter, &["silhouette"])?;
    }
    if under.can.outputs.contains(&Outputs::Silhouette) {
        let scene = scene.style(|s| s.outputs = Outputs::Silhouette);
        let (_, saved) = under.backend.forward(&scene.faces::<R>()?, &scene.params())?;
        let result = under.backend.backward_into(&saved, &color((1, 2, 8, 8)), Wanted::ALL, &mut out);
        said(&mut gauge, result, is_shape, &["color"])?;
    }
    Ok(gauge)
}

/// A back end that is not the one under test: the reference under another type.
struct Stranger;

impl<R: Tested> Rasterizer<R> for Stranger {
    type Saved = (u8, <Reference as Rasterizer<R>>::Saved);
    fn info(&self) -> Info {
        Info { backend: "stranger".to_owned(), ..Rasterizer::<R>::info(&Reference) }
    }
    fn capabilities(&self) -> softras_core::raster::Capabilities {
        Rasterizer::<R>::capabilities(&Reference)
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces<R>>,
        params: &RasterParams<R>,
        image: &mut Image<R>,
        saved: &mut Self::Saved,
    ) -> Result<()> {
        Rasterizer::forward_into(&Reference, faces, params, image, &mut saved.1)
    }
    fn backward_into(
        &self,
        saved: &Self::Saved,
        grad: &ImageGrad<R>,
        wanted: Wanted,
        gradients: &mut Gradients<R>,
    ) -> Result<()> {
        Rasterizer::backward_into(&Reference, &saved.1, grad, wanted, gradients)
    }
}

fn refuses_foreign_states<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let scene = plain();
    let mut out = Gradients::default();
    let result = under.backend.backward_into(&DynSaved::default(), &scene.grad(), Wanted::ALL, &mut out);
    said(&mut gauge, result, is_layout, &["saved state"])?;
    let stranger: &dyn softras_core::raster::DynRasterizer<R> = &Stranger;
    let (_, foreign) = stranger.forward(&scene.faces()?, &scene.params())?;
    let result = under.backend.backward_into(&foreign, &scene.grad(), Wanted::ALL, &mut out);
    said(&mut gauge, result, is_layout, &["another back end"])?;
    // Drawing into it makes it one's own.
    let mut saved = foreign;
    let mut image = Image::default();
    under.backend.forward_into(&Arc::new(scene.faces()?), &scene.params(), &mut image, &mut saved)?;
    under.backend.backward_into(&saved, &scene.grad(), Wanted::ALL, &mut out)?;
    Ok(gauge)
}

fn an_error_empties<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let scene = plain();
    let faces = Arc::new(scene.faces::<R>()?);
    let (mut image, mut saved) = (Image::default(), DynSaved::default());
    under.backend.forward_into(&faces, &scene.params(), &mut image, &mut saved)?;
    let bad = scene.params().sigma(R::from_f64(-1.0));
    let failed = under.backend.forward_into(&faces, &bad, &mut image, &mut saved).is_err();
    gauge.holds(|| "sigma -1 was drawn".to_owned(), failed)?;
    let result = under.backend.backward_into(&saved, &scene.grad(), Wanted::ALL, &mut Gradients::default());
    said(&mut gauge, result, is_layout, &["saved state"])?;
    Ok(gauge)
}

fn refuses_unlisted<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let can = &under.can;
    let mut refuse = |scene: Scene, change: &dyn Fn(RasterParams<R>) -> RasterParams<R>, word: &str| {
        refused(under, &mut gauge, &scene.faces()?, &change(scene.params()), is_unsupported, &[word])
    };
    for d in Distance::BUILT_IN.iter().filter(|d| !can.distances.contains(d)) {
        refuse(plain(), &|p| p.distance(d.clone()), &format!("{d:?}"))?;
    }
    for d in Distribution::BUILT_IN.iter().filter(|d| !can.distributions.contains(d)) {
        refuse(plain(), &|p| p.distribution(d.clone()), &format!("{d:?}"))?;
    }
    for s in Silhouette::BUILT_IN.iter().filter(|s| !can.silhouettes.contains(s)) {
        refuse(plain(), &|p| p.silhouette(s.clone()), &format!("{s:?}"))?;
    }
    for c in Color::BUILT_IN.iter().filter(|c| !can.colors.contains(c)) {
        refuse(plain(), &|p| p.color(c.clone()), &format!("{c:?}"))?;
    }
    for s in [Saturation::Exact, Saturation::Skip].into_iter().filter(|s| !can.saturations.contains(s)) {
        refuse(plain(), &|p| p.saturation(s), &format!("{s:?}"))?;
    }
    for c in [softras_core::math::Cutoff::None, softras_core::math::Cutoff::Smooth] {
        if !can.cutoffs.contains(&c) {
            refuse(plain(), &|p| p.cutoff(c), &format!("{c:?}"))?;
        }
    }
    for o in
        [Outputs::Silhouette, Outputs::Color, Outputs::Both].into_iter().filter(|o| !can.outputs.contains(o))
    {
        refuse(plain(), &|p| p.outputs(o), &format!("{o:?}"))?;
    }
    if !can.textures.contains(&TextureFamily::Surface) {
        let scene = plain().style(|s| s.texture = softras_core::math::TextureKind::Surface { side: 2 });
        refuse(scene, &|p| p, "Surface")?;
    }
    if can.custom == CustomParts::Refused {
        refuse(plain(), &|p| p.distance(Distance::custom(Euclidean)), "Custom")?;
    }
    let wide = can.max_side + 1;
    if wide < 1 << 24 {
        // Wide and flat, so that memory is no reason.
        let scene = Scene { channels: 0, ..plain() }.style(|s| s.outputs = Outputs::Silhouette);
        if can.outputs.contains(&Outputs::Silhouette) {
            refuse(scene, &|p| p.size(wide, 1), &wide.to_string())?;
        }
    }
    Ok(gauge)
}

fn refuses_too_much_memory<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let scene = plain();
    let is_memory = |e: &Error| matches!(e, Error::OutOfMemory { .. });
    let small = scene.params::<R>().memory_limit(1000);
    refused(under, &mut gauge, &scene.faces()?, &small, is_memory, &["1000 bytes", "8 x 8"])?;
    let huge = scene.params::<R>().size(1 << 15, 1 << 15);
    refused(under, &mut gauge, &scene.faces()?, &huge, is_memory, &["32768"])?;
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
        // Leave the first scene in every buffer, and poison, then draw the second.
        let (mut image, mut saved) = (Image::default(), DynSaved::default());
        let mut gradients = Gradients::default();
        under.backend.forward_into(&Arc::new(first.faces()?), &first.params(), &mut image, &mut saved)?;
        under.backend.backward_into(&saved, &first.grad(), Wanted::ALL, &mut gradients)?;
        let poison = R::from_f64(f64::NAN);
        image.color.iter_mut().for_each(|x| x.fill(poison));
        image.silhouette.iter_mut().for_each(|x| x.fill(poison));
        gradients.corners.iter_mut().for_each(|x| x.fill(poison));
        gradients.textures.iter_mut().for_each(|x| x.fill(poison));
        for x in [&mut gradients.sigma, &mut gradients.gamma, &mut gradients.epsilon].into_iter().flatten() {
            x.fill(poison);
        }
        for _ in 0..2 {
            under.backend.forward_into(
                &Arc::new(second.faces()?),
                &second.params(),
                &mut image,
                &mut saved,
            )?;
            under.backend.backward_into(&saved, &second.grad(), Wanted::ALL, &mut gradients)?;
        }
        let fresh = ask(under.backend, &second.faces::<R>()?, &second.params(), &second.grad())?;
        compare::same_pictures(gauge, &image, &fresh.image)?;
        compare::same_gradients(gauge, &gradients, &fresh.gradients)
    })
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
