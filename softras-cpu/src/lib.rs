#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod accumulate;
mod backward;
mod bins;
mod blocks;
mod channels;
#[cfg(feature = "faults")]
pub mod faults;
#[cfg(not(feature = "faults"))]
mod faults;
mod forward;
mod items;
mod lanes;
mod prepare;
mod probe;
mod region;
mod row;
mod setup;
mod staged;
mod state;
mod two;
mod variants;
mod walk;
mod workspace;

use std::sync::{Arc, OnceLock};

use softras_core::math::Parts;
#[cfg(not(feature = "faults"))]
use softras_core::math::{
    Color, Distance, Distribution, Euclidean, Logistic, ProbabilisticOr, Silhouette, Softmax,
};
use softras_core::raster::{
    Capabilities, Gradients, Info, Plan, Probe, RasterParams, Rasterizer, Variant, Wanted,
};
use softras_core::scene::Faces;
use softras_core::{Error, Image, ImageGrad, Result};

use faults::Fault;
pub use workspace::CpuSaved;

/// The CPU back end: exact lists of faces for each tile, forward by tile, backward by face, on all threads of the
/// current `rayon` pool. The same bits for any number of threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuRasterizer;

impl CpuRasterizer {
    /// Returns the rasterizer.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// Runs `$call` with `$parts` bound to the parts of `$params`: types of their own for the paper's choice, the enums
/// (a uniform branch) for everything else.
macro_rules! with_parts {
    ($params:expr, $parts:ident => $call:expr) => {{
        let params = $params;
        match (params.get_distance(), params.get_distribution(), params.get_silhouette(), params.get_color())
        {
            // Broken kernels are built for the enums alone: a third of the build.
            #[cfg(not(feature = "faults"))]
            (Distance::Euclidean, Distribution::Logistic, Silhouette::ProbabilisticOr, Color::Softmax) => {
                let $parts = Parts {
                    distance: Euclidean,
                    distribution: Logistic,
                    silhouette: ProbabilisticOr,
                    color: Softmax,
                };
                $call
            }
            (distance, distribution, silhouette, color) => {
                let $parts = Parts {
                    distance: distance.clone(),
                    distribution: distribution.clone(),
                    silhouette: silhouette.clone(),
                    color: color.clone(),
                };
                let $parts = faults::parts($parts, params);
                $call
            }
        }
    }};
}

/// Returns what the back end can do: everything.
fn capabilities() -> &'static Capabilities {
    static CAPABILITIES: OnceLock<Capabilities> = OnceLock::new();
    CAPABILITIES.get_or_init(|| Capabilities::everything(&["f32", "f64"]))
}

/// One implementation a scalar type, not a generic one: the kernels are then compiled once, in this crate.
macro_rules! rasterizer {
    ($r:ident, $variants:ident) => {
        impl Rasterizer<$r> for CpuRasterizer {
            type Saved = CpuSaved<$r>;

            fn info(&self) -> Info {
                Info {
                    backend: "cpu".to_owned(),
                    device: format!("{} CPU", std::env::consts::ARCH),
                    details: format!("{} threads, {}", rayon::current_num_threads(), lanes::level_name()),
                }
            }

            fn capabilities(&self) -> Capabilities {
                capabilities().clone()
            }

            fn forward_into(
                &self,
                faces: &Arc<Faces<$r>>,
                params: &RasterParams<$r>,
                image: &mut Image<$r>,
                saved: &mut CpuSaved<$r>,
            ) -> Result<()> {
                if !faults::active(Fault::KeepsTheStateAfterAnError) {
                    saved.clear();
                }
                // What was drawn last time gives its buffers.
                let mut plan = saved.drawn.as_mut().map_or_else(Plan::default, |d| core::mem::take(&mut d.plan));
                plan.refit(faces, params)?;
                faults::plan(&mut plan);
                capabilities().check("cpu", faces, params)?;
                image.fit(&plan);
                with_parts!(params, parts => forward::forward(&parts, faces, params, &plan, image, saved))?;
                saved.keep(faces, params, plan);
                Ok(())
            }

            fn backward_into(
                &self,
                saved: &CpuSaved<$r>,
                grad: &ImageGrad<$r>,
                wanted: Wanted,
                gradients: &mut Gradients<$r>,
            ) -> Result<()> {
                let Some(drawn) = saved.picture() else {
                    return Err(Error::layout("saved state", "an empty one", "one that forward filled"));
                };
                grad.check(&drawn.plan)?;
                gradients.fit(wanted, &drawn.faces, &drawn.plan, drawn.params.get_weights().len());
                with_parts!(&drawn.params, parts => backward::backward(&parts, saved, drawn, grad, gradients))
            }

            fn pairs(&self, saved: &CpuSaved<$r>) -> Option<u64> {
                saved.picture().map(|_| saved.pairs)
            }

            fn variants(&self) -> Vec<Variant<$r>> {
                variants::$variants()
            }

            fn probe(&self) -> Option<&dyn Probe<$r>> {
                Some(self)
            }
        }
    };
}

rasterizer!(f32, single);
rasterizer!(f64, double);
