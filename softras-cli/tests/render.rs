//! `softras render` and `softras devices`: the real binary on real files.

mod program;

use program::{fails, last_line, softras, stderr, succeeds};
use softras_io::load_png;

#[test]
fn a_sample_becomes_a_picture_a_silhouette_and_a_film() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "render",
        "sample:chair",
        "-o",
        "a.png",
        "--silhouette",
        "s.png",
        "--turntable",
        "3",
        "t.gif",
        "--size",
        "48x32",
        "--json",
    ];
    let value = last_line(&succeeds(folder.path(), &args));
    assert_eq!(value["out"].as_array().unwrap().len(), 3);
    assert!(value["covered_pixels"].as_u64().unwrap() > 100);
    let (picture, silhouette) =
        (load_png(folder.path().join("a.png")).unwrap(), load_png(folder.path().join("s.png")).unwrap());
    assert_eq!(picture.dim(), (32, 48, 4));
    assert!((picture[[0, 0, 0]] - 1.0).abs() < 1e-6 && silhouette[[0, 0, 0]] < 1e-6);
    assert!(picture[[16, 24, 2]] < 0.9 && silhouette[[16, 24, 0]] > 0.9);
    assert!(folder.path().join("t.gif").exists());
}

#[test]
fn every_color_mode_and_background_draws() {
    let folder = tempfile::tempdir().unwrap();
    for color in ["softmax", "over", "hard"] {
        for background in ["white", "black", "transparent", "#336699"] {
            let args = [
                "render",
                "sample:cube",
                "-o",
                "a.png",
                "--size",
                "24",
                "--distance",
                "4",
                "--color",
                color,
                "--background",
                background,
            ];
            succeeds(folder.path(), &args);
            let corner = load_png(folder.path().join("a.png")).unwrap();
            let expected = match background {
                "white" => [1.0, 1.0, 1.0, 1.0],
                "black" => [0.0, 0.0, 0.0, 1.0],
                "transparent" => [0.0, 0.0, 0.0, 0.0],
                _ => [0.2, 0.4, 0.6, 1.0],
            };
            for (k, e) in expected.iter().enumerate() {
                assert!((corner[[0, 0, k]] - e).abs() < 1e-3, "{color} {background}");
            }
            assert!(corner[[12, 12, 3]] > 0.99);
        }
    }
}

#[test]
fn a_camera_that_looks_away_gives_an_empty_picture_and_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        succeeds(folder.path(), &["render", "sample:vase", "-o", "a.png", "--size", "16", "--at", "0,5,-99"]);
    assert!(stderr(&output).contains("empty"), "{}", stderr(&output));
    let picture = load_png(folder.path().join("a.png")).unwrap();
    assert!(picture.iter().all(|x| (x - 1.0).abs() < 1e-6));
}

#[test]
fn a_mesh_is_drawn_from_straight_above_and_below() {
    let folder = tempfile::tempdir().unwrap();
    for elevation in ["90", "-90"] {
        let args = ["render", "sample:cube", "-o", "a.png", "--size", "24", "--elevation", elevation];
        succeeds(folder.path(), &args);
        let picture = load_png(folder.path().join("a.png")).unwrap();
        assert!(picture[[12, 12, 1]] < 0.99 && picture[[0, 0, 1]] > 0.99, "{elevation}");
    }
}

#[test]
fn bad_meshes_end_with_a_clear_error_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("nan.obj", "v 0 0 0\nv 1 0 0\nv 0 nan 0\nf 1 2 3\n");
    write("index.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n");
    write("empty.obj", "");
    write("cut.ply", "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\n");
    write("mesh.xyz", "0 0 0\n");
    for (mesh, text) in [
        ("nan.obj", "line 3"),
        ("index.obj", "line 4"),
        ("empty.obj", "empty"),
        ("cut.ply", "cut.ply"),
        ("mesh.xyz", "supported are"),
        ("missing.obj", "cannot read missing.obj"),
        ("sample:teapot", "teapot"),
    ] {
        fails(folder.path(), 1, &["render", mesh, "-o", "a.png"], text);
    }
}

#[test]
fn bad_numbers_end_with_a_clear_error_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    for (option, value, text) in [
        ("--sigma", "0", "sigma"),
        ("--sigma", "-1e-4", "sigma"),
        ("--sigma", "nan", "sigma"),
        ("--gamma", "0", "gamma"),
        ("--gamma", "-1", "gamma"),
        ("--gamma", "NaN", "gamma"),
        ("--size", "0x0", "0 pixels"),
        ("--size", "60000x60000", "GiB"),
        ("--size", "100000x100", "found 100000x100, expected at most 65536"),
        ("--size", "18446744073709551615", "expected at most 65536"),
        ("--threads", "257", "threads: found 257, expected at most 256"),
        ("--fov", "0", "field of view"),
        ("--fov", "180", "field of view"),
        ("--distance", "0", "two different points"),
        ("--distance", "nan", "camera"),
    ] {
        fails(folder.path(), 1, &["render", "sample:cube", "-o", "a.png", option, value], text);
    }
    fails(folder.path(), 1, &["render", "sample:cube", "-o", "a.jpg"], ".png");
    fails(folder.path(), 1, &["render", "sample:cube", "-o", "missing/a.png"], "cannot write missing/a.png");
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["render"][..],
        &["render", "sample:cube"],
        &["render", "sample:cube", "-o", "a.png", "--size", "axb"],
        &["render", "sample:cube", "-o", "a.png", "--color", "pink"],
        &["render", "sample:cube", "-o", "a.png", "--backend", "metal"],
        &["render", "sample:cube", "-o", "a.png", "--background", "#12345"],
        &["render", "sample:cube", "-o", "a.png", "--turntable", "x", "a.gif"],
        &["render", "sample:cube", "-o", "a.png", "--sigma"],
        &["paint"],
        &[],
    ] {
        fails(folder.path(), 2, args, "");
    }
    assert_eq!(softras(folder.path(), &["--help"]).status.code(), Some(0));
}

