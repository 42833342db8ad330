//! Runs the real binary.
#![allow(dead_code, reason = "not every file of tests uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

/// Runs `softras` with `args` in `folder`.
pub(crate) fn softras(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("softras").unwrap();
    command.current_dir(folder).args(args).output().unwrap()
}

/// Runs `softras`, and asserts that it ends well.
pub(crate) fn succeeds(folder: &Path, args: &[&str]) -> Output {
    let output = softras(folder, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    output
}

/// Runs `softras`, and asserts that it ends with `code`, says `text` on stderr, and writes nothing into `folder`.
pub(crate) fn fails(folder: &Path, code: i32, args: &[&str], text: &str) {
    let before = files(folder);
    let output = softras(folder, args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
    assert!(stderr(&output).contains(text), "{args:?}: {:?} has no {text:?}", stderr(&output));
    assert_eq!(files(folder), before, "{args:?} left files behind");
}

/// What was said on stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The object on the last line of stdout.
pub(crate) fn last_line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// All files and folders below `folder`.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path.display().to_string());
    }
    found.sort();
    found
}
