//! The numbers: [`score`].

use std::collections::BTreeMap;

use ndarray::{ArrayView3, ArrayView4, Axis};
use rayon::prelude::*;
use serde::Serialize;
use softras_core::raster::DynRasterizer;

use super::mask::Mask;
use super::predictor::{Prediction, Predictor, Query};
use crate::data::{Appearance, Light, PIXELS, Progress, Store, VIEWS, appearance};
use crate::error::{Error, Result};

/// How good predictions are. Each is a mean over the pictures of an object, then over the objects of a category, and those
/// without a category are means over categories, as published tables have it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Intersection over union of solids at 32^3, the mean over categories.
    pub mean_iou: f64,
    /// The same, of each category.
    pub per_category: BTreeMap<String, f64>,
    /// Intersection over union of silhouettes, over the views that were not shown.
    pub silhouette_iou: f64,
    /// The same, of each category.
    pub silhouette_per_category: BTreeMap<String, f64>,
    /// Mean difference of colors (0 to 1) over the silhouette of the truth, over the views that were not shown.
    pub color_error: f64,
    /// The same, of each category.
    pub color_per_category: BTreeMap<String, f64>,
    /// The color error of the same shapes, each in one color: the mean of the picture that was shown.
    pub flat_color_error: f64,
    /// The same, of each category.
    pub flat_color_per_category: BTreeMap<String, f64>,
}

/// Sums of an object or a category.
#[derive(Clone, Copy, Default)]
struct Sums {
    iou: f64,
    silhouette: f64,
    color: f64,
    flat: f64,
    count: f64,
}

impl Sums {
    fn push(&mut self, other: Self) {
        self.iou += other.iou;
        self.silhouette += other.silhouette;
        self.color += other.color;
        self.flat += other.flat;
        self.count += other.count;
    }
    fn mean(self) -> Self {
        let n = self.count.max(1.0);
        let Self { iou, silhouette, color, flat, .. } = self;
        Self { iou: iou / n, silhouette: silhouette / n, color: color / n, flat: flat / n, count: 1.0 }
    }
}

/// Shows `predictor` the pictures `views` of each of `objects`, and scores what it makes of them.
///
/// # Errors
/// `Setting` if there is nothing to score; else whatever the predictor, the store or the back end reports.
pub fn score(
    device: &dyn DynRasterizer,
    store: &Store,
    objects: &[usize],
    views: &[usize],
    predictor: &mut dyn Predictor,
    progress: Progress<'_>,
) -> Result<Scores> {
    if objects.is_empty() || views.is_empty() || views.iter().any(|v| *v >= VIEWS) {
        let found = format!("{} objects from {views:?}", objects.len());
        return Err(Error::setting(
            "what is scored",
            found,
            format!("at least one, from views below {VIEWS}"),
        ));
    }
    let mut categories: BTreeMap<&str, Sums> = BTreeMap::new();
    for (done, &i) in objects.iter().enumerate() {
        let category = store.objects()[i].category.as_str();
        let truth = store.appearance(i)?;
        let queries: Vec<Query<'_>> = views
            .iter()
            .map(|&v| Query { picture: truth.pictures.index_axis(Axis(0), v), category })
            .collect();
        let predictions = predictor.predict(&queries)?;
        if predictions.len() != views.len() {
            return Err(Error::setting(
                "predictions",
                predictions.len(),
                format!("{}, one a picture", views.len()),
            ));
        }
        let masks = masks(truth.pictures.view());
        let each: Result<Vec<Sums>> = predictions
            .par_iter()
            .zip(views)
            .map(|(prediction, &shown)| match prediction {
                Prediction::Known(known) => Ok(compare(&truth, &masks, known, shown)),
                Prediction::Mesh(mesh) => {
                    Ok(compare(&truth, &masks, &appearance(device, mesh, Light::None)?, shown))
                }
            })
            .collect();
        let mut sums = Sums::default();
        each?.into_iter().for_each(|one| sums.push(one));
        categories.entry(category).or_default().push(sums.mean());
        progress(done + 1, objects.len());
    }
    let mut all = Sums::default();
    categories.values().for_each(|sums| all.push(sums.mean()));
    let all = all.mean();
    let each = |of: fn(Sums) -> f64| {
        categories.iter().map(|(name, sums)| ((*name).to_owned(), of(sums.mean()))).collect()
    };
    Ok(Scores {
        mean_iou: all.iou,
        per_category: each(|sums| sums.iou),
        silhouette_iou: all.silhouette,
        silhouette_per_category: each(|sums| sums.silhouette),
        color_error: all.color,
        color_per_category: each(|sums| sums.color),
        flat_color_error: all.flat,
        flat_color_per_category: each(|sums| sums.flat),
    })
}

fn masks(pictures: ArrayView4<'_, u8>) -> Vec<Mask> {
    pictures.outer_iter().map(Mask::of).collect()
}

/// Compares a prediction from the view `shown` with the truth.
fn compare(truth: &Appearance, masks: &[Mask], found: &Appearance, shown: usize) -> Sums {
    let plain = mean_color(truth.pictures.index_axis(Axis(0), shown), &masks[shown]);
    let (mut silhouette, mut color, mut flat) = (0.0, 0.0, 0.0);
    for view in (0..VIEWS).filter(|v| *v != shown) {
        let (target, picture) =
            (truth.pictures.index_axis(Axis(0), view), found.pictures.index_axis(Axis(0), view));
        silhouette += masks[view].iou(&Mask::of(picture));
        let (mut difference, mut of_plain) = (0_u32, 0.0);
        for (y, x) in
            (0..PIXELS * PIXELS).map(|i| (i / PIXELS, i % PIXELS)).filter(|&(y, x)| masks[view].get(y, x))
        {
            let alpha = f64::from(picture[[3, y, x]]) / 255.0;
            for c in 0..3 {
                difference += u32::from(target[[c, y, x]].abs_diff(picture[[c, y, x]]));
                of_plain += (f64::from(target[[c, y, x]]) - alpha * plain[c]).abs();
            }
        }
        let all = 255.0 * 3.0 * f64::from(masks[view].count().max(1));
        color += f64::from(difference) / all;
        flat += of_plain / all;
    }
    let others = (VIEWS - 1) as f64;
    Sums {
        iou: truth.voxels.iou(&found.voxels),
        silhouette: silhouette / others,
        color: color / others,
        flat: flat / others,
        count: 1.0,
    }
}

/// Returns the mean color of the covered pixels of a picture `[4, 64, 64]`, 0 to 255.
fn mean_color(picture: ArrayView3<'_, u8>, mask: &Mask) -> [f64; 3] {
    let covered = || (0..PIXELS * PIXELS).map(|i| (i / PIXELS, i % PIXELS)).filter(|&(y, x)| mask.get(y, x));
    let count = f64::from(mask.count().max(1));
    [0, 1, 2].map(|c| covered().map(|(y, x)| f64::from(picture[[c, y, x]])).sum::<f64>() / count)
}
