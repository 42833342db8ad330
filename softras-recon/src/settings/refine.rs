//! How a prediction is fitted to its picture, for a TOML file: [`RefineSettings`].

use serde::{Deserialize, Serialize};

use crate::data::VIEWS;
use crate::error::{Error, Result};

/// How a prediction is fitted to the picture that it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefineSettings {
    /// Steps, 0 for a prediction as the network makes it. 0.
    pub steps: usize,
    /// The size of a step, as a share of the size of the picture's code. 0.05.
    pub lr: f64,
    /// How strongly a code is held where the network put it. 0.1.
    pub prior: f64,
    /// From how many sides it is tried, those that look most like the picture at first. 3.
    pub sides: usize,
}

impl Default for RefineSettings {
    fn default() -> Self {
        Self { steps: 0, lr: 0.05, prior: 0.1, sides: 3 }
    }
}

impl RefineSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` names the first value out of range.
    pub fn check(&self) -> Result<()> {
        if !(1..=VIEWS).contains(&self.sides) {
            return Err(Error::setting("refine.sides", self.sides, format!("1 to {VIEWS}")));
        }
        let fits = |x: f64| x >= 0.0 && x.is_finite();
        match [("refine.lr", self.lr), ("refine.prior", self.prior)].into_iter().find(|(_, x)| !fits(*x)) {
            Some((name, x)) => Err(Error::setting(name, x, "a finite number, not negative")),
            None => Ok(()),
        }
    }
}
