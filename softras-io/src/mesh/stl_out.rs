//! STL files out: binary, the triangles alone.

use std::io::Write;
use std::path::Path;

use ndarray::Array2;
use softras_core::scene::{Mesh, face_normals};

use crate::error::{Origin, Result};
use crate::staged::Staged;

/// Writes a mesh as a binary STL file: triangles with their normals. Colors, and vertices of no triangle, are not kept.
///
/// # Errors
/// `Unsupported` for more than 2^32 - 1 triangles; `Write` if the file cannot be written: then what stood there before is
/// untouched.
pub fn save_stl(path: impl AsRef<Path>, mesh: &Mesh<f32>) -> Result<()> {
    let origin = Origin(path.as_ref());
    let count = mesh.triangles().len();
    let declared = u32::try_from(count)
        .map_err(|_| origin.unsupported(format!("{count} triangles"), "4294967295 or fewer"))?;
    let normals: Array2<f32> = face_normals(mesh);
    Staged::write(origin.0, |w| {
        // Not "solid", which is how a text begins.
        let mut head = [b' '; 80];
        head[..20].copy_from_slice(b"binary STL (softras)");
        w.write_all(&head)?;
        w.write_all(&declared.to_le_bytes())?;
        for (triangle, normal) in mesh.triangles().iter().zip(normals.rows()) {
            let corners = triangle.map(|v| mesh.vertex(v).to_array());
            for x in normal.iter().chain(corners.as_flattened()) {
                w.write_all(&x.to_le_bytes())?;
            }
            w.write_all(&[0, 0])?;
        }
        Ok::<(), std::io::Error>(())
    })?
    .commit()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::mesh::{MeshOptions, load_mesh};

    #[test]
    fn triangles_come_back_bit_by_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.stl");
        let vertices = array![[0.0f32, 0.1, 1e-9], [1.0, 0.0, -3e20], [0.0, 1.0, 0.0], [0.3, 0.3, 1.0]];
        let mesh = Mesh::new(vertices, vec![[0, 1, 2], [0, 2, 3], [2, 2, 1]]).unwrap();
        save_stl(&path, &mesh).unwrap();
        let again = load_mesh(&path, &MeshOptions::default()).unwrap().mesh;
        assert_eq!((again.vertices(), again.triangles()), (mesh.vertices(), mesh.triangles()));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 84 + 3 * 50);
    }
}
