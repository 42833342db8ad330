//! `softras train` and `predict`: the real binary.

mod program;

use program::{fails, succeeds};

#[test]
fn every_setting_is_shown_and_bad_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let print = |args: &[&str]| {
        let args = [&["train", "--print-config"], args].concat();
        String::from_utf8(succeeds(folder.path(), &args).stdout).unwrap()
    };
    let small = print(&[]);
    assert!(small.contains("kind = \"tiny\"") && small.contains("minutes = 10.0"), "{small}");
    let published = print(&["--preset", "published", "--gradient", "visible", "--seed", "7"]);
    for line in [
        "kind = \"published\"",
        "steps = 250000",
        "batch = 64",
        "lr = 0.0001",
        "gradient = \"visible\"",
        "seed = 7",
    ] {
        assert!(published.contains(line), "{line}: {published}");
    }
    std::fs::write(folder.path().join("a.toml"), "[train]\nbatch = 2\n[network]\nkind = \"published\"\n")
        .unwrap();
    let mixed = print(&["--config", "a.toml", "--minutes", "3"]);
    assert!(
        mixed.contains("batch = 2") && mixed.contains("minutes = 3.0") && mixed.contains("published"),
        "{mixed}"
    );
    fails(folder.path(), 1, &["train", "--minutes", "-1"], "train.minutes");
    fails(folder.path(), 2, &["train", "--resume", "--seed", "1"], "--minutes and --steps");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(not(feature = "recon"))]
#[test]
fn a_build_without_a_network_says_so() {
    let folder = tempfile::tempdir().unwrap();
    fails(folder.path(), 2, &["train"], "without a neural network");
    let predict = ["predict", "--checkpoint", "a.softras", "--image", "a.png", "-o", "a.obj"];
    fails(folder.path(), 2, &predict, "without a neural network");
    fails(folder.path(), 2, &["eval", "--checkpoint", "a.softras"], "without a neural network");
    fails(folder.path(), 2, &["ablate", "--task", "recon"], "without a neural network");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(feature = "recon")]
#[test]
fn a_network_is_trained_gone_on_with_scored_and_predicts() {
    use program::{last_line, stderr};
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| succeeds(folder.path(), args);
    let few = "[data]\nsampled_train = 3\nsampled_val = 1\nstop_share = 0.34\n[train]\nbatch = 4\nsteps = 6\ncheck_every = \
               3\nminutes = 0.0\n[eval]\nviews = 2\n";
    std::fs::write(folder.path().join("few.toml"), few).unwrap();
    let train = ["train", "--config", "few.toml", "-o", "a", "--json"];
    let value = last_line(&run(&train));
    assert_eq!((value["steps"].as_u64(), value["renders"].as_u64()), (Some(6), Some(16)), "{value}");
    assert!(
        value["mean_iou"].as_f64().unwrap() > 0.0 && value["baselines"]["retrieval"].is_object(),
        "{value}"
    );
    assert!(
        value["render_share"].as_f64().unwrap() > 0.0 && value["stop_iou"].as_f64().unwrap() > 0.0,
        "{value}"
    );
    fails(folder.path(), 2, &train, "--resume");
    let value = last_line(&run(&["train", "--resume", "--steps", "9", "-o", "a", "--json"]));
    assert_eq!(value["steps"].as_u64(), Some(9), "{value}");
    let log = std::fs::read_to_string(folder.path().join("a/training.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 3, "{log}");

    let eval = ["eval", "--config", "few.toml", "--checkpoint", "a/best.softras", "--json"];
    let scores = last_line(&run(&eval));
    assert_eq!(scores["mean_iou"], value["mean_iou"]);
    assert_eq!(scores["per_category"].as_object().unwrap().len(), 10, "{scores}");
    fails(folder.path(), 1, &["eval", "--checkpoint", "few.toml"], "another kind of file");

    let color = ndarray::Array3::from_elem((3, 80, 60), 0.8_f32);
    let alpha = ndarray::Array2::from_shape_fn((80, 60), |(y, x)| {
        f32::from(u8::from((20..60).contains(&y) && (10..50).contains(&x)))
    });
    softras_io::save_png(folder.path().join("a.png"), color.view(), Some(alpha.view())).unwrap();
    for name in ["a.obj", "a.glb", "a.ply"] {
        let predict = ["predict", "--checkpoint", "a/best.softras", "--image", "a.png", "-o", name, "--json"];
        assert_eq!(last_line(&run(&predict))["faces"].as_u64(), Some(1280));
        let mesh = softras_io::load_mesh(folder.path().join(name), &softras_io::MeshOptions::default())
            .unwrap()
            .mesh;
        assert_eq!(mesh.triangles().len(), 1280);
    }
    let predict = ["predict", "--checkpoint", "a/best.softras", "--image", "a.png", "-o", "plain.obj"];
    run(&[&predict[..], &["--refine", "0"]].concat());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_ne!(read("plain.obj"), read("a.obj"), "by default the mesh is fitted to the picture");
    let predict = ["predict", "--checkpoint", "a/best.softras", "--image", "a.png", "-o", "a.xyz"];
    fails(folder.path(), 2, &predict, ".obj");
    assert!(
        stderr(&succeeds(folder.path(), &["train", "--config", "few.toml", "-o", "b"])).contains("stop IoU")
    );
}

#[cfg(feature = "recon")]
#[test]
fn single_view_training_is_a_task_of_an_ablation_and_gives_the_same_table_again() {
    use program::last_line;
    let folder = tempfile::tempdir().unwrap();
    let run = |out: &str| {
        let args =
            ["ablate", "--task", "recon", "--quick", "--seeds", "2", "--json", "--backend", "cpu", "-o", out];
        let words = ["--distance", "barycentric", "--loss", "silhouette-color,no-laplacian"];
        last_line(&succeeds(folder.path(), &[&args[..], &words].concat()))
    };
    let first = run("a");
    let rows = first["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &first["fitted"]), (4, &8.into()), "{first}");
    let values = |rows: &[serde_json::Value]| -> Vec<serde_json::Value> {
        rows.iter().map(|row| row["values"].clone()).collect()
    };
    let own = values(rows);
    assert!(own.iter().enumerate().all(|(i, value)| own[..i].iter().all(|other| other != value)), "{own:?}");
    assert_eq!(values(run("b")["rows"].as_array().unwrap()), own);
    assert_eq!(run("a")["found"], 8);
}
