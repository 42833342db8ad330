//! The page of an evaluation: [`Page`].

use serde_json::{Value, json};
use softras_fit::FitFolder;
use softras_fit::experiment::{Chart, Scale, Series};
use softras_fit::report::Document;
use softras_io::{RgbFrame, picture};

use super::examples::Example;
use super::report::Report;
use super::table::tables;
use crate::color::ColorRecord;
use crate::error::Result;
use crate::train::TrainingRecord;

/// Pixels of the page for a pixel of a picture.
const ZOOM: usize = 2;
/// Between pictures, and between what is shown of one method and of the next.
const GAP: usize = 4;
/// Points of a curve; longer ones show the mean of as many records as share a point.
const POINTS: usize = 400;
const WHITE: [u8; 3] = [255; 3];
/// Between methods.
const GREY: [u8; 3] = [208, 215, 222];

/// Everything that is shown.
#[derive(Clone, Copy, Debug)]
pub struct Page<'p> {
    /// What was scored, in a few words.
    pub title: &'p str,
    /// The command that did it.
    pub command: &'p str,
    /// Sentences for the reader, a paragraph each.
    pub text: &'p [String],
    /// The scores.
    pub report: &'p Report,
    /// The names of the methods of the examples.
    pub methods: &'p [String],
    /// The examples.
    pub examples: &'p [Example],
    /// How training went, empty if it is not known.
    pub log: &'p [TrainingRecord],
    /// How colors were learnt, empty if they were not.
    pub color_log: &'p [ColorRecord],
    /// Everything that decided the numbers.
    pub settings: &'p Value,
}

impl Page<'_> {
    /// Writes `report.html`, which needs no other file, `report.json`, `examples.png`, for a training `loss.svg` and
    /// `validation.svg`, and for colors `color.svg`, each under a temporary name that is then changed.
    ///
    /// # Errors
    /// `Fit` or `File` if a file cannot be written.
    pub fn write(&self, folder: &FitFolder) -> Result<()> {
        let rows = self.examples.iter().map(row).collect::<Result<Vec<_>>>()?;
        let curves = curves(self.log, self.color_log);
        if !rows.is_empty() {
            picture::grid(&rows, 1, 2 * GAP, WHITE)?.save_png(folder.file("examples.png"))?;
        }
        for (file, _, chart) in &curves {
            folder.write(file, &chart.svg())?;
        }
        folder.write("report.html", &self.html(&rows, &curves)?)?;
        Ok(folder.write("report.json", &format!("{:#}\n", self.json()))?)
    }

    fn html(&self, rows: &[RgbFrame], curves: &[(&str, &str, Chart)]) -> Result<String> {
        let Self { report, .. } = self;
        let mut page = Document::new(self.title, self.command);
        self.text.iter().for_each(|text| page.paragraph(text));
        page.tiles(self.tiles());
        for table in tables(report) {
            page.heading(&table.title);
            page.table(&table.head, &table.rows);
        }
        for (_, caption, chart) in curves {
            page.heading(caption);
            page.curves(&chart.svg());
        }
        if !rows.is_empty() {
            page.heading(&format!("{} examples that nobody picked", rows.len()));
            page.paragraph(&format!(
                "Objects spread evenly over the {} that were scored, in their order; of the i-th the i-th of the {} \
                 pictures that are shown. From the left: the picture that was shown; then three pictures each of the truth, \
                 {}: from where the picture was taken, from behind, from a side. Behind the names: IoU of solids, %.",
                report.objects,
                report.views,
                self.methods.join(", "),
            ));
        }
        for (example, row) in self.examples.iter().zip(rows) {
            let scores: Vec<String> = self
                .methods
                .iter()
                .zip(&example.attempts)
                .map(|(name, attempt)| format!("{name} {:.1}", 100.0 * attempt.iou))
                .collect();
            let Example { name, category, view, .. } = example;
            page.paragraph(&format!("{name} ({category}), view {view}: {}", scores.join(", ")));
            page.picture(name, row)?;
        }
        if !report.skipped.is_empty() {
            page.heading("Left out");
            let rows: Vec<Vec<String>> =
                report.skipped.iter().map(|s| vec![s.name.clone(), s.reason.clone()]).collect();
            page.table(&[], &rows);
        }
        page.heading("Settings");
        page.verbatim(&format!("{:#}", self.settings));
        Ok(page.finish())
    }

    /// The numbers that are seen first: the model's, or without one the best of the baselines'.
    fn tiles(&self) -> Vec<(String, &'static str)> {
        let Report { mean_iou, silhouette_iou, color_error, baselines, .. } = self.report;
        let percent = |x: f64| format!("{:.1}", 100.0 * x);
        let best = baselines.values().map(|scores| scores.mean_iou).fold(0.0, f64::max);
        let mut tiles = vec![(percent(best), "the best baseline's mean IoU, %")];
        let model = [
            (mean_iou, "the model's mean IoU, %"),
            (silhouette_iou, "silhouettes from unseen sides, %"),
            (color_error, "color error, %"),
        ];
        for (place, (value, name)) in model.into_iter().enumerate() {
            if let Some(value) = value {
                tiles.insert(place, (percent(*value), name));
            }
        }
        tiles.push((self.report.objects.to_string(), "objects"));
        tiles
    }

    fn json(&self) -> Value {
        let example = |example: &Example| {
            let attempts: serde_json::Map<String, Value> =
                self.methods.iter().zip(&example.attempts).map(|(n, a)| (n.clone(), json!(a.iou))).collect();
            json!({ "name": example.name, "category": example.category, "view": example.view, "iou": attempts })
        };
        let mut value = json!(self.report);
        value["title"] = json!(self.title);
        value["command"] = json!(self.command);
        value["text"] = json!(self.text);
        value["examples"] = self.examples.iter().map(example).collect();
        value["settings"] = self.settings.clone();
        value
    }
}

