//! On the emulated devices: the same bits in every order of threads and blocks, with memory reused or not, every run; and
//! one look at picture and gradients beside those of the reference.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod scenes;

use std::sync::Arc;

use softras_core::math::{Scalar, TextureKind};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::reference::{Reference, ReferenceSaved};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad};
use softras_cuda::{Buffers, CudaRasterizer, CudaShards};

use scenes::{draw, numbers, open, scene, settings};

/// The bits of all numbers of a picture and its gradient.
fn bits((image, g): &(Image, Gradients)) -> Vec<u32> {
    let mut all: Vec<f32> = Vec::new();
    all.extend(image.color.iter().flatten());
    all.extend(image.silhouette.iter().flatten());
    all.extend(g.corners.iter().chain(&g.textures).flatten());
    all.extend(g.background.iter().flatten());
    all.extend(g.sigma.iter().chain(&g.gamma).chain(&g.epsilon).flatten());
    all.into_iter().map(f32::to_bits).collect()
}

#[test]
fn in_every_order_with_memory_reused_or_not_and_every_run() {
    let devices = [
        open(0, Buffers::Reused),
        open(1, Buffers::Reused),
        open(2, Buffers::Exact),
        open(3, Buffers::Exact),
    ];
    for (i, (faces, params)) in settings().into_iter().enumerate() {
        let expected = bits(&draw(&devices[0], &faces, &params));
        assert!(expected.iter().any(|&b| b != 0), "scene {i} draws something");
        for device in &devices {
            assert!(bits(&draw(device, &faces, &params)) == expected, "scene {i}, {}", device.info().device);
        }
    }
}

/// Pictures of two devices share texture rows: their gradients are added in the order of one device.
#[test]
fn on_several_devices_at_once() {
    let one = open(0, Buffers::Reused);
    let all = (0..3).map(|device| open(device, Buffers::Exact)).collect();
    let shards = CudaShards::new(all).expect("three devices");
    for (i, (faces, params)) in settings().into_iter().enumerate() {
        let params = params.sigma_each(vec![1e-3, 2e-3, 5e-4]);
        assert!(bits(&draw(&shards, &faces, &params)) == bits(&draw(&one, &faces, &params)), "scene {i}");
    }
    assert!(CudaShards::new(Vec::new()).is_err(), "no devices");
}

#[test]
fn a_picture_is_that_of_the_reference() {
    let device = open(0, Buffers::Exact);
    for (i, (faces, params)) in settings().into_iter().enumerate() {
        let (image, _) = draw(&device, &faces, &params);
        let (expected, _) = Rasterizer::<f32>::forward(&Reference, &faces, &params).expect("draws");
        let off = |own: Option<Vec<f32>>, expected: Option<Vec<f32>>| -> f32 {
            let (own, expected) = (own.expect("drawn"), expected.expect("drawn"));
            assert_eq!(own.len(), expected.len(), "scene {i}");
            own.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        let silhouette = off(
            image.silhouette.map(|a| a.iter().copied().collect()),
            expected.silhouette.map(|a| a.iter().copied().collect()),
        );
        let color = off(
            image.color.map(|a| a.iter().copied().collect()),
            expected.color.map(|a| a.iter().copied().collect()),
        );
        // One look, where both sides round: the suite holds the device to its bounds against f64.
        assert!(silhouette <= 3e-5, "silhouette of scene {i}: off by {silhouette:e}");
        assert!(color <= 1e-4, "color of scene {i}: off by {color:e}");
    }
}

fn gradients_of_reference<R: Scalar>(
    faces: &Arc<Faces<R>>,
    params: &RasterParams<R>,
    grad: &ImageGrad<R>,
) -> Gradients<R> {
    let (mut image, mut saved) = (Image::<R>::default(), ReferenceSaved::default());
    Reference.forward_into(faces, params, &mut image, &mut saved).expect("draws");
    let mut gradients = Gradients::<R>::default();
    Reference.backward_into(&saved, grad, Wanted::ALL, &mut gradients).expect("goes back");
    gradients
}

/// The suite holds every gradient to its own bound, on many scenes; this is one look at all of them at once.
#[test]
fn the_gradients_are_those_of_the_reference() {
    let device = open(2, Buffers::Exact);
    for (i, (faces, params)) in settings().into_iter().enumerate() {
        let (image, own) = draw(&device, &faces, &params);
        let mut next = numbers(11);
        let grad = ImageGrad {
            color: image.color.as_ref().map(|a| a.map(|_| f64::from(next() - 0.5))),
            silhouette: image.silhouette.as_ref().map(|a| a.map(|_| f64::from(next() - 0.5))),
        };
        let single = ImageGrad {
            color: grad.color.as_ref().map(|a| a.map(|&x| x as f32)),
            silhouette: grad.silhouette.as_ref().map(|a| a.map(|&x| x as f32)),
        };
        let single = gradients_of_reference::<f32>(&faces, &params, &single);
        let exact = gradients_of_reference::<f64>(&Arc::new(faces.cast()), &params.cast(), &grad);
        let compare = |name: &str, own: Vec<f32>, single: Vec<f32>, exact: Vec<f64>| {
            assert_eq!(own.len(), exact.len(), "{name} of scene {i}");
            let size = exact.iter().map(|x| x * x).sum::<f64>().sqrt();
            let off = |all: &[f32]| {
                all.iter().zip(&exact).map(|(&a, b)| (f64::from(a) - b).powi(2)).sum::<f64>().sqrt()
            };
            // What the reference itself loses in 32 bits: gamma is badly conditioned.
            let (off, lost) = (off(&own), off(&single));
            assert!(
                off <= 1e-3 * size + 4.0 * lost + 1e-9,
                "{name} of scene {i}: off by {off:e} of {size:e}"
            );
        };
        macro_rules! compare {
            ($($field:ident),+) => {$(
                let (a, b, c) = (&own.$field, &single.$field, &exact.$field);
                let [a, b] = [a, b].map(|x| x.iter().flatten().copied().collect());
                compare(stringify!($field), a, b, c.iter().flatten().copied().collect());
            )+};
        }
        compare!(corners, textures, background, sigma, gamma, epsilon);
    }
}

#[test]
fn what_cannot_be_had_is_refused_with_a_reason() {
    let device = open(0, Buffers::Exact);
    let error = CudaRasterizer::new(99).expect_err("four devices");
    assert!(matches!(&error, Error::Unavailable { .. }) && error.to_string().contains("4 device"), "{error}");

    let (faces, params) = settings().remove(0);
    let (_, saved) = device.forward(&faces, &params).expect("draws");
    let other = open(1, Buffers::Exact);
    let error = other.backward(&saved, &ImageGrad::default()).expect_err("another device's");
    assert!(matches!(error, Error::Layout { .. }), "{error}");

    let many = scene(TextureKind::Vertex, 200);
    let error = device.forward(&many, &params.background(&[])).expect_err("200 channels");
    assert!(matches!(&error, Error::Unsupported { .. }) && error.to_string().contains("128"), "{error}");
}
