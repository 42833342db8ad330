//! Parts of the user's own, behind an object.
//!
//! A user implements [`DistanceMetric`], [`DistributionFunction`], [`SilhouetteAggregator`] or [`ColorAggregator`] like
//! any built-in part, and wraps it: `Distance::custom(MyMetric)`. The traits are generic over the number type, so they
//! cannot be objects; here each is flattened to one object trait for each scalar type. It is internal plumbing: a
//! part's author never sees it.

use core::fmt;
use core::ops::RangeInclusive;
use std::sync::Arc;

use super::Dual;
use super::color::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, Mixing, WeightSink,
};
use super::distance::{Distance, DistanceMetric, Edge, Invariance};
use super::distribution::{Distribution, DistributionFunction, Probability, ProbabilityGrad};
use super::planes::Planes;
use super::real::{Real, Scalar};
use super::silhouette::{Adding, MAX_SILHOUETTE_PLANES, Silhouette, SilhouetteAggregator};
use super::triangle::Triangle;
use super::vector::Vec2;

/// The most planes the state, or the cotangent, of a color aggregator may have beside its sums.
pub const MAX_COLOR_PLANES: usize = 8;

/// The most lanes a [`Real`] may have.
pub const MAX_LANES: usize = 16;

/// A language in which a part of the user's own may bring its functions to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceLanguage {
    /// WGSL, compiled by the wgpu back end.
    Wgsl,
    /// CUDA C++, compiled by the CUDA back end.
    Cuda,
}

/// A part of the user's own. Two are equal if they are the same object.
pub struct Custom<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Custom<T> {
    /// The part.
    #[must_use]
    pub fn part(&self) -> &T {
        &self.0
    }
}
impl<T: ?Sized> Clone for Custom<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
impl<T: ?Sized> PartialEq for Custom<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl<T: ?Sized> fmt::Debug for Custom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}

impl Distance {
    /// Wraps a metric of the user's own.
    pub fn custom(part: impl DistanceMetric) -> Self {
        Self::Custom(Custom(Arc::new(part)))
    }
}
impl Distribution {
    /// Wraps a distribution of the user's own.
    pub fn custom(part: impl DistributionFunction) -> Self {
        Self::Custom(Custom(Arc::new(part)))
    }
}
impl Silhouette {
    /// Wraps a silhouette aggregator of the user's own, whose state has at most [`MAX_SILHOUETTE_PLANES`] numbers.
    ///
    /// A larger state does not compile.
    pub fn custom<T: SilhouetteAggregator>(part: T) -> Self {
        const { assert!(<T::State<f64> as Planes<f64>>::COUNT <= MAX_SILHOUETTE_PLANES) };
        Self::Custom(Custom(Arc::new(part)))
    }
}
impl Color {
    /// Wraps a color aggregator of the user's own, whose state and cotangent have at most [`MAX_COLOR_PLANES`] numbers.
    ///
    /// A larger state does not compile.
    pub fn custom<T: ColorAggregator>(part: T) -> Self {
        const {
            assert!(<T::State<f64> as Planes<f64>>::COUNT <= MAX_COLOR_PLANES);
            assert!(<T::Cotangent<f64> as Planes<f64>>::COUNT <= MAX_COLOR_PLANES);
        };
        Self::Custom(Custom(Arc::new(part)))
    }
}

/// Does the work of a part of the user's own out of line: kernels stay small, and its lanes go one by one anyway.
#[inline(never)]
pub(in crate::math) fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Builds `N` values lane by lane, calling `f` once a lane.
#[inline(always)]
pub(in crate::math) fn per_lane_array<R: Real, const N: usize>(
    like: R,
    mut f: impl FnMut(usize) -> [R::Scalar; N],
) -> [R; N] {
    let mut table = [[R::Scalar::ZERO; N]; MAX_LANES];
    for (i, row) in table.iter_mut().enumerate().take(R::LANES) {
        *row = f(i);
    }
    core::array::from_fn(|n| like.per_lane(|i| table[i][n]))
}

