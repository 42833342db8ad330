//! The gradient that rounding alone makes where the true one is nil.
//!
//! `dI/dl_j = w_j (C_j - I)` is a difference: under a lone opaque face I is C_j, and what is left is the rounding of
//! I, times `k` on its way to a corner and `zn / gamma^2` on its way to gamma. Nothing a back end does avoids it in
//! `f32`, and no rounding of the input shows it, so it is computed here, pair by pair, from the formulas of the core.

use softras_core::math::{
    Color, DistanceMetric, Edge, Parts, ProbabilityGrad, Shade, Touch, Vec2, pixel_centre,
};
use softras_core::raster::{Plan, RasterParams};
use softras_core::scene::Faces;
use softras_core::{ImageGrad, Result};

/// A pair that has color.
struct Shown {
    face: usize,
    touch: Touch<f64>,
    shade: Shade<f64>,
    logit: f64,
    color: Vec<f64>,
}

/// Returns the floor of each gradient, in the order of [`crate::compare::groups`] of all of them.
pub(crate) fn floor(
    faces: &Faces<f64>,
    params: &RasterParams<f64>,
    grad: &ImageGrad<f64>,
    unit: f64,
) -> Result<Vec<Vec<f64>>> {
    let plan = Plan::new(faces, params)?;
    let count = faces.count();
    let texels = faces.textures().map(|t| t.texels().len());
    let mut xy = vec![0.0; count * 6];
    let mut z = vec![0.0; count * 3];
    let (mut sigma, mut gamma, mut epsilon) = (vec![0.0; plan.batch], vec![0.0; plan.batch], vec![0.0; plan.batch]);
    let over = params.get_color() == &Color::Over;
    if let (Some(grad), true) = (&grad.color, over || params.get_color() == &Color::Softmax) {
        let parts = Parts {
            distance: params.get_distance().clone(),
            distribution: params.get_distribution().clone(),
            silhouette: params.get_silhouette().clone(),
            color: params.get_color().clone(),
        };
        for (b, picture) in faces.pictures().iter().enumerate() {
            let setting = plan.setting(b, &[]);
            let context = &setting.color;
            let set_up: Vec<_> = picture
                .faces
                .clone()
                .filter(|&f| !faces.is_absent(f))
                .map(|f| (f, plan.face(faces, b, f)))
                .collect();
            let behind = &plan.background[b * plan.channels..(b + 1) * plan.channels];
            for p in 0..plan.pixels() {
                let (row, column) = (p / plan.width, p % plan.width);
                let at: Vec2<f64> = pixel_centre(row, column, plan.height, plan.width);
                let g: Vec<f64> = (0..plan.channels).map(|c| grad[[b, c, row, column]].abs()).collect();
                let mut shown = Vec::new();
                for (f, face) in &set_up {
                    let touch = parts.touch(&setting, face, at);
                    let shade = setting.shade(&face.triangle, &touch);
                    let (true, Some(texels)) = (shade.member, &face.texels) else { continue };
                    let mut color = vec![0.0; plan.channels];
                    texels.color(&shade.weights, &mut color);
                    let above = context.rate * (shade.nearness - context.background_nearness);
                    let logit = above + touch.p.mantissa.ln() + touch.p.exponent;
                    shown.push(Shown { face: *f, touch, shade, logit, color });
                }
                let size = |color: &[f64]| g.iter().zip(color).map(|(g, c)| g * c.abs()).sum::<f64>();
                // All logits are relative to the background's, which is then 0.
                let background = if over { f64::NEG_INFINITY } else { 0.0 };
                let top = shown.iter().fold(background, |a, s| a.max(s.logit));
                let front = shown.iter().fold(f64::NEG_INFINITY, |a, s| a.max(s.shade.nearness));
                let from = if over { front } else { context.background_nearness };
                let total = (background - top).exp() + shown.iter().map(|s| (s.logit - top).exp()).sum::<f64>();
                let picture: f64 = shown.iter().map(|s| (s.logit - top).exp() / total * size(&s.color)).sum::<f64>()
                    + (background - top).exp() / total * size(behind);
                for s in &shown {
                    let noise = unit * (s.logit - top).exp() / total * (size(&s.color) + picture);
                    let face = &plan.face(faces, b, s.face);
                    let by_depth =
                        setting.shade_vjp(&face.triangle, &s.touch, &s.shade, [0.0; 3], noise * context.rate);
                    let ln_d = ProbabilityGrad { d: 0.0, ln_d: noise, ln_not_d: 0.0 };
                    let (mut by_distance, mut grad_x) = ([Vec2::new(0.0, 0.0); 3], 0.0);
                    if parts.distance.edge() == Edge::Soft {
                        grad_x = s.touch.p.vjp(&ln_d);
                        let grad_s = grad_x * setting.inv_sigma;
                        by_distance = parts.distance.signed_vjp(&face.triangle, at, &s.touch.w, grad_s);
                    }
                    for k in 0..3 {
                        xy[s.face * 6 + k * 2] += by_depth[k][0].abs() + by_distance[k].x.abs();
                        xy[s.face * 6 + k * 2 + 1] += by_depth[k][1].abs() + by_distance[k].y.abs();
                        z[s.face * 3 + k] += by_depth[k][2].abs();
                    }
                    sigma[b] += (grad_x * s.touch.x * setting.inv_sigma).abs();
                    let above = context.rate * (s.shade.nearness - from);
                    gamma[b] += (noise * above * context.inv_gamma).abs();
                }
                let share = (background - top).exp() / total;
                epsilon[b] += unit * share * (size(behind) + picture) * context.inv_gamma;
            }
        }
    }
    let mut out = vec![xy, z];
    out.extend(texels.map(|n| vec![0.0; n]));
    out.push(vec![0.0; plan.batch * plan.channels]);
    out.extend([sigma, gamma, epsilon]);
    out.extend([vec![0.0; plan.batch], vec![0.0; plan.batch], vec![0.0; params.get_weights().len()]]);
    Ok(out)
}
