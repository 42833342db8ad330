//! Lights: ambient, directional, at a place, and from all around, [`Lighting`]. The way to a lit mesh and back is in `shade.rs`.

use super::harmonics::{HARMONICS, Harmonics};
use super::point_light::{Falloff, PointLight};
use crate::error::{Error, Result};
use crate::math::{Scalar, Vec3};

/// Below this length a direction is no direction: its square nears the smallest number of `f32`.
pub(super) const SHORTEST: f64 = 1e-18;

/// How bright a light is: the same in every channel, or each with its own brightness (a colored light).
#[derive(Clone, Debug, PartialEq)]
pub enum Intensity<R = f32> {
    /// One number for all channels.
    Uniform(R),
    /// A number for each channel of the texture, `[C]`.
    Channels(Vec<R>),
}

impl<R: Scalar> From<R> for Intensity<R> {
    fn from(value: R) -> Self {
        Self::Uniform(value)
    }
}

impl<R: Scalar, const C: usize> From<[R; C]> for Intensity<R> {
    fn from(values: [R; C]) -> Self {
        Self::Channels(values.to_vec())
    }
}

impl<R: Scalar> Intensity<R> {
    /// The intensity in channel `c`.
    pub(super) fn channel(&self, c: usize) -> R {
        match self {
            Self::Uniform(value) => *value,
            Self::Channels(values) => values[c],
        }
    }
    /// Turns a gradient for each channel, `[C]`, into one of this intensity's shape.
    pub(super) fn channels_vjp(&self, grad: Vec<R>) -> Self {
        match self {
            Self::Uniform(_) => Self::Uniform(grad.into_iter().fold(R::ZERO, |a, b| a + b)),
            Self::Channels(_) => Self::Channels(grad),
        }
    }
    fn check(&self, name: &str, channels: usize) -> Result<()> {
        let values = match self {
            Self::Uniform(value) => core::slice::from_ref(value),
            Self::Channels(values) if values.len() == channels => values,
            Self::Channels(values) => {
                return Err(Error::shape(
                    name,
                    &[values.len()],
                    format!("[{channels}], the mesh's channels"),
                ));
            }
        };
        match values.iter().find(|x| !x.is_finite()) {
            Some(bad) => Err(Error::parameter(name, format!("{bad:?}"), "a finite number")),
            None => Ok(()),
        }
    }
}

/// A light so far away that it comes from one direction. As part of a gradient: d loss / d each field.
#[derive(Clone, Debug, PartialEq)]
pub struct Directional<R = f32> {
    /// From the surface **to the light**, of any length but zero; it is normalised where it is used.
    pub direction: Vec3<R>,
    /// How bright it is.
    pub intensity: Intensity<R>,
}

/// Which normals meet the light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NormalKind {
    /// Of triangles: each is lit evenly, edges show.
    #[default]
    Face,
    /// Of vertices, interpolated: a smooth surface.
    Vertex,
}

/// Lights (MATH 8): `texture *= ambient + sum_l intensity_l relu(n . direction_l) + points + harmonics`, the last two as
/// in [`PointLight`] and [`Harmonics`].
///
/// The unit normals `n` point outwards where triangles run counter-clockwise seen from outside. The factor is of the
/// surface alone: it does not depend on the camera, and a surface turned away from a light gets none of it. A point
/// light sees a triangle at its centroid on face normals, and at its vertices on vertex normals.
///
/// ```
/// use softras_core::math::Vec3;
/// use softras_core::scene::{Lighting, NormalKind};
///
/// let warm_from_above =
///     Lighting::ambient(0.4).directional(Vec3::new(0.0, 1.0, 0.0), [0.6, 0.5, 0.4]).on(NormalKind::Vertex);
/// # let _: Lighting = warm_from_above;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Lighting<R = f32> {
    pub(super) ambient: Intensity<R>,
    pub(super) lights: Vec<Directional<R>>,
    pub(super) points: Vec<PointLight<R>>,
    pub(super) harmonics: Option<Harmonics<R>>,
    pub(super) normals: NormalKind,
}

/// d loss / d [`Lighting`].
#[derive(Clone, Debug, PartialEq)]
pub struct LightingGrad<R = f32> {
    /// To the ambient intensity, of the same kind.
    pub ambient: Intensity<R>,
    /// To each directional light, in order.
    pub lights: Vec<Directional<R>>,
    /// To each point light, in order.
    pub points: Vec<PointLight<R>>,
    /// To the light from all around, if there is one.
    pub harmonics: Option<Harmonics<R>>,
}

