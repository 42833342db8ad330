//! Solids put together from closed parts, and painted texel by texel.
//!
//! A part is made of rings of equally many points: circles of a vase, outlines of a wing, sections of a slat. Parts turn
//! themselves outward, so no shape has to think about winding. Each point of the surface is painted from where it is.

use ndarray::{Array2, Array3};
use softras_core::math::surface_texel_centre;
use softras_core::scene::{Mesh, MeshTexture};

use crate::mesh::normalize;

/// A point or a direction.
pub(super) type Point = [f64; 3];
/// Red, green and blue in 0..=1.
pub(super) type Rgb = [f64; 3];

/// A point of the surface, as a painter sees it.
pub(super) struct Spot {
    /// Where it is, before the shape is centred and scaled.
    pub(super) point: Point,
    /// The direction outward.
    pub(super) normal: Point,
    /// How far it is from the first ring to the last, 0..=1.
    pub(super) along: f64,
    /// How far it is around its ring, 0..=1.
    pub(super) around: f64,
}

/// What closes a row of rings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// A flat fan over the first and over the last ring.
    Capped,
    /// The last ring is joined to the first.
    Joined,
}

/// How the light that is painted in sees the surface.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// Round.
    Smooth,
    /// With edges.
    Flat,
}

/// A closed surface.
#[derive(Default)]
pub(super) struct Part {
    pub(super) vertices: Vec<Point>,
    pub(super) triangles: Vec<[u32; 3]>,
    /// (along, around) at the corners of each triangle, if the part has rings.
    pub(super) params: Vec<[[f64; 2]; 3]>,
}

impl Part {
    /// Joins rings of equally many points; a ring that is one point `n` times becomes one vertex.
    pub(super) fn loft(rings: &[Vec<Point>], ends: Ends) -> Self {
        let mut part = Self::default();
        let starts: Vec<(u32, bool)> = rings.iter().map(|ring| part.ring(ring)).collect();
        let n = rings.first().map_or(0, Vec::len);
        let spans = if ends == Ends::Joined { rings.len() } else { rings.len() - 1 };
        let index = |(start, pole): (u32, bool), j: usize| start + if pole { 0 } else { (j % n) as u32 };
        for i in 0..spans {
            let (a, b) = (starts[i], starts[(i + 1) % rings.len()]);
            let (s, t) = (i as f64 / spans as f64, (i + 1) as f64 / spans as f64);
            for j in 0..n {
                let (u, v) = (j as f64 / n as f64, (j + 1) as f64 / n as f64);
                if !a.1 {
                    let corners = [index(a, j), index(a, j + 1), index(b, j)];
                    part.triangle(corners, [[s, u], [s, v], [t, if b.1 { (u + v) / 2.0 } else { u }]]);
                }
                if !b.1 {
                    let corners = [index(a, j + 1), index(b, j + 1), index(b, j)];
                    part.triangle(corners, [[s, if a.1 { (u + v) / 2.0 } else { v }], [t, v], [t, u]]);
                }
            }
        }
        if ends == Ends::Capped {
            let last = rings.len() - 1;
            part.cap(&rings[0], starts[0], 0.0);
            part.cap(&rings[last], starts[last], 1.0);
        }
        part
    }
    /// Turns a profile of (radius, y) around the y axis.
    pub(super) fn lathe(profile: &[[f64; 2]], segments: usize, ends: Ends) -> Self {
        let rings: Vec<_> = profile.iter().map(|&[r, y]| circle(r, y, segments)).collect();
        Self::loft(&rings, ends)
    }
    /// Makes a box around the origin with its edges cut off by `bevel`; y is along.
    pub(super) fn block(size: Point, bevel: f64) -> Self {
        let [x, y, z] = size.map(|s| s / 2.0);
        let outline = |inset: f64, y: f64| {
            let (x, z, b) = (x - inset, z - inset, bevel);
            let corners = [
                [x, z - b],
                [x - b, z],
                [b - x, z],
                [-x, z - b],
                [-x, b - z],
                [b - x, -z],
                [x - b, -z],
                [x, b - z],
            ];
            corners.map(|[x, z]| [x, y, z]).to_vec()
        };
        let rings = [outline(bevel, -y), outline(0.0, bevel - y), outline(0.0, y - bevel), outline(bevel, y)];
        Self::loft(&rings, Ends::Capped)
    }
    /// Moves every point.
    pub(super) fn map(mut self, f: impl Fn(Point) -> Point) -> Self {
        self.vertices.iter_mut().for_each(|p| *p = f(*p));
        self
    }

