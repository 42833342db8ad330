//! Whole fits: small pictures, few steps.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use softras_core::loss::{NormalConsistency, Volume};
use softras_core::math::{Silhouette, Vec3};
use softras_core::raster::{Outputs, RasterParams, Rasterizer};
use softras_core::scene::{Camera, Lighting, Mesh, MeshTexture, NormalKind, project_views};
use softras_cpu::CpuRasterizer;
use softras_fit::{
    Albedo, Beam, Error, Fit, FitSettings, LearnSettings, Learnt, LightSettings, LossWeights, PartSettings,
    Schedule, ShapeModel, StepScale, Targets, cameras_around,
};
use softras_io::shapes::Sample;
use softras_io::{icosphere, normalize};

const SIZE: (usize, usize) = (24, 24);

fn template() -> Mesh {
    normalize(&icosphere(2).unwrap())
}

fn fit(settings: FitSettings) -> Fit<'static> {
    let cameras = cameras_around(6, 2.4, 30.0);
    let targets =
        Targets::from_mesh(&CpuRasterizer, &Sample::Vase.mesh(), cameras, SIZE, settings.background);
    Fit::new(&CpuRasterizer, template(), targets.unwrap(), settings).unwrap()
}

fn take(fit: &mut Fit<'_>, steps: usize) {
    for _ in 0..steps {
        fit.step().unwrap();
    }
}

#[test]
fn every_model_of_the_shape_improves() {
    for model in [ShapeModel::Smooth, ShapeModel::Offset, ShapeModel::Box] {
        let lr = if model == ShapeModel::Smooth { 0.03 } else { 0.01 };
        let settings = FitSettings { steps: 40, batch: 3, model, lr: lr.into(), ..FitSettings::default() };
        let mut fit = fit(settings);
        let before = fit.score().unwrap();
        take(&mut fit, 40);
        let after = fit.score().unwrap();
        // A quarter of what is missing at least; the official model is the slow one.
        assert!(1.0 - after.mean_iou < 0.75 * (1.0 - before.mean_iou), "{model:?}: {before:?} {after:?}");
    }
}

#[test]
fn colors_come_from_the_pictures() {
    for texels in [0, 2] {
        let mut fit = fit(FitSettings { steps: 40, batch: 3, texels, ..FitSettings::default() });
        take(&mut fit, 40);
        let (first, last) = (fit.history()[0].color, fit.history()[39].color);
        assert!(last < 0.5 * first, "{texels} texels: {first} {last}");
    }
}

#[test]
fn a_loaded_fit_goes_on_with_the_same_bits() {
    let settings = || FitSettings { steps: 12, batch: 4, ..FitSettings::default() };
    let mut whole = fit(settings());
    take(&mut whole, 12);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.softras");
    let mut first = fit(settings());
    take(&mut first, 5);
    first.save(&path).unwrap();
    let mut second = fit(settings());
    second.load(&path).unwrap();
    assert_eq!(second.step_number(), 5);
    take(&mut second, 7);
    assert_eq!(second.mesh().unwrap(), whole.mesh().unwrap());
    assert_eq!(second.history(), whole.history());
}

#[test]
fn a_checkpoint_of_another_fit_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.softras");
    let mut one = fit(FitSettings { steps: 4, batch: 2, ..FitSettings::default() });
    take(&mut one, 1);
    one.save(&path).unwrap();
    let mut other = fit(FitSettings { steps: 4, batch: 3, ..FitSettings::default() });
    let e = other.load(&path).unwrap_err();
    assert!(e.to_string().contains("batch = 2, expected batch = 3"), "{e}");
    assert_eq!(other.step_number(), 0);
    assert!(matches!(other.load(folder.path().join("none")), Err(Error::Read { .. })));
}

#[test]
fn an_empty_view_and_faces_behind_the_camera_do_no_harm() {
    let mut cameras = cameras_around(2, 2.4, 30.0);
    cameras.push(Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::new(0.0, 0.0, 9.0)));
    cameras.push(Camera::look_at(Vec3::new(0.0, 0.1, 0.2), Vec3::ZERO));
    let settings = FitSettings { steps: 4, batch: 0, ..FitSettings::default() };
    let targets =
        Targets::from_mesh(&CpuRasterizer, &Sample::Vase.mesh(), cameras, SIZE, settings.background).unwrap();
    let mut fit = Fit::new(&CpuRasterizer, template(), targets, settings).unwrap();
    take(&mut fit, 4);
    assert!(fit.dropped() > 0);
    assert!(fit.mesh().unwrap().vertices().iter().all(|x| x.is_finite()));
}