/// Returns an example as one picture: what was shown, the truth, what each method made of it.
fn row(example: &Example) -> Result<RgbFrame> {
    let mut parts = vec![example.input.enlarged(ZOOM)?];
    let sides = std::iter::once(&example.truth).chain(example.attempts.iter().map(|attempt| &attempt.sides));
    for sides in sides {
        let large = sides.iter().map(|side| side.enlarged(ZOOM)).collect::<Result<Vec<_>, _>>()?;
        parts.push(picture::row(&large, GAP, WHITE)?);
    }
    Ok(picture::row(&parts, 4 * GAP, GREY)?)
}

/// Returns file, caption and chart of each curve that a log has at least one point of.
fn curves(log: &[TrainingRecord], colors: &[ColorRecord]) -> Vec<(&'static str, &'static str, Chart)> {
    let of_shapes = |name, of: fn(&TrainingRecord) -> Option<f64>| series(name, log, |r| r.step, of);
    let of_colors = |name, of: fn(&ColorRecord) -> Option<f64>| series(name, colors, |r| r.step, of);
    let chart = |y: &str, scale, series: Vec<Series>| Chart { x: "step".into(), y: y.into(), scale, series };
    let loss =
        vec![of_shapes("total", |r| Some(r.loss)), of_shapes("1 - silhouette IoU", |r| Some(r.silhouette))];
    let validation = vec![of_shapes("IoU at 32^3", |r| r.stop_iou)];
    let color = vec![of_colors("training", |r| Some(r.color)), of_colors("stop split", |r| r.stop_color)];
    let all = [
        ("loss.svg", "Loss of the training", chart("loss", Scale::Logarithmic, loss)),
        ("validation.svg", "Validation, on the stop split", chart("mean IoU", Scale::Linear, validation)),
        ("color.svg", "Colors", chart("mean difference over whole pictures", Scale::Logarithmic, color)),
    ];
    let seen = |chart: &Chart| chart.series.iter().any(|series| !series.points.is_empty());
    all.into_iter().filter(|(_, _, chart)| seen(chart)).collect()
}

fn series<T>(name: &str, log: &[T], step: fn(&T) -> usize, of: fn(&T) -> Option<f64>) -> Series {
    let points: Vec<(f64, f64)> = log.iter().filter_map(|r| Some((step(r) as f64, of(r)?))).collect();
    Series { name: name.to_owned(), points: thin(&points) }
}

/// Returns at most [`POINTS`] means of neighbouring points.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mean = |part: &[(f64, f64)]| {
        let n = part.len() as f64;
        (part.iter().map(|p| p.0).sum::<f64>() / n, part.iter().map(|p| p.1).sum::<f64>() / n)
    };
    points.chunks(points.len().div_ceil(POINTS).max(1)).map(mean).collect()
}
