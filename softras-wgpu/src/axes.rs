//! The compile-time axes of the kernels: outputs, distribution, silhouette aggregator, color aggregator, texture kind,
//! channels, and parts of the user's own by their text.

use softras_core::math::{Color, DeviceLanguage, Distance, Distribution, NeuralLayout, Silhouette};
use softras_core::raster::{Outputs, RasterParams, TextureFamily};

use crate::custom::Text;
use crate::error::{Result, WgpuError};
use crate::kernels::{Stage, has_section};

/// Values of the gradient of a face: corners, sigma, gamma, and the two shapes.
pub(crate) const FACE_VALUES: u32 = 13;

/// The most color channels a module is built for: its arrays must fit registers and workgroup memory.
pub(crate) const MAX_CHANNELS: usize = 48;

/// Numbers of the state of a user's aggregator, and of its cotangent: those that its text may use.
pub(crate) const CUSTOM_PLANES: u32 = 4;

/// The pixels that a workgroup of `forward` draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Tile {
    /// 16 x 16.
    #[default]
    Square,
    /// 32 across, 8 down.
    Wide,
    /// 8 across, 32 down.
    Tall,
}

impl Tile {
    /// Every shape.
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[Self::Square, Self::Wide, Self::Tall];

    /// Pixels across and down.
    pub(crate) const fn size(self) -> (u32, u32) {
        match self {
            Self::Square => (16, 16),
            Self::Wide => (32, 8),
            Self::Tall => (8, 32),
        }
    }

    /// What the side of a bin is a multiple of, so that no tile lies in two.
    pub(crate) const fn side(self) -> u32 {
        match self {
            Self::Square => 16,
            Self::Wide | Self::Tall => 32,
        }
    }

    /// The constants that the shape gives the text.
    pub(crate) fn constants(self) -> String {
        let (width, height) = self.size();
        format!("const TILE_WIDTH: u32 = {width}u;\nconst TILE_HEIGHT: u32 = {height}u;\n")
    }
}

/// Whether the text of a kernel depends on an axis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depends {
    Yes,
    No,
}

/// A distance metric with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DistanceKernel {
    /// Any that is built in: a uniform branch.
    BuiltIn,
    /// A user's own.
    Custom(Text),
}

impl DistanceKernel {
    /// The kernel of a setting, if there is one.
    pub(crate) fn of(distance: &Distance) -> Option<Self> {
        match distance {
            Distance::Custom(own) => {
                own.part().device_text_on(DeviceLanguage::Wgsl).map(Text::of).map(Self::Custom)
            }
            _ => Some(Self::BuiltIn),
        }
    }

    /// The prefix of the functions of the metric that is none of the others.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::BuiltIn => "euclidean_",
            Self::Custom(_) => "custom_distance_",
        }
    }
}

/// A distribution with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DistributionKernel {
    /// One that is built in: the name of its section.
    Named(&'static str),
    /// A user's own.
    Custom(Text),
}

impl DistributionKernel {
    /// The paper's.
    pub(crate) const LOGISTIC: Self = Self::Named(Distribution::Logistic.name());

    /// The kernel of a setting, if there is one.
    pub(crate) fn of(distribution: &Distribution) -> Option<Self> {
        if let Distribution::Custom(own) = distribution {
            return own.part().device_text_on(DeviceLanguage::Wgsl).map(Text::of).map(Self::Custom);
        }
        let own = Self::Named(distribution.name());
        (own == Self::LOGISTIC || has_section(distribution.name())).then_some(own)
    }

    /// The prefix of its functions.
    pub(crate) fn prefix(self) -> String {
        match self {
            Self::Named(name) => name.replace('-', "_") + "_",
            Self::Custom(_) => "custom_distribution_".to_owned(),
        }
    }
}

/// A silhouette aggregator with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SilhouetteKernel {
    ProbabilisticOr,
    Sum,
    Hard,
    Max,
    /// Of a generator: the name of its section.
    TConorm(&'static str),
    /// A user's own.
    Custom(Text),
}

