//! Normals of triangles and vertices, with their reverses (MATH 8).
//!
//! A normal points to the side from which the corners of a triangle run counter-clockwise: outwards, for a mesh whose
//! triangles run so seen from outside. The guard 1e-6 is relative to the size of the triangle, so that a mesh in
//! metres and the same mesh in kilometres have the same normals. A triangle without area (zero, or a sliver whose
//! normal is rounding noise) has the normal zero, and passes no gradient.

use ndarray::{Array2, ArrayRef2};

use super::mesh::Mesh;
use super::rows::{from_rows, to_rows};
use crate::math::{Scalar, Vec3};

/// Twice the area below which a triangle with edges of length about 1 has no normal. In `f32` the rounding of its
/// edges alone turns such a normal by a radian.
const SLIVER: f64 = 1e-6;
/// The size below which a triangle is a point: its inverse stays finite in `f32`.
const POINT: f64 = 1e-30;

/// The unit normal of the triangle `a b c`, zero if it has no area.
#[must_use]
pub fn triangle_normal<R: Scalar>(a: Vec3<R>, b: Vec3<R>, c: Vec3<R>) -> Vec3<R> {
    scaled_edges(a, b, c).and_then(|(ab, ac, _)| unit(ab.cross(ac))).map_or(Vec3::ZERO, |(n, _)| n)
}

/// d loss / d (a, b, c), given `grad`, d loss / d [`triangle_normal`]; zero if the triangle has no area.
#[must_use]
pub fn triangle_normal_vjp<R: Scalar>(a: Vec3<R>, b: Vec3<R>, c: Vec3<R>, grad: Vec3<R>) -> [Vec3<R>; 3] {
    let Some((ab, ac, size)) = scaled_edges(a, b, c) else { return [Vec3::ZERO; 3] };
    let Some((normal, length)) = unit(ab.cross(ac)) else { return [Vec3::ZERO; 3] };
    // The scale cancels in the normal, so it counts as a constant.
    let grad_cross = across(normal, grad).scale((length * size).recip());
    cross_vjp(ab, ac, grad_cross)
}

/// The unit normals of the triangles of `mesh`, `[F, 3]`.
#[must_use]
pub fn face_normals<R: Scalar>(mesh: &Mesh<R>) -> Array2<R> {
    to_rows(&of_faces(&from_rows(mesh.vertices()), mesh.triangles()))
}

/// d loss / d vertices, `[V, 3]`, given `grad`, d loss / d [`face_normals`], `[F, 3]`.
///
/// # Panics
/// If `grad` has another shape.
#[must_use]
pub fn face_normals_vjp<R: Scalar>(mesh: &Mesh<R>, grad: &ArrayRef2<R>) -> Array2<R> {
    assert_eq!(grad.shape(), [mesh.triangles().len(), 3], "gradient of face normals");
    to_rows(&of_faces_vjp(&from_rows(mesh.vertices()), mesh.triangles(), &from_rows(grad)))
}

/// The unit normals at the vertices of `mesh`, `[V, 3]`: the mean over the triangles there, weighted by area; zero
/// where there is none, or the triangles cancel.
#[must_use]
pub fn vertex_normals<R: Scalar>(mesh: &Mesh<R>) -> Array2<R> {
    to_rows(&of_vertices(&from_rows(mesh.vertices()), mesh.triangles()))
}

/// d loss / d vertices, `[V, 3]`, given `grad`, d loss / d [`vertex_normals`], `[V, 3]`.
///
/// # Panics
/// If `grad` has another shape.
#[must_use]
pub fn vertex_normals_vjp<R: Scalar>(mesh: &Mesh<R>, grad: &ArrayRef2<R>) -> Array2<R> {
    assert_eq!(grad.shape(), [mesh.vertices().nrows(), 3], "gradient of vertex normals");
    to_rows(&of_vertices_vjp(&from_rows(mesh.vertices()), mesh.triangles(), &from_rows(grad)))
}

/// [`face_normals`] over vectors.
pub(super) fn of_faces<R: Scalar>(vertices: &[Vec3<R>], triangles: &[[u32; 3]]) -> Vec<Vec3<R>> {
    triangles
        .iter()
        .map(|triangle| {
            let [a, b, c] = triangle.map(|v| vertices[v as usize]);
            triangle_normal(a, b, c)
        })
        .collect()
}

/// [`face_normals_vjp`] over vectors.
pub(super) fn of_faces_vjp<R: Scalar>(
    vertices: &[Vec3<R>],
    triangles: &[[u32; 3]],
    grad: &[Vec3<R>],
) -> Vec<Vec3<R>> {
    let mut out = vec![Vec3::ZERO; vertices.len()];
    for (triangle, &grad) in triangles.iter().zip(grad) {
        let [a, b, c] = triangle.map(|v| vertices[v as usize]);
        scatter(&mut out, triangle, triangle_normal_vjp(a, b, c, grad));
    }
    out
}

