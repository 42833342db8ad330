//! The kernel modules: their text, one for each point of the compile-time axes, compiled when they are first used.
//!
//! The axes are stage, outputs, silhouette aggregator, color aggregator, texture kind, and for how many channels there is
//! room; all other choices are uniform branches.

use softras_core::math::{Color, MAX_COLOR_PLANES, MAX_SILHOUETTE_PLANES, Neural, Silhouette};
use softras_core::raster::{Outputs, TextureFamily};

use crate::compiler::{Program, Rounding};
use crate::custom::Texts;
use crate::family;
use crate::shared::{CONSTANTS, SIZES, STRUCTURES, TYPES};

macro_rules! texts {
    ($($name:ident = $file:literal;)+) => {
        $(pub(crate) const $name: &str = include_str!(concat!("kernels/", $file));)+
    };
}

texts! {
    REAL = "real.cuh";
    VECTOR = "vector.cuh";
    EXP = "exp.cuh";
    TRIANGLE = "triangle.cuh";
    DISTANCE = "distance.cuh";
    DISTRIBUTION = "distribution.cuh";
    SPECIAL = "special.cuh";
    TAIL = "distribution/tail.cuh";
    SYMMETRIC = "distribution/symmetric.cuh";
    ONE_SIDED = "distribution/one_sided.cuh";
    SILHOUETTE = "silhouette.cuh";
    MAX = "silhouette/max.cuh";
    T_CONORM = "silhouette/t_conorm.cuh";
    DEPTH = "depth.cuh";
    COLOR = "color.cuh";
    SOFTMAX = "color/softmax.cuh";
    OVER = "color/over.cuh";
    HARD = "color/hard.cuh";
    NEURAL = "color/neural.cuh";
    TEXTURE = "texture.cuh";
    PAIR = "pair.cuh";
    FACES = "faces.cuh";
    STATE = "state.cuh";
    COTANGENT = "cotangent.cuh";
    SETUP = "setup.cu";
    BIN = "bin.cu";
    SCAN = "scan.cu";
    FORWARD = "forward.cu";
    PREPARE = "prepare.cu";
    PREPARE_WEIGHTS = "prepare_weights.cu";
    BACKWARD = "backward.cu";
    BACKWARD_TEXTURE = "backward_texture.cu";
    BACKWARD_WEIGHTS = "backward_weights.cu";
    COMBINE = "combine.cu";
    REDUCE = "reduce.cu";
    PROBE = "probe.cu";
    BRUTE = "brute.cu";
}

/// A kernel: an entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Setup,
    BinCount,
    Scan,
    ScanAdd,
    Totals,
    BinFill,
    Forward,
    Prepare,
    PrepareWeights,
    Backward,
    BackwardTexture,
    BackwardWeights,
    Combine,
    Reduce,
    ReduceWeights,
    Gather,
    Probe,
    BruteFaces,
    BruteForward,
    BruteBackward,
}

/// Kernels that are compiled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    /// Those that know no aggregator.
    Plain,
    /// What draws.
    Forward,
    /// What goes back.
    Backward,
    /// What runs functions alone.
    Probe,
    /// The official algorithm, to be measured against.
    Brute,
}

impl Stage {
    /// The name of the entry point.
    pub(crate) const fn entry(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::BinCount => "bin_count",
            Self::Scan => "scan",
            Self::ScanAdd => "scan_add",
            Self::Totals => "totals",
            Self::BinFill => "bin_fill",
            Self::Forward => "forward",
            Self::Prepare => "prepare",
            Self::PrepareWeights => "prepare_weights",
            Self::Backward => "backward",
            Self::BackwardTexture => "backward_texture",
            Self::BackwardWeights => "backward_weights",
            Self::Combine => "combine",
            Self::Reduce => "reduce",
            Self::ReduceWeights => "reduce_weights",
            Self::Gather => "gather",
            Self::Probe => "probe",
            Self::BruteFaces => "brute_faces",
            Self::BruteForward => "brute_forward",
            Self::BruteBackward => "brute_backward",
        }
    }

    /// Threads of a block.
    pub(crate) const fn threads(self) -> u32 {
        match self {
            Self::PrepareWeights | Self::Backward | Self::BackwardTexture | Self::BackwardWeights => 64,
            Self::Totals => 32,
            Self::BruteFaces | Self::BruteForward | Self::BruteBackward => 512,
            _ => 256,
        }
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Forward => Family::Forward,
            Self::Prepare
            | Self::PrepareWeights
            | Self::Backward
            | Self::BackwardTexture
            | Self::BackwardWeights => Family::Backward,
            Self::Probe => Family::Probe,
            Self::BruteFaces | Self::BruteForward | Self::BruteBackward => Family::Brute,
            _ => Family::Plain,
        }
    }
}

