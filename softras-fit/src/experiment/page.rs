//! The page of an experiment: one HTML file that needs no other.

use super::Setup;
use super::findings::{Content, Findings};
use crate::error::{Error, Result};
use crate::report::page::{STYLE, data_uri, escape, push};

/// Returns the page. The pictures stand in the folder of `setup` by then.
pub(super) fn page(findings: &Findings, setup: &Setup<'_>, command: &str) -> Result<String> {
    let mut html = String::new();
    let title = escape(&findings.title);
    push(&mut html, format_args!("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"));
    push(&mut html, format_args!("<meta name=\"viewport\" content=\"width=device-width\">"));
    push(&mut html, format_args!("<title>{title}</title><style>{STYLE}{MORE}</style></head><body><main>"));
    push(&mut html, format_args!("<h1>{title}</h1><p><code>{}</code></p>", escape(command)));
    for text in &findings.text {
        push(&mut html, format_args!("<p>{}</p>", escape(text)));
    }
    table(&mut html, findings);
    for figure in &findings.figures {
        push(&mut html, format_args!("<h2>{}</h2>", escape(&figure.caption)));
        match &figure.content {
            Content::Picture(_) => {
                let path = setup.folder.file(&format!("{}.png", figure.file));
                let bytes = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
                let source = data_uri("image/png", &bytes);
                push(&mut html, format_args!("<div class=\"film\"><img alt=\"\" src=\"{source}\"></div>"));
            }
            Content::Curves(chart) => {
                push(&mut html, format_args!("<div class=\"curve\">{}</div>", chart.svg()));
            }
        }
    }
    let info = setup.device.info();
    push(&mut html, format_args!("<h2>How</h2><table>"));
    for (name, value) in [
        ("device", format!("{}, {}: {}", info.backend, info.device, info.details)),
        ("seed", setup.seed.to_string()),
        ("effort", setup.effort.choose("full", "quick: a part, to show that it runs").to_owned()),
        ("time", format!("{:.1} s", findings.seconds)),
    ] {
        push(&mut html, format_args!("<tr><th>{name}</th><td>{}</td></tr>", escape(&value)));
    }
    let settings = serde_json::to_string_pretty(&findings.settings).unwrap_or_default();
    push(&mut html, format_args!("</table><h2>Settings</h2><pre>{}</pre>", escape(&settings)));
    push(&mut html, format_args!("</main></body></html>"));
    Ok(html)
}

/// What these pages have beside [`STYLE`].
pub(crate) const MORE: &str = "
p { max-width: 80ch; }
tr.first td, tr.first th { background: #f0f6ff; color: #1f2328; font-weight: 600; }
td.about { color: #57606a; font-size: 14px; }
";

fn table(html: &mut String, findings: &Findings) {
    push(html, format_args!("<h2>Methods, the recommended one first</h2><table><tr><th></th>"));
    for column in &findings.columns {
        push(html, format_args!("<th>{}</th>", escape(&column.replace('_', " "))));
    }
    push(html, format_args!("<th></th></tr>"));
    for (i, method) in findings.methods.iter().enumerate() {
        let class = if i == 0 { " class=\"first\"" } else { "" };
        push(html, format_args!("<tr{class}><th>{}</th>", escape(&method.name.replace('_', " "))));
        for value in &method.values {
            push(html, format_args!("<td>{}</td>", number(*value)));
        }
        push(html, format_args!("<td class=\"about\">{}</td></tr>", escape(&method.about)));
    }
    push(html, format_args!("</table>"));
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
