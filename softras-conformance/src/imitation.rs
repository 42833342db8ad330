//! A part of a user's own that does what a built-in one does: [`Imitation`].

use softras_core::math::{
    Color, ColorAggregator, ColorContext, ColorCotangent, ColorPair, ColorPairGrad, ColorPixel,
    ColorPixelGrad, DeviceLanguage, Distance, DistanceMetric, Distribution, DistributionFunction, Edge,
    Probability, ProbabilityGrad, Real, Triangle, Vec2, WeightSink,
};

/// Does what the built-in part `A` does, under no name that a back end knows: a back end takes it for a user's own, and must
/// give what it gives with `A`.
///
/// Of what a part may promise it promises nothing, but keeps to the traits' defaults.
///
/// ```
/// use softras_conformance::Imitation;
/// use softras_core::math::{Distance, Euclidean};
///
/// let own = Distance::custom(Imitation::of(Euclidean));
/// assert_ne!(own, Distance::Euclidean);
/// ```
#[derive(Clone, Debug)]
pub struct Imitation<A> {
    of: A,
    text: Option<(DeviceLanguage, &'static str)>,
}

impl<A> Imitation<A> {
    /// One that stays on the host.
    pub const fn of(part: A) -> Self {
        Self { of: part, text: None }
    }

    /// Brings the text of its functions in the language of a device.
    #[must_use]
    pub fn with_text(self, language: DeviceLanguage, text: &'static str) -> Self {
        Self { text: Some((language, text)), ..self }
    }

    fn text(&self, language: DeviceLanguage) -> Option<&str> {
        self.text.filter(|(own, _)| *own == language).map(|(_, text)| text)
    }
}

impl<A: DistanceMetric> DistanceMetric for Imitation<A> {
    const KERNEL: Option<Distance> = None;
    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        self.of.signed(face, at, w)
    }
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3] {
        self.of.signed_vjp(face, at, w, grad_s)
    }
    fn reach(&self, bound: f64) -> f64 {
        self.of.reach(bound)
    }
    fn edge(&self) -> Edge {
        self.of.edge()
    }
    fn device_text(&self, language: DeviceLanguage) -> Option<&str> {
        self.text(language)
    }
}

impl<A: DistributionFunction> DistributionFunction for Imitation<A> {
    const KERNEL: Option<Distribution> = None;
    fn probability<R: Real>(&self, x: R, shape: R) -> Probability<R> {
        self.of.probability(x, shape)
    }
    fn shape_vjp<R: Real>(&self, x: R, shape: R, grad: &ProbabilityGrad<R>) -> R {
        self.of.shape_vjp(x, shape, grad)
    }
    fn cut(&self, dist_eps: f64, shape: f64) -> f64 {
        self.of.cut(dist_eps, shape)
    }
    fn device_text(&self, language: DeviceLanguage) -> Option<&str> {
        self.text(language)
    }
}

impl<A: ColorAggregator> ColorAggregator for Imitation<A> {
    const KERNEL: Option<Color> = None;
    type State<R: Real> = A::State<R>;
    type Cotangent<R: Real> = A::Cotangent<R>;
    fn sums(&self, channels: usize) -> usize {
        self.of.sums(channels)
    }
    fn weights(&self, channels: usize) -> usize {
        self.of.weights(channels)
    }
    fn edge(&self) -> Edge {
        self.of.edge()
    }
    fn device_text(&self, language: DeviceLanguage) -> Option<&str> {
        self.text(language)
    }
    fn identity<R: Real>(&self, like: R) -> Self::State<R> {
        self.of.identity(like)
    }
    fn push<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        pair: &ColorPair<'_, R>,
    ) {
        self.of.push(context, state, sums, pair);
    }
    fn merge<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        other: (&Self::State<R>, &[R]),
    ) {
        self.of.merge(context, state, sums, other);
    }
    fn finish<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        state: &mut Self::State<R>,
        sums: &mut [R],
        background: &[R],
        color: &mut [R],
    ) {
        self.of.finish(context, state, sums, background, color);
    }
    fn pixel_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, Self::State<R>, R>,
        grad: &[R],
        out: &mut ColorPixelGrad<'_, R>,
    ) -> (Self::Cotangent<R>, R) {
        self.of.pixel_vjp(context, pixel, grad, out)
    }
    fn pair_vjp<R: Real>(
        &self,
        context: &ColorContext<'_, R>,
        pixel: &ColorPixel<'_, Self::State<R>, R>,
        cotangent: &ColorCotangent<'_, Self::Cotangent<R>, R>,
        pair: &ColorPair<'_, R>,
        grad_color: &mut [R],
        grad_weights: &mut WeightSink<'_, R>,
    ) -> ColorPairGrad<R> {
        self.of.pair_vjp(context, pixel, cotangent, pair, grad_color, grad_weights)
    }
}
