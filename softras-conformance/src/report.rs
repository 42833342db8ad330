//! What the suite found: rows for machines, tables for people.

use serde::{Deserialize, Serialize};

use crate::law::Compares;
use crate::laws;
use crate::subject::Subject;
use crate::verdict::Verdict;

mod html;
mod markdown;
mod text;

pub use html::html;
pub use markdown::markdown;
pub use text::Table;

/// How one law fared on one back end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The law.
    pub law: String,
    /// The back end and its device: the name of a [`Column`].
    pub backend: String,
    /// Whether it holds.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The worst share of the budget that was used, above 1 where that broke the law; none where bits were compared or
    /// nothing was.
    pub budget_used: Option<f64>,
    /// What used it.
    pub by: String,
    /// Comparisons made.
    pub comparisons: u64,
    /// Random cases drawn.
    pub cases: u64,
    /// Time taken.
    pub seconds: f64,
}

/// A back end on a machine, and how it was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in this report, `cpu[x86_64 CPU]`.
    pub backend: String,
    /// Versions, driver, instruction set, threads, in the back end's words.
    pub details: String,
    /// The bounds it is held to.
    pub rung: String,
    /// The scalar types it was tested in.
    pub scalars: Vec<String>,
    /// The version of softras.
    pub softras: String,
    /// The operating system.
    pub os: String,
    /// The processor family.
    pub arch: String,
    /// Random cases for each law.
    pub cases: u32,
    /// Where they begin.
    pub seed: u64,
}

impl Column {
    /// Describes `subject` on this machine.
    #[must_use]
    pub fn of(subject: &Subject, cases: u32, seed: u64) -> Self {
        let scalars = if subject.double().is_some() { &["f32", "f64"][..] } else { &["f32"] };
        Self {
            backend: subject.name(),
            details: subject.info().details,
            rung: format!("{:?}", subject.held_to()),
            scalars: scalars.iter().map(|&s| s.to_owned()).collect(),
            softras: env!("CARGO_PKG_VERSION").to_owned(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cases,
            seed,
        }
    }
}

/// How many rows there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Laws that hold, or break as expected.
    pub passed: usize,
    /// Laws that break, or hold unexpectedly.
    pub failed: usize,
    /// Laws about what is not declared.
    pub unsupported: usize,
    /// Laws that could not be checked.
    pub skipped: usize,
}

/// Rows of any number of back ends and machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "File", into = "File")]
pub struct Report {
    /// The back ends.
    pub columns: Vec<Column>,
    /// All rows, in the order of the laws.
    pub rows: Vec<Row>,
}

/// A report as it is written: with its counts, which are checked when it is read.
#[derive(Serialize, Deserialize)]
struct File {
    #[serde(flatten)]
    counts: Counts,
    backends: Vec<Column>,
    rows: Vec<Row>,
}

impl From<Report> for File {
    fn from(report: Report) -> Self {
        Self { counts: report.counts(), backends: report.columns, rows: report.rows }
    }
}

impl TryFrom<File> for Report {
    type Error = String;

    fn try_from(file: File) -> Result<Self, String> {
        let report = Self { columns: file.backends, rows: file.rows };
        if report.counts() != file.counts {
            return Err(format!("found {:?}, and rows that give {:?}", file.counts, report.counts()));
        }
        if let Some(row) = report.rows.iter().find(|r| !report.columns.iter().any(|c| c.backend == r.backend))
        {
            return Err(format!("found a row of {}, which is none of its back ends", row.backend));
        }
        Ok(report)
    }
}

impl Report {
    /// Counts the rows of each kind.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            match row.verdict {
                Verdict::Holds | Verdict::Expected(_) => counts.passed += 1,
                Verdict::Broken(_) => counts.failed += 1,
                Verdict::Unsupported(_) => counts.unsupported += 1,
                Verdict::Skipped(_) => counts.skipped += 1,
            }
        }
        counts
    }

    /// Adds the columns of another report. One whose name is taken gets a number, unless it is the same in all but
    /// time, which changes nothing.
    pub fn merge(&mut self, other: Self) {
        for column in other.columns {
            let rows: Vec<Row> = other.rows.iter().filter(|r| r.backend == column.backend).cloned().collect();
            if !self.columns.iter().any(|own| *own == column && same_but_time(&self.rows_of(own), &rows)) {
                self.add(column, rows);
            }
        }
    }

    /// Adds a column of its own.
    fn add(&mut self, mut column: Column, rows: Vec<Row>) {
        let name = column.backend.clone();
        let mut number = 2;
        while self.columns.iter().any(|own| own.backend == column.backend) {
            column.backend = format!("{name} #{number}");
            number += 1;
        }
        self.rows.extend(rows.into_iter().map(|row| Row { backend: column.backend.clone(), ..row }));
        self.columns.push(column);
    }

    fn rows_of(&self, column: &Column) -> Vec<Row> {
        self.rows.iter().filter(|r| r.backend == column.backend).cloned().collect()
    }

    /// Tells whether no law is broken.
    #[must_use]
    pub fn all_hold(&self) -> bool {
        self.counts().failed == 0
    }

    /// The names of the laws, each once, in the order of their first rows.
    fn laws(&self) -> Vec<&str> {
        let mut seen = std::collections::BTreeSet::new();
        self.rows.iter().map(|r| r.law.as_str()).filter(|&law| seen.insert(law)).collect()
    }

    /// The row of a law on a back end.
    fn row(&self, law: &str, column: &Column) -> Option<&Row> {
        self.rows.iter().find(|r| r.law == law && r.backend == column.backend)
    }

    /// The rows that have something to say beside a share: in words, grouped by what they say.
    fn remarks(&self, pick: impl Fn(&Verdict) -> Option<&str>) -> Vec<(String, Vec<&str>)> {
        let mut out: Vec<(String, Vec<&str>)> = Vec::new();
        for row in &self.rows {
            let Some(why) = pick(&row.verdict) else { continue };
            let why = format!("{}: {why}", row.backend);
            match out.iter_mut().find(|(said, _)| *said == why) {
                Some((_, laws)) => laws.push(&row.law),
                None => out.push((why, vec![&row.law])),
            }
        }
        out
    }
}

