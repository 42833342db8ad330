//! `softras body`: the real binary, a small body that bends, a small picture, few steps.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod program;

use std::path::Path;

use ndarray::Array2;
use program::{fails, last_line, succeeds};
use softras_core::math::{Mat3, Vec3};
use softras_core::scene::{Affine, Mesh, MeshTexture, Skin, axis_angle};
use softras_fit::body::part_colors;
use softras_io::{Joint, SkinnedMesh, icosphere, save_obj, save_skinned_glb};

/// How the body is bent in the picture.
const BEND: [f32; 3] = [0.0, 0.0, 0.7];

/// An egg, 1 high, with a joint at its foot and one in its middle.
fn egg() -> SkinnedMesh {
    let ball = icosphere(2).unwrap();
    let rows = ball.vertices().map(|x| *x);
    let thin = Array2::from_shape_fn(rows.raw_dim(), |(v, k)| {
        rows[[v, k]] * [0.15, 0.5, 0.1][k] / rows.row(v).dot(&rows.row(v)).sqrt()
    });
    let upper = |v: usize| (0.5 + 5.0 * thin[[v, 1]]).clamp(0.0, 1.0);
    let count = thin.nrows();
    let weights = Array2::from_shape_fn((count, 2), |(v, k)| if k == 1 { upper(v) } else { 1.0 - upper(v) });
    let joints = Array2::from_shape_fn((count, 2), |(_, k)| k as u32);
    let joint = |name: &str, parent, local: f32, place: f32| Joint {
        name: name.to_owned(),
        parent,
        local: Affine { linear: Mat3::IDENTITY, translation: Vec3::new(0.0, local, 0.0) },
        inverse_bind: Affine { linear: Mat3::IDENTITY, translation: Vec3::new(0.0, -place, 0.0) },
    };
    SkinnedMesh {
        mesh: Mesh::new(thin, ball.triangles().to_vec()).unwrap(),
        skin: Skin::new(joints, weights, 2).unwrap(),
        joints: vec![joint("foot", None, -0.5, -0.5), joint("middle", Some(0), 0.5, 0.0)],
        warnings: Vec::new(),
    }
}

/// Leaves the egg as `egg.glb`, and a picture of it bent and in the colors of its parts as `seen.png`.
fn prepare(folder: &Path) {
    let mut egg = egg();
    save_skinned_glb(folder.join("egg.glb"), &egg).unwrap();
    egg.joints[1].local.linear = axis_angle(Vec3::from(BEND));
    let colors = part_colors(&egg.body().unwrap());
    let bent = egg.posed().unwrap().with_texture(MeshTexture::Vertex(colors)).unwrap();
    save_obj(folder.join("bent.obj"), &bent).unwrap();
    let args = "render bent.obj -o seen.png --size 48 --distance 2 --elevation 0 --azimuth 180 --fov 34 \
                --background transparent --no-light --no-normalize";
    succeeds(folder, &words(args));
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn a_bent_body_is_found_and_written() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let args = words("body egg.glb --image seen.png --parts --fixed-place --steps 100 -o out --json");
    let value = last_line(&succeeds(folder.path(), &args));
    let turn = &value["pose"]["turns"]["middle"];
    let off: f64 =
        (0..3).map(|k| (turn[k].as_f64().unwrap() - f64::from(BEND[k])).powi(2)).sum::<f64>().sqrt();
    assert!(off < 0.15, "{value}");
    let out = folder.path().join("out");
    for file in ["body.obj", "body.glb", "body.png", "body.json", "pose.json"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    // What was found is a start: the loss goes on from there.
    let again = words(
        "body egg.glb --image seen.png --parts --fixed-place --steps 1 --start out/pose.json -o again --json",
    );
    let again = last_line(&succeeds(folder.path(), &again));
    let from_rest = value["losses"][0].as_f64().unwrap();
    assert!(again["losses"][0].as_f64().unwrap() < 0.5 * from_rest, "{again} {from_rest}");
    // The file of the body stands as it was found, and is a body again.
    let other = words("body out/body.glb --image seen.png --steps 1 -o other --json");
    succeeds(folder.path(), &other);
    let one = [&args[..], &["--threads", "1"]].concat();
    assert_eq!(last_line(&succeeds(folder.path(), &one))["losses"], value["losses"]);
}

#[test]
fn parts_are_printed_with_their_colors() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let output = succeeds(folder.path(), &words("body egg.glb --print-parts"));
    let parts: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(parts["foot"].as_array().unwrap().len(), 3);
    assert_ne!(parts["foot"], parts["middle"]);
}

#[test]
fn bad_input_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    std::fs::write(folder.path().join("bad.json"), r#"{"turns": {"tail": [0, 0, 1]}}"#).unwrap();
    std::fs::write(folder.path().join("long.json"), r#"{"shape": [1, 2]}"#).unwrap();
    std::fs::write(folder.path().join("other.json"), r#"{"angles": 1}"#).unwrap();
    for (code, args, word) in [
        (2, "body egg.glb", "--image"),
        (2, "body egg.glb --image seen.png --steps 0", "--steps"),
        (1, "body no.npz --image seen.png", "no.npz"),
        (1, "body egg.txt --image seen.png", ".npz"),
        (1, "body bent.obj --image seen.png", ".glb"),
        (1, "body egg.glb --image no.png", "no.png"),
        (1, "body egg.glb --image seen.png seen.png", "2 pictures and 1 cameras"),
        (1, "body egg.glb --image seen.png --joints tail", "foot, middle"),
        (1, "body egg.glb --image seen.png --start no.json", "no.json"),
        (1, "body egg.glb --image seen.png --start bad.json", "foot, middle"),
        (1, "body egg.glb --image seen.png --start long.json", "2 coefficients"),
        (1, "body egg.glb --image seen.png --start other.json", "angles"),
        (1, "body egg.glb --image seen.png --distance 0", "camera"),
    ] {
        fails(folder.path(), code, &words(args), word);
    }
}
