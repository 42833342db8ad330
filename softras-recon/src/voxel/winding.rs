//! The generalised winding number (Jacobson, Kavan and Sorkine-Hornung, SIGGRAPH 2013), evaluated through a tree of
//! dipoles (Barill et al., *Fast Winding Numbers for Soups and Clouds*, SIGGRAPH 2018): [`Winding`].
//!
//! ```text
//! w(q) = sum over triangles of solid angle(q) / 4 pi
//!      ~ sum over far groups of A . (c - q) / (4 pi |c - q|^3),   A = sum of area normals, c = centroid by area
//! ```
//! A group is far if the distance to its centroid is more than [`FAR`] times its radius. Near leaves are exact.

use core::f64::consts::PI;

use super::surface::Corners;

/// How many radii away a group counts as one dipole. The error of w falls with its square; the tests hold it below 0.02.
const FAR: f64 = 4.0;

/// Triangles of a leaf.
const LEAF: usize = 8;

/// The winding number of a set of triangles, at any point.
pub(super) struct Winding {
    triangles: Vec<Corners>, // in the order of the leaves
    nodes: Vec<Node>,        // a node before its parts
}

struct Node {
    centroid: [f64; 3],
    /// Sum of the area normals, A.
    dipole: [f64; 3],
    far_sq: f64,
    /// Its triangles.
    range: core::ops::Range<usize>,
    /// The two nodes it is cut in, none for a leaf.
    parts: Option<[usize; 2]>,
}

impl Winding {
    pub(super) fn new(triangles: &[Corners]) -> Self {
        let mut winding = Self { triangles: triangles.to_vec(), nodes: Vec::new() };
        if !triangles.is_empty() {
            winding.build(0..triangles.len());
        }
        winding
    }

    /// Returns the winding number at `q`: 1 inside a closed surface wound outward, 0 outside.
    pub(super) fn at(&self, q: [f64; 3]) -> f64 {
        let mut sum = 0.0;
        let mut left: Vec<usize> = if self.nodes.is_empty() { Vec::new() } else { vec![0] };
        while let Some(node) = left.pop().map(|n| &self.nodes[n]) {
            let to = minus(node.centroid, q);
            let sq = dot(to, to);
            if sq > node.far_sq {
                sum += dot(node.dipole, to) / (sq * sq.sqrt());
            } else if let Some(parts) = node.parts {
                left.extend(parts);
            } else {
                sum += self.triangles[node.range.clone()].iter().map(|t| solid_angle(t, q)).sum::<f64>();
            }
        }
        sum / (4.0 * PI)
    }

    fn build(&mut self, range: core::ops::Range<usize>) -> usize {
        let own = &self.triangles[range.clone()];
        let (mut dipole, mut centroid, mut total) = ([0.0; 3], [0.0; 3], 0.0);
        for t in own {
            let normal = cross(minus(t[1], t[0]), minus(t[2], t[0])).map(|x| x / 2.0);
            let area = dot(normal, normal).sqrt();
            let middle = middle(t);
            total += area;
            for k in 0..3 {
                dipole[k] += normal[k];
                centroid[k] += area * middle[k];
            }
        }
        // Triangles without area have no dipole; any centre will do for them.
        let centroid =
            if total > 0.0 { centroid.map(|x| x / total) } else { own.first().map_or([0.0; 3], middle) };
        let radius_sq = own.iter().flatten().map(|p| dot(minus(*p, centroid), minus(*p, centroid)));
        let far_sq = FAR * FAR * radius_sq.fold(0.0, f64::max);
        let index = self.nodes.len();
        self.nodes.push(Node { centroid, dipole, far_sq, range: range.clone(), parts: None });
        if range.len() > LEAF {
            let extent = |k: usize| {
                let at = || self.triangles[range.clone()].iter().map(|t| middle(t)[k]);
                at().fold(f64::NEG_INFINITY, f64::max) - at().fold(f64::INFINITY, f64::min)
            };
            let extents = [0, 1, 2].map(extent);
            let axis = (0..3).fold(0, |best, k| if extents[k] > extents[best] { k } else { best });
            let half = range.len() / 2;
            self.triangles[range.clone()]
                .select_nth_unstable_by(half, |a, b| middle(a)[axis].total_cmp(&middle(b)[axis]));
            let low = self.build(range.start..range.start + half);
            let high = self.build(range.start + half..range.end);
            self.nodes[index].parts = Some([low, high]);
        }
        index
    }
}

/// The signed solid angle of a triangle seen from `q` (van Oosterom and Strackee, 1983).
fn solid_angle(t: &Corners, q: [f64; 3]) -> f64 {
    let [a, b, c] = t.map(|p| minus(p, q));
    let [la, lb, lc] = [a, b, c].map(|v| dot(v, v).sqrt());
    let below = la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb;
    2.0 * determinant(a, b, c).atan2(below)
}

pub(super) fn determinant(a: [f64; 3], b: [f64; 3], c: [f64; 3]) -> f64 {
    dot(a, cross(b, c))
}

fn middle(t: &Corners) -> [f64; 3] {
    [0, 1, 2].map(|k| (t[0][k] + t[1][k] + t[2][k]) / 3.0)
}
fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}
fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use softras_io::shapes::Sample;

    use super::*;

    #[test]
    fn the_tree_agrees_with_the_sum_over_all_triangles() {
        for sample in [Sample::Chair, Sample::Vase, Sample::TorusKnot] {
            let mesh = sample.mesh();
            // Open: every seventh triangle is missing.
            let triangles: Vec<Corners> = (mesh.triangles().iter().enumerate().filter(|(f, _)| f % 7 != 0))
                .map(|(_, t)| t.map(|v| mesh.vertex(v).to_array().map(f64::from)))
                .collect();
            let winding = Winding::new(&triangles);
            let mut worst: f64 = 0.0;
            for i in 0..500 {
                let q = [0.754_877, 0.569_84, 0.362_1].map(|a| (a * f64::from(i)).fract() - 0.5);
                let exact = triangles.iter().map(|t| solid_angle(t, q)).sum::<f64>() / (4.0 * PI);
                worst = worst.max((winding.at(q) - exact).abs());
            }
            assert!(worst < 0.02, "{sample}: {worst}");
        }
    }

    #[test]
    fn a_closed_surface_counts_one_inside_and_nothing_outside() {
        let mesh = Sample::Icosphere.mesh();
        let triangles: Vec<Corners> =
            mesh.triangles().iter().map(|t| t.map(|v| mesh.vertex(v).to_array().map(f64::from))).collect();
        let winding = Winding::new(&triangles);
        for (q, expected) in
            [([0.0, 0.0, 0.0], 1.0), ([0.3, -0.2, 0.1], 1.0), ([0.6, 0.0, 0.0], 0.0), ([3.0; 3], 0.0)]
        {
            assert!((winding.at(q) - expected).abs() < 0.01, "{q:?}: {}", winding.at(q));
        }
        assert!(Winding::new(&[]).at([0.0; 3]).abs() < 1e-9);
    }
}
