//! How pictures are drawn where depth is soft by a length of the world: [`Softness`].

use softras_core::math::DepthMap;
use softras_core::raster::{Outputs, RasterParams};

use crate::settings::ColorMode;

/// How the pictures of one step are drawn. Near and far may hug what is drawn: softness in depth does not depend on them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Softness {
    /// That of silhouettes, a squared screen distance.
    pub(crate) sigma: f64,
    /// That in depth, in world units.
    pub(crate) depth: f64,
    /// The nearest depth.
    pub(crate) near: f64,
    /// The farthest depth.
    pub(crate) far: f64,
    /// Probability below which a face is cut off.
    pub(crate) dist_eps: f64,
    /// How faces make the color of a pixel.
    pub(crate) color: ColorMode,
}

impl Softness {
    /// Returns the parameters of pictures of a width and height, over a color if they have any.
    pub(crate) fn raster(
        &self,
        (width, height): (usize, usize),
        outputs: Outputs,
        background: &[f32; 3],
    ) -> RasterParams {
        let params = RasterParams::new(width, height)
            .sigma(self.sigma as f32)
            .gamma((self.depth / (self.far - self.near)) as f32)
            .near(self.near as f32)
            .far(self.far as f32)
            .depth_map(DepthMap::Linear)
            .dist_eps(self.dist_eps)
            .color(self.color.into())
            .outputs(outputs);
        if outputs.color() { params.background(background) } else { params }
    }
}