#[test]
fn impossible_fits_are_refused() {
    let targets = || {
        Targets::from_mesh(&CpuRasterizer, &Sample::Cube.mesh(), cameras_around(2, 4.0, 30.0), SIZE, [0.0; 3])
    };
    let start = |settings| {
        Fit::new(&CpuRasterizer, template(), targets().unwrap(), settings).err().map(|e| e.to_string())
    };
    let nothing = LossWeights { iou: 0.0, color: 0.0, ..LossWeights::default() };
    for (settings, text) in [
        (FitSettings { sigma: Schedule::Constant(0.0), ..FitSettings::default() }, "sigma"),
        (FitSettings { loss: nothing, ..FitSettings::default() }, "loss"),
        (FitSettings { background: [2.0, 0.0, 0.0], ..FitSettings::default() }, "background"),
        (FitSettings { dist_eps: 0.5, ..FitSettings::default() }, "dist_eps"),
    ] {
        let e = start(settings).unwrap_or_default();
        assert!(e.contains(text) && e.contains("expected"), "{e}");
    }
    assert_eq!(start(FitSettings::default()), None);
}

/// Refined once, from smaller pictures to full ones, under a fitted light.
fn staged() -> FitSettings {
    FitSettings {
        steps: 12,
        batch: 3,
        texels: 0,
        refine: vec![4],
        shrink: vec![(0, 2), (6, 1)],
        light: Some(LightSettings::unknown()),
        step_scale: StepScale::Uniform,
        ..FitSettings::default()
    }
}

#[test]
fn a_refined_fit_has_four_times_the_faces_and_keeps_what_it_learnt() {
    let mut fit = fit(FitSettings { light: None, ..staged() });
    take(&mut fit, 4);
    let (coarse, before) = (fit.mesh().unwrap(), fit.score().unwrap());
    take(&mut fit, 1);
    let fine = fit.mesh().unwrap();
    assert_eq!(fine.triangles().len(), 4 * coarse.triangles().len());
    assert_eq!(fine.channels(), 3);
    let after = fit.score().unwrap();
    assert!(after.mean_iou > before.mean_iou - 0.02, "{before:?} {after:?}");
}

#[test]
fn a_staged_fit_under_a_fitted_light_goes_on_with_the_same_bits_from_every_stage() {
    let mut whole = fit(staged());
    take(&mut whole, 12);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.softras");
    for stop in [3, 4, 5, 9] {
        let mut first = fit(staged());
        take(&mut first, stop);
        first.save(&path).unwrap();
        let mut second = fit(staged());
        second.load(&path).unwrap();
        take(&mut second, 12 - stop);
        assert_eq!(second.mesh().unwrap(), whole.mesh().unwrap(), "stopped after {stop}");
        assert_eq!(second.lighting(), whole.lighting(), "stopped after {stop}");
        assert_eq!(second.history(), whole.history());
    }
}

#[test]
fn a_known_light_explains_pictures_that_plain_grey_does_not() {
    let light = LightSettings {
        ambient: 0.2,
        directional: vec![Beam { direction: [0.0, 1.0, 0.3], intensity: 0.8 }],
        ..LightSettings::default()
    };
    let grey = |mesh: Mesh| {
        let colors = ndarray::Array2::from_elem((mesh.vertices().nrows(), 3), 0.8);
        mesh.with_texture(MeshTexture::Vertex(colors)).unwrap()
    };
    let lighting = Lighting::ambient(0.2).directional(Vec3::new(0.0, 1.0, 0.3), 0.8).on(NormalKind::Vertex);
    let lit = lighting.shade(&grey(template())).unwrap().0;
    let targets =
        Targets::from_mesh(&CpuRasterizer, &lit, cameras_around(6, 2.4, 30.0), SIZE, [0.0; 3]).unwrap();
    let first_color = |light| {
        let settings = FitSettings {
            steps: 1,
            texels: 0,
            albedo: Albedo::Fixed,
            light,
            background: [0.0; 3],
            ..FitSettings::default()
        };
        let mut fit = Fit::new(&CpuRasterizer, grey(template()), targets.clone(), settings).unwrap();
        let loss = fit.step().unwrap();
        // Fixed colors stay.
        assert_eq!(fit.mesh().unwrap().texture(), grey(template()).texture());
        loss.color
    };
    let (known, none) = (first_color(Some(light)), first_color(None));
    assert!(known < 0.3 * none, "{known} {none}");
}

