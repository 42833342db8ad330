//! The optimiser Adam (Kingma and Ba, ICLR 2015): [`Adam`].

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ranges;

/// How Adam averages. The learning rate comes with each step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamSettings {
    /// Memory of the mean gradient, in 0..1.
    pub beta1: f64,
    /// Memory of the mean squared gradient, in 0..1.
    pub beta2: f64,
    /// What keeps the step finite where gradients vanish, above 0.
    pub eps: f64,
}

impl Default for AdamSettings {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl AdamSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` names the first value out of range.
    pub fn check(&self) -> Result<()> {
        ranges::memories(self.beta1, self.beta2)?;
        if self.eps > 0.0 && self.eps.is_finite() {
            Ok(())
        } else {
            Err(Error::setting("eps of Adam", self.eps, "a finite number above 0"))
        }
    }
}

/// What a step is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepScale {
    /// By each number's own mean square, as in the paper: every number moves about equally fast.
    Each,
    /// By the largest mean square of all: the step keeps the direction of the mean gradient, as it must where numbers
    /// are coordinates (Nicolet, Jacobson and Jakob, *Large Steps in Inverse Rendering of Geometry*, 2021).
    #[default]
    Uniform,
}

/// Adam over a flat slice of parameters. Its state is two numbers a parameter and the number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    settings: AdamSettings,
    scale: StepScale,
    pub(crate) mean: Vec<f32>,
    pub(crate) square: Vec<f32>,
    pub(crate) steps: u64,
}

impl Adam {
    /// Starts for `count` parameters.
    #[must_use]
    pub fn new(settings: AdamSettings, scale: StepScale, count: usize) -> Self {
        Self { settings, scale, mean: vec![0.0; count], square: vec![0.0; count], steps: 0 }
    }

    /// Moves `parameters` one step against `gradient`, each by about `lr` at most.
    ///
    /// # Panics
    /// If the slices do not have the length that [`Adam::new`] was given.
    pub fn step(&mut self, lr: f64, parameters: &mut [f32], gradient: &[f32]) {
        assert_eq!(parameters.len(), self.mean.len(), "parameters of another length");
        assert_eq!(gradient.len(), self.mean.len(), "a gradient of another length");
        self.steps += 1;
        let AdamSettings { beta1, beta2, eps } = self.settings;
        let power = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let (full1, full2) = (1.0 - beta1.powi(power), 1.0 - beta2.powi(power));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for (&g, (m, v)) in gradient.iter().zip(moments) {
            let g = f64::from(g);
            *m = (beta1 * f64::from(*m) + (1.0 - beta1) * g) as f32;
            *v = (beta2 * f64::from(*v) + (1.0 - beta2) * g * g) as f32;
        }
        let largest = self.square.iter().copied().fold(0.0, f32::max);
        let moments = self.mean.iter().zip(&self.square);
        for (x, (&m, &v)) in parameters.iter_mut().zip(moments) {
            let square = match self.scale {
                StepScale::Each => v,
                StepScale::Uniform => largest,
            };
            let (mean, square) = (f64::from(m) / full1, f64::from(square) / full2);
            *x = (f64::from(*x) - lr * mean / (square.sqrt() + eps)) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_lr_against_the_sign() {
        let mut adam = Adam::new(AdamSettings::default(), StepScale::Each, 3);
        let mut x = [1.0, 2.0, 3.0];
        adam.step(0.1, &mut x, &[5.0, -1e-3, 0.0]);
        for (x, e) in x.iter().zip([0.9, 2.1, 3.0]) {
            assert!((x - e).abs() < 1e-5, "{x} {e}");
        }
    }

    #[test]
    fn uniform_steps_keep_the_direction_of_the_gradient() {
        let mut adam = Adam::new(AdamSettings::default(), StepScale::Uniform, 3);
        let mut x = [1.0, 2.0, 3.0];
        for _ in 0..3 {
            adam.step(0.1, &mut x, &[5.0, -2.5, 0.0]);
        }
        for (x, e) in x.iter().zip([0.7, 2.15, 3.0]) {
            assert!((x - e).abs() < 1e-5, "{x} {e}");
        }
    }

    #[test]
    fn a_bowl_is_descended_to_its_bottom() {
        let mut adam = Adam::new(AdamSettings { beta1: 0.5, beta2: 0.99, eps: 1e-8 }, StepScale::Each, 2);
        let mut x = [3.0_f32, -2.0];
        for step in 0..2000 {
            let gradient = [2.0 * (x[0] - 1.0), 20.0 * (x[1] - 0.5)];
            adam.step(0.05 * 0.998_f64.powi(step), &mut x, &gradient);
        }
        assert!((x[0] - 1.0).abs() < 1e-3 && (x[1] - 0.5).abs() < 1e-3, "{x:?}");
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for bad in [
            AdamSettings { beta1: 1.0, ..Default::default() },
            AdamSettings { beta2: f64::NAN, ..Default::default() },
            AdamSettings { eps: 0.0, ..Default::default() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
