//! Parts of the user's own, by their text in CUDA C++: what `device_text` of a part must hold.
//!
//! Every function begins with `FN`, and has the arguments of its twin in `kernels/`, beside which the text is compiled: all
//! of `real.cuh`, `vector.cuh`, `triangle.cuh` and the file of the part may be used.
//!
//! | part | what its text defines |
//! |---|---|
//! | distance | `float custom_distance_signed(const Triangle& face, Vec2 at, const Three& w)`, `Points custom_distance_signed_vjp(.., float grad_s)` |
//! | distribution | `Probability custom_distribution_probability(float x, float shape)`, `float custom_distribution_shape_vjp(float x, float shape, const ProbabilityGrad& grad)` |
//! | silhouette | `struct CustomSilhouetteState` of `float`s; `custom_silhouette_` with `identity`, `push`, `finish`, `saturated`, `pair_vjp` as in `silhouette.cuh`; `float custom_silhouette_shape_vjp(state, p, faces, shape, grad)` |
//! | color | `struct CustomColorState`, `CustomColorCotangent` of `float`s, `struct CustomColorPixel { CustomColorState state; Channels sums; Channels background; }`; `custom_color_` with `identity`, `push`, `finish`, `pixel_vjp`, `pair_vjp` as in `color/softmax.cuh` |
//!
//! States must be as large as those of the part in Rust at most, which its own limits say. A color aggregator has one sum a
//! channel and no weights.

use softras_core::math::{
    Color, ColorAggregator, DeviceLanguage, Distance, Distribution, MAX_COLOR_PLANES, MAX_SILHOUETTE_PLANES,
    Silhouette,
};
use softras_core::raster::RasterParams;
use softras_core::{Error, Result};

use crate::error::BACKEND;
use crate::family;

/// The texts of the parts of a render that are the user's own, or of the family beside the paper's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(crate) distance: Option<String>,
    pub(crate) distribution: Option<String>,
    pub(crate) silhouette: Option<String>,
    pub(crate) color: Option<String>,
}

impl Texts {
    /// The texts of the parts that `params` names, for `channels` color channels.
    ///
    /// # Errors
    /// `Unsupported` for a color aggregator with weights, or with other sums than one a channel.
    pub(crate) fn of(params: &RasterParams, channels: usize) -> Result<Self> {
        let cuda = DeviceLanguage::Cuda;
        let own = |text: Option<&str>| text.map(str::to_owned);
        let color = params.get_color();
        if let Color::Custom(_) = color
            && (color.sums(channels) != channels || color.weights(channels) != 0)
        {
            let (sums, weights) = (color.sums(channels), color.weights(channels));
            return Err(Error::Unsupported {
                backend: BACKEND.to_owned(),
                what: format!("a color aggregator of {sums} sums and {weights} weights"),
                supported: "one sum a channel, no weights".to_owned(),
            });
        }
        Ok(Self {
            distance: match params.get_distance() {
                Distance::Custom(part) => own(part.part().device_text_on(cuda)),
                _ => None,
            },
            distribution: match params.get_distribution() {
                Distribution::Custom(part) => own(part.part().device_text_on(cuda)),
                built_in => family::distribution(built_in.name()),
            },
            silhouette: match params.get_silhouette() {
                Silhouette::Custom(part) => own(part.part().device_text_on(cuda)),
                built_in => family::silhouette(built_in.name()),
            },
            color: match color {
                Color::Custom(part) => own(part.part().device_text_on(cuda)),
                _ => None,
            },
        })
    }

    /// What is defined for the compiler: which parts there are.
    pub(crate) fn definitions(&self) -> Vec<String> {
        let all = [
            ("CUSTOM_DISTANCE", &self.distance),
            ("CUSTOM_DISTRIBUTION", &self.distribution),
            ("CUSTOM_SILHOUETTE", &self.silhouette),
        ];
        all.into_iter().filter(|(_, text)| text.is_some()).map(|(name, _)| format!("-D{name}=1")).collect()
    }

    /// Checks of the compiler that states are not larger than the room for them.
    pub(crate) fn checks(&self) -> String {
        let mut checks = String::new();
        let mut check = |there: &Option<String>, name: &str, most: usize| {
            if there.is_some() {
                checks.push_str(&format!(
                    "static_assert(sizeof({name}) <= {}, \"{name} has at most {most} numbers\");\n",
                    4 * most
                ));
            }
        };
        check(&self.silhouette, "CustomSilhouetteState", MAX_SILHOUETTE_PLANES);
        check(&self.color, "CustomColorState", MAX_COLOR_PLANES);
        check(&self.color, "CustomColorCotangent", MAX_COLOR_PLANES);
        checks
    }
}
