//! The brute force draws the right picture, and goes back the right way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::sync::Arc;

use ndarray::{Array, Array3, Dimension};
use softras_bench::{Brute, Data, Scene, SceneName};
use softras_core::math::{Interpolation, TextureKind};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::reference::Reference;
use softras_core::scene::{Faces, Picture, Textures};
use softras_core::{Image, ImageGrad};

fn draw<B: Rasterizer<f32>>(
    device: &B,
    faces: &Arc<Faces<f32>>,
    params: &RasterParams<f32>,
    grad: &ImageGrad<f32>,
) -> (Image<f32>, Gradients<f32>, u64) {
    let (mut image, mut saved, mut gradients) = (Image::default(), B::Saved::default(), Gradients::default());
    device.forward_into(faces, params, &mut image, &mut saved).unwrap();
    device.backward_into(&saved, grad, Wanted::default(), &mut gradients).unwrap();
    (image, gradients, device.pairs(&saved).unwrap())
}

/// The difference of two arrays in units of the size of the second.
fn off<D: Dimension>(a: Option<&Array<f32, D>>, b: Option<&Array<f32, D>>) -> f64 {
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.shape(), b.shape());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    let size: f64 = b.iter().map(|&b| square(b)).sum();
    assert!(size > 0.0);
    (difference / size).sqrt()
}

fn scene(name: &str, sigma: f64) -> Scene {
    Scene::build(&SceneName::parse(name, &Data::default()).unwrap(), sigma).unwrap()
}

#[test]
fn draws_the_picture_of_the_reference() {
    // Large faces: the official formulas are badly conditioned for small ones.
    for (name, sigma) in [("80@32", 1e-3), ("2x20@24x16", 1e-2), ("views:2x20@16", 1e-3), ("cover@8", 1e-4)] {
        let scene = scene(name, sigma);
        let params = scene.params.clone().gamma(1e-2).interpolation(Interpolation::Screen);
        let (brute, brute_back, brute_pairs) = draw(&Brute, &scene.faces, &params, &scene.grad);
        let (image, back, pairs) = draw(&Reference, &scene.faces, &params, &scene.grad);
        assert!(off(brute.color.as_ref(), image.color.as_ref()) < 1e-3, "{name}: color");
        assert!(off(brute.silhouette.as_ref(), image.silhouette.as_ref()) < 1e-3, "{name}: silhouette");
        assert!(off(brute_back.textures.as_ref(), back.textures.as_ref()) < 1e-3, "{name}: texels");
        assert!(pairs.abs_diff(brute_pairs) * 1000 <= pairs, "{name}: {pairs} {brute_pairs}");
    }
}

#[test]
fn goes_back_as_the_reference_where_the_official_gradient_is_complete() {
    // With one depth and one color a face, nothing that the official code leaves out has a gradient.
    let mut next = 0_u32;
    let mut number = |low: f32, high: f32| {
        next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        low + (high - low) * (next >> 8) as f32 / (1 << 24) as f32
    };
    let mut corners = Array3::zeros((12, 3, 3));
    let mut texels = Array3::zeros((12, 3, 3));
    for f in 0..12 {
        let (x, y, z) = (number(-0.7, 0.7), number(-0.7, 0.7), number(2.0, 4.0));
        let color = [number(0.0, 1.0), number(0.0, 1.0), number(0.0, 1.0)];
        for k in 0..3 {
            let corner = [x + number(-0.6, 0.6), y + number(-0.6, 0.6), z];
            for i in 0..3 {
                corners[[f, k, i]] = corner[i];
                texels[[f, k, i]] = color[i];
            }
        }
    }
    // A gap between the pictures: rows that belong to none.
    let pictures = [0..6, 8..12].map(|faces| Picture { first_texture: faces.start, faces });
    let faces = Faces::packed(corners, pictures.to_vec()).unwrap();
    let faces = Arc::new(faces.with_textures(Textures::new(TextureKind::Vertex, texels).unwrap()).unwrap());
    let params = RasterParams::new(24, 20).sigma(1e-2).gamma(1e-2).interpolation(Interpolation::Screen);
    let grad = scene("2x20@24x20", 1e-4).grad;
    let (brute, brute_back, pairs) = draw(&Brute, &faces, &params, &grad);
    let (image, back, expected) = draw(&Reference, &faces, &params, &grad);
    assert!(off(brute.color.as_ref(), image.color.as_ref()) < 1e-4);
    assert!(off(brute_back.corners.as_ref(), back.corners.as_ref()) < 1e-3);
    assert!(off(brute_back.textures.as_ref(), back.textures.as_ref()) < 1e-4);
    assert!(pairs.abs_diff(expected) <= 2, "{pairs} {expected}");
}

#[test]
fn refuses_what_the_official_code_has_not() {
    let scene = scene("20@8", 1e-4);
    let mut saved = Default::default();
    let params = scene.params.clone().outputs(softras_core::raster::Outputs::Silhouette);
    let message = Brute.forward_into(&scene.faces, &params, &mut Image::default(), &mut saved).unwrap_err();
    assert!(message.to_string().contains("brute does not support"), "{message}");
    let message = Brute.backward_into(&saved, &scene.grad, Wanted::ALL, &mut Gradients::default());
    assert!(message.unwrap_err().to_string().contains("found an empty one"));
}
