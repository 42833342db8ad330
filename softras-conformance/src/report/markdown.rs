//! A page in Markdown: `docs/conformance.md`.

use core::fmt::Write as _;

use super::text::REMARKS;
use super::{Report, cell};
use crate::law::Compares;
use crate::laws;

/// How to read the page.
const INTRODUCTION: &str = include_str!("introduction.md");

/// Writes a report as a page; `calibration` is its last section, or empty. It is the same for the same rows: times are
/// left out.
#[must_use]
pub fn markdown(report: &Report, calibration: &str) -> String {
    let mut out = INTRODUCTION.to_owned();
    // Writing to a string does not fail.
    let _ = write(&mut out, report);
    if !calibration.is_empty() {
        out.push('\n');
        out.push_str(calibration.trim_end());
        out.push('\n');
    }
    out
}

fn write(out: &mut String, report: &Report) -> core::fmt::Result {
    writeln!(out, "\n## What was tested\n")?;
    writeln!(out, "| back end | details | scalar types | rung | softras | system | cases | seed |")?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    for c in &report.columns {
        let (name, details, scalars) = (escape(&c.backend), escape(&c.details), c.scalars.join(", "));
        write!(out, "| {name} | {details} | {scalars} | {} | {} ", c.rung, c.softras)?;
        writeln!(out, "| {} {} | {} | {} |", c.os, c.arch, c.cases, c.seed)?;
    }
    let counts = report.counts();
    writeln!(
        out,
        "\n{} passed, {} failed, {} unsupported, {} skipped.",
        counts.passed, counts.failed, counts.unsupported, counts.skipped
    )?;
    for (title, pick) in REMARKS {
        for (i, (why, laws)) in report.remarks(pick).into_iter().enumerate() {
            if i == 0 {
                writeln!(out, "\n### {}{}\n", title[..1].to_uppercase(), &title[1..])?;
            }
            let laws: Vec<String> = laws.iter().map(|law| format!("`{law}`")).collect();
            writeln!(out, "- {}:\n\n  ```text\n  {}\n  ```", laws.join(", "), why.replace('\n', "\n  "))?;
        }
    }
    writeln!(out, "\n## The laws")?;
    let mut topic = "";
    for law in report.laws() {
        let (own, _) = law.split_once("::").unwrap_or((law, ""));
        if own != topic {
            topic = own;
            write!(out, "\n### {topic}\n\n| law | what it says | compares |")?;
            report.columns.iter().try_for_each(|c| write!(out, " {} |", escape(&c.backend)))?;
            writeln!(out, "\n|---|---|---|{}", "--:|".repeat(report.columns.len()))?;
        }
        let (statement, compares) = say(law);
        write!(out, "| `{law}` | {} | {compares} |", escape(&statement))?;
        report.columns.iter().try_for_each(|c| write!(out, " {} |", cell(report.row(law, c))))?;
        writeln!(out)?;
    }
    Ok(())
}

/// What a law says, of which parts if not of all, and what it compares; nothing for a law of another version.
pub(super) fn say(name: &str) -> (String, &'static str) {
    let Some(law) = laws::find(name) else { return (String::new(), "") };
    let about = if law.about.is_empty() { String::new() } else { format!(" (about {})", law.about) };
    let compares = match law.compares {
        Compares::Bits => "bits",
        Compares::Budget => "budget",
        Compares::Contract => "contract",
    };
    (format!("{}{about}", law.statement), compares)
}

/// Text that stands in a cell of a table.
fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}
