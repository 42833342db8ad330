//! Meshes in and out: OBJ, PLY, GLB, STL and OFF both ways, glTF in.

mod atlas;
mod bake;
mod draft;
mod geometry;
mod gltf;
mod mtl;
mod obj;
mod obj_out;
mod obj_texture;
mod off;
mod off_out;
mod ply;
mod ply_body;
mod ply_header;
mod ply_out;
mod stl;
mod stl_out;
mod surface;
pub(crate) mod texels;

use std::path::Path;

use softras_core::scene::Mesh;

use crate::error::{Origin, Result};

pub use geometry::{normalize, subdivide};
pub use gltf::{Joint, SkinnedMesh, load_skinned, save_glb, save_skinned_glb};
pub use obj_out::save_obj;
pub use off_out::save_off;
pub use ply_out::save_ply;
pub use stl_out::save_stl;

/// How many texels a face gets when a picture is baked onto the faces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TexelSize {
    /// About as many as the picture has pixels under a face on average, 1 to 16 a side.
    #[default]
    Auto,
    /// This many a side.
    Fixed(usize),
}

/// What to make of a mesh file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeshOptions {
    /// The number of texels for faces that a picture colors.
    pub texels: TexelSize,
}

impl MeshOptions {
    /// Sets the number of texels for faces that a picture colors.
    #[must_use]
    pub fn texels(mut self, texels: TexelSize) -> Self {
        self.texels = texels;
        self
    }
}

/// A mesh from a file, and what the reader could not take over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Loaded {
    /// The mesh.
    pub mesh: Mesh<f32>,
    /// What was left out or changed, one sentence each, for people to read.
    pub warnings: Vec<String>,
}

/// The formats [`load_mesh`] reads, as text for messages.
const READABLE: &str = ".obj, .ply, .stl, .off, .gltf, .glb";

/// Reads a mesh in the format that the name's ending tells: `.obj`, `.ply`, `.stl`, `.off`, `.gltf` or `.glb`,
/// in any case.
///
/// Polygons are cut into triangles as fans from their first corner. Degenerate triangles stay. Colors are taken
/// over as they are, without gamma. What colors the mesh:
///
/// | file | texture |
/// |---|---|
/// | OBJ with a picture (`map_Kd`, PNG or JPEG) | `Surface(R)`, R from `options.texels`; the picture replaces `Kd` |
/// | OBJ with `v x y z r g b` | `Vertex` |
/// | OBJ with materials | `Surface(1)` of `Kd`; 0.8 grey where the material is missing |
/// | PLY with colors at vertices, else at faces | `Vertex`, else `Surface(1)` |
/// | OFF with colors at faces (or vertices: `COFF`) | `Surface(1)` (`Vertex`) |
/// | glTF with pictures (base color, times factor and colors of vertices) | `Surface(R)` |
/// | glTF with colors of vertices (which differ at one place) | `Vertex` (`Corner`) |
/// | glTF with materials | `Surface(1)` |
/// | else | `None` |
///
/// Of STL and glTF files, vertices at the same place become one. A glTF scene is one mesh, as its nodes and joints stand;
/// its factors and colors of vertices, which are light, become what a screen shows (sRGB), as its pictures are.
///
/// # Errors
/// `Read` if the file cannot be read; `Unsupported` for another ending or variant; `Syntax` with line or byte for
/// malformed content, indices out of range and numbers that are not finite; `Content` for a file without
/// vertices or faces. A missing material or picture is a warning.
pub fn load_mesh(path: impl AsRef<Path>, options: &MeshOptions) -> Result<Loaded> {
    let path = path.as_ref();
    let origin = Origin(path);
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "obj" => obj_texture::load(origin, options),
        "ply" => ply::load(origin),
        "stl" => stl::load(origin),
        "off" => off::load(origin),
        "gltf" | "glb" => gltf::load(origin, options),
        "" => Err(origin.unsupported("a mesh file without an ending", READABLE)),
        other => Err(origin.unsupported(format!(".{other} for a mesh"), READABLE)),
    }
}

/// The formats [`save_mesh`] writes, as text for messages.
const WRITABLE: &str = ".obj, .ply, .stl, .off, .glb";