/// [`DistanceMetric`] on one scalar type.
pub trait DistanceOn<S: Scalar> {
    /// See [`DistanceMetric::signed`].
    fn signed_on(&self, face: &Triangle<S>, at: Vec2<S>, w: &[S; 3]) -> S;
    /// See [`DistanceMetric::signed_vjp`].
    fn signed_vjp_on(&self, face: &Triangle<S>, at: Vec2<S>, w: &[S; 3], grad: S) -> [Vec2<S>; 3];
}
/// [`DistanceMetric`] as an object.
pub trait ErasedDistance: DistanceOn<f32> + DistanceOn<f64> + DistanceOn<Dual> + Send + Sync {
    /// See [`DistanceMetric::reach`].
    fn reach_on(&self, bound: f64) -> f64;
    /// See [`DistanceMetric::edge`].
    fn edge_on(&self) -> Edge;
    /// See [`DistanceMetric::invariance`].
    fn invariance_on(&self) -> Invariance;
    /// See [`DistanceMetric::degree`].
    fn degree_on(&self) -> Option<i32>;
    /// See [`DistanceMetric::device_text`].
    fn device_text_on(&self, language: DeviceLanguage) -> Option<&str>;
}
impl<S: Scalar, T: DistanceMetric> DistanceOn<S> for T {
    fn signed_on(&self, face: &Triangle<S>, at: Vec2<S>, w: &[S; 3]) -> S {
        self.signed(face, at, w)
    }
    fn signed_vjp_on(&self, face: &Triangle<S>, at: Vec2<S>, w: &[S; 3], grad: S) -> [Vec2<S>; 3] {
        self.signed_vjp(face, at, w, grad)
    }
}
impl<T: DistanceMetric> ErasedDistance for T {
    fn reach_on(&self, bound: f64) -> f64 {
        DistanceMetric::reach(self, bound)
    }
    fn edge_on(&self) -> Edge {
        DistanceMetric::edge(self)
    }
    fn invariance_on(&self) -> Invariance {
        DistanceMetric::invariance(self)
    }
    fn degree_on(&self) -> Option<i32> {
        DistanceMetric::degree(self)
    }
    fn device_text_on(&self, language: DeviceLanguage) -> Option<&str> {
        DistanceMetric::device_text(self, language)
    }
}

/// [`DistributionFunction`] on one scalar type.
pub trait DistributionOn<S: Scalar> {
    /// See [`DistributionFunction::probability`].
    fn probability_on(&self, x: S, shape: S) -> Probability<S>;
    /// See [`DistributionFunction::shape_vjp`].
    fn shape_vjp_on(&self, x: S, shape: S, grad: &ProbabilityGrad<S>) -> S;
}
/// [`DistributionFunction`] as an object.
pub trait ErasedDistribution:
    DistributionOn<f32> + DistributionOn<f64> + DistributionOn<Dual> + Send + Sync
{
    /// See [`DistributionFunction::shapes`].
    fn shapes_on(&self) -> RangeInclusive<f64>;
    /// See [`DistributionFunction::cut`].
    fn cut_on(&self, dist_eps: f64, shape: f64) -> f64;
    /// See [`DistributionFunction::device_text`].
    fn device_text_on(&self, language: DeviceLanguage) -> Option<&str>;
}
impl<S: Scalar, T: DistributionFunction> DistributionOn<S> for T {
    fn probability_on(&self, x: S, shape: S) -> Probability<S> {
        self.probability(x, shape)
    }
    fn shape_vjp_on(&self, x: S, shape: S, grad: &ProbabilityGrad<S>) -> S {
        self.shape_vjp(x, shape, grad)
    }
}
impl<T: DistributionFunction> ErasedDistribution for T {
    fn shapes_on(&self) -> RangeInclusive<f64> {
        DistributionFunction::shapes(self)
    }
    fn cut_on(&self, dist_eps: f64, shape: f64) -> f64 {
        DistributionFunction::cut(self, dist_eps, shape)
    }
    fn device_text_on(&self, language: DeviceLanguage) -> Option<&str> {
        DistributionFunction::device_text(self, language)
    }
}

