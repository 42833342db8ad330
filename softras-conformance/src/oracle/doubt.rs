//! Which pixels rounding may decide either way.

use softras_core::math::{
    Color, Cutoff, Distance, DistanceMetric, Edge, Scalar, Silhouette, Touch, Triangle, Vec2, pixel_centre,
};
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;
use softras_core::{ImageGrad, Result};

/// Pixels where rounding may decide for the other side: on a cut, a texel border, a tie.
///
/// Comparisons leave them out, and set the image gradient to 0 there.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// Per pixel `[B * H * W]`: the silhouette may jump, or its gradient.
    pub silhouette: Vec<bool>,
    /// The color may jump, or its gradient.
    pub color: Vec<bool>,
}

impl Doubt {
    /// The share of pixels that are in doubt for either.
    #[must_use]
    pub fn share(&self) -> f64 {
        let both = self.silhouette.iter().zip(&self.color).filter(|&(a, b)| *a || *b).count();
        both as f64 / self.silhouette.len().max(1) as f64
    }

    /// Sets an image gradient to 0 where there is doubt.
    pub fn silence<R: Scalar>(&self, grad: &mut ImageGrad<R>) {
        if let Some(silhouette) = &mut grad.silhouette {
            for (g, _) in silhouette.iter_mut().zip(&self.silhouette).filter(|&(_, &doubt)| doubt) {
                *g = R::ZERO;
            }
        }
        if let Some(color) = &mut grad.color {
            let pixels = color.shape()[2] * color.shape()[3];
            let channels = color.shape()[1];
            for (i, g) in color.iter_mut().enumerate() {
                if self.color[i / (pixels * channels) * pixels + i % pixels] {
                    *g = R::ZERO;
                }
            }
        }
    }
}

/// How near, relative to what is compared, a decision may be to its border before it is in doubt (KERNELS 5: 1e-4).
const MARGIN: f64 = 1e-4;

/// Finds the pixels in doubt.
///
/// # Errors
/// If the scene is out of range.
pub fn doubt(faces: &Faces<f64>, params: &RasterParams<f64>) -> Result<Doubt> {
    let plan = Plan::new(faces, params)?;
    let parts = crate::floor::parts(params);
    let mut out = Doubt { silhouette: Vec::new(), color: Vec::new() };
    for (b, picture) in faces.pictures().iter().enumerate() {
        let setting = plan.setting(b, &[]);
        let set_up: Vec<_> =
            picture.faces.clone().filter(|&f| !faces.is_absent(f)).map(|f| plan.face(faces, b, f)).collect();
        for p in 0..plan.pixels() {
            let at: Vec2<f64> = pixel_centre(p / plan.width, p % plan.width, plan.height, plan.width);
            let (mut silhouette, mut color) = (false, false);
            let mut depths: Vec<(f64, &Triangle<f64>)> = Vec::new();
            for face in &set_up {
                let touch = parts.touch(&setting, face, at);
                let edges = Edges::of(&face.triangle, at);
                silhouette |= membership_in_doubt(params, &setting, &touch, face, at, &edges);
                silhouette |= edges.slope_in_doubt(params.get_distance(), &touch.w);
                if params.get_silhouette() == &Silhouette::Hard {
                    silhouette |= edges.on_edge();
                }
                if !touch.member || !plan.draws_color {
                    continue;
                }
                let shade = setting.shade(&face.triangle, &touch);
                color |= edges.area_in_doubt(&face.triangle);
                if !face.triangle.colored {
                    continue;
                }
                // The clipped weights have a kink where a weight is 0 or 1, and hard color a jump.
                color |= edges.on_line() || touch.w.iter().any(|w| (w - 1.0).abs() < MARGIN);
                let beside = |limit: f64| (shade.depth / limit - 1.0).abs() < MARGIN;
                color |= beside(*params.get_near()) || beside(*params.get_far());
                if let Some(texels) = &face.texels
                    && let softras_core::math::TextureKind::Surface { side } = texels.kind
                {
                    color |= texel_in_doubt(&shade.weights, side as f64);
                }
                if shade.member && params.get_color() == &Color::Hard && face.triangle.holds(&touch.w) {
                    for (depth, other) in &depths {
                        let same = face.triangle.p == other.p && face.triangle.z.iter().eq(&other.z);
                        color |= !same && (depth / shade.depth - 1.0).abs() < MARGIN;
                    }
                    depths.push((shade.depth, &face.triangle));
                }
            }
            out.silhouette.push(silhouette);
            out.color.push(silhouette || color);
        }
    }
    Ok(out)
}

/// Where a pixel is with respect to the edges of a face.
struct Edges {
    /// Distance to each edge, a segment.
    segment: [f64; 3],
    /// Distance to the line each edge lies on.
    line: [f64; 3],
    /// Closest point of each edge, as weights of the corners.
    tau: [[f64; 3]; 3],
    /// Size of the numbers involved.
    size: f64,
}

