//! Skinned bodies in pictures: the whole chain of derivatives, and an arm that is found.
//!
//! What needs the body of the outside data is ignored by name where that is absent, unless `SOFTRAS_REQUIRE` holds `data`:
//! then it fails.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use ndarray::{Array2, Array3, Array4, array};
use softras_core::ImageGrad;
use softras_core::math::{Cutoff, Vec3};
use softras_core::raster::{DynRasterizer, RasterParams};
use softras_core::reference::Reference;
use softras_core::scene::{
    Body, BodyParts, BodyPose, Camera, Degrees, Mesh, MeshTexture, Skin, project_views,
};
use softras_cpu::CpuRasterizer;
use softras_fit::body::{BodyFit, BodySettings, BodyState, Joints, part_colors};
use softras_fit::{Schedule, Targets};
use softras_io::{SkinnedBody, load_body};

fn main() {
    let root = std::env::var_os("SOFTRAS_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let file = root.join("body/makehuman_cmu31_lbs.npz");
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|list| list.split(',').any(|word| word.trim() == "data"));
    let absent = !file.is_file() && !required;
    let real = "body::the_gradient_of_the_real_body_is_that_of_central_differences";
    let real = if absent { format!("{real} [ignored: no data]") } else { real.to_owned() };
    let trials = vec![
        Trial::test("body::the_gradient_of_a_picture_is_that_of_central_differences", || {
            picture_gradient();
            Ok(())
        }),
        Trial::test("body::an_arm_is_found", found_arm),
        Trial::test("body::a_fit_comes_to_the_same_bits_again", same_bits),
        Trial::test("body::what_is_not_free_stays", what_is_not_free_stays),
        Trial::test("body::mistakes_are_named", || {
            mistakes();
            Ok(())
        }),
        Trial::test(real, move || real_gradient(&file)).with_ignored_flag(absent),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A torso and an arm of two boxes that reaches to +x; one shape coefficient makes the arm longer.
fn arm() -> SkinnedBody {
    let boxes = [
        ([-0.3, -0.5, -0.15], [0.3, 0.5, 0.15], [0, 0]),
        ([0.3, 0.22, -0.07], [0.65, 0.38, 0.07], [1, 1]),
        ([0.65, 0.22, -0.07], [1.0, 0.38, 0.07], [1, 2]),
    ];
    let (mut rows, mut joints, mut weights, mut triangles) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (low, high, follows) in boxes {
        let first = rows.len() as u32;
        for corner in 0..8_u32 {
            let side = |k: usize| if corner >> k & 1 == 0 { low[k] } else { high[k] };
            rows.push([side(0), side(1), side(2)]);
            joints.push(follows);
            // The inner end of the lower arm is skin between two bones.
            weights.push(if corner & 1 == 0 { [0.5, 0.5] } else { [0.0, 1.0] });
        }
        for [a, b, c, d] in
            [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]]
        {
            triangles.push([a, b, c].map(|i: u32| first + i));
            triangles.push([a, c, d].map(|i: u32| first + i));
        }
    }
    let count = rows.len();
    let longer = |x: f32| (x - 0.3_f32).max(0.0);
    let places = array![[0.0, 0.0, 0.0], [0.3, 0.3, 0.0], [0.65, 0.3, 0.0]];
    let body =
        Body::new(BodyParts {
            template: Array2::from_shape_fn((count, 3), |(v, k)| rows[v][k]),
            directions: Array3::from_shape_fn(
                (count, 3, 1),
                |(v, k, _)| {
                    if k == 0 { longer(rows[v][0]) } else { 0.0 }
                },
            ),
            joint_directions: Array3::from_shape_fn((3, 3, 1), |(j, k, _)| {
                if k == 0 { longer(places[[j, 0]]) } else { 0.0 }
            }),
            joints: places,
            parents: vec![None, Some(0), Some(1)],
            skin: Skin::new(
                Array2::from_shape_fn((count, 2), |(v, k)| joints[v][k]),
                Array2::from_shape_fn((count, 2), |(v, k)| weights[v][k]),
                3,
            )
            .unwrap(),
        })
        .unwrap();
    let names = ["root", "shoulder", "elbow"].map(str::to_owned).to_vec();
    SkinnedBody { body, triangles, joint_names: names, shape_names: vec!["long".to_owned()] }
}

fn in_front() -> Camera {
    Camera::look_at(Vec3::new(0.1, 0.0, 3.2), Vec3::new(0.1, 0.0, 0.0)).perspective(Degrees(34.0))
}

fn beside() -> Camera {
    Camera::look_at(Vec3::new(3.2, 0.8, 0.6), Vec3::new(0.1, 0.0, 0.0)).perspective(Degrees(34.0))
}

/// The arm bent before the chest, `more` radians further in both joints.
fn stand(body: &SkinnedBody, more: f32) -> BodyState {
    let turns = [("shoulder", [0.0, -0.8 - more, 0.0]), ("elbow", [0.0, -1.2 - more, 0.2])];
    BodyState::turned(body, turns).unwrap()
}

/// All numbers of a pose in a row: shape, turns, translation.
fn split(x: &[f64], shapes: usize) -> (Vec<f64>, Vec<Vec3<f64>>, Vec3<f64>) {
    let (shape, x) = x.split_at(shapes);
    let (turns, x) = x.split_at(x.len() - 3);
    let vector = |w: &[f64]| Vec3::new(w[0], w[1], w[2]);
    (shape.to_vec(), turns.chunks_exact(3).map(vector).collect(), vector(x))
}

fn noise(i: usize) -> f64 {
    (i as f64 * 12.9898 + 0.5).sin()
}

/// A picture of the arm against fixed weights, and the gradient to shape, turns and translation.
fn of_picture(body: &Body<f64>, skinned: &SkinnedBody, x: &[f64]) -> (f64, Vec<f64>) {
    let (shape, turns, translation) = split(x, body.shape_count());
    let posed = body.pose(&BodyPose::from_turns(shape, &turns, translation)).unwrap();
    let colors = part_colors(skinned).mapv(f64::from);
    let mesh = Mesh::new(posed.vertices().clone(), skinned.triangles.clone()).unwrap();
    let mesh = mesh.with_texture(MeshTexture::Vertex(colors)).unwrap();
    let params = RasterParams::new(14, 14).sigma(3e-3).gamma(3e-2).near(1.0).far(6.0).cutoff(Cutoff::Smooth);
    let (faces, view) = project_views(&mesh, &[in_front().cast::<f64>()]).unwrap();
    let (image, saved) = DynRasterizer::forward(&Reference, &faces, &params).unwrap();
    let color = image.color.unwrap();
    let weights = Array4::from_shape_fn(color.raw_dim(), |(_, c, y, x)| noise(14 * y + x + 200 * c));
    let loss = (&color * &weights).sum();
    let grad = ImageGrad { color: Some(weights), silhouette: None };
    let gradients = DynRasterizer::backward(&Reference, &saved, &grad).unwrap();
    let grad = posed.vjp(&view.vjp(&gradients).vertices, None).unwrap().pose;
    let of_turns = grad.turns_vjp(&turns).into_iter().flat_map(|w| w.to_array());
    (loss, grad.shape.iter().copied().chain(of_turns).chain(grad.translation.to_array()).collect())
}

fn picture_gradient() {
    let skinned = arm();
    let body = skinned.body.cast::<f64>();
    for more in [0.0, -2.2] {
        let turns = stand(&skinned, more).turns;
        let mut x = vec![0.2];
        x.extend(turns.as_flattened().iter().enumerate().map(|(i, w)| f64::from(*w) + 0.1 * noise(i)));
        x.extend([0.02, -0.03, 0.05]);
        let (_, grad) = of_picture(&body, &skinned, &x);
        let size = grad.iter().map(|g| g * g).sum::<f64>().sqrt();
        for (i, found) in grad.iter().enumerate() {
            let at = |step: f64| {
                let mut moved = x.clone();
                moved[i] += step;
                of_picture(&body, &skinned, &moved).0
            };
            let expected = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((found - expected).abs() < 1e-6 * size, "{more} {i}: {found} {expected} of {size}");
            assert!(found.abs() > 1e-6 * size, "{more} {i}: nothing is reached");
        }
    }
}

fn real_gradient(file: &Path) -> Result<(), Failed> {
    let body = load_body(file)?.body.cast::<f64>();
    let (shapes, joints) = (body.shape_count(), body.joint_count());
    if (shapes, joints) != (10, 31) {
        return Err(format!("{shapes} shapes and {joints} joints, expected 10 and 31").into());
    }
    let x: Vec<f64> = (0..shapes + 3 * joints + 3).map(|i| 0.7 * noise(i)).collect();
    let weights = Array2::from_shape_fn(body.parts().template.raw_dim(), |(v, k)| noise(3 * v + k));
    let posed = |x: &[f64]| {
        let (shape, turns, translation) = split(x, shapes);
        let pose = BodyPose::from_turns(shape, &turns, translation);
        body.pose(&pose).map(|posed| (posed, turns))
    };
    let (here, turns) = posed(&x)?;
    let grad = here.vjp(&weights, None)?.pose;
    let of_turns = grad.turns_vjp(&turns).into_iter().flat_map(|w| w.to_array());
    let grad: Vec<f64> =
        grad.shape.iter().copied().chain(of_turns).chain(grad.translation.to_array()).collect();
    let size = grad.iter().map(|g| g * g).sum::<f64>().sqrt();
    for (i, found) in grad.iter().enumerate() {
        let at = |step: f64| {
            let mut moved = x.clone();
            moved[i] += step;
            posed(&moved).map(|(posed, _)| (posed.vertices() * &weights).sum())
        };
        let expected = (at(1e-5)? - at(-1e-5)?) / 2e-5;
        if (found - expected).abs() > 1e-8 * size {
            return Err(format!("number {i}: {found}, expected {expected}, of {size}").into());
        }
    }
    Ok(())
}

/// Softer than usual: pixels are large here, and a box has few faces to blur the outline.
fn settings() -> BodySettings {
    BodySettings { steps: 160, sigma: Schedule::geometric(3e-4, 3e-5), ..BodySettings::default() }
}

fn fit(settings: BodySettings) -> Result<(BodyState, Vec<f64>), Failed> {
    let body = arm();
    let colors = part_colors(&body);
    let truth = stand(&body, 0.5).mesh(&body)?.with_texture(MeshTexture::Vertex(colors.clone()))?;
    let targets = Targets::from_mesh(&CpuRasterizer, &truth, vec![in_front(), beside()], (48, 48), [0.0; 3])?;
    let start = stand(&body, 0.0);
    let mut fit = BodyFit::new(&CpuRasterizer, &body, colors, targets, start, settings)?;
    fit.run()?;
    Ok((fit.state().clone(), fit.history().to_vec()))
}

fn found_arm() -> Result<(), Failed> {
    let body = arm();
    let elbow_tip = |state: &BodyState| {
        let mesh = state.mesh(&body)?;
        let row = mesh.vertices().row(23).to_owned();
        Ok::<_, softras_fit::Error>(Vec3::new(row[0], row[1], row[2]))
    };
    let (found, _) = fit(settings())?;
    let truth = elbow_tip(&stand(&body, 0.5))?;
    let (before, after) =
        ((elbow_tip(&stand(&body, 0.0))? - truth).norm(), (elbow_tip(&found)? - truth).norm());
    // The body is 1 high.
    if after > 0.05 || before < 0.2 {
        return Err(format!("the hand is {after} off, before {before}; {found:?}").into());
    }
    Ok(())
}

fn same_bits() -> Result<(), Failed> {
    let settings = || BodySettings { steps: 8, shape_rate: 1.0, ..settings() };
    let (first, second) = (fit(settings())?, fit(settings())?);
    if first != second {
        return Err(format!("{first:?}, then {second:?}").into());
    }
    Ok(())
}

fn what_is_not_free_stays() -> Result<(), Failed> {
    let joints = Joints::Named(vec!["elbow".to_owned()]);
    let (found, _) = fit(BodySettings { steps: 3, joints, shift_rate: 0.0, ..settings() })?;
    let start = stand(&arm(), 0.0);
    let bits = |w: &[f32; 3]| w.map(f32::to_bits);
    let held = (0..2).all(|j| bits(&found.turns[j]) == bits(&start.turns[j])) && found.shape == start.shape;
    let placed = bits(&found.translation) == bits(&start.translation);
    if !(held && placed && bits(&found.turns[2]) != bits(&start.turns[2])) {
        return Err(format!("{found:?}, from {start:?}").into());
    }
    Ok(())
}

fn mistakes() {
    let message = |settings: BodySettings| match fit(settings) {
        Ok(found) => format!("{found:?}"),
        Err(e) => e.message().unwrap_or_default().to_owned(),
    };
    for (text, word) in [
        (message(BodySettings { steps: 0, ..settings() }), "steps"),
        (message(BodySettings { rest: (-1.0).into(), ..settings() }), "rest"),
        (message(BodySettings { sigma: 0.0.into(), ..settings() }), "sigma"),
        (message(BodySettings { beta1: 1.0, ..settings() }), "beta1"),
        (
            message(BodySettings { joints: Joints::Named(vec!["tail".into()]), ..settings() }),
            "root, shoulder, elbow",
        ),
    ] {
        assert!(text.contains(word) && text.contains("expected"), "{word}: {text}");
    }
}
