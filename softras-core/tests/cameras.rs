//! Cameras: known answers, conventions, and what is dropped.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod derivative;
mod rig;

use ndarray::{Array2, Array3};
use proptest::prelude::*;
use rig::*;
use softras_core::math::{Mat3, Vec3};
use softras_core::raster::Gradients;
use softras_core::scene::{
    Camera, Convention, Degrees, Distortion, Extrinsics, Faces, Intrinsics, Lens, Mesh, Orbit, View, Winding,
    axis_angle, project_views,
};

// ---------------------------------------------------------------- known answers

#[track_caller]
fn near(a: Vec3<f64>, b: [f64; 3], slack: f64) {
    assert!((a - Vec3::from(b)).norm() <= slack, "{a:?} against {b:?}");
}

#[track_caller]
fn seen(camera: &Camera<f64>, v: [f64; 3]) -> Vec3<f64> {
    camera.screen(Vec3::from(v)).unwrap().unwrap()
}

#[test]
fn an_axis_and_angle_is_a_rotation() {
    assert_eq!(axis_angle(Vec3::ZERO), Mat3::<f64>::IDENTITY);
    for (angle, v) in [(0.4, [0.2, 0.5, -0.3]), (2.5, [1.0, 0.0, 0.7])] {
        let axis = [0.3, -0.8, 0.5];
        let w = Vec3::from(axis).normalize(1e-9) * angle;
        near(axis_angle(w).mul_vec(Vec3::from(v)), turned(axis, angle, Vec3::from(v)).to_array(), 1e-15);
    }
    // Counter-clockwise seen from the tip of the axis: x turns to y around z.
    let quarter = Vec3::new(0.0, 0.0, core::f64::consts::FRAC_PI_2);
    near(axis_angle(quarter).mul_vec(Vec3::new(1.0, 0.0, 0.0)), [0.0, 1.0, 0.0], 1e-15);
}

#[test]
fn ours_is_not_mirrored() {
    let camera = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).perspective(Degrees(90.0));
    near(seen(&camera, [1.0, 0.0, 0.0]), [1.0 / 3.0, 0.0, 3.0], 1e-15);
    near(seen(&camera, [0.0, 1.0, 1.0]), [0.0, 0.5, 2.0], 1e-15);
    near(seen(&camera.official(), [1.0, 0.0, 0.0]), [-1.0 / 3.0, 0.0, 3.0], 1e-15);
    // From +x, the right of the picture is -z.
    let side = Camera::look_at(Vec3::new(3.0, 0.0, 0.0), Vec3::ZERO).orthographic(2.0);
    near(seen(&side, [0.0, 1.0, -1.0]), [0.5, 0.5, 3.0], 1e-15);
    assert_eq!(camera.front(), Winding::CounterClockwise);
    assert_eq!(camera.official().front(), Winding::Clockwise);
}

