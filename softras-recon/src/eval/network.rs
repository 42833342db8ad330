//! A network that is scored.

use ndarray::Axis;
use softras_core::scene::Mesh;

use super::predictor::{Prediction, Predictor, Query, pictures};
use crate::error::Result;
use crate::network::Network;

/// It predicts meshes without color, and does not look at the category.
impl Predictor for Network {
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>> {
        let vertices = self.vertices(pictures(queries).view())?;
        let mesh = |i| Mesh::new(vertices.index_axis(Axis(0), i).to_owned(), self.triangles().to_vec());
        (0..queries.len()).map(|i| Ok(Prediction::Mesh(mesh(i)?))).collect()
    }
}
