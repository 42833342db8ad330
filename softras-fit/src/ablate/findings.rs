//! What an ablation found: [`AblationFindings`], a row for every cell.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::factor::Factor;
use super::interval::Estimate;
use super::plan::{Cell, Plan};
use super::store::Done;
use super::task::{Better, Measure};
use crate::experiment::Setup;

/// What came out of one cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What differs from the default: `distance barycentric`.
    pub label: String,
    /// The words of every factor.
    pub words: [&'static str; 5],
    /// One for each measure; `None` where a seed diverged: a mean of the rest would be of other fits.
    pub values: Vec<Option<Estimate>>,
    /// The same, minus the default of the same seed.
    pub differences: Vec<Option<Estimate>>,
    /// Seconds of a step over those of the default, of the seeds that this run fitted both of.
    pub time_ratio: Option<Estimate>,
    /// What went wrong, a line a seed.
    pub failures: Vec<String>,
}

/// What an ablation found, ready to be written.
#[derive(Clone, Debug)]
pub struct AblationFindings {
    /// What was fitted.
    pub plan: Plan,
    /// What was fitted and how, in words.
    pub about: String,
    /// The numbers of every row.
    pub measures: &'static [Measure],
    /// The rows, the default first.
    pub rows: Vec<Row>,
    /// Fits that this run made.
    pub fitted: usize,
    /// Fits that were found done.
    pub found: usize,
    /// Seconds it took.
    pub seconds: f64,
}

/// Puts the fits of one cell, one a seed, beside those of the default.
pub(super) fn row(cell: &Cell, default: &Cell, fits: &[Done], beside: &[Done], measures: usize) -> Row {
    let column = |of: &dyn Fn(&Done, &Done) -> Option<f64>| -> Option<Estimate> {
        let values: Option<Vec<f64>> = fits.iter().zip(beside).map(|(own, other)| of(own, other)).collect();
        Estimate::of(&values?)
    };
    let value = |done: &Done, m: usize| done.values.as_ref().map(|values| values[m]);
    let ratios: Vec<f64> = fits
        .iter()
        .zip(beside)
        .filter(|(own, other)| own.run == other.run && own.step_seconds > 0.0 && other.step_seconds > 0.0)
        .map(|(own, other)| own.step_seconds / other.step_seconds)
        .collect();
    Row {
        label: cell.label(default),
        words: cell.words,
        values: (0..measures).map(|m| column(&|own, _| value(own, m))).collect(),
        differences: (0..measures)
            .map(|m| column(&|own, other| Some(value(own, m)? - value(other, m)?)))
            .collect(),
        time_ratio: Estimate::of(&ratios),
        failures: fits.iter().filter_map(|done| done.failure.clone()).collect(),
    }
}

impl AblationFindings {
    /// What the numbers say, a sentence for every row but the default: whether the interval of the difference of the first
    /// measure leaves 0 out.
    #[must_use]
    pub fn conclusions(&self) -> Vec<String> {
        let Some(first) = self.measures.first() else { return Vec::new() };
        let name = first.name.replace('_', " ");
        let rows = self.rows.iter().skip(1);
        rows.map(|row| {
            let label = &row.label;
            let Some(difference) = row.differences.first().copied().flatten() else {
                return format!("{label}: no conclusion, a fit has no result ({}).", row.failures.join("; "));
            };
            let shown = text(Some(difference));
            let up = difference.mean > 0.0;
            match (difference.half, difference.is_apart_from_zero()) {
                (None, _) => format!("{label}: {name} {shown} beside the default; one seed has no interval."),
                (_, false) => format!("{label}: no difference in {name} beyond chance ({shown})."),
                (_, true) if up == (first.better == Better::Higher) => {
                    format!("{label}: better in {name} ({shown}).")
                }
                (_, true) => format!("{label}: worse in {name} ({shown})."),
            }
        })
        .collect()
    }

    /// The JSON: `task, design, seeds, first_seed, effort, device, about, measures, rows, conclusions, fitted, found, seconds`.
    #[must_use]
    pub fn json(&self, setup: &Setup<'_>) -> Value {
        let info = setup.device.info();
        let name = |m: &Measure| m.name;
        let rows: Vec<Value> = self.rows.iter().map(|row| self.row_json(row)).collect();
        json!({
            "task": self.plan.task.name,
            "design": self.plan.design.name(),
            "seeds": self.plan.seeds,
            "first_seed": setup.seed,
            "effort": setup.effort.choose("full", "quick"),
            "device": { "backend": info.backend, "device": info.device, "details": info.details },
            "about": self.about,
            "measures": self.measures.iter().map(name).collect::<Vec<_>>(),
            "rows": rows,
            "conclusions": self.conclusions(),
            "fitted": self.fitted,
            "found": self.found,
            "seconds": self.seconds,
        })
    }

    fn row_json(&self, row: &Row) -> Value {
        let words: Value =
            Factor::ALL.iter().map(|f| (f.name().to_owned(), json!(row.words[*f as usize]))).collect();
        let named = |values: &[Option<Estimate>]| -> Value {
            self.measures.iter().zip(values).map(|(m, value)| (m.name.to_owned(), json!(value))).collect()
        };
        json!({
            "label": row.label,
            "words": words,
            "values": named(&row.values),
            "differences": named(&row.differences),
            "time_ratio": row.time_ratio,
            "failures": row.failures,
        })
    }

    /// The table, a line a cell and a measure: `label, distance, .., measure, mean, half, difference, difference_half, seeds`.
    /// What does not exist is empty. The time ratio is a measure among the others.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = "label,".to_owned();
        for factor in Factor::ALL {
            csv += factor.name();
            csv.push(',');
        }
        csv += "measure,mean,half,difference,difference_half,seeds\n";
        let cell = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
        for row in &self.rows {
            let measures = self.measures.iter().map(|m| m.name);
            let numbers = row.values.iter().copied().zip(row.differences.iter().copied());
            let time = [("time_ratio", (row.time_ratio, None))];
            for (measure, (value, difference)) in measures.zip(numbers).chain(time) {
                // Writing to a string does not fail.
                let _ = writeln!(
                    csv,
                    "\"{}\",{},{measure},{},{},{},{},{}",
                    row.label,
                    row.words.join(","),
                    cell(value.map(|v| v.mean)),
                    cell(value.and_then(|v| v.half)),
                    cell(difference.map(|v| v.mean)),
                    cell(difference.and_then(|v| v.half)),
                    value.map_or(0, |v| v.count)
                );
            }
        }
        csv
    }
}

/// `0.8012 ± 0.0034`, `0.8012` for one value, `-` for none.
#[must_use]
pub fn text(value: Option<Estimate>) -> String {
    use crate::experiment::page::number;
    match value {
        None => "-".to_owned(),
        Some(Estimate { mean, half: None, .. }) => number(mean),
        Some(Estimate { mean, half: Some(half), .. }) => format!("{} ± {}", number(mean), number(half)),
    }
}
