//! What the suite found, as a table for people and as JSON for machines.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How one law fared on one back end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The law.
    pub law: String,
    /// The back end and its device.
    pub subject: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// The worst share of the budget that was used.
    pub share: f64,
    /// What used it.
    pub by: String,
    /// Comparisons made.
    pub comparisons: u64,
    /// Random cases drawn.
    pub cases: u64,
    /// Time taken.
    pub seconds: f64,
}

/// Whether a law holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not, and where.
    Broken(String),
    /// It could not be checked, and why.
    Skipped(String),
}

/// Rows of any number of back ends and machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// All rows.
    pub rows: Vec<Row>,
}

impl Report {
    /// Adds the rows of another report; a row of the same law and back end is replaced.
    pub fn merge(&mut self, other: Self) {
        for row in other.rows {
            self.rows.retain(|r| (&r.law, &r.subject) != (&row.law, &row.subject));
            self.rows.push(row);
        }
    }

    /// Tells whether no law is broken.
    #[must_use]
    pub fn all_hold(&self) -> bool {
        self.rows.iter().all(|r| !matches!(r.verdict, Verdict::Broken(_)))
    }
}

/// Law by back end, with the share of the budget used in percent.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut subjects: Vec<&str> = self.rows.iter().map(|r| r.subject.as_str()).collect();
        subjects.sort_unstable();
        subjects.dedup();
        let mut laws: BTreeMap<&str, BTreeMap<&str, &Row>> = BTreeMap::new();
        for row in &self.rows {
            laws.entry(&row.law).or_default().insert(&row.subject, row);
        }
        let first = laws.keys().map(|l| l.len()).max().unwrap_or(0).max(3);
        write!(f, "{:first$}", "law")?;
        for subject in &subjects {
            write!(f, " | {subject:>12}")?;
        }
        for (law, rows) in laws {
            write!(f, "\n{law:first$}")?;
            for subject in &subjects {
                let cell = match rows.get(subject).map(|r| (&r.verdict, r.share)) {
                    None => String::new(),
                    Some((Verdict::Holds, share)) => format!("{:.1} %", 100.0 * share),
                    Some((Verdict::Broken(_), _)) => "BROKEN".to_owned(),
                    Some((Verdict::Skipped(why), _)) => why.clone(),
                };
                write!(f, " | {cell:>width$}", width = subject.len().max(12))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(law: &str, subject: &str, verdict: Verdict, share: f64) -> Row {
        let (law, subject, by) = (law.to_owned(), subject.to_owned(), String::new());
        Row { law, subject, verdict, share, by, comparisons: 1, cases: 0, seconds: 0.0 }
    }

    #[test]
    fn reports_of_two_machines_merge_into_one_table() {
        let mut a = Report { rows: vec![row("a::b", "cpu[x]", Verdict::Holds, 0.25)] };
        let again = row("a::b", "cpu[x]", Verdict::Holds, 0.5);
        a.merge(Report { rows: vec![again, row("a::b", "wgpu[y]", Verdict::Broken("z".to_owned()), 0.0)] });
        assert_eq!(a.rows.len(), 2);
        assert!(!a.all_hold());
        let table = a.to_string();
        assert!(table.contains("50.0 %") && table.contains("BROKEN"), "{table}");
        let json = serde_json::to_string(&a).expect("it is plain data");
        assert_eq!(serde_json::from_str::<Report>(&json).expect("it was written so"), a);
    }
}
