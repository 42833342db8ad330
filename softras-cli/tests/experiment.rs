//! `softras experiment`: the real binary; bad input is refused and leaves nothing.

mod program;

use program::fails;

#[test]
fn bad_input_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("empty/deform")).unwrap();
    std::fs::create_dir_all(at("empty/spot")).unwrap();
    std::fs::create_dir_all(at("bad/spot")).unwrap();
    std::fs::create_dir_all(at("bad/deform")).unwrap();
    std::fs::write(at("bad/spot/spot_triangulated.obj"), "v 0 0 0\nv 1 0 0\nv 0 nan 0\nf 1 2 3\n").unwrap();
    std::fs::write(at("bad/deform/source.npy"), "not an array").unwrap();
    std::fs::write(at("file"), "not a folder").unwrap();
    for (name, data, text) in [
        ("deform", "missing", "no folder"),
        ("deform", "empty", "source.npy"),
        ("deform", "bad", "source.npy"),
        ("dino", "empty", "no folder"),
        ("color", "empty", "spot_triangulated.obj"),
        ("color", "bad", "line 3"),
    ] {
        let args = ["experiment", name, "--quick", "--backend", "cpu", "--data", data, "-o", "new/out"];
        fails(folder.path(), 1, &args, text);
    }
    fails(folder.path(), 1, &["experiment", "pose", "--quick", "-o", "file/out"], "cannot write file/out");
    fails(folder.path(), 2, &["experiment", "teapot"], "teapot");
    fails(folder.path(), 2, &["experiment", "pose", "--seed", "-1"], "-1");
    fails(folder.path(), 2, &["experiment", "pose", "--backend", "abacus"], "abacus");
}
