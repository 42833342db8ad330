//! Checks that settings of different fits share: each names what it found and what it expected.

use crate::error::{Error, Result};
use crate::schedule::Schedule;

/// At least one step.
pub(crate) fn steps(found: usize) -> Result<()> {
    if found == 0 { Err(Error::setting("steps", found, "at least 1")) } else { Ok(()) }
}

/// Schedules by their names: every value is finite and above 0.
pub(crate) fn schedules(all: &[(&str, &Schedule)]) -> Result<()> {
    all.iter().try_for_each(|(name, schedule)| schedule.check(name))
}

/// Numbers by their names: finite, none below 0.
pub(crate) fn at_least_zero(all: &[(&str, f64)]) -> Result<()> {
    match all.iter().find(|(_, x)| !(x.is_finite() && *x >= 0.0)) {
        Some((name, bad)) => Err(Error::setting(*name, bad, "a finite number, at least 0")),
        None => Ok(()),
    }
}

/// The memories of an optimiser.
pub(crate) fn memories(beta1: f64, beta2: f64) -> Result<()> {
    match [("beta1", beta1), ("beta2", beta2)].into_iter().find(|(_, beta)| !(0.0..1.0).contains(beta)) {
        Some((name, bad)) => Err(Error::setting(name, bad, "at least 0 and below 1")),
        None => Ok(()),
    }
}

/// A color.
pub(crate) fn background(color: &[f32; 3]) -> Result<()> {
    match color.iter().find(|x| !(0.0..=1.0).contains(*x)) {
        Some(bad) => Err(Error::setting("background", bad, "numbers from 0 to 1")),
        None => Ok(()),
    }
}

/// The probability below which a face is cut off.
pub(crate) fn dist_eps(found: f64) -> Result<()> {
    if found > 0.0 && found < 0.5 {
        Ok(())
    } else {
        Err(Error::setting("dist_eps", found, "above 0 and below 0.5"))
    }
}

/// The weights of the parts of a loss by pictures: one at least counts.
pub(crate) fn parts_of_loss(all: &[(&str, f64)]) -> Result<()> {
    at_least_zero(all)?;
    if all.iter().all(|(_, x)| *x <= 0.0) {
        return Err(Error::setting("loss", "no silhouette and no color to fit", "one of them at least"));
    }
    Ok(())
}
