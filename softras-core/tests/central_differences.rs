//! The whole product of metrics, aggregators, textures, interpolations and depth maps: every gradient of the reference
//! against central differences of its picture in f64, with the smooth cut-off, away from kinks.
#![expect(clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

use ndarray::{Array1, Array2, Array3, Array4};
use softras_core::ImageGrad;
use softras_core::math::{
    Color, Cutoff, DepthMap, Distance, Distribution, DistributionFunction, Interpolation, Neural, Silhouette,
    SilhouetteAggregator, TextureKind,
};
use softras_core::raster::{Gradients, RasterParams, Rasterizer, Wanted};
use softras_core::reference::{Reference, ReferenceSaved};
use softras_core::scene::{Faces, Textures};

const WIDTH: usize = 5;
const HEIGHT: usize = 4;

/// Numbers in -1..1 that look random, the same each time.
fn noise(i: usize) -> f64 {
    let x = (i as f64 * 12.9898 + 4.1).sin() * 43_758.545_3;
    2.0 * (x - x.floor()) - 1.0
}

/// Everything that has a gradient.
#[derive(Clone)]
struct Input {
    corners: Array3<f64>,
    texels: Array3<f64>,
    background: Array1<f64>,
    sigma: f64,
    gamma: f64,
    epsilon: f64,
    shape: f64,
    p: f64,
    weights: Vec<f64>,
}

/// A value that a part allows its shape to have; 1 where it allows nearly any.
fn inside(allowed: &core::ops::RangeInclusive<f64>) -> f64 {
    let (low, high) = (allowed.start(), allowed.end());
    if high - low > 1e3 { 1.0 } else { low + 0.37 * (high - low) }
}

/// The weights of the network, none for the others.
fn weights(choice: &Choice) -> Vec<f64> {
    let Color::Neural { hidden } = choice.color else { return Vec::new() };
    let mut i = 500;
    Neural { hidden }.initial(2, Neural::depth_weights(choice.depth_map, 1.9, 3.9), || {
        i += 1;
        noise(i)
    })
}

/// One choice of parts.
#[derive(Clone, Debug)]
struct Choice {
    distance: Distance,
    distribution: Distribution,
    silhouette: Silhouette,
    color: Color,
    kind: TextureKind,
    interpolation: Interpolation,
    depth_map: DepthMap,
}

impl Input {
    /// Three faces that overlap, none of which has an edge or a medial axis through a pixel centre.
    fn new(choice: &Choice) -> Self {
        let kind = choice.kind;
        let xy = [
            [[-0.83, -0.71], [0.77, -0.52], [-0.11, 0.79]],
            [[-0.37, -0.93], [1.03, 0.21], [-0.61, 0.57]],
            [[-1.17, 0.13], [0.29, -0.67], [0.91, 0.83]],
        ];
        Self {
            corners: Array3::from_shape_fn((3, 3, 3), |(f, k, i)| match i {
                2 => 2.5 + 0.4 * f as f64 + 0.6 * noise(3 * f + k),
                _ => xy[f][k][i],
            }),
            texels: Array3::from_shape_fn((3, kind.texels(), 2), |(f, t, c)| noise(40 + 10 * f + 2 * t + c)),
            background: Array1::from_vec(vec![0.3, -0.6]),
            sigma: 0.05,
            gamma: 0.3,
            epsilon: 0.2,
            shape: inside(&choice.distribution.shapes()),
            p: inside(&choice.silhouette.shapes()),
            weights: weights(choice),
        }
    }

