//! The training loss against central differences, in f64.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use ndarray::{Array2, Array3, Array4, Axis};
use softras_core::raster::RasterParams;
use softras_core::reference::Reference;
use softras_core::scene::{Camera, Degrees, Orbit};
use softras_cpu::CpuRasterizer;
use softras_io::icosphere;
use softras_recon::loss::{Colors, PairLoss, PairTargets};
use softras_recon::settings::{ColorRegion, LossWeights};

const SIZE: usize = 12;

fn noise(i: usize) -> f64 {
    (i as f64 * 0.754_877_666 + 0.1).fract()
}

struct Case {
    loss: PairLoss<f64>,
    params: RasterParams<f64>,
    vertices: Array3<f64>,
    pictures: [Array4<f64>; 2],
}

fn case(weights: LossWeights) -> Case {
    let sphere = icosphere(1).unwrap().cast::<f64>();
    let camera = |azimuth: f64| Camera::orbit(&Orbit::usual(Degrees(azimuth))).perspective(Degrees(30.0));
    let cameras = [0.0, -15.0, -90.0, -200.0].map(camera).to_vec();
    let loss = PairLoss::new(sphere.triangles().to_vec(), 42, cameras, weights).unwrap();
    let vertices = Array3::from_shape_fn((4, 42, 3), |(n, v, k)| {
        0.3 * sphere.vertices()[[v, k]] * (1.0 + 0.3 * noise(n * 126 + v * 3 + k))
    });
    let picture = |salt: usize| {
        Array4::from_shape_fn((2, 4, SIZE, SIZE), |(b, c, y, x)| {
            noise(salt + ((b * 4 + c) * SIZE + y) * SIZE + x)
        })
    };
    let params = RasterParams::new(SIZE, SIZE).sigma(3e-3).gamma(1e-2).dist_eps(1e-10);
    Case { loss, params, vertices, pictures: [picture(7), picture(999)] }
}

