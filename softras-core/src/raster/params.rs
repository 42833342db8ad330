//! How faces are drawn: [`RasterParams`].

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::math::{
    Color, Cutoff, DepthMap, Distance, Distribution, DistributionFunction, Interpolation, Neural, Scalar,
    Silhouette, SilhouetteAggregator,
};
use crate::scene::{MAX_COLOR, is_color};

/// What the ends of a range may be off by when they are written in `f32`.
const ROUNDING: f64 = 1e-6;

/// Which pictures are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outputs {
    /// Color and silhouette.
    #[default]
    Both,
    /// The silhouette alone.
    Silhouette,
    /// The color alone.
    Color,
}

impl Outputs {
    /// Tells whether the silhouette is drawn.
    #[must_use]
    pub const fn silhouette(self) -> bool {
        matches!(self, Self::Both | Self::Silhouette)
    }
    /// Tells whether the color is drawn.
    #[must_use]
    pub const fn color(self) -> bool {
        matches!(self, Self::Both | Self::Color)
    }
}

/// Which sides of a face have color. The silhouette does not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sides {
    /// Both.
    #[default]
    Double,
    /// The front alone ([`crate::scene::Faces::front`]).
    Front,
}

/// What a silhouette-only picture does at pixels that are already opaque.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Saturation {
    /// Every face counts. The default; all laws are about it.
    #[default]
    Exact,
    /// A pixel may stop once `T < 2^-25`: alpha is then exactly 1 in `f32`, and its gradient below 1e-7.
    Skip,
}

/// A number that all pictures of a batch share, or one for each.
#[derive(Clone, Debug, PartialEq)]
pub enum PerPicture<R> {
    /// The same for all.
    Same(R),
    /// One a picture, `[B]`.
    Each(Vec<R>),
}

impl<R: Scalar> PerPicture<R> {
    /// The number of picture `b`.
    ///
    /// # Panics
    /// If there are numbers for each picture and none for `b`.
    #[must_use]
    pub fn of(&self, b: usize) -> R {
        match self {
            Self::Same(x) => *x,
            Self::Each(xs) => xs[b],
        }
    }

    /// All numbers.
    #[must_use]
    pub fn values(&self) -> &[R] {
        match self {
            Self::Same(x) => core::slice::from_ref(x),
            Self::Each(xs) => xs,
        }
    }
}

/// How faces are drawn. The defaults are those of MATH 10.
///
/// Setters do not fail; a value out of range is refused when the parameters are first used, by
/// [`super::Plan::new`], which every back end starts with.
///
/// How to choose sigma and gamma: see the table in the README of the repository.
#[derive(Clone, Debug, PartialEq)]
pub struct RasterParams<R = f32> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) sigma: PerPicture<R>,
    pub(super) gamma: PerPicture<R>,
    pub(super) epsilon: PerPicture<R>,
    pub(super) background: Array2<R>, // [1 or B, C], or [0, 0] for black
    pub(super) dist_eps: f64,
    pub(super) cutoff: Cutoff,
    pub(super) near: R,
    pub(super) far: R,
    pub(super) sides: Sides,
    pub(super) distance: Distance,
    pub(super) distribution: Distribution,
    pub(super) distribution_shape: PerPicture<R>,
    pub(super) silhouette: Silhouette,
    pub(super) t_conorm_shape: PerPicture<R>,
    pub(super) color: Color,
    pub(super) weights: Vec<R>,
    pub(super) depth_map: DepthMap,
    pub(super) interpolation: Interpolation,
    pub(super) outputs: Outputs,
    pub(super) saturation: Saturation,
    pub(super) memory_limit: u64,
    pub(super) memory_budget: u64,
}

/// Makes a setter and a getter of one name: `sigma(x)` sets, `get_sigma()` reads.
macro_rules! settings {
    ($($(#[$doc:meta])* $set:ident, $get:ident: $t:ty;)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $set(mut self, $set: $t) -> Self {
            self.$set = $set;
            self
        }
        #[doc = concat!("The value set by [`RasterParams::", stringify!($set), "`].")]
        #[must_use]
        pub const fn $get(&self) -> &$t {
            &self.$set
        }
    )+};
}

/// Makes setters for a number per picture.
macro_rules! per_picture {
    ($($(#[$doc:meta])* $set:ident, $each:ident, $get:ident;)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $set(mut self, $set: R) -> Self {
            self.$set = PerPicture::Same($set);
            self
        }
        #[doc = concat!("As [`RasterParams::", stringify!($set), "`], one for each picture of the batch.")]
        #[must_use]
        pub fn $each(mut self, each: Vec<R>) -> Self {
            self.$set = PerPicture::Each(each);
            self
        }
        #[doc = concat!("The value set by [`RasterParams::", stringify!($set), "`].")]
        #[must_use]
        pub const fn $get(&self) -> &PerPicture<R> {
            &self.$set
        }
    )+};
}

