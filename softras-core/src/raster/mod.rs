//! The contract between a scene and a back end.

mod capabilities;
mod gradients;
mod params;
mod plan;
mod probe;
mod rasterizer;

pub use capabilities::{Capabilities, Choices, CustomParts, TextureFamily};
pub use gradients::{Gradients, Wanted};
pub use params::{Outputs, PerPicture, RasterParams, Saturation, Sides, sigma_from_pixels};
pub use plan::{Plan, cull_halo, cull_reach};
pub use probe::{Probe, run_rows};
pub use rasterizer::{DynRasterizer, DynSaved, Info, Rasterizer, Variant};
