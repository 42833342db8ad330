//! Scenes whose bits are compared.

use std::sync::Arc;

use ndarray::Array3;
use softras_core::Result;
use softras_core::math::TextureKind;
use softras_core::raster::RasterParams;
use softras_core::scene::{Faces, Picture, Textures};

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

/// A picture with lists of bins, and one without.
pub(crate) fn settings() -> Result<Vec<(Arc<Faces>, RasterParams)>> {
    let params = RasterParams::new(200, 150).sigma(1e-4).gamma(1e-2);
    let small = RasterParams::new(64, 48).sigma(1e-3).gamma(1e-2);
    let surface = TextureKind::Surface { side: 3 };
    Ok(vec![(Arc::new(scene(TextureKind::Vertex)?), params), (Arc::new(scene(surface)?), small)])
}
