//! The suite is itself tested: back ends with one fault each, caught by the law that is about it.
//!
//! These faults are put in around the reference; faults inside kernels are planted by each back end's own hooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ndarray::Axis;
use softras_conformance::law::Context;
use softras_conformance::{Rung, Subject, laws};
use softras_core::math::{Color, Scalar, Silhouette};
use softras_core::raster::{Capabilities, Gradients, Info, PerPicture, RasterParams, Rasterizer, Wanted};
use softras_core::reference::{Reference, ReferenceSaved};
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad, Result};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    ForgetsGamma,
    TurnsZ,
    LosesTheLastFace,
    KeepsAStaleState,
    UsesTheFirstSigma,
    HalvesXAndY,
    Climbs,
    RoundsSilhouettes,
    DropsSaturatedGradients,
    LeaksThroughHardAlpha,
    LeavesUnwantedGradients,
    NeverTheSame,
    MixesChannels,
    TurnsRows,
    CentresPixelsAtCorners,
    IgnoresSides,
    OffByOneTexture,
    NanOnDegenerateFaces,
    ScalesTwice,
    AcceptsAnything,
    AddsToTheBuffer,
    SharesEpsilon,
    SlowDrift,
}

struct Mutant(Fault, AtomicU32);

#[derive(Default)]
struct Saved<R: Scalar> {
    own: ReferenceSaved<R>,
    drawn: u32,
}

fn first_of<R: Scalar>(x: &PerPicture<R>) -> Option<R> {
    x.values().first().copied()
}

impl<R: Scalar> Rasterizer<R> for Mutant {
    type Saved = Saved<R>;

    fn info(&self) -> Info {
        Info { backend: "mutant".to_owned(), device: format!("{:?}", self.0), details: String::new() }
    }

