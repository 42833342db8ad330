//! The table of a terminal.

use core::fmt;

use super::{Report, cell};
use crate::verdict::Verdict;

/// Law by back end, with the share of the budget used in percent; then what is broken, unsupported and skipped.
#[derive(Debug)]
pub struct Table<'a>(pub &'a Report);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        for c in &report.columns {
            let scalars = c.scalars.join(", ");
            writeln!(f, "{}: {}; {scalars} held to {}", c.backend, c.details, c.rung)?;
            writeln!(
                f,
                "  softras {}, {} {}, {} cases from seed {}",
                c.softras, c.os, c.arch, c.cases, c.seed
            )?;
        }
        let laws = report.laws();
        let first = laws.iter().map(|l| l.len()).max().unwrap_or(0).max(3);
        write!(f, "{:first$}", "law")?;
        for c in &report.columns {
            write!(f, " | {:>18}", c.backend)?;
        }
        for law in laws {
            write!(f, "\n{law:first$}")?;
            for c in &report.columns {
                let width = c.backend.chars().count().max(18);
                write!(f, " | {:>width$}", cell(report.row(law, c)))?;
            }
        }
        for (title, pick) in REMARKS {
            for (why, laws) in report.remarks(pick) {
                write!(f, "\n\n{title}: {}\n  {}", laws.join(", "), why.replace('\n', "\n  "))?;
            }
        }
        let counts = report.counts();
        let (passed, failed) = (counts.passed, counts.failed);
        write!(f, "\n\n{passed} passed, {failed} failed, ")?;
        write!(f, "{} unsupported, {} skipped", counts.unsupported, counts.skipped)
    }
}

/// A title, and the rows that stand under it.
pub(super) type Remark = (&'static str, fn(&Verdict) -> Option<&str>);

/// The rows that have something to say.
pub(super) const REMARKS: [Remark; 4] = [
    ("broken", |v| if let Verdict::Broken(why) = v { Some(why) } else { None }),
    ("broken as expected", |v| if let Verdict::Expected(why) = v { Some(why) } else { None }),
    ("unsupported", |v| if let Verdict::Unsupported(why) = v { Some(why) } else { None }),
    ("skipped", |v| if let Verdict::Skipped(why) = v { Some(why) } else { None }),
];