#[test]
fn each_term_on_the_surface_smooths_it() {
    for name in ["laplacian", "flatten", "edge", "normal"] {
        let mut loss = LossWeights { laplacian: 0.0, flatten: 0.0, ..LossWeights::default() };
        *match name {
            "laplacian" => &mut loss.laplacian,
            "flatten" => &mut loss.flatten,
            "edge" => &mut loss.edge,
            _ => &mut loss.normal,
        } = 0.05;
        let rough = |loss| {
            let settings = FitSettings {
                steps: 25,
                batch: 3,
                model: ShapeModel::Offset,
                lr: 0.01.into(),
                loss,
                ..FitSettings::default()
            };
            let mut fit = fit(settings);
            take(&mut fit, 25);
            let mesh = fit.mesh().unwrap();
            NormalConsistency::new(mesh.triangles(), mesh.vertices().nrows())
                .unwrap()
                .loss(mesh.vertices())
                .unwrap()
                .0
        };
        let free = rough(LossWeights { laplacian: 0.0, flatten: 0.0, ..LossWeights::default() });
        let held = rough(loss);
        assert!(held < 0.9 * free, "{name}: {held} {free}");
    }
}

#[test]
fn stages_that_cannot_be_are_refused() {
    let start = |settings: FitSettings| {
        let cameras = cameras_around(2, 2.4, 30.0);
        let targets =
            Targets::from_mesh(&CpuRasterizer, &Sample::Vase.mesh(), cameras, SIZE, [0.0; 3]).unwrap();
        Fit::new(&CpuRasterizer, template(), targets, settings)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default()
    };
    for (settings, text) in [
        (FitSettings { shrink: vec![(0, 5)], ..FitSettings::default() }, "shrink"),
        (FitSettings { shrink: vec![(1, 2)], ..FitSettings::default() }, "shrink"),
        (FitSettings { shrink: vec![(0, 0)], ..FitSettings::default() }, "shrink"),
        (FitSettings { refine: vec![0], ..FitSettings::default() }, "refine"),
        (FitSettings { refine: vec![9, 9], ..FitSettings::default() }, "refine"),
        (FitSettings { refine: vec![9], model: ShapeModel::Box, ..FitSettings::default() }, "refine"),
        (
            FitSettings {
                light: Some(LightSettings::unknown()),
                loss: LossWeights { color: 0.0, ..LossWeights::default() },
                ..FitSettings::default()
            },
            "light",
        ),
    ] {
        let e = start(settings);
        assert!(e.contains(text) && e.contains("expected"), "{text}: {e}");
    }
}

/// The loss of the volume that a fit encloses now.
fn minus_volume(fit: &Fit<'_>) -> f64 {
    let mesh = fit.mesh().unwrap();
    let volume = Volume::new(mesh.triangles(), mesh.vertices().nrows()).unwrap();
    f64::from(volume.loss(mesh.vertices()).unwrap().0)
}

#[test]
fn a_weight_on_the_volume_counts_and_blows_the_surface_up() {
    let after = |volume| {
        let loss = LossWeights { volume, ..LossWeights::default() };
        let mut fit = fit(FitSettings { steps: 20, batch: 3, loss, ..FitSettings::default() });
        let first = minus_volume(&fit);
        take(&mut fit, 20);
        let begin = fit.history()[0];
        (first, begin, minus_volume(&fit))
    };
    let (first, without, plain) = after(0.0);
    let (_, with, blown) = after(2.0);
    assert!(first < -0.1 && without.volume.abs() < 1e-12, "{first} {without:?}");
    assert!((with.volume - first).abs() < 1e-6 * first.abs(), "{with:?} {first}");
    assert!((with.total - without.total - 2.0 * first).abs() < 1e-5, "{with:?} {without:?}");
    assert!(blown < 1.1 * plain, "a volume of {} and, pressed from inside, {}", -plain, -blown);
}

