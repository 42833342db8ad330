//! A scene: everything `forward` reads, as plain numbers that `f32` and `f64` hold alike, so that both see the same.

use ndarray::{Array1, Array2, Array3, Array4, Axis, Slice};
use softras_core::math::{
    Color, ColorAggregator, Cutoff, DepthMap, Distance, Distribution, DistributionFunction, Interpolation,
    Neural, Scalar, Silhouette, SilhouetteAggregator, TextureKind,
};
use softras_core::raster::{Outputs, RasterParams, Sides};
use softras_core::scene::{Faces, Picture, Textures, Winding};
use softras_core::{ImageGrad, Result};

/// Three corners (x, y, z).
pub type Corners = [[f32; 3]; 3];

/// Every choice a picture depends on that is not a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Distance metric.
    pub distance: Distance,
    /// Distribution of the probability map.
    pub distribution: Distribution,
    /// Silhouette aggregator.
    pub silhouette: Silhouette,
    /// Color aggregator.
    pub color: Color,
    /// Cut-off.
    pub cutoff: Cutoff,
    /// How depth is normalised.
    pub depth_map: DepthMap,
    /// How attributes are interpolated.
    pub interpolation: Interpolation,
    /// Which sides have color.
    pub sides: Sides,
    /// Which way round the front runs.
    pub front: Winding,
    /// What is drawn.
    pub outputs: Outputs,
    /// How texels are read.
    pub texture: TextureKind,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            distance: Distance::Euclidean,
            distribution: Distribution::Logistic,
            silhouette: Silhouette::ProbabilisticOr,
            color: Color::Softmax,
            cutoff: Cutoff::Hard,
            depth_map: DepthMap::Linear,
            interpolation: Interpolation::Perspective,
            sides: Sides::Double,
            front: Winding::CounterClockwise,
            outputs: Outputs::Both,
            texture: TextureKind::Vertex,
        }
    }
}

/// A batch of pictures. Texels, backgrounds and image gradients come from `seed`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The faces of each picture.
    pub pictures: Vec<Vec<Corners>>,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Channels C.
    pub channels: usize,
    /// Whether all pictures read the texture rows from 0 on.
    pub shared_textures: bool,
    /// Choices.
    pub style: Style,
    /// sigma: one for all pictures, or one each.
    pub sigma: Vec<f32>,
    /// gamma, likewise.
    pub gamma: Vec<f32>,
    /// epsilon, likewise.
    pub epsilon: Vec<f32>,
    /// Where the shape of the distribution and that of the silhouette lie in what the parts allow, from 0 to 1; each
    /// picture has others.
    pub shapes: [f32; 2],
    /// The probability at the cut.
    pub dist_eps: f64,
    /// Nearest and farthest depth with color.
    pub range: (f32, f32),
    /// Seed of everything else.
    pub seed: u64,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            pictures: vec![Vec::new()],
            size: (8, 8),
            channels: 3,
            shared_textures: false,
            style: Style::default(),
            sigma: vec![1e-2],
            gamma: vec![1e-1],
            epsilon: vec![1e-3],
            shapes: [0.4, 0.4],
            dist_eps: 1e-4,
            range: (1.0, 10.0),
            seed: 0,
        }
    }
}

