//! glTF files come back as they were written, and mistakes in them are errors, never panics or absurd memory.

#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test panics where it fails, its helpers too, and says where bits must agree"
)]

use std::path::Path;

use ndarray::{Array2, Array3, array};
use softras_core::math::{Mat3, Vec3};
use softras_core::scene::{Affine, Body, BodyParts, BodyPose, Mesh, MeshTexture, Skin, axis_angle};
use softras_io::{
    Joint, MeshOptions, SkinnedBody, SkinnedMesh, TexelSize, load_mesh, load_skinned, save_glb,
    save_skinned_glb,
};

fn square() -> Mesh<f32> {
    let vertices = array![[0.0, 0.0, 0.1], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1e-9]];
    Mesh::new(vertices, vec![[0, 1, 2], [0, 2, 3]]).unwrap()
}

fn corners(mesh: &Mesh<f32>) -> Vec<[[f32; 3]; 3]> {
    mesh.triangles().iter().map(|t| t.map(|v| mesh.vertex(v).to_array())).collect()
}

#[test]
fn every_texture_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.glb");
    let vertex = MeshTexture::Vertex(array![[0.1, 0.2, 0.3], [1.0, 0.0, 0.5], [0.0; 3], [1.0; 3]]);
    let corner =
        MeshTexture::Corner(Array3::from_shape_fn((2, 3, 3), |(f, k, c)| (f * 9 + k * 3 + c) as f32 / 17.0));
    for texture in [MeshTexture::None, vertex, corner] {
        let mesh = square().with_texture(texture).unwrap();
        save_glb(&path, &mesh).unwrap();
        let loaded = load_mesh(&path, &MeshOptions::default()).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        let again = loaded.mesh;
        assert_eq!((again.vertices(), again.triangles()), (mesh.vertices(), mesh.triangles()));
        match (again.texture(), mesh.texture()) {
            (MeshTexture::None, MeshTexture::None) => {}
            (MeshTexture::Vertex(a), MeshTexture::Vertex(b)) => {
                assert!((a - b).iter().all(|d| d.abs() < 1e-6), "{a}");
            }
            (MeshTexture::Corner(a), MeshTexture::Corner(b)) => {
                assert!((a - b).iter().all(|d| d.abs() < 1e-6), "{a}");
            }
            (a, b) => panic!("{a:?} of {b:?}"),
        }
    }
    for side in [1, 3, 4] {
        let texels = Array3::from_shape_fn((2, side * side, 3), |(f, t, k)| {
            ((f * 91 + t * 53 + k * 17) % 256) as f32 / 255.0
        });
        let mesh = square().with_texture(MeshTexture::Surface { side, texels: texels.clone() }).unwrap();
        save_glb(&path, &mesh).unwrap();
        let loaded = load_mesh(&path, &MeshOptions::default().texels(TexelSize::Fixed(side))).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        // Six corners in the file are four vertices again.
        assert_eq!((loaded.mesh.vertices().nrows(), corners(&loaded.mesh)), (4, corners(&mesh)));
        let MeshTexture::Surface { texels: again, .. } = loaded.mesh.texture() else { panic!() };
        for (a, b) in again.iter().zip(&texels) {
            assert!((a - b).abs() < 1.0 / 255.0, "side {side}: {a} {b}");
        }
    }
    let five = square().with_texture(MeshTexture::Vertex(Array2::zeros((4, 5)))).unwrap();
    assert!(save_glb(&path, &five).unwrap_err().to_string().contains("5 channels"));
}

/// An upper and a lower arm, two vertices each and two between them that follow both.
fn arm() -> SkinnedBody {
    let joints = Array2::from_shape_fn((6, 2), |(_, k)| k as u32);
    let weights = array![[1.0, 0.0], [1.0, 0.0], [0.5, 0.5], [0.25, 0.75], [0.0, 1.0], [0.0, 1.0]];
    let template = Array2::from_shape_fn((6, 3), |(v, i)| match i {
        0 => (v / 2) as f32,
        1 => (v % 2) as f32,
        _ => 0.25,
    });
    let body = Body::new(BodyParts {
        template,
        directions: Array3::from_shape_fn((6, 3, 1), |(v, i, _)| 0.125 * (v + i) as f32),
        joints: array![[0.0, 0.5, 0.25], [1.0, 0.5, 0.25]],
        joint_directions: Array3::from_elem((2, 3, 1), 0.5),
        parents: vec![None, Some(0)],
        skin: Skin::new(joints, weights, 2).unwrap(),
    })
    .unwrap();
    SkinnedBody {
        body,
        triangles: vec![[0, 2, 1], [1, 2, 3], [2, 4, 3], [3, 4, 5]],
        joint_names: vec!["upper".into(), "lower".into()],
        shape_names: vec!["long".into()],
    }
}

