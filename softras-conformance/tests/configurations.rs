//! Faults that no picture shows: a miscount, a configuration with other bits, a function that is wrong alone.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::sync::Arc;

use softras_conformance::law::{Context, Outcome};
use softras_conformance::verdict::Verdict;
use softras_conformance::{Subject, laws};
use softras_core::math::Function;
use softras_core::raster::{
    Capabilities, Gradients, Info, Outputs, Probe, RasterParams, Rasterizer, Variant, Wanted, run_rows,
};
use softras_core::reference::{Reference, ReferenceSaved};
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad, Result};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    MissesAPair,
    HasAnotherVariant,
    HasAWrongFunction,
    DrawsNoColor,
}

/// The reference, with a configuration, a count and a probe of its own.
struct Configured(Fault);

impl Rasterizer<f32> for Configured {
    type Saved = ReferenceSaved<f32>;

    fn info(&self) -> Info {
        Info { backend: "configured".to_owned(), ..Rasterizer::<f32>::info(&Reference) }
    }

    fn capabilities(&self) -> Capabilities {
        let all = Rasterizer::<f32>::capabilities(&Reference);
        match self.0 {
            Fault::DrawsNoColor => Capabilities { outputs: vec![Outputs::Silhouette], ..all },
            _ => all,
        }
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces<f32>>,
        params: &RasterParams<f32>,
        image: &mut Image<f32>,
        saved: &mut ReferenceSaved<f32>,
    ) -> Result<()> {
        self.capabilities().check("configured", faces, params)?;
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

    fn pairs(&self, saved: &ReferenceSaved<f32>) -> Option<u64> {
        let missed = u64::from(self.0 == Fault::MissesAPair);
        Some(saved.pairs().saturating_sub(missed))
    }

    fn variants(&self) -> Vec<Variant<f32>> {
        vec![Variant { name: "another".to_owned(), backend: Box::new(Rounded(self.0)) }]
    }

    fn probe(&self) -> Option<&dyn Probe<f32>> {
        Some(self)
    }
}

impl Probe<f32> for Configured {
    fn probe(&self, function: &Function, inputs: &[f32], outputs: &mut [f32]) -> Result<()> {
        run_rows(function, inputs, outputs)?;
        if self.0 == Fault::HasAWrongFunction && function.name() == "nearness_vjp[inverse]" {
            outputs.iter_mut().for_each(|x| *x *= 1.0 + 1e-4);
        }
        Ok(())
    }
}

/// A configuration that may round alpha.
struct Rounded(Fault);

impl Rasterizer<f32> for Rounded {
    type Saved = ReferenceSaved<f32>;
    fn info(&self) -> Info {
        Rasterizer::<f32>::info(&Reference)
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
        Rasterizer::forward_into(&Reference, faces, params, image, saved)?;
        if self.0 == Fault::HasAnotherVariant {
            image.silhouette.iter_mut().flatten().for_each(|a| *a = (*a * (1.0 + f32::EPSILON)).min(1.0));
        }
        Ok(())
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

/// What becomes of a law.
fn verdict(fault: Fault, name: &str) -> Verdict {
    let subject = Subject::single(Configured(fault)).rung(softras_conformance::Rung::Scalar);
    let law = laws::find(name).expect("the law exists");
    let context = Context { subject: &subject, law: law.name, cases: 16, seed: 0, shrink: 256, data: None };
    let outcome: Outcome = (law.run)(&context);
    Verdict::of(law, &subject, &outcome)
}

#[test]
fn each_fault_is_caught_by_its_law_and_nothing_else_is() {
    for (fault, law) in [
        (Fault::MissesAPair, "forward::pairs_are_those_of_the_reference"),
        (Fault::HasAnotherVariant, "determinism::of_variants"),
        (Fault::HasAWrongFunction, "functions::run_alone_are_the_core"),
    ] {
        assert!(matches!(verdict(fault, law), Verdict::Broken(_)), "{fault:?} is not caught by {law}");
        assert_eq!(verdict(Fault::None, law), Verdict::Holds, "{law}");
    }
}

#[test]
fn what_is_not_declared_is_unsupported_and_says_what() {
    for law in ["color::of_one_sided_faces", "limits::many_faces_are_opaque"] {
        match verdict(Fault::DrawsNoColor, law) {
            Verdict::Unsupported(why) => assert!(why.contains("Both"), "{law}: {why}"),
            other => panic!("{law}: {other:?}"),
        }
    }
    assert_eq!(verdict(Fault::DrawsNoColor, "silhouette::of_a_face_twice"), Verdict::Holds);
}
