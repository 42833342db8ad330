//! Faces and parameters checked against each other: what every back end starts from.

use crate::error::{Error, Result};
use crate::math::{
    ColorAggregator, ColorContext, Cutoff, DistanceMetric, DistributionFunction, Face, Facing,
    MAX_COLOR_PLANES, MAX_SILHOUETTE_PLANES, ProbabilityGrad, Scalar, Setting, background_nearness,
};
use crate::scene::{Faces, Winding};

use super::params::{RasterParams, Sides};

/// By how much a reach may differ from the box's and still be the same: rounding of `f32`.
const HALO_ROUNDING: f64 = 1e-6;

/// The most pixels of one picture: their numbers fit 32 bits.
const MAX_PIXELS: u128 = 1 << 31;

/// The sizes of a render and the numbers of each picture, all checked.
#[derive(Clone, Debug, Default)]
pub struct Plan<R: Scalar> {
    /// The number of pictures, B.
    pub batch: usize,
    /// Pixels across, W.
    pub width: usize,
    /// Pixels down, H.
    pub height: usize,
    /// Color channels C; 0 where no color is drawn.
    pub channels: usize,
    /// Tells whether the silhouette is drawn.
    pub draws_silhouette: bool,
    /// Tells whether the color is drawn.
    pub draws_color: bool,
    /// The background of each picture, `[B, C]`, row-major.
    pub background: Vec<R>,
    settings: Vec<Setting<'static, R>>, // [B]; weights are put in on the way out
}

impl<R: Scalar> Plan<R> {
    /// Checks `params`, then `faces` against them, and works out the numbers of each picture.
    ///
    /// # Errors
    /// `Parameter` and `Shape` for values out of range or not fitting the batch; `OutOfMemory` for pictures that would
    /// take more than the memory limit.
    pub fn new(faces: &Faces<R>, params: &RasterParams<R>) -> Result<Self> {
        let mut plan = Self::default();
        plan.refit(faces, params)?;
        Ok(plan)
    }

    /// As [`Plan::new`], in the buffers of an older plan.
    ///
    /// # Errors
    /// As [`Plan::new`]; the plan is then the old one.
    pub fn refit(&mut self, faces: &Faces<R>, params: &RasterParams<R>) -> Result<()> {
        params.check()?;
        let batch = faces.batch();
        let draws_color = params.outputs.color();
        let channels = if draws_color { faces.channels() } else { 0 };
        if draws_color && faces.textures().is_none() {
            return Err(Error::parameter(
                "outputs",
                "color, of faces without textures",
                "Outputs::Silhouette",
            ));
        }
        for (name, each) in [
            ("sigma", &params.sigma),
            ("gamma", &params.gamma),
            ("epsilon", &params.epsilon),
            ("distribution shape", &params.distribution_shape),
            ("t-conorm shape", &params.t_conorm_shape),
        ] {
            if let super::PerPicture::Each(values) = each
                && values.len() != batch
            {
                return Err(Error::shape(name, &[values.len()], format!("[{batch}], one a picture")));
            }
        }
        check_memory::<R>(batch, params, channels)?;
        let weights = params.color.weights(channels);
        if draws_color && params.weights.len() != weights {
            return Err(Error::shape("weights", &[params.weights.len()], format!("[{weights}]")));
        }
        fill_background(&mut self.background, params, batch, channels)?;
        self.settings.clear();
        self.settings.extend((0..batch).map(|b| setting(faces, params, b)));
        (self.batch, self.width, self.height) = (batch, params.width, params.height);
        self.channels = channels;
        (self.draws_silhouette, self.draws_color) = (params.outputs.silhouette(), draws_color);
        Ok(())
    }

    /// Returns the numbers all pairs of picture `b` share.
    ///
    /// # Panics
    /// If there is no picture `b`.
    #[must_use]
    pub fn setting<'a>(&self, b: usize, weights: &'a [R]) -> Setting<'a, R> {
        let setting = self.settings[b];
        Setting { color: ColorContext { weights, ..setting.color }, ..setting }
    }

    /// The number of pixels of one picture.
    #[must_use]
    pub const fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// Returns face `f` of picture `b`, set up; `f` counts from the start of the batch.
    ///
    /// # Panics
    /// If there is no such face.
    #[must_use]
    pub fn face<'a>(&self, faces: &'a Faces<R>, b: usize, f: usize) -> Face<'a, R> {
        let picture = &faces.pictures()[b];
        let local = f - picture.faces.start;
        let texels = if self.draws_color { faces.texels_of(picture.first_texture + local) } else { None };
        Face::new(faces.face(f), R::from_f64(local as f64), texels)
    }
}

