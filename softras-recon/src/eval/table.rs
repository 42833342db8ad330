//! Scores as tables, for pages and terminals: [`tables`].

use std::collections::BTreeMap;

use super::report::Report;
use super::score::Scores;

/// The narrowest column in text.
const NARROW: usize = 8;

/// A table: its title, the names of its columns, and a row for each category and for their mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What its numbers are.
    pub title: String,
    /// The names of its columns, the first for the names of the rows.
    pub head: Vec<String>,
    /// Its rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// A column: its name, its mean, and its number for each category.
type Column<'r> = (String, f64, &'r BTreeMap<String, f64>);

/// Returns the tables of a report: solids, silhouettes, colors. The model comes first, if there is one.
#[must_use]
pub fn tables(report: &Report) -> Vec<Table> {
    let mut columns: [Vec<Column<'_>>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    let model = "model".to_owned();
    if let (Some(iou), Some(silhouette), Some(color), Some(flat)) =
        (report.mean_iou, report.silhouette_iou, report.color_error, report.flat_color_error)
    {
        columns[0].push((model.clone(), iou, &report.per_category));
        columns[1].push((model.clone(), silhouette, &report.silhouette_per_category));
        columns[2].push((model, color, &report.color_per_category));
        let name = "model in one color".to_owned();
        columns[2].push((name, flat, &report.flat_color_per_category));
    }
    for (name, scores) in &report.baselines {
        let Scores { mean_iou, per_category, silhouette_iou, silhouette_per_category, .. } = scores;
        let name = name.replace('_', " ");
        columns[0].push((name.clone(), *mean_iou, per_category));
        columns[1].push((name.clone(), *silhouette_iou, silhouette_per_category));
        columns[2].push((name, scores.color_error, &scores.color_per_category));
    }
    let plain = "truth in mean color".to_owned();
    columns[2].push((plain, report.mean_color_error, &report.mean_color_per_category));
    let titles = [
        "IoU of solids at 32^3, %",
        "IoU of silhouettes from unseen sides, %",
        "Color error over the true silhouette from unseen sides, % (lower is better)",
    ];
    titles.into_iter().zip(columns).map(|(title, columns)| table(title, &columns)).collect()
}

fn table(title: &str, columns: &[Column<'_>]) -> Table {
    let percent = |x: f64| format!("{:.1}", 100.0 * x);
    let row = |name: &str, number: &dyn Fn(&Column<'_>) -> String| {
        std::iter::once(name.to_owned()).chain(columns.iter().map(number)).collect()
    };
    let categories =
        columns.iter().flat_map(|column| column.2.keys()).collect::<std::collections::BTreeSet<_>>();
    let of = |category: &str| row(category, &|c| c.2.get(category).map_or("-".to_owned(), |x| percent(*x)));
    let mut rows: Vec<Vec<String>> = categories.into_iter().map(|category| of(category)).collect();
    rows.push(row("mean", &|c| percent(c.1)));
    Table { title: title.to_owned(), head: row("", &|c| c.0.clone()), rows }
}

impl Table {
    /// The table as lines of text, each column as wide as its widest cell.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let wide = |i: usize| lines().filter_map(|line| line.get(i)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> =
            (0..self.head.len()).map(|i| wide(i).unwrap_or(0).max(if i == 0 { 0 } else { NARROW })).collect();
        let mut text = format!("{}\n", self.title);
        for line in lines() {
            for (i, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let cell = if i == 0 { format!("{cell:width$}") } else { format!("  {cell:>width$}") };
                text += &cell;
            }
            text.push('\n');
        }
        text
    }
}
