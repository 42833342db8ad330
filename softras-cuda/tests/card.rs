//! What only a card can show: 100 runs with the same bits, in memory that is reused and in memory that is not, and one
//! step for checkers of memory (`compute-sanitizer`). `scripts/gpu-bundle` carries it to machines with a card.
//!
//! Without a card there is one ignored trial with the reason, and a failure where `SOFTRAS_REQUIRE` names `cuda`.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use ndarray::Array3;
use softras_core::math::TextureKind;
use softras_core::raster::{RasterParams, Rasterizer};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{ImageGrad, Result};
use softras_cuda::{Buffers, CudaOptions, CudaRasterizer};

/// Runs that must give the same bits.
const RUNS: usize = 100;

/// Two pictures with faces of all sizes.
fn scene(kind: TextureKind) -> Result<Faces> {
    let place = |f: usize, k: usize| ((f * 37 + k * 13) % 101) as f32 / 50.5 - 1.0;
    let size = |f: usize| [0.02, 0.1, 0.4, 2.0][f % 4];
    let corners = Array3::from_shape_fn((600, 3, 3), |(f, k, i)| match i {
        2 => 2.0 + k as f32 + (f % 7) as f32 / 7.0,
        _ => place(f, i) + size(f) * [[0.0, 0.0], [1.0, 0.2], [0.1, 0.9]][k][i],
    });
    let texels =
        Array3::from_shape_fn((600, kind.texels(), 3), |(f, t, c)| ((f + 3 * t + 5 * c) % 17) as f32 / 17.0);
    let pictures =
        vec![Picture { faces: 0..250, first_texture: 0 }, Picture { faces: 250..600, first_texture: 250 }];
    Faces::packed(corners, pictures)?.with_textures(Textures::new(kind, texels)?)
}

/// The bits of a picture and its gradients.
fn step(device: &CudaRasterizer, faces: &Faces, params: &RasterParams) -> Result<Vec<u32>> {
    let (image, saved) = device.forward(faces, params)?;
    let grad = ImageGrad { color: image.color.clone(), silhouette: image.silhouette.clone() };
    let gradients = device.backward(&saved, &grad)?;
    let all = image.color.iter().flatten().chain(image.silhouette.iter().flatten());
    let all = all.chain(gradients.corners.iter().flatten()).chain(gradients.textures.iter().flatten());
    let all = all.chain(gradients.sigma.iter().flatten()).chain(gradients.gamma.iter().flatten());
    Ok(all.copied().map(f32::to_bits).collect())
}

fn settings() -> Result<Vec<(Faces, RasterParams)>> {
    let params = RasterParams::new(200, 150).sigma(1e-4).gamma(1e-2);
    let small = RasterParams::new(64, 48).sigma(1e-3).gamma(1e-2);
    Ok(vec![(scene(TextureKind::Vertex)?, params), (scene(TextureKind::Surface { side: 3 })?, small)])
}

fn same_bits() -> std::result::Result<(), libtest_mimic::Failed> {
    let device = CudaRasterizer::new(0)?;
    for (i, (faces, params)) in settings()?.iter().enumerate() {
        let first = step(&device, faces, params)?;
        if first.iter().all(|&bits| bits == 0) {
            return Err(format!("scene {i} draws nothing").into());
        }
        for run in 1..RUNS {
            if step(&device, faces, params)? != first {
                return Err(format!("run {run} of scene {i} has other bits").into());
            }
        }
        let exact = CudaOptions::new(0).buffers(Buffers::Exact).open()?;
        if step(&exact, faces, params)? != first {
            return Err(format!("scene {i} has other bits in memory that is not reused").into());
        }
    }
    Ok(())
}

fn one_step() -> std::result::Result<(), libtest_mimic::Failed> {
    let device = CudaOptions::new(0).buffers(Buffers::Exact).open()?;
    for (faces, params) in settings()? {
        step(&device, &faces, &params)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match CudaRasterizer::new(0) {
        Ok(_) => vec![
            Trial::test("card::a_hundred_runs_have_the_same_bits", same_bits),
            Trial::test("card::one_step_with_exact_buffers", one_step),
        ],
        Err(why) => {
            let required =
                std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x.trim() == "cuda"));
            let message = format!("required, but not there: {why}");
            let trial = Trial::test("card::is_available", move || Err(message.into()));
            vec![if required { trial } else { trial.with_kind(why.to_string()).with_ignored_flag(true) }]
        }
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
