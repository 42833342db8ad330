//! The executable MATH: every face at every pixel, in the order of the faces, for any scalar.
//!
//! It costs O(pixels x faces). In `f64` it is what every back end is measured against; with dual numbers its `forward`
//! gives exact derivatives of the picture, which is how its `backward` is proven.

mod backward;
mod forward;
mod published;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::image::{Image, ImageGrad};
use crate::math::{
    AnyColorState, AnySilhouetteState, Color, Distance, Distribution, Function, Parts, Scalar, Silhouette,
};
use crate::raster::{
    Capabilities, Gradients, Info, Plan, Probe, RasterParams, Rasterizer, Saturation, Wanted, run_rows,
};
use crate::scene::Faces;

pub use published::PublishedTerms;

/// Which terms of MATH 5 a gradient has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terms {
    /// Every one: the gradient is the derivative of the picture.
    Complete,
    /// Those of the paper's code: without `d z_p / d(x, y)` and `d C / d(x, y)`.
    Published,
}

/// The reference rasterizer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

/// What [`Reference`] keeps of a picture.
#[derive(Clone, Debug, Default)]
pub struct ReferenceSaved<R: Scalar = f64> {
    drawn: Option<Drawn<R>>,
}

/// A finished picture: its input, and the state of every pixel.
#[derive(Clone, Debug)]
struct Drawn<R: Scalar> {
    faces: Arc<Faces<R>>,
    params: RasterParams<R>,
    plan: Plan<R>,
    pixels: Vec<PixelState<R>>, // [B * H * W]
    pairs: u64,
}

/// The aggregators' states at one pixel, after `finish`.
#[derive(Clone, Debug)]
struct PixelState<R> {
    silhouette: AnySilhouetteState<R>,
    color: AnyColorState<R>,
    sums: Vec<R>,
}

impl<R: Scalar> ReferenceSaved<R> {
    /// Returns how many (face, pixel) pairs counted.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.drawn.as_ref().map_or(0, |d| d.pairs)
    }
}

fn parts<R: Scalar>(params: &RasterParams<R>) -> Parts<Distance, Distribution, Silhouette, Color> {
    Parts {
        distance: params.get_distance().clone(),
        distribution: params.get_distribution().clone(),
        silhouette: params.get_silhouette().clone(),
        color: params.get_color().clone(),
    }
}

impl<R: Scalar> Rasterizer<R> for Reference {
    type Saved = ReferenceSaved<R>;

    fn info(&self) -> Info {
        Info {
            backend: "reference".to_owned(),
            device: "host".to_owned(),
            details: format!("every face at every pixel, {}", R::NAME),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            saturations: vec![Saturation::Exact],
            ..Capabilities::everything(&["f32", "f64", "dual"])
        }
    }

    fn forward_into(
        &self,
        faces: &Arc<Faces<R>>,
        params: &RasterParams<R>,
        image: &mut Image<R>,
        saved: &mut ReferenceSaved<R>,
    ) -> Result<()> {
        saved.drawn = None;
        let plan = Plan::new(faces, params)?;
        Rasterizer::<R>::capabilities(self).check("reference", faces, params)?;
        image.fit(&plan);
        saved.drawn = Some(forward::forward(faces, params, plan, image));
        Ok(())
    }

    fn backward_into(
        &self,
        saved: &ReferenceSaved<R>,
        grad: &ImageGrad<R>,
        wanted: Wanted,
        gradients: &mut Gradients<R>,
    ) -> Result<()> {
        let Some(drawn) = &saved.drawn else {
            return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
        };
        grad.check(&drawn.plan)?;
        backward::backward(drawn, grad, wanted, Terms::Complete, gradients);
        Ok(())
    }

    fn pairs(&self, saved: &ReferenceSaved<R>) -> Option<u64> {
        saved.drawn.as_ref().map(|d| d.pairs)
    }

    fn probe(&self) -> Option<&dyn Probe<R>> {
        Some(self)
    }
}

impl<R: Scalar> Probe<R> for Reference {
    fn probe(&self, function: &Function, inputs: &[R], outputs: &mut [R]) -> Result<()> {
        run_rows(function, inputs, outputs)
    }
}
