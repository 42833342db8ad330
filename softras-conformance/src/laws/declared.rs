//! What a back end declares, as laws ask for it.

use core::fmt::Debug;

use softras_core::math::{
    Color, ColorAggregator, Cutoff, Distance, DistanceMetric, Distribution, Edge, Silhouette,
    SilhouetteAggregator,
};
use softras_core::raster::{Outputs, TextureFamily};

use super::Under;
use crate::law::Gauge;
use crate::strategy;
use crate::subject::Tested;

/// What a law cannot do without.
#[derive(Clone, Copy, Default)]
pub(super) struct Needs<'a> {
    pub(super) distances: &'a [Distance],
    pub(super) silhouettes: &'a [Silhouette],
    pub(super) colors: &'a [Color],
    pub(super) cutoffs: &'a [Cutoff],
    pub(super) outputs: &'a [Outputs],
    pub(super) textures: &'a [TextureFamily],
}

impl<R: Tested> Under<'_, R> {
    /// The metrics that it declares: built in, or handed to [`Subject::with_parts`](crate::Subject::with_parts).
    pub(super) fn distances(&self) -> impl Iterator<Item = &Distance> {
        self.can.distances.iter().filter(|part| strategy::is_known(*part))
    }

    /// Those of them that blur.
    pub(super) fn soft_distances(&self) -> impl Iterator<Item = &Distance> {
        self.distances().filter(|part| part.edge() == Edge::Soft)
    }

    /// The distributions that it declares.
    pub(super) fn distributions(&self) -> impl Iterator<Item = &Distribution> {
        self.can.distributions.iter().filter(|part| strategy::is_known(*part))
    }

    /// The silhouette aggregators that it declares.
    pub(super) fn silhouettes(&self) -> impl Iterator<Item = &Silhouette> {
        self.can.silhouettes.iter().filter(|part| strategy::is_known(*part))
    }

    /// Those of them that have a gradient.
    pub(super) fn soft_silhouettes(&self) -> impl Iterator<Item = &Silhouette> {
        self.silhouettes().filter(|part| part.edge() == Edge::Soft)
    }

    /// The color aggregators that it declares.
    pub(super) fn colors(&self) -> impl Iterator<Item = &Color> {
        self.can.colors.iter().filter(|part| strategy::is_known(*part))
    }

    /// Those of them that have a gradient.
    pub(super) fn soft_colors(&self) -> impl Iterator<Item = &Color> {
        self.colors().filter(|part| part.edge() == Edge::Soft)
    }

    /// What the law returns if the back end does not declare all that it needs.
    pub(super) fn lacks(&self, needs: Needs<'_>) -> Option<Gauge> {
        let can = &self.can;
        let mut lacks = missing("distance", needs.distances, &can.distances);
        lacks.extend(missing("silhouette", needs.silhouettes, &can.silhouettes));
        lacks.extend(missing("color", needs.colors, &can.colors));
        lacks.extend(missing("cut-off", needs.cutoffs, &can.cutoffs));
        lacks.extend(missing("outputs", needs.outputs, &can.outputs));
        lacks.extend(missing("texture", needs.textures, &can.textures));
        (!lacks.is_empty()).then(|| Gauge { lacks, ..Gauge::default() })
    }
}

fn missing<T: Debug + PartialEq>(what: &str, needed: &[T], listed: &[T]) -> Vec<String> {
    needed.iter().filter(|part| !listed.contains(part)).map(|part| format!("{what} {part:?}")).collect()
}
