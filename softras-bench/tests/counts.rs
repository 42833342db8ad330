//! The scenes are those that pairs were counted on by an independent program: the numbers agree.

use softras::CpuRasterizer;
use softras_bench::{Data, Scene, SceneName};
use softras_core::raster::DynRasterizer;

#[test]
fn pairs_are_those_that_were_counted_elsewhere() {
    let device: &dyn DynRasterizer = &CpuRasterizer::new();
    for (name, sigma, expected) in [
        ("1280@64", 1e-5, 6_475.0),
        ("1280@64", 1e-4, 16_619.0),
        ("1280@64", 1e-3, 71_876.0),
        ("5120@256", 1e-5, 1.73e5),
        ("5120@256", 1e-4, 6.05e5),
        ("5120@256", 1e-3, 3.46e6),
    ] {
        let scene = Scene::build(&SceneName::parse(name, &Data::default()).unwrap(), sigma).unwrap();
        let (_, saved) = device.forward(&scene.faces, &scene.params).unwrap();
        let pairs = device.pairs(&saved).unwrap() as f64;
        // Two pairs may lie on the cut; larger numbers were written down with three digits.
        let tolerance = if expected < 1e5 { 2.0 } else { 0.004 * expected };
        assert!((pairs - expected).abs() <= tolerance, "{name} at {sigma}: {pairs}, counted {expected}");
    }
}
