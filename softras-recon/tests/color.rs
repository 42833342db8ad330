//! Colors learnt for a network's shapes: a few steps on a few procedural shapes.
#![cfg(feature = "burn")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::ops::ControlFlow;
use std::path::Path;

use ndarray::{Array4, Axis};
use softras_core::scene::MeshTexture;
use softras_cpu::CpuRasterizer;
use softras_io::{MeshOptions, TexelSize, load_mesh, save_mesh};
use softras_recon::color::{
    ColorOrder, ColorRecord, ColorSettings, ColorTraining, Colored, Reconstructor, read_color_log,
};
use softras_recon::data::{SampledSet, Store, open_sampled};
use softras_recon::eval::score;
use softras_recon::settings::{DataSettings, ReconSettings, TrainSettings};
use softras_recon::train::{Checkpoint, LearnerBytes, Training};

fn settings(order: ColorOrder) -> ReconSettings {
    let small = ReconSettings::small();
    ReconSettings {
        data: DataSettings { sampled_train: 2, sampled_val: 1, stop_share: 0.5, ..small.data },
        train: TrainSettings { batch: 4, minutes: 0.0, ..small.train },
        color: ColorSettings {
            order,
            steps: 24,
            minutes: 0.0,
            lr: 5e-3,
            check_every: 8,
            ..ColorSettings::default()
        },
        ..small
    }
}

fn store(folder: &Path) -> Store {
    let set = SampledSet { seed: 0, train: 2, val: 1 };
    open_sampled(&CpuRasterizer, &set, &folder.join("s.views"), &|_, _| {}).unwrap()
}

/// Learns, and returns what was learnt and said.
fn learn(
    store: &Store,
    settings: &ReconSettings,
    checkpoint: &Checkpoint,
    log: &Path,
) -> (Colored, Vec<ColorRecord>) {
    let training = ColorTraining::new(&CpuRasterizer, store, settings.clone(), checkpoint).unwrap();
    let learnt = training.run(log, &mut |_| ControlFlow::Continue(())).unwrap();
    (learnt, read_color_log(log).unwrap())
}

fn pictures(store: &Store) -> Array4<f32> {
    let picture = |i: usize| store.picture(store.scored()[i], 5 * i).unwrap().mapv(|b| f32::from(b) / 255.0);
    let both = [picture(0), picture(3)].map(|p| p.insert_axis(Axis(0)));
    ndarray::concatenate(Axis(0), &[both[0].view(), both[1].view()]).unwrap()
}

#[test]
fn colors_are_learnt_after_the_shapes_which_stay_to_the_bit_and_the_same_way_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let settings = settings(ColorOrder::After);
    let checkpoint = Training::new(&CpuRasterizer, &store, settings.clone()).unwrap().checkpoint().unwrap();
    let (learnt, log) = learn(&store, &settings, &checkpoint, &folder.path().join("a.jsonl"));
    assert_eq!(log.iter().map(|r| r.step).collect::<Vec<_>>(), [8, 16, 24]);
    assert!(log[2].color < 0.97 * log[0].color, "{log:?}");
    assert!(log[2].stop_color.unwrap() < log[0].stop_color.unwrap(), "{log:?}");
    let best = log.iter().filter_map(|r| r.stop_color).fold(f64::INFINITY, f64::min);
    assert!((learnt.color - best).abs() < 1e-15);
    let shown = pictures(&store);
    let bits = |colored: &Colored| {
        let texels = colored.painter.texels(shown.view()).unwrap().mapv(f32::to_bits);
        (texels, colored.network.vertices(shown.view()).unwrap().mapv(f32::to_bits))
    };
    let before = checkpoint.network().unwrap().vertices(shown.view()).unwrap().mapv(f32::to_bits);
    assert_eq!(bits(&learnt).1, before);
    let (again, _) = learn(&store, &settings, &checkpoint, &folder.path().join("b.jsonl"));
    assert_eq!(bits(&again), bits(&learnt));

    // Both networks in one file, and out of it a mesh with its colors.
    let weights = LearnerBytes { weights: learnt.network.to_bytes().unwrap(), optimizer: Vec::new() };
    let color = learnt.painter.to_bytes().unwrap();
    let path = folder.path().join("colored.softras");
    Checkpoint { settings, bytes: weights, color, ..checkpoint }.save(&path).unwrap();
    let mut reconstructor: Reconstructor = Checkpoint::open(&path).unwrap().reconstructor().unwrap();
    let meshes = reconstructor.meshes(shown.view()).unwrap();
    let texels = learnt.painter.texels(shown.view()).unwrap();
    for (i, mesh) in meshes.iter().enumerate() {
        let expected = MeshTexture::Surface { side: 1, texels: texels.index_axis(Axis(0), i).to_owned() };
        assert_eq!(mesh.texture(), &expected);
    }
    let file = folder.path().join("a.glb");
    save_mesh(&file, &meshes[1]).unwrap();
    let read = load_mesh(&file, &MeshOptions::default().texels(TexelSize::Fixed(1))).unwrap().mesh;
    let MeshTexture::Surface { texels: read, .. } = read.texture() else { panic!("no texels") };
    let apart = (read - &texels.index_axis(Axis(0), 1)).mapv(f32::abs).into_iter().fold(0.0, f32::max);
    assert!(apart < 1.0 / 255.0, "{apart}");
    let scored = store.scored();
    let scores = score(&CpuRasterizer, &store, &scored[..2], &[3], &mut reconstructor, &|_, _| {}).unwrap();
    assert!(scores.color_error > 0.0 && scores.color_error < 0.5, "{scores:?}");
}

#[test]
fn shapes_learn_on_with_the_colors_if_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let settings = settings(ColorOrder::Joint);
    let checkpoint = Training::new(&CpuRasterizer, &store, settings.clone()).unwrap().checkpoint().unwrap();
    let (learnt, log) = learn(&store, &settings, &checkpoint, &folder.path().join("a.jsonl"));
    assert!(log[2].color < log[0].color && log[2].loss < log[0].loss, "{log:?}");
    let shown = pictures(&store);
    let before = checkpoint.network().unwrap().vertices(shown.view()).unwrap();
    assert_ne!(learnt.network.vertices(shown.view()).unwrap(), before);
}
