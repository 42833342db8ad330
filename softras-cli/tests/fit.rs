//! `softras fit`: the real binary, small pictures, few steps.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod program;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ndarray::{Array, Array2, Array4};
use program::{fails, files, last_line, softras, stderr, succeeds};
use softras_io::save_npy;

/// Few and small pictures: they are not what is tested.
const SMALL: &str = "picture = 32\nframes = 5\n";

/// The arguments of a fit of a coarse sphere to a vase, of a second or so, and `more`.
fn small<'a>(folder: &Path, more: &[&'a str]) -> Vec<&'a str> {
    std::fs::write(folder.join("small.toml"), SMALL).unwrap();
    let all = "fit --config small.toml --sample vase --template icosphere:2 --views 6 --size 32 --batch 3";
    all.split(' ').chain(more.iter().copied()).collect()
}

/// What a fit leaves: everything that must have the same bits.
fn results(folder: &Path) -> Vec<Vec<u8>> {
    ["checkpoint.softras", "mesh.ply", "mesh.obj", "views.png", "fit.gif", "loss.svg"]
        .iter()
        .map(|name| std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}")))
        .collect()
}

#[test]
fn a_fit_improves_and_leaves_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let value =
        last_line(&succeeds(folder.path(), &small(folder.path(), &["--steps", "60", "-o", "out", "--json"])));
    let number = |key: &str| value[key].as_f64().unwrap();
    assert!(number("mean_iou") > 0.85 && number("hard_iou") > 0.85, "{value}");
    assert!(number("loss_last") < 0.5 * number("loss_first"), "{value}");
    assert_eq!((value["steps"].as_u64(), value["out"].as_str()), (Some(60), Some("out")));
    assert!(number("seconds") > 0.0);

    let out = folder.path().join("out");
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["history"]["total"].as_array().unwrap().len(), 60);
    assert!(report["summary"]["before"]["mean_iou"].as_f64().unwrap() < number("mean_iou"));
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("data:image/gif;base64,") && page.contains("<polyline"));
    assert!(!page.contains("src=\"http") && !page.contains("src=\"fit"), "the page needs other files");
    let mesh = softras_io::load_ply(out.join("mesh.ply")).unwrap();
    assert_eq!((mesh.vertices().nrows(), mesh.channels()), (162, 3));
    assert!(softras_io::load_obj(out.join("mesh.obj")).is_ok());
    assert!(!out.join("frames").exists());

    let before = results(&out);
    succeeds(folder.path(), &["fit", "--resume", "-o", "out"]);
    assert!(before == results(&out), "resuming what is done changes nothing");
}

#[test]
fn threads_and_runs_give_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: &str, seed: &str| {
        let args = small(folder.path(), &["--steps", "6", "-o", "out", "--threads", threads, "--seed", seed]);
        succeeds(folder.path(), &args);
        results(&folder.path().join("out"))
    };
    let one = run("1", "5");
    assert!(one == run("2", "5"), "2 threads");
    assert!(one == run("7", "5"), "7 threads");
    assert!(one != run("2", "6"), "another seed");
}

