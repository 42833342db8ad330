//! Baking of whole meshes: what colors each face, by a picture or by itself, becomes its texels.

use ndarray::{Array2, Array3};
use softras_core::math::surface_texel_centre;
use softras_core::scene::{MAX_TEXTURE_SIDE, MeshTexture};

use super::bake::{self, FaceUv};
use super::{MeshOptions, TexelSize};
use crate::error::{Origin, Result};

/// Most bytes of texels a mesh may take.
const MOST_BYTES: u128 = 8 << 30;

/// What colors one face.
pub(super) struct Coat<'a> {
    /// A picture, and where the corners lie in it.
    pub(super) picture: Option<(&'a Array3<f32>, FaceUv)>,
    /// Colors of the corners: interpolated, alone or to be mixed with the picture.
    pub(super) tint: [[f32; 3]; 3],
}

/// Bakes a coat for each face; `mix` makes a texel of the picture's color, if there is one, and the tint.
pub(super) fn surface(
    origin: Origin<'_>,
    options: &MeshOptions,
    coats: &[Coat<'_>],
    mix: impl Fn(Option<[f32; 3]>, [f32; 3]) -> [f32; 3],
) -> Result<MeshTexture<f32>> {
    let faces = coats.len();
    let side = match options.texels {
        TexelSize::Fixed(side) => side,
        TexelSize::Auto => {
            let pictures = coats.iter().filter_map(|coat| coat.picture.as_ref());
            let areas: Vec<_> = pictures.map(|(picture, uv)| bake::area(picture, uv)).collect();
            bake::auto_side(&areas, faces)
        }
    };
    check_side(side, faces).map_err(|e| origin.mesh(e))?;
    let mut texels: Array2<f32> = Array2::zeros((faces, side * side * 3));
    for (coat, mut row) in coats.iter().zip(texels.rows_mut()) {
        let Some(out) = row.as_slice_mut() else { continue };
        if let Some((picture, uv)) = &coat.picture {
            bake::face(picture, uv, side, out);
        }
        for (index, texel) in out.chunks_exact_mut(3).enumerate() {
            let pictured = coat.picture.is_some().then(|| [texel[0], texel[1], texel[2]]);
            texel.copy_from_slice(&mix(pictured, interpolated(&coat.tint, side, index)));
        }
    }
    let texels = texels.into_shape_with_order((faces, side * side, 3)).map_err(|e| {
        origin.mesh(softras_core::Error::layout("texels", e, format!("[{faces}, {side} * {side}, 3]")))
    })?;
    Ok(MeshTexture::Surface { side, texels })
}

/// The color at the centre of texel `index`, between those of the corners; alike corners give their color exactly.
fn interpolated(corners: &[[f32; 3]; 3], side: usize, index: usize) -> [f32; 3] {
    let [a, b, c] = corners.map(|corner| corner.map(f32::to_bits));
    if a == b && b == c {
        return corners[0];
    }
    let [c0, c1] = surface_texel_centre(side, index).map(|c| c as f32);
    [0, 1, 2].map(|k| c0 * corners[0][k] + c1 * corners[1][k] + (1.0 - c0 - c1) * corners[2][k])
}

fn check_side(side: usize, faces: usize) -> softras_core::Result<()> {
    if side == 0 || side > MAX_TEXTURE_SIDE {
        return Err(softras_core::Error::parameter(
            "texels a side",
            side,
            format!("1 to {MAX_TEXTURE_SIDE}"),
        ));
    }
    let needed = (side as u128).pow(2) * faces as u128 * 12;
    if needed > MOST_BYTES {
        let what = format!("{side} x {side} texels for {faces} faces");
        return Err(softras_core::Error::OutOfMemory { what, needed, limit: MOST_BYTES });
    }
    Ok(())
}
