//! The settings of `softras render`.

use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use softras_fit::PartSettings;

use crate::input::Size;

/// What stands behind the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Background {
    /// Nothing: the picture has an alpha channel.
    Transparent,
    /// One color.
    Color([u8; 3]),
}

impl Background {
    /// The color, in 0..=1; white where there is none.
    pub(crate) fn color(self) -> [f32; 3] {
        match self {
            Self::Transparent => [1.0; 3],
            Self::Color(bytes) => bytes.map(|b| f32::from(b) / 255.0),
        }
    }
}

impl FromStr for Background {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let byte = |i: usize| text.get(i..i + 2).and_then(|t| u8::from_str_radix(t, 16).ok());
        match (text, text.strip_prefix('#')) {
            ("transparent", _) => Ok(Self::Transparent),
            ("white", _) => Ok(Self::Color([255; 3])),
            ("black", _) => Ok(Self::Color([0; 3])),
            (_, Some(hex)) if hex.len() == 6 => match (byte(1), byte(3), byte(5)) {
                (Some(r), Some(g), Some(b)) => Ok(Self::Color([r, g, b])),
                _ => Err(format!("found {text:?}, expected #rrggbb in hexadecimal digits")),
            },
            _ => Err(format!("found {text:?}, expected white, black, transparent or #rrggbb")),
        }
    }
}

impl TryFrom<String> for Background {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Background> for String {
    fn from(background: Background) -> Self {
        match background {
            Background::Transparent => "transparent".to_owned(),
            Background::Color([r, g, b]) => format!("#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

/// How faces make the color of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RenderColor {
    /// The paper's softmax over depth, background included
    Softmax,
    /// Softmax among faces, laid over the background by the silhouette
    Over,
    /// The nearest face
    Hard,
    /// A network over the set of faces, with the weights of --weights
    Neural,
}

/// The settings of `softras render`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RenderConfig {
    pub(crate) size: Size,
    pub(crate) sigma: f64,
    pub(crate) gamma: f64,
    pub(crate) distance: f64,
    pub(crate) elevation: f64,
    pub(crate) azimuth: f64,
    pub(crate) fov: f64,
    pub(crate) at: [f64; 3],
    pub(crate) color: RenderColor,
    /// The weights of a network, nothing for other colors.
    pub(crate) weights: String,
    pub(crate) background: Background,
    pub(crate) normalize: bool,
    pub(crate) light: bool,
    pub(crate) texels: usize,
    pub(crate) backend: String,
    pub(crate) threads: usize,
    pub(crate) parts: PartSettings,
}

impl Default for RenderConfig {
    fn default() -> Self {
        Self {
            size: Size { width: 512, height: 512 },
            sigma: 1e-5,
            gamma: 1e-4,
            distance: 2.732,
            elevation: 30.0,
            azimuth: 0.0,
            fov: 30.0,
            at: [0.0; 3],
            color: RenderColor::Over,
            weights: String::new(),
            background: Background::Color([255; 3]),
            normalize: true,
            light: true,
            texels: 0,
            backend: "auto".to_owned(),
            threads: 0,
            parts: PartSettings::default(),
        }
    }
}
