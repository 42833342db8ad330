//! Losses: answers by hand, meshes of every kind, and every gradient against dual numbers and differences.
#![expect(clippy::float_cmp, reason = "tests say where bits must agree")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod derivative;

use derivative::{Function, check, noise};
use ndarray::{Array2, Array3, Array4, Ix3, Ix4, array};
use proptest::prelude::*;
use softras_core::loss::{
    CotangentLaplacian, CotangentWeights, EdgeLength, Flatten, Hinge, Laplacian, Norm, NormalConsistency,
    Topology, Volume, color, color_masked, hard_iou, iou, iou_score,
};
use softras_core::math::Scalar;
use softras_core::{Image, ImageGrad, Result};

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} against {b}");
}

// ---------------------------------------------------------------- pictures

const SILHOUETTE: [usize; 3] = [2, 3, 4];
const COLOR: [usize; 4] = [2, 3, 2, 3];

fn numbers<R: Scalar>(shape: &[usize], seed: usize) -> Vec<R> {
    (0..shape.iter().product()).map(|i| R::from_f64(0.5 + 0.5 * noise(i + seed))).collect()
}

fn silhouette<R: Scalar>(x: &[R]) -> Image<R> {
    Image { color: None, silhouette: Some(Array3::from_shape_vec(Ix3(2, 3, 4), x.to_vec()).unwrap()) }
}

fn picture<R: Scalar>(x: &[R]) -> Image<R> {
    Image { color: Some(Array4::from_shape_vec(Ix4(2, 3, 2, 3), x.to_vec()).unwrap()), silhouette: None }
}

#[derive(Clone, Copy, Debug)]
enum OfPicture {
    Iou,
    Color(Norm),
    Masked(Norm),
}

impl OfPicture {
    fn run<R: Scalar>(self, x: &[R]) -> (R, ImageGrad<R>) {
        let target = || picture(&numbers(&COLOR, 500)).color.unwrap();
        match self {
            Self::Iou => {
                let target = silhouette(&numbers(&SILHOUETTE, 300)).silhouette.unwrap();
                iou(&silhouette(x), &target.view()).unwrap()
            }
            Self::Color(norm) => color(&picture(x), &target(), norm).unwrap(),
            Self::Masked(norm) => {
                let mask = Array3::from_shape_fn((2, 2, 3), |(b, y, x)| {
                    R::from_f64(if x == 0 { 0.0 } else { 1.0 + noise(b + 7 * y + 3 * x) })
                });
                color_masked(&picture(x), &target(), &mask, norm).unwrap()
            }
        }
    }
}

impl Function for OfPicture {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        self.run(x).0
    }
}

#[test]
fn the_gradient_to_the_picture_is_the_derivative() {
    use OfPicture::{Color, Iou, Masked};
    for loss in [Iou, Color(Norm::L1), Color(Norm::L2), Masked(Norm::L1), Masked(Norm::L2)] {
        let shape: &[usize] = if matches!(loss, Iou) { &SILHOUETTE } else { &COLOR };
        let x = numbers(shape, 0);
        let (_, grad) = loss.run(&x);
        let ImageGrad { color, silhouette } = grad;
        let flat: Vec<f64> = color.into_iter().flatten().chain(silhouette.into_iter().flatten()).collect();
        check(&format!("{loss:?}"), &loss, &x, &flat);
    }
}

#[test]
fn overlap_follows_the_formula() -> Result<()> {
    let image = Image { color: None, silhouette: Some(array![[[1.0, 0.5], [0.0, 0.0]], [[0.0; 2]; 2]]) };
    let target = array![[[1.0, 0.0], [1.0, 0.0]], [[0.0; 2]; 2]];
    // The first: intersection 1, union 1 + 0.5 + 1; the second is empty twice.
    let (loss, grad) = iou(&image, &target)?;
    close(loss, 0.5 * (1.0 - 1.0 / 2.500_001) + 0.5);
    close(iou_score(&image, &target)?, 1.0 - loss);
    let grad = grad.silhouette.unwrap();
    let (i, u) = (1.0, 2.500_001);
    close(grad[[0, 0, 0]], -0.5 / u); // T = 1
    close(grad[[0, 1, 1]], 0.5 * i / (u * u)); // T = 0
    assert!(grad.iter().skip(4).all(|g| *g == 0.0));
    // 0.5 is not above 1/2: one pixel of two; and the empty pair agrees.
    close(hard_iou(&image, &target)?, 0.5 * (1.0 / 2.0) + 0.5);
    Ok(())
}

