//! Broken back ends, and which law catches which: the suite is itself tested.
//!
//! A back end plants faults in its own kernels, by hooks that a feature turns on, and offers each as a [`Mutant`]. A
//! mutant that no law catches is a missing law; a law that is not the only one to catch some mutant says why it stays
//! ([`REASONS`]).

use std::fmt;
use std::str::FromStr;

use crate::law::Law;
use crate::laws::laws;
use crate::settings::Settings;
use crate::subject::Subject;
use crate::suite;
use crate::verdict::Verdict;

mod reasons;

pub use reasons::REASONS;

/// A back end with a fault.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The fault, in a word.
    pub name: String,
    /// What it does, in a sentence.
    pub statement: String,
    /// The law that is about it.
    pub law: String,
    /// The broken back end.
    pub subject: Subject,
}

/// Checks one law on a back end.
#[must_use]
pub fn check(subject: &Subject, law: &Law, settings: &Settings) -> Verdict {
    let context = settings.context(subject, law);
    context.lacks(law.needs).unwrap_or_else(|| Verdict::of(law, subject, &suite::run(law, &context)))
}

/// Laws that take seconds where others take milliseconds: [`Matrix::measure`] asks them only where it matters.
pub const HEAVY: &[&str] = &[
    "determinism::of_many_faces",
    "determinism::of_variants",
    "forward::agrees_for_every_combination",
    "forward::is_the_merge_of_any_split",
    "forward::pairs_of_a_sphere",
    "gradient::is_the_derivative_of_the_picture",
    "robustness::extreme_settings_are_harmless",
    "robustness::of_very_many_faces_in_one_tile",
    "robustness::poison_that_passes_is_harmless",
];

fn is_heavy(law: &str) -> bool {
    HEAVY.contains(&law)
}

/// Which laws catch which mutants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// A row for each mutant.
    pub rows: Vec<MatrixRow>,
}

/// One mutant, and the laws that catch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    /// The fault.
    pub mutant: String,
    /// What it does.
    pub statement: String,
    /// The law that is about it.
    pub law: String,
    /// Every law that catches it, in the order of the registry.
    pub caught_by: Vec<String>,
}

impl Matrix {
    /// Checks every law on every mutant; [`HEAVY`] ones on those that fewer than two others catch, or that are about them.
    #[must_use]
    pub fn measure(mutants: &[Mutant], settings: &Settings, mut each: impl FnMut(&MatrixRow)) -> Self {
        let mut matrix = Self::default();
        for mutant in mutants {
            let catches = |law: &&Law| matches!(check(&mutant.subject, law, settings), Verdict::Broken(_));
            let mut caught_by: Vec<&str> =
                laws().filter(|law| !is_heavy(law.name)).filter(catches).map(|law| law.name).collect();
            let alone = caught_by.len() < 2;
            let heavy = laws().filter(|law| is_heavy(law.name) && (alone || law.name == mutant.law));
            caught_by.extend(heavy.filter(catches).map(|law| law.name));
            let in_order = laws().map(|law| law.name).filter(|name| caught_by.contains(name));
            let row = MatrixRow {
                mutant: mutant.name.clone(),
                statement: mutant.statement.clone(),
                law: mutant.law.clone(),
                caught_by: in_order.map(str::to_owned).collect(),
            };
            each(&row);
            matrix.rows.push(row);
        }
        matrix
    }

    /// The mutants that live, and those that their own law does not catch.
    #[must_use]
    pub fn missed(&self) -> Vec<&str> {
        let missed = self.rows.iter().filter(|row| !row.caught_by.contains(&row.law));
        missed.map(|row| row.mutant.as_str()).collect()
    }

    /// The mutants that a law catches.
    pub fn caught_by<'a>(&'a self, law: &'a str) -> impl Iterator<Item = &'a str> {
        let rows = self.rows.iter().filter(move |row| row.caught_by.iter().any(|l| l == law));
        rows.map(|row| row.mutant.as_str())
    }

    /// The mutants that would live without a law.
    pub fn caught_by_alone<'a>(&'a self, law: &'a str) -> impl Iterator<Item = &'a str> {
        let rows = self.rows.iter().filter(move |row| row.caught_by.len() == 1 && row.caught_by[0] == law);
        rows.map(|row| row.mutant.as_str())
    }

