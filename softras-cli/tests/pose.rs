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
    // Softness makes the cube look larger, so it goes back a little, and turns with it: 4 degrees at 32 pixels.
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
    succeeds(folder.path(), &words(PICTURE));
    fails(folder.path(), 2, &words("pose sample:cube"), "--image");
    fails(folder.path(), 1, &words("pose sample:cube --image no.png"), "no.png");
    fails(folder.path(), 2, &words("pose sample:cube --image seen.png --starts 0"), "--starts");
    fails(folder.path(), 1, &words("pose no.obj --image seen.png"), "no.obj");
}