impl<R: Scalar> Lighting<R> {
    /// Light from everywhere, on the normals of triangles.
    pub fn ambient(intensity: impl Into<Intensity<R>>) -> Self {
        Self {
            ambient: intensity.into(),
            lights: Vec::new(),
            points: Vec::new(),
            harmonics: None,
            normals: NormalKind::Face,
        }
    }
    /// Adds a light from `direction` (from the surface to the light; any length).
    #[must_use]
    pub fn directional(mut self, direction: Vec3<R>, intensity: impl Into<Intensity<R>>) -> Self {
        self.lights.push(Directional { direction, intensity: intensity.into() });
        self
    }
    /// Adds a light at `position` that fades by `falloff`.
    #[must_use]
    pub fn point(mut self, position: Vec3<R>, intensity: impl Into<Intensity<R>>, falloff: Falloff) -> Self {
        self.points.push(PointLight { position, intensity: intensity.into(), falloff });
        self
    }
    /// Sets the light from all around; see [`Harmonics`] for the order of the coefficients.
    #[must_use]
    pub fn harmonics(mut self, coefficients: [impl Into<Intensity<R>>; HARMONICS]) -> Self {
        self.harmonics = Some(Harmonics { coefficients: coefficients.map(Into::into) });
        self
    }
    /// Chooses the normals.
    #[must_use]
    pub const fn on(mut self, normals: NormalKind) -> Self {
        self.normals = normals;
        self
    }

    /// Checks the lights against a texture of `channels` channels.
    ///
    /// # Errors
    /// `Shape` if an intensity has another number of channels; `Parameter` if a number is not finite or a direction
    /// is zero.
    pub fn check(&self, channels: usize) -> Result<()> {
        self.ambient.check("ambient intensity", channels)?;
        for (l, light) in self.lights.iter().enumerate() {
            light.intensity.check(&format!("intensity of light {l}"), channels)?;
            let length = light.direction.norm().to_f64();
            if !(length > SHORTEST && length.is_finite()) {
                let found = format!("{:?}", light.direction.to_array());
                return Err(Error::parameter(
                    format!("direction of light {l}"),
                    found,
                    "a finite length above 0",
                ));
            }
        }
        for (l, light) in self.points.iter().enumerate() {
            light.intensity.check(&format!("intensity of point light {l}"), channels)?;
            if !light.position.to_array().iter().all(|x| x.is_finite()) {
                let found = format!("{:?}", light.position.to_array());
                return Err(Error::parameter(
                    format!("position of point light {l}"),
                    found,
                    "finite numbers",
                ));
            }
        }
        for (k, coefficient) in self.harmonics.iter().flat_map(|h| &h.coefficients).enumerate() {
            coefficient.check(&format!("coefficient {k} of spherical harmonics"), channels)?;
        }
        Ok(())
    }

    /// The factor of channel `c` on a surface at `x` with the unit normal `n`.
    pub(super) fn factor(&self, n: Vec3<R>, x: Vec3<R>, c: usize) -> R {
        let mut factor = self.ambient.channel(c);
        for light in &self.lights {
            factor += light.intensity.channel(c) * light.cosine(n);
        }
        for light in &self.points {
            factor += light.intensity.channel(c) * light.reach(n, x);
        }
        if let Some(harmonics) = &self.harmonics {
            factor += harmonics.received(n, c);
        }
        factor
    }
}

impl<R: Scalar> Directional<R> {
    /// `relu(n . direction)`, which has the slope 0 where it is 0.
    pub(super) fn cosine(&self, n: Vec3<R>) -> R {
        n.dot(self.direction.normalize(SHORTEST)).max(R::ZERO)
    }
    /// d loss / d n and d loss / d direction (normalised), given d loss / d `cosine(n)`.
    pub(super) fn cosine_vjp(&self, n: Vec3<R>, grad: R) -> (Vec3<R>, Vec3<R>) {
        let unit = self.direction.normalize(SHORTEST);
        let grad = grad.keep(n.dot(unit).gt(R::ZERO));
        (unit.scale(grad), n.scale(grad))
    }
}

/// Half of the light from everywhere, half from above.
impl<R: Scalar> Default for Lighting<R> {
    fn default() -> Self {
        let half = R::from_f64(0.5);
        Self::ambient(half).directional(Vec3::Y, half)
    }
}
