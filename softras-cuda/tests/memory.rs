//! Device memory that is used up, and budgets of it, on the emulated devices: errors say what needed how much and where, work
//! is cut where it may be, and nothing changes but that.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod scenes;

use softras_core::math::TextureKind;
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::{Error, Image, ImageGrad};
use softras_cuda::{Buffers, CudaSaved};

use scenes::{grad_of, open, scene};

/// What a step gives.
type Step = (Image, Gradients, u64, Option<u64>);

/// Draws and goes back; also the entries of the lists, and the pairs.
fn step(device: &softras_cuda::CudaRasterizer, params: &RasterParams) -> softras_core::Result<Step> {
    let faces = scene(TextureKind::Vertex, 3);
    let (mut image, mut saved) = (Image::default(), CudaSaved::default());
    device.forward_into(&faces, params, &mut image, &mut saved)?;
    let grad: ImageGrad = grad_of(&image);
    let mut gradients = Gradients::default();
    device.backward_into(&saved, &grad, Wanted::ALL, &mut gradients)?;
    let pairs = device.pairs(&saved);
    Ok((image, gradients, saved.list_entries(), pairs))
}

fn params() -> RasterParams {
    RasterParams::new(97, 70).sigma(1e-3).gamma(1e-2)
}

/// One test after another: they share the memory of the devices.
#[test]
fn memory_runs_out_and_comes_back_and_budgets_are_kept() {
    let device = open(1, Buffers::Reused);
    let all = step(&device, &params()).expect("enough memory");
    assert!(all.2 > 0, "there are lists of bins");

    // The arena has what a step needs, but not what a larger one does.
    softras_cuda_emulator::set_memory(16 << 20).expect("is loaded");
    let large = params().size(970, 700);
    let error = step(&device, &large).expect_err("16 MiB are not enough");
    let text = error.to_string();
    assert!(matches!(&error, Error::OutOfMemory { needed, .. } if *needed > 1 << 24), "{text}");
    assert!(text.contains("on device 1 (descending)") && text.contains("state of the pixels"), "{text}");
    assert!(step(&device, &params()).expect("it was given back") == all, "the same again");
    softras_cuda_emulator::set_memory(4 << 30).expect("is loaded");

    // Budgets from what is too little for any part up to enough for all at once. Drawing alone needs less.
    let mut budget = 1;
    let (mut refused, mut without_bins, mut whole) = (0, 0, 0);
    while budget < 1 << 24 {
        let params = params().memory_budget(budget);
        if let Ok((image, saved)) = device.forward(&scene(TextureKind::Vertex, 3), &params) {
            assert!(image == all.0, "{budget} bytes: another picture");
            without_bins += usize::from(saved.list_entries() < all.2);
        }
        match step(&device, &params) {
            Ok(own) => {
                assert!((&own.0, &own.1, own.3) == (&all.0, &all.1, all.3), "{budget} bytes: other numbers");
                whole += usize::from(own.2 == all.2);
            }
            Err(Error::OutOfMemory { needed, limit, what }) => {
                assert!(needed > limit && limit == u128::from(budget), "{needed} {limit}");
                assert!(what.contains("device 1"), "{what}");
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
        budget = budget * 3 / 2 + 1;
    }
    assert!(refused > 0 && without_bins > 0 && whole > 0, "{refused} {without_bins} {whole}");
}