#[test]
fn a_killed_fit_resumes_and_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let args =
        |out: &'static str| small(folder.path(), &["--steps", "40", "--checkpoint-every", "3", "-o", out]);
    succeeds(folder.path(), &args("whole"));

    let out = folder.path().join("broken");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_softras"));
    command.current_dir(folder.path()).args(args("broken")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    wait_for(&out.join("checkpoint.softras"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!out.join("mesh.ply").exists(), "it was to be killed before the end");

    succeeds(folder.path(), &["fit", "--resume", "-o", "broken"]);
    assert!(results(&folder.path().join("whole")) == results(&out));
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_checkpoint_that_resumes_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let args = |out: &'static str| {
        small(folder.path(), &["--steps", "40", "--checkpoint-every", "2", "-o", out, "--json"])
    };
    succeeds(folder.path(), &args("whole"));

    let out = folder.path().join("broken");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_softras"));
    command.current_dir(folder.path()).args(args("broken")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for(&out.join("checkpoint.softras"));
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("softras fit --resume -o broken"), "{}", stderr(&output));
    assert_eq!(last_line(&output)["interrupted"], true);
    assert!(!out.join("mesh.ply").exists());

    let value = last_line(&succeeds(folder.path(), &["fit", "--resume", "-o", "broken", "--json"]));
    assert_eq!(value["steps"], 40);
    assert!(results(&folder.path().join("whole")) == results(&out));
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &small(folder.path(), &["--steps", "2", "-o", "out"]));
    let path = folder.path().join("out/checkpoint.softras");
    let sound = std::fs::read(&path).unwrap();
    let resume = |more: &[&str], text: &str| {
        fails(folder.path(), 1, &[&["fit", "--resume", "-o", "out"], more].concat(), text);
    };
    resume(&["--steps", "3"], "steps = 2");
    resume(&["--template", "icosphere:1"], "template");
    resume(&["--sample", "lamp"], "target");
    for cut in [0, 5, 20, 100, sound.len() - 1] {
        std::fs::write(&path, &sound[..cut]).unwrap();
        resume(&[], "checkpoint");
    }
    let mut flipped = sound.clone();
    flipped[sound.len() / 2] ^= 1;
    std::fs::write(&path, flipped).unwrap();
    resume(&[], "damaged");
    std::fs::write(&path, "P6 2 2 255").unwrap();
    resume(&[], "another kind of file");
    std::fs::remove_file(&path).unwrap();
    resume(&[], "no checkpoint");
}