    fn draw(&self, choice: &Choice) -> (f64, ImageGrad<f64>, ReferenceSaved<f64>) {
        let textures = Textures::new(choice.kind, self.texels.clone()).expect("valid texels");
        let faces = Faces::new(self.corners.clone()).expect("valid faces");
        let faces = faces.with_textures(textures).expect("rows exist");
        let params = RasterParams::new(WIDTH, HEIGHT)
            .sigma(self.sigma)
            .gamma(self.gamma)
            .epsilon(self.epsilon)
            .background(self.background.as_slice().expect("contiguous"))
            .far(6.0)
            .cutoff(Cutoff::Smooth)
            .distribution_shape(self.shape)
            .t_conorm_shape(self.p)
            .weights(self.weights.clone())
            .distance(choice.distance.clone())
            .distribution(choice.distribution.clone())
            .silhouette(choice.silhouette.clone())
            .color(choice.color.clone())
            .interpolation(choice.interpolation)
            .depth_map(choice.depth_map);
        let (image, saved) = Rasterizer::forward(&Reference, &faces, &params).expect("draws");
        let grad = ImageGrad {
            color: Some(Array4::from_shape_fn((1, 2, HEIGHT, WIDTH), |(_, c, y, x)| {
                noise(200 + 40 * c + 7 * y + x)
            })),
            silhouette: Some(Array3::from_shape_fn((1, HEIGHT, WIDTH), |(_, y, x)| noise(300 + 7 * y + x))),
        };
        let (color, alpha) = (image.color.expect("drawn"), image.silhouette.expect("drawn"));
        let loss = (&color * grad.color.as_ref().expect("set")).sum()
            + (&alpha * grad.silhouette.as_ref().expect("set")).sum();
        (loss, grad, saved)
    }

    /// Central differences with respect to the numbers that `place` finds.
    fn differences(
        &self,
        choice: &Choice,
        count: usize,
        place: impl Fn(&mut Self, usize) -> &mut f64,
    ) -> Vec<f64> {
        let step = 2e-6;
        let at = |i: usize, by: f64| {
            let mut moved = self.clone();
            *place(&mut moved, i) += by;
            moved.draw(choice).0
        };
        // Of fourth order: the logarithm of a D that is next to nothing is curved.
        let by = |i: usize, step: f64| at(i, step) - at(i, -step);
        (0..count).map(|i| (8.0 * by(i, step) - by(i, 2.0 * step)) / (12.0 * step)).collect()
    }
}

fn flat<'a>(values: impl IntoIterator<Item = &'a f64>) -> Vec<f64> {
    values.into_iter().copied().collect()
}

/// Compares within `digits` of the largest of the group, or of 1e-3 where all are less: differences cannot tell better.
fn compare(choice: &Choice, what: &str, found: &[f64], expected: &[f64], digits: f64) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1e-3_f64, |m, x| m.max(x.abs()));
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= digits * largest,
            "{choice:?}: {what} {i}: gradient {a:e}, difference {b:e}"
        );
    }
}