impl Case {
    fn value(
        &self,
        vertices: &Array3<f64>,
        colors: Option<&Colors<f64>>,
    ) -> softras_recon::loss::PairValue<f64> {
        let targets = PairTargets {
            views_a: &[0, 2],
            views_b: &[1, 3],
            pictures_a: self.pictures[0].view(),
            pictures_b: self.pictures[1].view(),
        };
        self.loss.loss(&CpuRasterizer, &self.params, vertices.view(), colors, &targets).unwrap()
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    let case = case(LossWeights {
        silhouette: 1.0,
        color: 0.7,
        laplacian: 0.3,
        flatten: 0.02,
        color_region: ColorRegion::Object,
        color_laplacian: 0.4,
    });
    let kinds = [
        None,
        Some(Colors::Vertex(Array3::from_shape_fn((4, 42, 3), |(n, v, c)| noise(n * 131 + v * 3 + c)))),
        Some(Colors::Surface {
            side: 2,
            texels: Array4::from_shape_fn((4, 80, 4, 3), |(n, f, t, c)| noise(n * 977 + f * 12 + t * 3 + c)),
        }),
    ];
    for colors in kinds {
        let value = case.value(&case.vertices, colors.as_ref());
        assert!(value.laplacian > 0.0 && value.flatten > 0.0 && value.silhouette > 0.0);
        for salt in 0..4 {
            let h = 1e-6;
            let step = Array3::from_shape_fn(case.vertices.dim(), |(n, v, k)| {
                noise(salt * 1009 + n * 126 + v * 3 + k) - 0.5
            });
            let at = |t: f64| case.value(&(&case.vertices + &(&step * t)), colors.as_ref()).total;
            let (slope, expected) = ((at(h) - at(-h)) / (2.0 * h), (&value.grad_vertices * &step).sum());
            assert!((slope - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{slope} {expected}");
        }
        if let (Some(Colors::Vertex(colors)), Some(Colors::Vertex(grad))) = (&colors, &value.grad_colors) {
            let step = Array3::from_shape_fn(colors.dim(), |(n, v, k)| noise(n * 77 + v * 3 + k) - 0.5);
            let at = |t: f64| case.value(&case.vertices, Some(&Colors::Vertex(colors + &(&step * t)))).total;
            let (slope, expected) = ((at(1e-6) - at(-1e-6)) / 2e-6, (grad * &step).sum());
            assert!((slope - expected).abs() < 1e-6, "{slope} {expected}");
        }
        if let (Some(Colors::Surface { texels, .. }), Some(Colors::Surface { texels: grad, .. })) =
            (&colors, &value.grad_colors)
        {
            let step =
                Array4::from_shape_fn(texels.dim(), |(n, f, t, c)| noise(n * 577 + f * 12 + t * 3 + c) - 0.5);
            let at = |t: f64| {
                case.value(&case.vertices, Some(&Colors::Surface { side: 2, texels: texels + &(&step * t) }))
                    .total
            };
            let (slope, expected) = ((at(1e-6) - at(-1e-6)) / 2e-6, (grad * &step).sum());
            assert!((slope - expected).abs() < 1e-6, "{slope} {expected}");
        }
    }
}

#[test]
fn each_mesh_meets_both_sides_in_the_published_order() {
    // Only the picture of object 1 from view b is not empty: object 0 pulls nothing together, but meshes 1 and 3 do.
    let mut case = case(LossWeights {
        silhouette: 1.0,
        color: 0.0,
        laplacian: 0.0,
        flatten: 0.0,
        color_region: ColorRegion::Picture,
        color_laplacian: 0.0,
    });
    case.pictures[0].fill(0.0);
    case.pictures[1].index_axis_mut(Axis(0), 0).fill(0.0);
    let value = case.value(&case.vertices, None);
    let size = |n: usize| value.grad_vertices.index_axis(Axis(0), n).mapv(f64::abs).sum();
    assert!(size(0) < 1e-12 && size(2) < 1e-12, "{} {}", size(0), size(2));
    assert!(size(1) > 1e-3 && size(3) > 1e-3, "{} {}", size(1), size(3));
    // Three of four pictures of each pair have an empty target: loss 1 each.
    assert!(value.silhouette > 0.75 && value.silhouette < 1.0);
}

#[test]
fn the_cpu_agrees_with_the_reference_and_with_itself() {
    let case = case(LossWeights::default());
    let targets = PairTargets {
        views_a: &[0, 2],
        views_b: &[1, 3],
        pictures_a: case.pictures[0].view(),
        pictures_b: case.pictures[1].view(),
    };
    let cpu = case.value(&case.vertices, None);
    assert_eq!(cpu, case.value(&case.vertices, None));
    let reference = case.loss.loss(&Reference, &case.params, case.vertices.view(), None, &targets).unwrap();
    assert!((cpu.total - reference.total).abs() < 1e-10);
    let apart = (&cpu.grad_vertices - &reference.grad_vertices).mapv(f64::abs).sum();
    assert!(apart < 1e-8, "{apart}");
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let case = case(LossWeights::default());
    let run = |vertices: &Array3<f64>, views_a: &[usize], colors: Option<&Colors<f64>>| {
        let targets = PairTargets {
            views_a,
            views_b: &[1, 3],
            pictures_a: case.pictures[0].view(),
            pictures_b: case.pictures[1].view(),
        };
        case.loss.loss(&Reference, &case.params, vertices.view(), colors, &targets)
    };
    let three = case.vertices.select(Axis(0), &[0, 1, 2]);
    assert!(run(&three, &[0, 2], None).is_err());
    assert!(run(&case.vertices, &[0, 4], None).unwrap_err().to_string().contains("below 4"));
    assert!(run(&case.vertices, &[0], None).is_err());
    let mut bad = case.vertices.clone();
    bad[[0, 0, 0]] = f64::NAN;
    assert!(run(&bad, &[0, 2], None).is_err());
    let colors = Colors::Vertex(Array2::zeros((42, 3)).insert_axis(Axis(0)));
    assert!(run(&case.vertices, &[0, 2], Some(&colors)).is_err());
}

#[test]
fn beside_the_object_colors_count_nothing_unless_asked_for() {
    let difference = |color_region| {
        let weights = LossWeights {
            silhouette: 0.0,
            color: 1.0,
            laplacian: 0.0,
            flatten: 0.0,
            color_region,
            color_laplacian: 0.0,
        };
        let mut case = case(weights);
        // Nothing is covered: all that is drawn is beside the object.
        case.pictures.iter_mut().for_each(|pictures| pictures.fill(0.0));
        let colors = Colors::Vertex(Array3::from_elem((4, 42, 3), 0.5));
        let value = case.value(&case.vertices, Some(&colors));
        let Some(Colors::Vertex(grad)) = value.grad_colors else { panic!("no gradient") };
        (value.color, grad.mapv(f64::abs).sum())
    };
    assert_eq!(difference(ColorRegion::Object), (0.0, 0.0));
    let (value, grad) = difference(ColorRegion::Picture);
    assert!(value > 0.01 && grad > 0.1, "{value} {grad}");
}
