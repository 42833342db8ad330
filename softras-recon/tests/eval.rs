//! Scores of predictions whose worth is known.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::path::Path;
use std::sync::Arc;

use softras_core::scene::{Lighting, Mesh};
use softras_cpu::CpuRasterizer;
use softras_fit::FitFolder;
use softras_io::shapes::Sample;
use softras_io::{normalize, save_ply};
use softras_recon::Voxels;
use softras_recon::data::{Appearance, Light, Split, Store, Stretch, appearance, open_folder};
use softras_recon::eval::{
    Page, Plan, Prediction, Predictor, Query, Retrieval, Told, evaluate, evaluate_against, examples, score,
    tables,
};
use softras_recon::train::TrainingRecord;

const SAMPLES: [(&str, Sample, &str); 3] =
    [("chair", Sample::Chair, "val"), ("vase", Sample::Vase, "val"), ("lamp", Sample::Lamp, "train")];

fn store(folder: &Path) -> Store {
    let mut manifest = "key\tcategory\tsplit\n".to_owned();
    for (name, sample, split) in SAMPLES {
        save_ply(folder.join(format!("{name}.ply")), &sample.mesh()).unwrap();
        manifest += &format!("{name}\t{name}\t{split}\n");
    }
    std::fs::write(folder.join("manifest.tsv"), manifest).unwrap();
    open_folder(&CpuRasterizer, folder, &folder.join("x.views"), Stretch::default(), &|_, _| {}).unwrap()
}

fn mesh(category: &str) -> Mesh {
    let folder = tempfile::tempdir().unwrap();
    let (_, sample, _) = SAMPLES.into_iter().find(|(name, ..)| *name == category).unwrap();
    let path = folder.path().join("m.ply");
    save_ply(&path, &sample.mesh()).unwrap();
    normalize(&softras_io::load_ply(path).unwrap())
}

/// Predicts what a function says.
struct By<F>(F);

impl<F: FnMut(&Query<'_>) -> Prediction> Predictor for By<F> {
    fn predict(&mut self, queries: &[Query<'_>]) -> softras_recon::Result<Vec<Prediction>> {
        Ok(queries.iter().map(&mut self.0).collect())
    }
}

#[test]
fn stretched_copies_are_learnt_from_and_belong_to_no_other_split() {
    let folder = tempfile::tempdir().unwrap();
    drop(store(folder.path()));
    let open = |copies: usize| {
        let (cache, stretch) = (folder.path().join("y.views"), Stretch { copies, by: 0.4 });
        open_folder(&CpuRasterizer, folder.path(), &cache, stretch, &|_, _| {}).unwrap()
    };
    let stretched = open(3);
    let names = |objects: Vec<usize>| -> Vec<&str> {
        objects.into_iter().map(|i| stretched.objects()[i].name.as_str()).collect()
    };
    assert_eq!(names(stretched.of_split(Split::Stretched)), ["lamp~1", "lamp~2", "lamp~3"]);
    assert_eq!(names(stretched.of_split(Split::Train)), ["lamp"]);
    assert_eq!(names(stretched.scored()), ["chair", "vase"]);
    let (learn, stop) = stretched.carve(0.0, 0).unwrap();
    assert_eq!((learn.len(), stop.len()), (4, 0));
    let copy = stretched.of_split(Split::Stretched)[0];
    let own = stretched.of_split(Split::Train)[0];
    assert_ne!(stretched.picture(copy, 0).unwrap(), stretched.picture(own, 0).unwrap());
    // Another number of copies is another file.
    assert_eq!(open(0).objects().len(), 3);
    let many = Stretch { copies: 1000, by: 0.4 };
    let refused =
        open_folder(&CpuRasterizer, folder.path(), &folder.path().join("z.views"), many, &|_, _| {});
    assert!(refused.unwrap_err().to_string().contains("data.stretched"));
}

#[test]
fn the_truth_scores_full_marks_as_a_mesh_and_as_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let run = |predictor: &mut dyn Predictor| {
        score(&CpuRasterizer, &store, &[0, 1], &[0, 13], predictor, &|_, _| {}).unwrap()
    };
    // A prediction holds its light: the truth is lit, then drawn as it is.
    let meshes = run(&mut By(|q: &Query<'_>| {
        Prediction::Mesh(Lighting::default().shade(&mesh(q.category)).unwrap().0)
    }));
    let known = run(&mut By(|q: &Query<'_>| {
        Prediction::Known(Arc::new(appearance(&CpuRasterizer, &mesh(q.category), Light::Usual).unwrap()))
    }));
    assert_eq!(meshes, known);
    assert_eq!((known.mean_iou, known.silhouette_iou, known.color_error), (1.0, 1.0, 0.0));
    assert_eq!(known.per_category.len(), 2);

    let unlit = run(&mut By(|q: &Query<'_>| Prediction::Mesh(mesh(q.category))));
    assert!(unlit.mean_iou > 0.999 && unlit.color_error > 0.02, "{unlit:?}");
    let swapped = run(&mut By(|q: &Query<'_>| {
        Prediction::Mesh(mesh(if q.category == "chair" { "vase" } else { "chair" }))
    }));
    assert!(swapped.mean_iou < 0.5 && swapped.silhouette_iou < 0.7, "{swapped:?}");
}

