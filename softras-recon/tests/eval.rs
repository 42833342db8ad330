//! Scores of predictions whose worth is known.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::path::Path;
use std::sync::Arc;

use softras_core::scene::{Lighting, Mesh};
use softras_cpu::CpuRasterizer;
use softras_io::shapes::Sample;
use softras_io::{normalize, save_ply};
use softras_recon::Voxels;
use softras_recon::data::{Appearance, Light, Store, appearance, open_folder};
use softras_recon::eval::{Plan, Prediction, Predictor, Query, evaluate, score};

const SAMPLES: [(&str, Sample, &str); 3] =
    [("chair", Sample::Chair, "val"), ("vase", Sample::Vase, "val"), ("lamp", Sample::Lamp, "train")];

fn store(folder: &Path) -> Store {
    let mut manifest = "key\tcategory\tsplit\n".to_owned();
    for (name, sample, split) in SAMPLES {
        save_ply(folder.join(format!("{name}.ply")), &sample.mesh()).unwrap();
        manifest += &format!("{name}\t{name}\t{split}\n");
    }
    std::fs::write(folder.join("manifest.tsv"), manifest).unwrap();
    open_folder(&CpuRasterizer, folder, &folder.join("x.views"), &|_, _| {}).unwrap()
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
