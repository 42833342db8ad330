//! What a prediction has to beat: [`MeanShape`], [`Retrieval`], [`UntrainedSphere`], and a plain color.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{Array2, ArrayView4};
use rayon::prelude::*;
use softras_core::raster::DynRasterizer;
use softras_core::scene::{Mesh, MeshTexture};
use softras_io::icosphere;

use super::mask::Mask;
use super::predictor::{Prediction, Predictor, Query};
use crate::data::{Appearance, Light, Progress, Store, appearance};
use crate::error::{Error, Result};
use crate::voxel::{SIDE, Voxels};

/// The radius of the sphere that an untrained network predicts.
const RADIUS: f32 = 0.25;

/// Thresholds of the mean shape that are tried.
const THRESHOLDS: usize = 20;

/// What baselines keep of the objects to learn from, read once.
pub struct Learnt<'s> {
    store: &'s Store,
    examples: Vec<Example>,
    color: [f32; 3],
}

/// An object to learn from.
struct Example {
    object: usize,
    voxels: Voxels,
    masks: Vec<Mask>, // [24]
}

/// Whether a baseline is told what the object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It sees the picture alone, as a network does.
    Nothing,
    /// It knows the category, which a network does not.
    Category,
}

impl<'s> Learnt<'s> {
    /// Reads `objects` of `store`.
    ///
    /// # Errors
    /// `Setting` if there is none; else as [`Store::appearance`].
    pub fn new(store: &'s Store, objects: &[usize], progress: Progress<'_>) -> Result<Self> {
        if objects.is_empty() {
            return Err(Error::setting("objects to learn from", 0, "at least one"));
        }
        let (mut examples, mut sums, mut pixels) = (Vec::with_capacity(objects.len()), [0_u64; 3], 0_u64);
        for (done, &object) in objects.iter().enumerate() {
            let Appearance { voxels, pictures } = store.appearance(object)?;
            let masks: Vec<Mask> = pictures.outer_iter().map(Mask::of).collect();
            add_colors(pictures.view(), &masks, &mut sums, &mut pixels);
            examples.push(Example { object, voxels, masks });
            progress(done + 1, objects.len());
        }
        let color = sums.map(|sum| (sum as f64 / (255.0 * pixels.max(1) as f64)) as f32);
        Ok(Self { store, examples, color })
    }
    /// The mean color of the objects in their pictures.
    #[must_use]
    pub const fn color(&self) -> [f32; 3] {
        self.color
    }
    fn category(&self, example: &Example) -> &str {
        &self.store.objects()[example.object].category
    }
}

fn add_colors(pictures: ArrayView4<'_, u8>, masks: &[Mask], sums: &mut [u64; 3], pixels: &mut u64) {
    for ((v, c, y, x), value) in pictures.indexed_iter() {
        if masks[v].get(y, x) {
            match sums.get_mut(c) {
                Some(sum) => *sum += u64::from(*value),
                None => *pixels += 1,
            }
        }
    }
}

/// The mean shape of the category, which it is told: voxels that are filled often enough among the objects to learn from.
/// How often is enough is the best of twenty thresholds, on those same objects. Of an unknown category, the mean of all.
pub struct MeanShape {
    shapes: BTreeMap<String, Arc<Appearance>>,
    any: Arc<Appearance>,
}

impl MeanShape {
    /// Finds the mean shapes; they are drawn as blocks in the mean color.
    ///
    /// # Errors
    /// As [`appearance`].
    pub fn new(device: &dyn DynRasterizer, learnt: &Learnt<'_>) -> Result<Self> {
        let mut members: BTreeMap<&str, Vec<&Voxels>> = BTreeMap::new();
        for example in &learnt.examples {
            members.entry(learnt.category(example)).or_default().push(&example.voxels);
        }
        let drawn = |members: &[&Voxels]| -> Result<Arc<Appearance>> {
            let voxels = mean_shape(members);
            let blocks = painted(voxels.blocks()?, learnt.color)?;
            // The voxels of the blocks' surface would be those on both sides of it: the solid is the one known.
            Ok(Arc::new(Appearance { voxels, ..appearance(device, &blocks, Light::None)? }))
        };
        let all: Vec<&Voxels> = learnt.examples.iter().map(|e| &e.voxels).collect();
        let any = drawn(&all)?;
        let shapes = members.into_iter().map(|(name, members)| Ok((name.to_owned(), drawn(&members)?)));
        Ok(Self { shapes: shapes.collect::<Result<_>>()?, any })
    }
}

