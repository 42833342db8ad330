//! The page of a report: one HTML file that needs no other.

use softras_io::RgbFrame;

use super::document::{Document, data_uri};
use super::{Report, Summary};
use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::folder::FitFolder;

/// Returns the page.
pub(super) fn page(
    report: &Report<'_>,
    fit: &Fit<'_>,
    summary: &Summary,
    rows: &[Vec<RgbFrame>; 3],
    curve: &str,
    folder: &FitFolder,
) -> Result<String> {
    let mut html = Document::new(&report.title, &report.command);
    tiles(&mut html, summary);
    views(&mut html, rows)?;
    let film = folder.file("fit.gif");
    if film.exists() {
        let source = data_uri("image/gif", &read(&film)?);
        html.heading("The fit, then once around");
        html.push(format_args!("<div class=\"film\"><img alt=\"film of the fit\" src=\"{source}\"></div>"));
    }
    html.heading("Loss");
    html.curves(curve);
    numbers(&mut html, fit, summary);
    html.heading("Settings");
    html.verbatim(&serde_json::to_string_pretty(fit.settings()).unwrap_or_default());
    Ok(html.finish())
}

fn tiles(html: &mut Document, summary: &Summary) {
    html.tiles([
        (format!("{:.3}", summary.mean_iou), "mean soft IoU (sigma 1e-4)"),
        (format!("{:.3}", summary.hard_iou), "hard IoU"),
        (format!("{:.3} → {:.3}", summary.loss_first, summary.loss_last), "loss, first → last step"),
        (summary.steps.to_string(), "steps"),
        (format!("{:.1} s", summary.seconds), "time"),
    ]);
}

fn views(html: &mut Document, rows: &[Vec<RgbFrame>; 3]) -> Result<()> {
    let columns = rows[0].len();
    html.heading(&format!("Target, before and after, from {columns} of the views"));
    html.push(format_args!(
        "<div class=\"views\" style=\"grid-template-columns: 52px repeat({columns}, 1fr)\">"
    ));
    for (name, row) in ["target", "before", "after"].into_iter().zip(rows) {
        html.push(format_args!("<span>{name}</span>"));
        for frame in row {
            let source = data_uri("image/png", &frame.png()?);
            html.push(format_args!("<img alt=\"{name}\" src=\"{source}\">"));
        }
    }
    html.push(format_args!("</div>"));
    Ok(())
}

fn numbers(html: &mut Document, fit: &Fit<'_>, summary: &Summary) {
    let info = fit.device().info();
    let (width, height) = fit.targets().size();
    let (vertices, faces) = (fit.template().vertices().nrows(), fit.template().triangles().len());
    html.heading("Numbers");
    let rows = [
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
    ];
    html.table(&[], &rows.map(|(name, value)| vec![name.to_owned(), value]));
}

fn arrow(from: f64, to: f64) -> String {
    format!("{from:.4} → {to:.4}")
}

fn batch(fit: &Fit<'_>) -> usize {
    let (batch, count) = (fit.settings().batch, fit.targets().count());
    if batch == 0 { count } else { batch.min(count) }
}

fn read(path: &std::path::Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })
}
