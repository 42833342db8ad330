//! What is fitted of a lens: [`LensChange`].

use softras_core::scene::{Camera, CameraGrad, Degrees, Intrinsics, Lens};

use crate::error::{Error, Result};

/// How the lens of every camera differs from the one that the camera came with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LensChange {
    /// A factor on the focal length.
    pub focal: f64,
    /// How far the principal point is moved, right and down, in heights of the picture.
    pub center: [f64; 2],
}

impl LensChange {
    /// The cameras' own lenses.
    pub const NONE: Self = Self { focal: 1.0, center: [0.0; 2] };

    /// Returns `camera` with its lens changed.
    ///
    /// # Errors
    /// `Setting` if the principal point is moved of a lens that is not [`Lens::Pinhole`].
    pub fn camera(&self, camera: &Camera) -> Result<Camera> {
        let factor = self.focal as f32;
        Ok(camera.with_lens(match *camera.lens() {
            Lens::Pinhole(k) => {
                let height = k.size[1] as f64;
                let center = [0, 1].map(|i| (f64::from(k.center[i]) + self.center[i] * height) as f32);
                Lens::Pinhole(Intrinsics { focal: k.focal.map(|f| f * factor), center, ..k })
            }
            _ if self.center.iter().any(|c| *c != 0.0) => return Err(no_principal_point()),
            Lens::Perspective { fov } => {
                let half = f64::from(fov.0).to_radians() / 2.0;
                let fov = 2.0 * (half.tan() / self.focal).atan().to_degrees();
                Lens::Perspective { fov: Degrees(fov as f32) }
            }
            Lens::Orthographic { half_height } => Lens::Orthographic { half_height: half_height / factor },
        }))
    }
}

/// d loss / d change of a lens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct LensGrad {
    /// To the logarithm of the factor on the focal length.
    pub(super) focal: f64,
    /// To the place of the principal point.
    pub(super) center: [f64; 2],
}

impl LensGrad {
    /// Given d loss / d `camera`, whose lens is changed as it is.
    pub(super) fn of(camera: &Camera, grad: &CameraGrad) -> Self {
        match (camera.lens(), &grad.lens) {
            (Lens::Perspective { fov }, Lens::Perspective { fov: grad }) => {
                // f = 1 / tan(fov / 2): d fov / d ln f = -sin(fov), in radians.
                let focal = -f64::from(grad.0) * f64::from(fov.0).to_radians().sin().to_degrees();
                Self { focal, ..Self::default() }
            }
            (Lens::Orthographic { half_height }, Lens::Orthographic { half_height: grad }) => {
                Self { focal: -f64::from(*grad) * f64::from(*half_height), ..Self::default() }
            }
            (Lens::Pinhole(k), Lens::Pinhole(grad)) => Self {
                focal: k.focal.iter().zip(grad.focal).map(|(f, g)| f64::from(*f) * f64::from(g)).sum(),
                center: grad.center.map(|g| f64::from(g) * k.size[1] as f64),
            },
            _ => Self::default(),
        }
    }
}

/// Returns `camera` with a lens that has a principal point, which sees the same in pictures of `size`.
///
/// # Errors
/// `Setting` if the camera is orthographic.
pub(super) fn calibrated(camera: &Camera, (width, height): (usize, usize)) -> Result<Camera> {
    let intrinsics = camera.lens().intrinsics([width, height]).ok_or_else(no_principal_point)?;
    Ok(camera.with_lens(Lens::Pinhole(intrinsics)))
}

fn no_principal_point() -> Error {
    Error::setting("lens", "one without a principal point", "a perspective one, to move the point of it")
}

#[cfg(test)]
mod tests {
    use softras_core::math::Vec3;

    use super::*;

    /// Where a point is seen, and the gradient of the sum of x and twice y.
    fn seen(change: LensChange, camera: &Camera) -> (f64, LensGrad) {
        let camera = change.camera(camera).unwrap();
        let point = camera.screen(Vec3::new(0.3, -0.2, 0.4)).unwrap().unwrap();
        let mesh = softras_core::scene::Mesh::new(
            ndarray::arr2(&[[0.3, -0.2, 0.4], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0]]),
            vec![[0, 1, 2]],
        )
        .unwrap();
        let (_, view) = softras_core::scene::project_views(&mesh, &[camera]).unwrap();
        let mut corners = ndarray::Array3::zeros((1, 3, 3));
        (corners[[0, 0, 0]], corners[[0, 0, 1]]) = (1.0, 2.0);
        let mut gradients = softras_core::raster::Gradients::default();
        gradients.corners = Some(corners);
        let grad = view.camera_vjp(&gradients);
        (f64::from(point.x) + 2.0 * f64::from(point.y), LensGrad::of(&camera, &grad[0]))
    }

    #[test]
    fn a_calibrated_camera_sees_the_same_and_has_the_derivative_to_its_lens() {
        let own = Camera::look_at(Vec3::new(0.5, 0.8, 3.0), Vec3::ZERO).perspective(Degrees(40.0));
        let camera = calibrated(&own, (48, 32)).unwrap();
        assert!((seen(LensChange::NONE, &own).0 - seen(LensChange::NONE, &camera).0).abs() < 1e-6);
        let at = LensChange { focal: 1.1, center: [0.05, -0.1] };
        let grad = seen(at, &camera).1;
        let step = 1e-2;
        let moved = |change: [f64; 3]| {
            let center = [at.center[0] + change[1], at.center[1] + change[2]];
            seen(LensChange { focal: at.focal * change[0].exp(), center }, &camera).0
        };
        for (k, found) in [grad.focal, grad.center[0], grad.center[1]].into_iter().enumerate() {
            let by = |s: f64| core::array::from_fn(|i| if i == k { s } else { 0.0 });
            let expected = (moved(by(step)) - moved(by(-step))) / (2.0 * step);
            assert!((found - expected).abs() < 1e-3, "{k}: {found} {expected}");
        }
        // Right and down: x grows and y falls by twice as many half heights.
        assert!((grad.center[0] - 2.0).abs() < 1e-6 && (grad.center[1] + 4.0).abs() < 1e-6, "{grad:?}");
    }

    #[test]
    fn lenses_without_a_principal_point_are_refused() {
        let flat = Camera::look_at(Vec3::new(0.0, 0.0, 3.0), Vec3::ZERO).orthographic(1.0);
        assert!(calibrated(&flat, (8, 8)).is_err());
        assert!(LensChange { focal: 1.0, center: [0.1, 0.0] }.camera(&flat).is_err());
        assert_eq!(
            LensChange { focal: 2.0, ..LensChange::NONE }.camera(&flat).unwrap(),
            flat.orthographic(0.5)
        );
    }
}
