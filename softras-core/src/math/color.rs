//! The color aggregators A_S, Over, hard and A_N: from all faces at a pixel to one color (MATH 5 and 7; paper, eq. 5 and
//! 6).
//!
//! An aggregator is a monoid over its state and a row of sums (one a channel): `identity`, `push` one face, `merge`
//! two states, `finish` with the background. Its reverse has two steps: [`ColorAggregator::pixel_vjp`] once a pixel,
//! [`ColorAggregator::pair_vjp`] for each face that was pushed.

mod any;
mod hard;
mod neural;
mod over;
mod softmax;

pub use any::AnyColorState;
pub use hard::{HardColor, HardState};
pub use neural::{MAX_HIDDEN, MAX_WEIGHT, Neural, NeuralLayout};
pub use over::{Over, OverCotangent, OverState};
pub use softmax::{Softmax, SoftmaxCotangent, SoftmaxState};

use super::custom::{Custom, DeviceLanguage, ErasedColor};
use super::distance::Edge;
use super::distribution::{Probability, ProbabilityGrad};
use super::planes::Planes;
use super::real::{Real, Scalar};

/// What all pixels of a picture share.
#[derive(Clone, Copy, Debug)]
pub struct ColorContext<'a, R: Real> {
    /// `1 / (range gamma)`: `zn / gamma` differs by `rate` times the difference of nearness.
    pub rate: R,
    /// `1 / gamma`.
    pub inv_gamma: R,
    /// The nearness of the background, where `zn = epsilon`.
    pub background_nearness: R,
    /// The aggregator's own weights (A_N), empty where it has none.
    pub weights: &'a [R::Scalar],
}

/// One face at one pixel, as a color aggregator sees it.
#[derive(Clone, Copy, Debug)]
pub struct ColorPair<'a, R: Real> {
    /// Its probability.
    pub p: Probability<R>,
    /// Its nearness q (see [`super::DepthMap`]).
    pub nearness: R,
    /// Its depth `z_p`.
    pub depth: R,
    /// Its number in the picture.
    pub face: R,
    /// Where the closed face holds the pixel centre.
    pub holds: R::Mask,
    /// Where the face has color here; elsewhere nothing is pushed, and no gradient flows.
    pub member: R::Mask,
    /// Its color, `[C]`.
    pub color: &'a [R],
}

/// One finished pixel, as the reverse sees it.
#[derive(Clone, Copy, Debug)]
pub struct ColorPixel<'a, S, R> {
    /// The state after `finish`.
    pub state: S,
    /// The sums after `finish`.
    pub sums: &'a [R],
    /// The background color, `[C]`.
    pub background: &'a [R],
}

/// The gradient of a loss at one pixel, as [`ColorAggregator::pair_vjp`] reads it.
#[derive(Clone, Copy, Debug)]
pub struct ColorCotangent<'a, T, R> {
    /// What the aggregator keeps for its faces.
    pub fixed: T,
    /// The gradient to the sums.
    pub sums: &'a [R],
}

/// Where the gradient to the weights of an aggregator is added.
#[derive(Debug)]
pub enum WeightSink<'a, R: Real> {
    /// Nowhere: it is not wanted.
    Nowhere,
    /// A sum for each weight in each lane, `[weights, LANES]`.
    Lanes(&'a mut [R::Scalar]),
}

impl<R: Real> WeightSink<'_, R> {
    /// Adds to the gradient of weight `n`.
    ///
    /// # Panics
    /// If there is no such weight.
    #[inline(always)]
    pub fn add(&mut self, n: usize, value: R) {
        if let Self::Lanes(sums) = self {
            let place = &mut sums[n * R::LANES..][..R::LANES];
            (value.load(place) + value).store(place);
        }
    }
}

/// Where [`ColorAggregator::pixel_vjp`] writes.
#[derive(Debug)]
pub struct ColorPixelGrad<'a, R: Real> {
    /// The gradient to the sums, overwritten.
    pub sums: &'a mut [R],
    /// The gradient to the background, `[C]`, added to.
    pub background: &'a mut [R],
    /// The gradient to the aggregator's weights, added to.
    pub weights: WeightSink<'a, R>,
}

