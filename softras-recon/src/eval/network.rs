//! A network that is scored.

use ndarray::{Array4, Axis};
use softras_core::scene::Mesh;

use super::predictor::{Prediction, Predictor, Query};
use crate::data::PIXELS;
use crate::error::Result;
use crate::network::Network;

/// It predicts meshes without color, and does not look at the category.
impl Predictor for Network {
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>> {
        let mut pictures = Array4::zeros((queries.len(), 4, PIXELS, PIXELS));
        for (query, mut picture) in queries.iter().zip(pictures.outer_iter_mut()) {
            picture.assign(&query.picture.mapv(|b| f32::from(b) / 255.0));
        }
        let vertices = self.vertices(pictures.view())?;
        let mesh = |i| Mesh::new(vertices.index_axis(Axis(0), i).to_owned(), self.triangles().to_vec());
        (0..queries.len()).map(|i| Ok(Prediction::Mesh(mesh(i)?))).collect()
    }
}