    fn capabilities(&self) -> Capabilities {
        Rasterizer::<R>::capabilities(&Reference)
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces<R>>,
        params: &RasterParams<R>,
        image: &mut Image<R>,
        saved: &mut Saved<R>,
    ) -> Result<()> {
        let mut params = params.clone();
        let mut faces = Arc::clone(faces);
        match self.0 {
            Fault::KeepsAStaleState if saved.drawn == 1 => {
                saved.drawn += 1;
                let mut other = ReferenceSaved::default();
                return Rasterizer::forward_into(&Reference, &faces, &params, image, &mut other);
            }
            Fault::UsesTheFirstSigma => {
                if let Some(sigma) = first_of(params.get_sigma()) {
                    params = params.sigma(sigma);
                }
            }
            Fault::SharesEpsilon => {
                if let Some(epsilon) = first_of(params.get_epsilon()) {
                    params = params.epsilon(epsilon);
                }
            }
            Fault::IgnoresSides => params = params.sides(softras_core::raster::Sides::Double),
            Fault::LosesTheLastFace if faces.count() > 9 => {
                let absent = ndarray::Array1::from_shape_fn(faces.count(), |f| f + 1 == faces.count());
                faces = Arc::new((*faces).clone().with_absent(absent)?);
            }
            Fault::CentresPixelsAtCorners => {
                let half = R::from_f64(1.0 / params.height() as f64);
                let mut moved = (*faces).clone();
                let mut corners = moved.corners().clone();
                corners.index_axis_mut(Axis(2), 0).mapv_inplace(|x| x + half);
                if moved.replace_corners(corners).is_ok() {
                    faces = Arc::new(moved);
                }
            }
            Fault::AcceptsAnything => params = params.dist_eps(1e-4),
            Fault::AddsToTheBuffer => {
                let before = image.clone();
                Rasterizer::forward_into(&Reference, &faces, &params, image, &mut saved.own)?;
                if let (Some(now), Some(old)) = (&mut image.silhouette, before.silhouette)
                    && now.dim() == old.dim()
                {
                    *now = &*now + &old;
                }
                return Ok(());
            }
            _ => {}
        }
        saved.drawn += 1;
        Rasterizer::forward_into(&Reference, &faces, &params, image, &mut saved.own)?;
        match (self.0, &mut image.silhouette, &mut image.color) {
            (Fault::RoundsSilhouettes, Some(alpha), _) => {
                alpha.mapv_inplace(|a| R::from_f64((a.to_f64() * 4096.0).round() / 4096.0));
            }
            (Fault::SlowDrift, Some(alpha), _) => {
                alpha.mapv_inplace(|a| R::from_f64(a.to_f64() * (1.0 + 3e-5)))
            }
            (Fault::TurnsRows, Some(alpha), _) => alpha.invert_axis(Axis(1)),
            (Fault::MixesChannels, _, Some(color)) if color.shape()[1] > 1 => color.invert_axis(Axis(1)),
            _ => {}
        }
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &Saved<R>,
        grad: &ImageGrad<R>,
        wanted: Wanted,
        out: &mut Gradients<R>,
    ) -> Result<()> {
        let asked = if self.0 == Fault::LeavesUnwantedGradients { wanted | Wanted::SIGMA } else { wanted };
        Rasterizer::backward_into(&Reference, &saved.own, grad, asked, out)?;
        let Some(corners) = &mut out.corners else { return Ok(()) };
        let calls = self.1.fetch_add(1, Ordering::Relaxed);
        match self.0 {
            Fault::ForgetsGamma => out.gamma.iter_mut().for_each(|g| g.fill(R::ZERO)),
            Fault::TurnsZ => corners.index_axis_mut(Axis(2), 2).mapv_inplace(|g| -g),
            Fault::Climbs => corners.mapv_inplace(|g| -g),
            Fault::HalvesXAndY => corners.mapv_inplace(|g| R::from_f64(0.5 * g.to_f64())),
            Fault::DropsSaturatedGradients => {
                corners.mapv_inplace(|g| if g.to_f64().abs() < 1e-12 { R::ZERO } else { g });
            }
            Fault::LeaksThroughHardAlpha if grad.silhouette.is_some() => {
                corners.mapv_inplace(|g| g + R::from_f64(1e-6));
            }
            Fault::NeverTheSame => {
                corners.mapv_inplace(|g| R::from_f64(g.to_f64() * (1.0 + f64::from(calls % 3) * 2e-7)));
            }
            Fault::OffByOneTexture => {
                if let Some(textures) = &mut out.textures
                    && textures.shape()[0] > 1
                {
                    textures.invert_axis(Axis(0));
                }
            }
            Fault::NanOnDegenerateFaces => {
                corners.mapv_inplace(|g| R::from_f64(g.to_f64() / g.to_f64() * g.to_f64()))
            }
            Fault::ScalesTwice => {
                let one = grad.silhouette.iter().flatten().fold(0.0, |a: f64, g| a.max(g.to_f64().abs()));
                corners.mapv_inplace(|g| R::from_f64(g.to_f64() * one));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Runs a law on a mutant; tells what broke.
fn broken(fault: Fault, law: &str) -> Option<String> {
    let subject = Subject::both(Mutant(fault, AtomicU32::new(0))).rung(Rung::Scalar);
    let law = laws::find(law)?;
    let context = Context { subject: &subject, law: law.name, cases: 24, seed: 0, shrink: 256, data: None };
    (law.run)(&context).err().map(|b| b.0)
}

#[test]
fn every_fault_is_caught_by_its_law() {
    let expected = [
        (Fault::ForgetsGamma, "gradient::is_the_derivative_of_the_picture"),
        (Fault::ForgetsGamma, "gradient::is_the_slope_of_the_picture"),
        (Fault::TurnsZ, "gradient::is_the_derivative_of_the_picture"),
        (Fault::HalvesXAndY, "gradient::is_the_derivative_of_the_picture"),
        (Fault::Climbs, "gradient::descends"),
        (Fault::LosesTheLastFace, "forward::agrees_with_the_reference"),
        (Fault::KeepsAStaleState, "contract::reuses_buffers"),
        (Fault::KeepsAStaleState, "determinism::of_stale_states"),
        (Fault::UsesTheFirstSigma, "gradient::of_a_batch_is_that_of_its_pictures"),
        (Fault::SharesEpsilon, "forward::agrees_for_every_combination"),
        (Fault::RoundsSilhouettes, "silhouette::of_known_faces"),
        (Fault::SlowDrift, "forward::agrees_with_the_reference"),
        (Fault::DropsSaturatedGradients, "gradient::survives_saturation"),
        (Fault::LeaksThroughHardAlpha, "gradient::of_hard_parts_is_zero"),
        (Fault::LeaksThroughHardAlpha, "gradient::of_nothing_is_zero"),
        (Fault::LeavesUnwantedGradients, "gradient::wanted_alone_is_the_same"),
        (Fault::NeverTheSame, "gradient::is_pure"),
        (Fault::NeverTheSame, "determinism::of_runs"),
        (Fault::MixesChannels, "color::channels_do_not_mix"),
        (Fault::TurnsRows, "contract::draws_one_pixel"),
        (Fault::CentresPixelsAtCorners, "symmetry::of_mirrors_and_turns"),
        (Fault::IgnoresSides, "color::of_one_sided_faces"),
        (Fault::OffByOneTexture, "gradient::is_the_derivative_of_the_picture"),
        (Fault::NanOnDegenerateFaces, "robustness::poison_that_passes_is_harmless"),
        (Fault::ScalesTwice, "gradient::is_linear"),
        (Fault::AcceptsAnything, "contract::refuses_bad_parameters"),
        (Fault::AddsToTheBuffer, "contract::reuses_buffers"),
    ];
    let missed: Vec<_> = expected.iter().filter(|(fault, law)| broken(*fault, law).is_none()).collect();
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

#[test]
fn what_a_law_prints_is_the_smallest_case_and_how_to_see_it_again() {
    let text = broken(Fault::LosesTheLastFace, "forward::agrees_with_the_reference").expect("it is broken");
    assert!(text.contains("SOFTRAS_SEED=0"), "{text}");
    assert!(text.contains("Scene {"), "{text}");
}

#[test]
fn a_back_end_without_a_part_is_held_to_refuse_it() {
    /// Says that it has no Over and no Sum, and draws them all the same.
    struct Modest;
    impl Rasterizer<f32> for Modest {
        type Saved = ReferenceSaved<f32>;
        fn info(&self) -> Info {
            Info { backend: "modest".to_owned(), ..Rasterizer::<f32>::info(&Reference) }
        }
        fn capabilities(&self) -> Capabilities {
            Capabilities {
                colors: vec![Color::Softmax],
                silhouettes: vec![Silhouette::ProbabilisticOr],
                ..Rasterizer::<f32>::capabilities(&Reference)
            }
        }
        fn forward_into(
            &self,
            faces: &Arc<Faces<f32>>,
            params: &RasterParams<f32>,
            image: &mut Image<f32>,
            saved: &mut ReferenceSaved<f32>,
        ) -> Result<()> {
            Rasterizer::forward_into(&Reference, faces, params, image, saved)
        }
        fn backward_into(
            &self,
            saved: &ReferenceSaved<f32>,
            grad: &ImageGrad<f32>,
            wanted: Wanted,
            gradients: &mut Gradients<f32>,
        ) -> Result<()> {
            Rasterizer::backward_into(&Reference, saved, grad, wanted, gradients)
        }
    }
    let subject = Subject::single(Modest);
    let run = |name: &str| {
        let law = laws::find(name).expect("the law exists");
        let context = Context { subject: &subject, law: law.name, cases: 24, seed: 0, shrink: 256, data: None };
        (law.run)(&context)
    };
    let text = run("contract::refuses_what_it_does_not_list").expect_err("it draws Over").0;
    assert!(text.contains("Sum"), "{text}");
    run("forward::agrees_with_the_reference").expect("what it lists it can do");
}
