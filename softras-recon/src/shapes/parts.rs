//! Closed parts of plain colors, and their union: [`Solid`].

use std::f64::consts::TAU;

use ndarray::Array2;
use softras_core::scene::{Mesh, MeshTexture};

/// A point or a direction.
pub(super) type Point = [f64; 3];

/// Closed parts, each in one color.
#[derive(Default)]
pub(super) struct Solid {
    vertices: Vec<Point>,
    triangles: Vec<[u32; 3]>,
    colors: Vec<Point>,
}

impl Solid {
    /// Makes the mesh.
    pub(super) fn mesh(self) -> softras_core::Result<Mesh> {
        let rows = |rows: &[Point]| Array2::from_shape_fn((rows.len(), 3), |(v, k)| rows[v][k] as f32);
        Mesh::new(rows(&self.vertices), self.triangles)?.with_texture(MeshTexture::Vertex(rows(&self.colors)))
    }
    /// Multiplies each coordinate by its factor, above 0.
    pub(super) fn stretch(&mut self, factors: Point) {
        for vertex in &mut self.vertices {
            *vertex = [0, 1, 2].map(|k| vertex[k] * factors[k]);
        }
    }
    /// Adds rings of equally many points, each joined to the next, the first and the last closed by a fan.
    pub(super) fn loft(&mut self, rings: &[Vec<Point>], color: Point) {
        let n = rings.first().map_or(0, Vec::len) as u32;
        let caps = [rings.first(), rings.last()].map(|ring| ring.map_or([0.0; 3], |ring| mean(ring)));
        let ring = |first: u32, i: usize| first + n * i as u32;
        self.part(color, |vertices, triangles| {
            let first = vertices.len() as u32;
            vertices.extend(rings.iter().flatten());
            vertices.extend(caps);
            let ends = [ring(first, rings.len()), ring(first, rings.len()) + 1];
            let last = ring(first, rings.len() - 1);
            for j in 0..n {
                let k = (j + 1) % n;
                triangles.push([first + k, first + j, ends[0]]);
                triangles.push([last + j, last + k, ends[1]]);
                for i in 0..rings.len() - 1 {
                    let (a, b) = (ring(first, i), ring(first, i + 1));
                    triangles.push([a + j, a + k, b + j]);
                    triangles.push([a + k, b + k, b + j]);
                }
            }
        });
    }
    /// Adds a box from `low` to `high`.
    pub(super) fn block(&mut self, low: Point, high: Point, color: Point) {
        self.slab(low, high, [1.0, 1.0], color);
    }
    /// Adds a box from `low` to `high` whose top is `top` as wide and as deep.
    pub(super) fn slab(&mut self, low: Point, high: Point, top: [f64; 2], color: Point) {
        let (cx, cz) = (f64::midpoint(low[0], high[0]), f64::midpoint(low[2], high[2]));
        let (hx, hz) = ((high[0] - low[0]) / 2.0, (high[2] - low[2]) / 2.0);
        let outline = |y: f64, [sx, sz]: [f64; 2]| {
            let corner = |[i, k]: [f64; 2]| [cx + i * hx * sx, y, cz + k * hz * sz];
            [[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]].map(corner).to_vec()
        };
        self.loft(&[outline(low[1], [1.0, 1.0]), outline(high[1], top)], color);
    }
    /// Adds a profile of (radius, y), turned around the vertical line through (x, z).
    pub(super) fn lathe(&mut self, profile: &[[f64; 2]], [x, z]: [f64; 2], color: Point) {
        let rings: Vec<_> =
            profile.iter().map(|&[r, y]| circle([x, y, z], [r, 0.0, 0.0], [0.0, 0.0, r], 20)).collect();
        self.loft(&rings, color);
    }
    /// Adds a profile of (half width, height of the middle, half height, z) as ellipses along z.
    pub(super) fn hull(&mut self, profile: &[[f64; 4]], color: Point) {
        let ellipse = |&[w, y, h, z]: &[f64; 4]| circle([0.0, y, z], [w, 0.0, 0.0], [0.0, h, 0.0], 16);
        self.loft(&profile.iter().map(ellipse).collect::<Vec<_>>(), color);
    }
    /// Adds a rod from `a` to `b`, `ra` and `rb` thick at its ends.
    pub(super) fn rod(&mut self, [a, b]: [Point; 2], [ra, rb]: [f64; 2], color: Point) {
        let along = [0, 1, 2].map(|k| b[k] - a[k]);
        // Any direction across it, well away from it.
        let other = if along[1].abs() > along[0].abs() { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
        let u = unit(cross(along, other));
        let v = unit(cross(along, u));
        let end = |at: Point, r: f64| circle(at, u.map(|x| x * r), v.map(|x| x * r), 12);
        self.loft(&[end(a, ra), end(b, rb)], color);
    }
    /// Adds a plate: an outline in a plane, moved by `by`.
    pub(super) fn plate(&mut self, outline: &[Point], by: Point, color: Point) {
        let moved = outline.iter().map(|p| [0, 1, 2].map(|k| p[k] + by[k])).collect();
        self.loft(&[outline.to_vec(), moved], color);
    }

    /// Adds a closed part and turns it outward: its signed volume becomes positive.
    fn part(&mut self, color: Point, build: impl FnOnce(&mut Vec<Point>, &mut Vec<[u32; 3]>)) {
        let first = self.triangles.len();
        build(&mut self.vertices, &mut self.triangles);
        self.colors.resize(self.vertices.len(), color);
        let own = &mut self.triangles[first..];
        let volume: f64 = own
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(|v| self.vertices[v as usize]);
                let n = cross(b, c);
                a[0] * n[0] + a[1] * n[1] + a[2] * n[2]
            })
            .sum();
        if volume < 0.0 {
            own.iter_mut().for_each(|t| t.swap(1, 2));
        }
    }
}

/// `n` points around `at`, from `u` towards `v`.
pub(super) fn circle(at: Point, u: Point, v: Point, n: usize) -> Vec<Point> {
    let point = |j: usize| {
        let (sin, cos) = (TAU * j as f64 / n as f64).sin_cos();
        [0, 1, 2].map(|k| at[k] + cos * u[k] + sin * v[k])
    };
    (0..n).map(point).collect()
}

fn mean(points: &[Point]) -> Point {
    [0, 1, 2].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / points.len() as f64)
}
fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
fn unit(a: Point) -> Point {
    let n = (a[0] * a[0] + a[1] * a[1] + a[2] * a[2]).sqrt();
    a.map(|x| x / n)
}
