//! A calibration as a section of a page, and what it proposes.

use core::fmt;

use super::{Calibration, Entry, FIELDS, Samples, WorstNumber};
use crate::budget::Budget;
use crate::scene::Style;

/// The heading that the section begins with; it is the last of its page.
pub const HEADING: &str = "## Calibration";

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADING}\n")?;
        writeln!(
            f,
            "`softras conformance --calibrate --cases {} --seed {} --report docs/conformance.md` measured this: half of \
             the\nscenes ordinary, half strange, each drawn by all, every number compared with the reference in `f64`, \
             but at pixels in\ndoubt. Of each scene the worst number counts. *Constant* is what is allowed before \
             bands, with what depth adds;\n*bands* is how many the worst number needs on top; *allowed* is both, with \
             the bands of its rung.\nWhere a scene is badly conditioned, the constant means nothing, and its bands \
             tell.\n",
            self.scenes, self.seed
        )?;
        for entry in &self.entries {
            table(f, entry)?;
        }
        writeln!(f, "### What follows\n")?;
        writeln!(f, "| who | rung | bands needed | bands allowed | room | of all allowed, at most |")?;
        writeln!(f, "|---|---|--:|--:|--:|---|")?;
        for entry in &self.entries {
            let needed = entry.fields.iter().map(|s| largest(&s.bands)).fold(0.0, f64::max);
            let allowed = entry.budget.bands;
            let room = allowed / needed;
            write!(f, "| {} | {} | {needed:.2} | {allowed} | {room:.1} x ", entry.name, rung(entry))?;
            match &entry.worst {
                Some(WorstNumber { share, field, number, scene }) => {
                    let Style { distance, silhouette, color, cutoff, .. } = &scene.style;
                    write!(f, "| {share:.3} by {field} in scene {number} ")?;
                    writeln!(f, "({distance:?}, {silhouette:?}, {color:?}, cut-off {cutoff:?}) |")?;
                }
                None => writeln!(f, "| |")?,
            }
        }
        writeln!(f, "\nProposed: {}.", self.proposal())
    }
}

impl Calibration {
    /// What the measurement says the bands of each rung should be: twice what was needed, as a power of two.
    #[must_use]
    pub fn proposal(&self) -> String {
        let mut rungs: Vec<_> = self.entries.iter().filter_map(|e| e.rung).collect();
        rungs.sort_unstable();
        rungs.dedup();
        let of = |rung| {
            let own = self.entries.iter().filter(|e| e.rung == Some(rung)).flat_map(|e| &e.fields);
            let needed = own.map(|s| largest(&s.bands)).fold(0.0, f64::max);
            let proposed =
                if needed.is_finite() { (2.0 * needed).max(1.0).log2().ceil().exp2() } else { needed };
            format!("{proposed} bands for {rung:?}")
        };
        rungs.into_iter().map(of).collect::<Vec<_>>().join(", ")
    }
}

fn table(f: &mut fmt::Formatter<'_>, entry: &Entry) -> fmt::Result {
    writeln!(f, "### {}: {}\n", entry.name, rung(entry))?;
    write!(
        f,
        "| field | constant | scenes | largest error | of the constant: median | 99 % | 99.9 % | largest "
    )?;
    writeln!(f, "| bands: 99.9 % | largest | of all allowed: largest |")?;
    writeln!(f, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    for (name, samples) in FIELDS.iter().zip(&entry.fields) {
        let Samples { errors, alone, bands, whole } = samples;
        let share = |p: f64| quantile(alone, p);
        writeln!(
            f,
            "| {name} | {:.1e} | {} | {:.1e} | {:.2e} | {:.2e} | {:.2e} | {:.2e} | {:.2} | {:.2} | {:.3} |",
            constant(&entry.budget, name),
            errors.len(),
            largest(errors),
            share(0.5),
            share(0.99),
            share(0.999),
            share(1.0),
            quantile(bands, 0.999),
            largest(bands),
            largest(whole),
        )?;
    }
    writeln!(f)
}

fn rung(entry: &Entry) -> String {
    entry.rung.map_or_else(|| "for comparison".to_owned(), |rung| format!("{rung:?}"))
}

fn constant(budget: &Budget, field: &str) -> f64 {
    match field {
        "probability" => budget.probability,
        "silhouette" => budget.silhouette,
        "color" => budget.color,
        "gradient" => budget.gradient,
        "element" => budget.element,
        _ => budget.order,
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The smallest value that at least the share `p` of all are not above.
fn quantile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (p * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let values = [3.0, 1.0, 2.0, 4.0];
        for (p, expected) in [(0.5, 2.0), (0.75, 3.0), (1.0, 4.0), (0.001, 1.0), (0.76, 4.0)] {
            assert!((quantile(&values, p) - expected).abs() <= 0.0, "{p}");
        }
        assert!(quantile(&[], 0.5) <= 0.0);
    }
}