fn same_but_time(a: &[Row], b: &[Row]) -> bool {
    let timeless = |rows: &[Row]| rows.iter().map(|r| Row { seconds: 0.0, ..r.clone() }).collect::<Vec<_>>();
    timeless(a) == timeless(b)
}

/// What stands in the table for a row, and nothing where there is none.
fn cell(row: Option<&Row>) -> String {
    let Some(row) = row else { return String::new() };
    match (&row.verdict, row.budget_used) {
        (Verdict::Holds, Some(share)) if share >= 0.0005 => format!("{:.1} %", 100.0 * share),
        (Verdict::Holds, Some(share)) if share > 0.0 => "< 0.1 %".to_owned(),
        (Verdict::Holds, _) => match laws::find(&row.law).map(|law| law.compares) {
            Some(Compares::Contract) => "holds".to_owned(),
            _ => "exact".to_owned(),
        },
        (Verdict::Broken(_), Some(share)) => format!("BROKEN, {:.0} %", 100.0 * share),
        (Verdict::Broken(_), None) => "BROKEN".to_owned(),
        (Verdict::Expected(_), _) => "breaks as expected".to_owned(),
        (Verdict::Unsupported(_), _) => "unsupported".to_owned(),
        (Verdict::Skipped(_), _) => "skipped".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(backend: &str, details: &str) -> Column {
        let text = str::to_owned;
        Column {
            backend: text(backend),
            details: text(details),
            rung: text("Simd"),
            scalars: vec![text("f32")],
            softras: text("0.1.0"),
            os: text("linux"),
            arch: text("x86_64"),
            cases: 24,
            seed: 0,
        }
    }

    fn row(law: &str, backend: &str, verdict: Verdict, budget_used: Option<f64>) -> Row {
        let (law, backend, by) = (law.to_owned(), backend.to_owned(), String::new());
        Row { law, backend, verdict, budget_used, by, comparisons: 1, cases: 0, seconds: 0.0 }
    }

    fn one(details: &str, share: f64) -> Report {
        let row = row("a::b", "cpu[x]", Verdict::Holds, Some(share));
        Report { columns: vec![column("cpu[x]", details)], rows: vec![row] }
    }

    #[test]
    fn reports_of_several_machines_merge_into_one_table() {
        let mut all = one("2 threads", 0.25);
        let mut again = one("2 threads", 0.25);
        again.rows[0].seconds = 9.0;
        all.merge(again);
        assert_eq!(all.columns.len(), 1, "the same column stands once");
        all.merge(one("64 threads", 0.5));
        let broken = row("a::c", "wgpu[y]", Verdict::Broken("z".to_owned()), Some(3.0));
        all.merge(Report { columns: vec![column("wgpu[y]", "")], rows: vec![broken] });
        let names: Vec<_> = all.columns.iter().map(|c| c.backend.as_str()).collect();
        assert_eq!(names, ["cpu[x]", "cpu[x] #2", "wgpu[y]"]);
        assert!(!all.all_hold());
        let table = Table(&all).to_string();
        for text in ["25.0 %", "50.0 %", "BROKEN, 300 %", "64 threads", "a::c"] {
            assert!(table.contains(text), "{table}");
            assert!(markdown(&all, "").contains(text) && html(&all).contains(text), "{text}");
        }
    }

    #[test]
    fn a_report_is_read_as_it_was_written_and_a_changed_one_is_refused() {
        let mut report = one("", 0.25);
        report.rows.push(row("a::c", "cpu[x]", Verdict::Unsupported("no Over".to_owned()), None));
        let json = serde_json::to_string(&report).expect("it is plain data");
        assert_eq!(serde_json::from_str::<Report>(&json).expect("it was written so"), report);
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&value["passed"], &value["unsupported"]), (&1.into(), &1.into()));
        assert_eq!(value["rows"][0]["status"], "passed");
        assert_eq!(value["rows"][1]["reason"], "no Over");
        let changed = json.replace("\"passed\":1", "\"passed\":2");
        assert!(serde_json::from_str::<Report>(&changed).is_err());
        let changed =
            json.replace("\"backends\":[{\"backend\":\"cpu[x]", "\"backends\":[{\"backend\":\"cpu[z]");
        assert_ne!(changed, json);
        assert!(serde_json::from_str::<Report>(&changed).is_err());
    }
}