    fn ring(&mut self, ring: &[Point]) -> (u32, bool) {
        let start = self.vertices.len() as u32;
        let pole = ring.iter().all(|p| length(minus(*p, ring[0])) < 1e-9);
        self.vertices.extend(if pole { &ring[..1] } else { ring });
        (start, pole)
    }
    fn triangle(&mut self, corners: [u32; 3], params: [[f64; 2]; 3]) {
        self.triangles.push(corners);
        self.params.push(params);
    }
    fn cap(&mut self, ring: &[Point], (start, pole): (u32, bool), along: f64) {
        if pole {
            return;
        }
        let n = ring.len();
        let middle = [0, 1, 2].map(|k| ring.iter().map(|p| p[k]).sum::<f64>() / n as f64);
        let centre = self.vertices.len() as u32;
        self.vertices.push(middle);
        for j in 0..n {
            let (a, b) = (start + j as u32, start + ((j + 1) % n) as u32);
            let (u, v) = (j as f64 / n as f64, (j + 1) as f64 / n as f64);
            let middle = [along, (u + v) / 2.0];
            if along > 0.5 {
                self.triangle([a, b, centre], [[along, u], [along, v], middle]);
            } else {
                self.triangle([b, a, centre], [[along, v], [along, u], middle]);
            }
        }
    }
    /// Turns the surface outward: its signed volume becomes positive.
    fn outward(&mut self) {
        let volume: f64 = self
            .triangles
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(|v| self.vertices[v as usize]);
                dot(a, cross(b, c))
            })
            .sum();
        if volume < 0.0 {
            self.triangles.iter_mut().for_each(|t| t.swap(1, 2));
            self.params.iter_mut().for_each(|p| p.swap(1, 2));
        }
    }
}

/// Paints a point of the surface.
type Painter = Box<dyn Fn(&Spot) -> Rgb>;

/// Closed parts, each with its painter.
#[derive(Default)]
pub(super) struct Solid {
    parts: Vec<(Part, Finish, Painter)>,
}

impl Solid {
    pub(super) fn new() -> Self {
        Self::default()
    }
    /// Adds a closed part.
    pub(super) fn add(&mut self, mut part: Part, finish: Finish, paint: impl Fn(&Spot) -> Rgb + 'static) {
        part.outward();
        self.parts.push((part, finish, Box::new(paint)));
    }
    /// Makes the mesh, centred with longest side 1, and paints `side * side` texels a triangle.
    pub(super) fn build(self, side: usize) -> Mesh<f32> {
        let mut vertices: Vec<Point> = Vec::new();
        let mut triangles = Vec::new();
        let mut colors: Vec<f32> = Vec::new();
        for (part, finish, paint) in &self.parts {
            let first = vertices.len() as u32;
            vertices.extend(&part.vertices);
            triangles.extend(part.triangles.iter().map(|t| t.map(|v| v + first)));
            let normals = part.normals();
            for (f, triangle) in part.triangles.iter().enumerate() {
                for t in 0..side * side {
                    // The mean over the texel, at the middles of its four quarters, keeps thin lines smooth.
                    let [c0, c1] = surface_texel_centre(side, t);
                    let half = if t % side + t / side < side { 0.5 } else { -0.5 } / side as f64;
                    let mut sum = [0.0; 3];
                    for [d0, d1] in [[0.0, 0.0], [-1.0, -1.0], [2.0, -1.0], [-1.0, 2.0]] {
                        let (c0, c1) = (c0 + half * d0 / 3.0, c1 + half * d1 / 3.0);
                        let spot = part.spot(f, triangle, [c0, c1, 1.0 - c0 - c1], &normals, *finish);
                        let (color, light) = (paint(&spot), lit(spot.normal));
                        sum = [0, 1, 2].map(|k| sum[k] + (color[k] * light).clamp(0.0, 1.0) / 4.0);
                    }
                    colors.extend(sum.map(|c| c as f32));
                }
            }
        }
        let count = triangles.len();
        let texels =
            Array3::from_shape_fn((count, side * side, 3), |(f, t, k)| colors[(f * side * side + t) * 3 + k]);
        let vertices = Array2::from_shape_fn((vertices.len(), 3), |(v, k)| vertices[v][k] as f32);
        normalize(&super::build(vertices, triangles, MeshTexture::Surface { side, texels }))
    }
}

