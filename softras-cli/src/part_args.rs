//! The parts of the renderer on the command line.

use softras_fit::{Named, PartChoice};
use toml::Table;

use crate::config::put;

/// The parts that pictures are drawn with.
#[derive(Debug, clap::Args)]
pub(crate) struct PartArgs {
    /// A part to draw with: distance=WORD, distribution=WORD[:SHAPE] or silhouette=WORD[:SHAPE]; may be given for each
    #[arg(long = "part", value_name = "KIND=WORD")]
    part: Vec<PartChoice>,
}

impl PartArgs {
    pub(crate) const fn is_empty(&self) -> bool {
        self.part.is_empty()
    }
    pub(crate) fn put(&self, table: &mut Table, at: &str) {
        for part in &self.part {
            let (kind, word, shape) = match part {
                PartChoice::Distance(part) => ("distance", part.word(), &None),
                PartChoice::Distribution(part, shape) => ("distribution", part.word(), shape),
                PartChoice::Silhouette(part, shape) => ("silhouette", part.word(), shape),
            };
            put(table, &format!("{at}.{kind}"), Some(word));
            put(table, &format!("{at}.{kind}_shape"), *shape);
        }
    }
}