/// Checks the bytes of the pictures, and of what `backward` may keep of each pixel: the planes of both states, the
/// sums, and what was drawn.
fn check_memory<R: Scalar>(batch: usize, params: &RasterParams<R>, channels: usize) -> Result<()> {
    let sums = if params.outputs.color() { params.color.sums(channels) } else { 0 };
    let drawn = channels + 1;
    let numbers = drawn + MAX_SILHOUETTE_PLANES + MAX_COLOR_PLANES + sums + drawn;
    let pixels = params.width as u128 * params.height as u128;
    let bytes = batch.max(1) as u128 * numbers as u128 * size_of::<R>() as u128;
    let needed = pixels.saturating_mul(bytes);
    let limit = u128::from(params.memory_limit);
    let what = || format!("{batch} picture(s) of {} x {} pixels", params.width, params.height);
    if needed > limit {
        return Err(Error::OutOfMemory { what: what(), needed, limit });
    }
    if pixels > MAX_PIXELS {
        return Err(Error::parameter("size", what(), format!("at most {MAX_PIXELS} pixels a picture")));
    }
    Ok(())
}

fn fill_background<R: Scalar>(
    out: &mut Vec<R>,
    params: &RasterParams<R>,
    batch: usize,
    channels: usize,
) -> Result<()> {
    let given = &params.background;
    if channels == 0 || given.is_empty() {
        out.clear();
        out.resize(batch * channels, R::ZERO);
        return Ok(());
    }
    let rows = given.nrows();
    if given.ncols() != channels || (rows != 1 && rows != batch) {
        let expected = format!("[{channels}] for all pictures or [{batch}, {channels}]");
        return Err(Error::shape("background", given.shape(), expected));
    }
    out.clear();
    for b in 0..batch {
        out.extend(given.row(if rows == 1 { 0 } else { b }));
    }
    Ok(())
}

fn setting<R: Scalar>(faces: &Faces<R>, params: &RasterParams<R>, b: usize) -> Setting<'static, R> {
    let sigma = params.sigma.of(b);
    let gamma = params.gamma.of(b);
    let (near, far) = (params.near, params.far);
    let shape = params.distribution_shape.of(b);
    let (cut, cut_slope) = cut(params, shape);
    let bound = cut * sigma;
    let box_reach = bound.sqrt();
    // Where the metric itself keeps within the box's reach, the two decide alike but for the last bit.
    let boxed = params.distance.halo(bound.to_f64()) > box_reach.to_f64() * (1.0 + HALO_ROUNDING);
    let facing = match (params.sides, faces.front()) {
        (Sides::Double, _) => Facing::Both,
        (Sides::Front, Winding::CounterClockwise) => Facing::CounterClockwise,
        (Sides::Front, Winding::Clockwise) => Facing::Clockwise,
    };
    Setting {
        inv_sigma: sigma.recip(),
        cut,
        cut_slope,
        bound,
        box_reach,
        boxed,
        cutoff: params.cutoff,
        distribution_shape: shape,
        t_conorm_shape: params.t_conorm_shape.of(b),
        faces: R::from_f64(faces.pictures()[b].faces.len() as f64),
        near,
        far,
        depth_map: params.depth_map,
        interpolation: params.interpolation,
        facing,
        color: ColorContext {
            rate: (params.depth_map.range(near, far) * gamma).recip(),
            inv_gamma: gamma.recip(),
            background_nearness: background_nearness(params.depth_map, near, far, params.epsilon.of(b)),
            weights: &[],
        },
    }
}

/// Returns c, and its slope along the shape of the distribution where the cut-off is smooth and so passes it on:
/// `F(-c) = dist_eps` holds for every shape, so `dc/dp = (dF/dp) / f` there.
fn cut<R: Scalar>(params: &RasterParams<R>, shape: R) -> (R, R) {
    let (distribution, at) = (&params.distribution, shape.to_f64());
    let cut = distribution.cut(params.dist_eps, at);
    let mut slope = 0.0;
    if params.cutoff == Cutoff::Smooth {
        let density = distribution.probability(-cut, at).density;
        if density > 0.0 {
            let to_d = ProbabilityGrad { d: 1.0, ln_d: 0.0, ln_not_d: 0.0 };
            slope = distribution.shape_vjp(-cut, at, &to_d) / density;
        }
    }
    // The difference is 0, but for a dual number, which takes the slope along.
    let moved = R::from_f64(slope) * (shape - R::from_f64(at));
    (R::from_f64(cut) + moved, R::from_f64(slope))
}

/// Returns how far from a face itself, in screen units, a pixel of this picture can count: infinite without a cut-off,
/// or where the metric does not say. A bound for culling, as [`cull_reach`].
pub fn cull_halo<R: Scalar>(params: &RasterParams<R>, setting: &Setting<'_, R>) -> f64 {
    if setting.cutoff == Cutoff::None && params.distance.edge() == crate::math::Edge::Soft {
        return f64::INFINITY;
    }
    params.distance.halo(setting.bound.to_f64())
}

/// Returns how far outside its bounding box, in screen units, a face of this picture can count: infinite without a
/// cut-off. A bound for culling; membership is decided by the pair alone.
pub fn cull_reach<R: Scalar>(params: &RasterParams<R>, setting: &Setting<'_, R>) -> f64 {
    if setting.cutoff == Cutoff::None {
        return match params.distance.edge() {
            crate::math::Edge::Hard => 0.0,
            crate::math::Edge::Soft => f64::INFINITY,
        };
    }
    params.distance.reach(setting.bound.to_f64()).min(setting.box_reach.to_f64())
}
