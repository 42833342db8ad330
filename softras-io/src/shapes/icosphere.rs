//! The icosphere: an icosahedron refined towards a sphere.

use std::collections::HashMap;

use ndarray::Array2;
use softras_core::scene::Mesh;

use super::paint::{hex, mix, step};
use super::solid::{Finish, Part, Solid};
use crate::error::Result;

/// Highest level: 20 x 4^10 = 21 million triangles.
const HIGHEST: u32 = 10;
/// Corners of the icosahedron: (±a, ±b, 0), (0, ±a, ±b), (±b, 0, ±a) with a = 0.52573, b = 0.85065.
const BASE: [[f64; 3]; 12] = [
    [-1.0, 1.0, 0.0],
    [1.0, 1.0, 0.0],
    [-1.0, -1.0, 0.0],
    [1.0, -1.0, 0.0],
    [0.0, -1.0, 1.0],
    [0.0, 1.0, 1.0],
    [0.0, -1.0, -1.0],
    [0.0, 1.0, -1.0],
    [1.0, 0.0, -1.0],
    [1.0, 0.0, 1.0],
    [-1.0, 0.0, -1.0],
    [-1.0, 0.0, 1.0],
];
const FACES: [[u32; 3]; 20] = [
    [0, 11, 5],
    [0, 5, 1],
    [0, 1, 7],
    [0, 7, 10],
    [0, 10, 11],
    [1, 5, 9],
    [5, 11, 4],
    [11, 10, 2],
    [10, 7, 6],
    [7, 1, 8],
    [3, 9, 4],
    [3, 4, 2],
    [3, 2, 6],
    [3, 6, 8],
    [3, 8, 9],
    [4, 9, 5],
    [2, 4, 11],
    [6, 2, 10],
    [8, 6, 7],
    [9, 8, 1],
];

/// Makes a sphere of radius 1 around the origin, without color: 20 x 4^`level` triangles, closed, wound
/// counter-clockwise seen from outside.
///
/// Level 0 is the icosahedron; each level cuts every triangle in four and moves the midpoints to the sphere.
///
/// # Errors
/// `Argument` if `level` is above 10.
pub fn icosphere(level: u32) -> Result<Mesh<f32>> {
    if level > HIGHEST {
        let expected = format!("0 to {HIGHEST}");
        return Err(softras_core::Error::parameter("level of an icosphere", level, expected).into());
    }
    let (vertices, triangles) = refine(level);
    let vertices = Array2::from_shape_fn((vertices.len(), 3), |(v, k)| vertices[v][k] as f32);
    Ok(Mesh::new(vertices, triangles)?)
}

/// The sample: colored by direction.
pub(super) fn sample() -> Mesh<f32> {
    let (vertices, triangles) = refine(3);
    let mut solid = Solid::new();
    let sides = [
        ([1.0, 0.0, 0.0], hex(0xff6b4a)),
        ([-1.0, 0.0, 0.0], hex(0x18a8a0)),
        ([0.0, 1.0, 0.0], hex(0xffd45c)),
        ([0.0, -1.0, 0.0], hex(0x4b3b9a)),
        ([0.0, 0.0, 1.0], hex(0xe8458b)),
        ([0.0, 0.0, -1.0], hex(0x3f8efc)),
    ];
    let paint = move |spot: &super::solid::Spot| {
        // A smooth blend of the six sides, by the fourth power of the cosine.
        let (mut color, mut total) = ([0.0; 3], 0.0);
        for (side, side_color) in sides {
            let cosine: f64 = (0..3).map(|k| side[k] * spot.normal[k]).sum();
            let weight = cosine.max(0.0).powi(4);
            total += weight;
            color = [0, 1, 2].map(|k| color[k] + weight * side_color[k]);
        }
        let color = color.map(|c| c / total);
        // Broad rings of latitude, a little lighter.
        let ring = (10.0 * spot.normal[1].asin()).sin();
        mix(color, hex(0xffffff), 0.22 * step(-0.12, 0.12, ring))
    };
    solid.add(Part { vertices, triangles, params: Vec::new() }, Finish::Smooth, paint);
    solid.build(6)
}

fn refine(level: u32) -> (Vec<[f64; 3]>, Vec<[u32; 3]>) {
    let golden = (1.0 + 5f64.sqrt()) / 2.0;
    let unit = |p: [f64; 3]| {
        let n = (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt();
        p.map(|x| x / n)
    };
    // The long coordinate is the one before the zero, cyclically: y of (a, b, 0), z of (0, a, b), x of (b, 0, a).
    let stretch = |p: [f64; 3]| match p {
        [x, y, 0.0] => [x, y * golden, 0.0],
        [0.0, y, z] => [0.0, y, z * golden],
        [x, y, z] => [x * golden, y, z],
    };
    let mut vertices: Vec<_> = BASE.iter().map(|p| unit(stretch(*p))).collect();
    let mut triangles = FACES.to_vec();
    for _ in 0..level {
        let mut between: HashMap<(u32, u32), u32> = HashMap::with_capacity(triangles.len() * 3 / 2);
        let mut finer = Vec::with_capacity(4 * triangles.len());
        for [a, b, c] in triangles {
            let mut middle = |p: u32, q: u32| {
                *between.entry((p.min(q), p.max(q))).or_insert_with(|| {
                    let (s, t) = (vertices[p as usize], vertices[q as usize]);
                    vertices.push(unit([s[0] + t[0], s[1] + t[1], s[2] + t[2]]));
                    (vertices.len() - 1) as u32
                })
            };
            let (ab, bc, ca) = (middle(a, b), middle(b, c), middle(c, a));
            finer.extend([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]);
        }
        triangles = finer;
    }
    (vertices, triangles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_the_known_counts_on_the_unit_sphere() {
        for (level, vertices, faces) in [(0, 12, 20), (1, 42, 80), (3, 642, 1280), (5, 10_242, 20_480)] {
            let mesh = icosphere(level).unwrap();
            assert_eq!((mesh.vertices().nrows(), mesh.triangles().len()), (vertices, faces));
            for v in 0..vertices as u32 {
                assert!((mesh.vertex(v).norm() - 1.0).abs() < 1e-6);
            }
            for t in mesh.triangles() {
                let [a, b, c] = t.map(|v| mesh.vertex(v));
                assert!((b - a).cross(c - a).dot(a) > 0.0, "wound inward");
            }
        }
        assert!(icosphere(11).is_err());
    }

    #[test]
    fn the_base_is_the_published_one() {
        let mesh = icosphere(0).unwrap();
        let p = mesh.vertex(1);
        assert!((p.x - 0.52573).abs() < 1e-5 && (p.y - 0.85065).abs() < 1e-5 && p.z.abs() < 1e-9);
        let p = mesh.vertex(9);
        assert!((p.x - 0.85065).abs() < 1e-5 && p.y.abs() < 1e-9 && (p.z - 0.52573).abs() < 1e-5);
        let p = mesh.vertex(5);
        assert!((p.y - 0.52573).abs() < 1e-5 && (p.z - 0.85065).abs() < 1e-5);
    }
}
