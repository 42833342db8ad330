//! Where a rigid thing stands: [`Placement`], its steps, and the way between a placed mesh and a placed camera.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use softras_core::math::{Mat3, Scalar, Vec3};
use softras_core::scene::{Camera, CameraGrad, Convention, Extrinsics, Pose, axis_angle, axis_angle_vjp};

use crate::error::Result;

/// A rotation and a translation: `v` of the mesh stands at `R v + t` in the world.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// R, row by row.
    pub rotation: [[f64; 3]; 3],
    /// t, in world units.
    pub translation: [f64; 3],
}

/// d loss / d a step: [`Placement::moved`] by `turn` and `shift`, at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlacementGrad {
    /// To the axis times the angle.
    pub turn: [f64; 3],
    /// To the translation.
    pub shift: [f64; 3],
}

impl Placement {
    /// Where the mesh was made.
    pub const IDENTITY: Self =
        Self { rotation: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], translation: [0.0; 3] };

    /// Turned by `angle` radians around `axis` (of any length), not moved.
    #[must_use]
    pub fn turned(axis: [f64; 3], angle: f64) -> Self {
        let axis = Vec3::from(axis);
        let length = axis.norm();
        let turn = if length > 0.0 { axis.scale(angle / length) } else { Vec3::ZERO };
        Self { rotation: axis_angle(turn).to_array(), translation: [0.0; 3] }
    }

    /// Turned in a random way, evenly over all rotations (Shoemake 1992), not moved.
    #[must_use]
    pub fn random(random: &mut ChaCha8Rng) -> Self {
        let mut unit = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let (u, a, b) = (unit(), core::f64::consts::TAU * unit(), core::f64::consts::TAU * unit());
        let (low, high) = ((1.0 - u).sqrt(), u.sqrt());
        let [x, y, z, w] = [low * a.sin(), low * a.cos(), high * b.sin(), high * b.cos()];
        let rotation = [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
            [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
            [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
        ];
        Self { rotation, translation: [0.0; 3] }
    }

    /// Turned further, around the world's axes through the mesh's origin, and shifted: `R' = exp(turn) R`,
    /// `t' = t + shift`. The rows are made orthonormal again, so any number of steps stays a rotation.
    #[must_use]
    pub fn moved(&self, turn: [f64; 3], shift: [f64; 3]) -> Self {
        let rotation = axis_angle(Vec3::from(turn)).mul(&Mat3::from(self.rotation));
        let [a, b, _] = rotation.rows;
        let a = a.scale(1.0 / a.norm());
        let b = b - a.scale(a.dot(b));
        let b = b.scale(1.0 / b.norm());
        let rotation = Mat3 { rows: [a, b, a.cross(b)] }.to_array();
        Self { rotation, translation: core::array::from_fn(|i| self.translation[i] + shift[i]) }
    }

    /// The angle in degrees between the two rotations, 0 to 180.
    #[must_use]
    pub fn degrees_from(&self, other: &Self) -> f64 {
        let between = Mat3::from(self.rotation).mul(&Mat3::from(other.rotation).transpose());
        let m = between.to_array();
        // The sine keeps the digits of small angles, which the trace loses.
        let sine = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]];
        let sine = Vec3::from(sine).norm() / 2.0;
        let cosine = (m[0][0] + m[1][1] + m[2][2] - 1.0) / 2.0;
        sine.atan2(cosine).to_degrees()
    }

    /// The distance of the two translations.
    #[must_use]
    pub fn shift_from(&self, other: &Self) -> f64 {
        (Vec3::from(self.translation) - Vec3::from(other.translation)).norm()
    }

    /// Returns the camera that sees the mesh where it was made as `camera` sees it placed so: one mesh, many poses.
    ///
    /// # Errors
    /// As [`Camera::check`].
    pub fn camera<R: Scalar>(&self, camera: &Camera<R>) -> Result<Camera<R>> {
        let seen: Extrinsics<f64> = camera.cast::<f64>().extrinsics(Convention::Softras)?;
        let rotation = seen.rotation.mul(&Mat3::from(self.rotation));
        let translation = seen.rotation.mul_vec(Vec3::from(self.translation)) + seen.translation;
        let placed = Camera::posed(Extrinsics::new(Convention::Softras, rotation, translation).cast())
            .with_lens(*camera.lens())
            .near(camera.near_plane());
        Ok(if camera.is_mirrored() { placed.official() } else { placed })
    }

    /// Returns d loss / d step, given d loss / d [`Placement::camera`].
    ///
    /// # Errors
    /// As [`Camera::check`].
    pub fn camera_vjp<R: Scalar>(&self, camera: &Camera<R>, grad: &CameraGrad<R>) -> Result<PlacementGrad> {
        let seen: Extrinsics<f64> = camera.cast::<f64>().extrinsics(Convention::Softras)?;
        let Pose::Rigid(grad) = grad.pose else { return Ok(PlacementGrad::default()) };
        let grad: Extrinsics<f64> = grad.cast();
        let back = seen.rotation.transpose();
        // R' = exp(w) R: d loss / d exp(w) = (C^T G) R^T
        let grad_turn = back.mul(&grad.rotation).mul(&Mat3::from(self.rotation).transpose());
        let turn = axis_angle_vjp(Vec3::ZERO, &grad_turn).to_array();
        Ok(PlacementGrad { turn, shift: back.mul_vec(grad.translation).to_array() })
    }
}

/// Returns `count` placements that are turned in random ways and not moved; the seed decides which.
#[must_use]
pub fn random_starts(seed: u64, count: usize) -> Vec<Placement> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| Placement::random(&mut random)).collect()
}

