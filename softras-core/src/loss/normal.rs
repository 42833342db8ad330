//! Flatness, measured by normals: [`NormalConsistency`].

use ndarray::{Array2, ArrayRef2};

use super::hinge::sum_over_hinges;
use super::topology::Topology;
use crate::error::Result;
use crate::math::Scalar;

/// The loss `sum over interior edges of 1 - n1 . n2`, n1 and n2 the unit normals of the two triangles, turned to the
/// same side of the surface whichever way round the triangles run. It is `1 + cos theta` of
/// [`Flatten`](super::Flatten), which squares it, and counts the same edges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalConsistency {
    topology: Topology,
}

impl From<Topology> for NormalConsistency {
    fn from(topology: Topology) -> Self {
        Self { topology }
    }
}

impl NormalConsistency {
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
        sum_over_hinges(&self.topology, vertices, |bend| (bend, R::ONE))
    }
}
