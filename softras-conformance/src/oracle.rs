//! What is right: the reference in `f64`, its derivative by dual numbers, and how sure either can be.

use ndarray::{Array1, Array2, Array3};
use softras_core::math::{ColorAggregator, Dual, Edge, Scalar};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::reference::Reference;
use softras_core::scene::{Faces, Textures};
use softras_core::{Image, ImageGrad, Result};

mod doubt;

pub(crate) use doubt::Edges;
pub use doubt::{Doubt, box_cuts, doubt};

use crate::compare::{groups, widen};
use crate::scene::{Scene, signed_noise};

/// A picture and a gradient.
#[derive(Clone, Debug)]
pub struct Answer<R = f64> {
    /// The picture.
    pub image: Image<R>,
    /// Every gradient.
    pub gradients: Gradients<R>,
}

/// Draws with any back end, and takes every gradient.
///
/// # Errors
/// If the back end refuses.
pub fn ask<R: Scalar>(
    backend: &dyn softras_core::raster::DynRasterizer<R>,
    faces: &Faces<R>,
    params: &RasterParams<R>,
    grad: &ImageGrad<R>,
) -> Result<Answer<R>> {
    let (image, saved) = backend.forward(faces, params)?;
    let mut gradients = Gradients::default();
    backend.backward_into(&saved, grad, Wanted::ALL, &mut gradients)?;
    Ok(Answer { image, gradients })
}

/// What the reference in `f64` says.
///
/// # Errors
/// If the scene is out of range.
pub fn answer(faces: &Faces<f64>, params: &RasterParams<f64>, grad: &ImageGrad<f64>) -> Result<Answer> {
    ask::<f64>(&Reference, faces, params, grad)
}

/// The reference's picture of a scene in `f64`.
///
/// # Errors
/// If the scene is out of range.
pub fn picture(faces: &Faces<f64>, params: &RasterParams<f64>) -> Result<Image<f64>> {
    Ok(Rasterizer::forward(&Reference, faces, params)?.0)
}

/// A loss that is linear in the picture: `sum(grad * image)`, and the sum of the sizes of its terms.
#[must_use]
pub fn loss(grad: &ImageGrad<f64>, image: &Image<f64>) -> (f64, f64) {
    let mut sum = (0.0, 0.0);
    let mut add = |g: Vec<f64>, x: Vec<f64>| {
        for (g, x) in g.iter().zip(&x) {
            sum.0 += g * x;
            sum.1 += (g * x).abs();
        }
    };
    if let (Some(g), Some(x)) = (&grad.color, &image.color) {
        add(widen(g), widen(x));
    }
    if let (Some(g), Some(x)) = (&grad.silhouette, &image.silhouette) {
        add(widen(g), widen(x));
    }
    sum
}

/// A direction in which everything `forward` reads can move.
#[derive(Clone, Debug)]
pub struct Direction {
    /// Of the corners, `[F, 3, 3]`.
    pub corners: Array3<f64>,
    /// Of the texels.
    pub textures: Array3<f64>,
    /// Of the background, `[B, C]`.
    pub background: Array2<f64>,
    /// Of sigma, `[B]`.
    pub sigma: Array1<f64>,
    /// Of gamma, `[B]`.
    pub gamma: Array1<f64>,
    /// Of epsilon, `[B]`.
    pub epsilon: Array1<f64>,
    /// Of the shape of the distribution, `[B]`.
    pub distribution: Array1<f64>,
    /// Of the shape of the t-conorm, `[B]`.
    pub t_conorm: Array1<f64>,
    /// Of the weights of the color aggregator, `[N]`.
    pub weights: Array1<f64>,
}

/// The things that can move alone.
pub const MOVES: [&str; 10] = [
    "x and y",
    "z",
    "textures",
    "background",
    "sigma",
    "gamma",
    "epsilon",
    "the shape of the distribution",
    "the shape of the t-conorm",
    "the weights of the color",
];

