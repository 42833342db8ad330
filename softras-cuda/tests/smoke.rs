//! One small picture on the emulated devices, against the reference.

use std::path::Path;

use ndarray::Array3;
use softras_core::math::TextureKind;
use softras_core::raster::{RasterParams, Rasterizer};
use softras_core::reference::Reference;
use softras_core::scene::{Faces, Textures};
use softras_cuda::CudaOptions;

#[test]
fn a_picture_has_the_bits_of_the_reference() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    softras_cuda_emulator::load(folder).expect("a C++ compiler");
    let corners = Array3::from_shape_vec(
        (2, 3, 3),
        vec![-0.5f32, -0.5, 2.0, 0.5, -0.4, 3.0, 0.1, 0.6, 2.5, -0.2, -0.7, 1.5, 0.8, 0.1, 2.0, -0.3, 0.5, 4.0],
    )
    .expect("a shape");
    let texels = Array3::from_shape_fn((2, 3, 3), |(f, k, c)| (f * 9 + k * 3 + c) as f32 / 18.0);
    let faces = Faces::new(corners)
        .and_then(|f| f.with_textures(Textures::new(TextureKind::Vertex, texels)?))
        .expect("valid faces");
    let params = RasterParams::new(33, 20).sigma(1e-3).gamma(1e-2);
    let cuda = CudaOptions::new(0).cache(Some(folder.join("kernels"))).open().expect("an emulated device");
    let (image, _saved) = cuda.forward(&faces, &params).unwrap_or_else(|e| panic!("{e:?}"));
    let (expected, _) = Rasterizer::<f32>::forward(&Reference, &faces, &params).expect("draws");
    assert_eq!(image.silhouette, expected.silhouette);
    assert_eq!(image.color, expected.color);
}
