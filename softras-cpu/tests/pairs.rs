//! The number of pairs, as it reaches whoever holds a back end as an object.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::sync::Arc;

use ndarray::Array3;
use softras_core::Image;
use softras_core::raster::{DynRasterizer, DynSaved, Outputs, RasterParams};
use softras_core::reference::Reference;
use softras_core::scene::{Faces, Picture};
use softras_cpu::CpuRasterizer;

/// Two pictures of thirty small faces each.
fn scene() -> Faces<f32> {
    let corners = Array3::from_shape_fn((60, 3, 3), |(f, k, i)| {
        let at = (f * 37 + i * 11) % 23;
        if i == 2 { 3.0 } else { at as f32 / 11.5 - 1.0 + 0.1 * ((k + i) % 3) as f32 }
    });
    let pictures = [0..30, 30..60].map(|faces| Picture { faces, first_texture: 0 });
    Faces::packed(corners, pictures.to_vec()).expect("valid faces")
}

#[test]
fn are_those_of_the_reference_and_none_before_a_picture() {
    let params = RasterParams::new(40, 28).sigma(1e-3).outputs(Outputs::Silhouette);
    let devices: [Box<dyn DynRasterizer>; 2] = [Box::new(CpuRasterizer::new()), Box::new(Reference)];
    let mut counts = Vec::new();
    for device in devices {
        let mut saved = DynSaved::default();
        assert_eq!(device.pairs(&saved), None);
        let mut image = Image::default();
        device.forward_into(&Arc::new(scene()), &params, &mut image, &mut saved).expect("draws");
        counts.push(device.pairs(&saved).expect("counts"));
        let wrong = params.clone().sigma(-1.0);
        device.forward_into(&Arc::new(scene()), &wrong, &mut image, &mut saved).expect_err("no such sigma");
        assert_eq!(device.pairs(&saved), None);
    }
    assert!(counts[0] > 1000, "{counts:?}");
    assert_eq!(counts[0], counts[1]);
}
