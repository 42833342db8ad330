//! The honest brute force: the official algorithm, every face at every pixel after a box test, in plain `f32`.
//!
//! What the authors' kernels do, in their order and with their formulas: barycentric rows and the Gram matrix of each
//! face (homogeneous coordinates), the test of the box grown by the reach, distances by region, a running softmax, and
//! a backward pass by pixel that adds to each face. One thread. Nothing is skipped, sorted, binned or vectorised by
//! hand, and nothing is done twice that the official code does once. (Boxes kept beside the faces, which it does not
//! do, would make it about 1.6 times faster.)
//!
//! As there, the color of a pair is affine on the screen, its gradient leaves out `d z_p / d(x, y)` and
//! `d C / d(x, y)`, and in `f32` the Gram matrix is badly conditioned for small faces. Unlike there, the weight of the
//! background is `exp(epsilon / gamma)` relative to the running maximum, so no gamma overflows, and faces without color
//! keep their silhouette gradient.

use std::sync::Arc;

use softras_core::math::{DepthMap, pixel_centre};
use softras_core::raster::{Capabilities, Gradients, Info, Plan, RasterParams, Rasterizer, Sides, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

/// Channels of a color.
const RGB: usize = 3;

/// The brute force.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brute;

/// What [`Brute`] keeps of a picture.
#[derive(Debug, Default)]
pub struct BruteSaved {
    drawn: Option<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    faces: Arc<Faces<f32>>,
    params: RasterParams<f32>,
    plan: Plan<f32>,
    pictures: Vec<DrawnPicture>, // [B]
    pairs: u64,
}

#[derive(Debug)]
struct DrawnPicture {
    prepared: Vec<Prepared>,     // [F of the picture]
    corners: Vec<[[f32; 3]; 3]>, // [F of the picture]
    pixels: Vec<Pixel>,          // [H W]
}

/// What each face has once: the official `face_inv`, `face_sym` and `face_obt`, beside its corners and colors.
#[derive(Clone, Copy, Debug)]
struct Prepared {
    corners: [[f32; 3]; 3],
    inverse: [[f32; 3]; 3],
    gram: [[f32; 3]; 3],
    obtuse: [bool; 3],
    colors: [[f32; RGB]; 3],
}

/// What a pixel holds after forward.
#[derive(Clone, Copy, Debug)]
struct Pixel {
    color: [f32; RGB],
    alpha: f32,
    softmax_sum: f32,
    softmax_max: f32,
}

/// The gradient of a loss to a face.
#[derive(Clone, Copy, Debug, Default)]
struct FaceGrad {
    corners: [[f32; 3]; 3],
    colors: [[f32; RGB]; 3],
}

/// How a face lies to a pixel.
struct Foot {
    /// Weights of the foot point minus those of the pixel.
    t: [f32; 3],
    x: f32,
    y: f32,
    inside: bool,
}

/// The numbers of a picture.
struct Numbers {
    sigma: f32,
    gamma: f32,
    epsilon: f32,
    threshold: f32,
    reach: f32,
    near: f32,
    far: f32,
    background: [f32; RGB],
}

impl Numbers {
    fn of(params: &RasterParams<f32>, plan: &Plan<f32>, b: usize) -> Self {
        let sigma = params.get_sigma().of(b);
        let cut = (1.0 / params.get_dist_eps() - 1.0).ln() as f32;
        Self {
            sigma,
            gamma: params.get_gamma().of(b),
            epsilon: params.get_epsilon().of(b),
            threshold: cut * sigma,
            reach: (cut * sigma).sqrt(),
            near: *params.get_near(),
            far: *params.get_far(),
            background: std::array::from_fn(|c| plan.background[b * RGB + c]),
        }
    }
}

/// Returns the barycentric rows, the Gram matrix and the obtuse corner of a face.
fn prepare(faces: &Faces<f32>, f: usize, row: usize) -> Prepared {
    let corners @ [[x0, y0, _], [x1, y1, _], [x2, y2, _]] = faces.face(f);
    let star = [
        [y1 - y2, x2 - x1, x1 * y2 - x2 * y1],
        [y2 - y0, x0 - x2, x2 * y0 - x0 * y2],
        [y0 - y1, x1 - x0, x0 * y1 - x1 * y0],
    ];
    let det = x2 * (y0 - y1) + x0 * (y1 - y2) + x1 * (y2 - y0);
    let det = if det > 0.0 { det.max(1e-10) } else { det.min(-1e-10) };
    let dot = |a: [f32; 3], b: [f32; 3]| a[0] * b[0] + a[1] * b[1] + 1.0;
    let obtuse = [0, 1, 2].map(|k| {
        let (p, q, r) = (corners[k], corners[(k + 1) % 3], corners[(k + 2) % 3]);
        (q[0] - p[0]) * (r[0] - p[0]) + (q[1] - p[1]) * (r[1] - p[1]) < 0.0
    });
    let mut colors = [[0.0; RGB]; 3];
    if let Some(texels) = faces.texels_of(row) {
        colors = std::array::from_fn(|k| std::array::from_fn(|c| texels.texels[k * RGB + c]));
    }
    Prepared {
        corners,
        inverse: star.map(|row| row.map(|x| x / det)),
        gram: corners.map(|a| corners.map(|b| dot(a, b))),
        obtuse,
        colors,
    }
}

impl Prepared {
    fn weights(&self, x: f32, y: f32) -> [f32; 3] {
        self.inverse.map(|row| row[0] * x + row[1] * y + row[2])
    }

    /// Returns the weights of the foot of the pixel on the line through corners `v0` and `v1`.
    fn on_line(&self, w: &[f32; 3], v0: usize, v1: usize) -> [f32; 3] {
        let a: [f32; 3] = std::array::from_fn(|i| self.gram[v0][i] - self.gram[v1][i]);
        let mut t = [0.0; 3];
        t[v0] = (w[0] * a[0] + w[1] * a[1] + w[2] * a[2] - a[v1]) / (a[v0] - a[v1]);
        t[v1] = 1.0 - t[v0];
        t
    }

    /// Turns weights of a point into its offset from the pixel.
    fn offset(&self, t: [f32; 3], w: &[f32; 3], inside: bool) -> Foot {
        let t: [f32; 3] = std::array::from_fn(|k| t[k] - w[k]);
        let along =
            |i: usize| t[0] * self.corners[0][i] + t[1] * self.corners[1][i] + t[2] * self.corners[2][i];
        Foot { t, x: along(0), y: along(1), inside }
    }

    /// The official `euclidean_p2f_distance`.
    fn foot(&self, w: &[f32; 3], x: f32, y: f32) -> Foot {
        if w.iter().all(|&w| w > 0.0 && w < 1.0) {
            let mut best = self.offset(self.on_line(w, 0, 1), w, true);
            for (v0, v1) in [(1, 2), (2, 0)] {
                let other = self.offset(self.on_line(w, v0, v1), w, true);
                if other.distance_sq() < best.distance_sq() {
                    best = other;
                }
            }
            return best;
        }
        // The edge that starts at `v`; beyond an obtuse corner `v` it may be the one that comes from `to`.
        let edge = |v: usize, to: usize| {
            let (p, q) = (self.corners[v], self.corners[to]);
            let past = (x - p[0]) * (q[0] - p[0]) + (y - p[1]) * (q[1] - p[1]) > 0.0;
            if self.obtuse[v] && past { to } else { v }
        };
        let v0 = match (w[0] <= 0.0, w[1] <= 0.0, w[2] <= 0.0) {
            (_, true, true) => edge(0, 2),
            (true, _, true) => edge(1, 0),
            (true, true, _) => edge(2, 1),
            (true, ..) => 1,
            (_, true, _) => 2,
            _ => 0,
        };
        let t = self.on_line(w, v0, (v0 + 1) % 3).map(|t| t.clamp(0.0, 1.0));
        self.offset(t, w, false)
    }

    /// Returns clipped weights, the depth there and the color there.
    fn shade(&self, w: &[f32; 3]) -> ([f32; 3], f32, [f32; RGB]) {
        let c = w.map(|w| w.clamp(0.0, 1.0));
        let sum = (c[0] + c[1] + c[2]).max(1e-5);
        let c = c.map(|c| c / sum);
        let z = &self.corners;
        let depth = 1.0 / (c[0] / z[0][2] + c[1] / z[1][2] + c[2] / z[2][2]);
        let k = &self.colors;
        (c, depth, std::array::from_fn(|i| c[0] * k[0][i] + c[1] * k[1][i] + c[2] * k[2][i]))
    }
}

impl Foot {
    fn distance_sq(&self) -> f32 {
        self.x * self.x + self.y * self.y
    }
    fn sign(&self) -> f32 {
        if self.inside { 1.0 } else { -1.0 }
    }
    fn probability(&self, sigma: f32) -> f32 {
        1.0 / (1.0 + (-self.sign() * self.distance_sq() / sigma).exp())
    }
}

/// The official `check_border`: the box comes from the corners at every pixel.
fn outside(corners: &[[f32; 3]; 3], x: f32, y: f32, reach: f32) -> bool {
    // `f32::max` would also look for NaN.
    let max = |a: f32, b: f32| if a > b { a } else { b };
    let min = |a: f32, b: f32| if a < b { a } else { b };
    let highest = |i: usize| max(max(corners[0][i], corners[1][i]), corners[2][i]) + reach;
    let lowest = |i: usize| min(min(corners[0][i], corners[1][i]), corners[2][i]) - reach;
    x > highest(0) || x < lowest(0) || y > highest(1) || y < lowest(1)
}

/// Draws one pixel; adds the pairs that counted to `pairs`.
fn draw(n: &Numbers, picture: &DrawnPicture, (x, y): (f32, f32), pairs: &mut u64) -> Pixel {
    let (mut transmitted, mut max, mut sum, mut color) = (1.0, n.epsilon, 1.0, n.background);
    for (face, corners) in picture.prepared.iter().zip(&picture.corners) {
        if outside(corners, x, y, n.reach) {
            continue;
        }
        let w = face.weights(x, y);
        let foot = face.foot(&w, x, y);
        if !foot.inside && foot.distance_sq() >= n.threshold {
            continue;
        }
        *pairs += 1;
        let d = foot.probability(n.sigma);
        transmitted *= 1.0 - d;
        let (_, depth, own) = face.shade(&w);
        if depth < n.near || depth > n.far {
            continue;
        }
        let nearness = (n.far - depth) / (n.far - n.near);
        let mut keep = 1.0;
        if nearness > max {
            keep = ((max - nearness) / n.gamma).exp();
            max = nearness;
        }
        let weight = ((nearness - max) / n.gamma).exp() * d;
        sum = keep * sum + weight;
        for (total, own) in color.iter_mut().zip(own) {
            *total = keep * *total + weight * own;
        }
    }
    Pixel { color: color.map(|c| c / sum), alpha: 1.0 - transmitted, softmax_sum: sum, softmax_max: max }
}

/// Adds the gradient of one pixel to every face that it touched.
#[expect(clippy::needless_range_loop, reason = "the indices are those of the formulas")]
fn draw_back(
    n: &Numbers,
    picture: &DrawnPicture,
    (x, y): (f32, f32),
    pixel: &Pixel,
    (grad_color, grad_alpha): ([f32; RGB], f32),
    sums: &mut [FaceGrad],
) {
    for ((face, corners), out) in picture.prepared.iter().zip(&picture.corners).zip(sums) {
        if outside(corners, x, y, n.reach) {
            continue;
        }
        let w = face.weights(x, y);
        let foot = face.foot(&w, x, y);
        if !foot.inside && foot.distance_sq() >= n.threshold {
            continue;
        }
        let d = foot.probability(n.sigma);
        let mut grad_d = grad_alpha * (1.0 - pixel.alpha) / (1.0 - d).max(1e-6);
        let (c, depth, own) = face.shade(&w);
        if depth >= n.near && depth <= n.far {
            let nearness = (n.far - depth) / (n.far - n.near);
            let share = d * ((nearness - pixel.softmax_max) / n.gamma).exp() / pixel.softmax_sum;
            let mut along = 0.0;
            for i in 0..RGB {
                for k in 0..3 {
                    out.colors[k][i] += share * grad_color[i] * c[k];
                }
                along += grad_color[i] * (own[i] - pixel.color[i]);
            }
            along *= share;
            grad_d += along / d;
            let grad_depth = along / n.gamma / (n.near - n.far) * depth * depth;
            for k in 0..3 {
                out.corners[k][2] += grad_depth * c[k] / (face.corners[k][2] * face.corners[k][2]);
            }
        }
        let grad = 2.0 * foot.sign() * grad_d * d * (1.0 - d) / n.sigma;
        for k in 0..3 {
            let t = foot.t[k] + w[k];
            out.corners[k][0] += grad * t * foot.x;
            out.corners[k][1] += grad * t * foot.y;
        }
    }
}

impl Rasterizer<f32> for Brute {
    type Saved = BruteSaved;

    fn info(&self) -> Info {
        Info {
            backend: "brute".to_owned(),
            device: "host".to_owned(),
            details: "the official algorithm, every face at every pixel, f32, one thread".to_owned(),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::published(&["f32"])
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces<f32>>,
        params: &RasterParams<f32>,
        image: &mut Image<f32>,
        saved: &mut BruteSaved,
    ) -> Result<()> {
        saved.drawn = None;
        let plan = Plan::new(faces, params)?;
        self.capabilities().check("brute", faces, params)?;
        if plan.channels != RGB
            || *params.get_depth_map() != DepthMap::Linear
            || *params.get_sides() != Sides::Double
        {
            return Err(Error::Unsupported {
                backend: "brute".to_owned(),
                what: format!(
                    "{} channels, {:?}, {:?}",
                    plan.channels,
                    params.get_depth_map(),
                    params.get_sides()
                ),
                supported: "3 channels, linear depth, both sides".to_owned(),
            });
        }
        image.fit(&plan);
        let mut drawn = Drawn {
            faces: Arc::clone(faces),
            params: params.clone(),
            plan,
            pictures: Vec::with_capacity(faces.batch()),
            pairs: 0,
        };
        drawn.draw(image);
        saved.drawn = Some(drawn);
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &BruteSaved,
        grad: &ImageGrad<f32>,
        wanted: Wanted,
        gradients: &mut Gradients<f32>,
    ) -> Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        grad.check(&drawn.plan)?;
        let both = Wanted::CORNERS | Wanted::TEXTURES;
        if !both.contains(wanted) {
            return Err(Error::Unsupported {
                backend: "brute".to_owned(),
                what: format!("{wanted:?}"),
                supported: "gradients to corners and textures".to_owned(),
            });
        }
        gradients.fit(wanted, &drawn.faces, &drawn.plan, 0);
        drawn.draw_back(grad, gradients);
        Ok(())
    }

    fn pairs(&self, saved: &BruteSaved) -> Option<u64> {
        saved.drawn.as_ref().map(|d| d.pairs)
    }
}

impl Drawn {
    fn draw(&mut self, image: &mut Image<f32>) {
        let (height, width) = (self.plan.height, self.plan.width);
        for (b, picture) in self.faces.pictures().iter().enumerate() {
            let n = Numbers::of(&self.params, &self.plan, b);
            let mut own = DrawnPicture { prepared: Vec::new(), corners: Vec::new(), pixels: Vec::new() };
            for (i, f) in picture.faces.clone().enumerate() {
                let face = prepare(&self.faces, f, picture.first_texture + i);
                // No pixel is within reach of a face that is absent.
                own.corners.push(if self.faces.is_absent(f) {
                    [[f32::INFINITY; 3]; 3]
                } else {
                    face.corners
                });
                own.prepared.push(face);
            }
            for row in 0..height {
                for column in 0..width {
                    let at = pixel_centre::<f32>(row, column, height, width);
                    let pixel = draw(&n, &own, (at.x, at.y), &mut self.pairs);
                    if let (Some(color), Some(alpha)) = (&mut image.color, &mut image.silhouette) {
                        for c in 0..RGB {
                            color[[b, c, row, column]] = pixel.color[c];
                        }
                        alpha[[b, row, column]] = pixel.alpha;
                    }
                    own.pixels.push(pixel);
                }
            }
            self.pictures.push(own);
        }
    }

    fn draw_back(&self, grad: &ImageGrad<f32>, gradients: &mut Gradients<f32>) {
        let (height, width) = (self.plan.height, self.plan.width);
        for (b, (picture, own)) in self.faces.pictures().iter().zip(&self.pictures).enumerate() {
            let n = Numbers::of(&self.params, &self.plan, b);
            let mut sums = vec![FaceGrad::default(); own.prepared.len()];
            for row in 0..height {
                for column in 0..width {
                    let at = pixel_centre::<f32>(row, column, height, width);
                    let color = grad.color.as_ref();
                    let grad_color = std::array::from_fn(|c| color.map_or(0.0, |g| g[[b, c, row, column]]));
                    let grad_alpha = grad.silhouette.as_ref().map_or(0.0, |g| g[[b, row, column]]);
                    let pixel = &own.pixels[row * width + column];
                    draw_back(&n, own, (at.x, at.y), pixel, (grad_color, grad_alpha), &mut sums);
                }
            }
            for (i, sum) in sums.iter().enumerate() {
                for k in 0..3 {
                    for c in 0..RGB {
                        if let Some(out) = &mut gradients.corners {
                            out[[picture.faces.start + i, k, c]] = sum.corners[k][c];
                        }
                        if let Some(out) = &mut gradients.textures {
                            out[[picture.first_texture + i, k, c]] += sum.colors[k][c];
                        }
                    }
                }
            }
        }
    }
}
