//! The gradient that rounding alone makes, where the true one is small or nil.
//!
//! Four things lose digits whatever a back end does, and rounding the input differently does not show them:
//! - a gradient is a sum over pixels and faces, whose terms may cancel: it costs a unit of the sum of their sizes;
//! - a face weighs `exp` of a difference of logits, and going back computes its logit anew, where a machine may fuse what
//!   it rounded before: a term costs as many units more as the logit is large;
//! - the slope of a distance points from the pixel to its foot on the nearest edge. Moved corners leave that at a right
//!   angle to the edge; a computed foot is off along the edge by a unit of the coordinates, which turns the slope by that
//!   over the distance;
//! - `dI/dl_j = w_j (C_j - I)` is a difference: under a lone opaque face I is C_j, and what is left is the rounding
//!   of I, times `k` on its way to a corner and `zn / gamma^2` on its way to gamma.
//!
//! Both are added up here pair by pair, from the formulas of the core.

use softras_core::math::{
    Color, ColorAggregator, ColorCotangent, ColorGrad, ColorPixel, ColorPixelGrad, ColorSlot, Distance,
    DistanceMetric, Distribution, Edge, Face, PairGrad, PairSink, Parts, ProbabilityGrad, Setting, Shade,
    Silhouette, SilhouetteAggregator, SilhouetteGrad, TexelSink, TextureKind, Touch, Triangle, Vec2,
    WeightSink, pixel_centre,
};
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;
use softras_core::{ImageGrad, Result};

use crate::oracle::Edges;

pub(crate) type AnyParts = Parts<Distance, Distribution, Silhouette, Color>;

/// Sums of sizes, one for each number that has a gradient.
struct Sizes {
    xy: Vec<f64>,
    z: Vec<f64>,
    textures: Vec<f64>,
    background: Vec<f64>,
    sigma: Vec<f64>,
    gamma: Vec<f64>,
    epsilon: Vec<f64>,
    distribution: Vec<f64>,
    t_conorm: Vec<f64>,
    weights: Vec<f64>,
}

impl Sizes {
    /// Adds the size of one term of the gradient to each weight, and takes it away.
    fn weights(&mut self, terms: &mut [f64]) {
        for (size, term) in self.weights.iter_mut().zip(terms) {
            *size += core::mem::take(term).abs();
        }
    }

    fn corners(&mut self, face: usize, corners: &[[f64; 3]; 3]) {
        for (k, [x, y, z]) in corners.iter().enumerate() {
            self.xy[face * 6 + k * 2] += x.abs();
            self.xy[face * 6 + k * 2 + 1] += y.abs();
            self.z[face * 3 + k] += z.abs();
        }
    }
}

/// One pixel of one picture.
struct Pixel<'a> {
    parts: &'a AnyParts,
    setting: Setting<'a, f64>,
    faces: &'a [(usize, Face<'a, f64>)], // (number in the batch, face)
    picture: usize,
    first_texel: usize,
    at: Vec2<f64>,
    background: &'a [f64],
    grad_color: Option<Vec<f64>>,
    grad_silhouette: Option<f64>,
}

/// Returns the floor of each gradient, in the order of [`crate::compare::groups`] of all of them, for numbers that
/// round by `unit`.
pub(crate) fn floor(
    faces: &Faces<f64>,
    params: &RasterParams<f64>,
    grad: &ImageGrad<f64>,
    unit: f64,
) -> Result<Vec<Vec<f64>>> {
    let plan = Plan::new(faces, params)?;
    let parts = parts(params);
    let texels = faces.textures().map(|t| t.texels().len());
    let row = faces.textures().map_or(0, |t| t.kind().texels() * t.channels());
    let per_picture = || vec![0.0; plan.batch];
    let mut sizes = Sizes {
        xy: vec![0.0; faces.count() * 6],
        z: vec![0.0; faces.count() * 3],
        textures: vec![0.0; texels.unwrap_or(0)],
        background: vec![0.0; plan.batch * plan.channels],
        sigma: per_picture(),
        gamma: per_picture(),
        epsilon: per_picture(),
        distribution: per_picture(),
        t_conorm: per_picture(),
        weights: vec![0.0; params.get_weights().len()],
    };
    for (b, picture) in faces.pictures().iter().enumerate() {
        let set_up: Vec<_> = picture
            .faces
            .clone()
            .filter(|&f| !faces.is_absent(f))
            .map(|f| (f - picture.faces.start, plan.face(faces, b, f)))
            .collect();
        for p in 0..plan.pixels() {
            let (y, x) = (p / plan.width, p % plan.width);
            let pixel = Pixel {
                parts: &parts,
                setting: plan.setting(b, params.get_weights()),
                faces: &set_up,
                picture: b,
                first_texel: picture.first_texture * row,
                at: pixel_centre(y, x, plan.height, plan.width),
                background: &plan.background[b * plan.channels..(b + 1) * plan.channels],
                grad_color: grad
                    .color
                    .as_ref()
                    .map(|g| (0..plan.channels).map(|c| g[[b, c, y, x]]).collect()),
                grad_silhouette: grad.silhouette.as_ref().map(|g| g[[b, y, x]]),
            };
            pixel.add_terms(&mut sizes, picture.faces.start, row);
            pixel.add_softmax_noise(&mut sizes, picture.faces.start);
        }
    }
    let Sizes { xy, z, textures, background, sigma, gamma, epsilon, distribution, t_conorm, weights } = sizes;
    let mut out = vec![xy, z];
    out.extend(texels.map(|_| textures));
    out.extend([background, sigma, gamma, epsilon, distribution, t_conorm, weights]);
    for value in out.iter_mut().flatten() {
        *value *= unit;
    }
    Ok(out)
}