#[test]
fn color_follows_the_formula() -> Result<()> {
    let image = Image { color: Some(array![[[[0.5, 1.0]], [[0.25, 0.0]]]]), silhouette: None };
    let target = array![[[[0.5, 0.0]], [[0.75, 0.0]]]];
    let (loss, grad) = color(&image, &target, Norm::L1)?;
    close(loss, 1.5 / 4.0);
    assert_eq!(grad.color.unwrap(), array![[[[0.0, 0.25]], [[-0.25, 0.0]]]], "0 where they are equal");
    close(color(&image, &target, Norm::L2)?.0, 1.25 / 4.0);
    let (loss, grad) = color_masked(&image, &target, &array![[[3.0, 1.0]]], Norm::L1)?;
    close(loss, (3.0 * 0.5 + 1.0 * 1.0) / (2.0 * 4.0));
    assert_eq!(grad.color.unwrap(), array![[[[0.0, 0.125]], [[-0.375, 0.0]]]]);
    let (loss, grad) = color_masked(&image, &target, &array![[[0.0, 0.0]]], Norm::L2)?;
    assert!(loss == 0.0 && grad.color.unwrap().iter().all(|g| *g == 0.0));
    Ok(())
}

#[test]
fn wrong_pictures_say_what_is_wrong() {
    let image = silhouette(&numbers::<f64>(&SILHOUETTE, 0));
    let good = image.silhouette.clone().unwrap();
    let colors = picture(&numbers::<f64>(&COLOR, 0));
    let target = colors.color.clone().unwrap();
    let mask = Array3::ones((2, 2, 3));
    let text = |e: softras_core::Error| e.to_string();
    for (text, word) in [
        (text(iou(&Image::default(), &good).unwrap_err()), "no silhouette"),
        (text(iou(&image, &Array3::zeros((1, 3, 4))).unwrap_err()), "[2, 3, 4]"),
        (text(iou(&image, &(&good * 255.0)).unwrap_err()), "0 to 1"),
        (text(hard_iou(&image, &(&good * f64::NAN)).unwrap_err()), "0 to 1"),
        (text(iou_score(&silhouette_of(0), &Array3::zeros((0, 3, 4))).unwrap_err()), "B >= 1"),
        (text(color(&image, &target, Norm::L1).unwrap_err()), "no color"),
        (text(color(&colors, &Array4::zeros((2, 3, 2, 2)), Norm::L1).unwrap_err()), "[2, 3, 2, 3]"),
        (text(color(&colors, &(&target / 0.0), Norm::L1).unwrap_err()), "finite"),
        (text(color_masked(&colors, &target, &Array3::ones((2, 3, 2)), Norm::L1).unwrap_err()), "[2, 2, 3]"),
        (text(color_masked(&colors, &target, &-mask, Norm::L1).unwrap_err()), "not negative"),
    ] {
        assert!(text.contains(word) && text.contains("expected"), "{word}: {text}");
    }
}

fn silhouette_of(batch: usize) -> Image<f64> {
    Image { color: None, silhouette: Some(Array3::zeros((batch, 3, 4))) }
}

// ---------------------------------------------------------------- meshes

const TETRAHEDRON: [[u32; 3]; 4] = [[0, 1, 2], [0, 2, 3], [1, 3, 2], [0, 3, 1]];

/// Two triangles on the edge 0-1, the second turned by `angle` from flat.
fn folded(angle: f64) -> Array2<f64> {
    array![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.3, 2.0, 0.0], [0.8, -angle.cos(), angle.sin()]]
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Laplacian,
    Flatten,
    Normal,
    Edge,
    Cotangent,
    Volume,
}

const KINDS: [Kind; 6] =
    [Kind::Laplacian, Kind::Flatten, Kind::Normal, Kind::Edge, Kind::Cotangent, Kind::Volume];

fn run<R: Scalar>(kind: Kind, triangles: &[[u32; 3]], vertices: &Array2<R>) -> (R, Array2<R>) {
    let topology = Topology::new(triangles, vertices.nrows()).unwrap();
    match kind {
        Kind::Cotangent => CotangentLaplacian::new(triangles, vertices.nrows())
            .unwrap()
            .loss(vertices, CotangentWeights::Recomputed),
        Kind::Laplacian => Laplacian::from(topology).loss(vertices),
        Kind::Flatten => Flatten::from(topology).loss(vertices),
        Kind::Normal => NormalConsistency::from(topology).loss(vertices),
        Kind::Edge => EdgeLength::from(topology).loss(vertices),
        Kind::Volume => Volume::new(triangles, vertices.nrows()).unwrap().loss(vertices),
    }
    .unwrap()
}

