//! Flatness: how far neighbouring triangles are from one plane, as the paper measures it, [`Flatten`].

use ndarray::{Array2, ArrayRef2};

use super::hinge::sum_over_hinges;
use super::topology::Topology;
use crate::error::Result;
use crate::math::Scalar;

/// The flatten loss `sum over interior edges of (cos theta + 1)^2`, theta the angle between the two triangles' heights:
/// the vectors from the foot on the edge's line to each third corner. Flat is 180 degrees.
///
/// Each interior edge counts once (the paper's code misses some), edges of three or more triangles do not count
/// ([`Topology`]), nor does an edge with a triangle without area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flatten {
    topology: Topology,
}

impl From<Topology> for Flatten {
    fn from(topology: Topology) -> Self {
        Self { topology }
    }
}

impl Flatten {
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
        sum_over_hinges(&self.topology, vertices, |bend| (bend * bend, bend + bend))
    }
}