impl SilhouetteKernel {
    /// Those of the paper.
    #[cfg(test)]
    pub(crate) const IN_PAPER: &[Self] = &[Self::ProbabilisticOr, Self::Sum, Self::Hard];

    /// The kernel of a setting, if there is one.
    pub(crate) fn of(silhouette: &Silhouette) -> Option<Self> {
        match silhouette {
            Silhouette::ProbabilisticOr => Some(Self::ProbabilisticOr),
            Silhouette::Sum => Some(Self::Sum),
            Silhouette::Hard => Some(Self::Hard),
            Silhouette::Max => Some(Self::Max),
            Silhouette::Custom(own) => {
                own.part().device_text_on(DeviceLanguage::Wgsl).map(Text::of).map(Self::Custom)
            }
            other => has_section(other.name()).then_some(Self::TConorm(other.name())),
        }
    }

    /// The kernel of a setting, if pictures are drawn with it.
    pub(crate) fn drawn(silhouette: &Silhouette) -> Option<Self> {
        match silhouette {
            // Near p = 0 the gradient to sigma loses more digits in `f32` than the suite allows.
            Silhouette::SchweizerSklar => None,
            other => Self::of(other),
        }
    }

    /// The prefix of its functions, and its state.
    pub(crate) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ProbabilisticOr => ("probabilistic_or_", "Transmittance"),
            Self::Sum => ("sum_", "Total"),
            Self::Hard => ("hard_silhouette_", "Covered"),
            Self::Max => ("max_", "Largest"),
            Self::TConorm(_) => ("t_conorm_", "Folded"),
            Self::Custom(_) => ("custom_silhouette_", "CustomSilhouetteState"),
        }
    }

    /// Numbers of its state.
    pub(crate) const fn planes(self) -> u32 {
        match self {
            Self::Custom(_) => CUSTOM_PLANES,
            Self::Max => 2,
            Self::ProbabilisticOr | Self::Sum | Self::Hard | Self::TConorm(_) => 1,
        }
    }
}

/// A color aggregator with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ColorKernel {
    Softmax,
    Over,
    Hard,
    /// A network.
    Neural {
        /// Its hidden units.
        hidden: u32,
    },
    /// A user's own.
    Custom(Text),
}

impl ColorKernel {
    /// Each that is built in; the networks that take most memory and least.
    #[cfg(test)]
    pub(crate) const ALL: &[Self] =
        &[Self::Softmax, Self::Over, Self::Hard, Self::Neural { hidden: 32 }, Self::Neural { hidden: 1 }];

    /// The kernel of a setting, if there is one.
    pub(crate) fn of(color: &Color) -> Option<Self> {
        match color {
            Color::Custom(own) => {
                own.part().device_text_on(DeviceLanguage::Wgsl).map(Text::of).map(Self::Custom)
            }
            Color::Softmax => Some(Self::Softmax),
            Color::Over => Some(Self::Over),
            Color::Hard => Some(Self::Hard),
            Color::Neural { hidden } => Some(Self::Neural { hidden: *hidden as u32 }),
            _ => None,
        }
    }

