//! `gradcheck` names the cause in planted situations.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use ndarray::{Array1, Array3};
use softras_core::math::{Color, Distance, Silhouette, TextureKind};
use softras_core::raster::{Outputs, RasterParams, Sides};
use softras_core::scene::{Faces, Textures};
use softras_fit::gradcheck::{Cause, CheckReport, CheckSettings, check};

type Corners = [[f64; 3]; 3];

/// A triangle around the middle, `size` large, at depth `z`, counter-clockwise.
fn triangle(size: f64, z: f64) -> Corners {
    [[-0.9 * size, -0.8 * size, z], [0.85 * size, -0.7 * size, z], [0.1 * size, 0.9 * size, z]]
}

fn shifted(mut corners: Corners, x: f64, y: f64) -> Corners {
    for corner in &mut corners {
        corner[0] += x;
        corner[1] += y;
    }
    corners
}

fn faces(corners: &[Corners], colors: Option<&[f64]>) -> Faces<f64> {
    let array = Array3::from_shape_fn((corners.len(), 3, 3), |(f, k, i)| corners[f][k][i]);
    let faces = Faces::new(array).unwrap();
    let Some(colors) = colors else { return faces };
    let texels = Array3::from_shape_fn((corners.len(), 3, 1), |(f, ..)| colors[f]);
    faces.with_textures(Textures::new(TextureKind::Vertex, texels).unwrap()).unwrap()
}

fn params() -> RasterParams<f64> {
    RasterParams::new(24, 24).sigma(3e-3).gamma(1e-2).background(&[0.0])
}

fn silhouette() -> RasterParams<f64> {
    RasterParams::new(24, 24).sigma(3e-3).outputs(Outputs::Silhouette)
}

fn color() -> RasterParams<f64> {
    params().outputs(Outputs::Color)
}

fn report(faces: &Faces<f64>, params: &RasterParams<f64>) -> CheckReport {
    check(faces, params, CheckSettings::default()).unwrap()
}

/// Asserts that `cause`, and no other, is named for exactly `which` faces.
#[track_caller]
fn names(faces: &Faces<f64>, params: &RasterParams<f64>, cause: Cause, which: &[usize]) {
    let report = report(faces, params);
    let found: Vec<_> = report.zero.iter().map(|f| (f.cause, f.faces.clone())).collect();
    assert_eq!(found, [(cause, which.to_vec())], "{report:?}");
    assert!(report.odd.is_empty(), "{report:?}");
    assert_eq!(report.moved, faces.count() - which.len());
}

#[test]
fn a_sound_scene_has_nothing_to_tell() {
    let scene = faces(&[triangle(0.6, 2.0), shifted(triangle(0.4, 2.5), 0.2, 0.1)], Some(&[0.3, 0.8]));
    let params = params().gamma(0.1).color(Color::Over);
    let report = report(&scene, &params);
    assert!(report.zero.is_empty() && report.odd.is_empty(), "{report:?}");
    assert_eq!((report.compared, report.moved), (18, 2));
    assert!(report.worst < 1e-6, "{report:?}");
}

#[test]
fn behind_the_camera() {
    let scene = faces(&[triangle(0.6, 2.0), triangle(0.5, 2.0)], None);
    let scene = scene.with_absent(Array1::from(vec![false, true])).unwrap();
    names(&scene, &silhouette(), Cause::BehindCamera, &[1]);
}

#[test]
fn beside_the_picture() {
    let scene = faces(&[triangle(0.6, 2.0), shifted(triangle(0.5, 2.0), 3.0, 0.0)], None);
    names(&scene, &silhouette(), Cause::OutOfReach, &[1]);
}

#[test]
fn nothing_in_the_picture_at_all() {
    let scene = faces(&[shifted(triangle(0.5, 2.0), 3.0, 0.0)], None);
    let causes: Vec<_> = report(&scene, &silhouette()).zero.iter().map(|f| f.cause).collect();
    assert_eq!(causes, [Cause::BackgroundOnly, Cause::OutOfReach]);
}

#[test]
fn no_area() {
    let line = [[-0.5, -0.5, 2.0], [0.0, 0.0, 2.0], [0.5, 0.5, 2.0]];
    let scene = faces(&[shifted(triangle(0.3, 2.0), 0.5, -0.4), line], Some(&[0.3, 0.8]));
    names(&scene, &color().color(Color::Over), Cause::NoArea, &[1]);
}

