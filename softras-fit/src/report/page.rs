//! The page of a report: one HTML file that needs no other.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use softras_io::RgbFrame;

use super::{Report, Summary};
use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::folder::FitFolder;

/// How the pages look.
pub(crate) const STYLE: &str = "
:root { color-scheme: light; }
body { margin: 0; background: #f6f8fa; color: #1f2328; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 12px; }
p { margin: 0 0 12px; color: #57606a; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { background: #fff; border: 1px solid #d8dee4; border-radius: 8px; padding: 12px 14px; overflow-x: auto; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0; }
.tile { flex: 1 1 150px; background: #fff; border: 1px solid #d8dee4; border-radius: 8px; padding: 12px 14px; }
.tile b { display: block; font-size: 24px; font-variant-numeric: tabular-nums; }
.tile span { color: #57606a; font-size: 13px; }
table { border-collapse: collapse; background: #fff; border: 1px solid #d8dee4; border-radius: 8px; width: 100%; }
th, td { text-align: left; padding: 6px 14px; border-bottom: 1px solid #eaeef2; font-weight: 400; }
td { font-variant-numeric: tabular-nums; } th { color: #57606a; }
.views { display: grid; gap: 6px; align-items: center; }
.views img { width: 100%; display: block; border-radius: 6px; border: 1px solid #e4e7eb; box-sizing: border-box; }
.views span { color: #57606a; font-size: 13px; }
.film, .curve { background: #fff; border: 1px solid #d8dee4; border-radius: 8px; padding: 14px; }
.film img { max-width: 100%; display: block; margin: 0 auto; }
svg { display: block; width: 100%; height: auto; }
";

/// Returns the page.
pub(super) fn page(
    report: &Report<'_>,
    fit: &Fit<'_>,
    summary: &Summary,
    rows: &[Vec<RgbFrame>; 3],
    curve: &str,
    folder: &FitFolder,
) -> Result<String> {
    let mut html = String::new();
    let title = escape(&report.title);
    push(&mut html, format_args!("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"));
    push(&mut html, format_args!("<meta name=\"viewport\" content=\"width=device-width\">"));
    push(&mut html, format_args!("<title>{title}</title><style>{STYLE}</style></head><body><main>"));
    push(&mut html, format_args!("<h1>{title}</h1><p><code>{}</code></p>", escape(&report.command)));
    tiles(&mut html, summary);
    views(&mut html, rows, folder)?;
    let film = folder.file("fit.gif");
    if film.exists() {
        let source = data_uri("image/gif", &read(&film)?);
        push(&mut html, format_args!("<h2>The fit, then once around</h2>"));
        push(
            &mut html,
            format_args!("<div class=\"film\"><img alt=\"film of the fit\" src=\"{source}\"></div>"),
        );
    }
    push(&mut html, format_args!("<h2>Loss</h2><div class=\"curve\">{curve}</div>"));
    numbers(&mut html, fit, summary);
    let settings = serde_json::to_string_pretty(fit.settings()).unwrap_or_default();
    push(&mut html, format_args!("<h2>Settings</h2><pre>{}</pre></main></body></html>", escape(&settings)));
    Ok(html)
}

fn tiles(html: &mut String, summary: &Summary) {
    push(html, format_args!("<div class=\"tiles\">"));
    let loss = format!("{:.3} → {:.3}", summary.loss_first, summary.loss_last);
    for (value, name) in [
        (format!("{:.3}", summary.mean_iou), "mean soft IoU (sigma 1e-4)"),
        (format!("{:.3}", summary.hard_iou), "hard IoU"),
        (loss, "loss, first → last step"),
        (summary.steps.to_string(), "steps"),
        (format!("{:.1} s", summary.seconds), "time"),
    ] {
        push(html, format_args!("<div class=\"tile\"><b>{value}</b><span>{name}</span></div>"));
    }
    push(html, format_args!("</div>"));
}

fn views(html: &mut String, rows: &[Vec<RgbFrame>; 3], folder: &FitFolder) -> Result<()> {
    push(html, format_args!("<h2>Target, before and after, from {} of the views</h2>", rows[0].len()));
    let columns = rows[0].len();
    push(
        html,
        format_args!("<div class=\"views\" style=\"grid-template-columns: 52px repeat({columns}, 1fr)\">"),
    );
    for (name, row) in ["target", "before", "after"].into_iter().zip(rows) {
        push(html, format_args!("<span>{name}</span>"));
        for frame in row {
            let source = data_uri("image/png", &png(frame, folder)?);
            push(html, format_args!("<img alt=\"{name}\" src=\"{source}\">"));
        }
    }
    push(html, format_args!("</div>"));
    Ok(())
}

fn numbers(html: &mut String, fit: &Fit<'_>, summary: &Summary) {
    let info = fit.device().info();
    let (width, height) = fit.targets().size();
    let (vertices, faces) = (fit.template().vertices().nrows(), fit.template().triangles().len());
    push(html, format_args!("<h2>Numbers</h2><table>"));
    for (name, value) in [
        ("mean soft IoU, template → result", arrow(summary.before.mean_iou, summary.mean_iou)),
        ("hard IoU, template → result", arrow(summary.before.hard_iou, summary.hard_iou)),
        ("loss, first → last step", arrow(summary.loss_first, summary.loss_last)),
        ("steps, and views in each", format!("{}, {}", summary.steps, batch(fit))),
        ("pictures", format!("{} of {width} x {height}", fit.targets().count())),
        ("template", format!("{vertices} vertices, {faces} faces")),
        (
            "time",
            format!(
                "{:.1} s, {:.1} ms a step",
                summary.seconds,
                1e3 * summary.seconds / summary.steps.max(1) as f64
            ),
        ),
        ("device", format!("{}, {}: {}", info.backend, info.device, info.details)),
    ] {
        push(html, format_args!("<tr><th>{name}</th><td>{}</td></tr>", escape(&value)));
    }
    push(html, format_args!("</table>"));
}

fn arrow(from: f64, to: f64) -> String {
    format!("{from:.4} → {to:.4}")
}

fn batch(fit: &Fit<'_>) -> usize {
    let (batch, count) = (fit.settings().batch, fit.targets().count());
    if batch == 0 { count } else { batch.min(count) }
}

/// Returns a picture as a PNG file's bytes.
fn png(frame: &RgbFrame, folder: &FitFolder) -> Result<Vec<u8>> {
    let file = folder.file(".view.png");
    frame.save_png(&file)?;
    let bytes = read(&file)?;
    std::fs::remove_file(&file).map_err(|source| Error::Write { path: file, source })?;
    Ok(bytes)
}

fn read(path: &std::path::Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })
}

/// Returns bytes as an address that holds them.
pub(crate) fn data_uri(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

/// Returns `text` as it stands in HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Adds a line.
pub(crate) fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = html.write_fmt(text);
    html.push('\n');
}
