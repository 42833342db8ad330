//! Lenses as other programs write them: where points come to lie, both ways, and what is refused.
#![expect(clippy::float_cmp, reason = "tests say where bits must agree")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use proptest::prelude::*;
use softras_core::math::{Mat3, Vec3};
use softras_core::scene::{Camera, Degrees, Distortion, Intrinsics, Lens};

const SIZE: [usize; 2] = [8, 6];
/// Non-square pixels and a principal point off the centre.
const LENS: Intrinsics<f64> = Intrinsics::new([10.0, 12.0], [3.0, 2.0], SIZE);

/// A camera at the origin that looks along -z of a world with +y up.
fn ahead(lens: Intrinsics<f64>) -> Camera<f64> {
    Camera::opengl(Mat3::IDENTITY, Vec3::ZERO).pinhole(lens)
}

/// Where the camera point (X, Y, Z), right, up and forward, lies on the screen.
fn seen(lens: Intrinsics<f64>, [x, y, z]: [f64; 3]) -> [f64; 2] {
    let s = ahead(lens).screen(Vec3::new(x, y, -z)).unwrap().unwrap();
    [s.x, s.y]
}

#[track_caller]
fn near(a: [f64; 2], b: [f64; 2]) {
    assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1e-13, "{a:?} against {b:?}");
}

#[test]
fn an_opengl_matrix_puts_points_where_its_clip_space_says() {
    let p = LENS.to_opengl(0.5, 20.0).unwrap();
    let (x, y, z) = (0.4, -0.3, 2.0);
    let clip = p.map(|row| row[0] * x + row[1] * y - row[2] * z + row[3]);
    // Our screen is as high as theirs, and as wide as W / H of it.
    near(seen(LENS, [x, y, z]), [clip[0] / clip[3] * 8.0 / 6.0, clip[1] / clip[3]]);
    for (depth, wanted) in [(0.5, -1.0), (20.0, 1.0)] {
        let clip = p.map(|row| row[3] - row[2] * depth);
        assert!((clip[2] / clip[3] - wanted).abs() < 1e-12, "the planes are at -1 and 1");
    }
    assert!(LENS.to_opengl(1.0, 1.0).unwrap_err().to_string().contains("0 < near < far"));
    let mut skewed = p;
    skewed[0][1] = 0.1;
    assert!(Intrinsics::from_opengl(&skewed, SIZE).unwrap_err().to_string().contains("without skew"));
}

#[test]
fn pytorch3d_counts_in_halves_of_the_shorter_side() {
    // x_ndc = f X / Z + p, to the left and upwards, in units of 3 pixels; the picture is 8 x 6.
    let lens = Intrinsics::from_pytorch3d_ndc([2.0, 3.0], [0.1, -0.2], SIZE).unwrap();
    let (x, y, z) = (0.4, -0.3, 2.0);
    near(seen(lens, [x, y, z]), [-(2.0 * -x / z + 0.1), 3.0 * y / z - 0.2]);
    // A tall picture: the width is the shorter side, our unit is half the height.
    let lens = Intrinsics::from_pytorch3d_ndc([2.0, 3.0], [0.1, -0.2], [6, 12]).unwrap();
    near(seen(lens, [x, y, z]), [-(2.0 * -x / z + 0.1) * 0.5, (3.0 * y / z - 0.2) * 0.5]);
    // In pixels from the corner: the middle of the picture is (4, 3).
    let lens = Intrinsics::from_pytorch3d_screen([10.0, 12.0], [4.0, 3.0], SIZE).unwrap();
    near(seen(lens, [0.0, 0.0, 2.0]), [0.0, 0.0]);
    near(seen(lens, [x, y, z]), [10.0 * x / z / 3.0, 12.0 * y / z / 3.0]);
}

