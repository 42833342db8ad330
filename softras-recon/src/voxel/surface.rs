//! A mesh as it comes, made fit for winding numbers: [`Surface`].

use std::collections::{HashMap, HashSet};

use softras_core::scene::Mesh;

/// Vertices nearer to each other than this share of the longest side, along every axis, become one.
const WELD: f64 = 1e-6;

/// A triangle of a surface.
pub(super) type Corners = [[f64; 3]; 3];

/// A mesh whose vertices at one place are one, without doubled or degenerate triangles, each patch wound alike.
///
/// A patch is what hangs together by edges of exactly two triangles. It is turned so that its volume, seen from the middle
/// of its box, is not negative.
pub(super) struct Surface {
    triangles: Vec<Corners>,
    closed: bool,
}

impl Surface {
    pub(super) fn new(mesh: &Mesh) -> Self {
        let (points, mut triangles) = weld(mesh);
        let mut sides: HashMap<(u32, u32), Vec<usize>> = HashMap::new();
        for (f, t) in triangles.iter().enumerate() {
            for (p, q) in edges(t) {
                sides.entry((p.min(q), p.max(q))).or_default().push(f);
            }
        }
        let mut closed = sides.values().all(|faces| faces.len() == 2);
        let mut seen = vec![false; triangles.len()];
        for first in 0..triangles.len() {
            if std::mem::replace(&mut seen[first], true) {
                continue;
            }
            let mut patch = vec![first];
            let mut next = 0;
            while let Some(&f) = patch.get(next) {
                next += 1;
                for (p, q) in edges(&triangles[f]) {
                    let Some(&[a, b]) = sides.get(&(p.min(q), p.max(q))).map(Vec::as_slice) else { continue };
                    let other = if a == f { b } else { a };
                    // Neighbours run along their edge in opposite directions.
                    let same = edges(&triangles[other]).contains(&(p, q));
                    if seen[other] {
                        closed &= !same;
                    } else {
                        seen[other] = true;
                        if same {
                            triangles[other].swap(0, 1);
                        }
                        patch.push(other);
                    }
                }
            }
            if volume(&points, patch.iter().map(|&f| &triangles[f])) < 0.0 {
                patch.iter().for_each(|&f| triangles[f].swap(0, 1));
            }
        }
        Self { triangles: triangles.iter().map(|t| t.map(|v| points[v as usize])).collect(), closed }
    }

    /// Tells whether every edge has two triangles, wound alike: then the winding number is 0 all outside.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }
    pub(super) fn triangles(&self) -> &[Corners] {
        &self.triangles
    }
    /// Lowest and highest coordinate along each axis.
    pub(super) fn bounds(&self) -> Option<[[f64; 2]; 3]> {
        bounds(self.triangles.iter().flatten())
    }
}

/// Lowest and highest coordinate along each axis, `None` without points.
pub(super) fn bounds<'a>(points: impl IntoIterator<Item = &'a [f64; 3]>) -> Option<[[f64; 2]; 3]> {
    let mut all: Option<[[f64; 2]; 3]> = None;
    for p in points {
        let so_far = all.unwrap_or(p.map(|x| [x, x]));
        all = Some([0, 1, 2].map(|k| [so_far[k][0].min(p[k]), so_far[k][1].max(p[k])]));
    }
    all
}

fn edges(&[a, b, c]: &[u32; 3]) -> [(u32, u32); 3] {
    [(a, b), (b, c), (c, a)]
}

fn weld(mesh: &Mesh) -> (Vec<[f64; 3]>, Vec<[u32; 3]>) {
    let place = |v: usize| [0, 1, 2].map(|k| f64::from(mesh.vertices()[[v, k]]));
    let places: Vec<[f64; 3]> = (0..mesh.vertices().nrows()).map(place).collect();
    let longest = bounds(&places).map_or(1.0, |b| b.iter().map(|[l, h]| h - l).fold(0.0, f64::max));
    let step = if longest > 0.0 { longest * WELD } else { 1.0 };
    let mut points = Vec::new();
    let mut known: HashMap<[i64; 3], u32> = HashMap::new();
    let welded: Vec<u32> = places
        .iter()
        .map(|p| {
            *known.entry(p.map(|x| (x / step).round() as i64)).or_insert_with(|| {
                points.push(*p);
                (points.len() - 1) as u32
            })
        })
        .collect();
    let mut once = HashSet::new();
    let mut triangles = Vec::with_capacity(mesh.triangles().len());
    for t in mesh.triangles() {
        let t = t.map(|v| welded[v as usize]);
        let mut sorted = t;
        sorted.sort_unstable();
        if sorted[0] != sorted[1] && sorted[1] != sorted[2] && once.insert(sorted) {
            triangles.push(t);
        }
    }
    (points, triangles)
}

/// Six times the volume between the triangles and the middle of their box.
fn volume<'a>(points: &[[f64; 3]], triangles: impl Iterator<Item = &'a [u32; 3]> + Clone) -> f64 {
    let place = |v: &u32| &points[*v as usize];
    let Some(bounds) = bounds(triangles.clone().flatten().map(place)) else { return 0.0 };
    let middle = bounds.map(|[low, high]| f64::midpoint(low, high));
    let one = |t: &[u32; 3]| {
        let [a, b, c] = t.map(|v| [0, 1, 2].map(|k| points[v as usize][k] - middle[k]));
        super::winding::determinant(a, b, c)
    };
    triangles.map(one).sum()
}
