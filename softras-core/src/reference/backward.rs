//! Backward: for every pixel, the reverse of `finish`, then the reverse of every face's push.

use ndarray::Axis;

use crate::image::ImageGrad;
use crate::math::{
    ColorAggregator, ColorCotangent, ColorGrad, ColorPixel, ColorPixelGrad, PairSink, Scalar, SilhouetteGrad,
    TexelSink, TextureKind, WeightSink, pixel_centre,
};
use crate::raster::{Gradients, Wanted};
use crate::scene::Textures;

use super::{Drawn, Terms, parts, published};

pub(super) fn backward<R: Scalar>(
    drawn: &Drawn<R>,
    grad: &ImageGrad<R>,
    wanted: Wanted,
    terms: Terms,
    gradients: &mut Gradients<R>,
) {
    let Drawn { faces, params, plan, pixels, .. } = drawn;
    let parts = parts(params);
    let channels = plan.channels;
    let weights = params.get_weights();
    gradients.fit(wanted, faces, plan, weights.len());

    let kind = faces.textures().map_or(TextureKind::Vertex, Textures::kind);
    let texels = if faces.textures().is_some() { kind.texels() * channels } else { 0 };
    let mut grad_texels = vec![R::ZERO; if gradients.textures.is_some() { texels } else { 0 }];
    let mut grad_weights = vec![R::ZERO; weights.len()];
    let (mut color, mut grad_color) = (vec![R::ZERO; channels], vec![R::ZERO; channels]);
    let mut grad_sums = vec![R::ZERO; if plan.draws_color { parts.color.sums(channels) } else { 0 }];
    let mut grad_background = vec![R::ZERO; channels];
    let mut pixel_grad = vec![R::ZERO; channels];

    for (b, picture) in faces.pictures().iter().enumerate() {
        let setting = plan.setting(b, weights);
        let background = &plan.background[b * channels..(b + 1) * channels];
        let set_up: Vec<_> = picture
            .faces
            .clone()
            .filter(|&f| !faces.is_absent(f))
            .map(|f| (f, plan.face(faces, b, f)))
            .collect();
        for p in 0..plan.pixels() {
            let (row, column) = (p / plan.width, p % plan.width);
            let at = pixel_centre(row, column, plan.height, plan.width);
            let state = &pixels[b * plan.pixels() + p];
            let silhouette = grad
                .silhouette
                .as_ref()
                .map(|g| SilhouetteGrad { state: state.silhouette, grad: g[[b, row, column]] });

            let pixel = ColorPixel { state: state.color, sums: &state.sums, background };
            let fixed = grad.color.as_ref().map(|g| {
                for (c, out) in pixel_grad.iter_mut().enumerate() {
                    *out = g[[b, c, row, column]];
                }
                grad_background.fill(R::ZERO);
                let mut out = ColorPixelGrad {
                    sums: &mut grad_sums,
                    background: &mut grad_background,
                    weights: WeightSink::Lanes(&mut grad_weights),
                };
                let (fixed, epsilon) = parts.color.pixel_vjp(&setting.color, &pixel, &pixel_grad, &mut out);
                if let Some(g) = &mut gradients.epsilon {
                    g[b] += epsilon;
                }
                if let Some(g) = &mut gradients.background {
                    for (c, &value) in grad_background.iter().enumerate() {
                        g[[b, c]] += value;
                    }
                }
                fixed
            });
            let color_grad =
                fixed.map(|fixed| ColorGrad { pixel, cotangent: ColorCotangent { fixed, sums: &grad_sums } });

            for (f, face) in &set_up {
                grad_texels.fill(R::ZERO);
                let mut sink = PairSink {
                    color: &mut color,
                    grad_color: &mut grad_color,
                    texels: TexelSink::of(kind, &mut grad_texels),
                    weights: WeightSink::Lanes(&mut grad_weights),
                };
                let mut g =
                    parts.backward(&setting, face, at, silhouette.as_ref(), color_grad.as_ref(), &mut sink);
                if let (Terms::Published, Some(color_grad)) = (terms, &color_grad) {
                    published::keep(&parts, &setting, (face, at), color_grad, &mut g);
                }
                if let Some(corners) = &mut gradients.corners {
                    for (k, corner) in g.corners.iter().enumerate() {
                        for (i, &value) in corner.iter().enumerate() {
                            corners[[*f, k, i]] += value;
                        }
                    }
                }
                if let Some(textures) = &mut gradients.textures {
                    let row = picture.first_texture + f - picture.faces.start;
                    for (out, &value) in textures.index_axis_mut(Axis(0), row).iter_mut().zip(&grad_texels) {
                        *out += value;
                    }
                }
                for (out, value) in [
                    (&mut gradients.sigma, g.sigma),
                    (&mut gradients.gamma, g.gamma),
                    (&mut gradients.distribution, g.distribution),
                    (&mut gradients.t_conorm, g.t_conorm),
                ] {
                    if let Some(out) = out {
                        out[b] += value;
                    }
                }
            }
        }
    }
    if let Some(out) = &mut gradients.weights {
        for (out, &value) in out.iter_mut().zip(&grad_weights) {
            *out += value;
        }
    }
}
