//! How colors are learnt, for a TOML file: [`ColorSettings`].

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Most texels along a side of a face: a face of a prediction covers a few pixels.
const MOST_TEXELS: usize = 8;
/// Most colors of a palette.
const MOST_COLORS: usize = 256;

/// How colors are learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColorSettings {
    /// What becomes of the shapes meanwhile. `after`, as published.
    pub order: ColorOrder,
    /// Colors of the palette. 16.
    pub palette: usize,
    /// Texels along a side of each of the 1,280 faces, 1 to 8. 1.
    pub texels: usize,
    /// Steps. 20,000.
    pub steps: usize,
    /// Minutes after which learning ends, 0 for as long as it takes. 0.
    pub minutes: f64,
    /// Learning rate of Adam. 1e-3.
    pub lr: f64,
    /// Steps between two looks at the stop split. 100.
    pub check_every: usize,
}

/// What becomes of the shapes while colors are learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorOrder {
    /// They were learnt before, and stay as they are.
    #[default]
    After,
    /// They are learnt on together with the colors.
    Joint,
}

impl Default for ColorSettings {
    fn default() -> Self {
        Self {
            order: ColorOrder::After,
            palette: 16,
            texels: 1,
            steps: 20_000,
            minutes: 0.0,
            lr: 1e-3,
            check_every: 100,
        }
    }
}

impl ColorSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` names the first value out of range.
    pub fn check(&self) -> Result<()> {
        for (name, n, most) in [
            ("color.palette", self.palette, MOST_COLORS),
            ("color.texels", self.texels, MOST_TEXELS),
            ("color.steps", self.steps, usize::MAX),
            ("color.check_every", self.check_every, usize::MAX),
        ] {
            if !(1..=most).contains(&n) {
                let expected =
                    if most == usize::MAX { "at least 1".to_owned() } else { format!("1 to {most}") };
                return Err(Error::setting(name, n, expected));
            }
        }
        if !(self.lr > 0.0 && self.lr.is_finite()) {
            return Err(Error::setting("color.lr", self.lr, "a finite number above 0"));
        }
        if !(self.minutes >= 0.0 && self.minutes.is_finite()) {
            return Err(Error::setting("color.minutes", self.minutes, "a finite number, not negative"));
        }
        Ok(())
    }

    /// The share of the learning that is done after `step` steps and `seconds`: of its steps, or of its minutes if that is
    /// more.
    #[must_use]
    pub fn share(&self, step: usize, seconds: f64) -> f64 {
        let of_time = if self.minutes > 0.0 { seconds / (60.0 * self.minutes) } else { 0.0 };
        (step as f64 / self.steps as f64).max(of_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named() {
        ColorSettings::default().check().unwrap();
        for (text, name) in [
            ("palette = 0", "color.palette"),
            ("palette = 257", "color.palette"),
            ("texels = 9", "color.texels"),
            ("steps = 0", "color.steps"),
            ("lr = 0.0", "color.lr"),
            ("minutes = -1.0", "color.minutes"),
            ("check_every = 0", "color.check_every"),
        ] {
            let e = toml::from_str::<ColorSettings>(text).unwrap().check().unwrap_err().to_string();
            assert!(e.starts_with(name), "{text}: {e}");
        }
        let joint: ColorSettings = toml::from_str("order = \"joint\"").unwrap();
        assert_eq!(joint.order, ColorOrder::Joint);
        assert!(toml::from_str::<ColorSettings>("order = \"first\"").is_err());
    }

    #[test]
    fn whichever_runs_out_first_ends_the_learning() {
        let settings = ColorSettings { steps: 100, minutes: 2.0, ..ColorSettings::default() };
        assert!(
            (settings.share(10, 30.0) - 0.25).abs() < 1e-12 && (settings.share(90, 30.0) - 0.9).abs() < 1e-12
        );
        let unhurried = ColorSettings { minutes: 0.0, ..settings };
        assert!((unhurried.share(10, 1e9) - 0.1).abs() < 1e-12);
    }
}