#[test]
fn a_triangle_that_shows_its_outside_runs_as_the_front_does() {
    // Counter-clockwise seen from +z, outside towards +z.
    let vertices = vec![0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let mesh = Mesh::new(Array2::from_shape_vec((3, 3), vertices).unwrap(), vec![[0, 1, 2]]).unwrap();
    let ours = Camera::look_at(Vec3::new(0.3, 0.2, 4.0), Vec3::ZERO);
    for camera in [ours, ours.official()] {
        let (faces, _) = camera.project(&mesh).unwrap();
        let [a, b, c] = faces.face(0).map(Vec3::from);
        let det = (b - a).cross(c - a).z;
        assert_eq!(det > 0.0, faces.front() == Winding::CounterClockwise, "det {det}");
    }
}

/// MATH 8, written again from its words: `v' = R (v - eye)`, `x / (z tan a)`.
#[test]
fn the_official_camera_is_the_one_of_the_papers_code() {
    let eye = Orbit::<f64>::usual(Degrees(0.0)).eye();
    let (up, back) = (0.5 * 2.732, 2.732 * 3.0_f64.sqrt() / 2.0);
    near(eye, [0.0, up, -back], 1e-15);
    near(Orbit::new(2.0, Degrees(0.0), Degrees(90.0)).eye(), [2.0, 0.0, 0.0], 1e-15);
    // z = norm(at - eye); x = norm(up x z) = (1, 0, 0); y = z x x = (0, z_z, -z_y)
    let z = [0.0, -0.5, 3.0_f64.sqrt() / 2.0];
    let (x, y) = ([1.0, 0.0, 0.0], [0.0, z[2], -z[1]]);
    let v = [0.3, -0.2, 0.15];
    let from_eye = [v[0], v[1] - up, v[2] + back];
    let dot = |a: [f64; 3]| a.iter().zip(from_eye).map(|(a, b)| a * b).sum::<f64>();
    let tan = 15.0_f64.to_radians().tan();
    let expected = [dot(x) / (dot(z) * tan), dot(y) / (dot(z) * tan), dot(z)];
    let camera = Camera::look_at(eye, Vec3::ZERO).official().perspective(Degrees(30.0));
    near(seen(&camera, v), expected, 1e-14);
    near(seen(&Camera::orbit(&Orbit::usual(Degrees(0.0))).official(), v), expected, 1e-14);
}

#[test]
fn conventions_name_the_same_place() {
    use Convention::{OpenCv, OpenGl, PyTorch3d, SoftRasOfficial, Softras};
    let camera = build(Kind::Perspective, &start(Kind::Perspective));
    let v = [0.2, -0.3, 0.4];
    let expected = seen(&camera, v);
    for convention in [Softras, SoftRasOfficial, OpenCv, OpenGl, PyTorch3d] {
        let place = camera.extrinsics(convention).unwrap();
        place.check().unwrap();
        let x = if convention.is_mirrored() { -expected.x } else { expected.x };
        let again = Camera::posed(place).perspective(Degrees(50.0));
        near(seen(&again, v), [x, expected.y, expected.z], 1e-14);
        let through = Camera::posed(place.convert(OpenCv)).perspective(Degrees(50.0));
        near(seen(&through, v), expected.to_array(), 1e-14);
    }
    // By hand, from +z at distance 3.
    let front = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO);
    for (convention, [x, y, z], t) in [
        (Softras, [1.0, 1.0, -1.0], 3.0),
        (SoftRasOfficial, [-1.0, 1.0, -1.0], 3.0),
        (OpenCv, [1.0, -1.0, -1.0], 3.0),
        (OpenGl, [1.0, 1.0, 1.0], -3.0),
        (PyTorch3d, [-1.0, 1.0, -1.0], 3.0),
    ] {
        let e = front.extrinsics(convention).unwrap();
        let diagonal = Mat3::from([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, z]]);
        assert_eq!((e.rotation, e.translation), (diagonal, Vec3::new(0.0, 0.0, t)), "{convention:?}");
    }
    // A turn of 90 degrees shows which side the transpose is on.
    let turn = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]];
    // PyTorch3D: (1, 2, 3) R + T = (-3, 2, 1 + 5), and x points left.
    let camera = Camera::pytorch3d(turn, Vec3::new(0.0, 0.0, 5.0)).orthographic(1.0);
    near(seen(&camera, [1.0, 2.0, 3.0]), [3.0, 2.0, 6.0], 1e-15);
    // OpenGL: R (1, 2, 3) + t = (3, 2, -1 - 5), and z points back.
    let camera = Camera::opengl(turn, Vec3::new(0.0, 0.0, -5.0)).orthographic(1.0);
    near(seen(&camera, [1.0, 2.0, 3.0]), [3.0, 2.0, 6.0], 1e-15);
}