impl Family {
    fn files(self) -> Vec<&'static str> {
        const MATH: &[&str] = &[
            REAL,
            VECTOR,
            EXP,
            TRIANGLE,
            DISTANCE,
            DISTRIBUTION,
            SILHOUETTE,
            DEPTH,
            COLOR,
            SOFTMAX,
            OVER,
            HARD,
            TEXTURE,
            PAIR,
            FACES,
            STATE,
        ];
        let with = |own: &[&'static str]| MATH.iter().chain(own).copied().collect();
        match self {
            Self::Plain => vec![REAL, VECTOR, TRIANGLE, FACES, SETUP, BIN, SCAN, COMBINE, REDUCE],
            Self::Forward => with(&[FORWARD]),
            Self::Backward => with(&[COTANGENT, PREPARE, BACKWARD, BACKWARD_TEXTURE]),
            Self::Probe => with(&[PROBE]),
            Self::Brute => vec![REAL, BRUTE],
        }
    }
}

/// A silhouette aggregator with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SilhouetteKernel {
    ProbabilisticOr,
    Sum,
    Hard,
    /// One by its text: the user's own, or a t-conorm.
    Custom,
}

impl SilhouetteKernel {
    pub(crate) const ALL: &[Self] = &[Self::ProbabilisticOr, Self::Sum, Self::Hard];

    /// The kernel of a setting, if there is one.
    pub(crate) fn of(silhouette: &Silhouette) -> Option<Self> {
        match silhouette {
            Silhouette::ProbabilisticOr => Some(Self::ProbabilisticOr),
            Silhouette::Sum => Some(Self::Sum),
            Silhouette::Hard => Some(Self::Hard),
            Silhouette::Custom(_) => Some(Self::Custom),
            other => family::silhouette(other.name()).map(|_| Self::Custom),
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
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ProbabilisticOr => ("probabilistic_or_", "Transmittance"),
            Self::Sum => ("sum_", "Total"),
            Self::Hard => ("hard_silhouette_", "Covered"),
            Self::Custom => ("custom_silhouette_", "CustomSilhouetteState"),
        }
    }

    /// Numbers of its state, or room for those of the user's own.
    pub(crate) const fn planes(self) -> u32 {
        match self {
            Self::ProbabilisticOr | Self::Sum | Self::Hard => 1,
            Self::Custom => MAX_SILHOUETTE_PLANES as u32,
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
    /// One of the user's own, by its text.
    Custom,
}

impl ColorKernel {
    pub(crate) const ALL: &[Self] =
        &[Self::Softmax, Self::Over, Self::Hard, Self::Neural { hidden: Neural::DEFAULT_HIDDEN as u32 }];

    /// The kernel of a setting, if there is one.
    pub(crate) const fn of(color: &Color) -> Option<Self> {
        match color {
            Color::Softmax => Some(Self::Softmax),
            Color::Over => Some(Self::Over),
            Color::Hard => Some(Self::Hard),
            Color::Neural { hidden } => Some(Self::Neural { hidden: *hidden as u32 }),
            Color::Custom(_) => Some(Self::Custom),
            _ => None,
        }
    }

    /// The prefix of its functions, and that of its structures.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Softmax => ("softmax_", "Softmax"),
            Self::Over => ("over_", "Over"),
            Self::Hard => ("hard_color_", "Hard"),
            Self::Neural { .. } => ("neural_", "Neural"),
            Self::Custom => ("custom_color_", "CustomColor"),
        }
    }

