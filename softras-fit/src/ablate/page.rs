//! The page of an ablation, and its plot.

use core::fmt::{self, Write};

use super::findings::{AblationFindings, text};
use super::interval::Estimate;
use crate::experiment::Setup;
use crate::experiment::page::number;
use crate::report::document::{Document, escape};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 16.0;
/// Between two rows.
const LINE: f64 = 24.0;
const BOTTOM: f64 = 44.0;
/// Numbers along the bottom.
const MARKS: usize = 5;

/// Returns the page, which needs no other file.
pub(super) fn page(findings: &AblationFindings, setup: &Setup<'_>, command: &str) -> String {
    let mut html = Document::new(&format!("Ablation: {}", findings.plan.task), command);
    html.paragraph(&findings.about);
    let seeds = match findings.plan.seeds {
        1 => "One seed: no intervals.".to_owned(),
        n => format!("Mean and 95 % confidence interval over {n} seeds (Student's t)."),
    };
    html.paragraph(&format!(
        "{seeds} The difference is to the default of the same seed. The time ratio is of the median step to that of the default's fit \
         of the same seed, where one run made both."
    ));
    table(&mut html, findings);
    html.heading("What it says");
    findings.conclusions().iter().for_each(|sentence| html.paragraph(sentence));
    for (m, measure) in findings.measures.iter().enumerate() {
        html.heading(&measure.name.replace('_', " "));
        html.curves(&plot(findings, m));
    }
    let info = setup.device.info();
    html.heading("How");
    let rows = [
        ("device", format!("{}, {}: {}", info.backend, info.device, info.details)),
        ("seeds", format!("{} from {}", findings.plan.seeds, setup.seed)),
        ("design", findings.plan.design.name().to_owned()),
        ("effort", setup.effort.choose("full", "quick: a part, to show that it runs").to_owned()),
        ("fits", format!("{} made, {} found done", findings.fitted, findings.found)),
        ("time", format!("{:.1} s", findings.seconds)),
    ];
    html.table(&[], &rows.map(|(name, value)| vec![name.to_owned(), value]));
    html.finish()
}

fn table(html: &mut Document, findings: &AblationFindings) {
    html.heading("The default, and what differs from it");
    html.push(format_args!("<table><tr><th></th>"));
    let first = findings.measures.first().map_or("", |m| m.name);
    let names = findings.measures.iter().map(|m| m.name.to_owned());
    for column in names.chain([format!("{first}: difference"), "time ratio".to_owned()]) {
        html.push(format_args!("<th>{}</th>", escape(&column.replace('_', " "))));
    }
    html.push(format_args!("</tr>"));
    for (i, row) in findings.rows.iter().enumerate() {
        let class = if i == 0 { " class=\"first\"" } else { "" };
        html.push(format_args!("<tr{class}><th>{}</th>", escape(&row.label)));
        let difference = row.differences.first().copied().flatten().filter(|_| i > 0);
        for value in row.values.iter().copied().chain([difference, row.time_ratio]) {
            html.push(format_args!("<td>{}</td>", text(value)));
        }
        html.push(format_args!("</tr>"));
    }
    html.push(format_args!("</table>"));
    for row in findings.rows.iter().filter(|row| !row.failures.is_empty()) {
        html.paragraph(&format!("{}: {}", row.label, row.failures.join("; ")));
    }
}

/// Draws measure `m`: a line a row, a dot at the mean, a bar over the interval, and the default's mean as a line down.
pub(super) fn plot(findings: &AblationFindings, m: usize) -> String {
    let values: Vec<Option<Estimate>> =
        findings.rows.iter().map(|row| row.values.get(m).copied().flatten()).collect();
    let ends = |v: &Estimate| [v.mean - v.half.unwrap_or(0.0), v.mean + v.half.unwrap_or(0.0)];
    let all = values.iter().flatten().flat_map(ends);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let (low, high) = match (low.is_finite(), high - low) {
        (false, _) => (0.0, 1.0),
        (true, width) if width > 0.0 => (low - 0.03 * width, high + 0.03 * width),
        (true, _) => (low - 0.5, high + 0.5),
    };
    let bottom = TOP + LINE * values.len() as f64;
    let height = bottom + BOTTOM;
    let across = |x: f64| LEFT + (WIDTH - RIGHT - LEFT) * (x - low) / (high - low);
    let mut svg = String::new();
    push(
        &mut svg,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>"
        ),
    );
    for i in 0..MARKS {
        let at = low + (high - low) * (i as f64 + 0.5) / MARKS as f64;
        let x = across(at);
        push(&mut svg, format_args!("<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#e4e7eb\"/>"));
        push(
            &mut svg,
            format_args!(
                "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">{}</text>",
                bottom + 18.0,
                number(at)
            ),
        );
    }
    if let Some(default) = values.first().copied().flatten() {
        let x = across(default.mean);
        push(
            &mut svg,
            format_args!("<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#8c959f\" stroke-dasharray=\"4 3\"/>"),
        );
    }
    for (i, (row, value)) in findings.rows.iter().zip(&values).enumerate() {
        let y = TOP + LINE * (i as f64 + 0.5);
        push(
            &mut svg,
            format_args!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#1f2328\">{}</text>",
                LEFT - 10.0,
                y + 4.0,
                escape(&row.label)
            ),
        );
        let Some(value) = value else { continue };
        let [from, to] = ends(value).map(across);
        push(
            &mut svg,
            format_args!(
                "<path class=\"interval\" d=\"M{from:.1} {y}H{to:.1}\" stroke=\"#1b6ca8\" stroke-width=\"2\"/>"
            ),
        );
        push(
            &mut svg,
            format_args!("<circle cx=\"{:.1}\" cy=\"{y}\" r=\"4\" fill=\"#1b6ca8\"/>", across(value.mean)),
        );
    }
    push(&mut svg, format_args!("</svg>"));
    svg
}

/// Adds a piece of a picture.
fn push(svg: &mut String, piece: fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = svg.write_fmt(piece);
}
