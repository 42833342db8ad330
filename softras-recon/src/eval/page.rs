//! The page of an evaluation: [`Page`].

use serde_json::{Value, json};
use softras_fit::FitFolder;
use softras_fit::experiment::{Chart, Scale, Series};
use softras_fit::report::Document;
use softras_io::{RgbFrame, picture};

use super::examples::Example;
use super::report::Report;
use super::table::tables;
use crate::error::Result;
use crate::log::TrainingRecord;

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
    /// Everything that decided the numbers.
    pub settings: &'p Value,
}

impl Page<'_> {
    /// Writes `report.html`, which needs no other file, `report.json`, `examples.png`, and for a training `loss.svg` and
    /// `validation.svg`, each under a temporary name that is then changed.
    ///
    /// # Errors
    /// `Fit` or `File` if a file cannot be written.
    pub fn write(&self, folder: &FitFolder) -> Result<()> {
        let rows = self.examples.iter().map(row).collect::<Result<Vec<_>>>()?;
        let curves = curves(self.log);
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

/// Returns file, caption and chart of each curve that the log has at least one point of.
fn curves(log: &[TrainingRecord]) -> Vec<(&'static str, &'static str, Chart)> {
    let series = |name: &str, of: &dyn Fn(&TrainingRecord) -> Option<f64>| Series {
        name: name.to_owned(),
        points: thin(&log.iter().filter_map(|r| Some((r.step as f64, of(r)?))).collect::<Vec<_>>()),
    };
    let chart = |y: &str, scale, series: Vec<Series>| Chart { x: "step".into(), y: y.into(), scale, series };
    let loss = [series("total", &|r| Some(r.loss)), series("1 - silhouette IoU", &|r| Some(r.silhouette))];
    let validation = [series("IoU at 32^3", &|r| r.stop_iou)];
    let all = [
        ("loss.svg", "Loss of the training", chart("loss", Scale::Logarithmic, loss.into())),
        (
            "validation.svg",
            "Validation, on the stop split",
            chart("mean IoU", Scale::Linear, validation.into()),
        ),
    ];
    let seen = |chart: &Chart| chart.series.iter().any(|series| !series.points.is_empty());
    all.into_iter().filter(|(_, _, chart)| seen(chart)).collect()
}

/// Returns at most [`POINTS`] means of neighbouring points.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mean = |part: &[(f64, f64)]| {
        let n = part.len() as f64;
        (part.iter().map(|p| p.0).sum::<f64>() / n, part.iter().map(|p| p.1).sum::<f64>() / n)
    };
    points.chunks(points.len().div_ceil(POINTS).max(1)).map(mean).collect()
}
