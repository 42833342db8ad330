//! What the suite says of a broken back end, and of one that does not keep to what it declares.
//!
//! That every fault is caught is tested where faults are planted: `softras-cpu/tests/mutants.rs`.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::sync::Arc;

use softras_conformance::law::Context;
use softras_conformance::{Rung, Subject, laws};
use softras_core::math::{Color, Silhouette};
use softras_core::raster::{Capabilities, Gradients, Info, RasterParams, Rasterizer, Wanted};
use softras_core::reference::{Reference, ReferenceSaved};
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad, Result};

/// The reference, which loses the last of many faces.
struct Forgetful;

impl Rasterizer<f32> for Forgetful {
    type Saved = ReferenceSaved<f32>;
    fn info(&self) -> Info {
        Info { backend: "forgetful".to_owned(), ..Rasterizer::<f32>::info(&Reference) }
    }
    fn capabilities(&self) -> Capabilities {
        Rasterizer::<f32>::capabilities(&Reference)
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces<f32>>,
        params: &RasterParams<f32>,
        image: &mut Image<f32>,
        saved: &mut ReferenceSaved<f32>,
    ) -> Result<()> {
        let (count, mut faces) = (faces.count(), Arc::clone(faces));
        if count > 9 {
            let last = ndarray::Array1::from_shape_fn(count, |f| f + 1 == count);
            faces = Arc::new((*faces).clone().with_absent(last)?);
        }
        Rasterizer::forward_into(&Reference, &faces, params, image, saved)
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

/// The pixels of the scene that a law printed.
fn pixels(text: &str) -> usize {
    let (_, size) = text.split_once("size: (").expect("a scene has a size");
    let (size, _) = size.split_once(')').expect("a size ends");
    size.split(", ").map(|x| x.parse::<usize>().expect("a number")).product()
}

#[test]
fn what_a_law_prints_is_the_smallest_case_and_how_to_see_it_again() {
    let subject = Subject::single(Forgetful).rung(Rung::Scalar);
    let law = laws::find("forward::agrees_with_the_reference").expect("the law exists");
    let say = |shrink: u32| {
        let context = Context { subject: &subject, law: law.name, cases: 24, seed: 0, shrink, data: None };
        (law.run)(&context).expect_err("it is broken").0
    };
    let text = say(256);
    assert!(text.contains("SOFTRAS_SEED=0"), "{text}");
    assert!(text.contains("Scene {"), "{text}");
    // Faces are made anew while a scene shrinks, so that texts do not tell; pixels do.
    assert!(pixels(&text) < pixels(&say(0)), "no smaller case was looked for: {text}");
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
        let context =
            Context { subject: &subject, law: law.name, cases: 24, seed: 0, shrink: 256, data: None };
        (law.run)(&context)
    };
    let text = run("contract::refuses_what_it_does_not_list").expect_err("it draws Over").0;
    assert!(text.contains("Sum"), "{text}");
    run("forward::agrees_with_the_reference").expect("what it lists it can do");
}
