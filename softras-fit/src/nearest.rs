//! The nearest point of a surface, by a tree of boxes: [`NearestTriangle`].

use softras_core::math::Vec3;
use softras_core::scene::Mesh;

/// Triangles in a leaf.
const LEAF: usize = 4;

/// The triangles of a mesh, sorted into boxes.
#[derive(Clone, Debug)]
pub(crate) struct NearestTriangle {
    triangles: Vec<[Vec3<f64>; 3]>,
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    low: [f64; 3],
    high: [f64; 3],
    /// Of its triangles, `first..first + count`.
    first: usize,
    count: usize,
    /// The first of its two children, which follow each other; 0 for a leaf.
    child: usize,
}

impl NearestTriangle {
    /// Sorts the triangles of `mesh`.
    pub(crate) fn new(mesh: &Mesh) -> Self {
        let corner = |v: u32| {
            let v = mesh.vertex(v);
            Vec3::new(f64::from(v.x), f64::from(v.y), f64::from(v.z))
        };
        let mut triangles: Vec<[Vec3<f64>; 3]> = mesh.triangles().iter().map(|t| t.map(corner)).collect();
        let mut nodes = vec![node(&triangles, 0)];
        let mut next = 0;
        while next < nodes.len() {
            let Node { low, high, first, count, .. } = nodes[next];
            if count > LEAF {
                let size = [0, 1, 2].map(|k| high[k] - low[k]);
                let longest = (0..3).fold(0, |best, k| if size[k] > size[best] { k } else { best });
                let part = &mut triangles[first..first + count];
                let middle = |t: &[Vec3<f64>; 3]| t.iter().map(|c| c.to_array()[longest]).sum::<f64>();
                part.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
                let (left, right) = part.split_at(count / 2);
                let children = [node(left, first), node(right, first + count / 2)];
                nodes[next].child = nodes.len();
                nodes.extend(children);
            }
            next += 1;
        }
        Self { triangles, nodes }
    }

    /// Returns the distance of `p` to the nearest point of the surface; infinite if there is none.
    pub(crate) fn distance(&self, p: Vec3<f64>) -> f64 {
        let mut best = f64::INFINITY;
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let node = &self.nodes[at];
            if node.distance_sq(p) >= best {
                continue;
            }
            if node.child == 0 {
                for triangle in &self.triangles[node.first..node.first + node.count] {
                    best = best.min(distance_sq(p, triangle));
                }
            } else {
                let mut children = [node.child, node.child + 1];
                if self.nodes[children[0]].distance_sq(p) < self.nodes[children[1]].distance_sq(p) {
                    children.swap(0, 1);
                }
                open.extend(children);
            }
        }
        best.sqrt()
    }
}

impl Node {
    fn distance_sq(&self, p: Vec3<f64>) -> f64 {
        let p = p.to_array();
        (0..3).map(|k| (self.low[k] - p[k]).max(p[k] - self.high[k]).max(0.0).powi(2)).sum()
    }
}

/// A leaf around `triangles`, which stand from `first`.
fn node(triangles: &[[Vec3<f64>; 3]], first: usize) -> Node {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for corner in triangles.iter().flatten() {
        for (k, x) in corner.to_array().into_iter().enumerate() {
            (low[k], high[k]) = (low[k].min(x), high[k].max(x));
        }
    }
    Node { low, high, first, count: triangles.len(), child: 0 }
}

/// Returns the squared distance of `p` to a triangle, which may be degenerate.
fn distance_sq(p: Vec3<f64>, &[a, b, c]: &[Vec3<f64>; 3]) -> f64 {
    let normal = (b - a).cross(c - a);
    let area = normal.dot(normal);
    let inside = area > 0.0
        && [(a, b), (b, c), (c, a)]
            .iter()
            .all(|(from, to)| (*to - *from).cross(p - *from).dot(normal) >= 0.0);
    if inside {
        return (p - a).dot(normal).powi(2) / area;
    }
    [(a, b), (b, c), (c, a)].iter().map(|(from, to)| segment_sq(p, *from, *to)).fold(f64::INFINITY, f64::min)
}

fn segment_sq(p: Vec3<f64>, from: Vec3<f64>, to: Vec3<f64>) -> f64 {
    let along = to - from;
    let length = along.dot(along);
    let t = if length > 0.0 { ((p - from).dot(along) / length).clamp(0.0, 1.0) } else { 0.0 };
    let away = p - from - along.scale(t);
    away.dot(away)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tree_finds_what_a_search_of_all_finds() {
        let tree = NearestTriangle::new(&softras_io::icosphere(2).unwrap());
        for i in 0..60 {
            let turn = f64::from(i) * 2.4;
            let p = Vec3::new(turn.sin(), turn.cos() * 0.7, (0.37 * turn).sin()).scale(0.05 * f64::from(i));
            let all = tree.triangles.iter().map(|t| distance_sq(p, t)).fold(f64::INFINITY, f64::min);
            assert!((tree.distance(p) - all.sqrt()).abs() < 1e-12, "{i}");
        }
    }

    proptest! {
        /// Against points of the triangle: none is nearer, and one is about as near.
        #[test]
        fn the_nearest_point_of_a_triangle_is_nearest(x in -1.0..2.0, y in -1.0..2.0, z in -1.0..1.0) {
            let triangle = [Vec3::new(0.0, 0.0, 0.0), Vec3::new(1.0, 0.1, 0.2), Vec3::new(0.2, 0.9, -0.3)];
            let p = Vec3::new(x, y, z);
            let found = distance_sq(p, &triangle).sqrt();
            let mut nearest = f64::INFINITY;
            for i in 0..=60 {
                for j in 0..=60 - i {
                    let (s, t) = (f64::from(i) / 60.0, f64::from(j) / 60.0);
                    let [a, b, c] = triangle;
                    nearest = nearest.min((a.scale(1.0 - s - t) + b.scale(s) + c.scale(t) - p).norm());
                }
            }
            prop_assert!(found <= nearest + 1e-12 && nearest - found < 0.02, "{} {}", found, nearest);
        }
    }
}