#[test]
fn the_shown_view_does_not_count_among_the_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let mut half = store.appearance(0).unwrap();
    // Right from the shown side alone.
    for view in 1..24 {
        half.pictures.index_axis_mut(ndarray::Axis(0), view).fill(0);
    }
    let half = Arc::new(Appearance { voxels: Voxels::default(), ..half });
    let mut predictor = By(|_: &Query<'_>| Prediction::Known(half.clone()));
    let scores = score(&CpuRasterizer, &store, &[0], &[0], &mut predictor, &|_, _| {}).unwrap();
    assert_eq!((scores.mean_iou, scores.silhouette_iou), (0.0, 0.0));
}

#[test]
fn what_is_scored_is_not_learnt_from() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let plan = |objects: &[usize], train_objects: &[usize], views| Plan {
        store: &store,
        objects: objects.to_vec(),
        train: &store,
        train_objects: train_objects.to_vec(),
        views,
    };
    let run = |plan: &Plan<'_>| evaluate(&CpuRasterizer, plan, None, &|_, _, _| {});
    assert!(run(&plan(&[0, 2], &[2], 1)).unwrap_err().to_string().contains("found lamp"));
    assert!(run(&plan(&[0], &[], 1)).is_err());
    assert!(run(&plan(&[], &[2], 1)).is_err());
    assert!(run(&plan(&[0], &[2], 0)).is_err());
    let report = run(&plan(&[0, 1], &[2], 1)).unwrap();
    assert_eq!(report.mean_iou, None);
    let names: Vec<&str> = report.baselines.keys().map(String::as_str).collect();
    assert_eq!(names, ["mean_shape", "retrieval", "retrieval_in_category", "sphere"]);
    // One object to learn from: all baselines but the sphere are that object, and its mean shape is itself.
    let lamp = report.baselines["retrieval"].mean_iou;
    assert!((report.baselines["mean_shape"].mean_iou - lamp).abs() < 1e-12 && lamp > 0.0 && lamp < 0.6);
}

#[test]
fn scores_are_given_for_each_category_and_a_flat_color_is_no_better_than_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let mut truth = By(|q: &Query<'_>| {
        Prediction::Known(Arc::new(appearance(&CpuRasterizer, &mesh(q.category), Light::Usual).unwrap()))
    });
    let scores = score(&CpuRasterizer, &store, &[0, 1], &[5], &mut truth, &|_, _| {}).unwrap();
    for (name, each) in [
        ("silhouette", &scores.silhouette_per_category),
        ("color", &scores.color_per_category),
        ("flat", &scores.flat_color_per_category),
    ] {
        assert_eq!(each.keys().collect::<Vec<_>>(), ["chair", "vase"], "{name}");
    }
    let flat = &scores.flat_color_per_category;
    assert!((scores.flat_color_error - (flat["chair"] + flat["vase"]) / 2.0).abs() < 1e-12);
    assert!(scores.flat_color_error > 0.01 && scores.flat_color_error < 0.5, "{scores:?}");
    assert!(scores.color_per_category.values().all(|error| *error < flat["chair"].min(flat["vase"])));
}