#[test]
fn pictures_and_cameras_are_fitted_in_the_official_way() {
    let folder = tempfile::tempdir().unwrap();
    // A disc that is half the picture wide, from three sides.
    let disc = |y: usize, x: usize| if (y as f64 - 15.5).hypot(x as f64 - 15.5) < 8.0 { 255 } else { 0 };
    let images = Array4::from_shape_fn((3, 4, 32, 32), |(_, _, y, x)| disc(y, x)).into_dyn();
    save_npy::<u8>(folder.path().join("images.npy"), images.view()).unwrap();
    let cameras = Array2::from_shape_fn((3, 3), |(i, k)| [2.732, 10.0, 120.0 * i as f64][k]).into_dyn();
    save_npy(folder.path().join("cameras.npy"), cameras.view()).unwrap();
    let args = [
        "fit",
        "--images",
        "images.npy",
        "--cameras",
        "cameras.npy",
        "--template",
        "icosphere:2",
        "--steps",
        "40",
        "-o",
        "out",
        "--json",
    ];
    let value = last_line(&succeeds(folder.path(), &args));
    let report = std::fs::read(folder.path().join("out/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let before = report["summary"]["before"]["mean_iou"].as_f64().unwrap();
    assert!(value["mean_iou"].as_f64().unwrap() > before + 0.1, "{before} {value}");
    let config = std::fs::read_to_string(folder.path().join("out/config.toml")).unwrap();
    assert!(
        config.contains("preset = \"official\"") && config.contains("convention = \"official\""),
        "{config}"
    );

    std::fs::write(
        folder.path().join("cut.npy"),
        &std::fs::read(folder.path().join("images.npy")).unwrap()[..999],
    )
    .unwrap();
    let two = Array::from_shape_vec((2, 3), vec![2.0, 0.0, 0.0, 2.0, 0.0, 9.0]).unwrap().into_dyn();
    save_npy(folder.path().join("two.npy"), two.view()).unwrap();
    for (images, cameras, text) in [
        ("cut.npy", "cameras.npy", "cut.npy"),
        ("images.npy", "cut.npy", "cut.npy"),
        ("images.npy", "two.npy", "3 pictures and 2 cameras"),
        ("missing.npy", "cameras.npy", "cannot read missing.npy"),
    ] {
        fails(folder.path(), 1, &["fit", "--images", images, "--cameras", cameras, "-o", "o"], text);
    }
}

#[test]
fn pictures_without_alpha_are_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let color = ndarray::Array3::from_elem((3, 16, 16), 0.5);
    softras_io::save_png(folder.path().join("in/a.png"), color.view(), None).unwrap();
    std::fs::write(folder.path().join("c.json"), "[[2.7, 90, 0]]").unwrap();
    std::fs::write(folder.path().join("small.toml"), SMALL).unwrap();
    let args = "fit --config small.toml --images in --cameras c.json --template icosphere:1 --steps 1 -o out";
    let output = succeeds(folder.path(), &args.split(' ').collect::<Vec<_>>());
    assert!(stderr(&output).contains("every pixel counts as the object"), "{}", stderr(&output));
}

#[test]
fn bad_input_ends_with_a_clear_error_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nan.obj"), "v 0 0 0\nv 1 0 0\nv 0 nan 0\nf 1 2 3\n").unwrap();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    std::fs::write(folder.path().join("a.toml"), "[fit]\nsteppes = 3\n").unwrap();
    std::fs::write(folder.path().join("b.toml"), "[fit]\nsigma = { from = 1e-3, to = 0.0 }\n").unwrap();
    std::fs::write(folder.path().join("d.toml"), "[fit]\nsteps = 0\n").unwrap();
    std::fs::write(folder.path().join("e.toml"), "images = \"x.npy\"\n").unwrap();
    std::fs::write(folder.path().join("f.toml"), "picture = 60000\nviews = 1\n").unwrap();
    std::fs::write(folder.path().join("g.toml"), "picture = 9223372036854775807\nviews = 1\n").unwrap();
    for (more, text) in [
        (&["--config", "f.toml"][..], "GiB"),
        (&["--config", "g.toml"], "expected at most 65536"),
        (&["--sigma", "0"][..], "sigma"),
        (&["--steps", "0"], "steps: found 0, expected at least 1"),
        (&["--config", "d.toml"], "steps: found 0, expected at least 1"),
        (&["--sigma", "-1"], "sigma"),
        (&["--sigma", "nan"], "sigma"),
        (&["--gamma", "0"], "gamma"),
        (&["--lr", "-0.1"], "lr"),
        (&["--size", "0x0"], "0"),
        (&["--size", "60000x60000"], "GiB"),
        (&["--size", "100000x100"], "found 100000x100, expected at most 65536"),
        (&["--size", "18446744073709551615"], "expected at most 65536"),
        (&["--views", "0"], "views"),
        (&["--fov", "200"], "field of view"),
        (&["--template", "nan.obj"], "line 3"),
        (&["--template", "missing.ply"], "missing.ply"),
        (&["--template", "icosphere:99"], "level"),
        (&["--template-scale", "nan"], "template_scale"),
        (&["--config", "e.toml"], "cameras"),
        (&["-o", "file/out"], "cannot write file/out"),
        (&["--config", "a.toml"], "steppes"),
        (&["--config", "b.toml"], "sigma"),
        (&["--config", "c.toml"], "cannot read c.toml"),
        (&["--resume"], "no checkpoint"),
    ] {
        fails(folder.path(), 1, &[&["fit"], more].concat(), text);
    }
    // Cameras may come from the settings: then it is the file that is missing.
    fails(folder.path(), 1, &["fit", "--config", "e.toml", "--cameras", "y.npy"], "cannot read");
    for (more, text) in [
        (&["--sample", "vase", "--mesh-target", "a.obj"][..], ""),
        (&["--steps", "many"], ""),
        (&["--steps", "-1"], ""),
        (&["--images", "x.npy"], "cameras"),
        (&["--cameras", "x.npy"], "images"),
        (&["--sample", "nope"], "nope"),
        (&["--backend", "abacus"], "abacus"),
    ] {
        fails(folder.path(), 2, &[&["fit"], more].concat(), text);
    }
}

