//! Numbers of the renderer itself that are fitted with the surface: [`Learnt`], [`LearnSettings`].

use core::str::FromStr;

use serde::{Deserialize, Serialize};
use softras_core::math::{DistributionFunction, SilhouetteAggregator};
use softras_core::raster::{Gradients, RasterParams, Wanted};

use crate::error::{Error, Result};
use crate::parts::PartSettings;
use crate::ranges;
use crate::schedule::Schedule;

/// A number of the renderer that a fit may learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Learnt {
    /// Softness of edges; its logarithm is learnt.
    Sigma,
    /// Softness in depth; its logarithm is learnt.
    Gamma,
    /// The depth of the background.
    Epsilon,
    /// The distribution's own parameter.
    DistributionShape,
    /// p of the t-conorm.
    SilhouetteShape,
}

/// Which numbers of the renderer are learnt, and how fast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearnSettings {
    /// What is learnt, from what the settings say of the first step; its schedule is not used then. Nothing.
    pub numbers: Vec<Learnt>,
    /// The learning rate: of logarithms for sigma and gamma. 0.02.
    pub lr: Schedule,
}

impl Default for LearnSettings {
    fn default() -> Self {
        Self { numbers: Vec::new(), lr: Schedule::Constant(0.02) }
    }
}

impl LearnSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// `Setting` names the first value out of range, or a number that is there twice or that the parts do not have.
    pub fn check(&self, parts: &PartSettings) -> Result<()> {
        ranges::schedules(&[("learn.lr", &self.lr)])?;
        for (i, learnt) in self.numbers.iter().enumerate() {
            if learnt.range(parts).is_none() {
                let expected = "a number that the chosen distribution and silhouette have";
                return Err(Error::setting("learn.numbers", learnt.word(), expected));
            }
            if self.numbers[..i].contains(learnt) {
                return Err(Error::setting("learn.numbers", format!("{} twice", learnt.word()), "each once"));
            }
        }
        Ok(())
    }

    /// Returns what is fitted, of the first step's `params`.
    #[must_use]
    pub fn start(&self, params: &RasterParams) -> Vec<f32> {
        self.numbers.iter().map(|learnt| learnt.read(params)).collect()
    }

    /// Returns `params` with what was fitted.
    #[must_use]
    pub fn apply(&self, values: &[f32], params: RasterParams) -> RasterParams {
        self.numbers.iter().zip(values).fold(params, |params, (learnt, &value)| learnt.write(params, value))
    }

    /// Returns which gradients are needed.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.numbers.iter().fold(Wanted::NOTHING, |all, learnt| all | learnt.wanted())
    }

    /// Returns the gradient to what is fitted.
    #[must_use]
    pub fn vjp(&self, values: &[f32], gradients: &Gradients) -> Vec<f32> {
        self.numbers.iter().zip(values).map(|(learnt, &value)| learnt.vjp(value, gradients)).collect()
    }

    /// Keeps what is fitted where the parts have a meaning.
    pub fn clamp(&self, parts: &PartSettings, values: &mut [f32]) {
        for (learnt, value) in self.numbers.iter().zip(values) {
            if let Some((lowest, highest)) = learnt.range(parts) {
                *value = value.clamp(lowest, highest);
            }
        }
    }
}

impl FromStr for Learnt {
    type Err = String;

    fn from_str(text: &str) -> core::result::Result<Self, String> {
        Self::ALL.into_iter().find(|learnt| learnt.word() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::word).join(", ");
            format!("found {text:?}, expected one of {known}")
        })
    }
}

impl TryFrom<String> for Learnt {
    type Error = String;

    fn try_from(text: String) -> core::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Learnt> for String {
    fn from(learnt: Learnt) -> Self {
        learnt.word().to_owned()
    }
}

impl Learnt {
    /// Every number that may be learnt.
    pub const ALL: [Self; 5] =
        [Self::Sigma, Self::Gamma, Self::Epsilon, Self::DistributionShape, Self::SilhouetteShape];

    /// The word for it in files and on command lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sigma => "sigma",
            Self::Gamma => "gamma",
            Self::Epsilon => "epsilon",
            Self::DistributionShape => "distribution-shape",
            Self::SilhouetteShape => "silhouette-shape",
        }
    }

    /// Returns the number itself, of what is fitted.
    #[must_use]
    pub fn number(self, value: f32) -> f64 {
        match self {
            Self::Sigma | Self::Gamma => f64::from(value).exp(),
            Self::Epsilon | Self::DistributionShape | Self::SilhouetteShape => value.into(),
        }
    }

    /// What is fitted stays between these; nothing where the part has no such number, and lets any pass.
    fn range(self, parts: &PartSettings) -> Option<(f32, f32)> {
        let shapes = match self {
            Self::Sigma => return Some((f32::ln(1e-8), 0.0)),
            Self::Gamma => return Some((f32::ln(1e-7), f32::ln(1e3))),
            Self::Epsilon => return Some((-1.0, 2.0)),
            Self::DistributionShape => parts.distribution.shapes(),
            Self::SilhouetteShape => parts.silhouette.shapes(),
        };
        let (low, high) = (*shapes.start(), *shapes.end());
        // Rounded inwards.
        let lowest = if f64::from(low as f32) < low { (low as f32).next_up() } else { low as f32 };
        let highest = if f64::from(high as f32) > high { (high as f32).next_down() } else { high as f32 };
        (high < 1e6).then_some((lowest, highest))
    }

    fn read(self, params: &RasterParams) -> f32 {
        let number = match self {
            Self::Sigma => params.get_sigma(),
            Self::Gamma => params.get_gamma(),
            Self::Epsilon => params.get_epsilon(),
            Self::DistributionShape => params.get_distribution_shape(),
            Self::SilhouetteShape => params.get_t_conorm_shape(),
        };
        match self {
            Self::Sigma | Self::Gamma => number.of(0).ln(),
            Self::Epsilon | Self::DistributionShape | Self::SilhouetteShape => number.of(0),
        }
    }

    fn write(self, params: RasterParams, value: f32) -> RasterParams {
        let number = self.number(value) as f32;
        match self {
            Self::Sigma => params.sigma(number),
            Self::Gamma => params.gamma(number),
            Self::Epsilon => params.epsilon(number),
            Self::DistributionShape => params.distribution_shape(number),
            Self::SilhouetteShape => params.t_conorm_shape(number),
        }
    }

    const fn wanted(self) -> Wanted {
        match self {
            Self::Sigma => Wanted::SIGMA,
            Self::Gamma => Wanted::GAMMA,
            Self::Epsilon => Wanted::EPSILON,
            Self::DistributionShape => Wanted::DISTRIBUTION,
            Self::SilhouetteShape => Wanted::T_CONORM,
        }
    }

    fn vjp(self, value: f32, gradients: &Gradients) -> f32 {
        let each = match self {
            Self::Sigma => &gradients.sigma,
            Self::Gamma => &gradients.gamma,
            Self::Epsilon => &gradients.epsilon,
            Self::DistributionShape => &gradients.distribution,
            Self::SilhouetteShape => &gradients.t_conorm,
        };
        let sum: f64 = each.iter().flatten().map(|&g| f64::from(g)).sum();
        let slope = match self {
            Self::Sigma | Self::Gamma => self.number(value),
            Self::Epsilon | Self::DistributionShape | Self::SilhouetteShape => 1.0,
        };
        (slope * sum) as f32
    }
}