fn near(a: &Array2<f32>, b: &Array2<f32>) {
    assert_eq!(a.shape(), b.shape());
    assert!((a - b).iter().all(|d| d.abs() < 1e-5), "{a} {b}");
}

#[test]
fn a_body_keeps_its_joints_weights_and_pose() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.glb");
    let arm = arm();
    let turns = [Vec3::new(0.2, -0.4, 0.7), Vec3::new(0.0, 0.9, -0.3)];
    let pose = BodyPose::from_turns(vec![0.6], &turns, Vec3::new(2.0, -1.0, 0.5));
    let posed = arm.body.pose(&pose).unwrap();
    let skinned = SkinnedMesh::from_body(&arm, &pose).unwrap();
    near(skinned.posed().unwrap().vertices(), posed.vertices());
    save_skinned_glb(&path, &skinned).unwrap();
    // Any reader shows the pose; ours has the skeleton too.
    near(load_mesh(&path, &MeshOptions::default()).unwrap().mesh.vertices(), posed.vertices());
    let again = load_skinned(&path, &MeshOptions::default()).unwrap();
    near(again.posed().unwrap().vertices(), posed.vertices());
    near(again.mesh.vertices(), skinned.mesh.vertices());
    assert_eq!(
        again.joints.iter().map(|j| (j.name.as_str(), j.parent)).collect::<Vec<_>>(),
        [("upper", None), ("lower", Some(0))]
    );
    // As a body it can be posed again, from where it was bound.
    let body = again.body().unwrap();
    let rest = BodyPose { shape: vec![0.6], ..arm.body.rest() };
    let same = BodyPose { shape: vec![], ..pose.clone() };
    near(body.body.pose(&body.body.rest()).unwrap().vertices(), arm.body.pose(&rest).unwrap().vertices());
    near(body.body.pose(&same).unwrap().vertices(), posed.vertices());
}

#[test]
fn more_than_four_joints_and_joints_in_any_order_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.glb");
    let joint = |k: usize, parent| Joint {
        name: format!("j{k}"),
        parent,
        local: Affine { linear: axis_angle(Vec3::new(0.1 * k as f32, 0.2, 0.0)), translation: Vec3::Y },
        inverse_bind: Affine { linear: Mat3::IDENTITY, translation: Vec3::new(0.0, -(k as f32), 0.0) },
    };
    let weights = Array2::from_shape_fn((4, 6), |(v, k)| ((v + 2 * k) % 7 + 1) as f32);
    let weights = &weights / &weights.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1));
    let skinned = SkinnedMesh {
        mesh: square(),
        skin: Skin::new(Array2::from_shape_fn((4, 6), |(_, k)| k as u32), weights, 6).unwrap(),
        joints: [None, Some(0), Some(1), None, Some(0), Some(4)]
            .into_iter()
            .enumerate()
            .map(|(k, p)| joint(k, p))
            .collect(),
        warnings: vec![],
    };
    save_skinned_glb(&path, &skinned).unwrap();
    let again = load_skinned(&path, &MeshOptions::default()).unwrap();
    near(again.posed().unwrap().vertices(), skinned.posed().unwrap().vertices());
    // Parents come first, whatever the order in the file.
    assert!(again.joints.iter().enumerate().all(|(k, j)| j.parent.is_none_or(|p| p < k)));
    let wrong = SkinnedMesh { joints: skinned.joints[..5].to_vec(), ..skinned.clone() };
    assert!(save_skinned_glb(&path, &wrong).unwrap_err().to_string().contains("6 joints"));
    let text = load_skinned(folder.path().join("b.glb"), &MeshOptions::default()).unwrap_err().to_string();
    assert!(text.contains("b.glb"));
    save_glb(&path, &square()).unwrap();
    assert!(
        load_skinned(&path, &MeshOptions::default()).unwrap_err().to_string().contains("no skinned mesh")
    );
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.glb");
    let skinned = SkinnedMesh::from_body(&arm(), &arm().body.rest().clone()).unwrap();
    save_skinned_glb(&path, &skinned).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for cut in 0..bytes.len() {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let text = load_mesh(&path, &MeshOptions::default()).unwrap_err().to_string();
        assert!(text.contains("a.glb") && text.contains("expected"), "cut at {cut}: {text}");
    }
    // Cut, with the lengths in the headers made to fit: the scene asks for more than there is.
    let json = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    for cut in (20 + json + 8..bytes.len()).step_by(4) {
        let mut short = bytes[..cut].to_vec();
        short[8..12].copy_from_slice(&(cut as u32).to_le_bytes());
        short[20 + json..24 + json].copy_from_slice(&((cut - 28 - json) as u32).to_le_bytes());
        std::fs::write(&path, &short).unwrap();
        let text = load_mesh(&path, &MeshOptions::default()).unwrap_err().to_string();
        assert!(text.contains("buffer 0"), "{text}");
    }
}