type SilhouettePlanes<S> = [S; MAX_SILHOUETTE_PLANES];

/// [`SilhouetteAggregator`] on one scalar type.
pub trait SilhouetteOn<S: Scalar> {
    /// See [`SilhouetteAggregator::identity`].
    fn identity_on(&self, like: S) -> SilhouettePlanes<S>;
    /// See [`SilhouetteAggregator::push`].
    fn push_on(&self, state: &mut SilhouettePlanes<S>, p: &Probability<S>, shape: S);
    /// See [`SilhouetteAggregator::merge`].
    fn merge_on(&self, state: &mut SilhouettePlanes<S>, other: &SilhouettePlanes<S>);
    /// See [`SilhouetteAggregator::finish`].
    fn finish_on(&self, state: &mut SilhouettePlanes<S>, faces: S, shape: S) -> S;
    /// See [`SilhouetteAggregator::pair_vjp`].
    fn pair_vjp_on(
        &self,
        state: &SilhouettePlanes<S>,
        p: &Probability<S>,
        faces: S,
        shape: S,
        grad: S,
    ) -> ProbabilityGrad<S>;
    /// See [`SilhouetteAggregator::shape_vjp`].
    fn shape_vjp_on(&self, state: &SilhouettePlanes<S>, p: &Probability<S>, faces: S, shape: S, grad: S)
    -> S;
}
/// [`SilhouetteAggregator`] as an object.
pub trait ErasedSilhouette: SilhouetteOn<f32> + SilhouetteOn<f64> + SilhouetteOn<Dual> + Send + Sync {
    /// See [`SilhouetteAggregator::shapes`].
    fn shapes_on(&self) -> RangeInclusive<f64>;
    /// See [`SilhouetteAggregator::edge`].
    fn edge_on(&self) -> Edge;
    /// See [`SilhouetteAggregator::adding`].
    fn adding_on(&self) -> Adding;
    /// See [`SilhouetteAggregator::device_text`].
    fn device_text_on(&self, language: DeviceLanguage) -> Option<&str>;
}
impl<T: SilhouetteAggregator> ErasedSilhouette for T {
    fn shapes_on(&self) -> RangeInclusive<f64> {
        SilhouetteAggregator::shapes(self)
    }
    fn edge_on(&self) -> Edge {
        SilhouetteAggregator::edge(self)
    }
    fn adding_on(&self) -> Adding {
        SilhouetteAggregator::adding(self)
    }
    fn device_text_on(&self, language: DeviceLanguage) -> Option<&str> {
        SilhouetteAggregator::device_text(self, language)
    }
}
impl<S: Scalar, T: SilhouetteAggregator> SilhouetteOn<S> for T {
    fn identity_on(&self, like: S) -> SilhouettePlanes<S> {
        let mut planes = [S::ZERO; MAX_SILHOUETTE_PLANES];
        self.identity(like).store(&mut planes);
        planes
    }
    fn push_on(&self, planes: &mut SilhouettePlanes<S>, p: &Probability<S>, shape: S) {
        let mut state = T::State::load(planes);
        self.push(&mut state, p, true, shape);
        state.store(planes);
    }
    fn merge_on(&self, planes: &mut SilhouettePlanes<S>, other: &SilhouettePlanes<S>) {
        let mut state = T::State::load(planes);
        self.merge(&mut state, &T::State::load(other));
        state.store(planes);
    }
    fn finish_on(&self, planes: &mut SilhouettePlanes<S>, faces: S, shape: S) -> S {
        let mut state = T::State::load(planes);
        let alpha = self.finish(&mut state, faces, shape);
        state.store(planes);
        alpha
    }
    fn pair_vjp_on(
        &self,
        planes: &SilhouettePlanes<S>,
        p: &Probability<S>,
        faces: S,
        shape: S,
        grad: S,
    ) -> ProbabilityGrad<S> {
        self.pair_vjp(&T::State::load(planes), p, faces, shape, grad)
    }
    fn shape_vjp_on(
        &self,
        planes: &SilhouettePlanes<S>,
        p: &Probability<S>,
        faces: S,
        shape: S,
        grad: S,
    ) -> S {
        self.shape_vjp(&T::State::load(planes), p, faces, shape, grad)
    }
}

