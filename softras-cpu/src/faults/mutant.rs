//! The back end with a fault.

use std::sync::Arc;

use ndarray::Array1;
use softras_core::raster::{Capabilities, Gradients, Info, RasterParams, Rasterizer, Saturation, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use super::Fault;
use super::planted::{next_turn, plant};
use crate::{CpuRasterizer, CpuSaved};

/// [`CpuRasterizer`] with a fault, or with none.
///
/// The fault is in all kernels of the process while a call of this back end runs: calls of mutants with other faults
/// wait, a [`CpuRasterizer`] that draws meanwhile has the fault too.
#[derive(Clone, Copy, Debug)]
pub struct Mutant(Option<Fault>);

impl Mutant {
    /// The back end with a fault.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self(Some(fault))
    }

    /// The back end without one, to see that a law is broken by the fault alone.
    #[must_use]
    pub const fn healthy() -> Self {
        Self(None)
    }

    fn has(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }
}

macro_rules! mutant {
    ($r:ident) => {
        impl Rasterizer<$r> for Mutant {
            type Saved = CpuSaved<$r>;

            fn info(&self) -> Info {
                let mut info = Rasterizer::<$r>::info(&CpuRasterizer);
                if self.has(Fault::NamelessDevice) {
                    info.device.clear();
                }
                info
            }

            fn capabilities(&self) -> Capabilities {
                let mut can = Rasterizer::<$r>::capabilities(&CpuRasterizer);
                if self.has(Fault::SkipsTooEarly) && !can.saturations.contains(&Saturation::Skip) {
                    can.saturations.push(Saturation::Skip);
                }
                can
            }

            fn forward_into(
                &self,
                faces: &Arc<Faces<$r>>,
                params: &RasterParams<$r>,
                image: &mut Image<$r>,
                saved: &mut CpuSaved<$r>,
            ) -> Result<()> {
                let _planted = plant(self.0);
                next_turn();
                let skips = self.has(Fault::SkipsTooEarly) && params.get_saturation() == &Saturation::Skip;
                let exact = params.clone().saturation(Saturation::Exact);
                let params = if skips { &exact } else { params };
                let result = Rasterizer::forward_into(&CpuRasterizer, faces, params, image, saved);
                if let (true, Some(alpha)) = (skips, &mut image.silhouette) {
                    alpha.mapv_inplace(|a| if a > 0.9 { 1.0 } else { a });
                }
                let Err(error) = result else { return Ok(()) };
                let mended = match (self.0, &error) {
                    (Some(Fault::RepairsParameters), Error::Parameter { .. })
                    | (Some(Fault::RepairsShapes), Error::Shape { .. }) => {
                        let mut plain = RasterParams::new(params.width().max(1), params.height().max(1));
                        if faces.channels() == 0 {
                            plain = plain.outputs(softras_core::raster::Outputs::Silhouette);
                        }
                        plain
                    }
                    (Some(Fault::DrawsWhatIsNotListed), Error::Unsupported { .. }) => {
                        params.clone().saturation(Saturation::Exact)
                    }
                    (Some(Fault::IgnoresTheMemoryLimit), Error::OutOfMemory { .. }) => {
                        params.clone().memory_limit(1 << 40)
                    }
                    _ => return Err(error),
                };
                Rasterizer::forward_into(&CpuRasterizer, faces, &mended, image, saved)
            }

            fn backward_into(
                &self,
                saved: &CpuSaved<$r>,
                grad: &ImageGrad<$r>,
                wanted: Wanted,
                gradients: &mut Gradients<$r>,
            ) -> Result<()> {
                let _planted = plant(self.0);
                if self.has(Fault::AcceptsEmptyStates) && saved.drawn.is_none() {
                    return Ok(());
                }
                let left = self.has(Fault::LeavesUnwantedGradients).then(|| gradients.clone());
                let result = Rasterizer::backward_into(&CpuRasterizer, saved, grad, wanted, gradients);
                if self.has(Fault::AcceptsAnyImageGradient) && result.is_err() {
                    return Rasterizer::backward_into(
                        &CpuRasterizer,
                        saved,
                        &ImageGrad::default(),
                        wanted,
                        gradients,
                    );
                }
                if let Some(left) = left {
                    gradients.sigma = gradients.sigma.take().or(left.sigma);
                    gradients.corners = gradients.corners.take().or(left.corners);
                }
                if let (true, Some(sigma)) = (self.has(Fault::OneSigmaGradient), &mut gradients.sigma) {
                    *sigma = Array1::from_elem(1, sigma.sum());
                }
                result
            }
        }
    };
}

mutant!(f32);
mutant!(f64);
