//! Room inside: [`Volume`].

use ndarray::{Array2, ArrayRef2};

use super::topology::Topology;
use crate::error::Result;
use crate::math::{OrderedSum, Scalar, Vec3};
use crate::scene::rows::to_rows;

/// The loss `- sum over triangles of a . (b x c) / 6`, corners relative to the mean of all vertices: minus the room that a
/// closed surface holds, a pressure from inside. Parts that have passed through themselves and are inside out count
/// against it, and are turned back. Of a surface with holes it is the volume of the cone over it from that mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    triangles: Vec<[u32; 3]>,
    topology: Topology,
}

impl Volume {
    /// The loss for `triangles [F]`, counterclockwise from outside, over `vertex_count` vertices.
    ///
    /// # Errors
    /// `Layout` if a triangle names a vertex that does not exist.
    pub fn new(triangles: &[[u32; 3]], vertex_count: usize) -> Result<Self> {
        let topology = Topology::new(triangles, vertex_count)?;
        Ok(Self { triangles: triangles.to_vec(), topology })
    }

    /// Returns the loss at `vertices [V, 3]` and its gradient, `[V, 3]`.
    ///
    /// # Errors
    /// `Shape` if `vertices` is not `[V, 3]`.
    pub fn loss<R: Scalar>(&self, vertices: &ArrayRef2<R>) -> Result<(R, Array2<R>)> {
        let mut points = self.topology.points(vertices)?;
        let share = R::ONE / R::from_f64(points.len().max(1) as f64);
        let middle = total(&points) * share;
        points.iter_mut().for_each(|p| *p -= middle);
        let mut grad = vec![Vec3::ZERO; points.len()];
        let mut sum = OrderedSum::new(R::ZERO);
        let part = R::from_f64(-1.0 / 6.0);
        for triangle in &self.triangles {
            let [a, b, c] = triangle.map(|v| v as usize);
            let normal = points[b].cross(points[c]) * part;
            sum.push(points[a].dot(normal));
            grad[a] += normal;
            grad[b] += points[c].cross(points[a]) * part;
            grad[c] += points[a].cross(points[b]) * part;
        }
        let push = total(&grad) * share; // 0 of a closed surface
        grad.iter_mut().for_each(|g| *g -= push);
        Ok((sum.total(), to_rows(&grad)))
    }
}

fn total<R: Scalar>(vectors: &[Vec3<R>]) -> Vec3<R> {
    vectors.iter().fold(Vec3::ZERO, |sum, v| sum + *v)
}
