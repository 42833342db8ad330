//! Which vertices and triangles of a mesh are neighbours: [`Topology`], shared by the losses on vertices.

use ndarray::ArrayRef2;

use crate::error::{Error, Result};
use crate::math::{Scalar, Vec3};
use crate::scene::rows::from_rows;

/// Two triangles that share an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hinge {
    /// The vertices of the shared edge, ascending.
    pub edge: [u32; 2],
    /// The third corner of each triangle, in the order of the triangles.
    pub corners: [u32; 2],
}

/// The edges of a mesh, the neighbours of its vertices, and its hinges. Any triangles will do:
///
/// * A triangle that names a vertex twice has no edges. A triangle that comes twice adds no new edge.
/// * A hinge is an edge of exactly two triangles with different third corners. Where three or more meet there is no
///   "other side", and flattening every pair would ask for the impossible; such edges have no hinge, nor has a
///   triangle with its own copy or back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    vertex_count: usize,
    edges: Vec<[u32; 2]>, // ascending, each once
    starts: Vec<usize>,   // [V + 1]
    neighbors: Vec<u32>,  // [2 E], of vertex v: starts[v]..starts[v + 1], ascending
    hinges: Vec<Hinge>,   // in the order of the edges
    boundary: usize,      // edges of one triangle
    crowded: usize,       // edges of three or more
}

impl Topology {
    /// Finds the edges, neighbours and hinges of `triangles [F]` over `vertex_count` vertices.
    ///
    /// # Errors
    /// `Layout` if a triangle names a vertex that does not exist.
    pub fn new(triangles: &[[u32; 3]], vertex_count: usize) -> Result<Self> {
        let mut sides: Vec<([u32; 2], usize, u32)> = Vec::with_capacity(3 * triangles.len());
        for (f, &[a, b, c]) in triangles.iter().enumerate() {
            if let Some(v) = [a, b, c].into_iter().find(|&v| v as usize >= vertex_count) {
                let expected = format!("an index below {vertex_count}");
                return Err(Error::layout(format!("triangle {f}"), format!("vertex {v}"), expected));
            }
            if a != b && b != c && c != a {
                sides.extend(
                    [([a, b], c), ([b, c], a), ([c, a], b)]
                        .map(|([p, q], third)| ([p.min(q), p.max(q)], f, third)),
                );
            }
        }
        sides.sort_unstable();

        let (mut edges, mut hinges, mut boundary, mut crowded) = (Vec::new(), Vec::new(), 0, 0);
        for same in sides.chunk_by(|one, other| one.0 == other.0) {
            let edge = same[0].0;
            edges.push(edge);
            match same {
                [_] => boundary += 1,
                [one, other] if one.2 != other.2 => hinges.push(Hinge { edge, corners: [one.2, other.2] }),
                [_, _] => {}
                _ => crowded += 1,
            }
        }
        let (starts, neighbors) = neighbors(&edges, vertex_count);
        Ok(Self { vertex_count, edges, starts, neighbors, hinges, boundary, crowded })
    }

    /// The number of vertices, V.
    #[must_use]
    pub const fn vertex_count(&self) -> usize {
        self.vertex_count
    }
    /// The edges, each once, with ascending vertices, in ascending order.
    #[must_use]
    pub fn edges(&self) -> &[[u32; 2]] {
        &self.edges
    }
    /// The pairs of triangles that share an edge, in the order of the edges.
    #[must_use]
    pub fn hinges(&self) -> &[Hinge] {
        &self.hinges
    }
    /// The vertices that share an edge with vertex `v`, ascending.
    ///
    /// # Panics
    /// If there is no vertex `v`.
    #[must_use]
    pub fn neighbors(&self, v: usize) -> &[u32] {
        &self.neighbors[self.starts[v]..self.starts[v + 1]]
    }
    /// The number of edges with one triangle only.
    #[must_use]
    pub const fn boundary_edges(&self) -> usize {
        self.boundary
    }
    /// The number of edges with three triangles or more.
    #[must_use]
    pub const fn crowded_edges(&self) -> usize {
        self.crowded
    }

    /// Returns the rows of `vertices [V, 3]`.
    pub(super) fn points<R: Scalar>(&self, vertices: &ArrayRef2<R>) -> Result<Vec<Vec3<R>>> {
        if vertices.shape() == [self.vertex_count, 3] {
            Ok(from_rows(vertices))
        } else {
            let expected = format!("[{}, 3]", self.vertex_count);
            Err(Error::shape("vertices of a loss", vertices.shape(), expected))
        }
    }
}

/// Sorts the other ends of `edges` by vertex; they come out ascending because the edges are.
fn neighbors(edges: &[[u32; 2]], vertex_count: usize) -> (Vec<usize>, Vec<u32>) {
    let mut starts = vec![0; vertex_count + 1];
    for &v in edges.as_flattened() {
        starts[v as usize + 1] += 1;
    }
    for v in 0..vertex_count {
        starts[v + 1] += starts[v];
    }
    let mut next = starts.clone();
    let mut out = vec![0; 2 * edges.len()];
    for &[a, b] in edges {
        for (v, other) in [(a, b), (b, a)] {
            out[next[v as usize]] = other;
            next[v as usize] += 1;
        }
    }
    (starts, out)
}
