//! What is scored: [`Predictor`].

use std::sync::Arc;

#[cfg(feature = "burn")]
use ndarray::Array4;
use ndarray::ArrayView3;
use softras_core::scene::Mesh;

use crate::data::Appearance;
#[cfg(feature = "burn")]
use crate::data::PIXELS;
use crate::error::Result;

/// One picture of an object.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Red, green, blue over black, and the silhouette, `[4, 64, 64]`.
    pub picture: ArrayView3<'a, u8>,
    /// What the object is. Only baselines that say so look at it.
    pub category: &'a str,
}

/// Returns the pictures of queries as a network is shown them, `[N, 4, 64, 64]` in 0..=1.
#[cfg(feature = "burn")]
pub(crate) fn pictures(queries: &[Query<'_>]) -> Array4<f32> {
    let mut pictures = Array4::zeros((queries.len(), 4, PIXELS, PIXELS));
    for (query, mut picture) in queries.iter().zip(pictures.outer_iter_mut()) {
        picture.assign(&query.picture.mapv(|b| f32::from(b) / 255.0));
    }
    pictures
}

/// What an object is taken to be.
#[derive(Clone, Debug)]
pub enum Prediction {
    /// A mesh in the frame of the data, its colors lit as in the pictures, or grey.
    Mesh(Mesh),
    /// A shape whose solid and pictures are known already.
    Known(Arc<Appearance>),
}

/// Pictures in, shapes out: a network, or a baseline.
pub trait Predictor {
    /// Returns a prediction for each query, in order. Which side a picture shows is not known.
    ///
    /// # Errors
    /// Whatever keeps it from predicting.
    fn predict(&mut self, queries: &[Query<'_>]) -> Result<Vec<Prediction>>;
}