    /// The laws that no mutant needs and that give no reason to stay, and reasons that are about no law.
    #[must_use]
    pub fn unreasoned(&self) -> Vec<String> {
        let needless = laws().filter(|law| self.caught_by_alone(law.name).next().is_none());
        let silent = needless.filter(|law| reason(law.name).is_none());
        let unknown = REASONS.iter().filter(|(name, _)| crate::laws::find(name).is_none());
        silent
            .map(|law| format!("{} catches no fault alone, and gives no reason to stay", law.name))
            .chain(unknown.map(|(name, _)| format!("{name} has a reason, and is no law")))
            .collect()
    }
}

/// Why a law stays that no mutant needs.
#[must_use]
pub fn reason(law: &str) -> Option<&'static str> {
    REASONS.iter().find(|(name, _)| *name == law).map(|(_, reason)| *reason)
}

/// The heads of the two tables.
const MUTANTS: &str = "| fault | what it does | the law about it | other laws that catch it |";
const LAWS: &str = "| law | faults it catches | of them, it alone | why it stays all the same |";

/// Two tables in Markdown: the laws of each mutant, the mutants of each law.
impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MUTANTS}\n|---|---|---|---|")?;
        for row in &self.rows {
            let others: Vec<&str> =
                row.caught_by.iter().filter(|law| **law != row.law).map(String::as_str).collect();
            let own = if row.caught_by.contains(&row.law) { row.law.as_str() } else { "LIVES" };
            writeln!(f, "| {} | {} | {own} | {} |", row.mutant, row.statement, others.join(", "))?;
        }
        writeln!(f, "\n{LAWS}\n|---|---|---|---|")?;
        for law in laws() {
            let caught = self.caught_by(law.name).count();
            let alone: Vec<&str> = self.caught_by_alone(law.name).collect();
            let why = reason(law.name).unwrap_or_default();
            let least = if is_heavy(law.name) { "at least " } else { "" };
            writeln!(f, "| {} | {least}{caught} | {} | {why} |", law.name, alone.join(", "))?;
        }
        Ok(())
    }
}

/// Reads the first table of what [`Display`](fmt::Display) wrote, whatever stands around it.
impl FromStr for Matrix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().skip_while(|line| *line != MUTANTS).skip(2);
        let mut matrix = Self::default();
        for line in lines.by_ref().take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let &[mutant, statement, law, others] = cells.as_slice() else {
                return Err(format!("not four cells: {line}"));
            };
            let all: Vec<&str> = others.split(", ").filter(|law| !law.is_empty()).chain([law]).collect();
            if let Some(unknown) = all.iter().find(|law| crate::laws::find(law).is_none()) {
                return Err(format!("{mutant}: there is no law {unknown}"));
            }
            let caught_by = laws().map(|l| l.name).filter(|l| all.contains(l)).map(str::to_owned).collect();
            let [mutant, statement, law] = [mutant, statement, law].map(str::to_owned);
            matrix.rows.push(MatrixRow { mutant, statement, law, caught_by });
        }
        if matrix.rows.is_empty() { Err("there is no table of faults".to_owned()) } else { Ok(matrix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(mutant: &str, caught_by: &[&str]) -> MatrixRow {
        MatrixRow {
            mutant: mutant.to_owned(),
            statement: "Does something.".to_owned(),
            law: caught_by[0].to_owned(),
            caught_by: caught_by.iter().map(|l| (*l).to_owned()).collect(),
        }
    }

    #[test]
    fn a_matrix_reads_what_it_wrote() {
        let two = ["contract::says_who_it_is", "gradient::is_linear"];
        let matrix = Matrix { rows: vec![row("A", &two[..1]), row("B", &two)] };
        assert_eq!(format!("# Mutants\n\n{matrix}\nMore.").parse(), Ok(matrix.clone()));
        assert_eq!(matrix.caught_by("gradient::is_linear").collect::<Vec<_>>(), ["B"]);
        assert_eq!(matrix.caught_by_alone("gradient::is_linear").count(), 0);
        assert_eq!(matrix.caught_by_alone("contract::says_who_it_is").collect::<Vec<_>>(), ["A"]);
        assert!(matrix.missed().is_empty());
        assert!("nothing".parse::<Matrix>().is_err());
    }

    #[test]
    fn heavy_laws_are_laws() {
        assert!(HEAVY.iter().all(|name| crate::laws::find(name).is_some()));
    }

    #[test]
    fn a_mutant_that_lives_is_named() {
        let mut lives = row("A", &["gradient::is_linear"]);
        lives.caught_by.clear();
        let matrix = Matrix { rows: vec![lives] };
        assert_eq!(matrix.missed(), ["A"]);
        assert!(matrix.to_string().contains("LIVES"));
        assert!(matrix.to_string().parse::<Matrix>().is_err());
    }
}
