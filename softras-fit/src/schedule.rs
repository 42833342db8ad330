//! Numbers that change from step to step: [`Schedule`].

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A positive number as a function of the step.
///
/// | TOML | value at step s |
/// |---|---|
/// | `sigma = 1e-4` | 1e-4 |
/// | `sigma = { from = 1e-3, to = 1e-5 }` | geometric, reaching `to` at the last step of the fit |
/// | `sigma = { from = 1e-3, to = 1e-5, over = 500 }` | geometric over 500 steps, then `to` |
/// | `lr = { at = [[0, 0.01], [300, 0.003]] }` | the value of the last entry whose step is not after s |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Schedule {
    /// The same at every step.
    Constant(f64),
    /// From one value to another by equal factors.
    Geometric(Geometric),
    /// Constant pieces.
    Piecewise(Piecewise),
}

/// From one value to another by equal factors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geometric {
    /// The value at step 0.
    pub from: f64,
    /// The value at the end.
    pub to: f64,
    /// The number of steps it takes; those of the fit if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<usize>,
}

/// Constant pieces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piecewise {
    /// (first step, value), steps ascending from 0.
    pub at: Vec<(usize, f64)>,
}

impl From<f64> for Schedule {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

impl Schedule {
    /// From `from` to `to` by equal factors over the whole fit.
    #[must_use]
    pub const fn geometric(from: f64, to: f64) -> Self {
        Self::Geometric(Geometric { from, to, over: None })
    }

    /// Returns the value at `step` of a fit of `steps` steps.
    #[must_use]
    pub fn value(&self, step: usize, steps: usize) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Geometric(g) => {
                let last = g.over.unwrap_or(steps).saturating_sub(1).max(1);
                let t = step.min(last) as f64 / last as f64;
                (g.from.ln() * (1.0 - t) + g.to.ln() * t).exp()
            }
            Self::Piecewise(p) => {
                let begun = p.at.iter().take_while(|(first, _)| *first <= step);
                begun.last().map_or(f64::NAN, |(_, value)| *value)
            }
        }
    }

    /// Checks that every value is finite and above 0.
    ///
    /// # Errors
    /// `Setting` names the schedule `name` and what is wrong.
    pub fn check(&self, name: &str) -> Result<()> {
        let values: Vec<f64> = match self {
            Self::Constant(value) => vec![*value],
            Self::Geometric(g) => {
                if g.over == Some(0) {
                    return Err(Error::setting(format!("{name}.over"), 0, "at least 1 step"));
                }
                vec![g.from, g.to]
            }
            Self::Piecewise(p) => {
                let ascending = p.at.windows(2).all(|w| w[0].0 < w[1].0);
                if p.at.first().is_none_or(|first| first.0 != 0) || !ascending {
                    let found = format!("steps {:?}", p.at.iter().map(|a| a.0).collect::<Vec<_>>());
                    return Err(Error::setting(format!("{name}.at"), found, "ascending steps from 0"));
                }
                p.at.iter().map(|a| a.1).collect()
            }
        };
        match values.iter().find(|v| !(v.is_finite() && **v > 0.0)) {
            Some(bad) => Err(Error::setting(name, format!("{bad:?}"), "a finite number above 0")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Serialize)]
    struct Table {
        x: Schedule,
    }

    fn parse(text: &str) -> Result<Schedule, toml::de::Error> {
        toml::from_str::<Table>(text).map(|t| t.x)
    }

    #[test]
    fn every_form_is_read_and_written_as_toml() {
        for (text, at) in [
            ("x = 0.5", [0.5, 0.5, 0.5]),
            ("x = 2", [2.0, 2.0, 2.0]),
            ("x = { from = 1.0, to = 0.01 }", [1.0, 0.1, 0.01]),
            ("x = { from = 1.0, to = 0.01, over = 6 }", [1.0, 0.01, 0.01]),
            ("x = { at = [[0, 1.0], [5, 0.25]] }", [1.0, 0.25, 0.25]),
        ] {
            let schedule = parse(text).unwrap();
            schedule.check("x").unwrap();
            for (step, e) in [0, 5, 10].into_iter().zip(at) {
                assert!((schedule.value(step, 11) - e).abs() < 1e-12, "{text} at {step}");
            }
            let again = toml::to_string(&Table { x: schedule.clone() }).unwrap();
            assert_eq!(parse(&again).unwrap(), schedule);
        }
    }

    #[test]
    fn bad_values_are_refused() {
        for text in [
            "x = 0",
            "x = -1.0",
            "x = nan",
            "x = { from = 0.0, to = 1.0 }",
            "x = { from = 1.0, to = inf }",
            "x = { from = 1.0, to = 1.0, over = 0 }",
            "x = { at = [] }",
            "x = { at = [[1, 1.0]] }",
            "x = { at = [[0, 1.0], [0, 2.0]] }",
        ] {
            assert!(parse(text).unwrap().check("x").is_err(), "{text}");
        }
        assert!(parse("x = { from = 1.0, to = 2.0, steps = 3 }").is_err());
    }
}
