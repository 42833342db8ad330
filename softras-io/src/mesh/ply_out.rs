//! PLY files out: binary, little endian, with 8-bit colors of vertices or of faces.

use std::io::Write;
use std::path::Path;

use ndarray::Axis;
use softras_core::scene::{Mesh, MeshTexture};

use super::obj_out::check_channels;
use crate::error::{Origin, Result};
use crate::picture::to_byte;
use crate::staged::Staged;

/// Writes a mesh as a binary PLY file.
///
/// Colors of vertices are kept; of texels and of colors of corners the mean of each face is. Colors are held to 0..=1 and
/// rounded to 8 bits; one channel is written as grey. The file is written under a temporary name, then renamed.
///
/// # Errors
/// `Unsupported` for a mesh with neither 1 nor 3 channels or with more than 2^31 vertices; `Write` if the file cannot be
/// written: then what stood there before is untouched.
pub fn save_ply(path: impl AsRef<Path>, mesh: &Mesh<f32>) -> Result<()> {
    let path = path.as_ref();
    let origin = Origin(path);
    check_channels(origin, mesh)?;
    if mesh.vertices().nrows() > i32::MAX as usize {
        let found = format!("{} vertices", mesh.vertices().nrows());
        return Err(origin.unsupported(found, "2147483647 vertices or fewer"));
    }
    Staged::write(path, |w| write(w, mesh))?.commit()
}

fn write(w: &mut impl Write, mesh: &Mesh<f32>) -> std::io::Result<()> {
    const COLOR: &str = "property uchar red\nproperty uchar green\nproperty uchar blue\n";
    let (vertex_colors, face_colors) = match mesh.texture() {
        MeshTexture::None => (None, None),
        MeshTexture::Vertex(colors) => (Some(colors.view()), None),
        MeshTexture::Corner(a) | MeshTexture::Surface { texels: a, .. } => (None, a.mean_axis(Axis(1))),
    };
    writeln!(w, "ply\nformat binary_little_endian 1.0\nelement vertex {}", mesh.vertices().nrows())?;
    writeln!(w, "property float x\nproperty float y\nproperty float z")?;
    write!(w, "{}", if vertex_colors.is_some() { COLOR } else { "" })?;
    writeln!(w, "element face {}\nproperty list uchar int vertex_indices", mesh.triangles().len())?;
    write!(w, "{}", if face_colors.is_some() { COLOR } else { "" })?;
    writeln!(w, "end_header")?;
    for (v, position) in mesh.vertices().rows().into_iter().enumerate() {
        for x in position {
            w.write_all(&x.to_le_bytes())?;
        }
        if let Some(colors) = &vertex_colors {
            w.write_all(&bytes(colors.row(v)))?;
        }
    }
    for (f, triangle) in mesh.triangles().iter().enumerate() {
        w.write_all(&[3])?;
        for v in triangle {
            w.write_all(&v.to_le_bytes())?;
        }
        if let Some(colors) = &face_colors {
            w.write_all(&bytes(colors.row(f)))?;
        }
    }
    Ok(())
}

/// Returns a color of one or three channels as three bytes.
fn bytes(color: ndarray::ArrayView1<'_, f32>) -> [u8; 3] {
    [0, 1, 2].map(|k| to_byte(color[k.min(color.len() - 1)]))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};

    use super::*;
    use crate::mesh::load_ply;

    #[test]
    fn colors_come_back_to_eight_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ply");
        let vertices = array![[0.0f32, 0.0, 0.1], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]];
        let plain = Mesh::new(vertices, vec![[0, 1, 2], [1, 1, 2]]).unwrap();
        let vertex = MeshTexture::Vertex(array![[0.2, 0.4, 1.0], [0.0; 3], [1.0, 0.6, 0.8]]);
        let face = MeshTexture::Surface { side: 1, texels: array![[[0.2, 0.4, 1.0]], [[0.0, 0.6, 0.8]]] };
        for texture in [MeshTexture::None, vertex, face] {
            let mesh = plain.clone().with_texture(texture).unwrap();
            save_ply(&path, &mesh).unwrap();
            assert_eq!(load_ply(&path).unwrap(), mesh);
        }
        // The mean of the texels, 0 to 3 fifths: 0.3.
        let texels = Array3::from_shape_fn((2, 4, 1), |(_, t, _)| t as f32 / 5.0);
        save_ply(&path, &plain.with_texture(MeshTexture::Surface { side: 2, texels }).unwrap()).unwrap();
        let MeshTexture::Surface { texels, .. } = load_ply(&path).unwrap().texture().clone() else {
            panic!()
        };
        assert!(texels.iter().all(|x| (x - 0.3).abs() < 0.003), "{texels}");
    }
}