#[test]
fn a_page_shows_examples_that_nobody_picked() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let plan = Plan { store: &store, objects: vec![0, 1], train: &store, train_objects: vec![2], views: 2 };
    let quiet = |_: &str, _: usize, _: usize| {};
    let mut truth =
        By(|q: &Query<'_>| Prediction::Mesh(Lighting::default().shade(&mesh(q.category)).unwrap().0));
    let learnt = plan.learn(&quiet).unwrap();
    let report = evaluate_against(&CpuRasterizer, &plan, &learnt, Some(&mut truth), &quiet).unwrap();
    let mut retrieval = Retrieval::new(&learnt, Told::Nothing);
    let methods: &mut [(&str, &mut dyn Predictor)] =
        &mut [("truth", &mut truth), ("retrieval", &mut retrieval)];
    let shown = examples(&CpuRasterizer, &plan, 24, methods, &quiet).unwrap();
    let views: Vec<(&str, usize)> = shown.iter().map(|e| (e.name.as_str(), e.view)).collect();
    assert_eq!(views, [("chair", 0), ("vase", 12)]);
    for example in &shown {
        assert_eq!(example.truth[0], example.input);
        assert_eq!(example.attempts[0].sides, example.truth);
        assert!((example.attempts[0].iou - 1.0).abs() < 1e-12 && example.attempts[1].iou < 0.6);
        assert_ne!(example.truth[0], example.truth[2]);
    }
    assert!(examples(&CpuRasterizer, &plan, 0, methods, &quiet).is_err());

    let log: Vec<TrainingRecord> = (1..1000)
        .map(|step| {
            let stop_iou = (step % 100 == 0).then_some(step as f64 / 2e3);
            TrainingRecord {
                step,
                seconds: step as f64,
                share: step as f64 / 1e3,
                lr: 1e-4,
                sigma: 1e-4,
                loss: 1.0 / step as f64,
                silhouette: 0.5,
                laplacian: 0.1,
                flatten: 0.1,
                stop_iou,
                step_ms: 10.0,
                render_ms: 2.0,
                look_ms: 0.0,
                learnt: Vec::new(),
            }
        })
        .collect();
    let target = FitFolder::create(folder.path().join("page")).unwrap();
    let page = Page {
        title: "A <title>",
        command: "softras eval",
        text: &["What was done.".to_owned()],
        report: &report,
        methods: &["truth".to_owned(), "retrieval".to_owned()],
        examples: &shown,
        log: &log,
        color_log: &[],
        settings: &serde_json::json!({ "views": 2 }),
    };
    page.write(&target).unwrap();
    let html = std::fs::read_to_string(target.file("report.html")).unwrap();
    assert!(html.contains("A &lt;title&gt;") && html.contains("vase (vase), view 12: truth 100.0"), "{html}");
    assert_eq!(html.matches("data:image/png;base64").count(), 2);
    assert_eq!(html.matches("<svg").count(), 2);
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(target.file("report.json")).unwrap()).unwrap();
    assert!((json["mean_iou"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(json["examples"][1]["view"], 12);
    assert!(json["silhouette_per_category"]["chair"].as_f64().unwrap() > 0.99);
    let picture = softras_io::RgbFrame::load(target.file("examples.png")).unwrap();
    assert!(picture.width() > 10 * 128 && picture.height() > 2 * 128);
    let mut names: Vec<String> = std::fs::read_dir(target.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["examples.png", "loss.svg", "report.html", "report.json", "validation.svg"]);
    // Without a log there are no curves, and without a model the baselines are shown.
    Page { log: &[], ..page }.write(&FitFolder::create(folder.path().join("bare")).unwrap()).unwrap();
    assert!(!folder.path().join("bare/loss.svg").exists());

    let tables = tables(&report);
    assert_eq!(tables.len(), 3);
    for table in &tables {
        assert!(table.rows.iter().all(|row| row.len() == table.head.len()) && table.rows.len() == 3);
        assert_eq!(table.head[1], "model");
        assert_eq!(table.text().lines().count(), 5);
    }
    assert_eq!((tables[0].rows[2][1].as_str(), tables[2].rows[2][1].as_str()), ("100.0", "0.0"));
}
