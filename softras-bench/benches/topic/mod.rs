//! What all topics share: scenes, drawn and gone back over with a state that is reused.

use criterion::{Criterion, Throughput};
use softras_bench::{Data, Scene, SceneName};
use softras_core::Image;
use softras_core::raster::{DynSaved, Gradients, Wanted};

/// Which way.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "not every topic goes both ways")]
pub(crate) enum Way {
    Forward,
    Backward,
}

/// Times `way` at each scene and sigma; throughput is in pairs that count.
pub(crate) fn topic(c: &mut Criterion, name: &str, way: Way, scenes: &[(&str, f64)]) {
    let device = softras::open(softras::Device::Auto).expect("a back end");
    let mut group = c.benchmark_group(name);
    group.sample_size(10);
    for &(scene, sigma) in scenes {
        let parsed = SceneName::parse(scene, &Data::default()).expect("a scene");
        let built = Scene::build(&parsed, sigma).expect("a scene that can be drawn");
        let (mut image, mut saved, mut gradients) =
            (Image::default(), DynSaved::default(), Gradients::default());
        device.forward_into(&built.faces, &built.params, &mut image, &mut saved).expect("draws");
        if let Some(pairs) = device.pairs(&saved) {
            group.throughput(Throughput::Elements(pairs));
        }
        group.bench_function(format!("{scene} at {sigma:e}"), |b| match way {
            Way::Forward => {
                b.iter(|| device.forward_into(&built.faces, &built.params, &mut image, &mut saved))
            }
            Way::Backward => {
                b.iter(|| device.backward_into(&saved, &built.grad, Wanted::default(), &mut gradients));
            }
        });
    }
    group.finish();
}
