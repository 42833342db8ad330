//! `softras pose`: the real binary, a small picture, few steps.

mod program;

use program::{fails, last_line, succeeds};

/// A picture of the chair from the front left, as the camera of `softras pose` could see it.
const PICTURE: &str = "render sample:chair -o seen.png --size 24 --distance 4 --elevation 20 --azimuth 150 \
                       --background transparent --no-light --no-normalize";

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn a_pose_is_found_and_written() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &words(PICTURE));
    let args = words("pose sample:chair --image seen.png --starts 4 --steps 60 -o out --json");
    let value = last_line(&succeeds(folder.path(), &args));
    let losses: Vec<f64> =
        value["losses"].as_array().unwrap().iter().map(|l| l.as_f64().unwrap()).collect();
    let loss = value["loss"].as_f64().unwrap();
    assert_eq!(losses.len(), 4);
    assert!(losses.iter().all(|l| *l >= loss), "{value}");
    let short = words("pose sample:chair --image seen.png --starts 4 --steps 1 -o short --json");
    let before = last_line(&succeeds(folder.path(), &short))["loss"].as_f64().unwrap();
    assert!(loss < 0.5 * before, "{loss} {before}");
    for row in value["rotation"].as_array().unwrap() {
        let square: f64 = row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
        assert!((square - 1.0).abs() < 1e-9, "{value}");
    }
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
    fails(folder.path(), 2, &words("pose sample:chair"), "--image");
    fails(folder.path(), 1, &words("pose sample:chair --image no.png"), "no.png");
    fails(folder.path(), 2, &words("pose sample:chair --image seen.png --starts 0"), "--starts");
    fails(folder.path(), 1, &words("pose no.obj --image seen.png"), "no.obj");
}
