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
    /// [`Scores::silhouette_per_category`] of the model, empty without one.
    pub silhouette_per_category: BTreeMap<String, f64>,
    /// [`Scores::color_error`] of the model.
    pub color_error: Option<f64>,
    /// [`Scores::color_per_category`] of the model, empty without one.
    pub color_per_category: BTreeMap<String, f64>,
    /// [`Scores::flat_color_error`] of the model.
    pub flat_color_error: Option<f64>,
    /// [`Scores::flat_color_per_category`] of the model, empty without one.
    pub flat_color_per_category: BTreeMap<String, f64>,
    /// `mean_shape` (told the category), `retrieval`, `retrieval_in_category` (told), `sphere`.
    pub baselines: BTreeMap<String, Scores>,
    /// The color error of the true shape in the mean color of the objects to learn from.
    pub mean_color_error: f64,
    /// The same, of each category.
    pub mean_color_per_category: BTreeMap<String, f64>,
    /// Objects that were scored.
    pub objects: usize,
    /// Pictures of each that were shown.
    pub views: usize,
    /// Objects that baselines learnt from.
    pub train_objects: usize,
    /// Objects that could not be used, and why.
    pub skipped: Vec<Skipped>,
}

/// Is told what is being done, done so far, and of how many.
pub type Doing<'p> = &'p (dyn Fn(&str, usize, usize) + Sync);

/// Scores `model`, if there is one, and the baselines.
///
/// # Errors
/// `Setting` if there is nothing to score or to learn from, or an object is in both; else as [`score`].
pub fn evaluate(
    device: &dyn DynRasterizer,
    plan: &Plan<'_>,
    model: Option<&mut dyn Predictor>,
    progress: Doing<'_>,
) -> Result<Report> {
    let learnt = plan.learn(progress)?;
    evaluate_against(device, plan, &learnt, model, progress)
}

impl<'s> Plan<'s> {
    /// Reads what baselines learn from.
    ///
    /// # Errors
    /// `Setting` if there is nothing to learn from, or an object of it is scored, or the number of views is out of range;
    /// else as [`Learnt::new`].
    pub fn learn(&self, progress: Doing<'_>) -> Result<Learnt<'s>> {
        self.check()?;
        Learnt::new(self.train, &self.train_objects, &|done, all| progress("train", done, all))
    }

    /// The pictures that are shown.
    pub(super) fn shown(&self) -> Vec<usize> {
        (0..self.views).map(|i| i * VIEWS / self.views).collect()
    }

    fn check(&self) -> Result<()> {
        if !(1..=VIEWS).contains(&self.views) {
            return Err(Error::setting("views", self.views, format!("1 to {VIEWS}")));
        }
        if std::ptr::eq(self.store, self.train)
            && let Some(both) = self.objects.iter().find(|o| self.train_objects.contains(o))
        {
            let name = &self.store.objects()[*both].name;
            return Err(Error::setting("objects to learn from", name, "none of those that are scored"));
        }
        Ok(())
    }
}

/// [`evaluate`] with what was read before, for those who need it again.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_against(
    device: &dyn DynRasterizer,
    plan: &Plan<'_>,
    learnt: &Learnt<'_>,
    model: Option<&mut dyn Predictor>,
    progress: Doing<'_>,
) -> Result<Report> {
    plan.check()?;
    let views = plan.shown();
    let scored = |name: &str, predictor: &mut dyn Predictor| {
        score(device, plan.store, &plan.objects, &views, predictor, &|done, all| progress(name, done, all))
    };
    let model = model.map(|model| scored("model", model)).transpose()?;

    let mut baselines = BTreeMap::new();
    let mut add = |name: &str, predictor: &mut dyn Predictor| -> Result<()> {
        baselines.insert(name.to_owned(), scored(name, predictor)?);
        Ok(())
    };
    add("mean_shape", &mut MeanShape::new(device, learnt)?)?;
    add("retrieval", &mut Retrieval::new(learnt, Told::Nothing))?;
    add("retrieval_in_category", &mut Retrieval::new(learnt, Told::Category))?;
    add("sphere", &mut UntrainedSphere::new(device, learnt.color())?)?;
    let objects = plan.objects.clone().into_iter();
    let mut plain = PlainColor { store: plan.store, objects, color: learnt.color() };
    let mean_color = scored("mean_color", &mut plain)?;

    let mut skipped = plan.store.skipped().to_vec();
    if !std::ptr::eq(plan.store, plan.train) {
        skipped.extend_from_slice(plan.train.skipped());
    }
    let one = |of: fn(&Scores) -> f64| model.as_ref().map(of);
    let each =
        |of: fn(&Scores) -> &BTreeMap<String, f64>| model.as_ref().map(of).cloned().unwrap_or_default();
    Ok(Report {
        mean_iou: one(|m| m.mean_iou),
        per_category: each(|m| &m.per_category),
        silhouette_iou: one(|m| m.silhouette_iou),
        silhouette_per_category: each(|m| &m.silhouette_per_category),
        color_error: one(|m| m.color_error),
        color_per_category: each(|m| &m.color_per_category),
        flat_color_error: one(|m| m.flat_color_error),
        flat_color_per_category: each(|m| &m.flat_color_per_category),
        baselines,
        mean_color_error: mean_color.color_error,
        mean_color_per_category: mean_color.color_per_category,
        objects: plan.objects.len(),
        views: plan.views,
        train_objects: plan.train_objects.len(),
        skipped,
    })
}
