//! The gradient of the paper's code, as a baseline: [`PublishedTerms`].

use std::sync::Arc;

use super::{Reference, ReferenceSaved, Terms, backward};
use crate::error::{Error, Result};
use crate::image::{Image, ImageGrad};
use crate::math::{
    Color, ColorAggregator, ColorGradOf, Distance, Distribution, Face, PairGrad, Parts, Scalar, Setting,
    Silhouette, TexelSink, Vec2, WeightSink, color_pair,
};
use crate::raster::{Capabilities, Gradients, Info, RasterParams, Rasterizer, Wanted};
use crate::scene::Faces;

/// The reference with the terms left out that the paper's code leaves out: `d z_p / d(x, y)` and `d C / d(x, y)`.
///
/// It draws the same pictures, and **breaks the gradient contract**: it is there to be compared with, in experiments.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublishedTerms;

impl<R: Scalar> Rasterizer<R> for PublishedTerms {
    type Saved = ReferenceSaved<R>;

    fn info(&self) -> Info {
        let info = Rasterizer::<R>::info(&Reference);
        Info { backend: "published-terms".to_owned(), ..info }
    }
    fn capabilities(&self) -> Capabilities {
        Rasterizer::<R>::capabilities(&Reference)
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces<R>>,
        params: &RasterParams<R>,
        image: &mut Image<R>,
        saved: &mut Self::Saved,
    ) -> Result<()> {
        Rasterizer::forward_into(&Reference, faces, params, image, saved)
    }
    fn backward_into(
        &self,
        saved: &Self::Saved,
        grad: &ImageGrad<R>,
        wanted: Wanted,
        gradients: &mut Gradients<R>,
    ) -> Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        grad.check(&drawn.plan)?;
        backward::backward(drawn, grad, wanted, Terms::Published, gradients);
        Ok(())
    }
}

/// Takes from the gradient of a pair what the paper's code leaves out: what flows to x and y through its color and depth.
pub(super) fn keep<R: Scalar>(
    parts: &Parts<Distance, Distribution, Silhouette, Color>,
    setting: &Setting<'_, R>,
    (face, at): (&Face<'_, R>, Vec2<R>),
    color: &ColorGradOf<'_, Color, R>,
    out: &mut PairGrad<R>,
) {
    let touch = parts.touch(setting, face, at);
    let Some(texels) = &face.texels else { return };
    let shade = setting.shade(&face.triangle, &touch);
    if !shade.member {
        return;
    }
    let channels = color.pixel.background.len();
    let (mut own, mut grad_own) = (vec![R::ZERO; channels], vec![R::ZERO; channels]);
    texels.color(&shade.weights, &mut own);
    let pair = color_pair(&touch, &shade, face, &own);
    let grad = parts.color.pair_vjp(
        &setting.color,
        &color.pixel,
        &color.cotangent,
        &pair,
        &mut grad_own,
        &mut WeightSink::Nowhere,
    );
    let grad_weights = texels.color_vjp(&shade.weights, &grad_own, shade.member, &mut TexelSink::Nowhere);
    let left = setting.shade_vjp(&face.triangle, &touch, &shade, grad_weights, grad.nearness);
    for (corner, left) in out.corners.iter_mut().zip(left) {
        corner[0] -= left[0];
        corner[1] -= left[1];
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, Array4, array};

    use super::*;
    use crate::math::TextureKind;
    use crate::scene::Textures;

    /// A tilted face in two colors, and a weight on every pixel.
    fn gradients(device: &dyn crate::raster::DynRasterizer<f64>, flat: bool) -> Array3<f64> {
        let depth = |z: f64| if flat { 2.0 } else { z };
        let corners = array![
            [[-0.7, -0.6, depth(2.0)], [0.8, -0.5, depth(3.0)], [0.1, 0.9, depth(5.0)]],
            [[-0.9, 0.5, depth(4.0)], [0.7, 0.3, depth(2.5)], [0.0, -0.8, depth(3.0)]]
        ];
        let texel = |f: usize, k: usize| if flat { 0.3 + 0.4 * f as f64 } else { 0.1 + 0.2 * (f + k) as f64 };
        let texels = Array3::from_shape_fn((2, 3, 1), |(f, k, _)| texel(f, k));
        let faces = Faces::new(corners)
            .unwrap()
            .with_textures(Textures::new(TextureKind::Vertex, texels).unwrap())
            .unwrap();
        let params = RasterParams::new(8, 8).sigma(0.02).gamma(0.05);
        let (_, saved) = device.forward(&faces, &params).unwrap();
        let weights = Array4::from_shape_fn((1, 1, 8, 8), |(_, _, y, x)| ((3 * x + y) as f64).sin());
        let grad = ImageGrad { color: Some(weights), silhouette: None };
        device.backward(&saved, &grad).unwrap().corners.unwrap()
    }

    #[test]
    fn only_x_and_y_differ_and_only_where_depth_or_color_change_over_the_face() {
        let (complete, published) = (gradients(&Reference, false), gradients(&PublishedTerms, false));
        let apart = |i: usize| -> f64 {
            let pairs = complete.outer_iter().zip(published.outer_iter());
            pairs
                .map(|(a, b)| {
                    (&a.index_axis(ndarray::Axis(1), i) - &b.index_axis(ndarray::Axis(1), i))
                        .mapv(f64::abs)
                        .sum()
                })
                .sum()
        };
        assert!(apart(0) > 1e-2 && apart(1) > 1e-2, "{} {}", apart(0), apart(1));
        assert!(apart(2) < 1e-15, "{}", apart(2));
        let flat = &gradients(&Reference, true) - &gradients(&PublishedTerms, true);
        assert!(flat.iter().all(|d| d.abs() < 1e-12), "{flat:?}");
    }
}
