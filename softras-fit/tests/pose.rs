//! Poses with a lens that is not known.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use softras_core::math::Vec3;
use softras_core::scene::{Camera, Degrees, Intrinsics, Lens};
use softras_cpu::CpuRasterizer;
use softras_fit::pose::{Freedom, LensChange, Placement, PoseFit, PoseSettings};
use softras_fit::{Error, Schedule, Targets};
use softras_io::shapes::Sample;

const SIZE: (usize, usize) = (48, 48);

/// Three cameras around the cube.
fn cameras() -> Vec<Camera> {
    [Vec3::new(0.0, 1.0, 3.6), Vec3::new(3.5, 0.4, 1.0), Vec3::new(-2.4, -1.2, 2.6)]
        .map(|eye| Camera::look_at(eye, Vec3::ZERO).perspective(Degrees(35.0)))
        .to_vec()
}

/// From near the pose.
fn settings(freedom: Freedom) -> PoseSettings {
    PoseSettings {
        steps: 150,
        freedom,
        sigma: Schedule::geometric(1e-3, 1e-4),
        blur: Schedule::geometric(0.1, 0.05),
        lr: Schedule::geometric(0.2, 0.002),
        center_rate: 0.2,
        ..PoseSettings::default()
    }
}

/// How far a fit comes that starts near the pose in the lenses of `cameras()`, where pictures have another: degrees,
/// place, logarithm of the focal length, principal point.
fn missed(freedom: Freedom, truth: LensChange) -> [f64; 4] {
    let mesh = Sample::Cube.mesh();
    let pinhole = |camera: &Camera| {
        let lens: Intrinsics = camera.lens().intrinsics([SIZE.0, SIZE.1]).unwrap();
        truth.camera(&camera.with_lens(Lens::Pinhole(lens))).unwrap()
    };
    let seen: Vec<Camera> = cameras().iter().map(pinhole).collect();
    let settings = settings(freedom);
    let drawn = Targets::from_mesh(&CpuRasterizer, &mesh, seen, SIZE, settings.background).unwrap();
    let targets = Targets::new(drawn.silhouette().clone(), drawn.color().cloned(), cameras()).unwrap();
    let start = Placement::IDENTITY.moved([0.1, -0.05, 0.15], [0.02, 0.03, -0.02]);
    let mut fit = PoseFit::new(&CpuRasterizer, &mesh, targets, &[start], settings).unwrap();
    fit.run().unwrap();
    let best = fit.best();
    let center = [0, 1].map(|k| best.lens.center[k] - truth.center[k]);
    [
        best.placement.degrees_from(&Placement::IDENTITY),
        best.placement.shift_from(&Placement::IDENTITY),
        (best.lens.focal / truth.focal).ln().abs(),
        center[0].hypot(center[1]),
    ]
}

#[test]
fn focal_length_and_principal_point_are_found_with_the_pose() {
    let truth = LensChange { focal: 1.1, center: [0.06, -0.04] };
    let found = missed(Freedom::Lens, truth);
    let fixed = missed(Freedom::Pose, truth);
    let [degrees, shift, focal, center] = found;
    // A pixel is 0.02 of the height of the picture; the place along the view is the hardest to see.
    assert!(degrees < 1.0 && shift < 0.05 && focal < 0.01 && center < 0.02, "{found:?}");
    assert!(fixed[1] > 3.0 * shift, "{fixed:?} {found:?}");
}

#[test]
fn a_principal_point_of_orthographic_cameras_is_refused() {
    let flat = vec![Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).orthographic(1.5)];
    let settings = settings(Freedom::Lens);
    let mesh = Sample::Cube.mesh();
    let targets = Targets::from_mesh(&CpuRasterizer, &mesh, flat, SIZE, settings.background).unwrap();
    let e = PoseFit::new(&CpuRasterizer, &mesh, targets, &[Placement::IDENTITY], settings).err().unwrap();
    assert!(matches!(e, Error::Setting { .. }) && e.to_string().contains("principal point"), "{e}");
}