/// Targets of the template itself, blurred as by `sigma`, which a fit that holds still can only meet by the same sigma.
fn blurred(sigma: f32, parts: &PartSettings) -> Targets {
    let cameras = cameras_around(3, 2.4, 30.0);
    let faces = project_views(&template(), &cameras).unwrap().0;
    let params = RasterParams::new(SIZE.0, SIZE.1).sigma(sigma).outputs(Outputs::Silhouette);
    let image = CpuRasterizer.forward(&faces, &parts.apply(params)).unwrap().0;
    Targets::new(image.silhouette.unwrap(), None, cameras).unwrap()
}

/// A fit of the renderer alone: the surface moves by next to nothing.
fn still(parts: PartSettings, numbers: Vec<Learnt>) -> FitSettings {
    FitSettings {
        steps: 120,
        batch: 0,
        sigma: Schedule::Constant(1e-2),
        lr: Schedule::Constant(1e-9),
        loss: LossWeights { iou: 1.0, color: 0.0, laplacian: 0.0, flatten: 0.0, ..LossWeights::default() },
        parts,
        learn: LearnSettings { numbers, lr: Schedule::geometric(0.1, 0.005) },
        ..FitSettings::default()
    }
}

#[test]
fn a_blurred_target_teaches_its_sigma_and_shape() {
    let parts = PartSettings::default();
    let settings = still(parts.clone(), vec![Learnt::Sigma]);
    let sharp = Targets::from_mesh(&CpuRasterizer, &template(), cameras_around(3, 2.4, 30.0), SIZE, [1.0; 3]);
    let mut fit = Fit::new(&CpuRasterizer, template(), sharp.unwrap(), settings.clone()).unwrap();
    take(&mut fit, 120);
    let [(Learnt::Sigma, sigma)] = fit.learnt()[..] else { panic!("{:?}", fit.learnt()) };
    assert!(sigma < 2e-3, "sharp pictures make edges sharp: {sigma}");

    // The soft intersection over union of a blurred picture is best where the mesh is blurred alike or less, so it is the
    // shape of a t-conorm that is learnt from its own pictures here.
    let parts = PartSettings { silhouette: Silhouette::Yager, silhouette_shape: 3.5, ..parts };
    let targets = blurred(1e-2, &parts);
    let start = PartSettings { silhouette_shape: 1.2, ..parts };
    let mut fit =
        Fit::new(&CpuRasterizer, template(), targets, still(start, vec![Learnt::SilhouetteShape])).unwrap();
    let before = fit.step().unwrap().iou;
    take(&mut fit, 119);
    let [(Learnt::SilhouetteShape, shape)] = fit.learnt()[..] else { panic!("{:?}", fit.learnt()) };
    let after = fit.history()[119].iou;
    assert!((shape - 1.2).abs() > 0.1 && after < before, "{shape}: {before} {after}");
}

#[test]
fn what_is_learnt_is_gone_on_with_to_the_same_bits() {
    let settings = still(PartSettings::default(), vec![Learnt::Sigma, Learnt::Gamma]);
    let start = || {
        let targets = blurred(1e-3, &PartSettings::default());
        Fit::new(&CpuRasterizer, template(), targets, settings.clone()).unwrap()
    };
    let (mut whole, mut first, mut second) = (start(), start(), start());
    take(&mut whole, 6);
    let path = tempfile::tempdir().unwrap().path().with_extension("softras");
    take(&mut first, 3);
    first.save(&path).unwrap();
    second.load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(second.learnt(), first.learnt());
    take(&mut second, 3);
    assert_eq!(second.learnt(), whole.learnt());
    assert_ne!(second.learnt(), first.learnt());
}

#[test]
fn what_the_parts_do_not_have_is_not_learnt() {
    let said = |settings: FitSettings| settings.check().unwrap_err().to_string();
    let none = said(still(PartSettings::default(), vec![Learnt::SilhouetteShape]));
    assert!(none.contains("silhouette-shape"), "{none}");
    let twice = said(still(PartSettings::default(), vec![Learnt::Sigma, Learnt::Sigma]));
    assert!(twice.contains("sigma twice"), "{twice}");
    let parts =
        PartSettings { silhouette: Silhouette::Yager, silhouette_shape: 9.0, ..PartSettings::default() };
    let far = said(still(parts, Vec::new()));
    assert!(far.contains("t-conorm shape") && far.contains('9'), "{far}");
    let huge = said(FitSettings { sigma: Schedule::Constant(1e30), ..FitSettings::default() });
    assert!(huge.contains("sigma"), "{huge}");
}
