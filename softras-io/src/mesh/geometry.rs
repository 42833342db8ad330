//! New meshes from old ones: finer, or centred and scaled.

use softras_core::math::surface_texel_centre;
use std::collections::HashMap;

use ndarray::{Array2, Array3};
use softras_core::scene::{Mesh, MeshTexture};

use super::texels;
use crate::error::Result;

/// Returns the mesh with every triangle cut in four at the midpoints of its edges.
///
/// Triangle f becomes 4 f .. 4 f + 3: the corners 0, 1, 2, then the middle. Colors of vertices and corners are
/// interpolated. Texels keep their size on the surface: R becomes ceil(R / 2), exactly for an even R, else by the
/// nearest texel.
///
/// # Errors
/// `Argument` if there would be more than 2^32 - 1 vertices.
pub fn subdivide(mesh: &Mesh<f32>) -> Result<Mesh<f32>> {
    let old = mesh.vertices().nrows();
    let mut between: HashMap<(u32, u32), u32> = HashMap::new();
    let mut ends: Vec<(u32, u32)> = Vec::new();
    let mut triangles = Vec::with_capacity(4 * mesh.triangles().len());
    for &[a, b, c] in mesh.triangles() {
        let mut middle = |p: u32, q: u32| {
            *between.entry((p.min(q), p.max(q))).or_insert_with(|| {
                ends.push((p.min(q), p.max(q)));
                // More than 2^32 - 1 vertices are refused by `Mesh::new`.
                (old + ends.len() - 1) as u32
            })
        };
        let (ab, bc, ca) = (middle(a, b), middle(b, c), middle(c, a));
        triangles.extend([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]);
    }
    let extend = |rows: &Array2<f32>| {
        Array2::from_shape_fn((old + ends.len(), rows.ncols()), |(v, k)| match v.checked_sub(old) {
            None => rows[[v, k]],
            Some(e) => mean(rows[[ends[e].0 as usize, k]], rows[[ends[e].1 as usize, k]]),
        })
    };
    let texture = match mesh.texture() {
        MeshTexture::None => MeshTexture::None,
        MeshTexture::Vertex(colors) => MeshTexture::Vertex(extend(colors)),
        MeshTexture::Corner(colors) => {
            let (faces, _, channels) = colors.dim();
            MeshTexture::Corner(Array3::from_shape_fn((4 * faces, 3, channels), |(f, k, ch)| {
                let weights = PARTS[f % 4][k];
                (0..3).map(|c| weights[c] as f32 * colors[[f / 4, c, ch]]).sum()
            }))
        }
        MeshTexture::Surface { side, texels } => {
            let side = *side;
            let half = side.div_ceil(2);
            let (faces, _, channels) = texels.dim();
            let parents: [Vec<usize>; 4] =
                PARTS.map(|part| (0..half * half).map(|t| parent(side, half, &part, t)).collect());
            let texels = Array3::from_shape_fn((4 * faces, half * half, channels), |(f, t, ch)| {
                texels[[f / 4, parents[f % 4][t], ch]]
            });
            MeshTexture::Surface { side: half, texels }
        }
    };
    Ok(Mesh::new(extend(mesh.vertices()), triangles)?.with_texture(texture)?)
}

/// The corners of the four parts of a triangle, in its barycentric coordinates.
const PARTS: [[[f64; 3]; 3]; 4] = {
    const A: [f64; 3] = [1.0, 0.0, 0.0];
    const B: [f64; 3] = [0.0, 1.0, 0.0];
    const C: [f64; 3] = [0.0, 0.0, 1.0];
    const AB: [f64; 3] = [0.5, 0.5, 0.0];
    const BC: [f64; 3] = [0.0, 0.5, 0.5];
    const CA: [f64; 3] = [0.5, 0.0, 0.5];
    [[A, AB, CA], [AB, B, BC], [CA, BC, C], [AB, BC, CA]]
};

/// Returns the texel of the whole face, `side` a side, at the centre of texel `t` of a part with `half` a side.
fn parent(side: usize, half: usize, part: &[[f64; 3]; 3], t: usize) -> usize {
    let [c0, c1] = surface_texel_centre(half, t);
    let c = [c0, c1, 1.0 - c0 - c1];
    texels::at(side, [0, 1].map(|k| (0..3).map(|corner| c[corner] * part[corner][k]).sum()))
}

fn mean(a: f32, b: f32) -> f32 {
    // In f64, so that two huge coordinates stay finite.
    ((f64::from(a) + f64::from(b)) / 2.0) as f32
}

