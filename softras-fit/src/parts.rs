//! Which parts pictures are drawn with, by their words: [`PartSettings`].

use core::str::FromStr;

use serde::{Deserialize, Serialize};
use softras_core::math::{Color, Distance, DistanceMetric, Distribution, DistributionFunction, Silhouette};
use softras_core::raster::RasterParams;

/// The distance metric, the distribution and the silhouette aggregator, with what shapes the latter two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartSettings {
    /// What s measures: `euclidean` (the default), `barycentric` and others.
    #[serde(with = "word")]
    pub distance: Distance,
    /// F of D = F(s / sigma): `logistic` (the default), `gaussian` and others.
    #[serde(with = "word")]
    pub distribution: Distribution,
    /// The distribution's own parameter, if it has one. 1.
    pub distribution_shape: f64,
    /// A_O: `probabilistic-or` (the default), `sum`, `hard`, `max` and other t-conorms.
    #[serde(with = "word")]
    pub silhouette: Silhouette,
    /// p of the t-conorm, if it has one. 1.
    pub silhouette_shape: f64,
}

impl Default for PartSettings {
    fn default() -> Self {
        Self {
            distance: Distance::default(),
            distribution: Distribution::default(),
            distribution_shape: 1.0,
            silhouette: Silhouette::default(),
            silhouette_shape: 1.0,
        }
    }
}

impl PartSettings {
    /// Returns `params` with these parts. What is out of range is refused where they are first used.
    #[must_use]
    pub fn apply(&self, params: RasterParams) -> RasterParams {
        params
            .distance(self.distance.clone())
            .distribution(self.distribution.clone())
            .distribution_shape(self.distribution_shape as f32)
            .silhouette(self.silhouette.clone())
            .t_conorm_shape(self.silhouette_shape as f32)
    }

    /// Returns how far from a face, in screen units (a picture is 2 high), a pixel may still know of it.
    #[must_use]
    pub fn reach(&self, sigma: f64, dist_eps: f64) -> f64 {
        let bound = sigma * self.distribution.cut(dist_eps, self.distribution_shape);
        self.distance.reach(bound).min(bound.sqrt())
    }
}

/// A part that files and command lines name by a word.
pub trait Named: Clone + 'static {
    /// What it is called where its words are listed.
    const KIND: &'static str;
    /// All that have a word.
    fn all() -> &'static [Self];
    /// The word.
    fn word(&self) -> &'static str;

    /// Returns the part of a word.
    ///
    /// # Errors
    /// A sentence with all words, if it is none of them.
    fn named(word: &str) -> Result<Self, String> {
        Self::among(Self::all(), word)
            .map_err(|known| format!("{}: found {word:?}, expected one of {known}", Self::KIND))
    }

    /// Returns the part of a word among some.
    ///
    /// # Errors
    /// Their words, if it is none of them.
    fn among(some: &[Self], word: &str) -> Result<Self, String> {
        some.iter().find(|part| part.word() == word).cloned().ok_or_else(|| {
            let known: Vec<&str> = some.iter().map(Self::word).collect();
            known.join(", ")
        })
    }
}

macro_rules! named {
    ($($kind:ident = $word:literal),+) => {$(
        impl Named for $kind {
            const KIND: &'static str = $word;
            fn all() -> &'static [Self] {
                Self::BUILT_IN
            }
            fn word(&self) -> &'static str {
                self.name()
            }
        }
    )+};
}
named!(Distance = "distance", Distribution = "distribution", Silhouette = "silhouette", Color = "color");

/// Parts in files.
mod word {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Named;

    pub(super) fn serialize<T: Named, S: Serializer>(part: &T, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(part.word())
    }

    pub(super) fn deserialize<'de, T: Named, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        T::named(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// One part that is chosen: `distribution=gaussian`, or with what shapes it, `silhouette=yager:2`.
#[derive(Clone, Debug, PartialEq)]
pub enum PartChoice {
    /// `distance=WORD`.
    Distance(Distance),
    /// `distribution=WORD` or `distribution=WORD:SHAPE`.
    Distribution(Distribution, Option<f64>),
    /// `silhouette=WORD` or `silhouette=WORD:SHAPE`.
    Silhouette(Silhouette, Option<f64>),
}

impl FromStr for PartChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("found {text:?}, expected distance=, distribution= or silhouette= and a word");
        let (kind, value) = text.split_once('=').ok_or_else(wrong)?;
        let (word, shape) = match value.split_once(':') {
            None => (value, None),
            Some((word, shape)) => {
                let number = shape.parse::<f64>().ok().filter(|x| x.is_finite());
                (
                    word,
                    Some(number.ok_or_else(|| format!("found {shape:?} after {word}:, expected a number"))?),
                )
            }
        };
        match kind {
            "distance" if shape.is_some() => {
                Err(format!("found {text:?}, expected no shape: a distance has none"))
            }
            "distance" => Ok(Self::Distance(Distance::named(word)?)),
            "distribution" => Ok(Self::Distribution(Distribution::named(word)?, shape)),
            "silhouette" => Ok(Self::Silhouette(Silhouette::named(word)?, shape)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for distribution in Distribution::BUILT_IN {
            for silhouette in Silhouette::BUILT_IN {
                let (distribution, silhouette) = (distribution.clone(), silhouette.clone());
                let parts = PartSettings { distribution, silhouette, ..PartSettings::default() };
                let text = serde_json::to_string(&parts).unwrap();
                assert_eq!(serde_json::from_str::<PartSettings>(&text).unwrap(), parts, "{text}");
            }
        }
    }

    #[test]
    fn an_unknown_word_is_refused_with_all_that_are_known() {
        let said =
            serde_json::from_str::<PartSettings>(r#"{"distribution": "normal"}"#).unwrap_err().to_string();
        assert!(said.contains("\"normal\"") && said.contains("gaussian"), "{said}");
        for bad in
            ["logistic", "metric=euclidean", "distance=euclidean:2", "silhouette=yager:x", "silhouette="]
        {
            assert!(bad.parse::<PartChoice>().is_err(), "{bad}");
        }
        let chosen = "silhouette=yager:2".parse::<PartChoice>();
        assert_eq!(chosen, Ok(PartChoice::Silhouette(Silhouette::Yager, Some(2.0))));
    }

    #[test]
    fn a_heavy_tail_reaches_far() {
        let of = |distribution| PartSettings { distribution, ..PartSettings::default() }.reach(1e-4, 1e-4);
        assert!((of(Distribution::Logistic) - 0.0303).abs() < 1e-3, "{}", of(Distribution::Logistic));
        assert!(of(Distribution::Cauchy) > 0.5, "{}", of(Distribution::Cauchy));
    }
}
