//! How good the network is on objects that it does not learn from: [`stop_iou`].

use std::collections::BTreeMap;

use ndarray::{Array4, Axis};
use rayon::prelude::*;
use softras_core::scene::Mesh;

use crate::data::{PIXELS, Store, VIEWS};
use crate::error::Result;
use crate::network::Network;
use crate::voxel::Voxels;

/// Objects that are looked at together.
const TOGETHER: usize = 32;

/// Returns the volumetric IoU of `objects` from `views` evenly spread pictures of each: the mean over pictures, then
/// objects, then categories. `None` without objects.
pub(super) fn stop_iou(
    network: &Network,
    store: &Store,
    objects: &[usize],
    views: usize,
) -> Result<Option<f64>> {
    let shown: Vec<usize> = (0..views).map(|i| i * VIEWS / views).collect();
    let mut categories: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for some in objects.chunks(TOGETHER) {
        let mut pictures = Array4::zeros((some.len() * views, 4, PIXELS, PIXELS));
        let pairs = some.iter().flat_map(|object| shown.iter().map(move |view| (*object, *view)));
        for ((object, view), mut picture) in pairs.clone().zip(pictures.outer_iter_mut()) {
            picture.assign(&store.picture(object, view)?.mapv(|b| f32::from(b) / 255.0));
        }
        let vertices = network.vertices(pictures.view())?;
        let truths: Vec<Voxels> = some.iter().map(|object| store.voxels(*object)).collect::<Result<_>>()?;
        let scores: Result<Vec<f64>> = (0..vertices.dim().0)
            .into_par_iter()
            .map(|i| {
                let mesh =
                    Mesh::new(vertices.index_axis(Axis(0), i).to_owned(), network.triangles().to_vec())?;
                Ok(Voxels::solid(&mesh).iou(&truths[i / views]))
            })
            .collect();
        for ((object, _), score) in pairs.zip(scores?) {
            let (sum, count) = categories.entry(&store.objects()[object].category).or_default();
            *sum += score;
            *count += 1.0;
        }
    }
    let means = categories.values().map(|(sum, count)| sum / count);
    Ok((!categories.is_empty()).then(|| means.sum::<f64>() / categories.len() as f64))
}