fn check(choice: &Choice) -> f64 {
    let input = Input::new(choice);
    let (_, grad, saved) = input.draw(choice);
    let mut g = Gradients::default();
    Rasterizer::backward_into(&Reference, &saved, &grad, Wanted::ALL, &mut g).expect("goes back");
    let corners = g.corners.expect("wanted");
    let by = |part: &[usize]| -> Vec<f64> {
        corners.indexed_iter().filter(|((_, _, i), _)| part.contains(i)).map(|(_, v)| *v).collect()
    };
    let xy = input.differences(choice, 18, |m, n| &mut m.corners[[n / 6, n / 2 % 3, n % 2]]);
    compare(choice, "x and y", &by(&[0, 1]), &xy, 1e-5);
    let z = input.differences(choice, 9, |m, n| &mut m.corners[[n / 3, n % 3, 2]]);
    compare(choice, "z", &by(&[2]), &z, 1e-6);
    let row = 2 * choice.kind.texels();
    let texels = input.differences(choice, 3 * row, |m, n| &mut m.texels[[n / row, n % row / 2, n % 2]]);
    compare(choice, "texel", &flat(&g.textures.expect("wanted")), &texels, 1e-6);
    let background: Array2<f64> = g.background.expect("wanted");
    let expected = input.differences(choice, 2, |m, n| &mut m.background[n]);
    compare(choice, "background", &flat(&background), &expected, 1e-6);
    let sigma = input.differences(choice, 1, |m, _| &mut m.sigma);
    compare(choice, "sigma", &flat(&g.sigma.expect("wanted")), &sigma, 1e-6);
    let gamma = input.differences(choice, 1, |m, _| &mut m.gamma);
    compare(choice, "gamma", &flat(&g.gamma.expect("wanted")), &gamma, 1e-6);
    let epsilon = input.differences(choice, 1, |m, _| &mut m.epsilon);
    compare(choice, "epsilon", &flat(&g.epsilon.expect("wanted")), &epsilon, 1e-6);
    let shape = input.differences(choice, 1, |m, _| &mut m.shape);
    compare(choice, "shape", &flat(&g.distribution.expect("wanted")), &shape, 1e-6);
    let p = input.differences(choice, 1, |m, _| &mut m.p);
    compare(choice, "p", &flat(&g.t_conorm.expect("wanted")), &p, 1e-6);
    // The weights do not see the silhouette.
    if choice.silhouette == Silhouette::ProbabilisticOr {
        let weights = input.differences(choice, input.weights.len(), |m, n| &mut m.weights[n]);
        compare(choice, "weight", &flat(&g.weights.expect("wanted")), &weights, 1e-6);
    }
    xy.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// The parts of the paper: every combination of theirs is drawn, and every distribution with every silhouette.
const SILHOUETTES: &[Silhouette] = &[Silhouette::ProbabilisticOr, Silhouette::Sum, Silhouette::Hard];

/// The colors, the network with fewer units than by default: each weight takes four pictures.
const COLORS: &[Color] = &[Color::Softmax, Color::Over, Color::Hard, Color::Neural { hidden: 5 }];

#[test]
fn every_gradient_of_every_choice_is_the_slope_of_the_picture() {
    let mut choices = 0;
    let mut moving = 0;
    for distance in Distance::BUILT_IN {
        for silhouette in SILHOUETTES {
            for color in COLORS {
                for kind in
                    [TextureKind::Vertex, TextureKind::Surface { side: 1 }, TextureKind::Surface { side: 2 }]
                {
                    for interpolation in [Interpolation::Perspective, Interpolation::Screen] {
                        for depth_map in [DepthMap::Linear, DepthMap::Inverse] {
                            let choice = Choice {
                                distance: distance.clone(),
                                distribution: Distribution::Logistic,
                                silhouette: silhouette.clone(),
                                color: color.clone(),
                                kind,
                                interpolation,
                                depth_map,
                            };
                            choices += 1;
                            moving += usize::from(check(&choice) > 1e-3);
                        }
                    }
                }
            }
        }
    }
    assert_eq!(choices, 4 * 3 * 4 * 3 * 2 * 2);
    assert!(Color::BUILT_IN.iter().all(|part| COLORS.iter().any(|color| color.is_kind_of(part))));
    assert!(moving > choices / 2, "most choices have a gradient to corners: {moving} of {choices}");
}

#[test]
fn every_gradient_of_every_distribution_and_silhouette_is_the_slope_of_the_picture() {
    let mut moving = 0;
    let mut choices = 0;
    for (i, distribution) in Distribution::BUILT_IN.iter().enumerate() {
        for (j, silhouette) in Silhouette::BUILT_IN.iter().enumerate() {
            let choice = Choice {
                distance: [Distance::Euclidean, Distance::EuclideanUnsquared, Distance::Barycentric]
                    [(i + j) % 3]
                    .clone(),
                distribution: distribution.clone(),
                silhouette: silhouette.clone(),
                color: [Color::Softmax, Color::Over][(i + j) % 2].clone(),
                kind: TextureKind::Vertex,
                interpolation: Interpolation::Perspective,
                depth_map: DepthMap::Linear,
            };
            choices += 1;
            moving += usize::from(check(&choice) > 1e-3);
        }
    }
    assert!(moving * 10 > choices * 9, "most choices have a gradient to corners: {moving} of {choices}");
}