impl Direction {
    /// A random direction of one of [`MOVES`], or of all of them; sigma, gamma, z and weights move in proportion to their size.
    #[must_use]
    pub fn random(faces: &Faces<f64>, params: &RasterParams<f64>, seed: u64, only: Option<&str>) -> Self {
        let (b, c) = (faces.batch(), faces.channels());
        let shape = faces.textures().map_or([0; 3], |t| [t.texels().shape()[0], t.texels().shape()[1], c]);
        let on = |name: &str| if only.is_none_or(|o| o == name) { 1.0 } else { 0.0 };
        let noise = |stream, i| signed_noise(seed, stream, i);
        let mut direction = Self {
            corners: faces.corners().clone(),
            textures: Array3::zeros((shape[0], shape[1], shape[2])),
            background: Array2::zeros((b, c)),
            sigma: Array1::from_shape_fn(b, |i| on("sigma") * params.get_sigma().of(i) * noise(11, i)),
            gamma: Array1::from_shape_fn(b, |i| on("gamma") * params.get_gamma().of(i) * noise(12, i)),
            epsilon: Array1::from_shape_fn(b, |i| on("epsilon") * noise(13, i)),
            distribution: Array1::from_shape_fn(b, |i| on("the shape of the distribution") * noise(17, i)),
            t_conorm: Array1::from_shape_fn(b, |i| on("the shape of the t-conorm") * noise(18, i)),
            weights: Array1::from_shape_fn(params.get_weights().len(), |i| {
                on("the weights of the color") * params.get_weights()[i] * noise(19, i)
            }),
        };
        for (n, (place, value)) in direction.corners.indexed_iter_mut().enumerate() {
            let size = if place.2 == 2 { on("z") * *value } else { on("x and y") };
            *value = size * noise(14, n);
        }
        for (n, value) in direction.textures.iter_mut().enumerate() {
            *value = on("textures") * noise(15, n);
        }
        for (n, value) in direction.background.iter_mut().enumerate() {
            *value = on("background") * noise(16, n);
        }
        direction
    }

    /// The derivative along this direction that `gradients` promise, and the sum of the sizes of its terms.
    #[must_use]
    pub fn along<R: Scalar>(&self, gradients: &Gradients<R>) -> (f64, f64) {
        let mut sum = (0.0, 0.0);
        let mut add = |g: Option<Vec<f64>>, d: Vec<f64>| {
            for (g, d) in g.iter().flatten().zip(&d) {
                sum.0 += g * d;
                sum.1 += (g * d).abs();
            }
        };
        add(gradients.corners.as_ref().map(widen), widen(&self.corners));
        add(gradients.textures.as_ref().map(widen), widen(&self.textures));
        add(gradients.background.as_ref().map(widen), widen(&self.background));
        add(gradients.sigma.as_ref().map(widen), widen(&self.sigma));
        add(gradients.gamma.as_ref().map(widen), widen(&self.gamma));
        add(gradients.epsilon.as_ref().map(widen), widen(&self.epsilon));
        add(gradients.distribution.as_ref().map(widen), widen(&self.distribution));
        add(gradients.t_conorm.as_ref().map(widen), widen(&self.t_conorm));
        add(gradients.weights.as_ref().map(widen), widen(&self.weights));
        sum
    }

    /// Faces and parameters moved by `step` along this direction, in a scalar type of which `make(value, move)` is
    /// given: dual numbers keep the move as their slope.
    ///
    /// # Errors
    /// If the move leaves the range of the constructors.
    pub fn moved<R: Scalar>(
        &self,
        faces: &Faces<f64>,
        params: &RasterParams<f64>,
        make: impl Fn(f64, f64) -> R + Copy,
    ) -> Result<(Faces<R>, RasterParams<R>)> {
        let corners = ndarray::Zip::from(faces.corners()).and(&self.corners).map_collect(|&x, &d| make(x, d));
        let absent = Array1::from_shape_fn(faces.count(), |f| faces.is_absent(f));
        let mut out = Faces::packed(corners, faces.pictures().to_vec())?
            .with_front(faces.front())
            .with_absent(absent)?;
        if let Some(t) = faces.textures() {
            let texels = ndarray::Zip::from(t.texels()).and(&self.textures).map_collect(|&x, &d| make(x, d));
            out = out.with_textures(Textures::new(t.kind(), texels)?)?;
        }
        let each = |d: &Array1<f64>, of: &dyn Fn(usize) -> f64| {
            d.iter().enumerate().map(|(b, &d)| make(of(b), d)).collect::<Vec<R>>()
        };
        let mut moved = params
            .cast::<R>()
            .sigma_each(each(&self.sigma, &|b| params.get_sigma().of(b)))
            .gamma_each(each(&self.gamma, &|b| params.get_gamma().of(b)))
            .epsilon_each(each(&self.epsilon, &|b| params.get_epsilon().of(b)))
            .distribution_shape_each(each(&self.distribution, &|b| params.get_distribution_shape().of(b)))
            .t_conorm_shape_each(each(&self.t_conorm, &|b| params.get_t_conorm_shape().of(b)))
            .weights(each(&self.weights, &|i| params.get_weights()[i]));
        let background = params.get_background();
        if !background.is_empty() && params.get_outputs().color() {
            moved = moved.background_each(Array2::from_shape_fn(self.background.dim(), |(b, c)| {
                make(background[[if background.nrows() == 1 { 0 } else { b }, c]], self.background[[b, c]])
            }));
        }
        Ok((out, moved))
    }
}

