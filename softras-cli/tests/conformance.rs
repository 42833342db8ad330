//! `softras conformance`: the real binary, its reports, and what it refuses.

mod program;

use std::path::Path;

use assert_cmd::Command;
use program::{fails, last_line, softras, stderr, succeeds};
use serde_json::Value;

/// A few laws that need no time.
const FEW: [&str; 4] = ["--filter", "contract::draws_", "--cases", "2"];

fn conformance<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["conformance"][..], more].concat()
}

fn read(folder: &Path, name: &str) -> std::io::Result<String> {
    std::fs::read_to_string(folder.join(name))
}

#[test]
fn laws_are_checked_and_reported_for_people_and_programs() {
    let folder = tempfile::tempdir().unwrap();
    let few = [&FEW[..], &["--backend", "cpu,reference", "--report"]].concat();
    let value =
        last_line(&succeeds(folder.path(), &conformance(&[&few[..], &["a.json", "--json"]].concat())));
    let rows = value["rows"].as_array().unwrap();
    assert_eq!((value["passed"].as_u64(), value["failed"].as_u64()), (Some(rows.len() as u64), Some(0)));
    assert_eq!(value["unsupported"].as_u64(), Some(0));
    for row in rows {
        assert!(row["law"].as_str().unwrap().starts_with("contract::draws_"), "{row}");
        assert!(row["backend"].as_str().unwrap().contains('['), "{row}");
        assert_eq!((row["status"].as_str(), row["budget_used"].is_number()), (Some("passed"), true), "{row}");
    }
    let written: Value = serde_json::from_str(&read(folder.path(), "a.json").unwrap()).unwrap();
    assert_eq!(written, value);

    let output = succeeds(folder.path(), &conformance(&[&few[..], &["a.md"]].concat()));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("contract::draws_one_pixel") && table.contains("exact"), "{table}");
    let page = read(folder.path(), "a.md").unwrap();
    assert!(page.contains("| `contract::draws_one_pixel` |") && page.contains("reference[host]"), "{page}");
    succeeds(folder.path(), &conformance(&[&few[..], &["b.md"]].concat()));
    assert_eq!(page, read(folder.path(), "b.md").unwrap(), "the same run gives the same page");
}

#[test]
fn reports_of_several_machines_become_one() {
    let folder = tempfile::tempdir().unwrap();
    for (name, backend) in [("a.json", "cpu"), ("b.json", "reference")] {
        let args = [&FEW[..], &["--backend", backend, "--report", name]].concat();
        succeeds(folder.path(), &conformance(&args));
    }
    let merge = ["--merge", "a.json", "b.json", "a.json", "--json", "--report", "all.html"];
    let value = last_line(&succeeds(folder.path(), &conformance(&merge)));
    assert_eq!(value["backends"].as_array().unwrap().len(), 2);
    assert!(read(folder.path(), "all.html").unwrap().contains("reference[host]"));

    // A machine where a law is broken.
    let mut broken: Value = serde_json::from_str(&read(folder.path(), "b.json").unwrap()).unwrap();
    broken["rows"][0]["status"] = "failed".into();
    broken["rows"][0]["reason"] = "off by one".into();
    broken["passed"] = (broken["passed"].as_u64().unwrap() - 1).into();
    broken["failed"] = 1.into();
    std::fs::write(folder.path().join("c.json"), broken.to_string()).unwrap();
    let output = softras(folder.path(), &conformance(&["--merge", "a.json", "b.json", "c.json"]));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("reference[host] #2") && table.contains("off by one"), "{table}");
}

#[test]
fn bad_input_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let few = [&FEW[..], &["--backend", "reference", "--report", "a.json"]].concat();
    succeeds(folder.path(), &conformance(&few));
    let whole = read(folder.path(), "a.json").unwrap();
    std::fs::write(folder.path().join("half.json"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.path().join("changed.json"), whole.replace("\"failed\": 0", "\"failed\": 1"))
        .unwrap();
    for (args, text) in [
        (&["--backend", "cpu,gpu"][..], "gpu"),
        (&["--backend", "cpu,cpu"], "twice"),
        (&["--filter", "no_such_law"], "no_such_law"),
        (&["--cases", "0"], "--cases"),
        (&["--seed", "one"], "--seed"),
        (&["--report", "a.txt"], ".md, .html or .json"),
        (&["--report", "none/a.md"], "none/a.md"),
        (&["--merge", "half.json", "--report", "all.md"], "half.json"),
        (&["--merge", "changed.json", "--report", "all.md"], "changed.json"),
        (&["--merge", "absent.json", "--report", "all.md"], "absent.json"),
        (&["--merge", "a.json", "--backend", "cpu"], "--backend"),
        (&["--calibrate", "--report", "a.json"], ".md"),
    ] {
        fails(folder.path(), 2, &conformance(args), text);
    }
}

#[test]
fn what_is_not_there_is_named_and_fails_where_it_is_required() {
    let folder = tempfile::tempdir().unwrap();
    fails(folder.path(), 1, &conformance(&["--backend", "cuda"]), "built without the back end cuda");
    let run = |required: &str| {
        let mut command = Command::cargo_bin("softras").unwrap();
        let args = conformance(&FEW);
        command.current_dir(folder.path()).env("SOFTRAS_REQUIRE", required).args(args).output().unwrap()
    };
    let required = run("cpu,cuda");
    assert_eq!(required.status.code(), Some(1));
    assert!(stderr(&required).contains("cuda is required, but not there"), "{}", stderr(&required));
    let ignored = run("cpu");
    assert_eq!(ignored.status.code(), Some(0), "{}", stderr(&ignored));
    assert!(stderr(&ignored).contains("cuda::is_available: ignored"), "{}", stderr(&ignored));
}

#[test]
fn a_calibration_is_a_section_that_later_reports_keep() {
    let folder = tempfile::tempdir().unwrap();
    let report = [&FEW[..], &["--backend", "cpu", "--report", "a.md"]].concat();
    succeeds(folder.path(), &conformance(&report));
    let calibrate = ["--calibrate", "--backend", "cpu", "--cases", "6", "--report", "a.md"];
    succeeds(folder.path(), &conformance(&calibrate));
    let page = read(folder.path(), "a.md").unwrap();
    assert!(
        page.contains("## The laws") && page.contains("## Calibration") && page.contains("Proposed: "),
        "{page}"
    );
    succeeds(folder.path(), &conformance(&report));
    assert_eq!(page, read(folder.path(), "a.md").unwrap());
    succeeds(folder.path(), &conformance(&calibrate));
    assert_eq!(page, read(folder.path(), "a.md").unwrap());
}