#[test]
fn the_settings_that_are_printed_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    for preset in ["own", "official"] {
        let printed =
            succeeds(folder.path(), &["fit", "--preset", preset, "--steps", "7", "--print-config"]).stdout;
        std::fs::write(folder.path().join("a.toml"), &printed).unwrap();
        let again = succeeds(folder.path(), &["fit", "--config", "a.toml", "--print-config"]).stdout;
        assert_eq!(String::from_utf8(printed), String::from_utf8(again));
    }
    assert_eq!(files(folder.path()).len(), 1);
    let output = softras(folder.path(), &["fit", "--template", "sample:teapot", "--json"]);
    assert!(last_line(&output)["error"].as_str().unwrap().contains("teapot"));
}

fn wait_for(path: &Path) {
    let begin = Instant::now();
    while !path.exists() {
        assert!(begin.elapsed() < Duration::from_secs(120), "{} does not appear", path.display());
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn photographs_are_fitted_where_their_masks_say() {
    use softras_core::math::Vec3;
    use softras_core::scene::{Camera, Convention, Intrinsics};

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("masks")).unwrap();
    // A ball of radius 0.1 around (5, 1, -2), far from the origin, from four sides; its picture is a disc.
    let center = Vec3::new(5.0, 1.0, -2.0);
    let shots: Vec<softras_io::Shot> = (0..4)
        .map(|n| {
            let angle = 1.3 * f64::from(n);
            let eye = center + Vec3::new(angle.sin(), 0.2, angle.cos());
            let place = Camera::look_at(eye, center).extrinsics(Convention::OpenCv).unwrap();
            let name = format!("{n}.png");
            let disc = |y: usize, x: usize| (y as f64 - 16.0).hypot(x as f64 - 20.0) < 10.0;
            let color = ndarray::Array3::from_shape_fn((3, 32, 48), |(c, y, x)| {
                if disc(y, x) { [0.9, 0.4, 0.1][c] } else { 0.0 }
            });
            softras_io::save_png(at(&name), color.view(), None).unwrap();
            let mask = Array2::from_shape_fn((32, 48), |(y, x)| if disc(y, x) { 1.0 } else { 0.0 });
            softras_io::save_gray_png(at("masks").join(&name), mask.view()).unwrap();
            let lens = Intrinsics::new([100.0, 100.0], [20.0, 16.0], [48, 32]);
            softras_io::Shot {
                image: Some(at(&name)),
                name,
                camera: Camera::posed(place).pinhole(lens),
                size: [48, 32],
                mask: None,
            }
        })
        .collect();
    softras_io::save_par(at("par.txt"), &shots).unwrap();
    std::fs::write(
        at("few.toml"),
        "frames = 0\npicture = 32\n[fit]\nsteps = 30\nbatch = 4\nrefine = [20]\nshrink = [[0, 2], [10, 1]]\n",
    )
    .unwrap();
    let args =
        "fit --config few.toml --photographs par.txt --masks masks --template icosphere:2 -o out --json";
    let args: Vec<&str> = args.split(' ').collect();
    let value = last_line(&succeeds(folder.path(), &args));
    assert!(value["hard_iou"].as_f64().unwrap() > 0.9, "{value}");
    let config = std::fs::read_to_string(at("out/config.toml")).unwrap();
    assert!(config.contains("preset = \"photographs\""), "{config}");
    let world = softras_io::load_ply(at("out/mesh_world.ply")).unwrap();
    assert_eq!(world.triangles().len(), 320 * 4);
    let mean = world.vertices().mean_axis(ndarray::Axis(0)).unwrap();
    assert!((mean[0] - 5.0).abs() < 0.03 && (mean[2] + 2.0).abs() < 0.03, "{mean}");

    fails(folder.path(), 1, &["fit", "--photographs", "missing.txt", "-o", "o"], "missing.txt");
    std::fs::remove_file(at("masks/2.png")).unwrap();
    fails(folder.path(), 1, &["fit", "--photographs", "par.txt", "--masks", "masks", "-o", "o"], "2.png");
}