pub(crate) fn parts(params: &RasterParams<f64>) -> AnyParts {
    Parts {
        distance: params.get_distance().clone(),
        distribution: params.get_distribution().clone(),
        silhouette: params.get_silhouette().clone(),
        color: params.get_color().clone(),
    }
}

impl Pixel<'_> {
    /// Adds the size of every term of every gradient.
    fn add_terms(&self, sizes: &mut Sizes, first_face: usize, row: usize) {
        let (parts, setting) = (self.parts, &self.setting);
        let channels = self.background.len();
        let mut silhouette = parts.silhouette.identity(0.0);
        let mut state = parts.color.identity(0.0);
        let mut sums = vec![0.0; if channels > 0 { parts.color.sums(channels) } else { 0 }];
        let (mut scratch, mut color) = (vec![0.0; channels], vec![0.0; channels]);
        for (_, face) in self.faces {
            let own = ColorSlot { state: &mut state, sums: &mut sums, scratch: &mut scratch };
            parts.forward(setting, face, self.at, Some(&mut silhouette), (channels > 0).then_some(own));
        }
        parts.silhouette.finish(&mut silhouette, setting.faces, setting.t_conorm_shape);
        let mut grad_sums = vec![0.0; sums.len()];
        let mut grad_background = vec![0.0; channels];
        let mut weights = vec![0.0; setting.color.weights.len()];
        if channels > 0 {
            parts.color.finish(&setting.color, &mut state, &mut sums, self.background, &mut color);
        }
        let pixel = ColorPixel { state, sums: &sums, background: self.background };
        let fixed = self.grad_color.as_ref().map(|grad| {
            let mut out = ColorPixelGrad {
                sums: &mut grad_sums,
                background: &mut grad_background,
                weights: WeightSink::Lanes(&mut weights),
            };
            let (fixed, epsilon) = parts.color.pixel_vjp(&setting.color, &pixel, grad, &mut out);
            sizes.epsilon[self.picture] += epsilon.abs();
            fixed
        });
        sizes.weights(&mut weights);
        for (size, g) in sizes.background[self.picture * channels..].iter_mut().zip(&grad_background) {
            *size += g.abs();
        }
        let color_grad =
            fixed.map(|fixed| ColorGrad { pixel, cotangent: ColorCotangent { fixed, sums: &grad_sums } });
        let silhouette_grad = self.grad_silhouette.map(|grad| SilhouetteGrad { state: silhouette, grad });
        let mut texels = vec![0.0_f64; row];
        for (local, face) in self.faces {
            texels.fill(0.0);
            let mut sink = PairSink {
                color: &mut scratch,
                grad_color: &mut color,
                texels: TexelSink::of(face.texels.map_or(TextureKind::Vertex, |t| t.kind), &mut texels),
                weights: WeightSink::Lanes(&mut weights),
            };
            let g = parts.backward(
                setting,
                face,
                self.at,
                silhouette_grad.as_ref(),
                color_grad.as_ref(),
                &mut sink,
            );
            sizes.weights(&mut weights);
            let touch = parts.touch(setting, face, self.at);
            if !touch.member {
                continue;
            }
            let weighed = 1.0 + if color_grad.is_some() { touch.p.exponent.abs() } else { 0.0 };
            sizes.corners(first_face + local, &g.corners.map(|corner| corner.map(|x| weighed * x)));
            sizes.corners(first_face + local, &self.turned(&face.triangle, &touch, &g));
            sizes.sigma[self.picture] += weighed * g.sigma.abs();
            sizes.gamma[self.picture] += weighed * g.gamma.abs();
            sizes.distribution[self.picture] += weighed * g.distribution.abs();
            sizes.t_conorm[self.picture] += g.t_conorm.abs();
            let first = self.first_texel + local * row;
            for (size, g) in sizes.textures.iter_mut().skip(first).zip(&texels) {
                *size += weighed * g.abs();
            }
        }
    }

    /// Returns by how much the corners' gradient through the distance moves, in units, as its slope turns.
    fn turned(&self, triangle: &Triangle<f64>, touch: &Touch<f64>, g: &PairGrad<f64>) -> [[f64; 3]; 3] {
        if self.parts.distance.edge() == Edge::Hard || touch.x.abs() <= 0.0 {
            return [[0.0; 3]; 3]; // no slope, or on the edge, where all is in doubt
        }
        // dL/d sigma = -(dL/ds) x.
        let grad_s = g.sigma / touch.x;
        let turn = Edges::of(triangle, self.at).turn();
        let slope = self.parts.distance.signed_vjp(triangle, self.at, &touch.w, grad_s);
        slope.map(|v| [turn * v.y, turn * v.x, 0.0])
    }

    /// Adds what the rounding of `C_j - I` becomes.
    fn add_softmax_noise(&self, sizes: &mut Sizes, first_face: usize) {
        let (parts, setting) = (self.parts, &self.setting);
        let over = parts.color == Color::Over;
        let (Some(g), true) = (&self.grad_color, over || parts.color == Color::Softmax) else { return };
        let context = &setting.color;
        let shown: Vec<Shown> = self.faces.iter().filter_map(|pair| self.shown(pair)).collect();
        let size = |color: &[f64]| g.iter().zip(color).map(|(g, c)| (g * c).abs()).sum::<f64>();
        // All logits are relative to the background's, which is then 0.
        let background = if over { f64::NEG_INFINITY } else { 0.0 };
        let top = shown.iter().fold(background, |a, s| a.max(s.logit));
        if top == f64::NEG_INFINITY {
            return;
        }
        let front = shown.iter().fold(f64::NEG_INFINITY, |a, s| a.max(s.shade.nearness));
        let from = if over { front } else { context.background_nearness };
        let weight = |logit: f64| (logit - top).exp();
        let total = weight(background) + shown.iter().map(|s| weight(s.logit)).sum::<f64>();
        let share = |logit: f64| weight(logit) / total;
        let picture: f64 = shown.iter().map(|s| share(s.logit) * size(&s.color)).sum::<f64>()
            + share(background) * size(self.background);
        for s in &shown {
            let noise = share(s.logit) * (size(&s.color) + picture);
            let triangle = &self.faces[s.pair].1.triangle;
            let face = first_face + self.faces[s.pair].0;
            let by_depth = setting.shade_vjp(triangle, &s.touch, &s.shade, [0.0; 3], noise * context.rate);
            sizes.corners(face, &by_depth);
            if parts.distance.edge() == Edge::Soft {
                let grad_x = s.touch.p.vjp(&ProbabilityGrad { d: 0.0, ln_d: noise, ln_not_d: 0.0 });
                let grad_s = grad_x * setting.inv_sigma;
                let xy = parts.distance.signed_vjp(triangle, self.at, &s.touch.w, grad_s);
                sizes.corners(face, &xy.map(|v| [v.x, v.y, 0.0]));
                sizes.sigma[self.picture] += (grad_x * s.touch.x * setting.inv_sigma).abs();
            }
            let above = context.rate * (s.shade.nearness - from);
            sizes.gamma[self.picture] += (noise * above * context.inv_gamma).abs();
        }
        sizes.epsilon[self.picture] +=
            share(background) * (size(self.background) + picture) * context.inv_gamma;
    }

    fn shown(&self, (local, face): &(usize, Face<'_, f64>)) -> Option<Shown> {
        let touch = self.parts.touch(&self.setting, face, self.at);
        let shade = self.setting.shade(&face.triangle, &touch);
        let texels = face.texels.as_ref().filter(|_| shade.member)?;
        let mut color = vec![0.0; self.background.len()];
        texels.color(&shade.weights, &mut color);
        let context = &self.setting.color;
        let above = context.rate * (shade.nearness - context.background_nearness);
        let logit = above + touch.p.mantissa.ln() + touch.p.exponent;
        let pair = self.faces.iter().position(|(other, _)| other == local)?;
        Some(Shown { pair, touch, shade, logit, color })
    }
}

/// A pair that has color.
struct Shown {
    pair: usize,
    touch: Touch<f64>,
    shade: Shade<f64>,
    logit: f64,
    color: Vec<f64>,
}