#[test]
fn a_calibrated_camera_counts_pixel_centres() {
    let size = [8, 6];
    let lens = Intrinsics::from_matrix([[10.0, 0.0, 3.0], [0.0, 12.0, 2.0], [0.0, 0.0, 1.0]], size).unwrap();
    let camera = Camera::opencv(Mat3::IDENTITY, Vec3::ZERO, lens);
    // The centre of the pixel in column u, row v (MATH 1).
    let pixel = |u: f64, v: f64| [(2.0 * u + 1.0 - 8.0) / 6.0, (6.0 - 1.0 - 2.0 * v) / 6.0, 2.0];
    near(seen(&camera, [0.0, 0.0, 2.0]), pixel(3.0, 2.0), 1e-15);
    // u = 10 * 0.1 + 3, v = 12 * 0.25 + 2: y runs down.
    near(seen(&camera, [0.2, 0.5, 2.0]), pixel(4.0, 5.0), 1e-15);
    assert_eq!(Intrinsics::new([10.0, 12.0], [3.5, 2.5], size).with_centers_at_halves(), lens);
    let skew = [[1.0, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    assert!(Intrinsics::from_matrix(skew, size).is_err());
}

#[test]
fn distortion_is_the_one_of_opencv() {
    let d = Distortion::from_coefficients(&[0.1, -0.02, 0.003, -0.004, 0.005, 0.02, -0.01, 0.003]).unwrap();
    // fx = fy = H / 2 and the principal point in the middle: the screen is (x', -y').
    let lens = Intrinsics::new([32.0, 32.0], [31.5, 31.5], [64, 64]).distorted(d);
    let camera = Camera::opencv(Mat3::IDENTITY, Vec3::ZERO, lens);
    let (x, y) = (0.3_f64, -0.2_f64);
    let q = 0.13_f64;
    let above = 1.0 + 0.1 * q - 0.02 * q * q + 0.005 * q * q * q;
    let radial = above / (1.0 + 0.02 * q - 0.01 * q * q + 0.003 * q * q * q);
    let xd = x * radial + 2.0 * 0.003 * x * y - 0.004 * (q + 2.0 * x * x);
    let yd = y * radial + 0.003 * (q + 2.0 * y * y) - 2.0 * 0.004 * x * y;
    near(seen(&camera, [0.6, -0.4, 2.0]), [xd, -yd, 2.0], 1e-15);
}

#[test]
fn faces_at_the_near_plane_are_dropped_and_counted() {
    let rows = vec![
        [0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 2.95], // nearer than the near plane
        [0.0, 0.0, 5.0],  // behind
        [1e9, 0.0, 0.0],  // far off the screen
    ];
    let mesh = Mesh::new(rows.into(), vec![[0, 1, 2], [0, 1, 3], [0, 4, 2], [0, 1, 5], [3, 4, 5]]).unwrap();
    let camera = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).near(0.1);
    let away = Camera::look_at(Vec3::new(0.0, 0.0, 30.0), Vec3::ZERO);
    let (faces, view) = project_views(&mesh, &[camera, away]).unwrap();
    assert_eq!((view.dropped(), view.dropped_in(0), view.dropped_in(1)), (6, 4, 2));
    let absent: Vec<bool> = (0..10).map(|f| faces.is_absent(f)).collect();
    assert_eq!(absent.iter().map(|&a| u8::from(a)).collect::<Vec<_>>(), [0, 1, 1, 1, 1, 0, 0, 0, 1, 1]);
    // A dropped face gives no gradient, whatever comes back for it.
    let mut g = Gradients::default();
    g.corners = Some(Array3::from_shape_fn((10, 3, 3), |(f, ..)| if absent[f] { f64::NAN } else { 0.0 }));
    assert!(view.vjp(&g).vertices.iter().all(|x| *x == 0.0));
    assert!(view.camera_vjp(&g).iter().all(|grad| flat(grad).iter().all(|x| *x == 0.0)));
    // A corner at exactly the near plane stays.
    assert_eq!(camera.near(3.0).project(&mesh).unwrap().1.dropped(), 4);
}

#[test]
fn points_beyond_the_fold_of_a_lens_are_not_drawn() {
    // r (1 - 0.3 q) turns back at q = 1 / 0.9, r = 1.054: at r = 1.8 it would be in the middle of the picture.
    let d = Distortion { k1: -0.3, ..Distortion::default() };
    // The corners of the picture are at r' = 0.646, the fold at 0.703.
    let lens = Intrinsics::new([70.0, 70.0], [31.5, 31.5], [64, 64]).distorted(d);
    let camera = Camera::opencv(Mat3::IDENTITY, Vec3::ZERO, lens);
    for (x, y, drawn) in [(1.05, 0.0, true), (1.06, 0.0, false), (1.3, 1.3, false)] {
        assert_eq!(camera.screen(Vec3::new(x, y, 1.0)).unwrap().is_some(), drawn, "{x} {y}");
    }
}

#[test]
fn a_cast_there_and_back_keeps_a_camera() {
    for kind in KINDS {
        let camera = camera::<f64>(kind).near(0.25);
        assert_eq!(camera.cast::<f64>(), camera);
        let (a, b) = (seen(&camera, [0.1, 0.2, 0.3]), camera.cast::<f32>());
        let b = b.screen(Vec3::new(0.1, 0.2, 0.3)).unwrap().unwrap();
        near(a, b.to_array().map(f64::from), 1e-5);
    }
}

#[test]
fn a_mesh_without_faces_is_an_empty_picture() {
    let mesh = Mesh::new(Array2::<f32>::zeros((0, 3)), vec![]).unwrap();
    let (faces, view) = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).project(&mesh).unwrap();
    assert_eq!((faces.count(), faces.batch(), view.dropped()), (0, 1, 0));
    let mut g = Gradients::default();
    g.corners = Some(Array3::zeros((0, 3, 3)));
    assert_eq!(view.vjp(&g).vertices.shape(), [0, 3]);
}

