//! `softras pose`: the real binary, a small picture, few steps.

mod program;

use program::{fails, last_line, succeeds};

/// A picture of the cube from the camera of `softras pose`, if that went around it.
const PICTURE: &str = "render sample:cube -o seen.png --size 32 --distance 4 --elevation 20 --azimuth 150 \
                       --background transparent --no-light --no-normalize";

/// How that camera sees the cube turned: the rows are the camera's right, up and back.
const TRUTH: [[f64; 3]; 3] = [[0.8660, 0.0, -0.5], [-0.1710, 0.9397, -0.2962], [0.4698, 0.3420, 0.8138]];

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn a_pose_is_found_and_written() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &words(PICTURE));
    let args = words("pose sample:cube --image seen.png --starts 4 --steps 300 -o out --json");
    let value = last_line(&succeeds(folder.path(), &args));
    let losses: Vec<f64> = value["losses"].as_array().unwrap().iter().map(|l| l.as_f64().unwrap()).collect();
    let loss = value["loss"].as_f64().unwrap();
    assert_eq!(losses.len(), 4);
    assert!(losses.iter().all(|l| *l >= loss), "{value}");
    let short = words("pose sample:cube --image seen.png --starts 4 --steps 1 -o short --json");
    let before = last_line(&succeeds(folder.path(), &short))["loss"].as_f64().unwrap();
    assert!(loss < 0.5 * before, "{loss} {before}");
    let rotation: [[f64; 3]; 3] = serde_json::from_value(value["rotation"].clone()).unwrap();
    let same: f64 = rotation.iter().flatten().zip(TRUTH.iter().flatten()).map(|(a, b)| a * b).sum();
    let degrees = ((same - 1.0) / 2.0).clamp(-1.0, 1.0).acos().to_degrees();
    // At 32 pixels, with the place free, it was 4 degrees with the settings before these.
    assert!(degrees < 6.0, "{degrees}: {value}");
    let out = folder.path().join("out");
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("pose.json")).unwrap()).unwrap();
    assert_eq!(written["rotation"], value["rotation"]);
    assert!(out.join("pose.png").exists());
    let again = last_line(&succeeds(folder.path(), &[&args[..], &["--threads", "1"]].concat()));
    assert_eq!(again["losses"], value["losses"]);
}

#[test]
fn bad_input_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    succeeds(folder.path(), &words(PICTURE));
    succeeds(folder.path(), &words("render sample:cube -o wide.png --size 48x32"));
    let whole = std::fs::read(at("seen.png")).unwrap();
    std::fs::write(at("cut.png"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(at("text.png"), "not a picture").unwrap();
    std::fs::write(at("empty.obj"), "v 0 0 0\n").unwrap();
    std::fs::write(at("nan.obj"), "v 0 0 0\nv 1 0 0\nv 0 nan 0\nf 1 2 3\n").unwrap();
    std::fs::write(at("orbits.json"), "[[2.7, 0, 0]]").unwrap();
    std::fs::write(at("bad.json"), "{ \"cameras\": ").unwrap();
    std::fs::write(at("file"), "not a folder").unwrap();
    for (code, args, text) in [
        (2, "sample:cube", "--image"),
        (1, "sample:cube --image no.png", "no.png"),
        (1, "sample:cube --image cut.png", "cut.png"),
        (1, "sample:cube --image text.png", "text.png"),
        (1, "sample:cube --image seen.png wide.png", "found another size"),
        (2, "sample:cube --image seen.png --starts 0", "--starts"),
        (2, "sample:cube --image seen.png --steps 0", "--steps"),
        (2, "sample:cube --image seen.png --free-focal --fixed-place", "--fixed-place"),
        (2, "sample:cube --image seen.png --free-lens --fixed-place", "--fixed-place"),
        (1, "no.obj --image seen.png", "no.obj"),
        (1, "empty.obj --image seen.png", "no face"),
        (1, "nan.obj --image seen.png", "line 3"),
        (1, "sample:teapot --image seen.png", "teapot"),
        (1, "sample:cube --image seen.png --camera no.json", "no.json"),
        (1, "sample:cube --image seen.png --camera bad.json", "bad.json"),
        (1, "sample:cube --image seen.png --camera orbits.json", "expected a camera file of softras"),
        (1, "sample:cube --image seen.png --distance nan", "camera"),
        (1, "sample:cube --image seen.png --distance 0", "camera"),
        (1, "sample:cube --image seen.png --fov 0", "field of view"),
        (1, "sample:cube --image seen.png --steps 1 -o file/out", "cannot write file/out"),
    ] {
        fails(folder.path(), code, &[&["pose"], &words(args)[..]].concat(), text);
    }
}
