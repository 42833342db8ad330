//! Is the gradient of my scene right, and why is it zero there? [`check`].
//!
//! The analytic gradient of the reference in `f64` against central differences, both with the smooth cut-off (the hard
//! one jumps, and a difference over a jump says nothing); and for every face whose gradient is zero, as the scene is
//! meant to be drawn, the [`Cause`] in words.

mod cause;
mod survey;

use ndarray::{Array3, Array4};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use softras_core::math::Cutoff;
use softras_core::raster::{DynRasterizer, Gradients, RasterParams, Wanted};
use softras_core::reference::Reference;
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad};

pub use cause::Cause;

use crate::error::{Error, Result};

/// Half the difference of a coordinate, in screen units or depth, at most.
const STEP: f64 = 1e-6;
/// Half the difference as a share of the softness of edges and of depth: a picture changes its slope over as much.
const SOFT_STEP: f64 = 1e-3;
/// A difference this far from the gradient, relative to the largest of both, is odd. A difference of f64 numbers of size
/// 1 over 2e-6 is off by 1e-10, its curvature by less: what is farther off crosses a kink.
const ODD: f64 = 1e-4;
/// Gradients are compared relative to this at least: a loss of size 10 has 15 digits, so a difference is off by 1e-9.
const LEAST: f64 = 1e-4;
/// A slope below this share of that of one edge at one pixel, `1 / sqrt(sigma)`, is no slope.
const NEGLIGIBLE: f64 = 1e-6;

/// What is checked besides the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckSettings {
    /// Decides the weights of the pixels, whose weighted sum is the loss.
    pub seed: u64,
    /// Faces whose corners are differenced, spread over all; of these, not the ones without an area.
    pub probes: usize,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self { seed: 0, probes: 8 }
    }
}

/// A coordinate where gradient and difference do not agree.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Odd {
    /// The face.
    pub face: usize,
    /// Its corner, 0 to 2.
    pub corner: usize,
    /// x, y or z: 0 to 2.
    pub axis: usize,
    /// The analytic gradient.
    pub gradient: f64,
    /// The central difference.
    pub difference: f64,
}

/// A reason for zero gradients, and which faces it holds for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The reason.
    pub cause: Cause,
    /// The faces, ascending.
    pub faces: Vec<usize>,
}

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CheckReport {
    /// Faces in the scene.
    pub faces: usize,
    /// Coordinates that were differenced; none of a face without an area, so none at all if no face has one.
    pub compared: usize,
    /// The largest distance of gradient and difference, relative to the largest gradient.
    pub worst: f64,
    /// Where they do not agree: at kinks, most likely (a pixel on the middle line of a face, or where two faces tie).
    pub odd: Vec<Odd>,
    /// Faces whose gradient is not zero.
    pub moved: usize,
    /// Why the others are zero. A face may stand under several reasons: one for its silhouette, one for its color.
    pub zero: Vec<Finding>,
}