/// Returns the voxels that are filled in at least a share of `members`, for the best share.
fn mean_shape(members: &[&Voxels]) -> Voxels {
    let mut counts = vec![0_usize; SIDE * SIDE * SIDE];
    members.iter().for_each(|voxels| voxels.each(|bit| counts[bit] += 1));
    let candidate = |k: usize| {
        let least = (members.len() * k).div_ceil(THRESHOLDS).max(1);
        let voxels = Voxels::from_fn(|bit| counts[bit] >= least);
        let total: f64 = members.iter().map(|m| m.iou(&voxels)).sum();
        (total, voxels)
    };
    let candidates: Vec<(f64, Voxels)> = (1..=THRESHOLDS).into_par_iter().map(candidate).collect();
    let mut best = (f64::NEG_INFINITY, Voxels::default());
    for candidate in candidates {
        // A mean shape without voxels cannot be drawn.
        if candidate.0 > best.0 && candidate.1.count() > 0 {
            best = candidate;
        }
    }
    best.1
}

impl Predictor for MeanShape {
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>> {
        let shape = |query: &Query<'_>| {
            Prediction::Known(self.shapes.get(query.category).unwrap_or(&self.any).clone())
        };
        Ok(queries.iter().map(shape).collect())
    }
}

/// The object to learn from whose silhouette, from any side, is most like the one shown.
pub struct Retrieval<'l> {
    learnt: &'l Learnt<'l>,
    told: Told,
}

impl<'l> Retrieval<'l> {
    /// Searches among all objects, or among those of the category.
    #[must_use]
    pub const fn new(learnt: &'l Learnt<'l>, told: Told) -> Self {
        Self { learnt, told }
    }
    fn nearest(&self, query: &Query<'_>) -> Option<usize> {
        let shown = Mask::of(query.picture);
        let search = |alike: &dyn Fn(&Example) -> bool| {
            let mut best = None;
            for example in self.learnt.examples.iter().filter(|e| alike(e)) {
                for mask in &example.masks {
                    let iou = mask.iou(&shown);
                    if best.is_none_or(|(most, _)| iou > most) {
                        best = Some((iou, example.object));
                    }
                }
            }
            best.map(|(_, object)| object)
        };
        let alike = |e: &Example| self.told == Told::Nothing || self.learnt.category(e) == query.category;
        // Of a category that was never seen, any object will do.
        search(&alike).or_else(|| search(&|_| true))
    }
}

impl Predictor for Retrieval<'_> {
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>> {
        let found: Vec<Option<usize>> = queries.par_iter().map(|query| self.nearest(query)).collect();
        let mut known: BTreeMap<usize, Arc<Appearance>> = BTreeMap::new();
        let mut predictions = Vec::with_capacity(queries.len());
        for object in found {
            let object = object.ok_or_else(|| Error::setting("objects to learn from", 0, "at least one"))?;
            let appearance = match known.get(&object) {
                Some(appearance) => appearance.clone(),
                None => {
                    known.entry(object).or_insert(Arc::new(self.learnt.store.appearance(object)?)).clone()
                }
            };
            predictions.push(Prediction::Known(appearance));
        }
        Ok(predictions)
    }
}

/// What a network predicts before it has learnt: a sphere of radius 1/4, here in the mean color.
pub struct UntrainedSphere(Arc<Appearance>);

impl UntrainedSphere {
    /// Makes the sphere.
    ///
    /// # Errors
    /// As [`appearance`].
    pub fn new(device: &dyn DynRasterizer, color: [f32; 3]) -> Result<Self> {
        let mut sphere = icosphere(3)?;
        sphere.set_vertices(sphere.vertices() * RADIUS)?;
        Ok(Self(Arc::new(appearance(device, &painted(sphere, color)?, Light::None)?)))
    }
}

impl Predictor for UntrainedSphere {
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>> {
        Ok(queries.iter().map(|_| Prediction::Known(self.0.clone())).collect())
    }
}

fn painted(mesh: Mesh, color: [f32; 3]) -> Result<Mesh> {
    let colors = Array2::from_shape_fn((mesh.vertices().nrows(), 3), |(_, c)| color[c]);
    Ok(mesh.with_texture(MeshTexture::Vertex(colors))?)
}

/// The truth in one plain color: what a prediction of colors has to beat, whatever its shape.
pub(super) struct PlainColor<'s> {
    pub(super) store: &'s Store,
    pub(super) objects: std::vec::IntoIter<usize>,
    pub(super) color: [f32; 3],
}

impl Predictor for PlainColor<'_> {
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>> {
        let object =
            self.objects.next().ok_or_else(|| Error::setting("objects", "one more", "those to be scored"))?;
        let mut truth = self.store.appearance(object)?;
        let color = self.color.map(|c| (c * 255.0).round() as u8);
        for ((_, c, _, _), value) in truth.pictures.indexed_iter_mut() {
            *value = color.get(c).copied().unwrap_or(*value);
        }
        let truth = Arc::new(truth);
        Ok(queries.iter().map(|_| Prediction::Known(truth.clone())).collect())
    }
}
