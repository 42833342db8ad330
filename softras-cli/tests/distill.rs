//! `softras distill`, and pictures drawn with its weights.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod program;

use program::{fails, last_line, succeeds};
use softras_io::load_png;

const SMALL: &[&str] = &["--hidden", "6", "--steps", "200", "--batch", "4", "--size", "16"];

fn distill<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["distill"], SMALL, more].concat()
}

#[test]
fn weights_are_found_and_draw_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let value = last_line(&succeeds(folder.path(), &distill(&["-o", "a.safetensors", "--json"])));
    let mean = |which: &str| value[which]["mean"].as_f64().unwrap();
    assert!(mean("after") < 0.7 * mean("before"), "{value}");
    assert_eq!(value["weights"], 2 + 6 * 6 + 6 * 13);
    let text = String::from_utf8(
        succeeds(folder.path(), &distill(&["-o", "b.safetensors", "--threads", "1"])).stdout,
    );
    assert!(text.unwrap().contains("before"));
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(read("a.safetensors") == read("b.safetensors"), "other weights on another run");

    let draw = ["render", "sample:cube", "-o", "a.png", "--size", "24", "--distance", "4"];
    let neural = [&draw[..], &["--color", "neural", "--weights", "a.safetensors"]].concat();
    succeeds(folder.path(), &neural);
    let picture = load_png(folder.path().join("a.png")).unwrap();
    assert!((0..3).all(|c| (picture[[0, 0, c]] - 1.0).abs() < 1e-6), "the background");
    assert!((0..3).any(|c| picture[[12, 12, c]] < 0.9), "the cube");
    // Settings of a file do as arguments do.
    let printed = succeeds(folder.path(), &[&neural[..], &["--print-config"]].concat()).stdout;
    std::fs::write(folder.path().join("a.toml"), printed).unwrap();
    succeeds(folder.path(), &["render", "sample:cube", "-o", "b.png", "--config", "a.toml"]);
    assert!(read("a.png") == read("b.png"));
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let wide = ["distill", "-o", "a.safetensors", "--hidden", "33"];
    fails(folder.path(), 1, &wide, "expected 1 to 32");
    for (more, text) in [
        (&["--gamma", "0"][..], "gamma"),
        (&["--lr", "0"], "lr"),
        (&["--output", "missing/a.safetensors"], "missing"),
    ] {
        let mut args = vec!["distill", "--steps", "1", "--size", "8"];
        args.extend(more);
        if !more.contains(&"--output") {
            args.extend(["-o", "a.safetensors"]);
        }
        fails(folder.path(), 1, &args, text);
    }
    let draw = |more: &[&'static str]| [&["render", "sample:cube", "-o", "a.png"], more].concat();
    fails(folder.path(), 2, &draw(&["--color", "neural"]), "--weights");
    fails(folder.path(), 2, &draw(&["--weights", "a.safetensors"]), "--color neural");
    fails(folder.path(), 1, &draw(&["--color", "neural", "--weights", "none"]), "cannot read none");
    std::fs::write(folder.path().join("bad.safetensors"), "no such file").unwrap();
    let bad = draw(&["--color", "neural", "--weights", "bad.safetensors"]);
    fails(folder.path(), 1, &bad, "expected a neural color aggregator");
    let clear = [&bad[..], &["--background", "transparent"]].concat();
    fails(folder.path(), 2, &clear, "transparent");
}
