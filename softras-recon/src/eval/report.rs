//! All scores of one set of objects: [`evaluate`].

use std::collections::BTreeMap;

use serde::Serialize;
use softras_core::raster::DynRasterizer;

use super::baselines::{Learnt, MeanShape, PlainColor, Retrieval, Told, UntrainedSphere};
use super::predictor::Predictor;
use super::score::{Scores, score};
use crate::data::{Skipped, Store, VIEWS};
use crate::error::{Error, Result};

/// What is scored, and what baselines learn from.
pub struct Plan<'s> {
    /// The objects to be scored.
    pub store: &'s Store,
    /// Which of them.
    pub objects: Vec<usize>,
    /// What baselines learn from; it may be the same store.
    pub train: &'s Store,
    /// Which of them: in one store, none of those that are scored.
    pub train_objects: Vec<usize>,
    /// Pictures of each object that are shown, evenly spread, 1 to 24.
    pub views: usize,
}

/// The scores of a model and of the baselines.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`Scores::mean_iou`] of the model, `None` without one.
    pub mean_iou: Option<f64>,
    /// [`Scores::per_category`] of the model, empty without one.
    pub per_category: BTreeMap<String, f64>,
    /// [`Scores::silhouette_iou`] of the model.
    pub silhouette_iou: Option<f64>,
    /// [`Scores::color_error`] of the model.
    pub color_error: Option<f64>,
    /// `mean_shape` (told the category), `retrieval`, `retrieval_in_category` (told), `sphere`.
    pub baselines: BTreeMap<String, Scores>,
    /// The color error of the true shape in the mean color of the objects to learn from.
    pub mean_color_error: f64,
    /// Objects that were scored.
    pub objects: usize,
    /// Pictures of each that were shown.
    pub views: usize,
    /// Objects that baselines learnt from.
    pub train_objects: usize,
    /// Objects that could not be used, and why.
    pub skipped: Vec<Skipped>,
}

/// Scores `model`, if there is one, and the baselines. `progress` is told what is being done, done so far, and of how many.
///
/// # Errors
/// `Setting` if there is nothing to score or to learn from, or an object is in both; else as [`score`].
pub fn evaluate(
    device: &dyn DynRasterizer,
    plan: &Plan<'_>,
    model: Option<&mut dyn Predictor>,
    progress: &(dyn Fn(&str, usize, usize) + Sync),
) -> Result<Report> {
    if !(1..=VIEWS).contains(&plan.views) {
        return Err(Error::setting("views", plan.views, format!("1 to {VIEWS}")));
    }
    if std::ptr::eq(plan.store, plan.train)
        && let Some(both) = plan.objects.iter().find(|o| plan.train_objects.contains(o))
    {
        let name = &plan.store.objects()[*both].name;
        return Err(Error::setting("objects to learn from", name, "none of those that are scored"));
    }
    let views: Vec<usize> = (0..plan.views).map(|i| i * VIEWS / plan.views).collect();
    let scored = |name: &str, predictor: &mut dyn Predictor| {
        score(device, plan.store, &plan.objects, &views, predictor, &|done, all| progress(name, done, all))
    };
    let model = model.map(|model| scored("model", model)).transpose()?;

    let learnt = Learnt::new(plan.train, &plan.train_objects, &|done, all| progress("train", done, all))?;
    let mut baselines = BTreeMap::new();
    let mut add = |name: &str, predictor: &mut dyn Predictor| -> Result<()> {
        baselines.insert(name.to_owned(), scored(name, predictor)?);
        Ok(())
    };
    add("mean_shape", &mut MeanShape::new(device, &learnt)?)?;
    add("retrieval", &mut Retrieval::new(&learnt, Told::Nothing))?;
    add("retrieval_in_category", &mut Retrieval::new(&learnt, Told::Category))?;
    add("sphere", &mut UntrainedSphere::new(device, learnt.color())?)?;
    let objects = plan.objects.clone().into_iter();
    let mut plain = PlainColor { store: plan.store, objects, color: learnt.color() };
    let mean_color_error = scored("mean_color", &mut plain)?.color_error;

    let mut skipped = plan.store.skipped().to_vec();
    if !std::ptr::eq(plan.store, plan.train) {
        skipped.extend_from_slice(plan.train.skipped());
    }
    let (mean_iou, silhouette_iou, color_error) = model
        .as_ref()
        .map_or((None, None, None), |m| (Some(m.mean_iou), Some(m.silhouette_iou), Some(m.color_error)));
    Ok(Report {
        mean_iou,
        per_category: model.map_or_else(BTreeMap::new, |m| m.per_category),
        silhouette_iou,
        color_error,
        baselines,
        mean_color_error,
        objects: plan.objects.len(),
        views: plan.views,
        train_objects: plan.train_objects.len(),
        skipped,
    })
}
