//! What a back end can do, declared; what it cannot is refused by name.

use crate::error::{Error, Result};
use crate::math::{Color, Cutoff, DeviceLanguage, Distance, Distribution, Scalar, Silhouette, TextureKind};
use crate::scene::Faces;

use super::params::{Outputs, RasterParams, Saturation};

/// Which textures a back end reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextureFamily {
    /// [`TextureKind::Vertex`].
    Vertex,
    /// [`TextureKind::Surface`].
    Surface,
}

impl From<TextureKind> for TextureFamily {
    fn from(kind: TextureKind) -> Self {
        match kind {
            TextureKind::Vertex => Self::Vertex,
            TextureKind::Surface { .. } => Self::Surface,
        }
    }
}

/// Whether a back end runs parts of the user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomParts {
    /// Any part written in Rust.
    Rust,
    /// Parts that bring their function text in the device's language.
    DeviceText(DeviceLanguage),
    /// None.
    Refused,
}

/// What a choice of distribution and silhouette costs a back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choices {
    /// A branch.
    Branches,
    /// Kernels of its own, built when it is first drawn with.
    Kernels,
}

/// What a back end can do. The conformance suite runs every law over all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Capabilities {
    /// Scalar types, by [`Scalar::NAME`].
    pub scalars: Vec<&'static str>,
    /// Distance metrics.
    pub distances: Vec<Distance>,
    /// Distributions.
    pub distributions: Vec<Distribution>,
    /// Silhouette aggregators.
    pub silhouettes: Vec<Silhouette>,
    /// Color aggregators.
    pub colors: Vec<Color>,
    /// Texture families.
    pub textures: Vec<TextureFamily>,
    /// Cut-offs.
    pub cutoffs: Vec<Cutoff>,
    /// Outputs.
    pub outputs: Vec<Outputs>,
    /// What it can do at opaque pixels.
    pub saturations: Vec<Saturation>,
    /// Parts of the user's own.
    pub custom: CustomParts,
    /// What a choice of distribution and silhouette costs it.
    pub choices: Choices,
    /// The most pixels along a side.
    pub max_side: usize,
}

impl Capabilities {
    /// Everything there is, on the host.
    #[must_use]
    pub fn everything(scalars: &[&'static str]) -> Self {
        Self {
            scalars: scalars.to_vec(),
            distances: Distance::BUILT_IN.to_vec(),
            distributions: Distribution::BUILT_IN.to_vec(),
            silhouettes: Silhouette::BUILT_IN.to_vec(),
            colors: Color::BUILT_IN.to_vec(),
            textures: vec![TextureFamily::Vertex, TextureFamily::Surface],
            cutoffs: vec![Cutoff::Hard, Cutoff::None, Cutoff::Smooth],
            outputs: vec![Outputs::Both, Outputs::Silhouette, Outputs::Color],
            saturations: vec![Saturation::Exact, Saturation::Skip],
            custom: CustomParts::Rust,
            choices: Choices::Branches,
            max_side: 1 << 16,
        }
    }

    /// The published renderer alone: Euclidean distance, logistic, probabilistic or, depth softmax, colors at vertices,
    /// a hard cut-off; silhouette and color at once.
    #[must_use]
    pub fn published(scalars: &[&'static str]) -> Self {
        Self {
            distances: vec![Distance::Euclidean],
            distributions: vec![Distribution::Logistic],
            silhouettes: vec![Silhouette::ProbabilisticOr],
            colors: vec![Color::Softmax],
            textures: vec![TextureFamily::Vertex],
            cutoffs: vec![Cutoff::Hard],
            outputs: vec![Outputs::Both],
            saturations: vec![Saturation::Exact],
            custom: CustomParts::Refused,
            ..Self::everything(scalars)
        }
    }

    /// Checks that `backend` can draw `faces` with `params`.
    ///
    /// # Errors
    /// `Unsupported` names what it cannot do and lists what it can.
    pub fn check<R: Scalar>(&self, backend: &str, faces: &Faces<R>, params: &RasterParams<R>) -> Result<()> {
        let refuse = |what: String, supported: String| {
            Err(Error::Unsupported { backend: backend.to_owned(), what, supported })
        };
        macro_rules! listed {
            ($what:literal, $value:expr, $list:expr) => {
                if !$list.contains($value) {
                    return refuse(format!(concat!($what, " {:?}"), $value), format!("{:?}", $list));
                }
            };
        }
        macro_rules! part {
            ($what:literal, $value:expr, $list:expr, $enum:ident) => {
                match ($value, self.custom) {
                    ($enum::Custom(_), CustomParts::Rust) => {}
                    ($enum::Custom(own), CustomParts::DeviceText(language))
                        if own.part().device_text_on(language).is_some() => {}
                    _ => listed!($what, $value, $list),
                }
            };
        }
        listed!("scalar type", &R::NAME, self.scalars);
        part!("distance", params.get_distance(), self.distances, Distance);
        part!("distribution", params.get_distribution(), self.distributions, Distribution);
        part!("silhouette", params.get_silhouette(), self.silhouettes, Silhouette);
        // A network is listed by its kind: any number of hidden units will do.
        if !self.colors.iter().any(|listed| listed.is_kind_of(params.get_color())) {
            part!("color", params.get_color(), self.colors, Color);
        }
        listed!("cut-off", params.get_cutoff(), self.cutoffs);
        listed!("outputs", params.get_outputs(), self.outputs);
        listed!("saturation", params.get_saturation(), self.saturations);
        if let Some(textures) = faces.textures() {
            listed!("textures", &TextureFamily::from(textures.kind()), self.textures);
        }
        if params.width().max(params.height()) > self.max_side {
            let found = format!("pictures of {} x {} pixels", params.width(), params.height());
            return refuse(found, format!("at most {} pixels a side", self.max_side));
        }
        Ok(())
    }
}
