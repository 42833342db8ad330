//! What an experiment found: [`Findings`].

use serde_json::{Map, Value, json};
use softras_io::RgbFrame;

use super::chart::Chart;
use super::page;
use super::{Experiment, Setup};
use crate::error::Result;
use crate::report::write_file;

/// What an experiment found, ready to be written.
#[derive(Clone, Debug)]
pub struct Findings {
    /// What was done, in a few words.
    pub title: String,
    /// What was asked, and the answer as it came out; a paragraph each.
    pub text: Vec<String>,
    /// The names of the numbers of every method, as they stand in the JSON: `mean_degrees`.
    pub columns: Vec<&'static str>,
    /// The rows of the table: the recommended method first, then the baselines.
    pub methods: Vec<Method>,
    /// Pictures and curves, in order.
    pub figures: Vec<Figure>,
    /// Everything that decided the numbers, besides seed, effort and device.
    pub settings: Value,
    /// More numbers for the JSON, by name: what each start came to, say.
    pub details: Map<String, Value>,
    /// Seconds it took. They stand in the JSON for themselves, as the only number that differs from run to run.
    pub seconds: f64,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// Its name in the JSON: `visible_only`.
    pub name: &'static str,
    /// What it is, for the page.
    pub about: String,
    /// Its numbers, one for each of [`Findings::columns`].
    pub values: Vec<f64>,
}

/// Something to look at.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The name of its file, without the ending.
    pub file: &'static str,
    /// What it shows.
    pub caption: String,
    /// The picture or the curves.
    pub content: Content,
}

/// What a figure is made of.
#[derive(Clone, Debug)]
pub enum Content {
    /// Pixels, a PNG file.
    Picture(RgbFrame),
    /// Curves, an SVG file.
    Curves(Chart),
}

impl Figure {
    /// A picture.
    #[must_use]
    pub fn picture(file: &'static str, caption: impl Into<String>, picture: RgbFrame) -> Self {
        Self { file, caption: caption.into(), content: Content::Picture(picture) }
    }
    /// Curves.
    #[must_use]
    pub fn curves(file: &'static str, caption: impl Into<String>, chart: Chart) -> Self {
        Self { file, caption: caption.into(), content: Content::Curves(chart) }
    }
}

impl Findings {
    /// The JSON: `experiment, title, device, seed, effort, methods` (each `name` and the columns), `settings, text`, the
    /// details, and `seconds`.
    #[must_use]
    pub fn json(&self, experiment: Experiment, setup: &Setup<'_>) -> Value {
        let info = setup.device.info();
        let methods: Vec<Value> = self.methods.iter().map(|method| self.row(method)).collect();
        let mut all = json!({
            "experiment": experiment.name(),
            "title": self.title,
            "device": { "backend": info.backend, "device": info.device, "details": info.details },
            "seed": setup.seed,
            "effort": setup.effort.choose("full", "quick"),
            "methods": methods,
            "settings": self.settings,
            "text": self.text,
            "seconds": self.seconds,
        });
        if let Value::Object(all) = &mut all {
            all.extend(self.details.clone());
        }
        all
    }

    fn row(&self, method: &Method) -> Value {
        let mut row = Map::new();
        row.insert("name".to_owned(), method.name.into());
        row.insert("about".to_owned(), method.about.clone().into());
        for (column, value) in self.columns.iter().zip(&method.values) {
            row.insert((*column).to_owned(), json!(value));
        }
        Value::Object(row)
    }

    /// Writes `report.html`, which needs no other file, `report.json`, and every figure, into the folder of `setup`.
    ///
    /// # Errors
    /// `Write` or `File` if a file cannot be written.
    pub fn write(&self, experiment: Experiment, setup: &Setup<'_>, command: &str) -> Result<()> {
        for figure in &self.figures {
            match &figure.content {
                Content::Picture(picture) => {
                    picture.save_png(setup.folder.file(&format!("{}.png", figure.file)))?;
                }
                Content::Curves(chart) => {
                    setup.folder.write(&format!("{}.svg", figure.file), &chart.svg())?;
                }
            }
        }
        let page = page::page(self, setup, command)?;
        write_file(&setup.folder.file("report.html"), page.as_bytes())?;
        let json = self.json(experiment, setup);
        write_file(&setup.folder.file("report.json"), format!("{json:#}\n").as_bytes())
    }
}
