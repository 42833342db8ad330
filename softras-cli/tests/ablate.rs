//! `softras ablate`: the real binary; a run that was killed is gone on with, and bad input is refused.

mod program;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use program::{fails, files, last_line, softras, stderr, succeeds};
use serde_json::Value;

/// A small ablation of 18 cells of two seeds.
fn small(out: &str) -> Vec<&str> {
    let lists = [
        "--distance",
        "euclidean,barycentric,hard",
        "--silhouette",
        "or,sum",
        "--loss",
        "silhouette-color,color,silhouette",
    ];
    let rest = [
        "ablate",
        "--quick",
        "--grid",
        "--seeds",
        "2",
        "--backend",
        "cpu",
        "--threads",
        "1",
        "--json",
        "-o",
        out,
    ];
    rest.into_iter().chain(lists).collect()
}

/// What does not differ from run to run: everything but times.
fn numbers(report: &Value) -> Vec<Value> {
    let mut rows = report["rows"].as_array().cloned().unwrap_or_default();
    for row in &mut rows {
        row["time_ratio"] = Value::Null;
    }
    rows
}

fn cells(folder: &Path) -> usize {
    files(folder).iter().filter(|name| name.contains("cells") && name.ends_with("json")).count()
}

#[test]
fn a_run_that_was_killed_is_gone_on_with_and_gives_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let whole = last_line(&succeeds(folder.path(), &small("whole")));
    assert_eq!((&whole["fitted"], &whole["found"]), (&36.into(), &0.into()));
    assert_eq!(whole["rows"].as_array().unwrap().len(), 18);

    let out = folder.path().join("killed");
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("softras"));
    let command = command.current_dir(folder.path()).args(small("killed"));
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while !(out.join("cells").is_dir() && cells(&out) > 0) && begin.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(1));
    }
    running.kill().unwrap();
    running.wait().unwrap();

    let again = last_line(&succeeds(folder.path(), &small("killed")));
    let count = |name: &str| again[name].as_u64().unwrap();
    assert!(count("found") >= 1 && count("found") + count("fitted") == 36, "{again}");
    assert_eq!(numbers(&again), numbers(&whole));
    let left: Vec<String> = files(&out).into_iter().filter(|name| name.contains(".softras-")).collect();
    assert!(left.len() <= 1, "{left:?}: a kill leaves one temporary file at most");
}

#[test]
fn fits_of_other_settings_and_damaged_files_are_done_anew() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["ablate", "--quick", "--distance", "barycentric", "--seeds", "2", "--json", "-o", "out"];
    let first = last_line(&succeeds(folder.path(), &args));
    assert_eq!((&first["fitted"], &first["found"]), (&4.into(), &0.into()));
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("distance barycentric") && page.contains("class=\"interval\""));
    let csv = std::fs::read_to_string(folder.path().join("out/table.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 2 * 5, "{csv}");

    // The fits of both seeds are there for another first seed too, but for one.
    let later: Vec<&str> = args.into_iter().chain(["--seed", "1"]).collect();
    let moved = last_line(&succeeds(folder.path(), &later));
    assert_eq!((&moved["fitted"], &moved["found"]), (&2.into(), &2.into()));

    // One damaged, one of other settings, one whole.
    let cell = |word: &str, seed: u32| {
        let name = format!("out/cells/{word}_logistic_or_over_silhouette-color_seed{seed}.json");
        folder.path().join(name)
    };
    std::fs::write(cell("euclidean", 0), "{").unwrap();
    let other = std::fs::read_to_string(cell("barycentric", 1)).unwrap();
    let changed = other.replacen("\"steps\": 10", "\"steps\": 11", 1);
    assert_ne!(changed, other);
    std::fs::write(cell("barycentric", 1), changed).unwrap();
    let again = last_line(&succeeds(folder.path(), &args));
    assert_eq!((&again["fitted"], &again["found"]), (&2.into(), &2.into()));
    assert_eq!(numbers(&again), numbers(&first));
}

#[test]
fn bad_input_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    std::fs::create_dir_all(folder.path().join("empty/deform")).unwrap();
    for (args, text) in [
        (vec!["--distance", "euclidean,euclid"], "expected one of euclidean, barycentric"),
        (vec!["--silhouette", "and"], "expected one of or, sum"),
        (vec!["--distribution", "normal"], "expected one of logistic"),
        (vec!["--color", "red"], "expected one of over, softmax"),
        (vec!["--loss", "full"], "expected one of silhouette-color, color"),
        (vec!["--task", "deform", "--color", "over"], "a task that draws colors"),
        (vec!["--task", "teapot"], "pose, deform"),
        (vec!["--seeds", "0"], "seeds"),
        (vec!["--backend", "abacus"], "abacus"),
    ] {
        let all: Vec<&str> = ["ablate", "--quick", "-o", "out"].into_iter().chain(args).collect();
        fails(folder.path(), 2, &all, text);
    }
    let deform = ["ablate", "--task", "deform", "--quick", "-o", "out", "--data"];
    for (data, text) in [("missing", "no folder"), ("empty", "source.npy")] {
        let all: Vec<&str> = deform.into_iter().chain([data]).collect();
        fails(folder.path(), 1, &all, text);
    }
    fails(folder.path(), 1, &["ablate", "--quick", "-o", "file/out"], "cannot write file/out");
}

/// An array file of version 1.
fn npy(descr: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

#[test]
fn deform_fits_silhouettes_of_files() {
    // Six views of a ball, a disc in each.
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data/deform");
    std::fs::create_dir_all(&data).unwrap();
    let (views, side) = (6_usize, 16_i32);
    let inside = |y: i32, x: i32| (2 * y + 1 - side).pow(2) + (2 * x + 1 - side).pow(2) < 100;
    let disc: Vec<u8> = (0..side * side).map(|i| if inside(i / side, i % side) { 255 } else { 0 }).collect();
    let pictures: Vec<u8> = disc.repeat(4 * views);
    std::fs::write(data.join("source.npy"), npy("|u1", "6, 4, 16, 16", &pictures)).unwrap();
    let orbits = (0..views).flat_map(|i| [2.732, 0.0, 60.0 * i as f64]);
    let cameras: Vec<u8> = orbits.flat_map(f64::to_le_bytes).collect();
    std::fs::write(data.join("camera.npy"), npy("<f8", "6, 3", &cameras)).unwrap();

    let args = [
        "ablate",
        "--task",
        "deform",
        "--quick",
        "--data",
        "data",
        "--loss",
        "no-laplacian,silhouette",
        "--distance",
        "barycentric",
        "--seeds",
        "2",
        "--threads",
        "1",
    ];
    let shown = softras(folder.path(), &args);
    assert!(shown.status.success(), "{}", stderr(&shown));
    let report = std::fs::read_to_string(folder.path().join("out/ablate-deform/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let labels: Vec<&str> = rows.iter().map(|row| row["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["default", "distance barycentric", "loss no-laplacian", "loss silhouette"]);
    let iou = |row: usize| rows[row]["values"]["mean_iou"]["mean"].as_f64().unwrap();
    assert!((0..4).all(|row| (0.02..=1.0).contains(&iou(row))), "{report}");
    // Another part gives other numbers: it was drawn with.
    assert!((1..4).all(|row| (iou(row) - iou(0)).abs() > 1e-9), "{report}");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("distance barycentric"));
}
