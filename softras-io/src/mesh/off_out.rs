//! OFF files out: text, with the colors of vertices or of faces.

use std::io::Write;
use std::path::Path;

use ndarray::{ArrayView1, Axis};
use softras_core::scene::{Mesh, MeshTexture};

use super::obj_out::check_channels;
use crate::error::{Origin, Result};
use crate::picture::to_byte;
use crate::staged::Staged;

/// Writes a mesh as an OFF file, or COFF where vertices have colors.
///
/// Positions come back bit by bit. Colors of vertices are kept in full, held to 0..=1; of texels and of colors of corners
/// the mean of each face is, in 8 bits. One channel is written as grey.
///
/// # Errors
/// `Unsupported` for a mesh with neither 1 nor 3 channels; `Write` if the file cannot be written: then what stood there
/// before is untouched.
pub fn save_off(path: impl AsRef<Path>, mesh: &Mesh<f32>) -> Result<()> {
    let origin = Origin(path.as_ref());
    check_channels(origin, mesh)?;
    let face_colors = match mesh.texture() {
        MeshTexture::None | MeshTexture::Vertex(_) => None,
        MeshTexture::Corner(a) | MeshTexture::Surface { texels: a, .. } => a.mean_axis(Axis(1)),
    };
    Staged::write(origin.0, |w| {
        let word = if matches!(mesh.texture(), MeshTexture::Vertex(_)) { "COFF" } else { "OFF" };
        writeln!(w, "{word}\n{} {} 0", mesh.vertices().nrows(), mesh.triangles().len())?;
        for (v, p) in mesh.vertices().rows().into_iter().enumerate() {
            write!(w, "{} {} {}", p[0], p[1], p[2])?;
            if let MeshTexture::Vertex(colors) = mesh.texture() {
                // With a point: whole numbers would be 0 to 255.
                rgb(colors.row(v)).iter().try_for_each(|x| write!(w, " {:?}", x.clamp(0.0, 1.0)))?;
                write!(w, " 1.0")?;
            }
            writeln!(w)?;
        }
        for (f, [a, b, c]) in mesh.triangles().iter().enumerate() {
            write!(w, "3 {a} {b} {c}")?;
            if let Some(colors) = &face_colors {
                rgb(colors.row(f)).iter().try_for_each(|x| write!(w, " {}", to_byte(*x)))?;
            }
            writeln!(w)?;
        }
        Ok::<(), std::io::Error>(())
    })?
    .commit()
}

fn rgb(color: ArrayView1<'_, f32>) -> [f32; 3] {
    [0, 1, 2].map(|k| color[k.min(color.len() - 1)])
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::mesh::{MeshOptions, load_mesh};

    #[test]
    fn colors_of_vertices_and_faces_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.off");
        let vertices = array![[0.0f32, 0.1, 1e-9], [1.0, 0.0, -3e20], [0.0, 1.0, 0.0]];
        let plain = Mesh::new(vertices, vec![[0, 1, 2], [1, 1, 2]]).unwrap();
        let vertex = MeshTexture::Vertex(array![[0.2, 0.4, 1.0], [0.0; 3], [1.0, 1e-9, 0.8]]);
        let face = MeshTexture::Surface { side: 1, texels: array![[[0.2, 0.4, 1.0]], [[0.0, 0.6, 0.8]]] };
        for texture in [MeshTexture::None, vertex, face] {
            let mesh = plain.clone().with_texture(texture).unwrap();
            save_off(&path, &mesh).unwrap();
            assert_eq!(load_mesh(&path, &MeshOptions::default()).unwrap().mesh, mesh);
        }
    }
}
