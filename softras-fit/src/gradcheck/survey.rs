//! What every face comes to at the pixels of a picture: [`survey`].

use core::array::from_fn;

use softras_core::math::{Color, Facing, Parts, pixel_centre};
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;

use crate::error::Result;

/// The best that a face comes to at any pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reached {
    /// Pixels within its reach.
    pub(super) pixels: usize,
    /// The largest slope of its probability, per unit of s / sigma.
    pub(super) slope: f64,
    /// The largest slope of the silhouette through it: what the other faces leave of its own.
    pub(super) open: f64,
    /// Pixels where it turns a colored side to the camera.
    pub(super) facing: usize,
    /// Of those, pixels where it is between near and far.
    pub(super) in_depth: usize,
    /// Its largest weight in a color.
    pub(super) weight: f64,
    /// The largest `weight (1 - weight)`: how much its color is mixed with others.
    pub(super) mixed: f64,
    /// Whether it has an area.
    pub(super) solid: bool,
    /// Whether its corners lie on a line, whatever its size.
    pub(super) flat: bool,
    /// Whether it lies beside the picture.
    pub(super) beside: bool,
    /// Whether an edge of it crosses the picture.
    pub(super) edges: bool,
}

/// Whether the corners of a triangle lie on a line: its height is nothing beside its longest edge.
fn flat(corners: [[f64; 2]; 3]) -> bool {
    let edge = |k: usize| -> [f64; 2] { from_fn(|axis| corners[(k + 1) % 3][axis] - corners[k][axis]) };
    let (a, b) = (edge(0), edge(1));
    let longest = (0..3).map(|k| edge(k).iter().map(|x| x * x).sum::<f64>()).fold(0.0, f64::max);
    (a[0] * b[1] - a[1] * b[0]).abs() <= 1e-9 * longest
}

/// Whether the segment from `a` to `b` has a point within `half` of the centre, along both axes (Liang and Barsky).
fn crosses(a: [f64; 2], b: [f64; 2], half: [f64; 2]) -> bool {
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        let along = b[axis] - a[axis];
        let (low, high) = (-half[axis] - a[axis], half[axis] - a[axis]);
        if along == 0.0 {
            if low > 0.0 || high < 0.0 {
                return false;
            }
            continue;
        }
        let (first, last) = (low / along, high / along);
        enters = enters.max(first.min(last));
        leaves = leaves.min(first.max(last));
    }
    enters <= leaves
}

/// Looks at every face at every pixel.
pub(super) fn survey(faces: &Faces<f64>, params: &RasterParams<f64>) -> Result<Vec<Reached>> {
    let plan = Plan::new(faces, params)?;
    let parts = Parts {
        distance: params.get_distance().clone(),
        distribution: params.get_distribution().clone(),
        silhouette: params.get_silhouette().clone(),
        color: params.get_color().clone(),
    };
    let over = matches!(parts.color, Color::Over);
    let mut all = vec![Reached::default(); faces.count()];
    for (b, picture) in faces.pictures().iter().enumerate() {
        let setting = plan.setting(b, params.get_weights());
        let own: Vec<_> = picture
            .faces
            .clone()
            .filter(|&f| !faces.is_absent(f))
            .map(|f| (f, plan.face(faces, b, f)))
            .collect();
        let aspect = plan.width as f64 / plan.height as f64;
        for (f, face) in &own {
            let (low, high) = (face.bounds.low, face.bounds.high);
            all[*f].solid = face.triangle.solid;
            let corners: [[f64; 2]; 3] = from_fn(|k| from_fn(|axis| faces.corners()[[*f, k, axis]]));
            all[*f].flat = flat(corners);
            all[*f].edges = (0..3).any(|k| crosses(corners[k], corners[(k + 1) % 3], [aspect, 1.0]));
            all[*f].beside = low.x > aspect || high.x < -aspect || low.y > 1.0 || high.y < -1.0;
        }
        for p in 0..plan.pixels() {
            let at = pixel_centre(p / plan.width, p % plan.width, plan.height, plan.width);
            // (face, probability, logit if it has color here)
            let mut here = Vec::new();
            let mut closed = 0.0;
            for (f, face) in &own {
                let touch = parts.touch(&setting, face, at);
                if !touch.member {
                    continue;
                }
                closed -= touch.p.not_d.ln();
                let reached = &mut all[*f];
                reached.pixels += 1;
                reached.slope = reached.slope.max(touch.p.density.abs());
                let sees = face.triangle.colored
                    && match setting.facing {
                        Facing::Both => true,
                        Facing::CounterClockwise => face.triangle.counter_clockwise,
                        Facing::Clockwise => !face.triangle.counter_clockwise,
                    };
                let shade = setting.shade(&face.triangle, &touch);
                reached.facing += usize::from(sees);
                reached.in_depth += usize::from(shade.member);
                let logit = touch.p.d.ln() + setting.color.rate * shade.nearness;
                here.push((*f, touch.p, shade.member.then_some(logit)));
            }
            let ground = setting.color.rate * setting.color.background_nearness;
            let ground = if over { f64::NEG_INFINITY } else { ground };
            let top = here.iter().filter_map(|h| h.2).fold(ground, f64::max);
            let sum: f64 = here.iter().filter_map(|h| h.2).map(|l| (l - top).exp()).sum::<f64>();
            let sum = sum + (ground - top).exp();
            for (f, p, logit) in here {
                let reached = &mut all[f];
                // d A / d x of the probabilistic or; other aggregators open and close alike.
                reached.open = reached.open.max((-closed).exp() * p.hazard.abs());
                if let Some(logit) = logit {
                    let weight = (logit - top).exp() / sum;
                    reached.weight = reached.weight.max(weight);
                    let edge = if over { (-closed).exp() * p.hazard.abs() } else { 0.0 };
                    reached.mixed = reached.mixed.max(weight * (1.0 - weight) + weight * edge);
                }
            }
        }
    }
    Ok(all)
}
