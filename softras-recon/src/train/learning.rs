//! Numbers of the renderer that are learnt with the weights: [`Learning`].

use serde::{Deserialize, Serialize};
use softras_core::raster::{Gradients, Outputs, RasterParams};
use softras_fit::{Adam, AdamSettings, StepScale};

use crate::settings::ReconSettings;

/// Steps of a schedule, whatever ends the training.
const FINE: usize = 1_000_000;

/// Where the numbers of [`ReconSettings::learn`] are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learning {
    values: Vec<f32>,
    adam: Adam,
}

impl Learning {
    /// Begins with what the settings say of the first step; `None` if nothing is learnt.
    pub(super) fn start(settings: &ReconSettings) -> Option<Self> {
        let values = settings.learn.start(&settings.raster(0.0, Outputs::Silhouette));
        let adam = Adam::new(AdamSettings::default(), StepScale::Each, values.len());
        (!values.is_empty()).then_some(Self { values, adam })
    }

    /// Returns `params` with the numbers as they are.
    pub(super) fn apply(&self, settings: &ReconSettings, params: RasterParams) -> RasterParams {
        settings.learn.apply(&self.values, params)
    }

    /// Moves the numbers after `share` of the training.
    pub(super) fn step(&mut self, settings: &ReconSettings, share: f64, gradients: &Gradients) {
        let lr = settings.learn.lr.value((share * FINE as f64) as usize, FINE);
        let gradient = settings.learn.vjp(&self.values, gradients);
        self.adam.step(lr, &mut self.values, &gradient);
        settings.learn.clamp(&settings.parts, &mut self.values);
    }

    /// Returns each number by its word.
    pub(super) fn numbers(&self, settings: &ReconSettings) -> Vec<(String, f64)> {
        let all = settings.learn.numbers.iter().zip(&self.values);
        all.map(|(of, &value)| (of.word().to_owned(), of.number(value))).collect()
    }
}
