//! The cotangent Laplacian and the matrix of a Laplacian: what stays in place, what is held, and every gradient.
#![expect(clippy::float_cmp, reason = "tests say where bits must agree")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod derivative;

use derivative::{Function, check, noise};
use ndarray::{Array2, array};
use proptest::prelude::*;
use softras_core::loss::{CotangentLaplacian, CotangentWeights, LaplacianMatrix, Topology};
use softras_core::math::Scalar;

/// A vertex inside a square, and the four triangles around it.
const FAN: [[u32; 3]; 4] = [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]];

fn fan(middle: [f64; 3]) -> Array2<f64> {
    array![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0], middle]
}

struct Frozen(Vec<f64>);

impl Function for Frozen {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        let weights: Vec<R> = self.0.iter().map(|&w| R::from_f64(w)).collect();
        let vertices = Array2::from_shape_vec((5, 3), x.to_vec()).unwrap();
        let loss = CotangentLaplacian::new(&FAN, 5).unwrap();
        loss.loss(&vertices, CotangentWeights::Frozen(&weights)).unwrap().0
    }
}

struct Recomputed;

impl Function for Recomputed {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        let vertices = Array2::from_shape_vec((5, 3), x.to_vec()).unwrap();
        let loss = CotangentLaplacian::new(&FAN, 5).unwrap();
        loss.loss(&vertices, CotangentWeights::Recomputed).unwrap().0
    }
}

#[test]
fn the_gradient_is_the_derivative_with_weights_frozen_or_not() {
    let loss = CotangentLaplacian::new(&FAN, 5).unwrap();
    // Obtuse triangles, held weights, and one sliver with its height at 1/2000.
    for middle in [[0.4, 0.6, 0.3], [0.5, 0.1, 0.0], [0.9, 0.8, 0.1], [0.5, 0.0005, 0.0], [2.0, 0.5, 0.4]] {
        let vertices = fan(middle);
        let x: Vec<f64> = vertices.iter().copied().collect();
        let weights = loss.weights(&fan([0.3, 0.45, 0.2])).unwrap();
        let (_, grad) = loss.loss(&vertices, CotangentWeights::Frozen(&weights)).unwrap();
        check("frozen", &Frozen(weights), &x, grad.as_slice().unwrap());
        let (_, grad) = loss.loss(&vertices, CotangentWeights::Recomputed).unwrap();
        if middle[1] > 0.001 {
            check(&format!("recomputed {middle:?}"), &Recomputed, &x, grad.as_slice().unwrap());
        } else {
            // Cotangents of a sliver run up to 1000: the steps of the differences are too long for it.
            assert!(grad.iter().all(|g| g.is_finite()));
        }
    }
}

#[test]
fn a_flat_fan_stays_where_it_is_however_uneven() {
    // In the plane the mean with cotangent weights is the vertex itself, where no weight is held.
    let loss = CotangentLaplacian::new(&FAN, 5).unwrap();
    for middle in [[0.5, 0.5, 0.0], [0.4, 0.55, 0.0], [0.62, 0.41, 0.0]] {
        let vertices = fan(middle);
        let weights = loss.weights(&vertices).unwrap();
        let spokes = loss.topology().neighbors(4);
        let mean = spokes.iter().fold([0.0; 3], |sum, &u| {
            let e = loss.topology().edges().binary_search(&[u, 4]).unwrap();
            [0, 1, 2].map(|k| sum[k] + weights[e] * (vertices[[u as usize, k]] - middle[k]))
        });
        assert!(mean.iter().all(|x| x.abs() < 1e-15), "{middle:?}: {mean:?}");
    }
}

#[test]
fn weights_by_hand() {
    // Two right triangles: the diagonal faces two right angles and weighs nothing, each side one of 45 degrees.
    let square = array![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]];
    let loss = CotangentLaplacian::new(&[[0, 1, 2], [0, 2, 3], [1, 1, 2]], 4).unwrap();
    assert_eq!(loss.topology().edges(), [[0, 1], [0, 2], [0, 3], [1, 2], [2, 3]]);
    assert_eq!(loss.weights(&square).unwrap(), [0.5, 0.0, 0.5, 0.5, 0.5]);
    // Corner 1 pulled in: the diagonal faces an obtuse angle, and is held at 0.
    let mut obtuse = square.clone();
    obtuse[[1, 0]] = 0.7;
    obtuse[[1, 1]] = 0.3;
    assert_eq!(loss.weights(&obtuse).unwrap()[1], 0.0);
    // A vertex on the far side of a sliver: cot = 1/2 . 1/2 / (1/1000).
    let sliver = array![[0.0_f64, 0.0, 0.0], [1.0, 0.0, 0.0], [0.5, 1e-9, 0.0]];
    let loss = CotangentLaplacian::new(&[[0, 1, 2]], 3).unwrap();
    for (found, wanted) in loss.weights(&sliver).unwrap().iter().zip([0.0_f64, 250.0, 250.0]) {
        assert!((found - wanted).abs() < 1e-9, "{found} against {wanted}");
    }
}

