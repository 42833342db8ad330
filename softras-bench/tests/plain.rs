//! Plain scalar code draws what the reference draws, and goes back as it does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use softras_bench::{Data, Plain, Scene, SceneName};
use softras_core::Image;
use softras_core::raster::{Gradients, Rasterizer, Wanted};
use softras_core::reference::Reference;

fn draw<B: Rasterizer<f32>>(device: &B, scene: &Scene) -> (Image<f32>, Gradients<f32>, u64) {
    let (mut image, mut saved, mut gradients) = (Image::default(), B::Saved::default(), Gradients::default());
    device.forward_into(&scene.faces, &scene.params, &mut image, &mut saved).unwrap();
    device.backward_into(&saved, &scene.grad, Wanted::default(), &mut gradients).unwrap();
    (image, gradients, device.pairs(&saved).unwrap())
}

#[test]
fn draws_and_goes_back_as_the_reference_does() {
    for (name, sigma) in [("80@32", 1e-3), ("2x20@24x16", 1e-2), ("views:2x20@16", 1e-4), ("cover@8", 1e-4)] {
        let scene = Scene::build(&SceneName::parse(name, &Data::default()).unwrap(), sigma).unwrap();
        let (own, own_back, own_pairs) = draw(&Plain, &scene);
        let (image, back, pairs) = draw(&Reference, &scene);
        // The same formulas in the same order: the same bits, but for texels that pictures share.
        assert_eq!(own_pairs, pairs, "{name}");
        assert_eq!(own.color, image.color, "{name}: color");
        assert_eq!(own.silhouette, image.silhouette, "{name}: silhouette");
        assert_eq!(own_back.corners, back.corners, "{name}: corners");
        let (own, reference) = (own_back.textures.unwrap(), back.textures.unwrap());
        let most = reference.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(
            most > 0.0 && own.iter().zip(&reference).all(|(a, b)| (a - b).abs() <= 1e-5 * most),
            "{name}"
        );
    }
}