/// One triangle, three floats a corner, and three indices of 16 bits, in base64.
const SCENE: &str = r#"{
  "asset": { "version": "2.0" },
  "scene": 0,
  "scenes": [ { "nodes": [0] } ],
  "nodes": [ { "mesh": 0, "children": [1], "translation": [1, 2, 3] }, { "scale": [2, 2, 2] } ],
  "meshes": [ { "primitives": [ { "attributes": { "POSITION": 0 }, "indices": 1 } ] } ],
  "accessors": [
    { "bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3" },
    { "bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR" } ],
  "bufferViews": [
    { "buffer": 0, "byteOffset": 0, "byteLength": 36 },
    { "buffer": 0, "byteOffset": 36, "byteLength": 6 } ],
  "buffers": [ { "byteLength": 42, "uri": "data:application/octet-stream;base64,DATA" } ]
}"#;

fn data() -> String {
    let floats = [0.0_f32, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let mut bytes: Vec<u8> = floats.iter().flat_map(|x| x.to_le_bytes()).collect();
    bytes.extend([0, 0, 1, 0, 2, 0]);
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|c| {
        let n = c.iter().fold(0_u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - c.len()));
        (0..=c.len()).map(move |k| DIGITS[(n >> (18 - 6 * k)) as usize & 63] as char)
    });
    digits.collect()
}

fn read(folder: &Path, text: &str) -> softras_io::Result<softras_io::Loaded> {
    let path = folder.join("a.gltf");
    std::fs::write(&path, text.replace("DATA", &data())).unwrap();
    load_mesh(&path, &MeshOptions::default())
}

