//! `softras bench` from outside: the real binary, small scenes, wrong input.

mod program;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use program::{fails, files, last_line, stderr, succeeds};
use serde_json::Value;

/// What every row has.
const KEYS: [&str; 10] = [
    "backend",
    "scene",
    "sigma",
    "threads",
    "forward_ms",
    "backward_ms",
    "pairs",
    "pairs_per_second",
    "peak_mib",
    "vs_brute",
];

fn bench(folder: &Path, args: &[&str]) -> Output {
    succeeds(folder, &[&["bench", "--runs", "1"], args].concat())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key}: {row}"))
}

#[test]
fn rows_have_their_keys_and_numbers_that_fit_together() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--scene", "80@32,2x20@16", "--sigma", "1e-3", "--threads", "1", "--vs", "brute", "--json"];
    let report = last_line(&bench(folder.path(), &args));
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "{report}");
    for pair in rows.chunks(2) {
        let (cpu, brute) = (&pair[0], &pair[1]);
        assert_eq!((cpu["backend"].as_str(), brute["backend"].as_str()), (Some("cpu"), Some("brute")));
        for row in pair {
            assert!(KEYS.iter().all(|key| row.get(key).is_some()), "{row}");
            let step = number(row, "forward_ms") + number(row, "backward_ms");
            let rate = number(row, "pairs") / step * 1e3;
            assert!((number(row, "pairs_per_second") / rate - 1.0).abs() < 1e-6, "{row}");
        }
        let pairs = number(cpu, "pairs");
        assert!(pairs > 100.0 && (pairs - number(brute, "pairs")).abs() <= 2.0, "{cpu} {brute}");
        assert!((number(brute, "vs_brute") - 1.0).abs() < 1e-9);
        assert!(number(cpu, "vs_brute") > 0.0 && number(brute, "tests_per_second") > 1e6);
        #[cfg(target_os = "linux")]
        assert!(number(cpu, "peak_mib") > 1.0);
    }
    assert!(number(&report["machines"][0]["floor"], "forward") > 1e6);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn the_table_is_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let said =
        text(&bench(folder.path(), &["--scene", "20@8", "--backend", "cpu,reference", "--threads", "1,2"]));
    assert!(said.contains("% floor") && said.contains("| reference |"), "{said}");
    assert_eq!(said.matches("20@8").count(), 4, "{said}");
}

#[test]
fn reports_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let one = bench(folder.path(), &["--scene", "20@8", "--threads", "1", "--json"]);
    let other = text(&one)
        .replace("\"machine\":\"", "\"machine\":\"another ")
        .replace("\"name\":\"", "\"name\":\"another ");
    std::fs::write(folder.path().join("a.json"), &one.stdout).unwrap();
    std::fs::write(folder.path().join("b.json"), format!("something before\n{other}")).unwrap();
    let said = text(&succeeds(folder.path(), &["bench", "--merge", "a.json", "b.json"]));
    assert!(said.contains("another ") && said.matches("20@8").count() == 2, "{said}");
    let merged =
        last_line(&succeeds(folder.path(), &["bench", "--json", "--merge", "a.json", "b.json", "a.json"]));
    assert_eq!(merged["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn wrong_names_and_files_are_answered_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fails(folder, 2, &["bench", "--scene", "teapot"], "kernels");
    fails(folder, 2, &["bench", "--scene", "21@8"], "1310720");
    fails(folder, 2, &["bench", "--scene", "20@8", "--backend", "gpu"], "expected auto");
    fails(folder, 2, &["bench", "--scene", "20@8", "--sigma", "-1"], "1e-12 to 1e6");
    fails(folder, 2, &["bench", "--scene", "20@8", "--runs", "0"], "1 to 1000");
    fails(folder, 2, &["bench", "--scene", "20@8", "--simd", "mmx"], "avx512, avx2");
    fails(folder, 2, &["bench", "--merge", "none.json"], "none.json");
    fails(folder, 2, &["bench", "--table", "--into", "none.md"], "none.md");
    fails(folder, 2, &["bench", "--table", "--scene", "20@8"], "cannot be used with");
    fails(folder, 1, &["bench", "--scene", "20@8", "--threads", "1000"], "at most 256");
    fails(folder, 1, &["bench", "--scene", "none.obj@8"], "none.obj");
    for (name, text) in [("a.json", "{}"), ("b.json", "not JSON"), ("c.md", "no numbers")] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    fails(folder, 2, &["bench", "--merge", "a.json"], "softras bench --json");
    fails(folder, 2, &["bench", "--merge", "b.json"], "softras bench --json");
    fails(folder, 2, &["bench", "--table", "--into", "c.md"], "<!-- numbers -->");
}

#[test]
fn back_ends_that_are_not_there_are_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--scene", "20@8", "--threads", "1", "--backend", "cpu,cuda", "--json"];
    let report = last_line(&bench(folder.path(), &args));
    let backends: Vec<_> =
        report["rows"].as_array().unwrap().iter().map(|r| r["backend"].as_str().unwrap()).collect();
    let said = report["left_out"].to_string();
    assert!(backends == ["cpu", "cuda"] || said.contains("cuda"), "{report}");
}

#[test]
fn a_scene_without_its_data_is_an_error_alone_and_left_out_of_a_set() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::cargo_bin("softras").unwrap();
        command.current_dir(folder.path()).env("SOFTRAS_DATA", folder.path()).args(args).output().unwrap()
    };
    let alone = run(&["bench", "--scene", "spot@16"]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(stderr(&alone).contains("SOFTRAS_DATA"), "{}", stderr(&alone));
    let set = run(&["bench", "--scene", "quick", "--runs", "1", "--json"]);
    assert_eq!(set.status.code(), Some(0), "{}", stderr(&set));
    let report = last_line(&set);
    assert!(report["left_out"].to_string().contains("spot@256"), "{report}");
    assert_eq!(report["rows"].as_array().unwrap().len(), 3);
}

#[test]
fn brute_force_is_not_let_loose_on_what_would_take_it_hours() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--scene", "81920@512", "--sigma", "1e-6", "--backend", "cpu", "--vs", "brute", "--json"];
    let report = last_line(&bench(folder.path(), &args));
    assert!(report["left_out"].to_string().contains("brute force at 81920@512"), "{report}");
    assert!(report["rows"][0]["vs_brute"].is_null());
}

#[test]
#[cfg(target_arch = "x86_64")]
fn instruction_sets_run_in_processes_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    // Whoever works on the kernels builds them for one set, and others do not run: these two fall back to it.
    let args = ["--scene", "20@8", "--threads", "1", "--simd", "avx512,neon", "--json"];
    let report = last_line(&bench(folder.path(), &args));
    assert!(report["left_out"].to_string().contains("neon"), "{report}");
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.iter().all(|r| r["backend"].as_str().unwrap().starts_with("cpu[avx512")), "{report}");
}
