//! The back end with a fault.

use std::sync::Arc;

use ndarray::Array1;
use rayon::{ThreadPool, ThreadPoolBuilder};
use softras_core::math::Function;
use softras_core::raster::{Capabilities, Gradients, Info, Probe, RasterParams, Rasterizer, Variant, Wanted};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use super::Fault;
use super::planted::{next_turn, plant};
use crate::variants::THREADS;
use crate::{CpuRasterizer, CpuSaved};

/// [`CpuRasterizer`] with a fault, or with none.
///
/// The fault is in all kernels of the process while a call of this back end runs: calls of mutants with other faults
/// wait, a [`CpuRasterizer`] that draws meanwhile has the fault too.
#[derive(Debug)]
pub struct Mutant {
    fault: Option<Fault>,
    /// The threads of a variant.
    pool: Option<ThreadPool>,
}

impl Mutant {
    /// The back end with a fault.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self { fault: Some(fault), pool: None }
    }

    /// The back end without one, to see that a law is broken by the fault alone.
    #[must_use]
    pub const fn healthy() -> Self {
        Self { fault: None, pool: None }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The same back end with each number of threads that can be had.
    fn on_threads(&self) -> impl Iterator<Item = (String, Self)> {
        THREADS.into_iter().filter_map(|n| {
            let pool = ThreadPoolBuilder::new().num_threads(n).build().ok()?;
            Some((format!("{n} threads"), Self { fault: self.fault, pool: Some(pool) }))
        })
    }

    /// Plants the fault and does `work` on the threads of the variant.
    fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let _planted = plant(self.fault);
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
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
                Rasterizer::<$r>::capabilities(&CpuRasterizer)
            }

            fn forward_into(
                &self,
                faces: &Arc<Faces<$r>>,
                params: &RasterParams<$r>,
                image: &mut Image<$r>,
                saved: &mut CpuSaved<$r>,
            ) -> Result<()> {
                next_turn();
                let result =
                    self.run(|| Rasterizer::forward_into(&CpuRasterizer, faces, params, image, saved));
                if self.has(Fault::NeedsAPicture) && faces.batch() == 0 {
                    return Err(Error::layout("pictures", "none", "at least one"));
                }
                let Err(error) = result else { return Ok(()) };
                let mended = match (self.fault, &error) {
                    (Some(Fault::RepairsGamma), Error::Parameter { name, .. }) if name.contains("gamma") => {
                        params.clone().gamma(1e-4)
                    }
                    (Some(Fault::RepairsShapes), Error::Shape { .. }) => {
                        RasterParams::new(params.width(), params.height())
                    }
                    (Some(Fault::CutsWidePictures), Error::Unsupported { .. }) => {
                        params.clone().size(params.width().min(64), params.height().min(64))
                    }
                    (Some(Fault::IgnoresTheMemoryLimit), Error::OutOfMemory { .. }) => {
                        params.clone().memory_limit(1 << 40)
                    }
                    _ => return Err(error),
                };
                self.run(|| Rasterizer::forward_into(&CpuRasterizer, faces, &mended, image, saved))
            }

            fn backward_into(
                &self,
                saved: &CpuSaved<$r>,
                grad: &ImageGrad<$r>,
                wanted: Wanted,
                gradients: &mut Gradients<$r>,
            ) -> Result<()> {
                if self.has(Fault::AcceptsEmptyStates) && saved.picture().is_none() {
                    return Ok(());
                }
                let left = gradients.clone();
                let mut reverse = |grad| {
                    self.run(|| Rasterizer::backward_into(&CpuRasterizer, saved, grad, wanted, gradients))
                };
                let mut result = reverse(grad);
                let is_refused = matches!(result, Err(Error::Shape { .. } | Error::Parameter { .. }));
                if self.has(Fault::AcceptsAnyImageGradient) && is_refused {
                    result = reverse(&ImageGrad::default());
                }
                if self.has(Fault::LeavesUnwantedGradients) {
                    gradients.sigma = gradients.sigma.take().or(left.sigma);
                    gradients.corners = gradients.corners.take().or(left.corners);
                } else if let (Some(now), Some(old)) = (&mut gradients.corners, &left.corners)
                    && now.dim() == old.dim()
                    && self.has(Fault::AddsToGradientBuffers)
                {
                    *now += old;
                }
                if let (true, Some(sigma)) = (self.has(Fault::OneSigmaGradient), &mut gradients.sigma) {
                    *sigma = Array1::from_elem(1, sigma.sum());
                }
                result
            }

            fn pairs(&self, saved: &CpuSaved<$r>) -> Option<u64> {
                Rasterizer::<$r>::pairs(&CpuRasterizer, saved)
            }

            fn variants(&self) -> Vec<Variant<$r>> {
                self.on_threads().map(|(name, mutant)| Variant { name, backend: Box::new(mutant) }).collect()
            }

            fn probe(&self) -> Option<&dyn Probe<$r>> {
                Some(self)
            }
        }

        impl Probe<$r> for Mutant {
            fn probe(&self, function: &Function, inputs: &[$r], outputs: &mut [$r]) -> Result<()> {
                let (mut inputs, mut outputs) = (inputs, outputs);
                if self.has(Fault::LosesTheLastRow) {
                    inputs = &inputs[..inputs.len().saturating_sub(function.inputs())];
                    let kept = outputs.len().saturating_sub(function.outputs());
                    outputs = &mut outputs[..kept];
                }
                self.run(|| Probe::probe(&CpuRasterizer, function, inputs, outputs))
            }
        }
    };
}

mutant!(f32);
mutant!(f64);
