//! Random meshes come back from files, and random damage to files never panics.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::path::Path;

use ndarray::{Array2, Array3};
use proptest::prelude::*;
use softras_core::scene::{Mesh, MeshTexture};
use softras_io::{
    MeshOptions, TexelSize, load_image_set, load_mesh, load_npy_f32, load_npy_u8, load_orbits, load_png,
    save_npy, save_obj, save_ply,
};

/// Meshes of any coordinates, degenerate triangles included, with or without colors that 8 bits hold.
fn meshes() -> impl Strategy<Value = Mesh<f32>> {
    let coordinate =
        prop_oneof![-2.0f32..2.0, prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO];
    (1usize..12, 1usize..20, 0u8..4).prop_flat_map(move |(v, f, kind)| {
        let vertices = prop::collection::vec(coordinate.clone(), v * 3);
        let triangles = prop::collection::vec([0..v as u32, 0..v as u32, 0..v as u32], f);
        let colors = prop::collection::vec(any::<u8>(), 3 * v.max(f * 4));
        (vertices, triangles, colors).prop_map(move |(vertices, triangles, colors)| {
            let unit = |i: usize| f32::from(colors[i]) / 255.0;
            let texture = match kind {
                0 => MeshTexture::None,
                1 => MeshTexture::Vertex(Array2::from_shape_fn((v, 3), |(i, k)| unit(3 * i + k))),
                2 => MeshTexture::Surface {
                    side: 1,
                    texels: Array3::from_shape_fn((f, 1, 3), |(i, _, k)| unit(3 * i + k)),
                },
                _ => MeshTexture::Surface {
                    side: 2,
                    texels: Array3::from_shape_fn((f, 4, 3), |(i, t, k)| unit(12 * i + 3 * t + k)),
                },
            };
            let vertices = Array2::from_shape_vec((v, 3), vertices).unwrap();
            Mesh::new(vertices, triangles).unwrap().with_texture(texture).unwrap()
        })
    })
}

fn texels(mesh: &Mesh<f32>) -> Vec<f32> {
    match mesh.texture() {
        MeshTexture::Vertex(a) => a.iter().copied().collect(),
        MeshTexture::Surface { texels, .. } => texels.iter().copied().collect(),
        _ => Vec::new(),
    }
}

/// Damage to a file: bytes overwritten, then an end cut off.
type Damage = (Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>);

fn damage() -> impl Strategy<Value = Damage> {
    (
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        any::<Option<prop::sample::Index>>(),
    )
}

fn damaged(path: &Path, (hits, cut): &Damage) {
    let mut bytes = std::fs::read(path).unwrap();
    if bytes.is_empty() {
        return;
    }
    for (at, byte) in hits {
        let at = at.index(bytes.len());
        bytes[at] = *byte;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    std::fs::write(path, bytes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn obj_files_give_the_mesh_back(mesh in meshes()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.obj");
        save_obj(&path, &mesh).unwrap();
        let side = if let MeshTexture::Surface { side, .. } = mesh.texture() { *side } else { 1 };
        let again = load_mesh(&path, &MeshOptions::default().texels(TexelSize::Fixed(side))).unwrap().mesh;
        prop_assert_eq!(again.triangles(), mesh.triangles());
        prop_assert_eq!(again.vertices(), mesh.vertices());
        prop_assert_eq!(again.channels(), mesh.channels());
        for (a, b) in texels(&again).iter().zip(texels(&mesh)) {
            // 8 bits, and the rounding of texture coordinates.
            prop_assert!((a - b).abs() < 1e-3, "{} {}", a, b);
        }
    }

    #[test]
    fn ply_files_give_the_mesh_back(mesh in meshes()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ply");
        save_ply(&path, &mesh).unwrap();
        let again = load_mesh(&path, &MeshOptions::default()).unwrap().mesh;
        prop_assert_eq!(again.triangles(), mesh.triangles());
        prop_assert_eq!(again.vertices(), mesh.vertices());
        prop_assert_eq!(again.channels(), mesh.channels());
        if !matches!(mesh.texture(), MeshTexture::Surface { side: 2, .. }) {
            for (a, b) in texels(&again).iter().zip(texels(&mesh)) {
                prop_assert!((a - b).abs() < 1e-6, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn damaged_meshes_never_panic(mesh in meshes(), damage in damage()) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.obj", "a.ply"] {
            let path = folder.path().join(name);
            if name == "a.obj" { save_obj(&path, &mesh).unwrap() } else { save_ply(&path, &mesh).unwrap() }
            damaged(&path, &damage);
            let _ = load_mesh(&path, &MeshOptions::default());
            // The same bytes under every other name.
            for other in ["b.obj", "b.ply", "b.stl", "b.off"] {
                let other = folder.path().join(other);
                std::fs::copy(&path, &other).unwrap();
                let _ = load_mesh(&other, &MeshOptions::default());
            }
        }
        damaged(&folder.path().join("a.obj"), &damage);
        for name in ["a.mtl", "a.png"] {
            let path = folder.path().join(name);
            if path.exists() {
                damaged(&path, &damage);
                let _ = load_png(&path);
            }
        }
        let _ = load_mesh(folder.path().join("a.obj"), &MeshOptions::default());
    }

    #[test]
    fn damaged_arrays_never_panic(damage in damage(), shape in prop::collection::vec(0usize..5, 0..5)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        save_npy(&path, ndarray::ArrayD::<f32>::from_elem(shape, 1.5).view()).unwrap();
        damaged(&path, &damage);
        let _ = load_npy_f32(&path);
        let _ = load_npy_u8(&path);
        let _ = load_image_set(&path);
        let _ = load_orbits(&path);
    }

    #[test]
    fn any_text_never_panics(text in "(?s)([vf ]|vt |\n|-?[0-9]{1,3}|[./#\\\\]|usemtl a|OFF|ply\n|element |face |[a-z]|.){0,60}") {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.obj", "a.ply", "a.stl", "a.off"] {
            let path = folder.path().join(name);
            std::fs::write(&path, &text).unwrap();
            let _ = load_mesh(&path, &MeshOptions::default());
        }
        for name in ["a.json", "a.toml", "a.npy"] {
            let path = folder.path().join(name);
            std::fs::write(&path, &text).unwrap();
            let _ = load_orbits(&path);
        }
    }
}