impl Part {
    /// Returns a normal for each vertex, the mean of its triangles by area.
    fn normals(&self) -> Vec<Point> {
        let mut normals = vec![[0.0; 3]; self.vertices.len()];
        for t in &self.triangles {
            let n = self.area_normal(t);
            for v in t {
                let sum = &mut normals[*v as usize];
                *sum = [0, 1, 2].map(|k| sum[k] + n[k]);
            }
        }
        normals
    }
    fn area_normal(&self, t: &[u32; 3]) -> Point {
        let [a, b, c] = t.map(|v| self.vertices[v as usize]);
        cross(minus(b, a), minus(c, a))
    }
    fn spot(&self, f: usize, t: &[u32; 3], weights: Point, normals: &[Point], finish: Finish) -> Spot {
        let blend = |values: [Point; 3]| {
            [0, 1, 2].map(|k| (0..3).map(|corner| weights[corner] * values[corner][k]).sum::<f64>())
        };
        let normal = match finish {
            Finish::Smooth => blend(t.map(|v| unit(normals[v as usize]))),
            Finish::Flat => self.area_normal(t),
        };
        let params = self.params.get(f).copied().unwrap_or_default();
        let [along, around] = [0, 1].map(|k| (0..3).map(|corner| weights[corner] * params[corner][k]).sum());
        Spot { point: blend(t.map(|v| self.vertices[v as usize])), normal: unit(normal), along, around }
    }
}

/// Returns the brightness of a surface under a soft light from above, so that shapes read well without any other light.
fn lit(normal: Point) -> f64 {
    0.74 + 0.26 * (0.5 + 0.5 * dot(normal, unit([0.35, 0.8, 0.5])))
}

/// Returns a circle of radius `r` at height `y` around the y axis.
pub(super) fn circle(r: f64, y: f64, segments: usize) -> Vec<Point> {
    (0..segments)
        .map(|j| {
            let a = std::f64::consts::TAU * j as f64 / segments as f64;
            [r * a.sin(), y, r * a.cos()]
        })
        .collect()
}

/// Returns a smooth curve through `points` (Catmull-Rom), with `steps` pieces between two of them.
pub(super) fn smooth(points: &[[f64; 2]], steps: usize) -> Vec<[f64; 2]> {
    let at = |i: usize| points[i.min(points.len() - 1)];
    let mut curve = Vec::new();
    for i in 0..points.len() - 1 {
        let [p, q, r, s] = [at(i.saturating_sub(1)), at(i), at(i + 1), at(i + 2)];
        for step in 0..steps {
            let t = step as f64 / steps as f64;
            curve.push([0, 1].map(|k| {
                let (a, b) = (2.0 * q[k], r[k] - p[k]);
                let (c, d) =
                    (2.0 * p[k] - 5.0 * q[k] + 4.0 * r[k] - s[k], 3.0 * q[k] - p[k] - 3.0 * r[k] + s[k]);
                0.5 * (a + t * (b + t * (c + t * d)))
            }));
        }
    }
    curve.push(at(points.len() - 1));
    // The curve may swing past the axis where it ends on it.
    curve.iter_mut().for_each(|p| p[0] = p[0].max(0.0));
    curve
}

pub(super) fn minus(a: Point, b: Point) -> Point {
    [0, 1, 2].map(|k| a[k] - b[k])
}
pub(super) fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
pub(super) fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
pub(super) fn length(a: Point) -> f64 {
    dot(a, a).sqrt()
}
pub(super) fn unit(a: Point) -> Point {
    let n = length(a).max(1e-12);
    a.map(|x| x / n)
}
