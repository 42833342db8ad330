//! Training: short ones, on few procedural shapes.
#![cfg(feature = "burn")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::ops::ControlFlow;
use std::path::Path;

use softras_cpu::CpuRasterizer;
use softras_recon::data::{SampledSet, Store, open_sampled};
use softras_recon::eval::{Predictor, Query};
use softras_recon::settings::{GradientKind, ReconSettings};
use softras_recon::train::{BEST, Checkpoint, Ending, LAST, LOG, Training, TrainingRecord, read_log};

fn store(folder: &Path) -> Store {
    let set = SampledSet { seed: 3, train: 2, val: 1 };
    open_sampled(&CpuRasterizer, &set, &folder.join("few.views"), &|_, _| {}).unwrap()
}

fn settings(steps: usize) -> ReconSettings {
    let mut settings = ReconSettings::small();
    settings.data.stop_share = 0.5;
    let train = &mut settings.train;
    (train.batch, train.steps, train.minutes) = (4, steps, 0.0);
    (train.check_every, train.check_views) = (4, 1);
    settings
}

/// What must be the same twice: not times.
fn curve(folder: &Path) -> Vec<TrainingRecord> {
    let record = |r| TrainingRecord { seconds: 0.0, step_ms: 0.0, render_ms: 0.0, look_ms: 0.0, ..r };
    read_log(&folder.join(LOG)).unwrap().into_iter().map(record).collect()
}

fn go_on(_: &softras_recon::train::Moment<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_curve_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    [&whole, &broken].into_iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    let mut training = Training::new(&CpuRasterizer, &store, settings(12)).unwrap();
    assert_eq!(training.objects(), (10, 10));
    assert_eq!(training.run(&whole, &mut go_on).unwrap(), Ending::Done);
    let expected = curve(&whole);
    assert_eq!(expected.iter().map(|r| r.step).collect::<Vec<_>>(), [4, 8, 12]);
    assert!(expected[2].loss < expected[0].loss, "{expected:?}");
    assert!(expected.iter().all(|r| r.stop_iou.is_some_and(|iou| iou > 0.05)), "{expected:?}");

    // Stopped between two looks, and once more right after one that the log has but the checkpoint has not.
    let mut training = Training::new(&CpuRasterizer, &store, settings(12)).unwrap();
    let stop_at = |at| {
        move |m: &softras_recon::train::Moment<'_>| {
            if m.step == at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    };
    assert_eq!(training.run(&broken, &mut stop_at(6)).unwrap(), Ending::Interrupted);
    let at_6 = Checkpoint::open(&broken.join(LAST)).unwrap();
    assert_eq!(at_6.state.step, 6);
    let resume = |checkpoint| Training::resume(&CpuRasterizer, &store, checkpoint).unwrap();
    assert_eq!(resume(at_6.clone()).run(&broken, &mut stop_at(9)).unwrap(), Ending::Interrupted);
    assert_eq!(curve(&broken).len(), 2);
    assert_eq!(resume(at_6).run(&broken, &mut go_on).unwrap(), Ending::Done);
    assert_eq!(curve(&broken), expected);
    let weights = |folder: &Path| {
        let mut network = Checkpoint::open(&folder.join(LAST)).unwrap().network().unwrap();
        let picture = store.picture(0, 5).unwrap();
        let query = Query { picture: picture.view(), category: "" };
        let predictions = network.predict(&[query]).unwrap();
        let softras_recon::eval::Prediction::Mesh(mesh) = &predictions[0] else { unreachable!() };
        mesh.vertices().mapv(f32::to_bits)
    };
    assert_eq!(weights(&whole), weights(&broken));

    let best = Checkpoint::open(&whole.join(BEST)).unwrap();
    let highest = expected.iter().filter_map(|r| r.stop_iou).fold(0.0, f64::max);
    assert_eq!(best.state.best.map(|b| b.iou.to_bits()), Some(highest.to_bits()));
    assert!(Training::resume(&CpuRasterizer, &store, best).is_err_and(|e| e.to_string().contains(LAST)));
    let mut other = Checkpoint::open(&whole.join(LAST)).unwrap();
    other.settings.data.stop_share = 0.0;
    assert!(Training::resume(&CpuRasterizer, &store, other).is_err_and(|e| e.to_string().contains("others")));
}

