//! Faults planted in the kernels themselves are caught on the emulated devices: as errors that name the kernel, or as
//! pictures that differ with the order of the threads.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use ndarray::Array3;
use softras_core::math::TextureKind;
use softras_core::raster::{RasterParams, Rasterizer};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{ImageGrad, Result};
use softras_cuda::{Buffers, CudaOptions};

/// 37 faces of many sizes, some of which are walked in items, in a picture whose last tiles are not full.
fn scene() -> (Faces, RasterParams) {
    let place = |f: usize, k: usize| ((f * 7 + k * 13) % 29) as f32 / 14.5 - 1.0;
    let size = |f: usize| [0.1, 0.3, 1.0, 3.0][f % 4];
    let corners = Array3::from_shape_fn((37, 3, 3), |(f, k, i)| match i {
        2 => 2.0 + k as f32,
        _ => place(f, i) + size(f) * [[-0.4, -0.4], [0.6, -0.2], [-0.3, 0.5]][k][i],
    });
    let texels = Array3::from_elem((37, 3, 3), 0.5);
    let textures = Textures::new(TextureKind::Vertex, texels).expect("valid texels");
    let pictures = vec![Picture { faces: 0..37, first_texture: 0 }];
    let faces =
        Faces::packed(corners, pictures).and_then(|f| f.with_textures(textures)).expect("valid faces");
    (faces, RasterParams::new(40, 33).sigma(1e-3).gamma(1e-2))
}

/// The bits of a picture and its gradients on a device that compiles its kernels anew.
fn draw(device: usize) -> Result<Vec<u32>> {
    let device = CudaOptions::new(device).cache(None).buffers(Buffers::Exact).open()?;
    let (faces, params) = scene();
    let (image, saved) = device.forward(&Arc::new(faces), &params)?;
    let one = image.silhouette.as_ref().map(|a| a.map(|_| 1.0));
    let gradients = device.backward(&saved, &ImageGrad { color: image.color.clone(), silhouette: one })?;
    let numbers = image.silhouette.iter().flatten().chain(gradients.corners.iter().flatten());
    Ok(numbers.copied().map(f32::to_bits).collect())
}

/// All errors below one, in words.
fn words(error: &softras_core::Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

/// A fault: what it is, the text of the kernels and what it becomes, and what the error says, if it must be one.
type Fault = (&'static str, &'static str, &'static str, Option<&'static str>);

const FAULTS: [Fault; 6] = [
    (
        "a missing barrier",
        "        __syncthreads();\n        for (u32 j = 0; j < count; ++j) {",
        "        for (u32 j = 0; j < count; ++j) {",
        None,
    ),
    (
        "a missing barrier between two warps",
        "        __syncthreads();\n        if (lane == 0u) {\n            pair_grad_add(sum, second);",
        "        if (lane == 0u) {\n            pair_grad_add(sum, second);",
        None,
    ),
    (
        "an early return before a barrier",
        "    const Setting setting = picture.setting;\n",
        "    const Setting setting = picture.setting;\n    if (x >= globals.width) {\n        return;\n    }\n",
        Some("kernel forward"),
    ),
    (
        "a write past the end",
        "drawing.alpha[pixel] = ",
        "drawing.alpha[pixel + globals.pixels] = ",
        Some("kernel forward"),
    ),
    (
        "a divergent shuffle",
        "    for (u32 by = of_warp / 2u; by > 0u; by /= 2u) {",
        "    for (u32 by = lane % 2u == 0u ? of_warp / 2u : 0u; by > 0u; by /= 2u) {",
        Some("kernel backward"),
    ),
    (
        "a gradient that some pixels have not written",
        "            reversing.cotangents[pixel] = grad;",
        "            if (pixel % 5u != 0u) {\n                reversing.cotangents[pixel] = grad;\n            }",
        None,
    ),
];

#[test]
fn planted_in_the_kernels_are_caught() {
    softras_cuda_emulator::load(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a C++ compiler");
    let right = draw(0).expect("draws");
    assert!(draw(1).expect("draws") == right, "two orders, the same bits");
    for (what, from, to, error) in FAULTS {
        let planted = softras_cuda::modules().iter().any(|module| module.text().contains(from));
        assert!(planted, "{what}: the kernels have no such text any more");
        softras_cuda_emulator::plant(Some((from, to))).expect("is loaded");
        let caught = (0..3).any(|device| match (draw(device), error) {
            (Err(found), Some(expected)) => {
                let found = words(&found);
                assert!(found.contains(expected), "{what}: {found}");
                true
            }
            (Ok(bits), None) => bits != right,
            (Err(_), None) => true,
            (Ok(_), Some(_)) => false,
        });
        softras_cuda_emulator::plant(None).expect("is loaded");
        assert!(caught, "{what} was not caught");
    }
    assert!(draw(2).expect("draws") == right, "without faults all is as before");
}
