//! Faces built by hand, in any scalar type.

use ndarray::{Array3, Axis};
use softras_core::Result;
use softras_core::math::{Scalar, TextureKind};
use softras_core::scene::{Faces, Picture, Textures};

/// One face without color, or white; moved so that `at` lies on the centre of a picture of one pixel.
pub(super) fn lone<R: Scalar>(face: &[[f64; 3]; 3], at: [f64; 2], channels: usize) -> Result<Faces<R>> {
    let at = [at[0], at[1], 0.0];
    let faces = Faces::new(Array3::from_shape_fn((1, 3, 3), |(_, k, i)| R::from_f64(face[k][i] - at[i])))?;
    if channels == 0 { Ok(faces) } else { faces.with_textures(white(1, TextureKind::Vertex, channels)?) }
}

/// White texels.
pub(super) fn white<R: Scalar>(rows: usize, kind: TextureKind, channels: usize) -> Result<Textures<R>> {
    Textures::new(kind, Array3::from_elem((rows, kind.texels(), channels), R::ONE))
}

/// The faces of one picture in another order, each with its own texture row.
pub(super) fn reordered<R: Scalar>(faces: &Faces<R>, order: &[usize]) -> Result<Faces<R>> {
    let out = Faces::new(faces.corners().select(Axis(0), order))?.with_front(faces.front());
    match faces.textures() {
        Some(t) => out.with_textures(Textures::new(t.kind(), t.texels().select(Axis(0), order))?),
        None => Ok(out),
    }
}

/// The same faces with their corners, and vertex texels, moved one on.
pub(super) fn rotated<R: Scalar>(faces: &Faces<R>, by: usize) -> Result<Faces<R>> {
    let order: Vec<usize> = (0..3).map(|k| (k + by) % 3).collect();
    let out = Faces::packed(faces.corners().select(Axis(1), &order), faces.pictures().to_vec())?;
    let out = out.with_front(faces.front());
    match faces.textures() {
        Some(t) => out.with_textures(Textures::new(t.kind(), t.texels().select(Axis(1), &order))?),
        None => Ok(out),
    }
}

/// The same faces with every corner changed.
pub(super) fn mapped<R: Scalar>(faces: &Faces<R>, map: impl Fn([R; 3]) -> [R; 3]) -> Result<Faces<R>> {
    let mut corners = faces.corners().clone();
    for mut corner in corners.rows_mut() {
        let new = map([corner[0], corner[1], corner[2]]);
        for (place, value) in corner.iter_mut().zip(new) {
            *place = value;
        }
    }
    let mut out = faces.clone();
    out.replace_corners(corners)?;
    Ok(out)
}

/// The same faces with other texels.
pub(super) fn textured<R: Scalar>(
    faces: &Faces<R>,
    texels: Array3<R>,
    kind: TextureKind,
) -> Result<Faces<R>> {
    faces.clone().with_textures(Textures::new(kind, texels)?)
}

/// One picture of faces, without color.
pub(super) fn picture<R: Scalar>(corners: &[[[f64; 3]; 3]]) -> Result<Faces<R>> {
    Faces::packed(
        Array3::from_shape_fn((corners.len(), 3, 3), |(f, k, i)| R::from_f64(corners[f][k][i])),
        vec![Picture { faces: 0..corners.len(), first_texture: 0 }],
    )
}
