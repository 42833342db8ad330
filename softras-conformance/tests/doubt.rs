//! Comparisons leave pixels in doubt out: they must be few, or nothing is compared.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use softras_conformance::oracle::doubt;
use softras_conformance::strategy::{Kind, scene};
use softras_core::raster::Rasterizer;
use softras_core::reference::Reference;

fn share(kind: Kind) -> Result<f64, Box<dyn std::error::Error>> {
    let can = Rasterizer::<f64>::capabilities(&Reference);
    let mut runner = TestRunner::deterministic();
    let strategy = scene(&can, kind);
    let (mut sum, mut count) = (0.0, 0);
    while count < 500 {
        let drawn = strategy.new_tree(&mut runner).map_err(|e| e.to_string())?.current();
        let doubt = doubt(&drawn.faces()?, &drawn.params())?;
        sum += doubt.share();
        count += 1;
    }
    Ok(sum / f64::from(count))
}

#[test]
fn few_pixels_are_in_doubt() {
    let (ordinary, strange) =
        (share(Kind::Ordinary).expect("valid scenes"), share(Kind::Strange).expect("valid scenes"));
    eprintln!(
        "in doubt: {:.2} % of ordinary scenes, {:.2} % of strange ones",
        100.0 * ordinary,
        100.0 * strange
    );
    assert!(ordinary < 0.08, "{ordinary}");
    assert!(strange < 0.35, "{strange}");
}