    /// Numbers of its state, or room for those of the user's own.
    pub(crate) const fn planes(self) -> u32 {
        match self {
            Self::Softmax => 3,
            Self::Over => 4,
            Self::Hard => 2,
            Self::Neural { .. } => 0,
            Self::Custom => MAX_COLOR_PLANES as u32,
        }
    }

    /// Numbers of its cotangent, beside the gradient to the sums, or room for those of the user's own.
    pub(crate) const fn cotangent_planes(self) -> u32 {
        match self {
            Self::Softmax => 2,
            Self::Over => 3,
            Self::Hard | Self::Neural { .. } => 0,
            Self::Custom => MAX_COLOR_PLANES as u32,
        }
    }

    /// Its sums.
    pub(crate) const fn sums(self, channels: u32) -> u32 {
        match self {
            Self::Neural { hidden } => hidden,
            Self::Softmax | Self::Over | Self::Hard | Self::Custom => channels,
        }
    }
}

/// Numbers of channels that kernels are compiled for; a picture uses the first that holds its own.
pub(crate) const ROOMS: &[u32] = &[3, 8, 32, 128];

/// A point of the compile-time axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Axes {
    pub(crate) outputs: Outputs,
    pub(crate) silhouette: SilhouetteKernel,
    pub(crate) color: ColorKernel,
    pub(crate) texture: TextureFamily,
    /// One of [`ROOMS`].
    pub(crate) channels: u32,
    /// Parts of the user's own, as [`crate::loaded::Kernels::custom`] numbered their texts.
    pub(crate) custom: Option<usize>,
}

impl Axes {
    /// The paper's renderer of silhouettes and vertex colors.
    pub(crate) const PAPER: Self = Self {
        outputs: Outputs::Both,
        silhouette: SilhouetteKernel::ProbabilisticOr,
        color: ColorKernel::Softmax,
        texture: TextureFamily::Vertex,
        channels: 3,
        custom: None,
    };

    /// The same module under one name: what a family does not read does not count.
    pub(crate) fn of_family(mut self, family: Family) -> Self {
        match family {
            Family::Probe => {
                let silhouette = match self.silhouette {
                    SilhouetteKernel::Custom => SilhouetteKernel::Custom,
                    _ => SilhouetteKernel::ProbabilisticOr,
                };
                let color = match self.color {
                    ColorKernel::Neural { hidden } => ColorKernel::Neural { hidden },
                    _ => ColorKernel::Softmax,
                };
                return Self { channels: 1, custom: self.custom, silhouette, color, ..Self::PAPER };
            }
            Family::Brute => return Self::PAPER,
            Family::Plain | Family::Forward | Family::Backward => {}
        }
        if family == Family::Plain {
            self.outputs = Outputs::Silhouette;
            self.silhouette = SilhouetteKernel::ProbabilisticOr;
            self.custom = None;
        }
        if !self.outputs.silhouette() {
            self.silhouette = SilhouetteKernel::ProbabilisticOr;
        }
        if !self.outputs.color() {
            self.color = ColorKernel::Softmax;
            self.texture = TextureFamily::Surface;
            self.channels = 1;
        }
        self
    }

    /// Planes of the gradient of a pixel.
    pub(crate) const fn cotangent_planes(&self, channels: u32) -> u32 {
        // With color, one says whether there is any gradient.
        let own = if self.outputs.color() {
            1 + self.color.cotangent_planes() + self.color.sums(channels)
        } else {
            0
        };
        self.outputs.silhouette() as u32 + own
    }

    /// Tells whether texels lie at the corners.
    pub(crate) const fn vertex_texture(&self) -> bool {
        self.outputs.color() && matches!(self.texture, TextureFamily::Vertex)
    }

