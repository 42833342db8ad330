//! The brute force on the emulated devices, beside the reference: its picture, and those of its gradients that the
//! official algorithm has in full.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use ndarray::Array3;
use softras_core::math::{Interpolation, TextureKind};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::reference::{Reference, ReferenceSaved};
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Error, Image, ImageGrad};
use softras_cuda::{Buffers, CudaBrute, CudaOptions};

/// What is asked for, of what the official code computes.
fn wanted() -> Wanted {
    Wanted::CORNERS | Wanted::TEXTURES
}

fn open(device: usize) -> CudaBrute {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    softras_cuda_emulator::load(folder).expect("a C++ compiler");
    let options = CudaOptions::new(device).cache(Some(folder.join("kernels"))).buffers(Buffers::Exact);
    CudaBrute::new(options.open().expect("an emulated device"))
}

/// Two pictures with faces large enough for the Gram matrix of the official code.
fn scene() -> Arc<Faces> {
    let place = |f: usize, k: usize| ((f * 37 + k * 13) % 101) as f32 / 63.0 - 0.8;
    let size = |f: usize| [0.2, 0.5, 1.1][f % 3];
    let corners = Array3::from_shape_fn((24, 3, 3), |(f, k, i)| match i {
        2 => 2.0 + k as f32 / 3.0 + (f % 7) as f32 / 7.0,
        _ => place(f, i) + size(f) * [[0.0, 0.0], [1.0, 0.2], [0.1, 0.9]][k][i],
    });
    let texels = Array3::from_shape_fn((24, 3, 3), |(f, t, c)| ((f + 3 * t + 5 * c) % 17) as f32 / 17.0);
    let textures = Textures::new(TextureKind::Vertex, texels).expect("valid texels");
    let pictures =
        vec![Picture { faces: 0..10, first_texture: 0 }, Picture { faces: 10..24, first_texture: 10 }];
    Arc::new(Faces::packed(corners, pictures).and_then(|f| f.with_textures(textures)).expect("valid faces"))
}

/// Colors are affine on the screen, as the official code has them.
fn params() -> RasterParams {
    let params = RasterParams::new(34, 27).sigma(1e-3).gamma(1e-2).background(&[0.2, 0.5, 0.1]);
    params.interpolation(Interpolation::Screen)
}

fn step<T: Rasterizer<f32>>(device: &T, grad_of: fn(&Image) -> ImageGrad) -> (Image, Gradients) {
    let (mut image, mut saved) = (Image::default(), T::Saved::default());
    device.forward_into(&scene(), &params(), &mut image, &mut saved).expect("draws");
    let mut gradients = Gradients::default();
    device.backward_into(&saved, &grad_of(&image), wanted(), &mut gradients).expect("goes back");
    (image, gradients)
}

/// The exact step; the gradient is that of the 32-bit picture, as the brute force gets it.
fn exact(grad: &ImageGrad) -> (Image<f64>, Gradients<f64>) {
    let (mut image, mut saved) = (Image::default(), ReferenceSaved::default());
    let faces = Arc::new(scene().cast());
    Reference.forward_into(&faces, &params().cast(), &mut image, &mut saved).expect("draws");
    let grad = ImageGrad {
        color: grad.color.as_ref().map(|a| a.mapv(f64::from)),
        silhouette: grad.silhouette.as_ref().map(|a| a.mapv(f64::from)),
    };
    let mut gradients = Gradients::default();
    Reference.backward_into(&saved, &grad, wanted(), &mut gradients).expect("goes back");
    (image, gradients)
}

/// How far `own` is off, relative to the size of `exact`.
fn off<'a>(own: impl Iterator<Item = &'a f32>, exact: impl Iterator<Item = &'a f64>) -> f64 {
    let (mut off, mut size) = (0.0, 0.0);
    for (&own, exact) in own.zip(exact) {
        off += (f64::from(own) - exact).powi(2);
        size += exact * exact;
    }
    assert!(size > 0.0, "there is something to compare with");
    (off / size).sqrt()
}

fn of_silhouette(image: &Image) -> ImageGrad {
    let mut sign = 1.0;
    let grad = image.silhouette.as_ref().map(|a| {
        a.map(|alpha| {
            sign = -sign;
            sign * 0.5 + alpha
        })
    });
    ImageGrad { silhouette: grad, color: None }
}

fn of_color(image: &Image) -> ImageGrad {
    ImageGrad { color: image.color.as_ref().map(|a| a.map(|c| c - 0.4)), silhouette: None }
}

#[test]
fn its_picture_and_full_gradients_are_those_of_the_reference() {
    for device in [open(0), open(1)] {
        let (image, gradients) = step(&device, of_silhouette);
        let (expected, exact_gradients) = exact(&of_silhouette(&image));
        // The Gram matrix loses digits (KERNELS 1): 1e-3 is what it leaves on faces of this size.
        let alpha = off(image.silhouette.iter().flatten(), expected.silhouette.iter().flatten());
        let color = off(image.color.iter().flatten(), expected.color.iter().flatten());
        let corners = off(gradients.corners.iter().flatten(), exact_gradients.corners.iter().flatten());
        assert!(alpha < 1e-3 && color < 1e-3, "off by {alpha:e} and {color:e}");
        assert!(corners < 1e-2, "gradient of the silhouette: off by {corners:e}");

        let (image, gradients) = step(&device, of_color);
        let (_, exact_gradients) = exact(&of_color(&image));
        let texels = off(gradients.textures.iter().flatten(), exact_gradients.textures.iter().flatten());
        assert!(texels < 1e-3, "gradient of the textures: off by {texels:e}");
    }
}

#[test]
fn what_it_does_not_draw_is_refused() {
    let device = open(0);
    let params = params().outputs(softras_core::raster::Outputs::Silhouette);
    let error = device.forward(&scene(), &params).expect_err("silhouettes alone");
    assert!(matches!(&error, Error::Unsupported { backend, .. } if backend == "brute:cuda"), "{error}");
}
