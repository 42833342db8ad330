//! A back end that draws with other parts than it is asked for: [`Parts`].

use std::sync::Arc;

use softras_core::math::{Color, Distance, Distribution, Silhouette};
use softras_core::raster::{
    Capabilities, DynRasterizer, DynSaved, Gradients, Info, RasterParams, Rasterizer, Wanted,
};
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad};

use super::factor::Factor;
use super::plan::Cell;
use crate::error::{Error, Result};
use crate::parts::Named;

/// Draws every picture with the distance, the distribution and the aggregators of a cell; all else is as asked for. So
/// that a recipe is tried with other parts and knows nothing of it.
pub struct Parts<'d> {
    below: &'d dyn DynRasterizer,
    distance: Distance,
    distribution: Distribution,
    silhouette: Silhouette,
    color: Color,
}

impl<'d> Parts<'d> {
    /// Takes the parts that `cell` names.
    ///
    /// # Errors
    /// `Setting` if the back end cannot draw with one of them, or there is none of that name.
    pub fn new(below: &'d dyn DynRasterizer, cell: &Cell) -> Result<Self> {
        let can = below.capabilities();
        Ok(Self {
            below,
            distance: find(Factor::Distance, &can.distances, cell)?,
            distribution: find(Factor::Distribution, &can.distributions, cell)?,
            silhouette: find(Factor::Silhouette, &can.silhouettes, cell)?,
            color: find(Factor::Color, &can.colors, cell)?,
        })
    }
}

fn find<T: Named>(factor: Factor, all: &[T], cell: &Cell) -> Result<T> {
    let word = cell.word(factor);
    T::among(all, word).map_err(|known| {
        let expected = format!("what this back end can draw with: {known}");
        Error::setting(factor.name(), format!("{word:?}"), expected)
    })
}

impl Rasterizer for Parts<'_> {
    type Saved = DynSaved;

    fn info(&self) -> Info {
        self.below.info()
    }
    fn capabilities(&self) -> Capabilities {
        self.below.capabilities()
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces>,
        params: &RasterParams,
        image: &mut Image,
        saved: &mut DynSaved,
    ) -> softras_core::Result<()> {
        let params = params
            .clone()
            .distance(self.distance.clone())
            .distribution(self.distribution.clone())
            .silhouette(self.silhouette.clone())
            .color(self.color.clone());
        self.below.forward_into(faces, &params, image, saved)
    }
    fn backward_into(
        &self,
        saved: &DynSaved,
        grad: &ImageGrad,
        wanted: Wanted,
        gradients: &mut Gradients,
    ) -> softras_core::Result<()> {
        self.below.backward_into(saved, grad, wanted, gradients)
    }
}
