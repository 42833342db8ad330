//! On the emulated devices: the same bits in every order of threads and blocks, with memory reused or not, every run; and
//! one look at picture and gradients beside those of the reference.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array1, Array3};
use softras_core::math::{Color, Cutoff, Distance, Scalar, TextureKind};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::reference::{Reference, ReferenceSaved};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Error, Image, ImageGrad};
use softras_cuda::{Buffers, CudaOptions, CudaRasterizer, CudaShards};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn open(device: usize, buffers: Buffers) -> CudaRasterizer {
    softras_cuda_emulator::load(folder()).expect("a C++ compiler");
    let options = CudaOptions::new(device).cache(Some(folder().join("kernels"))).buffers(buffers);
    options.open().expect("an emulated device")
}

/// A stream of numbers in 0..1 (Knuth's MMIX generator): the same on every machine.
fn numbers(mut seed: u64) -> impl FnMut() -> f32 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1_u64 << 24) as f32
    }
}

/// Three pictures, one without faces, two that share texture rows, with faces between their ranges that belong to none:
/// faces of all sizes, one of no area, one that is not drawn.
fn scene(kind: TextureKind, channels: usize) -> Arc<Faces> {
    let mut next = numbers(7);
    let mut corners = Array3::zeros((47, 3, 3));
    for f in 0..47 {
        let size = [0.04, 0.3, 0.9, 4.0][f % 4];
        let (x, y) = (2.0 * next() - 1.0, 2.0 * next() - 1.0);
        for k in 0..3 {
            let corner = [x + size * (next() - 0.5), y + size * (next() - 0.5), 2.0 + 3.0 * next()];
            for (i, value) in corner.into_iter().enumerate() {
                corners[[f, k, i]] = if f == 17 { 0.5 } else { value };
            }
        }
    }
    let texels = Array3::from_shape_fn((30, kind.texels(), channels), |_| next());
    let pictures = vec![
        Picture { faces: 0..20, first_texture: 0 },
        Picture { faces: 22..22, first_texture: 3 },
        Picture { faces: 24..47, first_texture: 7 },
    ];
    let absent = Array1::from_shape_fn(47, |f| f == 5);
    let textures = Textures::new(kind, texels).expect("valid texels");
    let faces = Faces::packed(corners, pictures).and_then(|f| f.with_absent(absent)?.with_textures(textures));
    Arc::new(faces.expect("valid faces"))
}

fn draw(device: &impl Rasterizer<f32>, faces: &Arc<Faces>, params: &RasterParams) -> (Image, Gradients) {
    let (mut image, mut saved) = (Image::default(), Default::default());
    device.forward_into(faces, params, &mut image, &mut saved).unwrap_or_else(|e| panic!("{e:?}"));
    let mut next = numbers(11);
    let grad = ImageGrad {
        color: image.color.as_ref().map(|a| a.map(|_| next() - 0.5)),
        silhouette: image.silhouette.as_ref().map(|a| a.map(|_| next() - 0.5)),
    };
    let mut gradients = Gradients::default();
    device.backward_into(&saved, &grad, Wanted::ALL, &mut gradients).unwrap_or_else(|e| panic!("{e:?}"));
    (image, gradients)
}

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

/// A picture without lists and one with them, and different parts.
fn settings() -> Vec<(Arc<Faces>, RasterParams)> {
    let small = RasterParams::new(40, 33).sigma(1e-3).gamma(1e-2).background(&[0.2, 0.5, 0.1]);
    let large = RasterParams::new(97, 70).sigma(1e-3).gamma(1e-2);
    vec![
        (scene(TextureKind::Vertex, 3), small.clone()),
        (scene(TextureKind::Surface { side: 4 }, 2), large),
        (
            scene(TextureKind::Vertex, 3),
            small.color(Color::Over).distance(Distance::Barycentric).cutoff(Cutoff::Smooth),
        ),
    ]
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