/// [`vertex_normals`] over vectors.
pub(super) fn of_vertices<R: Scalar>(vertices: &[Vec3<R>], triangles: &[[u32; 3]]) -> Vec<Vec3<R>> {
    let unit_of = |(sum, size)| mean_direction(sum, size).map_or(Vec3::ZERO, |(normal, _)| normal);
    area_vectors(vertices, triangles).into_iter().map(unit_of).collect()
}

/// [`vertex_normals_vjp`] over vectors.
pub(super) fn of_vertices_vjp<R: Scalar>(
    vertices: &[Vec3<R>],
    triangles: &[[u32; 3]],
    grad: &[Vec3<R>],
) -> Vec<Vec3<R>> {
    let sums = area_vectors(vertices, triangles);
    let to_sum = |((sum, size), &grad): ((Vec3<R>, R), &Vec3<R>)| {
        mean_direction(sum, size)
            .map_or(Vec3::ZERO, |(normal, length)| across(normal, grad).scale(length.recip()))
    };
    let grad_sums: Vec<Vec3<R>> = sums.into_iter().zip(grad).map(to_sum).collect();
    let mut out = vec![Vec3::ZERO; vertices.len()];
    for triangle in triangles {
        let [a, b, c] = triangle.map(|v| vertices[v as usize]);
        let [ga, gb, gc] = triangle.map(|v| grad_sums[v as usize]);
        scatter(&mut out, triangle, cross_vjp(b - a, c - a, ga + gb + gc));
    }
    out
}

/// For each vertex the sum of twice the area times the normal of its triangles, and the area they would have if none
/// were a sliver and all faced one way.
fn area_vectors<R: Scalar>(vertices: &[Vec3<R>], triangles: &[[u32; 3]]) -> Vec<(Vec3<R>, R)> {
    let mut sums = vec![(Vec3::ZERO, R::ZERO); vertices.len()];
    for triangle in triangles {
        let [a, b, c] = triangle.map(|v| vertices[v as usize]);
        let (ab, ac) = (b - a, c - a);
        let longest = extent(ab).max(extent(ac));
        for &v in triangle {
            let (sum, size) = &mut sums[v as usize];
            *sum += ab.cross(ac);
            *size += longest * longest;
        }
    }
    sums
}

/// Returns `sum / |sum|` and `|sum|`, if the triangles of that `size` have area and do not cancel.
fn mean_direction<R: Scalar>(sum: Vec3<R>, size: R) -> Option<(Vec3<R>, R)> {
    if size.to_f64() > POINT {
        let (normal, length) = unit(sum.scale(size.recip()))?;
        Some((normal, length * size))
    } else {
        None
    }
}

/// Returns the edges `b - a` and `c - a` divided by their size, and the size, unless the triangle is a point.
fn scaled_edges<R: Scalar>(a: Vec3<R>, b: Vec3<R>, c: Vec3<R>) -> Option<(Vec3<R>, Vec3<R>, R)> {
    let (ab, ac) = (b - a, c - a);
    let size = extent(ab).max(extent(ac));
    (size.to_f64() > POINT).then(|| (ab.scale(size.recip()), ac.scale(size.recip()), size))
}

/// The largest component, without its sign and without a derivative.
fn extent<R: Scalar>(v: Vec3<R>) -> R {
    let largest = v.x.abs().max(v.y.abs()).max(v.z.abs());
    R::from_f64(largest.to_f64())
}

/// Returns `v / |v|` and `|v|`, if `v` is more than rounding noise.
fn unit<R: Scalar>(v: Vec3<R>) -> Option<(Vec3<R>, R)> {
    let length = v.norm();
    (length.to_f64() > SLIVER).then(|| (v.scale(length.recip()), length))
}

/// The part of `grad` at right angles to the unit vector `normal`.
fn across<R: Scalar>(normal: Vec3<R>, grad: Vec3<R>) -> Vec3<R> {
    grad - normal.scale(normal.dot(grad))
}

/// d loss / d (a, b, c), given d loss / d `(b - a) x (c - a)`.
fn cross_vjp<R: Scalar>(ab: Vec3<R>, ac: Vec3<R>, grad: Vec3<R>) -> [Vec3<R>; 3] {
    let (grad_b, grad_c) = (ac.cross(grad), grad.cross(ab));
    [-(grad_b + grad_c), grad_b, grad_c]
}

fn scatter<R: Scalar>(out: &mut [Vec3<R>], triangle: &[u32; 3], grads: [Vec3<R>; 3]) {
    for (&v, grad) in triangle.iter().zip(grads) {
        out[v as usize] += grad;
    }
}