#[test]
fn settings_come_from_defaults_then_file_then_arguments() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), "sigma = 1e-3\nsize = \"20x10\"\n").unwrap();
    let args = ["render", "--config", "a.toml", "--size", "30x10", "--print-config"];
    let printed = String::from_utf8(succeeds(folder.path(), &args).stdout).unwrap();
    let table: toml::Table = printed.parse().unwrap();
    assert_eq!(table["sigma"].as_float(), Some(1e-3));
    assert_eq!(table["size"].as_str(), Some("30x10"));
    assert_eq!(table["gamma"].as_float(), Some(1e-4));
    std::fs::write(folder.path().join("b.toml"), printed).unwrap();
    succeeds(folder.path(), &["render", "sample:cube", "-o", "a.png", "--config", "b.toml"]);
    for (text, expected) in [
        ("sigmaa = 1.0\n", "sigmaa"),
        ("sigma = \"soft\"\n", "invalid type"),
        ("sigma = \n", "b.toml"),
        ("size = \"big\"\n", "WIDTHxHEIGHT"),
    ] {
        std::fs::write(folder.path().join("b.toml"), text).unwrap();
        fails(folder.path(), 1, &["render", "sample:cube", "-o", "c.png", "--config", "b.toml"], expected);
    }
}

#[test]
fn an_error_is_an_object_with_json() {
    let folder = tempfile::tempdir().unwrap();
    let output = softras(folder.path(), &["render", "no.obj", "-o", "a.png", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(last_line(&output)["error"].as_str().unwrap().contains("no.obj"));
}

#[test]
fn pictures_are_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |threads: &str| {
        let args = ["render", "sample:lamp", "-o", "a.png", "--size", "64", "--threads", threads];
        succeeds(folder.path(), &args);
        std::fs::read(folder.path().join("a.png")).unwrap()
    };
    let one = draw("1");
    assert!(one == draw("2") && one == draw("7"));
}

#[test]
fn devices_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let value = last_line(&succeeds(folder.path(), &["devices", "--json", "--threads", "3"]));
    assert_eq!(value["devices"][0]["backend"], "cpu");
    assert_eq!(value["cpu"]["threads"], 3);
    assert!(String::from_utf8_lossy(&succeeds(folder.path(), &["devices"]).stdout).contains("cpu"));
}

#[test]
fn any_part_is_one_word() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |parts: &[&str]| {
        let mut args = vec!["render", "sample:cube", "--size", "24", "--sigma", "1e-3", "-o", "a.png"];
        args.extend(["--silhouette", "s.png"]);
        args.extend(parts.iter().flat_map(|part| ["--part", part]));
        succeeds(folder.path(), &args);
        load_png(folder.path().join("s.png")).unwrap()
    };
    let usual = draw(&[]);
    assert_eq!(draw(&["distance=euclidean", "distribution=logistic"]), usual);
    for part in ["distance=barycentric", "distribution=gamma:2", "silhouette=yager:2", "silhouette=max"] {
        assert_ne!(draw(&[part]), usual, "{part}");
    }
    let args = ["render", "sample:cube", "--size", "24", "-o", "b.png", "--part"];
    let warned = softras(folder.path(), &[&args[..], &["distribution=cauchy"]].concat());
    assert!(warned.status.success() && !stderr(&warned).contains("reaches"), "{}", stderr(&warned));
    let far = softras(folder.path(), &[&args[..], &["distribution=cauchy", "--sigma", "1e-3"]].concat());
    assert!(far.status.success() && stderr(&far).contains("nearly every pixel"), "{}", stderr(&far));
    std::fs::remove_file(folder.path().join("b.png")).unwrap();
    let wrong = softras(folder.path(), &[&args[..], &["silhouette=min"]].concat());
    assert!(wrong.status.code() == Some(2) && stderr(&wrong).contains("yager"), "{}", stderr(&wrong));
    let far = softras(folder.path(), &[&args[..], &["silhouette=yager:9"]].concat());
    assert!(far.status.code() == Some(1) && stderr(&far).contains("t-conorm shape"), "{}", stderr(&far));
    assert!(!folder.path().join("b.png").exists());
}