#[test]
fn a_wrong_camera_says_what_is_wrong() {
    let eye = Vec3::new(0.0, 0.0, 3.0);
    let good = Camera::look_at(eye, Vec3::ZERO);
    let one: Mat3<f64> = Mat3::IDENTITY;
    let lens = Intrinsics::new([32.0, 32.0], [31.5, 31.5], [64, 64]);
    let scaled = |k: f64| Mat3 { rows: one.rows.map(|row| row * k) };
    let calibrated = |lens| Camera::opencv(one, Vec3::ZERO, lens);
    let barrel = Distortion { k1: -0.3, ..Distortion::NONE };
    for (camera, word) in [
        (Camera::look_at(eye, eye), "two different points"),
        (good.up(Vec3::new(0.0, 0.0, -2.0)), "not parallel"),
        (good.up(Vec3::ZERO), "not parallel"),
        (good.perspective(Degrees(0.0)), "field of view"),
        (good.perspective(Degrees(180.0)), "field of view"),
        (good.perspective(Degrees(f64::NAN)), "field of view"),
        (good.orthographic(0.0), "half height"),
        (good.orthographic(f64::INFINITY), "half height"),
        (good.near(0.0), "near plane"),
        (good.near(f64::NAN), "near plane"),
        (Camera::look_at(Vec3::new(f64::NAN, 0.0, 1.0), Vec3::ZERO), "camera eye"),
        (Camera::look_at(eye, Vec3::new(f64::INFINITY, 0.0, 1.0)), "camera at"),
        (Camera::opengl(scaled(2.0), Vec3::ZERO), "orthonormal"),
        (Camera::opencv(scaled(-1.0), Vec3::ZERO, lens), "determinant -1"),
        (Camera::posed(Extrinsics::new(Convention::Softras, one, Vec3::ZERO)), "determinant -1"),
        (Camera::opengl(one, Vec3::new(f64::NAN, 0.0, 0.0)), "extrinsics"),
        (calibrated(Intrinsics::new([0.0, 1.0], [0.0; 2], [1, 1])), "focal"),
        (calibrated(Intrinsics::new([1.0, 1.0], [f64::NAN; 2], [1, 1])), "intrinsics"),
        (calibrated(Intrinsics::new([1.0, 1.0], [0.0; 2], [0, 64])), "size"),
        // The corners are at r' = 0.71, beyond the fold at 0.703.
        (calibrated(Intrinsics::new([64.0, 64.0], [31.5, 31.5], [65, 64]).distorted(barrel)), "folds"),
        // The principal point is off centre, and one side is too far out.
        (calibrated(Intrinsics::new([90.0, 90.0], [0.0, 31.5], [64, 64]).distorted(barrel)), "folds"),
        // Tangential terms alone fold, too.
        (calibrated(lens.distorted(Distortion { p1: 0.9, ..Distortion::NONE })), "folds"),
    ] {
        let text = camera.project(&tetrahedron()).unwrap_err().to_string();
        assert!(text.contains(word) && text.contains("expected"), "{word}: {text}");
    }
}