#[test]
fn gradients_of_seen_faces_alone_are_another_training() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let run = |gradient| {
        let mut settings = settings(4);
        settings.train.gradient = gradient;
        settings.data.stop_share = 0.0;
        let folder = tempfile::tempdir().unwrap();
        let mut training = Training::new(&CpuRasterizer, &store, settings).unwrap();
        assert_eq!(training.objects(), (20, 0));
        assert_eq!(training.run(folder.path(), &mut go_on).unwrap(), Ending::Done);
        assert!(Checkpoint::open(&folder.path().join(BEST)).unwrap().state.best.is_none());
        curve(folder.path())
    };
    let (full, visible) = (run(GradientKind::Full), run(GradientKind::Visible));
    assert_eq!((full.len(), visible.len()), (1, 1));
    assert!((full[0].loss - visible[0].loss).abs() > 1e-9);
}

#[test]
fn a_training_ends_when_the_stop_split_gets_no_better_or_the_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let mut early = settings(100);
    // Steps too small to change a voxel.
    (early.train.lr, early.train.check_every, early.train.patience) = (1e-12, 1, 3);
    let mut training = Training::new(&CpuRasterizer, &store, early).unwrap();
    assert_eq!(training.run(folder.path(), &mut go_on).unwrap(), Ending::Early);
    assert!((4..50).contains(&training.state().step), "{}", training.state().step);

    let mut short = settings(100_000);
    // One look, when the time is over.
    (short.train.minutes, short.train.check_every) = (0.01, 1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let mut training = Training::new(&CpuRasterizer, &store, short).unwrap();
    let mut shares = Vec::new();
    let ending = training.run(folder.path(), &mut |m| {
        shares.push(m.share);
        ControlFlow::Continue(())
    });
    assert_eq!(ending.unwrap(), Ending::Done);
    assert!(shares.is_sorted() && shares.last().is_some_and(|s| *s >= 1.0), "{shares:?}");
    let last = read_log(&folder.path().join(LOG)).unwrap().pop().unwrap();
    assert!(last.lr.abs() < 1e-12 && (last.sigma - 3e-5).abs() < 1e-9);
    assert!(last.render_ms > 0.0 && last.render_ms < last.step_ms, "{last:?}");
}

#[test]
fn numbers_of_the_renderer_are_learnt_with_the_weights_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let settings = || {
        let own = "[parts]\ndistribution = \"gamma\"\nsilhouette = \"yager\"\nsilhouette_shape = 2.0\n[learn]\nnumbers = \
                   [\"sigma\", \"distribution-shape\", \"silhouette-shape\"]\n";
        let parts: ReconSettings = toml::from_str(own).unwrap();
        ReconSettings { parts: parts.parts, learn: parts.learn, ..settings(8) }
    };
    let run = |folder: &Path, stop: usize| {
        std::fs::create_dir_all(folder).unwrap();
        let mut training = Training::new(&CpuRasterizer, &store, settings()).unwrap();
        let ending = training.run(folder, &mut |m| {
            if m.step == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        ending.unwrap()
    };
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    assert_eq!(run(&whole, usize::MAX), Ending::Done);
    assert_eq!(run(&broken, 5), Ending::Interrupted);
    let checkpoint = Checkpoint::open(&broken.join(LAST)).unwrap();
    let mut training = Training::resume(&CpuRasterizer, &store, checkpoint).unwrap();
    assert_eq!(training.run(&broken, &mut go_on).unwrap(), Ending::Done);
    assert_eq!(curve(&broken), curve(&whole));

    let last = curve(&whole).pop().unwrap();
    let words: Vec<&str> = last.learnt.iter().map(|(word, _)| word.as_str()).collect();
    assert_eq!(words, ["sigma", "distribution-shape", "silhouette-shape"]);
    for ((word, value), start) in last.learnt.iter().zip([1e-4, 1.0, 2.0]) {
        assert!((value / start - 1.0).abs() > 1e-3 && (value / start - 1.0).abs() < 0.5, "{word}: {value}");
    }
    assert!((last.sigma - last.learnt[0].1).abs() < 1e-9, "sigma is as learnt, not as scheduled");
    let mut twice = settings();
    twice.learn.numbers.push(twice.learn.numbers[0]);
    assert!(twice.check().is_err_and(|e| e.to_string().contains("twice")));
    twice.parts = ReconSettings::small().parts;
    twice.learn.numbers.truncate(3);
    assert!(
        twice.check().is_err_and(|e| e.to_string().contains("shape")),
        "the default parts have no shapes"
    );
}
