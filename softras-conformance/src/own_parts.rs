//! Parts of a user's own under the laws: [`OwnParts`].

use std::sync::Arc;

use softras_core::math::{Color, Distance, Distribution, Scalar, Silhouette};
use softras_core::raster::{
    Capabilities, DynRasterizer, DynSaved, Gradients, Info, Probe, RasterParams, Rasterizer, Variant, Wanted,
};
use softras_core::scene::Faces;
use softras_core::{Image, ImageGrad, Result};

/// Parts of a user's own, for [`Subject::with_parts`](crate::Subject::with_parts).
#[derive(Clone, Debug, Default)]
pub struct OwnParts {
    /// Distance metrics.
    pub distances: Vec<Distance>,
    /// Distributions.
    pub distributions: Vec<Distribution>,
    /// Silhouette aggregators.
    pub silhouettes: Vec<Silhouette>,
    /// Color aggregators.
    pub colors: Vec<Color>,
}

/// A back end that declares a user's own parts, too.
pub(crate) struct WithParts<R: Scalar> {
    pub(crate) below: Arc<dyn DynRasterizer<R>>,
    pub(crate) parts: OwnParts,
}

impl<R: Scalar> Rasterizer<R> for WithParts<R> {
    type Saved = DynSaved;

    fn info(&self) -> Info {
        self.below.info()
    }
    fn capabilities(&self) -> Capabilities {
        let mut can = self.below.capabilities();
        can.distances.extend(self.parts.distances.iter().cloned());
        can.distributions.extend(self.parts.distributions.iter().cloned());
        can.silhouettes.extend(self.parts.silhouettes.iter().cloned());
        can.colors.extend(self.parts.colors.iter().cloned());
        can
    }
    fn forward_into(
        &self,
        faces: &Arc<Faces<R>>,
        params: &RasterParams<R>,
        image: &mut Image<R>,
        saved: &mut DynSaved,
    ) -> Result<()> {
        self.below.forward_into(faces, params, image, saved)
    }
    fn backward_into(
        &self,
        saved: &DynSaved,
        grad: &ImageGrad<R>,
        wanted: Wanted,
        gradients: &mut Gradients<R>,
    ) -> Result<()> {
        self.below.backward_into(saved, grad, wanted, gradients)
    }
    fn pairs(&self, saved: &DynSaved) -> Option<u64> {
        self.below.pairs(saved)
    }
    fn variants(&self) -> Vec<Variant<R>> {
        self.below.variants()
    }
    fn probe(&self) -> Option<&dyn Probe<R>> {
        self.below.probe()
    }
}