struct OfMesh<'a>(Kind, &'a [[u32; 3]]);

impl Function for OfMesh<'_> {
    fn at<R: Scalar>(&self, x: &[R]) -> R {
        run(self.0, self.1, &Array2::from_shape_vec((x.len() / 3, 3), x.to_vec()).unwrap()).0
    }
}

/// Open and closed; an edge of three triangles, a triangle twice, one that names a vertex twice, a lone vertex.
const WILD: [[u32; 3]; 9] =
    [[0, 1, 2], [0, 2, 3], [1, 3, 2], [0, 3, 4], [2, 0, 4], [5, 6, 4], [5, 6, 4], [7, 7, 1], [3, 4, 7]];

#[test]
fn the_gradient_to_the_vertices_is_the_derivative_on_any_mesh() {
    for kind in KINDS {
        for (triangles, count) in [(&TETRAHEDRON[..], 4), (&TETRAHEDRON[1..], 4), (&WILD[..], 9)] {
            let x: Vec<f64> = (0..3 * count).map(|i| noise(5 * i + 3)).collect();
            let (_, grad) = run(kind, triangles, &Array2::from_shape_vec((count, 3), x.clone()).unwrap());
            let name = format!("{kind:?} of {} triangles", triangles.len());
            assert!(grad.iter().any(|g| *g != 0.0), "{name}");
            let grad: Vec<f64> = grad.iter().copied().collect();
            check(&name, &OfMesh(kind, triangles), &x, &grad);
        }
    }
}

#[test]
fn a_regular_tetrahedron_by_hand() {
    let vertices = array![[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]];
    let loss = |kind| run(kind, &TETRAHEDRON, &vertices);
    // The mean of the others is -v / 3, so the difference is 4/3 v, of square 16/9 * 3, four times.
    close(loss(Kind::Laplacian).0, 64.0 / 3.0);
    // All angles are alike, and so are all weights.
    close(loss(Kind::Cotangent).0, 64.0 / 3.0);
    // d = 4/3 v; 2 (d_v - sum of the others' d / 3) = 2 (4/3 + 4/9) v
    for (g, v) in loss(Kind::Laplacian).1.iter().zip(&vertices) {
        close(*g, 32.0 / 9.0 * v);
    }
    // The angle between two sides has the cosine 1/3, at six edges.
    close(loss(Kind::Flatten).0, 6.0 * 16.0 / 9.0);
    close(loss(Kind::Normal).0, 6.0 * 4.0 / 3.0);
    close(loss(Kind::Edge).0, 6.0 * 8.0);
    // A cube of side 2 without four corners, each a sixth of it.
    close(loss(Kind::Volume).0, -8.0 / 3.0);
}

#[test]
fn a_hinge_by_hand() {
    let triangles = [[0, 1, 2], [1, 0, 3]];
    for (angle, bend) in [(0.0, 0.0), (90.0, 1.0), (60.0, 0.5), (180.0, 2.0)] {
        let vertices = folded(f64::to_radians(angle));
        let (flatten, grad) = run(Kind::Flatten, &triangles, &vertices);
        close(flatten, bend * bend);
        close(run(Kind::Normal, &triangles, &vertices).0, bend);
        // The same whichever way round the second triangle runs.
        close(run(Kind::Flatten, &[[0, 1, 2], [0, 1, 3]], &vertices).0, bend * bend);
        assert!(grad.iter().all(|g| g.is_finite()));
    }
    // A flat square has nothing to gain; a mesh without an inner edge neither.
    assert!(run(Kind::Flatten, &triangles, &folded(0.0)).1.iter().all(|g| g.abs() < 1e-30));
    assert_eq!(run(Kind::Flatten, &triangles[..1], &folded(1.0)).0, 0.0);
}

#[test]
fn a_slight_bend_keeps_its_digits_in_f32() {
    let triangles = [[0, 1, 2], [1, 0, 3]];
    for angle in [1e-2, 1e-3, 1e-4] {
        let (exact, _) = run(Kind::Normal, &triangles, &folded(angle));
        let (found, _) = run(Kind::Normal, &triangles, &folded(angle).map(|x| *x as f32));
        // 1 + cos would lose everything at 1e-4: the bend is 5e-9. What is left is the rounding of the vertices.
        assert!((f64::from(found) / exact - 1.0).abs() < 1e-3, "{angle}: {found} against {exact}");
    }
}