impl Edges {
    fn of(face: &Triangle<f64>, at: Vec2<f64>) -> Self {
        let along: [f64; 3] =
            core::array::from_fn(|k| ((at - face.p[k]).dot(face.e[k]) * face.inv_e_sq[k]).clamp(0.0, 1.0));
        let length = |v: Vec2<f64>| v.dot(v).sqrt();
        let [t0, t1, t2] = along;
        Self {
            segment: core::array::from_fn(|k| length(at - face.p[k] - face.e[k].scale(along[k]))),
            tau: [[1.0 - t0, t0, 0.0], [0.0, 1.0 - t1, t1], [t2, 0.0, 1.0 - t2]],
            line: core::array::from_fn(|k| {
                face.e[k].cross(at - face.p[k]).abs() / length(face.e[k]).max(1e-30)
            }),
            size: face.p.iter().fold(1.0, |a: f64, p| a.max(p.x.abs()).max(p.y.abs())),
        }
    }

    /// Rounding noise of a distance, with room.
    fn noise(&self) -> f64 {
        4e-6 * self.size
    }

    /// The pixel centre is on the boundary.
    fn on_edge(&self) -> bool {
        self.segment.iter().any(|&d| d < self.noise())
    }

    /// The pixel centre is on the line of an edge: there a weight is 0.
    fn on_line(&self) -> bool {
        self.line.iter().any(|&d| d < self.noise())
    }

    /// The slope of the distance may be that of another edge, or none.
    fn slope_in_doubt(&self, metric: &Distance, w: &[f64; 3]) -> bool {
        let tie = |a: f64, b: f64, scale: f64| (a - b).abs() < MARGIN * scale;
        let edges_tie = (0..3).any(|k| {
            let (i, j) = (k, (k + 1) % 3);
            let apart = (0..3).any(|c| (self.tau[i][c] - self.tau[j][c]).abs() > MARGIN);
            let (a, b) = (self.segment[i], self.segment[j]);
            apart && tie(a, b, a.max(b).max(self.noise() / MARGIN))
        });
        match metric {
            Distance::Barycentric => {
                let mut w = *w;
                w.sort_by(f64::total_cmp);
                tie(w[0], w[1], w[1].abs().max(1e-2))
            }
            // Its slope is a unit vector: the difference of the pixel and its foot, divided by their distance.
            Distance::EuclideanUnsquared => edges_tie || self.segment.iter().any(|&d| d < 1e-3 * self.size),
            Distance::Hard => false,
            _ => edges_tie,
        }
    }

    /// Whether the face has an area at all may be decided by rounding.
    fn area_in_doubt(&self, face: &Triangle<f64>) -> bool {
        let det = face.e[2].cross(face.e[0]).abs();
        let longest = face.e.iter().map(|e| e.dot(*e)).fold(0.0, f64::max);
        let noise = 1e-6 * longest.sqrt() * self.size;
        det < noise + 1e-9 && det > 0.0
            || (det - softras_core::math::ZERO_AREA).abs() < noise && longest > 0.0
    }
}

fn membership_in_doubt(
    params: &RasterParams<f64>,
    setting: &softras_core::math::Setting<'_, f64>,
    touch: &Touch<f64>,
    face: &softras_core::math::Face<'_, f64>,
    at: Vec2<f64>,
    edges: &Edges,
) -> bool {
    if params.get_distance().edge() == Edge::Hard {
        return edges.on_edge();
    }
    // A barycentric distance of a face of next to no area is anything.
    let shapeless = params.get_distance() == &Distance::Barycentric && edges.area_in_doubt(&face.triangle);
    if setting.cutoff == Cutoff::None {
        return shapeless;
    }
    let grown = |reach: f64| face.bounds.holds(at, reach);
    let reach = setting.box_reach;
    let box_matters = params.get_distance() != &Distance::Euclidean;
    let on_box = box_matters && grown(reach + edges.noise()) && !grown((reach - edges.noise()).max(0.0));
    let on_cut = setting.cutoff == Cutoff::Hard && {
        // Distances round absolutely, and the cut is a difference of them.
        let noise = MARGIN + 2.0 * edges.noise() / setting.bound.sqrt();
        (touch.x / -setting.cut - 1.0).abs() < noise
    };
    shapeless && grown(reach) || on_box || on_cut
}

fn texel_in_doubt(c: &[f64; 3], side: f64) -> bool {
    let beside = |x: f64| (x - x.round()).abs() < MARGIN * side;
    // A clipped weight of exactly 0 or 1 stays in its cell.
    let free = |w: f64| w > 0.0 && w < 1.0;
    (free(c[0]) && beside(c[0] * side)) || (free(c[1]) && beside(c[1] * side)) || {
        free(c[2]) && beside((c[0] + c[1]) * side)
    }
}
