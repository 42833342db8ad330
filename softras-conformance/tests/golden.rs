//! The outside pictures on the reference, which tries every face at every pixel: minutes, so only when asked for.

use softras_conformance::law::Context;
use softras_conformance::{Rung, Settings, Subject, laws};
use softras_core::reference::Reference;

fn holds(name: &str) {
    let subject = Subject::both(Reference).rung(Rung::Scalar);
    let settings = Settings::from_environment();
    let law = laws::find(name).unwrap_or_else(|| panic!("there is no law {name}"));
    let context = Context { subject: &subject, law: law.name, cases: 1, seed: 0, data: settings.data };
    let outcome = (law.run)(&context);
    eprintln!("{name}: {outcome:?}");
    assert!(outcome.is_ok(), "{name}: {outcome:?}");
}

#[test]
#[ignore = "a minute, and outside data"]
fn the_reference_draws_blenders_teapot() {
    holds("golden::blenders_teapot");
}

#[test]
#[ignore = "ten minutes, and outside data"]
fn the_reference_draws_what_pytorch3d_drew() {
    holds("golden::pytorch3d_silhouettes");
}

#[test]
#[ignore = "minutes, and outside data"]
fn the_reference_covers_the_deformation_demo() {
    holds("golden::deformation_demo");
}