#[test]
fn too_small_to_have_an_area() {
    let scene = faces(&[triangle(0.6, 2.0), triangle(1e-9, 2.0)], None);
    let report = report(&scene, &silhouette().sigma(1e-7));
    let named = report.zero.iter().find(|f| f.faces.contains(&1)).map(|f| f.cause);
    assert_eq!(named, Some(Cause::TooSmall), "{report:?}");
    assert_eq!(report.compared, 9, "of the other face alone: {report:?}");
}

#[test]
fn edges_beside_the_picture() {
    names(&faces(&[triangle(9.0, 2.0)], None), &silhouette(), Cause::EdgesBeside, &[0]);
}

#[test]
fn differences_are_as_fine_as_depth_is_hard() {
    // Two faces that cross, mixed over a depth much smaller than the usual difference.
    let mut tilted = triangle(0.5, 2.0);
    tilted[0][2] = 1.9;
    let scene = faces(&[triangle(0.6, 1.98), tilted], Some(&[0.3, 0.8]));
    let report = report(&scene, &params().gamma(1e-9).color(Color::Softmax));
    assert!(report.compared == 18 && report.odd.is_empty() && report.worst < 1e-4, "{report:?}");
}

#[test]
fn sigma_too_small_for_a_face_between_pixels() {
    let scene = faces(&[triangle(0.6, 2.0), triangle(0.01, 2.0)], None);
    let params = silhouette().sigma(1e-7);
    let report = report(&scene, &params);
    let named = report.zero.iter().find(|f| f.faces.contains(&1)).map(|f| f.cause);
    assert_eq!(named, Some(Cause::SigmaTooSmall), "{report:?}");
}

#[test]
fn sigma_too_small_for_the_edges_of_a_large_face() {
    names(&faces(&[triangle(0.6, 2.0)], None), &silhouette().sigma(1e-9), Cause::SigmaTooSmall, &[0]);
}

#[test]
fn saturated_by_others() {
    let mut all = vec![triangle(0.9, 2.0); 12];
    all.push(shifted(triangle(0.1, 2.0), -0.05, -0.2));
    names(&faces(&all, None), &silhouette().sigma(1e-3), Cause::Saturated, &[12]);
}

#[test]
fn a_hard_silhouette() {
    let params = silhouette().silhouette(Silhouette::Hard);
    names(&faces(&[triangle(0.6, 2.0)], None), &params, Cause::HardSilhouette, &[0]);
}

#[test]
fn a_hard_distance() {
    let params = silhouette().distance(Distance::Hard);
    names(&faces(&[triangle(0.6, 2.0)], None), &params, Cause::HardDistance, &[0]);
}

#[test]
fn culled() {
    let mut back = triangle(0.5, 2.0);
    back.swap(0, 1);
    let scene = faces(&[shifted(triangle(0.3, 2.0), 0.5, -0.4), back], Some(&[0.3, 0.8]));
    names(&scene, &color().color(Color::Over).sides(Sides::Front), Cause::Culled, &[1]);
}

#[test]
fn outside_near_and_far() {
    let scene = faces(&[shifted(triangle(0.3, 2.0), 0.5, -0.4), triangle(0.6, 200.0)], Some(&[0.3, 0.8]));
    names(&scene, &color().color(Color::Over), Cause::OutsideDepths, &[1]);
}

#[test]
fn color_detached_from_places() {
    let scene = faces(&[triangle(0.6, 2.0)], Some(&[0.8]));
    names(&scene, &color().color(Color::Hard), Cause::ColorDetached, &[0]);
}

#[test]
fn hidden_at_this_gamma() {
    let scene = faces(&[triangle(0.9, 2.0), shifted(triangle(0.1, 5.0), 0.0, -0.2)], Some(&[0.8, 0.3]));
    names(&scene, &color().color(Color::Over).gamma(1e-4), Cause::Hidden, &[1]);
}

#[test]
fn gamma_so_small_that_the_probability_cancels() {
    let scene = faces(&[triangle(0.6, 2.0)], Some(&[0.8]));
    names(&scene, &color().gamma(1e-4), Cause::GammaCancels, &[0]);
}

#[test]
fn no_contrast_to_the_background() {
    let scene = faces(&[triangle(0.6, 2.0)], Some(&[0.5]));
    names(&scene, &color().color(Color::Over).background(&[0.5]), Cause::NoContrast, &[0]);
}

#[test]
fn no_faces_are_refused() {
    let scene = Faces::new(Array3::zeros((0, 3, 3))).unwrap();
    assert!(check(&scene, &silhouette(), CheckSettings::default()).is_err());
}