/// The exact derivative of `sum(grad * image)` along `direction`, and the sum of the sizes of its terms, by drawing the
/// picture in dual numbers.
///
/// # Errors
/// If the scene is out of range.
pub fn slope(
    faces: &Faces<f64>,
    params: &RasterParams<f64>,
    grad: &ImageGrad<f64>,
    direction: &Direction,
) -> Result<(f64, f64)> {
    let (faces, params) = direction.moved(faces, params, Dual::new)?;
    let (image, _) = Rasterizer::<Dual>::forward(&Reference, &faces, &params)?;
    let slopes = Image {
        color: image.color.map(|x| x.mapv(|x| x.slope)),
        silhouette: image.silhouette.map(|x| x.mapv(|x| x.slope)),
    };
    Ok(loss(grad, &slopes))
}

/// How far a picture and its gradients move when every number of the scene is rounded differently in `f32`.
#[derive(Clone, Debug)]
pub struct Band {
    /// Of each color value, in the order of the array.
    pub color: Vec<f64>,
    /// Of each silhouette value.
    pub silhouette: Vec<f64>,
    /// Of each group of gradients ([`groups`]).
    pub gradients: Vec<Vec<f64>>,
}

/// Roundings tried for a [`Band`].
const ROUNDINGS: u64 = 6;

/// Measures the band of a scene around `answer`, for numbers that round by `unit`.
///
/// A corner moves by `unit` times the largest coordinate of its face (at least 1, the size of the pixel grid): that is
/// what taking a difference of it costs. The band is measured at `2^-24` and scaled, since in `f64` it would be noise.
///
/// # Errors
/// If the scene is out of range.
pub fn band(
    faces: &Faces<f64>,
    params: &RasterParams<f64>,
    grad: &ImageGrad<f64>,
    answer: &Answer,
    unit: f64,
) -> Result<Band> {
    let single = f64::powi(2.0, -24);
    let scale = unit / single;
    let expected = groups(&answer.gradients);
    let color = answer.image.color.as_ref().map(widen).unwrap_or_default();
    let silhouette = answer.image.silhouette.as_ref().map(widen).unwrap_or_default();
    let mut band = Band {
        color: vec![0.0; color.len()],
        silhouette: vec![0.0; silhouette.len()],
        gradients: expected.iter().map(|(_, g)| vec![0.0; g.len()]).collect(),
    };
    let widest = |band: &mut [f64], a: &[f64], b: &[f64]| {
        for ((band, a), b) in band.iter_mut().zip(a).zip(b) {
            *band = band.max((a - b).abs() * scale);
        }
    };
    for (band, floor) in band.gradients.iter_mut().zip(crate::floor::floor(faces, params, grad, unit)?) {
        *band = floor;
    }
    for seed in 1..=ROUNDINGS {
        let mut direction = Direction::random(faces, params, seed, None);
        for f in 0..faces.count() {
            let size = faces.face(f).iter().flat_map(|c| &c[..2]).fold(1.0, |a: f64, x| a.max(x.abs()));
            for k in 0..3 {
                direction.corners[[f, k, 0]] *= size;
                direction.corners[[f, k, 1]] *= size;
            }
        }
        let (moved, changed) = direction.moved(faces, params, |x, d| {
            (x + single * d).clamp(-softras_core::scene::MAX_DEPTH, softras_core::scene::MAX_DEPTH)
        })?;
        let other = self::answer(&moved, &changed, grad)?;
        widest(&mut band.color, &other.image.color.as_ref().map(widen).unwrap_or_default(), &color);
        widest(
            &mut band.silhouette,
            &other.image.silhouette.as_ref().map(widen).unwrap_or_default(),
            &silhouette,
        );
        for ((band, (_, a)), (_, b)) in band.gradients.iter_mut().zip(groups(&other.gradients)).zip(&expected)
        {
            widest(band, &a, b);
        }
    }
    Ok(band)
}

/// The largest nearness in units of gamma, `z k` of KERNELS 5: rounding of depth costs that many units.
///
/// An aggregator with weights of its own scales depth by them, not by gamma: what rounding costs there is in the [`Band`].
#[must_use]
pub fn depth_in_gammas(scene: &Scene) -> f64 {
    let color = &scene.style.color;
    let without = color.edge() == Edge::Hard || color.weights(scene.channels) > 0;
    if !scene.style.outputs.color() || without {
        return 0.0;
    }
    let (near, far) = (f64::from(scene.range.0), f64::from(scene.range.1));
    let map = scene.style.depth_map;
    let range = map.range(near, far);
    let mut worst: f64 = 0.0;
    for (b, faces) in scene.pictures.iter().enumerate() {
        let k = 1.0 / (range * Scene::of_picture(&scene.gamma, b));
        for z in faces.iter().flatten().map(|c| f64::from(c[2])).filter(|&z| z > 0.0) {
            worst = worst.max(k * map.nearness(z.clamp(near, far)).abs());
        }
    }
    worst
}