    /// The prefix of its functions, and that of its structures.
    pub(crate) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Softmax => ("softmax_", "Softmax"),
            Self::Over => ("over_", "Over"),
            Self::Hard => ("hard_color_", "Hard"),
            Self::Neural { .. } => ("neural_", "Neural"),
            Self::Custom(_) => ("custom_color_", "CustomColor"),
        }
    }

    /// Numbers of its state.
    pub(crate) const fn planes(self) -> u32 {
        match self {
            Self::Softmax => 3,
            Self::Over => 4,
            Self::Hard => 2,
            Self::Neural { .. } => 0,
            Self::Custom(_) => CUSTOM_PLANES,
        }
    }

    /// Numbers of its cotangent, beside the gradient to the sums.
    pub(crate) const fn cotangent_planes(self) -> u32 {
        match self {
            Self::Softmax => 2,
            Self::Over => 3,
            Self::Hard | Self::Neural { .. } => 0,
            Self::Custom(_) => CUSTOM_PLANES,
        }
    }

    /// Its sums.
    pub(crate) const fn sums(self, channels: u32) -> u32 {
        match self {
            Self::Neural { hidden } => hidden,
            Self::Softmax | Self::Over | Self::Hard | Self::Custom(_) => channels,
        }
    }

    /// Rounds of loops that one face takes one pixel, beside those that all aggregators take: forward, at most.
    pub(crate) const fn rounds(self, channels: u32) -> u32 {
        match self {
            Self::Neural { hidden } => hidden * (1 + channels),
            Self::Softmax | Self::Over | Self::Hard | Self::Custom(_) => 0,
        }
    }

    /// The same, backward.
    pub(crate) const fn rounds_back(self, channels: u32) -> u32 {
        match self {
            Self::Neural { hidden } => hidden * (4 + 2 * channels),
            Self::Softmax | Self::Over | Self::Hard | Self::Custom(_) => 0,
        }
    }

    /// How its weights stand, if it has some.
    pub(crate) const fn layout(self, channels: u32) -> Option<NeuralLayout> {
        match self {
            Self::Neural { hidden } => {
                Some(NeuralLayout { hidden: hidden as usize, channels: channels as usize })
            }
            Self::Softmax | Self::Over | Self::Hard | Self::Custom(_) => None,
        }
    }
}

/// A point of the compile-time axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Axes {
    pub(crate) outputs: Outputs,
    pub(crate) distance: DistanceKernel,
    pub(crate) distribution: DistributionKernel,
    pub(crate) silhouette: SilhouetteKernel,
    pub(crate) color: ColorKernel,
    pub(crate) texture: TextureFamily,
    pub(crate) channels: u32,
}

impl Axes {
    /// The same module under one name: what a stage does not read does not count.
    pub(crate) fn of_stage(mut self, stage: Stage) -> Self {
        let (aggregators, texture) = stage.depends_on();
        // Asked first: where no color is drawn no item holds corner texels, whatever else the text depends on.
        let color = self.outputs.color();
        if texture == Depends::No || !color {
            self.texture = TextureFamily::Surface;
        }
        if (aggregators == Depends::No && texture == Depends::No) || !color {
            self.channels = 1;
        }
        if aggregators == Depends::No || !color {
            self.color = ColorKernel::Softmax;
        }
        if aggregators == Depends::No || !self.outputs.silhouette() {
            self.silhouette = SilhouetteKernel::ProbabilisticOr;
        }
        if aggregators == Depends::No {
            self.outputs = Outputs::Both;
        }
        if aggregators == Depends::No || stage == Stage::Prepare {
            self.distance = DistanceKernel::BuiltIn;
            self.distribution = DistributionKernel::LOGISTIC;
        }
        self
    }

    /// Numbers of the gradient of an item of a face: those of a face, and of its corner texels.
    pub(crate) const fn item_values(&self) -> u32 {
        FACE_VALUES + if self.vertex_texture() { 3 * self.channels } else { 0 }
    }

    /// Numbers of the cotangent of a pixel.
    pub(crate) const fn cotangent_stride(&self) -> u32 {
        self.fixed_at() + if self.outputs.color() { self.color.cotangent_planes() + self.sums() } else { 0 }
    }

    /// Sums of the color aggregator at a pixel.
    pub(crate) const fn sums(&self) -> u32 {
        self.color.sums(self.channels)
    }

    /// Planes of a picture, and of its gradient.
    pub(crate) const fn picture_planes(&self) -> u32 {
        self.alpha_at() + self.outputs.silhouette() as u32
    }

    const fn alpha_at(&self) -> u32 {
        if self.outputs.color() { self.channels } else { 0 }
    }

    const fn fixed_at(&self) -> u32 {
        self.outputs.silhouette() as u32
    }