type ColorPlanes<S> = [S; MAX_COLOR_PLANES];

/// [`ColorAggregator`] on one scalar type.
pub trait ColorOn<S: Scalar> {
    /// See [`ColorAggregator::identity`].
    fn identity_on(&self, like: S) -> ColorPlanes<S>;
    /// See [`ColorAggregator::push`].
    fn push_on(
        &self,
        context: &ColorContext<'_, S>,
        state: &mut ColorPlanes<S>,
        sums: &mut [S],
        pair: &ColorPair<'_, S>,
    );
    /// See [`ColorAggregator::merge`].
    fn merge_on(
        &self,
        context: &ColorContext<'_, S>,
        state: &mut ColorPlanes<S>,
        sums: &mut [S],
        other: (&ColorPlanes<S>, &[S]),
    );
    /// See [`ColorAggregator::finish`].
    fn finish_on(
        &self,
        context: &ColorContext<'_, S>,
        state: &mut ColorPlanes<S>,
        sums: &mut [S],
        background: &[S],
        color: &mut [S],
    );
    /// See [`ColorAggregator::pixel_vjp`].
    fn pixel_vjp_on(
        &self,
        context: &ColorContext<'_, S>,
        pixel: &ColorPixel<'_, ColorPlanes<S>, S>,
        grad: &[S],
        out: &mut ColorPixelGrad<'_, S>,
    ) -> (ColorPlanes<S>, S);
    /// See [`ColorAggregator::pair_vjp`].
    fn pair_vjp_on(
        &self,
        context: &ColorContext<'_, S>,
        pixel: &ColorPixel<'_, ColorPlanes<S>, S>,
        cotangent: &ColorCotangent<'_, ColorPlanes<S>, S>,
        pair: &ColorPair<'_, S>,
        grad_color: &mut [S],
        grad_weights: &mut WeightSink<'_, S>,
    ) -> ColorPairGrad<S>;
}
/// [`ColorAggregator`] as an object.
pub trait ErasedColor: ColorOn<f32> + ColorOn<f64> + ColorOn<Dual> + Send + Sync {
    /// See [`ColorAggregator::sums`].
    fn sums_on(&self, channels: usize) -> usize;
    /// See [`ColorAggregator::weights`].
    fn weights_on(&self, channels: usize) -> usize;
    /// See [`ColorAggregator::edge`].
    fn edge_on(&self) -> Edge;
    /// See [`ColorAggregator::mixing`].
    fn mixing_on(&self) -> Mixing;
    /// See [`ColorAggregator::device_text`].
    fn device_text_on(&self, language: DeviceLanguage) -> Option<&str>;
}
impl<T: ColorAggregator> ErasedColor for T {
    fn sums_on(&self, channels: usize) -> usize {
        ColorAggregator::sums(self, channels)
    }
    fn weights_on(&self, channels: usize) -> usize {
        ColorAggregator::weights(self, channels)
    }
    fn edge_on(&self) -> Edge {
        ColorAggregator::edge(self)
    }
    fn mixing_on(&self) -> Mixing {
        ColorAggregator::mixing(self)
    }
    fn device_text_on(&self, language: DeviceLanguage) -> Option<&str> {
        ColorAggregator::device_text(self, language)
    }
}
impl<S: Scalar, T: ColorAggregator> ColorOn<S> for T {
    fn identity_on(&self, like: S) -> ColorPlanes<S> {
        let mut planes = [S::ZERO; MAX_COLOR_PLANES];
        self.identity(like).store(&mut planes);
        planes
    }
    fn push_on(
        &self,
        context: &ColorContext<'_, S>,
        planes: &mut ColorPlanes<S>,
        sums: &mut [S],
        pair: &ColorPair<'_, S>,
    ) {
        let mut state = T::State::load(planes);
        self.push(context, &mut state, sums, pair);
        state.store(planes);
    }
    fn merge_on(
        &self,
        context: &ColorContext<'_, S>,
        planes: &mut ColorPlanes<S>,
        sums: &mut [S],
        other: (&ColorPlanes<S>, &[S]),
    ) {
        let mut state = T::State::load(planes);
        self.merge(context, &mut state, sums, (&T::State::load(other.0), other.1));
        state.store(planes);
    }
    fn finish_on(
        &self,
        context: &ColorContext<'_, S>,
        planes: &mut ColorPlanes<S>,
        sums: &mut [S],
        background: &[S],
        color: &mut [S],
    ) {
        let mut state = T::State::load(planes);
        self.finish(context, &mut state, sums, background, color);
        state.store(planes);
    }
    fn pixel_vjp_on(
        &self,
        context: &ColorContext<'_, S>,
        pixel: &ColorPixel<'_, ColorPlanes<S>, S>,
        grad: &[S],
        out: &mut ColorPixelGrad<'_, S>,
    ) -> (ColorPlanes<S>, S) {
        let (fixed, epsilon) = self.pixel_vjp(context, &typed::<S, T>(pixel), grad, out);
        let mut planes = [S::ZERO; MAX_COLOR_PLANES];
        fixed.store(&mut planes);
        (planes, epsilon)
    }
    fn pair_vjp_on(
        &self,
        context: &ColorContext<'_, S>,
        pixel: &ColorPixel<'_, ColorPlanes<S>, S>,
        cotangent: &ColorCotangent<'_, ColorPlanes<S>, S>,
        pair: &ColorPair<'_, S>,
        grad_color: &mut [S],
        grad_weights: &mut WeightSink<'_, S>,
    ) -> ColorPairGrad<S> {
        let cotangent = ColorCotangent { fixed: T::Cotangent::load(&cotangent.fixed), sums: cotangent.sums };
        self.pair_vjp(context, &typed::<S, T>(pixel), &cotangent, pair, grad_color, grad_weights)
    }
}

