//! How far two surfaces are apart: [`chamfer`].

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use softras_core::math::Vec3;
use softras_core::scene::Mesh;

use crate::nearest::NearestTriangle;

/// Mean distances between two surfaces, in world units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chamfer {
    /// From points of the first to the nearest point of the second.
    pub first_to_second: f64,
    /// The reverse.
    pub second_to_first: f64,
}

impl Chamfer {
    /// The mean of both.
    #[must_use]
    pub fn mean(self) -> f64 {
        (self.first_to_second + self.second_to_first) / 2.0
    }
}

/// Measures `samples` points of each surface, drawn evenly over its area, against the other surface (the triangles
/// themselves, not points of them). The same seed gives the same number; a mesh without area gives NaN.
#[must_use]
pub fn chamfer(first: &Mesh, second: &Mesh, samples: usize, seed: u64) -> Chamfer {
    let one_way = |from: &Mesh, to: &Mesh| {
        let tree = NearestTriangle::new(to);
        let points = points(from, samples, seed);
        let sum: f64 = points.iter().map(|p| tree.distance(*p)).sum();
        sum / points.len() as f64
    };
    Chamfer { first_to_second: one_way(first, second), second_to_first: one_way(second, first) }
}

/// Draws points evenly over the surface; none if it has no area.
fn points(mesh: &Mesh, count: usize, seed: u64) -> Vec<Vec3<f64>> {
    let corner = |v: u32| {
        let v = mesh.vertex(v);
        Vec3::new(f64::from(v.x), f64::from(v.y), f64::from(v.z))
    };
    let mut total = 0.0;
    let ends: Vec<f64> = mesh
        .triangles()
        .iter()
        .map(|&[a, b, c]| {
            let (a, b, c) = (corner(a), corner(b), corner(c));
            total += (b - a).cross(c - a).norm() / 2.0;
            total
        })
        .collect();
    if total.is_nan() || total <= 0.0 {
        return Vec::new();
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut unit = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    (0..count)
        .map(|i| {
            // One point in each of as many equal shares of the area.
            let at = (i as f64 + unit()) / count as f64 * total;
            let f = ends.partition_point(|end| *end < at).min(ends.len() - 1);
            let [a, b, c] = mesh.triangles()[f].map(corner);
            let (s, t) = (unit().sqrt(), unit());
            a.scale(1.0 - s) + b.scale(s * (1.0 - t)) + c.scale(s * t)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use softras_io::icosphere;

    use super::*;

    fn sphere(radius: f32, level: u32) -> Mesh {
        let mut mesh = icosphere(level).unwrap();
        mesh.set_vertices(mesh.vertices() * radius).unwrap();
        mesh
    }

    #[test]
    fn spheres_within_each_other_are_apart_by_their_radii() {
        let apart = chamfer(&sphere(1.0, 4), &sphere(0.8, 4), 2000, 1);
        assert!((apart.mean() - 0.2).abs() < 3e-3, "{apart:?}");
        assert_eq!(apart, chamfer(&sphere(1.0, 4), &sphere(0.8, 4), 2000, 1));
    }

    #[test]
    fn a_surface_is_at_itself() {
        assert!(chamfer(&sphere(1.0, 3), &sphere(1.0, 3), 500, 0).mean() < 1e-6);
    }

    #[test]
    fn nothing_is_not_a_number() {
        let empty = Mesh::new(ndarray::Array2::zeros((3, 3)), vec![[0, 1, 2]]).unwrap();
        assert!(chamfer(&empty, &sphere(1.0, 1), 10, 0).first_to_second.is_nan());
    }
}
