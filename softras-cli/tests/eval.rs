//! `softras eval`: the real binary on a few shapes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod program;

use std::path::Path;

use program::{fails, last_line, stderr, succeeds};
use softras_io::{save_ply, shapes::Sample};

/// Four sound meshes and a broken one, with a manifest.
fn shapes(folder: &Path) {
    let mut manifest = "key\tcategory\tsplit\n".to_owned();
    for (name, sample, split) in [
        ("chair-a", Sample::Chair, "train"),
        ("chair-b", Sample::Chair, "val"),
        ("vase-a", Sample::Vase, "train"),
        ("lamp-a", Sample::Lamp, "val"),
    ] {
        save_ply(folder.join(format!("{name}.ply")), &sample.mesh()).unwrap();
        manifest += &format!("{name}\t{}\t{split}\n", name.split('-').next().unwrap());
    }
    std::fs::write(folder.join("broken.ply"), "ply\nformat ascii 1.0\n").unwrap();
    manifest += "broken\tchair\tval\nmissing\tchair\ttrain\n";
    std::fs::write(folder.join("manifest.tsv"), manifest).unwrap();
}

#[test]
fn baselines_are_scored_and_bad_meshes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    shapes(&folder.path().join("data"));
    let args = ["eval", "--shapes", "data", "--views", "2", "--json"];
    let output = succeeds(folder.path(), &args);
    let value = last_line(&output);
    assert!(value["mean_iou"].is_null() && value["per_category"].as_object().unwrap().is_empty(), "{value}");
    assert!(value["note"].as_str().unwrap().contains("no checkpoint"), "{value}");
    assert_eq!((value["objects"].as_u64(), value["train_objects"].as_u64()), (Some(2), Some(2)), "{value}");
    let baselines = &value["baselines"];
    // The chair to be scored is one to learn from; a lamp was never seen, and a vase is not it.
    for name in ["mean_shape", "retrieval", "retrieval_in_category"] {
        let found = baselines[name]["per_category"]["chair"].as_f64().unwrap();
        assert!((found - 1.0).abs() < 1e-9, "{name}: {value}");
        assert!(baselines[name]["per_category"]["lamp"].as_f64().unwrap() < 0.7, "{name}: {value}");
    }
    let sphere = baselines["sphere"]["mean_iou"].as_f64().unwrap();
    assert!(sphere > 0.0 && sphere < 0.5, "{value}");
    let skipped: Vec<&str> =
        value["skipped"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(skipped, ["broken", "missing"]);
    assert!(stderr(&output).contains("missing is skipped"), "{}", stderr(&output));

    // Again from the cache: the same numbers, whatever the number of threads.
    let again = last_line(&succeeds(folder.path(), &[&args[..], &["--threads", "1"]].concat()));
    assert_eq!(again["baselines"], value["baselines"]);
    // Nothing is left to learn from, wherever the training folder points: procedural shapes it is.
    std::fs::write(folder.path().join("few.toml"), "[data]\nsampled_train = 1\nsampled_val = 1\n").unwrap();
    let all = [&args[..], &["--split", "all", "--train", "./data", "--config", "few.toml"]].concat();
    let all = last_line(&succeeds(folder.path(), &all));
    assert_eq!((all["objects"].as_u64(), all["train_objects"].as_u64()), (Some(4), Some(10)), "{all}");
    assert_eq!(all["train"], "procedural shapes");
}

#[test]
fn a_report_is_a_folder_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    shapes(&folder.path().join("data"));
    let record = r#"{"step": 1, "seconds": 1, "share": 0.1, "lr": 1e-4, "sigma": 1e-4, "loss": 0.5, "silhouette": 0.4,
        "laplacian": 0, "flatten": 0, "stop_iou": null, "step_ms": 1, "render_ms": 1, "look_ms": 0}"#;
    std::fs::write(folder.path().join("log.jsonl"), record.replace('\n', "") + "\n").unwrap();
    let args =
        ["eval", "--shapes", "data", "--views", "3", "--report", "page", "--log", "log.jsonl", "--json"];
    let value = last_line(&succeeds(folder.path(), &args));
    assert_eq!(value["report"], "page/report.html");
    assert!(value["baselines"]["retrieval"]["silhouette_per_category"]["chair"].as_f64().unwrap() > 0.99);
    let html = std::fs::read_to_string(folder.path().join("page/report.html")).unwrap();
    assert!(html.contains("chair-b (chair), view 0") && html.contains("lamp-a (lamp), view 8"), "{html}");
    assert!(html.contains("Left out") && html.contains("broken"));
    for file in ["report.json", "examples.png", "loss.svg"] {
        assert!(folder.path().join("page").join(file).exists(), "{file}");
    }
    fails(folder.path(), 2, &["eval", "--log", "log.jsonl"], "--report");
    fails(folder.path(), 1, &["eval", "--shapes", "nowhere", "--report", "deep/page"], "nowhere");
    assert!(!folder.path().join("deep").exists());
    std::fs::write(folder.path().join("cut.jsonl"), "{\"step\": 1").unwrap();
    fails(folder.path(), 1, &["eval", "--report", "other", "--log", "cut.jsonl"], "line 1");
    assert!(!folder.path().join("other").exists());
}

#[test]
fn bad_calls_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fails(folder.path(), 1, &["eval", "--views", "25"], "eval.views");
    fails(folder.path(), 2, &["eval", "--split", "all"], "score val");
    fails(folder.path(), 1, &["eval", "--shapes", "nowhere"], "nowhere");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    fails(folder.path(), 1, &["eval", "--shapes", "empty"], "no pictures");
    let text = String::from_utf8(succeeds(folder.path(), &["eval", "--print-config"]).stdout).unwrap();
    assert!(
        text.contains("[loss]") && text.contains("laplacian = 0.005") && text.contains("steps = 250000"),
        "{text}"
    );
}
