//! The page of an experiment: one HTML file that needs no other.

use super::Setup;
use super::findings::{Content, Findings};
use crate::error::Result;
use crate::report::document::{Document, escape};

/// Returns the page.
pub(super) fn page(findings: &Findings, setup: &Setup<'_>, command: &str) -> Result<String> {
    let mut html = Document::new(&findings.title, command);
    findings.text.iter().for_each(|text| html.paragraph(text));
    table(&mut html, findings);
    for figure in &findings.figures {
        html.heading(&figure.caption);
        match &figure.content {
            Content::Picture(picture) => html.picture(&figure.caption, picture)?,
            Content::Curves(chart) => html.curves(&chart.svg()),
        }
    }
    let info = setup.device.info();
    html.heading("How");
    let rows = [
        ("device", format!("{}, {}: {}", info.backend, info.device, info.details)),
        ("seed", setup.seed.to_string()),
        ("effort", setup.effort.choose("full", "quick: a part, to show that it runs").to_owned()),
        ("time", format!("{:.1} s", findings.seconds)),
    ];
    html.table(&[], &rows.map(|(name, value)| vec![name.to_owned(), value]));
    html.heading("Settings");
    html.verbatim(&serde_json::to_string_pretty(&findings.settings).unwrap_or_default());
    Ok(html.finish())
}

fn table(html: &mut Document, findings: &Findings) {
    html.heading("Methods, the recommended one first");
    html.push(format_args!("<table><tr><th></th>"));
    for column in &findings.columns {
        html.push(format_args!("<th>{}</th>", escape(&column.replace('_', " "))));
    }
    html.push(format_args!("<th></th></tr>"));
    for (i, method) in findings.methods.iter().enumerate() {
        let class = if i == 0 { " class=\"first\"" } else { "" };
        html.push(format_args!("<tr{class}><th>{}</th>", escape(&method.name.replace('_', " "))));
        for value in &method.values {
            html.push(format_args!("<td>{}</td>", number(*value)));
        }
        html.push(format_args!("<td class=\"about\">{}</td></tr>", escape(&method.about)));
    }
    html.push(format_args!("</table>"));
}

/// Returns a number with four digits that matter.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        x if !x.is_finite() => "-".to_owned(),
        x if x >= 1000.0 => format!("{value:.0}"),
        x if x >= 100.0 => format!("{value:.1}"),
        x if x >= 10.0 => format!("{value:.2}"),
        x if x >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}