/// Returns the mesh moved and scaled alike along all axes: the box around it is centred, its longest side is 1.
///
/// Vertices that belong to no face count. A mesh that is a single point is only centred.
#[must_use]
pub fn normalize(mesh: &Mesh<f32>) -> Mesh<f32> {
    let bounds = [0, 1, 2].map(|k| {
        let column = mesh.vertices().column(k);
        let low = column.iter().copied().fold(f32::INFINITY, f32::min);
        let high = column.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        (f64::from(low), f64::from(high))
    });
    let longest = bounds.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
    let scale = if longest > 0.0 { 1.0 / longest } else { 1.0 };
    let moved = Array2::from_shape_fn(mesh.vertices().dim(), |(v, k)| {
        let (low, high) = bounds[k];
        ((f64::from(mesh.vertices()[[v, k]]) - (low + high) / 2.0) * scale) as f32
    });
    let mut mesh = mesh.clone();
    match mesh.set_vertices(moved) {
        Ok(()) => mesh,
        Err(e) => unreachable!("a bug in softras-io: finite vertices were scaled to others: {e}"),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn two() -> Mesh<f32> {
        let vertices = array![[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 2.0, 0.0], [4.0, 2.0, 2.0]];
        Mesh::new(vertices, vec![[0, 1, 2], [1, 3, 2]]).unwrap()
    }

    #[test]
    fn neighbours_share_the_midpoint_of_their_edge() {
        let fine = subdivide(&two()).unwrap();
        assert_eq!(fine.triangles().len(), 8);
        assert_eq!(fine.vertices().nrows(), 4 + 5);
        assert_eq!(fine.vertices().row(5).to_vec(), [2.0, 1.0, 0.0]);
    }

    #[test]
    fn texels_stay_where_they_are() {
        // Texel t of face f has the color (f, c_0, c_1) of its centre.
        let side = 8;
        let texels = Array3::from_shape_fn((2, side * side, 3), |(f, t, k)| match k {
            0 => f as f32,
            k => surface_texel_centre(side, t)[k - 1] as f32,
        });
        let mesh = two().with_texture(MeshTexture::Surface { side, texels }).unwrap();
        let MeshTexture::Surface { side: 4, texels } = subdivide(&mesh).unwrap().texture().clone() else {
            panic!()
        };
        for (f, t) in (0..8).flat_map(|f| (0..16).map(move |t| (f, t))) {
            let [c0, c1] = surface_texel_centre(4, t);
            let c = [c0, c1, 1.0 - c0 - c1];
            for k in 0..2 {
                let expected: f64 = (0..3).map(|i| c[i] * PARTS[f % 4][i][k]).sum();
                assert!((f64::from(texels[[f, t, k + 1]]) - expected).abs() < 1e-6, "face {f} texel {t}");
            }
            assert!((texels[[f, t, 0]] - (f / 4) as f32).abs() < 1e-6);
        }
    }

    #[test]
    fn colors_of_vertices_and_corners_are_interpolated_alike() {
        let vertex = array![[0.0f32], [1.0], [0.5], [0.25]];
        let corner =
            Array3::from_shape_fn((2, 3, 1), |(f, k, _)| vertex[[two().triangles()[f][k] as usize, 0]]);
        let a = subdivide(&two().with_texture(MeshTexture::Vertex(vertex)).unwrap()).unwrap();
        let b = subdivide(&two().with_texture(MeshTexture::Corner(corner)).unwrap()).unwrap();
        let (MeshTexture::Vertex(a_colors), MeshTexture::Corner(b_colors)) = (a.texture(), b.texture())
        else {
            panic!()
        };
        for (f, t) in a.triangles().iter().enumerate() {
            for (k, &v) in t.iter().enumerate() {
                assert!((a_colors[[v as usize, 0]] - b_colors[[f, k, 0]]).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_normalized_mesh_is_centred_with_longest_side_one() {
        let mesh = normalize(&two());
        assert_eq!(mesh.vertices().row(0).to_vec(), [-0.5, -0.25, -0.25]);
        assert_eq!(mesh.vertices().row(3).to_vec(), [0.5, 0.25, 0.25]);
        let huge = Mesh::new(array![[f32::MAX, 0.0, 0.0], [f32::MIN, 0.0, 0.0]], vec![]).unwrap();
        assert_eq!(normalize(&huge).vertices().row(0).to_vec(), [0.5, 0.0, 0.0]);
        let point = Mesh::new(array![[3.0, 1.0, 2.0]], vec![[0, 0, 0]]).unwrap();
        assert_eq!(normalize(&point).vertices().row(0).to_vec(), [0.0; 3]);
        assert_eq!(normalize(&Mesh::new(Array2::zeros((0, 3)), vec![]).unwrap()).vertices().nrows(), 0);
    }
}