    const fn vertex_texture(&self) -> bool {
        self.outputs.color() && matches!(self.texture, TextureFamily::Vertex)
    }

    /// The constants that the axes give the text.
    pub(crate) fn constants(&self) -> String {
        let corner_texels = if self.vertex_texture() { 3 * self.channels } else { 1 };
        let truths = [
            ("DRAWS_SILHOUETTE", self.outputs.silhouette()),
            ("DRAWS_COLOR", self.outputs.color()),
            ("VERTEX_TEXTURE", self.vertex_texture()),
        ];
        let numbers = [
            ("CHANNELS", self.channels),
            ("SUMS", self.sums()),
            ("CORNER_TEXELS", corner_texels),
            ("TEXTURE_TERMS", 64 * self.channels),
            ("ITEM_VALUES", self.item_values()),
            ("PLANES_OF_SILHOUETTE", self.silhouette.planes()),
            ("PLANES_OF_COLOR", self.color.planes()),
            ("COTANGENT_PLANES", self.color.cotangent_planes()),
            ("COTANGENT_STRIDE", self.cotangent_stride()),
            ("FIXED_AT", self.fixed_at()),
            ("PICTURE_PLANES", self.picture_planes()),
            ("ALPHA_AT", self.alpha_at()),
        ];
        let mut text = String::new();
        for (name, value) in truths {
            text.push_str(&format!("const {name}: bool = {value};\n"));
        }
        for (name, value) in numbers {
            text.push_str(&format!("const {name}: u32 = {value}u;\n"));
        }
        text.push_str(&self.constants_of_weights());
        text.push_str("alias CornerTexels = array<f32, CORNER_TEXELS>;\n\n");
        text
    }
}

/// Returns the axes of a render, or the name of the part that has no kernel.
pub(crate) fn axes(params: &RasterParams, texture: TextureFamily, channels: usize) -> Result<Axes> {
    let part = |what: &str| WgpuError::refused("choosing kernels", format!("{what} has no kernel"));
    let (distance, distribution) = (params.get_distance(), params.get_distribution());
    let (silhouette, color) = (params.get_silhouette(), params.get_color());
    Ok(Axes {
        outputs: *params.get_outputs(),
        distance: DistanceKernel::of(distance).ok_or_else(|| part(distance.name()))?,
        distribution: DistributionKernel::of(distribution).ok_or_else(|| part(distribution.name()))?,
        silhouette: SilhouetteKernel::drawn(silhouette).ok_or_else(|| part(silhouette.name()))?,
        color: ColorKernel::of(color).ok_or_else(|| part(color.name()))?,
        texture,
        channels: channels.max(1) as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_that_share_a_buffer_agree_on_how_it_lies() {
        for outputs in [Outputs::Both, Outputs::Silhouette, Outputs::Color] {
            for texture in [TextureFamily::Vertex, TextureFamily::Surface] {
                let (silhouette, color) = (SilhouetteKernel::Sum, ColorKernel::Over);
                let (distance, distribution) = (DistanceKernel::BuiltIn, DistributionKernel::LOGISTIC);
                let axes = Axes { outputs, distance, distribution, silhouette, color, texture, channels: 5 };
                for stage in [Stage::BackwardItems, Stage::Combine] {
                    assert_eq!(axes.of_stage(stage).item_values(), axes.item_values(), "{stage:?} {axes:?}");
                }
                for stage in [Stage::Prepare, Stage::Backward, Stage::BackwardItems, Stage::BackwardTexture] {
                    let own = axes.of_stage(stage);
                    assert_eq!(own.cotangent_stride(), axes.cotangent_stride(), "{stage:?} {axes:?}");
                }
                for stage in [Stage::Forward, Stage::Prepare] {
                    let own = axes.of_stage(stage);
                    assert_eq!(own.picture_planes(), axes.picture_planes(), "{stage:?} {axes:?}");
                }
            }
        }
    }
}