/// Writes a mesh in the format that the name's ending tells: `.obj`, `.ply`, `.stl`, `.off` or `.glb`, in any case.
///
/// What becomes of its colors: [`save_obj`] and [`save_glb`] keep colors of vertices and texels, [`save_ply`] and
/// [`save_off`] the mean of a face's texels, [`save_stl`] none.
///
/// # Errors
/// `Unsupported` for another ending, before anything is written; else as the function for the format.
pub fn save_mesh(path: impl AsRef<Path>, mesh: &Mesh<f32>) -> Result<()> {
    writer(path.as_ref())?(path.as_ref(), mesh)
}

/// Checks that [`save_mesh`] knows the name's ending, before hours are spent on what is to be written.
///
/// # Errors
/// `Unsupported` for another ending.
pub fn check_mesh_name(path: impl AsRef<Path>) -> Result<()> {
    writer(path.as_ref()).map(drop)
}

/// What writes a mesh to a file.
type Writer = fn(&Path, &Mesh<f32>) -> Result<()>;

fn writer(path: &Path) -> Result<Writer> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "obj" => Ok(|path, mesh| save_obj(path, mesh)),
        "ply" => Ok(|path, mesh| save_ply(path, mesh)),
        "stl" => Ok(|path, mesh| save_stl(path, mesh)),
        "off" => Ok(|path, mesh| save_off(path, mesh)),
        "glb" => Ok(|path, mesh| save_glb(path, mesh)),
        "" => Err(Origin(path).unsupported("a mesh file without an ending", WRITABLE)),
        other => Err(Origin(path).unsupported(format!(".{other} for a mesh"), WRITABLE)),
    }
}

/// Reads an OBJ file, whatever its name ends in, with the default options; warnings are dropped.
///
/// # Errors
/// As for [`load_mesh`].
pub fn load_obj(path: impl AsRef<Path>) -> Result<Mesh<f32>> {
    Ok(obj_texture::load(Origin(path.as_ref()), &MeshOptions::default())?.mesh)
}

/// Reads a PLY file, whatever its name ends in; warnings are dropped.
///
/// # Errors
/// As for [`load_mesh`].
pub fn load_ply(path: impl AsRef<Path>) -> Result<Mesh<f32>> {
    Ok(ply::load(Origin(path.as_ref()))?.mesh)
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;
    use softras_core::scene::MeshTexture;

    use super::*;
    use crate::icosphere;

    #[test]
    fn a_mesh_with_texels_is_written_in_every_format_with_the_colors_that_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let sphere = icosphere(1).unwrap();
        let texels = Array3::from_shape_fn((80, 4, 3), |(f, t, k)| ((f * 7 + t * 3 + k) % 16) as f32 / 15.0);
        let mesh = sphere.with_texture(MeshTexture::Surface { side: 2, texels: texels.clone() }).unwrap();
        for ending in ["obj", "GLB", "ply", "off", "stl"] {
            let path = folder.path().join(format!("ball.{ending}"));
            save_mesh(&path, &mesh).unwrap();
            let options = MeshOptions::default().texels(TexelSize::Fixed(2));
            let again = load_mesh(&path, &options).unwrap().mesh;
            assert_eq!(again.triangles().len(), 80, "{ending}");
            let expected = match ending {
                "obj" | "GLB" => texels.clone(),
                "ply" | "off" => texels.mean_axis(ndarray::Axis(1)).unwrap().insert_axis(ndarray::Axis(1)),
                _ => {
                    assert_eq!(again.texture(), &MeshTexture::None);
                    continue;
                }
            };
            let MeshTexture::Surface { texels: found, .. } = again.texture() else { panic!("{ending}") };
            let apart = (found - &expected).mapv(f32::abs).into_iter().fold(0.0, f32::max);
            assert!(apart < 1.0 / 255.0, "{ending}: {apart}");
        }
        assert!(check_mesh_name("ball.Ply").is_ok() && check_mesh_name("ball.fbx").is_err());
        let e = save_mesh(folder.path().join("ball.fbx"), &mesh).unwrap_err().to_string();
        assert!(e.contains(".fbx") && e.contains(".glb"), "{e}");
        assert!(save_mesh(folder.path().join("ball"), &mesh).is_err());
        assert!(!folder.path().join("ball.fbx").exists());
    }
}
