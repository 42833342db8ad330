//! Random meshes come back from files, and random damage to files never panics.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::path::Path;

use ndarray::{Array2, Array3};
use proptest::prelude::*;
use softras_core::math::Vec3;
use softras_core::scene::{Affine, Camera, Convention, Intrinsics, Mesh, MeshTexture, Skin};
use softras_io::{
    Joint, Masks, MeshOptions, PictureSize, Shot, SkinnedMesh, TexelSize, load_body, load_cameras,
    load_image_set, load_mesh, load_npy_f32, load_npy_u8, load_orbits, load_par, load_photographs, load_png,
    load_skinned, save_cameras, save_glb, save_npy, save_obj, save_off, save_par, save_ply, save_skinned_glb,
    save_stl,
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

/// Two joints, three vertices, and texels: every kind of array that a glTF file may hold.
fn skinned() -> SkinnedMesh {
    let joint = |parent| Joint {
        name: "j".into(),
        parent,
        local: Affine { translation: Vec3::Y, ..Affine::IDENTITY },
        inverse_bind: Affine { translation: -Vec3::Y, ..Affine::IDENTITY },
    };
    let vertices = Array2::from_shape_fn((3, 3), |(v, k)| f32::from(u8::from(v == k)));
    let texels = Array3::from_elem((1, 4, 3), 0.5);
    let mesh = Mesh::new(vertices, vec![[0, 1, 2]]).unwrap();
    SkinnedMesh {
        mesh: mesh.with_texture(MeshTexture::Surface { side: 2, texels }).unwrap(),
        skin: Skin::new(Array2::from_shape_fn((3, 2), |(_, k)| k as u32), Array2::from_elem((3, 2), 0.5), 2)
            .unwrap(),
        joints: vec![joint(None), joint(Some(0))],
        warnings: vec![],
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
        for name in ["a.obj", "a.ply", "a.glb", "a.stl", "a.off"] {
            let path = folder.path().join(name);
            match name {
                "a.obj" => save_obj(&path, &mesh).unwrap(),
                "a.ply" => save_ply(&path, &mesh).unwrap(),
                "a.glb" => save_glb(&path, &mesh).unwrap(),
                "a.stl" => save_stl(&path, &mesh).unwrap(),
                _ => save_off(&path, &mesh).unwrap(),
            }
            damaged(&path, &damage);
            let _ = load_mesh(&path, &MeshOptions::default());
            // The same bytes under every other name.
            for other in ["b.obj", "b.ply", "b.stl", "b.off", "b.glb", "b.gltf"] {
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
    fn glb_stl_and_off_files_give_the_corners_back(mesh in meshes()) {
        let folder = tempfile::tempdir().unwrap();
        let corners = |mesh: &Mesh<f32>| -> Vec<_> {
            mesh.triangles().iter().map(|t| t.map(|v| mesh.vertex(v).to_array())).collect()
        };
        for name in ["a.glb", "a.stl", "a.off"] {
            let path = folder.path().join(name);
            match name {
                "a.glb" => save_glb(&path, &mesh).unwrap(),
                "a.stl" => save_stl(&path, &mesh).unwrap(),
                _ => save_off(&path, &mesh).unwrap(),
            }
            let again = load_mesh(&path, &MeshOptions::default()).unwrap().mesh;
            prop_assert_eq!(corners(&again), corners(&mesh), "{}", name);
            prop_assert!(name == "a.stl" || again.channels() == mesh.channels());
        }
    }

    // What breaks a glTF file is mostly in its JSON: one word of it is replaced.
    #[test]
    fn damaged_scenes_never_panic(
        at in any::<prop::sample::Index>(),
        other in prop_oneof![
            Just("-1".to_owned()), Just("null".to_owned()), Just("[]".to_owned()), Just("1e39".to_owned()),
            any::<u64>().prop_map(|n| n.to_string()), (0..40_u8).prop_map(|n| n.to_string()),
        ],
        damage in damage(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.glb");
        save_skinned_glb(&path, &skinned()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let json = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
        let text = String::from_utf8(bytes[20..20 + json].to_vec()).unwrap();
        let numbers: Vec<(usize, usize)> = {
            let digit = |b: &u8| b.is_ascii_digit() || *b == b'-' || *b == b'.';
            let starts = (1..json).filter(|&i| digit(&text.as_bytes()[i]) && !digit(&text.as_bytes()[i - 1]));
            starts.map(|i| (i, i + text.as_bytes()[i..].iter().take_while(|b| digit(b)).count())).collect()
        };
        let (start, end) = *at.get(&numbers);
        let mut text = format!("{}{other}{}", &text[..start], &text[end..]).into_bytes();
        text.resize(text.len().next_multiple_of(4), b' ');
        let mut changed = bytes[..12].to_vec();
        changed.extend((text.len() as u32).to_le_bytes());
        changed.extend(b"JSON");
        changed.extend(&text);
        changed.extend(&bytes[20 + json..]);
        let length = changed.len() as u32;
        changed[8..12].copy_from_slice(&length.to_le_bytes());
        std::fs::write(&path, &changed).unwrap();
        let _ = load_mesh(&path, &MeshOptions::default());
        if let Ok(mesh) = load_skinned(&path, &MeshOptions::default()) {
            let _ = mesh.posed();
            let _ = mesh.body();
        }
        damaged(&path, &damage);
        let _ = load_mesh(&path, &MeshOptions::default());
        let _ = load_skinned(&path, &MeshOptions::default());
    }

    #[test]
    fn damaged_cameras_never_panic(damage in damage()) {
        let folder = tempfile::tempdir().unwrap();
        let lens = Intrinsics::new([10.0, 12.5], [3.1, 2.2], [8, 6]);
        let camera = Camera::look_at(Vec3::new(0.7, 1.1, 2.3), Vec3::ZERO).pinhole(lens);
        let shot = Shot { name: "a.png".into(), camera, size: [8, 6], image: None, mask: None };
        let (json, par) = (folder.path().join("a.json"), folder.path().join("a.txt"));
        save_cameras(&json, std::slice::from_ref(&shot), Convention::OpenCv).unwrap();
        save_par(&par, &[shot]).unwrap();
        for path in [&json, &par] {
            damaged(path, &damage);
            let _ = load_cameras(path);
            let _ = load_photographs(path, &Masks::AsNamed);
        }
        let _ = load_par(&par, PictureSize::Fixed([8, 6]));
        // A body that is no archive.
        let _ = load_body(&json);
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
        for name in ["a.obj", "a.ply", "a.stl", "a.off", "a.gltf", "a.glb"] {
            let path = folder.path().join(name);
            std::fs::write(&path, &text).unwrap();
            let _ = load_mesh(&path, &MeshOptions::default());
            let _ = load_skinned(&path, &MeshOptions::default());
        }
        for name in ["a.json", "a.toml", "a.npy"] {
            let path = folder.path().join(name);
            std::fs::write(&path, &text).unwrap();
            let _ = load_orbits(&path);
            let _ = load_body(&path);
        }
        for name in ["a.json", "a.txt"] {
            let path = folder.path().join(name);
            std::fs::write(&path, &text).unwrap();
            let _ = load_cameras(&path);
        }
    }
}