#[cfg(test)]
mod tests {
    use softras_core::ImageGrad;
    use softras_core::math::Cutoff;
    use softras_core::raster::{DynRasterizer, RasterParams};
    use softras_core::reference::Reference;
    use softras_core::scene::{Degrees, project_views};
    use softras_io::shapes::Sample;

    use super::*;

    fn placements() -> Vec<Placement> {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let shift = |i: usize| [0.1 * i as f64 - 0.1, 0.05, -0.02 * i as f64];
        (0..4).map(|i| Placement::random(&mut random).moved([0.0; 3], shift(i))).collect()
    }

    fn cameras() -> Vec<Camera> {
        let camera = Camera::look_at(Vec3::new(0.3, 0.8, 3.0), Vec3::ZERO).perspective(Degrees(40.0));
        let rigid = Camera::posed(camera.extrinsics(Convention::OpenCv).unwrap());
        vec![camera, camera.official(), rigid]
    }

    #[test]
    fn a_placed_camera_sees_the_mesh_where_the_placed_mesh_stands() {
        for camera in cameras() {
            for place in placements() {
                let v = Vec3::new(0.2_f64, -0.4, 0.3);
                let moved = Mat3::from(place.rotation).mul_vec(v) + Vec3::from(place.translation);
                let expected = camera.cast::<f64>().screen(moved).unwrap().unwrap();
                let found =
                    place.camera(&camera).unwrap().screen(Vec3::new(0.2, -0.4, 0.3)).unwrap().unwrap();
                for (a, b) in expected.to_array().into_iter().zip(found.to_array()) {
                    assert!((a - f64::from(b)).abs() < 1e-5, "{expected:?} {found:?}");
                }
            }
        }
    }

    #[test]
    fn steps_stay_rotations_and_angles_are_measured() {
        let mut place = Placement::IDENTITY;
        for _ in 0..1000 {
            place = place.moved([0.011, -0.02, 0.005], [0.0; 3]);
        }
        let gram = Mat3::from(place.rotation).mul(&Mat3::from(place.rotation).transpose()).to_array();
        for (i, row) in gram.iter().enumerate() {
            for (j, x) in row.iter().enumerate() {
                assert!((x - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        for angle in [1e-7, 0.5, 90.0, 179.0] {
            for place in placements() {
                let there = place.moved(axis([1.0, 2.0, -0.5], angle), [0.0; 3]);
                let found = there.degrees_from(&place);
                assert!((found - angle).abs() < 1e-9 + 1e-9 * angle, "{angle} {found}");
            }
        }
    }

    fn axis(direction: [f64; 3], degrees: f64) -> [f64; 3] {
        let v = Vec3::from(direction);
        v.scale(degrees.to_radians() / v.norm()).to_array()
    }

    #[test]
    fn random_rotations_are_spread_evenly() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let count = 4000;
        let mut mean = [[0.0; 3]; 3];
        let mut far = 0;
        for _ in 0..count {
            let place = Placement::random(&mut random);
            assert!((Mat3::from(place.rotation).determinant() - 1.0).abs() < 1e-12);
            for (mean, row) in mean.iter_mut().flatten().zip(place.rotation.into_iter().flatten()) {
                *mean += row / f64::from(count);
            }
            far += i32::from(place.degrees_from(&Placement::IDENTITY) > 90.0);
        }
        // Entries have mean 0 and deviation 1/sqrt(3); the angle is above 90 degrees with probability 1/2 + 1/pi.
        assert!(mean.iter().flatten().all(|m| m.abs() < 5.0 / (3.0 * f64::from(count)).sqrt()), "{mean:?}");
        assert!((f64::from(far) / f64::from(count) - 0.8183).abs() < 0.03, "{far}");
    }

    /// The loss of a picture, a fixed weight on every number of it, and its gradient.
    fn loss(place: &Placement, camera: &Camera<f64>) -> (f64, PlacementGrad) {
        let params = RasterParams::new(12, 12).sigma(3e-3).gamma(3e-2).cutoff(Cutoff::Smooth);
        let mesh = Sample::Cube.mesh().cast::<f64>();
        let (faces, view) = project_views(&mesh, &[place.camera(camera).unwrap()]).unwrap();
        let (image, saved) = DynRasterizer::forward(&Reference, &faces, &params).unwrap();
        let color = image.color.unwrap();
        let weights = (0..color.len()).map(|i| (i as f64 * 0.37).sin()).collect();
        let weights = ndarray::Array4::from_shape_vec(color.raw_dim(), weights).unwrap();
        let loss = (&color * &weights).sum();
        let grad = ImageGrad { color: Some(weights), silhouette: None };
        let gradients = DynRasterizer::backward(&Reference, &saved, &grad).unwrap();
        (loss, place.camera_vjp(camera, &view.camera_vjp(&gradients)[0]).unwrap())
    }

    #[test]
    fn the_gradient_is_that_of_central_differences() {
        for camera in cameras() {
            let camera = camera.cast::<f64>();
            for place in placements() {
                let grad = loss(&place, &camera).1;
                let found = [grad.turn, grad.shift].concat();
                let size = found.iter().map(|g| g * g).sum::<f64>().sqrt();
                for (k, found) in found.iter().enumerate() {
                    let step = 1e-6;
                    let at = |s: f64| {
                        let mut six = [0.0; 6];
                        six[k] = s;
                        let place = place.moved([six[0], six[1], six[2]], [six[3], six[4], six[5]]);
                        loss(&place, &camera).0
                    };
                    let difference = (at(step) - at(-step)) / (2.0 * step);
                    assert!((difference - found).abs() < 1e-6 * size, "{k}: {difference} {found} of {size}");
                }
            }
        }
    }
}