#[test]
fn a_field_of_view_is_a_k() {
    let perspective = Lens::from_viewing_angle(Degrees(15.0));
    assert_eq!(perspective, Lens::Perspective { fov: Degrees(30.0) });
    let lens = perspective.intrinsics([64, 48]).unwrap();
    let point = [0.2, -0.1, 1.5];
    let tan = 15.0_f64.to_radians().tan();
    near(seen(lens, point), [0.2 / 1.5 / tan, -0.1 / 1.5 / tan]);
    assert_eq!(Lens::Orthographic { half_height: 1.0 }.intrinsics(SIZE), None);
    assert_eq!(Lens::Pinhole(LENS).intrinsics([64, 48]), Some(LENS));
}

#[test]
fn opencv_is_k_and_a_list_of_coefficients() {
    let k = [[10.0, 0.0, 3.0], [0.0, 12.0, 2.0], [0.0, 0.0, 1.0]];
    assert_eq!(Intrinsics::from_opencv(k, &[], SIZE).unwrap(), LENS);
    assert_eq!(LENS.matrix(), Mat3::from(k));
    let list = [0.1, -0.02, 0.003, -0.004, 0.005, 0.02, 0.01, 0.003];
    let lens = Intrinsics::from_opencv(k, &list, SIZE).unwrap();
    assert_eq!(lens.distortion.coefficients(), list);
    let five = Distortion { k4: 0.0, k5: 0.0, k6: 0.0, ..lens.distortion };
    assert_eq!(Intrinsics::from_opencv(k, &list[..5], SIZE).unwrap().distortion, five);
    let long = [&list[..], &[0.0; 4]].concat();
    assert_eq!(Intrinsics::from_opencv(k, &long, SIZE).unwrap(), lens);
    let prism = [&list[..], &[0.0, 1e-3, 0.0, 0.0]].concat();
    let singular = [[10.0, 0.0, 3.0], [0.0, 0.0, 2.0], [0.0, 0.0, 1.0]];
    let scaled = [[10.0, 0.0, 3.0], [0.0, 12.0, 2.0], [0.0, 0.0, 2.0]];
    for (k, list, word) in [
        (k, &prism[..], "coefficient 9"),
        (k, &list[..3], "[3]"),
        (singular, &[], "not singular"),
        (scaled, &[], "[0, 0, 1]"),
        (k, &[-9.0, 0.0, 0.0, 0.0], "folds"),
        (k, &[f64::NAN, 0.0, 0.0, 0.0], "finite"),
    ] {
        let text = Intrinsics::from_opencv(k, list, SIZE).unwrap_err().to_string();
        assert!(text.contains(word) && text.contains("found") && text.contains("expected"), "{word}: {text}");
    }
    for text in [
        lens.to_pytorch3d_ndc().unwrap_err().to_string(),
        lens.to_pytorch3d_screen().unwrap_err().to_string(),
        lens.to_opengl(1.0, 2.0).unwrap_err().to_string(),
    ] {
        assert!(text.contains("0.003") && text.contains("no distortion"), "{text}");
    }
}

proptest! {
    #[test]
    fn every_form_gives_the_lens_back(
        focal in [1.0..1e3, 1.0..1e3], center in [-50.0..50.0, -50.0..50.0], w in 1_usize..99, h in 1_usize..99,
    ) {
        let lens = Intrinsics::<f64>::new(focal, center, [w, h]);
        let (f, p) = lens.to_pytorch3d_ndc().unwrap();
        let (g, q) = lens.to_pytorch3d_screen().unwrap();
        for again in [
            Intrinsics::from_opencv(lens.matrix(), &lens.distortion.coefficients(), lens.size).unwrap(),
            Intrinsics::from_opengl(&lens.to_opengl(0.1, 9.0).unwrap(), lens.size).unwrap(),
            Intrinsics::from_pytorch3d_ndc(f, p, lens.size).unwrap(),
            Intrinsics::from_pytorch3d_screen(g, q, lens.size).unwrap(),
        ] {
            let numbers = |i: &Intrinsics<f64>| [i.focal[0], i.focal[1], i.center[0], i.center[1]];
            for (a, b) in numbers(&again).into_iter().zip(numbers(&lens)) {
                prop_assert!((a - b).abs() <= 1e-10 * b.abs().max(1.0), "{:?} {:?}", again, lens);
            }
        }
    }
}