    /// The name of the module of a family at these axes: `forward-both-or-softmax-vertex-3`.
    pub(crate) fn name(&self, family: Family) -> String {
        match family {
            Family::Plain => return "plain".to_owned(),
            Family::Probe if matches!(self.color, ColorKernel::Neural { .. }) => {
                return "probe-neural".to_owned();
            }
            Family::Probe => return "probe".to_owned(),
            Family::Brute => return "brute".to_owned(),
            Family::Forward | Family::Backward => {}
        }
        let mut parts = vec![if family == Family::Forward { "forward" } else { "backward" }.to_owned()];
        parts.push(
            match self.outputs {
                Outputs::Both => "both",
                Outputs::Silhouette => "silhouette",
                Outputs::Color => "color",
            }
            .to_owned(),
        );
        if self.outputs.silhouette() {
            parts.push(self.silhouette.names().0.trim_end_matches('_').replace('_', "-"));
        }
        if self.outputs.color() {
            parts.push(self.color.names().0.trim_end_matches('_').replace('_', "-"));
            if let ColorKernel::Neural { hidden } = self.color {
                parts.push(hidden.to_string());
            }
            parts.push(if self.vertex_texture() { "vertex" } else { "surface" }.to_owned());
            parts.push(self.channels.to_string());
        }
        if self.custom.is_some() {
            parts.push("own".to_owned());
        }
        parts.join("-")
    }

    /// What the axes define for the compiler.
    fn definitions(&self) -> Vec<String> {
        let (silhouette, silhouette_state) = self.silhouette.names();
        let (color, color_structures) = self.color.names();
        let mut all = vec![
            format!("-DDRAWS_SILHOUETTE={}", u32::from(self.outputs.silhouette())),
            format!("-DDRAWS_COLOR={}", u32::from(self.outputs.color())),
            format!("-DVERTEX_TEXTURE={}", u32::from(self.vertex_texture())),
            format!("-DCHANNELS={}", self.channels),
            format!("-DSILHOUETTE_PREFIX={silhouette}"),
            format!("-DSilhouetteState={silhouette_state}"),
            format!("-DCOLOR_PREFIX={color}"),
        ];
        match self.color {
            // A module that runs functions alone has the sums of all aggregators.
            ColorKernel::Neural { hidden } => {
                all.extend([format!("-DHIDDEN={hidden}u"), "-DSums=NeuralSums".to_owned()]);
            }
            _ => all.push("-DSums=Channels".to_owned()),
        }
        for structure in ["State", "Pixel", "Cotangent"] {
            all.push(format!("-DColor{structure}={color_structures}{structure}"));
        }
        all
    }
}

/// The text of a module with the texts of parts of the user's own, and what is defined for it.
pub(crate) fn program(family: Family, axes: &Axes, own: &Texts) -> Program {
    let axes = axes.of_family(family);
    // A module without a silhouette has the plain aggregator, whatever is asked for.
    let silhouette = own.silhouette.clone().filter(|_| axes.silhouette == SilhouetteKernel::Custom);
    let own = &Texts { silhouette, ..own.clone() };
    let mut text = String::from(TYPES);
    text.push_str(CONSTANTS);
    text.push_str(STRUCTURES);
    for (name, size) in SIZES {
        text.push_str(&format!("static_assert(sizeof({name}) == {size}, \"as on the host\");\n"));
    }
    for file in family.files() {
        text.push('\n');
        text.push_str(file);
        if let ColorKernel::Neural { .. } = axes.color {
            let own = match file {
                HARD => NEURAL,
                PREPARE => PREPARE_WEIGHTS,
                BACKWARD_TEXTURE => BACKWARD_WEIGHTS,
                _ => "",
            };
            text.push('\n');
            text.push_str(own);
        }
        // A part of the user's own stands after the file it belongs to.
        let part = match file {
            DISTANCE => &own.distance,
            DISTRIBUTION => &own.distribution,
            SILHOUETTE => &own.silhouette,
            HARD => &own.color,
            _ => &None,
        };
        if let Some(part) = part {
            text.push('\n');
            text.push_str(part);
            text.push('\n');
        }
    }
    text.push_str(&own.checks());
    let rounding = if family == Family::Brute { Rounding::Fused } else { Rounding::Exact };
    let mut definitions = axes.definitions();
    definitions.extend(own.definitions());
    // Without a text that it reads it is the module without any, and has its name.
    let axes = Axes { custom: axes.custom.filter(|_| *own != Texts::default()), ..axes };
    Program { name: axes.name(family), text, definitions, rounding }
}
