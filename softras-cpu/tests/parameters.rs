//! What the CPU back end does with `memory_budget` and `saturation`.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::sync::Arc;

use ndarray::Array3;
use softras_core::math::TextureKind;
use softras_core::raster::{Gradients, Outputs, RasterParams, Rasterizer, Saturation, Wanted};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Error, Image, ImageGrad, Result};
use softras_cpu::{CpuRasterizer, CpuSaved};

/// A stream of numbers in 0..1 (Knuth's MMIX generator): the same on every machine.
fn numbers(mut seed: u64) -> impl FnMut() -> f32 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1_u64 << 24) as f32
    }
}

/// Three pictures, one of them of more faces than one level of lists is used for; the last shares texture rows.
fn scene() -> Arc<Faces> {
    let mut next = numbers(3);
    let bounds = [0, 500, 18_000, 18_400];
    let mut corners = Array3::zeros((bounds[3], 3, 3));
    for f in 0..bounds[3] {
        let size = [0.02, 0.05, 0.4][if f % 97 == 0 { 2 } else { f % 2 }];
        let (x, y) = (2.0 * next() - 1.0, 2.0 * next() - 1.0);
        for k in 0..3 {
            corners[[f, k, 0]] = x + size * (next() - 0.5);
            corners[[f, k, 1]] = y + size * (next() - 0.5);
            corners[[f, k, 2]] = 2.0 + next();
        }
    }
    let picture = |b: usize, first_texture| Picture { faces: bounds[b]..bounds[b + 1], first_texture };
    let texels = Array3::from_shape_fn((18_000, 3, 3), |_| next());
    let textures = Textures::new(TextureKind::Vertex, texels).expect("valid texels");
    let faces = Faces::packed(corners, vec![picture(0, 0), picture(1, 500), picture(2, 100)]);
    Arc::new(faces.and_then(|f| f.with_textures(textures)).expect("valid faces"))
}

fn step(faces: &Arc<Faces>, params: &RasterParams) -> Result<(Image, Gradients, CpuSaved)> {
    let device = CpuRasterizer::new();
    let (mut image, mut saved, mut gradients) = (Image::default(), CpuSaved::default(), Gradients::default());
    Rasterizer::forward_into(&device, faces, params, &mut image, &mut saved)?;
    let mut next = numbers(5);
    let grad = ImageGrad {
        color: image.color.as_ref().map(|a| a.map(|_| next() - 0.5)),
        silhouette: image.silhouette.as_ref().map(|a| a.map(|_| next() - 0.5)),
    };
    Rasterizer::backward_into(&device, &saved, &grad, Wanted::ALL, &mut gradients)?;
    Ok((image, gradients, saved))
}

#[test]
fn a_small_memory_budget_gives_the_same_bits() {
    let faces = scene();
    let params = RasterParams::new(90, 70).sigma(1e-4).gamma(1e-2);
    let whole = step(&faces, &params).expect("draws");
    // Each error says what the part that did not fit needs.
    let (mut budget, mut refused) = (1, 0);
    let cut = loop {
        match step(&faces, &params.clone().memory_budget(budget)) {
            Ok(cut) => break cut,
            Err(Error::OutOfMemory { needed, limit, what }) => {
                assert!(needed > limit && limit == u128::from(budget), "{what}: {needed}, {limit}");
                budget = u64::try_from(needed).expect("a number of bytes");
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    };
    assert!(refused >= 2, "rows of tiles and pictures need different sizes");
    assert!(budget < 1 << 20, "{budget} bytes are less than the whole takes");
    assert!(cut.0 == whole.0, "the pictures differ");
    assert!(cut.1 == whole.1, "the gradients differ");
    assert_eq!(cut.2.pairs(), whole.2.pairs());
    assert_eq!(cut.2.list_entries(), whole.2.list_entries());
}

#[test]
fn skipping_opaque_pixels_leaves_alpha_alone() {
    let mut next = numbers(9);
    let corners = Array3::from_shape_fn((3000, 3, 3), |(_, k, i)| {
        let corner = [[-2.0, -2.0, 2.0], [2.0, -2.0, 2.0], [0.0, 2.5, 2.0]][k][i];
        corner + 0.5 * next()
    });
    let faces = Arc::new(Faces::new(corners).expect("valid faces"));
    let params = RasterParams::new(64, 64).sigma(1e-2).outputs(Outputs::Silhouette);
    let exact = step(&faces, &params).expect("draws");
    let skip = step(&faces, &params.saturation(Saturation::Skip)).expect("draws");
    let (a, b) = (exact.0.silhouette.expect("drawn"), skip.0.silhouette.expect("drawn"));
    // T below 2^-25 is less than half the last bit of 1.
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < f32::EPSILON), "alpha moved");
    assert!(skip.2.pairs() * 3 < exact.2.pairs(), "{} of {} pairs", skip.2.pairs(), exact.2.pairs());
    let (a, b) = (exact.1.corners.expect("wanted"), skip.1.corners.expect("wanted"));
    // 4096 pixels of T < 2^-25 and half a slope, of D against a corner, of at most 2 sqrt(9.2 / sigma).
    let bound = 4096.0 * f32::powi(2.0, -25) * f32::sqrt(9.2 / 1e-2);
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= bound), "a gradient moved");
    assert!(b.iter().any(|b| b.abs() > 0.0), "some pixels are not opaque");
}