/// The gradient of a loss with respect to what one face brought to one pixel.
#[derive(Clone, Copy, Debug)]
pub struct ColorPairGrad<R> {
    /// With respect to its probability.
    pub p: ProbabilityGrad<R>,
    /// With respect to its nearness.
    pub nearness: R,
    /// Its share of the gradient to gamma.
    pub gamma: R,
}

impl<R: Real> ColorPairGrad<R> {
    /// Returns no gradient.
    #[inline(always)]
    pub fn zero(like: R) -> Self {
        Self { p: ProbabilityGrad::zero(like), nearness: like.zero(), gamma: like.zero() }
    }
}

/// How a color comes from the colors of faces and background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mixing {
    /// By weights that are not negative, sum to 1 and know no color: the result lies between the colors it is made of,
    /// is linear in them, and a channel does not know the others.
    Convex,
    /// In any other way.
    Free,
}

/// The part of the renderer that turns faces into a color.
pub trait ColorAggregator: Clone + Send + Sync + 'static {
    /// The device kernel that does the same, if there is one.
    const KERNEL: Option<Color>;
    /// What is kept of the faces seen so far, beside the sums.
    type State<R: Real>: Planes<R>;
    /// What the reverse keeps for each pixel, beside the gradient to the sums.
    type Cotangent<R: Real>: Planes<R>;

    /// Returns how many sums a pixel has.
    fn sums(&self, channels: usize) -> usize {
        channels
    }
    /// Returns how many weights the aggregator has.
    fn weights(&self, _channels: usize) -> usize {
        0
    }
    /// Returns whether the color moves with probabilities and depths ([`Edge::Soft`]), or jumps from face to face and
    /// has no gradient to them.
    fn edge(&self) -> Edge {
        Edge::Soft
    }
    /// Returns how colors are mixed. The conformance suite holds the aggregator to its word.
    fn mixing(&self) -> Mixing {
        Mixing::Free
    }
    /// Returns the text of the part's functions in the language of a device, for a part of the user's own.
    ///
    /// The functions have the names and arguments of this trait's; `None`, the default, keeps the part on the host.
    fn device_text(&self, _language: DeviceLanguage) -> Option<&str> {
        None
    }
    /// Returns the state of no faces; its sums are zeros.
    fn identity<R: Real>(&self, like: R) -> Self::State<R>;
    /// Adds one face where it is a member.
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    );
    /// Joins the state and sums of other faces into `state` and `sums`.
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        other: (&Self::State<R>, &[R]),
    );
    /// Adds the background and writes the color `[C]`; leaves in state and sums what the reverse needs.
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    );
    /// Returns what the faces of this pixel need, and the gradient to epsilon, given `grad` with respect to the color.
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, Self::State<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (Self::Cotangent<R>, R);
    /// Returns the gradient to one face that was pushed; adds to `grad_color [C]` and `grad_weights`.
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, Self::State<R>, R>,
        cotangent: &ColorCotangent<'_, Self::Cotangent<R>, R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        grad_weights: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R>;
}

/// The closed list of color aggregators that settings, files and device kernels speak.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Color {
    /// [`Softmax`], the paper's A_S.
    #[default]
    Softmax,
    /// [`Over`].
    Over,
    /// [`HardColor`].
    Hard,
    /// [`Neural`], A_N: a network whose weights are a parameter ([`crate::raster::RasterParams::weights`]).
    Neural {
        /// Its hidden units, 1 to [`MAX_HIDDEN`].
        hidden: usize,
    },
    /// An aggregator of the user's own: runs on the CPU and the reference at once.
    Custom(Custom<dyn ErasedColor>),
}

/// Returns the nearness at which `zn = epsilon`, the background's (MATH 5).
#[inline(always)]
pub fn background_nearness<S: Scalar>(map: super::DepthMap, near: S, far: S, epsilon: S) -> S {
    map.nearness(far) + epsilon * map.range(near, far)
}
