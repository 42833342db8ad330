//! The bend of two triangles at their shared edge, for [`Flatten`](super::Flatten) and
//! [`NormalConsistency`](super::NormalConsistency).
//!
//! Let m1 and m2 be the unit normals of the triangles (edge, third corner), both turned the same way from the edge.
//! Turned by 90 degrees around the edge they are the two heights (the vectors from the foot on the edge's line to each
//! third corner), so the angle theta between the heights is the angle between m1 and m2. The triangles are flat where
//! theta = 180 degrees. The bend is `1 + cos theta`, 0 to 2, taken as `|m1 + m2|^2 / 2`: near flat, where meshes
//! are, `1 + m1 . m2` would cancel. It does not depend on which way round the triangles run.

use ndarray::{Array2, ArrayRef2};

use super::topology::{Hinge, Topology};
use crate::error::Result;
use crate::math::{OrderedSum, Scalar, Vec3};
use crate::scene::rows::to_rows;
use crate::scene::{triangle_normal, triangle_normal_vjp};

/// Returns the sum of `cost(bend)` over all hinges, and its gradient; `cost` returns its value and slope. A hinge with a
/// triangle without area has no angle and counts 0.
pub(super) fn sum_over_hinges<R: Scalar>(
    topology: &Topology,
    vertices: &ArrayRef2<R>,
    cost: impl Fn(R) -> (R, R),
) -> Result<(R, Array2<R>)> {
    let points = topology.points(vertices)?;
    let mut sum = OrderedSum::new(R::ZERO);
    let mut grad = vec![Vec3::ZERO; points.len()];
    for hinge in topology.hinges() {
        sum.push(one_hinge(hinge, &points, &cost, &mut grad));
    }
    Ok((sum.total(), to_rows(&grad)))
}

fn one_hinge<R: Scalar>(
    hinge: &Hinge,
    points: &[Vec3<R>],
    cost: &impl Fn(R) -> (R, R),
    grad: &mut [Vec3<R>],
) -> R {
    let [a, b] = hinge.edge.map(|v| points[v as usize]);
    let [c, d] = hinge.corners.map(|v| points[v as usize]);
    let normals = [triangle_normal(a, b, c), triangle_normal(a, b, d)];
    if normals.contains(&Vec3::ZERO) {
        return R::ZERO;
    }
    let both = normals[0] + normals[1];
    let (value, slope) = cost(both.dot(both) * R::from_f64(0.5));
    // The gradient to either normal; their lengths are fixed.
    let grad_normal = both * slope;
    for (third, corner) in hinge.corners.into_iter().zip([c, d]) {
        let grads = triangle_normal_vjp(a, b, corner, grad_normal);
        for (v, g) in [hinge.edge[0], hinge.edge[1], third].into_iter().zip(grads) {
            grad[v as usize] += g;
        }
    }
    value
}
