//! A page in HTML that needs no other file.

use core::fmt::Write as _;

use super::markdown::say;
use super::text::REMARKS;
use super::{Report, cell};
use crate::verdict::Verdict;

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>softras conformance</title><style>\
body{font:15px/1.5 sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#222}\
table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:left}\
td.n{text-align:right;white-space:nowrap}.broken{background:#f8c4c0}.expected{background:#f8e4b0}\
.none{color:#888}pre{background:#f4f4f4;padding:.7em;overflow:auto}small{color:#666}</style>";

/// Writes a report as a page of its own.
#[must_use]
pub fn html(report: &Report) -> String {
    let mut out = HEAD.to_owned();
    // Writing to a string does not fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &Report) -> core::fmt::Result {
    let counts = report.counts();
    writeln!(
        out,
        "<h1>softras conformance</h1><p>{} passed, {} failed, {} unsupported, {} skipped. A cell is the largest share \
         of its budget that a law used; <i>exact</i> is none.</p><table><tr><th>back end<th>details<th>scalar types\
         <th>rung<th>softras<th>system<th>cases<th>seed</tr>",
        counts.passed, counts.failed, counts.unsupported, counts.skipped
    )?;
    for c in &report.columns {
        write!(out, "<tr><td>{}<td>{}", escape(&c.backend), escape(&c.details))?;
        write!(out, "<td>{}<td>{}<td>{}", c.scalars.join(", "), escape(&c.rung), escape(&c.softras))?;
        writeln!(out, "<td>{} {}<td>{}<td>{}</tr>", escape(&c.os), escape(&c.arch), c.cases, c.seed)?;
    }
    write!(out, "</table><table><tr><th>law<th>compares")?;
    report.columns.iter().try_for_each(|c| write!(out, "<th>{}", escape(&c.backend)))?;
    for law in report.laws() {
        let (statement, compares) = say(law);
        write!(out, "</tr>\n<tr><td>{}<br><small>{}</small>", escape(law), escape(&statement))?;
        write!(out, "<td>{compares}")?;
        for c in &report.columns {
            let row = report.row(law, c);
            let class = match row.map(|r| &r.verdict) {
                Some(Verdict::Holds) => "",
                Some(Verdict::Broken(_)) => " broken",
                Some(Verdict::Expected(_)) => " expected",
                Some(Verdict::Unsupported(_) | Verdict::Skipped(_)) | None => " none",
            };
            write!(out, "<td class=\"n{class}\">{}", escape(&cell(row)))?;
        }
    }
    writeln!(out, "</tr></table>")?;
    for (title, pick) in REMARKS {
        for (why, laws) in report.remarks(pick) {
            writeln!(out, "<h3>{title}: {}</h3><pre>{}</pre>", escape(&laws.join(", ")), escape(&why))?;
        }
    }
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
