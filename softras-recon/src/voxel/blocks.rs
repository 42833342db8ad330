//! From voxels to a mesh.

use std::collections::HashMap;

use ndarray::Array2;
use softras_core::scene::Mesh;

use super::{SIDE, Voxels};

/// Returns the sides between filled and empty voxels, wound counter-clockwise seen from outside.
pub(super) fn mesh(voxels: &Voxels) -> softras_core::Result<Mesh> {
    let filled = |p: [isize; 3]| {
        let inside = p.iter().all(|i| (0..SIDE as isize).contains(i));
        inside && voxels.get(p[0] as usize, p[1] as usize, p[2] as usize)
    };
    let mut corners: Vec<[usize; 3]> = Vec::new();
    let mut known: HashMap<[usize; 3], u32> = HashMap::new();
    let mut triangles = Vec::new();
    voxels.each(|bit| {
        let at = [bit / (SIDE * SIDE), bit / SIDE % SIDE, bit % SIDE];
        for (axis, up) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)] {
            let mut beyond = at.map(|i| i as isize);
            beyond[axis] += 2 * up as isize - 1;
            if filled(beyond) {
                continue;
            }
            // Round the side: (0, 0), (1, 0), (1, 1), (0, 1) along the two axes that follow.
            let quad = [[0, 0], [1, 0], [1, 1], [0, 1]].map(|[u, v]| {
                let mut corner = at;
                corner[axis] += up;
                corner[(axis + 1) % 3] += u;
                corner[(axis + 2) % 3] += v;
                *known.entry(corner).or_insert_with(|| {
                    corners.push(corner);
                    (corners.len() - 1) as u32
                })
            });
            let [a, b, c, d] = quad;
            triangles.extend(if up == 1 { [[a, b, c], [a, c, d]] } else { [[a, c, b], [a, d, c]] });
        }
    });
    let place = |i: usize| ((i as f64 - SIDE as f64 / 2.0) / (SIDE - 1) as f64) as f32;
    Mesh::new(Array2::from_shape_fn((corners.len(), 3), |(v, k)| place(corners[v][k])), triangles)
}
