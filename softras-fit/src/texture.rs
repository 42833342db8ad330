//! Colors as a flat slice of numbers that are fitted, and back.

use ndarray::{Array2, Array3, ArrayView2};
use softras_core::scene::{Mesh, MeshTexture};

/// Where there is no color to start from.
const GREY: f32 = 0.5;

/// Returns the texture a fit starts from: the template's where it is of the kind, else grey.
pub(crate) fn start_texture(template: &Mesh, with_color: bool, side: usize) -> MeshTexture {
    match (with_color, side, template.texture()) {
        (false, ..) => MeshTexture::None,
        (true, 0, MeshTexture::Vertex(colors)) if colors.ncols() == 3 => MeshTexture::Vertex(colors.clone()),
        (true, 0, _) => MeshTexture::Vertex(Array2::from_elem((template.vertices().nrows(), 3), GREY)),
        (true, r, MeshTexture::Surface { side, texels }) if r == *side && texels.dim().2 == 3 => {
            MeshTexture::Surface { side: *side, texels: texels.clone() }
        }
        (true, side, _) => {
            let texels = Array3::from_elem((template.triangles().len(), side * side, 3), GREY);
            MeshTexture::Surface { side, texels }
        }
    }
}

/// The numbers of a texture.
pub(crate) fn texture_values(texture: &MeshTexture) -> &[f32] {
    let values = match texture {
        MeshTexture::None => None,
        MeshTexture::Vertex(colors) => colors.as_slice(),
        MeshTexture::Corner(texels) | MeshTexture::Surface { texels, .. } => texels.as_slice(),
    };
    values.unwrap_or(&[])
}

/// Returns a texture of the kind of `like` with other numbers.
pub(crate) fn refill(like: &MeshTexture, values: &[f32]) -> MeshTexture {
    match like {
        MeshTexture::Surface { side, texels } => {
            let (f, n, c) = texels.dim();
            let texels = Array3::from_shape_fn((f, n, c), |(f, t, k)| values[(f * n + t) * c + k]);
            MeshTexture::Surface { side: *side, texels }
        }
        _ => {
            let rows = ArrayView2::from_shape((values.len() / 3, 3), values);
            rows.map_or(MeshTexture::None, |rows| MeshTexture::Vertex(rows.to_owned()))
        }
    }
}