/// Checks the gradient of `faces` as `params` draw them.
///
/// It draws with the reference, which visits every face at every pixel: 64 x 64 pixels and a thousand faces take seconds.
///
/// # Errors
/// `Core` if the parameters do not fit the faces, or a gradient is not finite.
pub fn check(faces: &Faces<f64>, params: &RasterParams<f64>, settings: CheckSettings) -> Result<CheckReport> {
    if faces.count() == 0 {
        return Err(Error::setting("scene", "no faces", "at least one"));
    }
    let smooth = params.clone().cutoff(Cutoff::Smooth);
    let (image, saved) = Reference.forward(faces, &smooth)?;
    let weights = noise(&image, settings.seed);
    let mut gradients = Gradients::default();
    Reference.backward_into(&saved, &weights, Wanted::CORNERS, &mut gradients)?;
    let analytic = gradients.corners.take().unwrap_or_default();

    let largest = analytic.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
    let (mut compared, mut worst, mut odd) = (0, 0.0_f64, Vec::new());
    let reached = survey::survey(faces, params)?;
    // A step gives an area to a face that has none: a jump, over which a difference says nothing.
    let sound: Vec<usize> = (0..faces.count()).filter(|&f| !faces.is_absent(f) && reached[f].solid).collect();
    for face in spread(sound.len(), settings.probes).map(|i| sound[i]) {
        for (corner, axis) in (0..9).map(|i| (i / 3, i % 3)) {
            let at = (face, corner, axis);
            let difference = difference(faces, &smooth, &weights, at, step(faces, params, face))?;
            let gradient = analytic[at];
            let scale = largest.max(difference.abs()).max(LEAST);
            let apart = (gradient - difference).abs() / scale;
            worst = worst.max(apart);
            compared += 1;
            if apart > ODD {
                odd.push(Odd { face, corner, axis, gradient, difference });
            }
        }
    }

    let (_, saved) = Reference.forward(faces, params)?;
    Reference.backward_into(&saved, &weights, Wanted::CORNERS, &mut gradients)?;
    let drawn = gradients.corners.take().unwrap_or_default();
    let zero: Vec<usize> = (0..faces.count()).filter(|&f| !moves(&drawn, params, faces, f)).collect();
    let zero_count = zero.len();
    let zero = cause::findings(&reached, faces, params, zero);
    Ok(CheckReport { faces: faces.count(), compared, worst, odd, moved: faces.count() - zero_count, zero })
}

/// Whether face `f` has a gradient to speak of.
fn moves(gradient: &Array3<f64>, params: &RasterParams<f64>, faces: &Faces<f64>, f: usize) -> bool {
    let b = faces.pictures().iter().position(|p| p.faces.contains(&f)).unwrap_or(0);
    let floor = NEGLIGIBLE / params.get_sigma().of(b).sqrt();
    gradient.index_axis(ndarray::Axis(0), f).iter().any(|g| g.abs() > floor)
}

/// At most `count` numbers below `all`, evenly spread.
fn spread(all: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(all);
    (0..count).map(move |i| i * all / count)
}

/// Half the difference of a coordinate of face `f`: small beside what the picture softens over.
fn step(faces: &Faces<f64>, params: &RasterParams<f64>, f: usize) -> f64 {
    let b = faces.pictures().iter().position(|p| p.faces.contains(&f)).unwrap_or(0);
    let (near, far) = (*params.get_near(), *params.get_far());
    let mut soft = params.get_sigma().of(b).sqrt();
    if params.get_outputs().color() {
        soft = soft.min(params.get_gamma().of(b) * (far - near));
    }
    STEP.min(SOFT_STEP * soft)
}

/// The weight of every number of a picture, in -1..1.
fn noise(image: &Image<f64>, seed: u64) -> ImageGrad<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut one = || (random.next_u64() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
    ImageGrad {
        color: image.color.as_ref().map(|c| Array4::from_shape_fn(c.raw_dim(), |_| one())),
        silhouette: image.silhouette.as_ref().map(|a| Array3::from_shape_fn(a.raw_dim(), |_| one())),
    }
}

fn loss(image: &Image<f64>, weights: &ImageGrad<f64>) -> f64 {
    let color = image.color.iter().flatten().zip(weights.color.iter().flatten());
    let silhouette = image.silhouette.iter().flatten().zip(weights.silhouette.iter().flatten());
    color.chain(silhouette).map(|(a, b)| a * b).sum()
}

fn difference(
    faces: &Faces<f64>,
    params: &RasterParams<f64>,
    weights: &ImageGrad<f64>,
    at: (usize, usize, usize),
    step: f64,
) -> Result<f64> {
    let side = |step: f64| -> Result<f64> {
        let mut corners = faces.corners().clone();
        corners[at] += step;
        let mut moved = faces.clone();
        moved.replace_corners(corners)?;
        Ok(loss(&Reference.forward(&moved, params)?.0, weights))
    };
    Ok((side(step)? - side(-step)?) / (2.0 * step))
}
