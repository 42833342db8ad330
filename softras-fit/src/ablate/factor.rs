//! What an ablation changes: [`Factor`] and the words that each one has.

use core::fmt;
use core::str::FromStr;

use softras_core::math::{Color, ColorAggregator, Distance, Distribution, Silhouette};

use super::task::Task;
use crate::error::{Error, Result};
use crate::settings::ColorMode;

/// A part of the renderer, or of what it is fitted by, that is swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Factor {
    /// The distance metric.
    Distance,
    /// The distribution of the probability map.
    Distribution,
    /// The silhouette aggregator A_O.
    Silhouette,
    /// The color aggregator A_S.
    Color,
    /// Which parts the loss has.
    Loss,
}

impl Factor {
    /// All of them, in the order of [`super::Cell::words`].
    pub const ALL: [Self; 5] =
        [Self::Distance, Self::Distribution, Self::Silhouette, Self::Color, Self::Loss];

    /// Its name on the command line and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distance => "distance",
            Self::Distribution => "distribution",
            Self::Silhouette => "silhouette",
            Self::Color => "color",
            Self::Loss => "loss",
        }
    }

    /// The words that it has in `task`, the default first; a single one where the task has no choice.
    ///
    /// The words of the renderer's parts are their own names: a part that is added there is known here. Color aggregators
    /// with weights of their own are left out: nothing says here which weights.
    #[must_use]
    pub fn words(self, task: Task) -> Vec<&'static str> {
        let (first, all): (&'static str, Vec<&'static str>) = match self {
            Self::Distance => {
                (Distance::default().name(), Distance::BUILT_IN.iter().map(Distance::name).collect())
            }
            Self::Distribution => (
                Distribution::default().name(),
                Distribution::BUILT_IN.iter().map(Distribution::name).collect(),
            ),
            Self::Silhouette => {
                (Silhouette::default().name(), Silhouette::BUILT_IN.iter().map(Silhouette::name).collect())
            }
            Self::Color => {
                let weightless = Color::BUILT_IN.iter().filter(|color| color.weights(1) == 0);
                let all = if task.draws_color { weightless.map(Color::name).collect() } else { Vec::new() };
                (Color::from(ColorMode::default()).name(), all)
            }
            Self::Loss => (task.losses[0], task.losses.to_vec()),
        };
        let others = all.into_iter().filter(|word| *word != first);
        core::iter::once(first).chain(others).collect()
    }

    /// Finds `word` among those of `task`.
    ///
    /// # Errors
    /// `Setting` lists the words that are known.
    pub fn word(self, task: Task, word: &str) -> Result<&'static str> {
        let known = self.words(task);
        known.iter().copied().find(|other| *other == word).ok_or_else(|| {
            let expected = format!("one of {} for the task {task}", known.join(", "));
            Error::setting(self.name(), format!("{word:?}"), expected)
        })
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Factor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|factor| factor.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::setting("factor", format!("{text:?}"), names)
        })
    }
}