#[test]
fn triangles_without_area_stay_finite_and_do_not_count() {
    let vertices = array![[0.0; 3], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0; 3]];
    let triangles = [[0, 1, 2], [0, 1, 3], [0, 3, 4]];
    for kind in [Kind::Flatten, Kind::Normal] {
        let (loss, grad) = run(kind, &triangles, &vertices);
        assert!(loss == 0.0 && grad.iter().all(|g| *g == 0.0));
    }
    for kind in [Kind::Laplacian, Kind::Edge, Kind::Cotangent] {
        let (loss, grad) = run(kind, &triangles, &Array2::<f32>::zeros((5, 3)));
        assert!(loss == 0.0 && grad.iter().all(|g| *g == 0.0));
    }
}

#[test]
fn neighbors_of_any_mesh() {
    let t = Topology::new(&WILD, 9).unwrap();
    assert_eq!(t.neighbors(0), [1, 2, 3, 4]);
    assert_eq!(t.neighbors(4), [0, 2, 3, 5, 6, 7]);
    assert_eq!(t.neighbors(7), [3, 4]);
    assert!(t.neighbors(8).is_empty());
    assert_eq!(t.edges().len(), 14);
    assert!(t.edges().is_sorted() && t.edges().iter().all(|[a, b]| a < b));
    // 0-2 is an edge of three; 3-4 joins two; 4-5, 4-6 and 5-6 belong to a triangle and its copy.
    assert_eq!((t.crowded_edges(), t.boundary_edges()), (1, 5));
    let hinge = |edge, corners| Hinge { edge, corners };
    assert_eq!(
        t.hinges(),
        [
            hinge([0, 3], [2, 4]),
            hinge([0, 4], [3, 2]),
            hinge([1, 2], [0, 3]),
            hinge([2, 3], [0, 1]),
            hinge([3, 4], [0, 7]),
        ]
    );
    let text = Topology::new(&[[0, 1, 9]], 9).unwrap_err().to_string();
    assert!(text.contains("vertex 9") && text.contains("below 9"), "{text}");
    let wrong = Flatten::new(&WILD, 9).unwrap().loss(&Array2::<f64>::zeros((8, 3))).unwrap_err();
    assert!(wrong.to_string().contains("[9, 3]"));
    let empty = Laplacian::new(&[], 0).unwrap().loss(&Array2::<f32>::zeros((0, 3))).unwrap();
    assert_eq!(empty.0, 0.0);
}

// ---------------------------------------------------------------- laws

proptest! {
    #[test]
    fn losses_on_vertices_do_not_see_a_rigid_motion(
        points in prop::collection::vec(-1.0..1.0, 27), angle in -3.0..3.0, shift in -5.0..5.0,
    ) {
        let still = Array2::<f64>::from_shape_vec((9, 3), points).unwrap();
        let (sin, cos): (f64, f64) = f64::sin_cos(angle);
        let turn: Array2<f64> = array![[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]];
        let moved: Array2<f64> = still.dot(&turn) + shift;
        for kind in KINDS {
            let (a, grad) = run(kind, &WILD, &still);
            let (b, turned) = run(kind, &WILD, &moved);
            prop_assert!((a - b).abs() <= 1e-9 * a.max(1.0), "{:?}: {} {}", kind, a, b);
            // A gradient turns with the mesh; near a triangle without area it is large.
            let scale = grad.iter().fold(1.0, |m: f64, g| m.max(g.abs()));
            prop_assert!((grad.dot(&turn) - turned).iter().all(|d| d.abs() <= 1e-7 * scale));
            // Nothing pushes the mesh as a whole.
            prop_assert!(grad.sum_axis(ndarray::Axis(0)).iter().all(|s| s.abs() <= 1e-12 * scale));
        }
    }

    #[test]
    fn overlap_is_between_nothing_and_all(a in prop::collection::vec(0.0..=1.0, 24), t in prop::collection::vec(0.0..=1.0, 24)) {
        let target = silhouette(&t).silhouette.unwrap();
        let (loss, _) = iou(&silhouette(&a), &target).unwrap();
        prop_assert!((0.0..=1.0).contains(&loss));
        prop_assert!((0.0..=1.0).contains(&hard_iou(&silhouette(&a), &target).unwrap()));
    }
}
