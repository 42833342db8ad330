//! Light on the fitted surface, known or fitted with it: [`LightSettings`].

use serde::{Deserialize, Serialize};
use softras_core::math::Vec3;
use softras_core::scene::{Intensity, Lighting, LightingGrad, NormalKind};

use crate::error::{Error, Result};
use crate::schedule::Schedule;

/// Light from one direction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beam {
    /// From the surface to the light, of any length above 0.
    pub direction: [f64; 3],
    /// How bright it is.
    pub intensity: f64,
}

/// Whether light is fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LightState {
    /// It is what the settings say.
    #[default]
    Known,
    /// The settings say where it starts; every number is fitted.
    Fitted,
}

/// The light on the fitted surface, on normals of vertices: colors are what the surface reflects, pictures show
/// `color * (ambient + sum intensity relu(n . direction) + sum harmonics_k Y_k(n))`, and shape follows from shading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LightSettings {
    /// Whether it is fitted.
    pub state: LightState,
    /// From everywhere.
    pub ambient: f64,
    /// From single directions.
    pub directional: Vec<Beam>,
    /// From all around, the nine coefficients of [`softras_core::scene::Harmonics`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harmonics: Option<[f64; 9]>,
    /// The learning rate of a fitted light.
    pub lr: Schedule,
}

impl Default for LightSettings {
    fn default() -> Self {
        Self {
            state: LightState::Known,
            ambient: 1.0,
            directional: Vec::new(),
            harmonics: None,
            lr: Schedule::geometric(0.02, 0.002),
        }
    }
}

impl LightSettings {
    /// A light that is fitted, from nothing known: the same from everywhere at the start.
    #[must_use]
    pub fn unknown() -> Self {
        Self { state: LightState::Fitted, harmonics: Some([0.0; 9]), ..Self::default() }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` names the learning rate; `Core` what is wrong with a light.
    pub(crate) fn check(&self) -> Result<()> {
        self.lr.check("light.lr")?;
        if self.numbers().iter().any(|x| !x.is_finite()) {
            return Err(Error::setting("light", "a number that is not finite", "finite numbers"));
        }
        Ok(self.lighting(&self.numbers()).check(3)?)
    }

    /// The numbers that are fitted: ambient, then direction and intensity of each beam, then the harmonics.
    pub(crate) fn numbers(&self) -> Vec<f32> {
        let beams = self.directional.iter().flat_map(|b| b.direction.into_iter().chain([b.intensity]));
        let all = [self.ambient].into_iter().chain(beams).chain(self.harmonics.into_iter().flatten());
        all.map(|x| x as f32).collect()
    }

    /// The light that `numbers` describe.
    pub(crate) fn lighting(&self, numbers: &[f32]) -> Lighting {
        let mut lighting = Lighting::ambient(numbers[0]).on(NormalKind::Vertex);
        let (beams, rest) = numbers[1..].split_at(4 * self.directional.len());
        for beam in beams.chunks_exact(4) {
            lighting = lighting.directional(Vec3::new(beam[0], beam[1], beam[2]), beam[3]);
        }
        if self.harmonics.is_some() {
            let coefficients: [f32; 9] = core::array::from_fn(|k| rest[k]);
            lighting = lighting.harmonics(coefficients);
        }
        lighting
    }

    /// d loss / d numbers, given d loss / d lighting.
    pub(crate) fn numbers_vjp(grad: &LightingGrad) -> Vec<f32> {
        let mut out = vec![number(&grad.ambient)];
        for light in &grad.lights {
            out.extend(light.direction.to_array());
            out.push(number(&light.intensity));
        }
        out.extend(grad.harmonics.iter().flat_map(|h| &h.coefficients).map(number));
        out
    }
}

/// The one number of an intensity that is the same in every channel, or the sum over channels.
fn number(intensity: &Intensity) -> f32 {
    match intensity {
        Intensity::Uniform(value) => *value,
        Intensity::Channels(values) => values.iter().sum(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use softras_core::scene::{Mesh, MeshGrad, MeshTexture};

    use super::*;

    #[test]
    fn the_reverse_is_the_derivative() {
        let settings = LightSettings {
            directional: vec![Beam { direction: [0.3, 0.9, 0.4], intensity: 0.6 }],
            harmonics: Some([0.1, -0.2, 0.05, 0.3, 0.0, 0.1, -0.1, 0.2, 0.15]),
            ..LightSettings::default()
        };
        settings.check().unwrap();
        let vertices = array![[0.5, 0.0, -0.25], [-0.5, 0.3, 0.1], [0.2, -0.4, 0.3], [-0.1, -0.2, -0.3]];
        let colors = Array2::from_shape_fn((4, 3), |(v, k)| 0.3 + 0.1 * v as f32 + 0.05 * k as f32);
        let mesh = Mesh::new(vertices, vec![[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]]).unwrap();
        let mesh = mesh.with_texture(MeshTexture::Vertex(colors)).unwrap();
        let weights = Array2::from_shape_fn((4, 3), |(v, k)| (v as f32 - 1.3) * (k as f32 + 0.7));
        let loss = |numbers: &[f32]| -> f64 {
            let (lit, _) = settings.lighting(numbers).shade(&mesh).unwrap();
            let MeshTexture::Vertex(lit) = lit.texture() else { panic!("colors of vertices") };
            lit.iter().zip(&weights).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let numbers = settings.numbers();
        let (_, shading) = settings.lighting(&numbers).shade(&mesh).unwrap();
        let grad =
            MeshGrad { vertices: Array2::zeros((4, 3)), texture: MeshTexture::Vertex(weights.clone()) };
        let grad = LightSettings::numbers_vjp(&shading.vjp(&grad).1);
        assert_eq!(grad.len(), numbers.len());
        for i in 0..numbers.len() {
            let (mut low, mut high) = (numbers.clone(), numbers.clone());
            low[i] -= 5e-3;
            high[i] += 5e-3;
            let difference = (loss(&high) - loss(&low)) / 1e-2;
            assert!((difference - f64::from(grad[i])).abs() < 2e-3, "{i}: {difference} {}", grad[i]);
        }
    }

    #[test]
    fn a_light_that_is_none_is_refused() {
        let beam = Beam { direction: [0.0; 3], intensity: 1.0 };
        assert!(LightSettings { directional: vec![beam], ..Default::default() }.check().is_err());
        assert!(LightSettings { ambient: f64::NAN, ..Default::default() }.check().is_err());
        assert!(LightSettings::unknown().check().is_ok());
    }
}
