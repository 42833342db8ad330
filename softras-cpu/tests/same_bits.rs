//! The same bits in picture and gradient for any number of threads, any instruction set, and every run.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::process::Command;
use std::sync::Arc;

use ndarray::Array3;
use softras_core::math::{Color, DepthMap, Interpolation, Neural, Scalar, TextureKind};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Image, ImageGrad};
use softras_cpu::{CpuRasterizer, CpuSaved};

/// A stream of numbers in 0..1 (Knuth's MMIX generator): the same on every machine.
fn numbers(mut seed: u64) -> impl FnMut() -> f64 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Two pictures that share texture rows: small faces, faces that cover the picture, and one of no area.
fn scene<R: Scalar>(kind: TextureKind) -> Arc<Faces<R>> {
    let mut next = numbers(7);
    let mut corners = Array3::from_elem((160, 3, 3), R::ZERO);
    for f in 0..160 {
        let size = [0.05, 0.3, 4.0][f % 3];
        let (x, y) = (2.0 * next() - 1.0, 2.0 * next() - 1.0);
        for k in 0..3 {
            let corner = [x + size * (next() - 0.5), y + size * (next() - 0.5), 2.0 + 3.0 * next()];
            for (i, value) in corner.into_iter().enumerate() {
                corners[[f, k, i]] = R::from_f64(if f == 17 { 0.5 } else { value });
            }
        }
    }
    let texels = Array3::from_shape_fn((90, kind.texels(), 3), |_| R::from_f64(next()));
    let pictures =
        vec![Picture { faces: 0..80, first_texture: 0 }, Picture { faces: 80..160, first_texture: 10 }];
    let faces = Faces::packed(corners, pictures).expect("valid faces");
    Arc::new(faces.with_textures(Textures::new(kind, texels).expect("valid texels")).expect("rows exist"))
}

/// The weights of a network for three channels, none for other colors.
fn weights<R: Scalar>(color: &Color) -> Vec<R> {
    let Color::Neural { hidden } = *color else { return Vec::new() };
    let mut next = numbers(13);
    let depth = Neural::depth_weights(DepthMap::Linear, 2.0, 5.0);
    Neural { hidden }.initial(3, depth, || 2.0 * next() - 1.0).into_iter().map(R::from_f64).collect()
}

fn draw<R: Scalar>(kind: TextureKind, color: Color) -> (Image<R>, Gradients<R>)
where
    CpuRasterizer: Rasterizer<R, Saved = CpuSaved<R>>,
{
    let device = CpuRasterizer::new();
    let params = RasterParams::new(150, 90)
        .sigma(R::from_f64(1e-3))
        .gamma(R::from_f64(1e-2))
        .interpolation(Interpolation::Perspective)
        .weights(weights(&color))
        .color(color);
    let (mut image, mut saved) = (Image::default(), CpuSaved::default());
    Rasterizer::forward_into(&device, &scene(kind), &params, &mut image, &mut saved).expect("draws");
    let mut next = numbers(11);
    let grad = ImageGrad {
        color: image.color.as_ref().map(|a| a.map(|_| R::from_f64(next() - 0.5))),
        silhouette: image.silhouette.as_ref().map(|a| a.map(|_| R::from_f64(next() - 0.5))),
    };
    let mut gradients = Gradients::default();
    Rasterizer::backward_into(&device, &saved, &grad, Wanted::ALL, &mut gradients).expect("goes back");
    (image, gradients)
}

/// The bits of all numbers of a picture and its gradient.
fn bits<R: Scalar>() -> Vec<u64>
where
    CpuRasterizer: Rasterizer<R, Saved = CpuSaved<R>>,
{
    let mut all: Vec<R> = Vec::new();
    for kind in [TextureKind::Vertex, TextureKind::Surface { side: 4 }] {
        for color in Color::BUILT_IN {
            let (image, g) = draw::<R>(kind, color.clone());
            all.extend(image.color.iter().flatten());
            all.extend(image.silhouette.iter().flatten());
            all.extend(g.corners.iter().chain(&g.textures).flatten());
            all.extend(g.background.iter().flatten());
            all.extend(g.sigma.iter().chain(&g.gamma).chain(&g.epsilon).chain(&g.weights).flatten());
        }
    }
    all.into_iter().map(|x| x.to_f64().to_bits()).collect()
}

#[test]
fn for_any_number_of_threads_and_every_run() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| (bits::<f32>(), bits::<f64>()))
    };
    let one = on(1);
    let different = one.0.iter().collect::<std::collections::HashSet<_>>().len();
    assert!(different > 100_000, "the scene draws something: {different} different numbers");
    for threads in [1, 2, 7] {
        assert!(on(threads) == one, "{threads} threads differ from one");
    }
}

#[test]
#[cfg_attr(
    any(softras_one_level, softras_one_level = "avx512"),
    ignore = "one instruction set alone is built in"
)]
fn at_every_instruction_set() {
    let exe = std::env::current_exe().expect("this test");
    let at = |level: &str| {
        let output = Command::new(&exe)
            .args(["--exact", "prints_its_bits", "--ignored", "--nocapture"])
            .env("SOFTRAS_SIMD", level)
            .output()
            .expect("this test runs itself");
        assert!(output.status.success(), "{level}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().find(|line| line.contains("bits ")).expect("bits are printed").to_owned()
    };
    let baseline = at("baseline");
    // A level the machine lacks falls back to its best, and must agree all the same.
    for level in ["sse4.2", "avx2", "avx512", "neon"] {
        assert!(at(level) == baseline, "{level} differs from the baseline");
    }
}

/// Run by `at_every_instruction_set`, each time in a process of its own.
#[test]
#[ignore = "a part of at_every_instruction_set"]
fn prints_its_bits() {
    let bits = bits::<f32>();
    let hash =
        bits.iter().fold(14_695_981_039_346_656_037_u64, |h, b| (h ^ b).wrapping_mul(1_099_511_628_211));
    println!("bits {} {hash:x}", bits.len());
}
