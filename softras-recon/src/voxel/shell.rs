//! The voxels that a surface passes through, exactly: each triangle is cut by the planes between voxels.

use softras_core::scene::Mesh;

use super::{SIDE, Voxels, in_voxels};

/// A convex polygon: a triangle cut by at most four planes.
#[derive(Clone, Copy)]
struct Polygon {
    points: [[f64; 3]; 8],
    len: usize,
}

impl Polygon {
    fn points(&self) -> &[[f64; 3]] {
        &self.points[..self.len]
    }
    fn push(&mut self, point: [f64; 3]) {
        // A convex polygon gains one point at most at each cut; rounding may not make it more.
        if self.len < self.points.len() {
            self.points[self.len] = point;
            self.len += 1;
        }
    }
    /// Keeps what is on the side of `sign` (1: above) of the plane at `at` across `axis`.
    fn cut(&self, axis: usize, at: f64, sign: f64) -> Self {
        let mut out = Self { points: [[0.0; 3]; 8], len: 0 };
        let beyond = |p: &[f64; 3]| sign * (p[axis] - at);
        for (i, p) in self.points().iter().enumerate() {
            let q = &self.points()[(i + 1) % self.len];
            let (a, b) = (beyond(p), beyond(q));
            if a >= 0.0 {
                out.push(*p);
            }
            if (a > 0.0 && b < 0.0) || (a < 0.0 && b > 0.0) {
                let t = a / (a - b);
                let mut between = [0, 1, 2].map(|k| p[k] + t * (q[k] - p[k]));
                between[axis] = at;
                out.push(between);
            }
        }
        out
    }
    /// The voxels along `axis` that it reaches into, within the grid.
    fn cells(&self, axis: usize) -> std::ops::Range<usize> {
        let low = self.points().iter().map(|p| p[axis]).fold(f64::INFINITY, f64::min).floor();
        let high = self.points().iter().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max).floor();
        if self.len == 0 || high < 0.0 || low >= SIDE as f64 {
            return 0..0;
        }
        low.max(0.0) as usize..high.min((SIDE - 1) as f64) as usize + 1
    }
    /// What of it lies in the voxels `i` along `axis`.
    fn slab(&self, axis: usize, i: usize) -> Self {
        self.cut(axis, i as f64, 1.0).cut(axis, (i + 1) as f64, -1.0)
    }
}

/// Returns the voxels that hold a point of a triangle of `mesh`.
pub(super) fn shell(mesh: &Mesh) -> Voxels {
    let mut voxels = Voxels::default();
    for triangle in mesh.triangles() {
        let mut whole = Polygon { points: [[0.0; 3]; 8], len: 0 };
        for &v in triangle {
            whole.push(mesh.vertex(v).to_array().map(|x| in_voxels(f64::from(x))));
        }
        for x in whole.cells(0) {
            let slice = whole.slab(0, x);
            for y in slice.cells(1) {
                for z in slice.slab(1, y).cells(2) {
                    voxels.set(x, y, z);
                }
            }
        }
    }
    voxels
}
