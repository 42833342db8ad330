//! Scenes and devices that several tests use.

#![allow(dead_code, reason = "each test uses some of it")]

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array1, Array3};
use softras_core::math::{Color, Cutoff, Distance, TextureKind};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Image, ImageGrad};
use softras_cuda::{Buffers, CudaOptions, CudaRasterizer};

pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

pub(crate) fn open(device: usize, buffers: Buffers) -> CudaRasterizer {
    softras_cuda_emulator::load(folder()).expect("a C++ compiler");
    let options = CudaOptions::new(device).cache(Some(folder().join("kernels"))).buffers(buffers);
    options.open().expect("an emulated device")
}

/// A stream of numbers in 0..1 (Knuth's MMIX generator): the same on every machine.
pub(crate) fn numbers(mut seed: u64) -> impl FnMut() -> f32 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1_u64 << 24) as f32
    }
}

/// Three pictures, one without faces, two that share texture rows, with faces between their ranges that belong to none:
/// faces of all sizes, one of no area, one that is not drawn.
pub(crate) fn scene(kind: TextureKind, channels: usize) -> Arc<Faces> {
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

/// Some gradient at every pixel of what was drawn.
pub(crate) fn grad_of(image: &Image) -> ImageGrad {
    let mut next = numbers(11);
    ImageGrad {
        color: image.color.as_ref().map(|a| a.map(|_| next() - 0.5)),
        silhouette: image.silhouette.as_ref().map(|a| a.map(|_| next() - 0.5)),
    }
}

/// Draws and goes back.
pub(crate) fn draw(
    device: &impl Rasterizer<f32>,
    faces: &Arc<Faces>,
    params: &RasterParams,
) -> (Image, Gradients) {
    let (mut image, mut saved) = (Image::default(), Default::default());
    device.forward_into(faces, params, &mut image, &mut saved).unwrap_or_else(|e| panic!("{e:?}"));
    let mut gradients = Gradients::default();
    device
        .backward_into(&saved, &grad_of(&image), Wanted::ALL, &mut gradients)
        .unwrap_or_else(|e| panic!("{e:?}"));
    (image, gradients)
}

/// A picture without lists and one with them, and different parts.
pub(crate) fn settings() -> Vec<(Arc<Faces>, RasterParams)> {
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
