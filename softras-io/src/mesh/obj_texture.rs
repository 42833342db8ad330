//! What colors an OBJ mesh: pictures, else vertex colors, else the colors of its materials.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ndarray::Array3;
use softras_core::scene::MeshTexture;

use super::bake::FaceUv;
use super::draft::{face_texture, rows};
use super::mtl::{self, GREY, Material};
use super::obj::{self, Obj};
use super::surface::{Coat, surface};
use super::{Loaded, MeshOptions};
use crate::error::{Origin, Result};
use crate::picture;

/// Reads an OBJ file with its materials and pictures.
pub(super) fn load(origin: Origin<'_>, options: &MeshOptions) -> Result<Loaded> {
    let bytes = origin.bytes()?;
    let mut obj = obj::parse(origin, &String::from_utf8_lossy(&bytes))?;
    let materials = materials(origin.0, &mut obj);
    let pictures = pictures(&materials, &mut obj.draft.warnings);
    let uvs = face_uvs(&obj);
    let textured: Vec<Option<&Array3<f32>>> = obj
        .triangle_materials
        .iter()
        .zip(&uvs)
        .map(|(m, uv)| {
            let picture = materials.get((*m)?)?.picture.as_ref()?;
            uv.and(pictures.get(picture))
        })
        .collect();
    let without_uv = obj
        .triangle_materials
        .iter()
        .zip(&uvs)
        .filter(|(m, uv)| {
            uv.is_none() && m.and_then(|m| materials.get(m)).is_some_and(|m| m.picture.is_some())
        })
        .count();
    obj.draft.warn(without_uv, "triangles have a picture but no vt: they have one color");

    let texture = if textured.iter().any(Option::is_some) {
        // The picture replaces Kd.
        let coats = coats(&obj, &materials, &uvs, &textured);
        surface(origin, options, &coats, |picture, tint| picture.unwrap_or(tint))?
    } else if !obj.colors.is_empty() {
        MeshTexture::Vertex(rows(&obj.colors))
    } else if obj.triangle_materials.iter().any(Option::is_some) {
        let colors: Vec<_> = obj.triangle_materials.iter().map(|m| color(&materials, *m)).collect();
        face_texture(&colors)
    } else {
        MeshTexture::None
    };
    obj.draft.finish(origin, texture)
}

/// Returns the material of every `usemtl` name; missing ones are grey.
fn materials(path: &Path, obj: &mut Obj) -> Vec<Material> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut known = HashMap::new();
    for library in &obj.libraries {
        let whole = folder.join(library.replace('\\', "/"));
        if whole.exists() || !library.contains(char::is_whitespace) {
            mtl::read(&whole, &mut known, &mut obj.draft.warnings);
        } else {
            // Several names may stand on one line; then none of them holds a blank.
            for name in library.split_whitespace() {
                mtl::read(&folder.join(name), &mut known, &mut obj.draft.warnings);
            }
        }
    }
    let mut found = Vec::with_capacity(obj.materials.len());
    for name in &obj.materials {
        let material = known.get(name).cloned();
        if material.is_none() {
            obj.draft.warnings.push(format!("the material {name:?} is missing: it is grey"));
        }
        found.push(material.unwrap_or_default());
    }
    found
}

/// Reads every picture once; those that cannot be read become warnings.
fn pictures(materials: &[Material], warnings: &mut Vec<String>) -> HashMap<PathBuf, Array3<f32>> {
    let mut read = HashMap::new();
    let mut failed = Vec::new();
    for path in materials.iter().filter_map(|m| m.picture.as_ref()) {
        if read.contains_key(path) || failed.contains(path) {
            continue;
        }
        match picture::load_any(path) {
            Ok(pixels) => {
                read.insert(path.clone(), pixels);
            }
            Err(e) => {
                warnings.push(format!("a texture is left out: {e}"));
                failed.push(path.clone());
            }
        }
    }
    read
}

fn face_uvs(obj: &Obj) -> Vec<Option<FaceUv>> {
    obj.triangle_uvs.iter().map(|uv| uv.map(|t| t.map(|i| obj.uvs[i as usize]))).collect()
}

fn color(materials: &[Material], m: Option<usize>) -> [f32; 3] {
    m.and_then(|m| materials.get(m)).map_or(GREY, |m| m.color)
}

