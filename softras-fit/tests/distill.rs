//! Distillation of the neural aggregator: the weights get better, and are the same on every run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use softras_cpu::CpuRasterizer;
use softras_fit::Error;
use softras_fit::distill::{DistillSettings, Distilled, Teacher, distill};

fn small() -> DistillSettings {
    DistillSettings { hidden: 8, steps: 400, batch: 4, size: 16, ..DistillSettings::default() }
}

fn run(settings: &DistillSettings, threads: usize) -> Distilled {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| distill(&CpuRasterizer::new(), settings, |_, _| {})).unwrap()
}

#[test]
fn the_network_comes_nearer_to_its_teacher_than_the_background_is() {
    for teacher in [Teacher::Softmax, Teacher::Over] {
        let settings = DistillSettings { teacher, ..small() };
        let mut heard = 0;
        let found = distill(&CpuRasterizer::new(), &settings, |_, _| heard += 1).unwrap();
        assert_eq!((heard, found.losses.len()), (settings.steps, settings.steps));
        let (before, after, background) = (found.before, found.after, found.background);
        assert!(after.mean < 0.6 * before.mean, "{teacher:?}: {before:?} {after:?}");
        assert!(after.mean < 0.8 * background.mean, "{teacher:?}: {background:?} {after:?}");
    }
}

#[test]
fn weights_follow_from_the_settings_alone() {
    let settings = DistillSettings { steps: 5, ..small() };
    let one = run(&settings, 1).network;
    assert!(one == run(&settings, 3).network, "another number of threads, other weights");
    assert!(
        one != run(&DistillSettings { seed: 1, ..settings }, 1).network,
        "another seed, the same weights"
    );
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    for (bad, name) in [
        (DistillSettings { hidden: 33, ..small() }, "hidden"),
        (DistillSettings { steps: 0, ..small() }, "steps"),
        (DistillSettings { batch: 0, ..small() }, "batch"),
        (DistillSettings { size: 1 << 20, ..small() }, "size"),
        (DistillSettings { lr: f64::NAN, ..small() }, "lr"),
        (DistillSettings { gamma: -1.0, ..small() }, "gamma"),
        (DistillSettings { gamma: 1e-30, ..small() }, "gamma"),
        (DistillSettings { epsilon: f64::INFINITY, ..small() }, "epsilon"),
    ] {
        let error = distill(&CpuRasterizer::new(), &bad, |_, _| {}).unwrap_err();
        assert!(matches!(error, Error::Setting { .. } | Error::Core(_)), "{error}");
        assert!(error.to_string().contains(name), "{error} lacks {name}");
    }
}