fn typed<'a, S: Scalar, T: ColorAggregator>(
    pixel: &ColorPixel<'a, ColorPlanes<S>, S>,
) -> ColorPixel<'a, T::State<S>, S> {
    ColorPixel { state: T::State::load(&pixel.state), sums: pixel.sums, background: pixel.background }
}

/// The scalar types a part of the user's own runs on: `f32`, `f64`, dual numbers.
pub trait Erase: Scalar {
    /// The metric on this type.
    fn distance(part: &dyn ErasedDistance) -> &dyn DistanceOn<Self>;
    /// The distribution on this type.
    fn distribution(part: &dyn ErasedDistribution) -> &dyn DistributionOn<Self>;
    /// The silhouette aggregator on this type.
    fn silhouette(part: &dyn ErasedSilhouette) -> &dyn SilhouetteOn<Self>;
    /// The color aggregator on this type.
    fn color(part: &dyn ErasedColor) -> &dyn ColorOn<Self>;
}
macro_rules! erase {
    ($($t:ty),+) => {$(
        impl Erase for $t {
            fn distance(part: &dyn ErasedDistance) -> &dyn DistanceOn<Self> {
                part
            }
            fn distribution(part: &dyn ErasedDistribution) -> &dyn DistributionOn<Self> {
                part
            }
            fn silhouette(part: &dyn ErasedSilhouette) -> &dyn SilhouetteOn<Self> {
                part
            }
            fn color(part: &dyn ErasedColor) -> &dyn ColorOn<Self> {
                part
            }
        }
    )+};
}
erase!(f32, f64, Dual);