/// Mixes the bits of a number (splitmix64).
#[must_use]
pub const fn scramble(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Number `i` of stream `stream` of `seed`, in 0..1, exact in `f32`.
#[must_use]
pub fn noise(seed: u64, stream: u64, i: usize) -> f64 {
    let bits = scramble(scramble(seed ^ scramble(stream)) ^ i as u64);
    (bits >> 41) as f64 / (1u64 << 23) as f64
}

/// The same in -1..1.
#[must_use]
pub fn signed_noise(seed: u64, stream: u64, i: usize) -> f64 {
    2.0 * noise(seed, stream, i) - 1.0
}

/// A part allows nearly anything: it has no shape of its own.
const SHAPELESS: f64 = 1e3;

/// A shape in `allowed`, exact in `f32`; 1 where nearly anything is. Not the very ends: differences are taken around it.
fn within(allowed: &core::ops::RangeInclusive<f64>, at: f32, b: usize) -> f64 {
    let (low, high) = (*allowed.start(), *allowed.end());
    let at = (f64::from(at) + 0.37 * b as f64).fract();
    let shape = if high - low > SHAPELESS { 1.0 } else { low + (0.02 + 0.96 * at) * (high - low) };
    f64::from(shape as f32)
}

/// The depths of most faces of random scenes.
const DEPTHS: (f64, f64) = (1.0, 9.0);

/// Random weights for a color aggregator, exact in `f32`; those of a network are of the size that it begins with, where
/// its units bend and none is flat.
#[must_use]
pub fn weights(color: &Color, map: DepthMap, channels: usize, seed: u64) -> Vec<f64> {
    let random = |i| signed_noise(seed, WEIGHTS, i);
    let Color::Neural { hidden } = *color else { return (0..color.weights(channels)).map(random).collect() };
    let mut i = 0;
    let drawn = Neural { hidden }.initial(channels, Neural::depth_weights(map, DEPTHS.0, DEPTHS.1), || {
        i += 1;
        random(i)
    });
    drawn.into_iter().map(|w| f64::from(w as f32)).collect()
}

const TEXELS: u64 = 1;
const BACKGROUND: u64 = 2;
const COLOR_GRAD: u64 = 3;
const SILHOUETTE_GRAD: u64 = 4;
const WEIGHTS: u64 = 5;

impl Scene {
    /// One picture of `faces`, everything else by default.
    #[must_use]
    pub fn of(faces: Vec<Corners>) -> Self {
        Self { pictures: vec![faces], ..Self::default() }
    }

    /// One face on a picture of one pixel, whose centre is (0, 0): the face is moved so that (x, y) lies there.
    #[must_use]
    pub fn pixel(mut face: Corners, x: f32, y: f32) -> Self {
        for corner in &mut face {
            corner[0] -= x;
            corner[1] -= y;
        }
        Self { size: (1, 1), ..Self::of(vec![face]) }
    }

    /// The same with another style.
    #[must_use]
    pub fn style(mut self, change: impl FnOnce(&mut Style)) -> Self {
        change(&mut self.style);
        self
    }

    /// The same, so soft that most faces count at most pixels: where sums have many terms that round.
    #[must_use]
    pub fn soft(&self) -> Self {
        let each = |values: &[f32], value: f32| (0..values.len()).map(|b| value * (b + 1) as f32).collect();
        Self { sigma: each(&self.sigma, 0.2), gamma: each(&self.gamma, 0.5), ..self.clone() }
    }

    /// The number of pictures.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.pictures.len()
    }

    /// The number of faces of all pictures.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pictures.iter().map(Vec::len).sum()
    }

    /// The corners of face `f` of the batch.
    #[must_use]
    pub fn face(&self, f: usize) -> Option<&Corners> {
        self.pictures.iter().flatten().nth(f)
    }

    /// The faces in scalar type `R`.
    ///
    /// # Errors
    /// If they are out of range.
    pub fn faces<R: Scalar>(&self) -> Result<Faces<R>> {
        let flat: Vec<&Corners> = self.pictures.iter().flatten().collect();
        let corners =
            Array3::from_shape_fn((flat.len(), 3, 3), |(f, k, i)| R::from_f64(f64::from(flat[f][k][i])));
        let faces = Faces::packed(corners, self.layout())?.with_front(self.style.front);
        if self.channels == 0 { Ok(faces) } else { faces.with_textures(self.textures()?) }
    }

    fn layout(&self) -> Vec<Picture> {
        let mut start = 0;
        let picture = |faces: &Vec<Corners>| {
            let faces = start..start + faces.len();
            start = faces.end;
            Picture { first_texture: if self.shared_textures { 0 } else { faces.start }, faces }
        };
        self.pictures.iter().map(picture).collect()
    }

    fn textures<R: Scalar>(&self) -> Result<Textures<R>> {
        let longest = self.pictures.iter().map(Vec::len).max().unwrap_or(0);
        let rows = if self.shared_textures { longest } else { self.count() };
        let (n, c) = (self.style.texture.texels(), self.channels);
        // A texel depends on its place alone, so that a scene shrinks without changing color.
        let texels = Array3::from_shape_fn((rows, n, c), |(t, i, k)| {
            R::from_f64(noise(self.seed, TEXELS, (t * 64 + i) * 8 + k))
        });
        Textures::new(self.style.texture, texels)
    }

    /// The parameters in scalar type `R`.
    #[must_use]
    pub fn params<R: Scalar>(&self) -> RasterParams<R> {
        let r = |x: &f32| R::from_f64(f64::from(*x));
        let each = |xs: &[f32]| xs.iter().map(r).collect::<Vec<R>>();
        let style = &self.style;
        let mut params = RasterParams::new(self.size.0, self.size.1)
            .dist_eps(self.dist_eps)
            .near(r(&self.range.0))
            .far(r(&self.range.1))
            .distance(style.distance.clone())
            .distribution(style.distribution.clone())
            .silhouette(style.silhouette.clone())
            .color(style.color.clone())
            .cutoff(style.cutoff)
            .depth_map(style.depth_map)
            .interpolation(style.interpolation)
            .sides(style.sides)
            .outputs(style.outputs);
        params = match self.sigma.as_slice() {
            [one] => params.sigma(r(one)),
            all => params.sigma_each(each(all)),
        };
        params = match self.gamma.as_slice() {
            [one] => params.gamma(r(one)),
            all => params.gamma_each(each(all)),
        };
        params = match self.epsilon.as_slice() {
            [one] => params.epsilon(r(one)),
            all => params.epsilon_each(each(all)),
        };
        let pictures = 0..self.batch();
        params = params
            .distribution_shape_each(
                pictures.clone().map(|b| R::from_f64(self.distribution_shape(b))).collect(),
            )
            .t_conorm_shape_each(pictures.map(|b| R::from_f64(self.t_conorm_shape(b))).collect());
        if self.channels == 0 {
            return params;
        }
        let weights = weights(&style.color, style.depth_map, self.channels, self.seed);
        params = params.weights(weights.into_iter().map(R::from_f64).collect());
        let shape = (self.batch(), self.channels);
        params.background_each(Array2::from_shape_fn(shape, |(b, c)| {
            R::from_f64(noise(self.seed, BACKGROUND, b * 8 + c))
        }))
    }

    /// The shape of the distribution in picture `b`.
    #[must_use]
    pub fn distribution_shape(&self, b: usize) -> f64 {
        within(&self.style.distribution.shapes(), self.shapes[0], b)
    }

    /// The shape of the silhouette in picture `b`.
    #[must_use]
    pub fn t_conorm_shape(&self, b: usize) -> f64 {
        within(&self.style.silhouette.shapes(), self.shapes[1], b)
    }

    /// How far the distribution of the first picture reaches, in units of sigma.
    #[must_use]
    pub fn cut(&self, dist_eps: f64) -> f64 {
        self.style.distribution.cut(dist_eps, self.distribution_shape(0))
    }

    /// Image gradients in -1..1 for whatever is drawn.
    #[must_use]
    pub fn grad<R: Scalar>(&self) -> ImageGrad<R> {
        self.grad_of(0)
    }

    /// Another image gradient for each `stream`.
    #[must_use]
    pub fn grad_of<R: Scalar>(&self, stream: u64) -> ImageGrad<R> {
        let (w, h) = self.size;
        let (b, c) = (self.batch(), self.channels);
        let seed = self.seed ^ scramble(stream);
        let value = |stream, i| R::from_f64(signed_noise(seed, stream, i));
        ImageGrad {
            color: self.style.outputs.color().then(|| {
                Array4::from_shape_fn((b, c, h, w), |(b, c, y, x)| {
                    value(COLOR_GRAD, ((b * 8 + c) * 256 + y) * 256 + x)
                })
            }),
            silhouette: self.style.outputs.silhouette().then(|| {
                Array3::from_shape_fn((b, h, w), |(b, y, x)| value(SILHOUETTE_GRAD, (b * 256 + y) * 256 + x))
            }),
        }
    }

    /// The value of a setting for picture `b`.
    #[must_use]
    pub fn of_picture(values: &[f32], b: usize) -> f64 {
        f64::from(if values.len() == 1 { values[0] } else { values[b] })
    }

    /// Picture `b` alone, with the same textures, background and settings; its image gradient is another.
    #[must_use]
    pub fn alone<R: Scalar>(
        &self,
        faces: &Faces<R>,
        params: &RasterParams<R>,
        b: usize,
    ) -> (Faces<R>, RasterParams<R>) {
        let picture = faces.pictures()[b].clone();
        let rows = picture.faces.clone();
        let corners = faces.corners().slice_axis(Axis(0), Slice::from(rows.clone())).to_owned();
        let absent = Array1::from_iter(rows.map(|f| faces.is_absent(f)));
        let count = corners.shape()[0];
        let only = Picture { faces: 0..count, first_texture: picture.first_texture };
        let built = Faces::packed(corners, vec![only])
            .and_then(|f| f.with_front(faces.front()).with_absent(absent))
            .and_then(|f| match faces.textures() {
                Some(textures) => f.with_textures(textures.clone()),
                None => Ok(f),
            });
        let params = params
            .clone()
            .sigma(params.get_sigma().of(b))
            .gamma(params.get_gamma().of(b))
            .epsilon(params.get_epsilon().of(b))
            .distribution_shape(params.get_distribution_shape().of(b))
            .t_conorm_shape(params.get_t_conorm_shape().of(b));
        let background = params.get_background().clone();
        let params = if background.nrows() > 1 {
            params.background_each(background.slice_axis(Axis(0), Slice::from(b..=b)).to_owned())
        } else {
            params
        };
        // The faces were valid in the batch, so they are alone.
        (built.unwrap_or_else(|_| faces.clone()), params)
    }
}
