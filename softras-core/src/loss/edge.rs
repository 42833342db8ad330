//! Short edges: [`EdgeLength`].

use ndarray::{Array2, ArrayRef2};

use super::topology::Topology;
use crate::error::Result;
use crate::math::{OrderedSum, Scalar, Vec3};
use crate::scene::rows::to_rows;

/// The loss `sum over edges of |a - b|^2`, each edge once. It has no kink at an edge of length 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeLength {
    topology: Topology,
}

impl From<Topology> for EdgeLength {
    fn from(topology: Topology) -> Self {
        Self { topology }
    }
}

impl EdgeLength {
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
        let mut grad = vec![Vec3::ZERO; points.len()];
        let mut sum = OrderedSum::new(R::ZERO);
        for &[a, b] in self.topology.edges() {
            let (a, b) = (a as usize, b as usize);
            let edge = points[a] - points[b];
            sum.push(edge.dot(edge));
            let along = edge * R::from_f64(2.0);
            grad[a] += along;
            grad[b] -= along;
        }
        Ok((sum.total(), to_rows(&grad)))
    }
}