impl<R: Scalar> RasterParams<R> {
    /// Pictures of `width * height` pixels with the default settings.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        let r = R::from_f64;
        Self {
            width,
            height,
            sigma: PerPicture::Same(r(1e-4)),
            gamma: PerPicture::Same(r(1e-4)),
            epsilon: PerPicture::Same(r(1e-3)),
            background: Array2::from_elem((0, 0), R::ZERO),
            dist_eps: 1e-4,
            cutoff: Cutoff::Hard,
            near: r(1.0),
            far: r(100.0),
            sides: Sides::Double,
            distance: Distance::Euclidean,
            distribution: Distribution::Logistic,
            distribution_shape: PerPicture::Same(R::ONE),
            silhouette: Silhouette::ProbabilisticOr,
            t_conorm_shape: PerPicture::Same(R::ONE),
            color: Color::Softmax,
            weights: Vec::new(),
            depth_map: DepthMap::Linear,
            interpolation: Interpolation::Perspective,
            outputs: Outputs::Both,
            saturation: Saturation::Exact,
            memory_limit: 8 << 30,
            memory_budget: 8 << 30,
        }
    }

    /// The paper's equations: the defaults with the paper's inverse depth.
    #[must_use]
    pub fn paper(width: usize, height: usize) -> Self {
        Self::new(width, height).depth_map(DepthMap::Inverse)
    }

    /// What the official code computes: sigma 1e-5, an effective epsilon of 2e-3, linear depth, colors affine on the
    /// screen. Use it with the official camera, whose pictures are mirrored.
    #[must_use]
    pub fn official(width: usize, height: usize) -> Self {
        Self::new(width, height)
            .sigma(R::from_f64(1e-5))
            .epsilon(R::from_f64(2e-3))
            .interpolation(Interpolation::Screen)
    }

    per_picture! {
        /// Sets sigma, the squared screen distance over which an edge blurs. Above 0.
        sigma, sigma_each, get_sigma;
        /// Sets gamma, the softness of the depth softmax in normalised depth. Above 0.
        gamma, gamma_each, get_gamma;
        /// Sets epsilon, the normalised depth of the background.
        epsilon, epsilon_each, get_epsilon;
        /// Sets the distribution's own parameter, 1 where it has none.
        distribution_shape, distribution_shape_each, get_distribution_shape;
        /// Sets p of the t-conorm, 1 where it has none.
        t_conorm_shape, t_conorm_shape_each, get_t_conorm_shape;
    }

    settings! {
        /// Sets the probability below which a face outside a pixel is cut off. In (0, 0.5).
        dist_eps, get_dist_eps: f64;
        /// Sets what happens beyond the cut.
        cutoff, get_cutoff: Cutoff;
        /// Sets the depth nearer than which a face has no color. Above 0.
        near, get_near: R;
        /// Sets the depth farther than which a face has no color. Above near.
        far, get_far: R;
        /// Sets which sides have color.
        sides, get_sides: Sides;
        /// Sets the distance metric.
        distance, get_distance: Distance;
        /// Sets the distribution of the probability map.
        distribution, get_distribution: Distribution;
        /// Sets the silhouette aggregator A_O.
        silhouette, get_silhouette: Silhouette;
        /// Sets the color aggregator A_S.
        color, get_color: Color;
        /// Sets the weights of the color aggregator, empty where it has none; those of A_N stand as
        /// [`NeuralLayout`](crate::math::NeuralLayout) says.
        weights, get_weights: Vec<R>;
        /// Sets how depth is normalised.
        depth_map, get_depth_map: DepthMap;
        /// Sets how attributes are interpolated.
        interpolation, get_interpolation: Interpolation;
        /// Sets which pictures are drawn.
        outputs, get_outputs: Outputs;
        /// Sets what silhouette-only pictures do at opaque pixels.
        saturation, get_saturation: Saturation;
        /// Sets the most bytes the pictures and what `backward` keeps of their pixels may take; more is refused. 8 GiB.
        /// It is an estimate from the number of pixels: back ends round pixels up to tiles, and keep faces beside them.
        memory_limit, get_memory_limit: u64;
        /// Sets the most bytes of working memory a back end may take beside the pictures, what `backward` keeps of their
        /// pixels, and the gradients: lists of faces, cotangents, partial sums. Work that needs more is cut into parts,
        /// with the same bits; where the smallest part needs more, `OutOfMemory` says how much it needs. 8 GiB.
        memory_budget, get_memory_budget: u64;
    }

    /// Sets the background color `[C]` of all pictures; black if never set.
    #[must_use]
    pub fn background(mut self, color: &[R]) -> Self {
        self.background = Array2::from_shape_fn((1, color.len()), |(_, c)| color[c]);
        self
    }
    /// As [`RasterParams::background`], one for each picture, `[B, C]`.
    #[must_use]
    pub fn background_each(mut self, colors: Array2<R>) -> Self {
        self.background = colors;
        self
    }
    /// The background: `[1, C]` for all, `[B, C]` for each, `[0, 0]` for black.
    #[must_use]
    pub const fn get_background(&self) -> &Array2<R> {
        &self.background
    }
    /// Changes the size of the pictures.
    #[must_use]
    pub const fn size(mut self, width: usize, height: usize) -> Self {
        self.width = width;
        self.height = height;
        self
    }
    /// The width in pixels, W.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }
    /// The height in pixels, H.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The same parameters in another scalar type.
    #[must_use]
    pub fn cast<S: Scalar>(&self) -> RasterParams<S> {
        let one = |x: R| S::from_f64(x.to_f64());
        let per = |x: &PerPicture<R>| match x {
            PerPicture::Same(x) => PerPicture::Same(one(*x)),
            PerPicture::Each(xs) => PerPicture::Each(xs.iter().map(|&x| one(x)).collect()),
        };
        RasterParams {
            width: self.width,
            height: self.height,
            sigma: per(&self.sigma),
            gamma: per(&self.gamma),
            epsilon: per(&self.epsilon),
            background: self.background.map(|&x| one(x)),
            dist_eps: self.dist_eps,
            cutoff: self.cutoff,
            near: one(self.near),
            far: one(self.far),
            sides: self.sides,
            distance: self.distance.clone(),
            distribution: self.distribution.clone(),
            distribution_shape: per(&self.distribution_shape),
            silhouette: self.silhouette.clone(),
            t_conorm_shape: per(&self.t_conorm_shape),
            color: self.color.clone(),
            weights: self.weights.iter().map(|&x| one(x)).collect(),
            depth_map: self.depth_map,
            interpolation: self.interpolation,
            outputs: self.outputs,
            saturation: self.saturation,
            memory_limit: self.memory_limit,
            memory_budget: self.memory_budget,
        }
    }

    /// Checks every value that does not depend on the faces.
    ///
    /// # Errors
    /// `Parameter` names the first value out of range, with the range.
    pub fn check(&self) -> Result<()> {
        for (name, pixels) in [("width", self.width), ("height", self.height)] {
            if pixels == 0 {
                return Err(Error::parameter(name, "0 pixels", "at least 1 pixel"));
            }
        }
        let inside = |name: &str, values: &[R], low: f64, high: f64| match values.iter().find(|x| {
            !(x.is_finite()
                && (low - low.abs() * ROUNDING..=high + high.abs() * ROUNDING).contains(&x.to_f64()))
        }) {
            Some(bad) => {
                Err(Error::parameter(name, format!("{:?}", bad.to_f64()), format!("{low:e} to {high:e}")))
            }
            None => Ok(()),
        };
        inside("sigma", self.sigma.values(), 1e-12, 1e6)?;
        inside("gamma", self.gamma.values(), 1e-10, 1e6)?;
        inside("epsilon", self.epsilon.values(), -1e6, 1e6)?;
        let (low, high) = self.distribution.shapes().into_inner();
        inside("distribution shape", self.distribution_shape.values(), low, high)?;
        let (low, high) = self.silhouette.shapes().into_inner();
        inside("t-conorm shape", self.t_conorm_shape.values(), low, high)?;
        inside("near", &[self.near], 1e-12, 1e18)?;
        inside("far", &[self.far], 1e-12, 1e18)?;
        if self.far <= self.near {
            let found = format!("near {:?}, far {:?}", self.near.to_f64(), self.far.to_f64());
            return Err(Error::parameter("near and far", found, "near < far"));
        }
        if !(self.dist_eps > 0.0 && self.dist_eps < 0.5) {
            return Err(Error::parameter("dist_eps", self.dist_eps, "above 0 and below 0.5"));
        }
        if let Some(bad) = self.background.iter().find(|x| !is_color(**x)) {
            let expected = format!("finite numbers of size at most {MAX_COLOR:e}");
            return Err(Error::parameter("background", format!("{:?}", bad.to_f64()), expected));
        }
        if let Color::Neural { hidden } = self.color {
            return Neural { hidden }.check(&self.weights);
        }
        finite("weights", self.weights.iter())
    }
}

/// Returns the sigma whose edge blurs over `pixels` pixels of a picture `height` pixels high: `(2 pixels / height)^2`.
#[must_use]
pub fn sigma_from_pixels(pixels: f64, height: usize) -> f64 {
    (2.0 * pixels / height as f64).powi(2)
}

fn finite<'a, R: Scalar>(name: &str, mut values: impl Iterator<Item = &'a R>) -> Result<()> {
    match values.find(|x| !x.is_finite()) {
        Some(bad) => Err(Error::parameter(name, format!("{:?}", bad.to_f64()), "finite numbers")),
        None => Ok(()),
    }
}