/// What colors each face: a picture, else its vertex colors, else the color of its material.
fn coats<'a>(
    obj: &Obj,
    materials: &[Material],
    uvs: &[Option<FaceUv>],
    textured: &[Option<&'a Array3<f32>>],
) -> Vec<Coat<'a>> {
    let tint = |f: usize| {
        if obj.colors.is_empty() {
            [color(materials, obj.triangle_materials[f]); 3]
        } else {
            obj.draft.triangles[f].map(|v| obj.colors[v as usize])
        }
    };
    let coat = |(f, picture): (usize, &Option<&'a Array3<f32>>)| Coat {
        picture: picture.zip(uvs[f]),
        tint: tint(f),
    };
    textured.iter().enumerate().map(coat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{TexelSize, load_mesh};

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
    const SQUARE: &str = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n";

    #[test]
    fn materials_color_their_own_faces() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a b.mtl", "newmtl red one\nKd 1 0 0\nnewmtl green\nKd 0 1 0\n");
        let text = format!(
            "mtllib a b.mtl\n{SQUARE}usemtl red one\nf 1 2 3\nusemtl green\nf 1 3 4\nusemtl no\nf 1 2 4"
        );
        let loaded = load_mesh(write(folder.path(), "a.obj", &text), &MeshOptions::default()).unwrap();
        let MeshTexture::Surface { side: 1, texels } = loaded.mesh.texture() else { panic!() };
        assert_eq!(texels.as_slice().unwrap(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.8, 0.8, 0.8]);
        assert_eq!(loaded.warnings, ["the material \"no\" is missing: it is grey"]);
    }

    #[test]
    fn pictures_are_baked_with_row_zero_at_the_top() {
        let folder = tempfile::tempdir().unwrap();
        // Red above, blue below.
        let color = Array3::from_shape_fn((3, 8, 8), |(k, y, _)| f32::from((k == 0) == (y < 4) && k != 1));
        picture::save_png(folder.path().join("t.png"), color.view(), None).unwrap();
        write(
            folder.path(),
            "a.mtl",
            "newmtl m\nKd 0 0 0\nmap_Kd -s 1 1 1 t.png\nnewmtl n\nmap_Kd gone.png\nKd 0 1 0",
        );
        let text = format!(
            "mtllib a.mtl\n{SQUARE}usemtl m\nf 4/4 3/3 1/1\nf 1/1 2/2 3/3\nusemtl n\nf 1/1 2/2 3/3\nusemtl m\nf 1 2 3"
        );
        let path = write(folder.path(), "a.obj", &text);
        let options = MeshOptions::default().texels(TexelSize::Fixed(2));
        let loaded = load_mesh(&path, &options).unwrap();
        let MeshTexture::Surface { side: 2, texels } = loaded.mesh.texture() else { panic!() };
        assert!(texels[[0, 1, 0]] > 0.9 && texels[[1, 1, 2]] > 0.9, "{texels}");
        assert_eq!(texels.index_axis(ndarray::Axis(0), 2).row(0).to_vec(), [0.0, 1.0, 0.0]);
        assert!(loaded.warnings.iter().any(|w| w.contains("gone.png")), "{:?}", loaded.warnings);
        assert!(loaded.warnings.iter().any(|w| w.starts_with("1 triangles have a picture but no vt")));
        assert!(matches!(
            load_mesh(&path, &MeshOptions::default()).unwrap().mesh.texture(),
            MeshTexture::Surface { side: 6, .. }
        ));
        for side in [0, 5000] {
            assert!(load_mesh(&path, &MeshOptions::default().texels(TexelSize::Fixed(side))).is_err());
        }
    }

    #[test]
    fn a_missing_material_file_leaves_vertex_colors() {
        let folder = tempfile::tempdir().unwrap();
        let text = "mtllib no.mtl\nusemtl m\nv 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 0 0 1\nf 1 2 3";
        let loaded = load_mesh(write(folder.path(), "a.obj", text), &MeshOptions::default()).unwrap();
        assert!(matches!(loaded.mesh.texture(), MeshTexture::Vertex(_)));
        assert!(loaded.warnings[0].contains("no.mtl"));
    }
}
