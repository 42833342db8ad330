//! The numbers: [`score`].

use std::collections::BTreeMap;

use ndarray::{ArrayView4, Axis};
use rayon::prelude::*;
use serde::Serialize;
use softras_core::raster::DynRasterizer;

use super::mask::Mask;
use super::predictor::{Prediction, Predictor, Query};
use crate::data::{Appearance, Light, PIXELS, Progress, Store, VIEWS, appearance};
use crate::error::{Error, Result};

/// How good predictions are. Each is a mean over the pictures of an object, then over the objects of a category, and
/// `mean_` and the two last over categories, as published tables have it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Intersection over union of solids at 32^3, the mean over categories.
    pub mean_iou: f64,
    /// The same, of each category.
    pub per_category: BTreeMap<String, f64>,
    /// Intersection over union of silhouettes, over the views that were not shown.
    pub silhouette_iou: f64,
    /// Mean difference of colors (0 to 1) over the silhouette of the truth, over the views that were not shown.
    pub color_error: f64,
}

/// Sums of an object or a category.
#[derive(Clone, Copy, Default)]
struct Sums {
    iou: f64,
    silhouette: f64,
    color: f64,
    count: f64,
}

impl Sums {
    fn push(&mut self, other: Self) {
        self.iou += other.iou;
        self.silhouette += other.silhouette;
        self.color += other.color;
        self.count += other.count;
    }
    fn mean(self) -> Self {
        let n = self.count.max(1.0);
        Self { iou: self.iou / n, silhouette: self.silhouette / n, color: self.color / n, count: 1.0 }
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
    Ok(Scores {
        mean_iou: all.iou,
        per_category: categories.iter().map(|(name, sums)| ((*name).to_owned(), sums.mean().iou)).collect(),
        silhouette_iou: all.silhouette,
        color_error: all.color,
    })
}

fn masks(pictures: ArrayView4<'_, u8>) -> Vec<Mask> {
    pictures.outer_iter().map(Mask::of).collect()
}

/// Compares a prediction from the view `shown` with the truth.
fn compare(truth: &Appearance, masks: &[Mask], found: &Appearance, shown: usize) -> Sums {
    let (mut silhouette, mut color) = (0.0, 0.0);
    for view in (0..VIEWS).filter(|v| *v != shown) {
        let (target, picture) =
            (truth.pictures.index_axis(Axis(0), view), found.pictures.index_axis(Axis(0), view));
        silhouette += masks[view].iou(&Mask::of(picture));
        let mut difference = 0_u32;
        for (y, x) in
            (0..PIXELS * PIXELS).map(|i| (i / PIXELS, i % PIXELS)).filter(|&(y, x)| masks[view].get(y, x))
        {
            for c in 0..3 {
                difference += u32::from(target[[c, y, x]].abs_diff(picture[[c, y, x]]));
            }
        }
        color += f64::from(difference) / (255.0 * 3.0 * f64::from(masks[view].count().max(1)));
    }
    let others = (VIEWS - 1) as f64;
    Sums {
        iou: truth.voxels.iou(&found.voxels),
        silhouette: silhouette / others,
        color: color / others,
        count: 1.0,
    }
}
