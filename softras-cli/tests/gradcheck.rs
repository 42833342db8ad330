//! `softras gradcheck`: the real binary on small pictures.

mod program;

use program::{fails, last_line, succeeds};

#[test]
fn a_sound_scene_passes_and_a_sigma_that_is_too_small_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let scene = ["gradcheck", "sample:cube", "--size", "16", "--azimuth", "20", "--distance", "4", "--json"];
    let value = last_line(&succeeds(folder.path(), &[&scene[..], &["--gamma", "0.1"]].concat()));
    assert_eq!((value["faces"].as_u64(), value["moved"].as_u64()), (Some(12), Some(12)), "{value}");
    assert_eq!(value["compared"].as_u64(), Some(72), "{value}");
    assert!(value["worst"].as_f64().unwrap() < 1e-4, "{value}");
    assert!(value["odd"].as_array().unwrap().is_empty() && value["zero"].as_array().unwrap().is_empty());

    let value =
        last_line(&succeeds(folder.path(), &[&scene[..], &["--silhouette", "--sigma", "1e-9"]].concat()));
    assert_eq!(value["moved"].as_u64(), Some(0), "{value}");
    let found = value["zero"].as_array().unwrap();
    let small = found.iter().find(|z| z["cause"] == "sigma_too_small").unwrap();
    // The edges of the two others pass a pixel nearer than that, where nearer faces are opaque.
    assert!(small["faces"].as_array().unwrap().len() >= 8, "{value}");
    let said =
        succeeds(folder.path(), &[&scene[..scene.len() - 1], &["--silhouette", "--sigma", "1e-9"]].concat());
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("sigma too small") && said.contains("raise sigma"), "{said}");
}

#[test]
fn bad_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fails(folder.path(), 1, &["gradcheck", "missing.obj"], "missing.obj");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("empty.obj"), "v 0 0 0\n").unwrap();
    std::fs::write(at("nan.obj"), "v 0 0 0\nv 1 0 0\nv 0 nan 0\nf 1 2 3\n").unwrap();
    fails(folder.path(), 1, &["gradcheck", "empty.obj"], "no face");
    fails(folder.path(), 1, &["gradcheck", "nan.obj"], "line 3");
    fails(folder.path(), 1, &["gradcheck", "sample:teapot"], "teapot");
    for (more, text) in [
        (["--sigma=-1"], "sigma"),
        (["--sigma=nan"], "sigma"),
        (["--gamma=0"], "gamma"),
        (["--near=5000"], "near"),
        (["--distance=nan"], "camera"),
        (["--fov=200"], "field of view"),
        (["--size=0"], "0"),
        (["--size=100000"], "65536"),
    ] {
        fails(folder.path(), 1, &[&["gradcheck", "sample:cube"], &more[..]].concat(), text);
    }
    fails(folder.path(), 2, &["gradcheck", "sample:cube", "--probes=0"], "--probes");
}
