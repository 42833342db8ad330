//! Smoothness: how far vertices are from the mean of their neighbours, [`Laplacian`].

use ndarray::{Array2, ArrayRef2};

use super::topology::Topology;
use crate::error::Result;
use crate::math::{OrderedSum, Scalar, Vec3};
use crate::scene::rows::to_rows;

/// The uniform Laplacian loss `sum_v |v - mean of the neighbours of v|^2`; vertices without neighbours count 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laplacian {
    topology: Topology,
}

impl From<Topology> for Laplacian {
    fn from(topology: Topology) -> Self {
        Self { topology }
    }
}

impl Laplacian {
    /// The loss for `triangles [F]` over `vertex_count` vertices.
    ///
    /// # Errors
    /// `Layout` if a triangle names a vertex that does not exist.
    pub fn new(triangles: &[[u32; 3]], vertex_count: usize) -> Result<Self> {
        Topology::new(triangles, vertex_count).map(Self::from)
    }

    /// Returns the loss at `vertices [V, 3]` and its gradient, `[V, 3]`.
    ///
    /// # Errors
    /// `Shape` if `vertices` is not `[V, 3]`.
    pub fn loss<R: Scalar>(&self, vertices: &ArrayRef2<R>) -> Result<(R, Array2<R>)> {
        let points = self.topology.points(vertices)?;
        // d_v = v - mean; the loss is sum d_v^2, its gradient 2 (d_v - sum over neighbours u of d_u / |N(u)|).
        let away: Vec<Vec3<R>> = (0..points.len()).map(|v| points[v] - self.mean(v, &points)).collect();
        let grad: Vec<Vec3<R>> = (0..points.len())
            .map(|v| {
                let shares =
                    self.topology.neighbors(v).iter().map(|&u| away[u as usize] * self.share(u as usize));
                (away[v] - shares.fold(Vec3::ZERO, |a, b| a + b)) * R::from_f64(2.0)
            })
            .collect();
        Ok((OrderedSum::of(R::ZERO, away.iter().map(|d| d.dot(*d))), to_rows(&grad)))
    }

    /// The mean of the neighbours of `v`, or `v` itself if it has none.
    fn mean<R: Scalar>(&self, v: usize, points: &[Vec3<R>]) -> Vec3<R> {
        match self.topology.neighbors(v) {
            [] => points[v],
            neighbors => {
                let sum = neighbors.iter().fold(Vec3::ZERO, |sum, &u| sum + points[u as usize]);
                sum * self.share(v)
            }
        }
    }

    /// One over the number of neighbours of `v`.
    fn share<R: Scalar>(&self, v: usize) -> R {
        R::from_f64(1.0 / self.topology.neighbors(v).len() as f64)
    }
}