#[test]
fn a_scene_by_hand_and_with_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = read(folder.path(), SCENE).unwrap();
    assert_eq!(corners(&loaded.mesh), [[[1.0, 2.0, 3.0], [2.0, 2.0, 3.0], [1.0, 3.0, 3.0]]]);
    // A mirror turns triangles over, so that their outside stays outside.
    let mirrored = SCENE.replace("\"translation\": [1, 2, 3]", "\"scale\": [-1, 1, 1]");
    let loaded = read(folder.path(), &mirrored).unwrap();
    assert_eq!(corners(&loaded.mesh), [[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]]);
    // Strips, fans, and what is skipped.
    for (mode, faces) in [(5, 1), (6, 1)] {
        let text = SCENE.replace("\"indices\": 1", &format!("\"indices\": 1, \"mode\": {mode}"));
        assert_eq!(read(folder.path(), &text).unwrap().mesh.triangles().len(), faces);
    }
    let cases = [
        ("\"version\": \"2.0\"", "\"version\": \"1.0\"", "glTF version"),
        ("\"scene\": 0", "\"extensionsRequired\": [\"KHR_draco\"], \"scene\": 0", "KHR_draco"),
        ("\"scene\": 0", "\"scene\": 7", "scene 7"),
        ("\"nodes\": [0]", "\"nodes\": [9]", "node 9"),
        ("\"nodes\": [0]", "\"nodes\": [4294967295]", "node 4294967295"),
        ("\"children\": [1]", "\"children\": [0]", "node 0"),
        ("\"children\": [1]", "\"children\": [1, 1]", "child of both"),
        ("\"children\": [1]", "\"children\": [5]", "child 5"),
        ("\"scale\": [2, 2, 2]", "\"children\": [0]", "not its own ancestor"),
        ("[1, 2, 3]", "[1, 2, 1e300]", "JSON"),
        ("\"translation\": [1, 2, 3]", "\"rotation\": [0, 0, 0, 0]", "quaternion"),
        ("\"mesh\": 0", "\"mesh\": 3", "mesh 3"),
        ("\"mesh\": 0", "\"mesh\": 0, \"skin\": 3", "skin 3"),
        ("\"POSITION\": 0", "\"POSITION\": 8", "accessor 8"),
        ("\"POSITION\": 0", "\"POSITION\": 1", "Vec3"),
        ("\"POSITION\": 0", "\"NORMAL\": 0", "no vertices"),
        ("\"indices\": 1", "\"indices\": 0", "Scalar"),
        ("\"indices\": 1", "\"indices\": 1, \"material\": 2", "material 2"),
        ("\"indices\": 1", "\"indices\": 1, \"mode\": 0", "no vertices"),
        ("\"indices\": 1", "\"indices\": 1, \"mode\": 9", "mode"),
        ("\"componentType\": 5126", "\"componentType\": 5000", "unknown type"),
        ("\"bufferView\": 0, ", "", "absent"),
        ("\"count\": 3, \"type\": \"VEC3\"", "\"count\": 2, \"type\": \"VEC3\"", "vertex 2"),
        ("\"count\": 3, \"type\": \"VEC3\"", "\"count\": 4, \"type\": \"VEC3\"", "view"),
        ("\"count\": 3, \"type\": \"VEC3\"", "\"count\": 18446744073709551615, \"type\": \"VEC3\"", "view"),
        (
            "\"bufferView\": 0, \"componentType\": 5126, \"count\": 3",
            "\"componentType\": 5126, \"count\": 99999999999",
            "99999999999 zeros",
        ),
        ("\"byteOffset\": 0", "\"byteOffset\": 18446744073709551615", "view 0"),
        ("\"byteOffset\": 0, \"byteLength\": 36", "\"byteOffset\": 8, \"byteLength\": 36", "view 0"),
        ("\"byteLength\": 36", "\"byteLength\": 36, \"byteStride\": 4", "stride"),
        ("\"byteLength\": 42", "\"byteLength\": 43", "buffer 0 of 42 bytes"),
        ("DATA", "!!", "base64"),
        ("\"uri\": \"data:application/octet-stream;base64,DATA\"", "\"uri\": \"gone.bin\"", "gone.bin"),
        (", \"uri\": \"data:application/octet-stream;base64,DATA\"", "", "without bytes"),
    ];
    for (from, to, word) in cases {
        assert!(SCENE.contains(from), "{from}");
        match read(folder.path(), &SCENE.replacen(from, to, 1)) {
            // Positions without bytes are zeros: a triangle without area, as the format says.
            Ok(loaded) if word == "absent" => {
                assert!(loaded.mesh.vertices().iter().all(|x| *x == 0.0 || x.abs() > 0.9))
            }
            Ok(_) => panic!("{to}: read, expected an error with {word:?}"),
            Err(e) => assert!(e.to_string().contains(word), "{to}: {e}"),
        }
    }
    // An index beyond the vertices, in the data.
    let far = SCENE.replace("DATA", &data().replace("AAABAAIA", "AAAJAAIA"));
    assert!(read(folder.path(), &far).unwrap_err().to_string().contains("vertex 9"));
    let nan = data().replacen("AACAPw", "AADAfw", 1);
    assert!(read(folder.path(), &SCENE.replace("DATA", &nan)).unwrap_err().to_string().contains("NaN"));
}

#[test]
fn sparse_arrays_replace_elements() {
    let folder = tempfile::tempdir().unwrap();
    // The indices 0, 1, 2 take the positions as their own values: zeros replaced by all three.
    let sparse = r#""componentType": 5126, "count": 3, "type": "VEC3",
        "sparse": { "count": 3, "indices": { "bufferView": 1, "componentType": 5123 }, "values": { "bufferView": 0 } }"#;
    let written = "\"bufferView\": 0, \"componentType\": 5126, \"count\": 3, \"type\": \"VEC3\"";
    let loaded = read(folder.path(), &SCENE.replace(written, sparse)).unwrap();
    assert_eq!(loaded.mesh.vertex(1).to_array(), [2.0, 2.0, 3.0]);
    let short = sparse.replace("\"count\": 3, \"type\"", "\"count\": 2, \"type\"");
    assert!(read(folder.path(), &SCENE.replace(written, &short)).unwrap_err().to_string().contains("sparse"));
}
