//! Angles in degrees, and a place on a sphere around the origin: [`Degrees`], [`Orbit`].

use crate::math::{Scalar, Vec3, trig};

/// An angle in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Degrees<R = f32>(pub R);

impl<R: Scalar> Degrees<R> {
    /// Radians in a degree.
    pub(super) const RADIANS: f64 = core::f64::consts::PI / 180.0;

    /// Returns the angle in radians.
    #[must_use]
    pub fn radians(self) -> R {
        self.0 * R::from_f64(Self::RADIANS)
    }
}

/// A place around the origin, as the paper's code names it (MATH 8):
/// `eye = d (cos E sin A, sin E, -cos E cos A)`. As a gradient: d loss / d each field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit<R = f32> {
    /// Distance d from the origin, in world units.
    pub distance: R,
    /// Elevation E above the plane y = 0.
    pub elevation: Degrees<R>,
    /// Azimuth A around the y axis; 0 stands at -z, 90 at +x.
    pub azimuth: Degrees<R>,
}

impl<R: Scalar> Orbit<R> {
    /// The place at `distance`, `elevation` degrees up and `azimuth` degrees round.
    pub const fn new(distance: R, elevation: Degrees<R>, azimuth: Degrees<R>) -> Self {
        Self { distance, elevation, azimuth }
    }
    /// The usual place of the paper's experiments: distance 2.732, elevation 30 degrees.
    #[must_use]
    pub fn usual(azimuth: Degrees<R>) -> Self {
        Self::new(R::from_f64(2.732), Degrees(R::from_f64(30.0)), azimuth)
    }

    /// Returns the place in the world.
    #[must_use]
    pub fn eye(&self) -> Vec3<R> {
        self.direction().scale(self.distance)
    }

    /// Returns d loss / d orbit (per degree for the angles), given d loss / d `eye()`.
    #[must_use]
    pub fn eye_vjp(&self, grad: Vec3<R>) -> Self {
        let (e, a) = (self.elevation.radians(), self.azimuth.radians());
        let (sin_e, cos_e) = (trig::sin(e), trig::cos(e));
        let (sin_a, cos_a) = (trig::sin(a), trig::cos(a));
        let per_elevation = Vec3::new(-sin_e * sin_a, cos_e, sin_e * cos_a);
        let per_azimuth = Vec3::new(cos_e * cos_a, R::ZERO, cos_e * sin_a);
        let degree = self.distance * R::from_f64(Degrees::<R>::RADIANS);
        Self {
            distance: grad.dot(self.direction()),
            elevation: Degrees(grad.dot(per_elevation) * degree),
            azimuth: Degrees(grad.dot(per_azimuth) * degree),
        }
    }

    fn direction(&self) -> Vec3<R> {
        let (e, a) = (self.elevation.radians(), self.azimuth.radians());
        let (sin_e, cos_e) = (trig::sin(e), trig::cos(e));
        Vec3::new(cos_e * trig::sin(a), sin_e, -cos_e * trig::cos(a))
    }
}
