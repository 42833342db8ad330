//! Parts of the user's own, by their text in WGSL: what `device_text` of a part must hold.
//!
//! Functions have the arguments of their twins in `shaders/`, beside which the text is compiled: all of `real.wgsl`,
//! `vector.wgsl`, `exp.wgsl`, `triangle.wgsl` and the file of the part may be used.
//!
//! | part | what its text defines |
//! |---|---|
//! | distance | `fn custom_distance_signed(face: Triangle, at: vec2<f32>, w: vec3<f32>) -> f32`, `fn custom_distance_signed_vjp(.., grad_s: f32) -> array<vec2<f32>, 3>` |
//! | distribution | `fn custom_distribution_probability(x: f32, shape: f32) -> Probability`; where it has a shape, `fn custom_distribution_shape_vjp(x: f32, shape: f32, grad: ProbabilityGrad) -> f32` |
//! | silhouette | `struct CustomSilhouetteState`; `custom_silhouette_` with `identity`, `push`, `finish`, `saturated`, `pair_vjp`, `shape_vjp`, `load` and `store` as in `silhouette.wgsl` |
//! | color | `struct CustomColorState`, `CustomColorCotangent`, `struct CustomColorPixel { state: CustomColorState, sums: Channels, background: Channels }`; `custom_color_` with `identity`, `push`, `finish`, `pixel_vjp`, `pair_vjp`, `load`, `store`, `cotangent_load` and `cotangent_store` as in `color/softmax.wgsl` |
//!
//! States and cotangents have at most four numbers, those that `load` and `store` pass. A color aggregator has one sum a
//! channel and no weights.

use core::fmt;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use softras_core::math::{Color, ColorAggregator};
use softras_core::raster::RasterParams;
use softras_core::{Error, Result};

/// The text of a part. Kernels are known by it, so each is kept once for as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Text(&'static str);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of a user's own", self.0.len())
    }
}

/// The texts that are kept.
static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

impl Text {
    pub(crate) fn of(text: &str) -> Self {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get_or_insert_default();
        if let Some(&text) = kept.get(text) {
            return Self(text);
        }
        let text: &'static str = Box::leak(text.into());
        kept.insert(text);
        Self(text)
    }

    /// The text for a module.
    pub(crate) fn wgsl(self) -> String {
        format!("\n{}\n", self.0)
    }
}

/// Checks that a color aggregator of the user's own keeps what the kernels have room for.
///
/// # Errors
/// `Unsupported` for one with weights, or with other sums than one a channel.
pub(crate) fn check(params: &RasterParams, channels: usize) -> Result<()> {
    let color = params.get_color();
    let (sums, weights) = (color.sums(channels), color.weights(channels));
    if matches!(color, Color::Custom(_)) && (sums != channels || weights != 0) {
        return Err(Error::Unsupported {
            backend: "wgpu".to_owned(),
            what: format!("a color aggregator of {sums} sums and {weights} weights"),
            supported: "one sum a channel, no weights".to_owned(),
        });
    }
    Ok(())
}
