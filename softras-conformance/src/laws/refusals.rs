//! What a back end must refuse, by name and before anything is written.

use std::sync::Arc;

use ndarray::{Array2, Array3, Array4};
use softras_core::math::{Color, ColorAggregator, Distance, Distribution, Euclidean, MAX_HIDDEN, Silhouette};
use softras_core::raster::{
    CustomParts, DynSaved, Gradients, Info, Outputs, RasterParams, Rasterizer, Saturation, TextureFamily,
    Wanted,
};
use softras_core::reference::Reference;
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use super::contract::plain;
use super::{Under, law};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::scene::Scene;
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
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
];

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
    for hidden in [0, MAX_HIDDEN + 1] {
        bad.push((params().color(Color::Neural { hidden }), "hidden units"));
    }
    for x in [nan, inf, 2e6] {
        bad.push((params().color(Color::Neural { hidden: 1 }).weights(vec![r(0.0), r(x)]), "weights[1]"));
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
        let weights = |channels| (0..c.weights(channels)).map(|_| R::ONE).collect();
        refuse(plain(), &|p| p.color(c.clone()).weights(weights(plain().channels)), &format!("{c:?}"))?;
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
    if can.custom != CustomParts::Rust {
        // Nor does it bring a text.
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