#[test]
fn the_flow_of_the_design_compiles() -> softras_core::Result<()> {
    let mesh: Mesh = tetrahedron().cast();
    let eye = Vec3::new(0.0, 1.0, 3.0);
    let camera = Camera::look_at(eye, Vec3::ZERO).perspective(Degrees(30.0));
    let (faces, view): (Faces, View) = camera.project(&mesh)?;
    let gradients = gradients(&faces);
    let grad_mesh = view.vjp(&gradients);
    assert_eq!(grad_mesh.vertices.shape(), mesh.vertices().shape());
    Ok(())
}

// ---------------------------------------------------------------- laws

fn turned(axis: [f64; 3], angle: f64, v: Vec3<f64>) -> Vec3<f64> {
    let axis = Vec3::from(axis).normalize(1e-9);
    v * angle.cos() + axis.cross(v) * angle.sin() + axis * (axis.dot(v) * (1.0 - angle.cos()))
}

proptest! {
    #[test]
    fn moving_world_and_camera_together_changes_nothing(
        axis in [0.1..1.0, -1.0..1.0, -1.0..1.0],
        angle in -3.0..3.0,
        shift in [-9.0..9.0, -9.0..9.0, -9.0..9.0],
        eye in [-1.0..1.0, -1.0..1.0, 2.0..4.0],
        v in [-0.5..0.5, -0.5..0.5, -0.5..0.5],
    ) {
        let rigid = |v: Vec3<f64>| turned(axis, angle, v) + Vec3::from(shift);
        let (eye, v) = (Vec3::from(eye), Vec3::from(v));
        let up = turned(axis, angle, Vec3::Y);
        let perspective = Lens::Perspective { fov: Degrees(40.0) };
        for lens in [perspective, Lens::Orthographic { half_height: 0.7 }, Lens::Pinhole(pinhole(&PINHOLE))] {
            let still = Camera::look_at(eye, Vec3::ZERO).with_lens(lens);
            let moved = Camera::look_at(rigid(eye), rigid(Vec3::ZERO)).up(up).with_lens(lens);
            for (a, b) in [(still, moved), (still.official(), moved.official())] {
                let (a, b) = (a.screen(v).unwrap().unwrap(), b.screen(rigid(v)).unwrap().unwrap());
                prop_assert!((a - b).norm() < 1e-12, "{:?} {:?}", a, b);
            }
        }
    }

    #[test]
    fn the_length_of_up_does_not_matter(k in 1e-3..1e3) {
        let camera = Camera::look_at(Vec3::new(1.0, 2.0, 3.0), Vec3::ZERO);
        let [a, b] = [Vec3::Y, Vec3::Y * k]
            .map(|up| camera.up(up).screen(Vec3::new(0.1, 0.2, 0.3)).unwrap().unwrap());
        prop_assert!((a - b).norm() < 1e-14);
    }
}