#[test]
fn wrong_weights_say_what_is_wrong() {
    let loss = CotangentLaplacian::new(&FAN, 5).unwrap();
    let vertices = fan([0.5; 3]);
    let topology = loss.topology();
    let text = |e: softras_core::Error| e.to_string();
    let frozen = |w: &[f64]| text(loss.loss(&vertices, CotangentWeights::Frozen(w)).unwrap_err());
    for (text, word) in [
        (frozen(&[1.0; 7]), "[8], the edges"),
        (frozen(&[-1.0; 8]), "edge 0"),
        (frozen(&[f64::NAN; 8]), "edge 0"),
        (text(loss.weights(&Array2::<f64>::zeros((4, 3))).unwrap_err()), "[5, 3]"),
        (text(LaplacianMatrix::uniform(topology, -1.0).unwrap_err()), "lambda"),
        (text(LaplacianMatrix::weighted(topology, &[1.0; 3], 1.0).unwrap_err()), "[8], the edges"),
        (text(LaplacianMatrix::weighted(topology, &[f64::INFINITY; 8], 1.0).unwrap_err()), "edge 0"),
    ] {
        assert!(text.contains(word) && text.contains("expected"), "{word}: {text}");
    }
}

#[test]
fn the_matrix_by_hand() {
    let topology = Topology::new(&[[0, 1, 2]], 4).unwrap();
    let matrix = LaplacianMatrix::weighted(&topology, &[1.0, 2.0, 4.0], 10.0).unwrap();
    let dense = [
        [31.0, -10.0, -20.0, 0.0],
        [-10.0, 51.0, -40.0, 0.0],
        [-20.0, -40.0, 61.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ];
    let product = matrix.apply(&Array2::eye(4)).unwrap();
    assert_eq!(product, Array2::from_shape_fn((4, 4), |(i, j)| dense[i][j]));
    let lower: Vec<_> = matrix.lower().collect();
    let wanted: Vec<_> = (0..4)
        .flat_map(|j| (j..4).map(move |i| (i, j)))
        .filter(|&(i, j)| dense[i][j] != 0.0)
        .map(|(i, j)| (i, j, dense[i][j]))
        .collect();
    assert_eq!(lower, wanted);
    assert!(matrix.apply(&Array2::zeros((3, 3))).unwrap_err().to_string().contains("[4, C]"));
}

proptest! {
    #[test]
    fn the_matrix_keeps_constants_and_never_shrinks_a_vector(
        triangles in prop::collection::vec([0_u32..9, 0_u32..9, 0_u32..9], 0..12),
        points in prop::collection::vec(-1.0..1.0_f64, 27),
        lambda in 0.0..50.0_f64,
    ) {
        let loss = CotangentLaplacian::new(&triangles, 9).unwrap();
        let points: Array2<f64> = Array2::from_shape_vec((9, 3), points).unwrap();
        let weights: Vec<f64> = loss.weights(&points).unwrap();
        let uniform = LaplacianMatrix::uniform(loss.topology(), lambda).unwrap();
        let weighted = LaplacianMatrix::weighted(loss.topology(), &weights, lambda).unwrap();
        for matrix in [uniform, weighted] {
            let scale = matrix.values().iter().fold(1.0, |m: f64, v| m.max(v.abs()));
            let ones = matrix.apply(&Array2::ones((9, 1))).unwrap();
            prop_assert!(ones.iter().all(|x| (x - 1.0).abs() <= 1e-13 * scale), "{}", ones);
            // x . (I + lambda L) x = |x|^2 + lambda sum w (x_a - x_b)^2
            let along = (&matrix.apply(&points).unwrap() * &points).sum();
            prop_assert!(along >= points.mapv(|x| x * x).sum() - 1e-12 * scale);
            prop_assert!(matrix.starts().windows(2).all(|w| matrix.columns()[w[0]..w[1]].is_sorted()));
        }
    }

    #[test]
    fn cotangent_losses_do_not_see_scale_in_the_weights(k in -20..20_i32, seed in 0_usize..99) {
        let loss = CotangentLaplacian::new(&FAN, 5).unwrap();
        let points = Array2::from_shape_fn((5, 3), |(v, c)| noise(seed + 3 * v + c));
        let scaled = &points * 2.0_f64.powi(k);
        prop_assert_eq!(loss.weights(&points).unwrap(), loss.weights(&scaled).unwrap());
    }
}
