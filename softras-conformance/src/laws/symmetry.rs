//! What a picture does not depend on.

use softras_core::Image;
use softras_core::math::{Cutoff, DistanceMetric, Invariance, pixel_centre};
use softras_core::raster::{Capabilities, Sides, TextureFamily};
use softras_core::scene::{Faces, Winding};

use super::{Needs, Under, built, law};
use crate::compare::{self, groups, widen};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle::{self, ask};
use crate::scene::Scene;
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "symmetry::of_face_order",
        "faces in another order give the same picture, and their gradients in that order",
        Budget,
        of_face_order
    ),
    law!(
        "symmetry::of_corner_order",
        "a face's corners moved one on give the same picture and gradient",
        Budget.of("vertex textures"),
        of_corner_order
    ),
    law!(
        "symmetry::of_mirrors_and_turns",
        "a scene mirrored or turned by a quarter gives the picture so",
        Budget,
        of_mirrors_and_turns
    ),
    law!(
        "symmetry::of_place_and_scale",
        "every pixel is a picture of its own: of the faces moved to it and k times as large, at k^n sigma, n the degree \
         that the metric says it has",
        Budget,
        of_place_and_scale
    ),
    law!(
        "symmetry::of_rigid_motions",
        "a scene turned by any angle about a pixel looks the same there, and its gradient is turned, where the metric \
         says that it is rigid",
        Budget.of("metrics that are rigid"),
        of_rigid_motions
    ),
    law!(
        "symmetry::of_affine_maps",
        "a scene under any affine map about a pixel looks the same there, where the metric says that it is affine",
        Budget.of("metrics that are affine"),
        of_affine_maps
    ),
];

/// A scene of one picture with nothing that jumps between texels.
fn single(scene: &Scene) -> Scene {
    Scene {
        pictures: vec![scene.pictures[0].clone()],
        sigma: scene.sigma[..1].to_vec(),
        gamma: scene.gamma[..1].to_vec(),
        epsilon: scene.epsilon[..1].to_vec(),
        shared_textures: false,
        ..scene.clone()
    }
}

/// Compares two pictures where there is no doubt, within rounding in another order and `bands` of a scene's band.
fn same_picture<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
    gauge: &mut Gauge,
    (a, b): (&Image<R>, &Image<R>),
    (band, doubt): (&oracle::Band, &oracle::Doubt),
) -> Result<(), Broken> {
    let budget = &under.budget;
    let order = (8.0 + 2.0 * scene.count() as f64) * budget.unit;
    let values = |x: &Image<R>| {
        (
            x.color.as_ref().map(widen).unwrap_or_default(),
            x.silhouette.as_ref().map(widen).unwrap_or_default(),
        )
    };
    let ((color_a, alpha_a), (color_b, alpha_b)) = (values(a), values(b));
    for (p, (&x, &y)) in alpha_a.iter().zip(&alpha_b).enumerate().filter(|(p, _)| !doubt.silhouette[*p]) {
        gauge.near(|| format!("silhouette of pixel {p}"), x, y, order + budget.bands * band.silhouette[p])?;
    }
    let pixels = scene.size.0 * scene.size.1;
    for (i, (&x, &y)) in color_a.iter().zip(&color_b).enumerate().filter(|(i, _)| !doubt.color[i % pixels]) {
        let bound = order + budget.bands * band.color[i] + budget.depth(oracle::depth_in_gammas(scene));
        gauge.near(|| format!("color {i}"), x, y, bound)?;
    }
    Ok(())
}

/// What rounding does to a scene, and its image gradient with nothing at pixels in doubt.
fn rounding<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
) -> Result<(oracle::Band, oracle::Doubt, softras_core::ImageGrad<R>, oracle::Answer), Broken> {
    let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
    let doubt = oracle::doubt(&faces, &params)?;
    let (mut wide, mut grad) = (scene.grad::<f64>(), scene.grad::<R>());
    doubt.silence(&mut wide);
    doubt.silence(&mut grad);
    let answer = oracle::answer(&faces, &params, &wide)?;
    let band = oracle::band(&faces, &params, &wide, &answer, under.budget.unit)?;
    Ok((band, doubt, grad, answer))
}

/// Compares a changed scene's picture and gradients, put back, with the scene's own.
fn unchanged<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
    gauge: &mut Gauge,
    changed: &Faces<R>,
    put_back: impl Fn(&mut softras_core::raster::Gradients<R>),
) -> Result<(), Broken> {
    let (band, doubt, grad, _) = rounding(under, scene)?;
    let params = scene.params::<R>();
    let own = ask(under.backend, &scene.faces()?, &params, &grad)?;
    let mut other = ask(under.backend, changed, &params, &grad)?;
    put_back(&mut other.gradients);
    same_picture(under, scene, gauge, (&own.image, &other.image), (&band, &doubt))?;
    same_gradients(under, scene, gauge, (&own, &other), &band)
}

/// Compares two gradients of what should be the same scene, within rounding in another order and the band.
fn same_gradients<R: Tested>(
    under: &Under<'_, R>,
    scene: &Scene,
    gauge: &mut Gauge,
    (own, other): (&oracle::Answer<R>, &oracle::Answer<R>),
    band: &oracle::Band,
) -> Result<(), Broken> {
    let z_k = oracle::depth_in_gammas(scene);
    let both = groups(&own.gradients).into_iter().zip(groups(&other.gradients));
    for (((name, a), (_, b)), band) in both.zip(&band.gradients) {
        let d = compare::difference(&a, &b);
        let rounding =
            under.budget.bands * (band.iter().map(|x| x * x).sum::<f64>().sqrt() + under.budget.unit);
        let bound = (under.budget.order + under.budget.depth(z_k)) * d.expected + rounding;
        gauge.within(|| format!("gradient to {name} ({d:?})"), d.norm, bound)?;
    }
    Ok(())
}

fn of_face_order<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let scene = single(scene);
        let n = scene.count();
        // A fixed shuffle: every face moves.
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&f| crate::scene::scramble(f as u64 ^ scene.seed));
        let mut back = vec![0; n];
        for (new, &old) in order.iter().enumerate() {
            back[old] = new;
        }
        let changed = built::reordered(&scene.faces::<R>()?, &order)?;
        unchanged(under, &scene, gauge, &changed, |g| {
            let axis = ndarray::Axis(0);
            g.corners = g.corners.take().map(|x| x.select(axis, &back));
            g.textures = g.textures.take().map(|x| x.select(axis, &back));
        })
    })
}

fn of_corner_order<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let vertex = [TextureFamily::Vertex];
    if let Some(lacking) = under.lacks(Needs { textures: &vertex, ..Needs::default() }) {
        return Ok(lacking);
    }
    let can = Capabilities { textures: vertex.to_vec(), ..under.can.clone() };
    under.context.for_all(strategy::scene(&can, Kind::Ordinary), |scene, gauge| {
        let scene = single(scene);
        for by in [1, 2] {
            let changed = built::rotated(&scene.faces::<R>()?, by)?;
            let back: Vec<usize> = (0..3).map(|k| (k + 3 - by) % 3).collect();
            unchanged(under, &scene, gauge, &changed, |g| {
                let axis = ndarray::Axis(1);
                g.corners = g.corners.take().map(|x| x.select(axis, &back));
                g.textures = g.textures.take().map(|x| x.select(axis, &back));
            })?;
        }
        Ok(())
    })
}

/// What a back end can do with metrics that promise so much.
fn with_metrics<R: Tested>(under: &Under<'_, R>, least: Invariance) -> Result<Capabilities, Gauge> {
    let distances: Vec<_> = under.distances().filter(|d| d.invariance() >= least).cloned().collect();
    if distances.is_empty() {
        return Err(Gauge::unsupported(format!("a distance with the invariance {least:?}")));
    }
    Ok(Capabilities { distances, ..under.can.clone() })
}

/// Takes the cut-off away where the box rule, which knows no scale and no turns, would cut. `None` if that cannot be.
fn without_box<R: Tested>(under: &Under<'_, R>, mut scene: Scene) -> Option<Scene> {
    let cut = scene.cut(scene.dist_eps);
    if oracle::box_cuts(&scene.style.distance, cut * f64::from(scene.sigma[0])) {
        scene.style.cutoff = under.can.cutoffs.contains(&Cutoff::None).then_some(Cutoff::None)?;
    }
    Some(scene)
}

fn of_mirrors_and_turns<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let can = match with_metrics(under, Invariance::Grid) {
        Ok(can) => can,
        Err(lacking) => return Ok(lacking),
    };
    under.context.for_all(strategy::scene(&can, Kind::Ordinary), |scene, gauge| {
        let scene = single(scene);
        let (band, doubt, _, _) = rounding(under, &scene)?;
        let (w, h) = scene.size;
        let (own, _) = under.backend.forward(&scene.faces::<R>()?, &scene.params())?;
        // What becomes of a corner, whether it mirrors, and where pixel (row, column) is then.
        type Change<R> = (fn([R; 3]) -> [R; 3], bool, fn(usize, usize, usize, usize) -> (usize, usize));
        let changes: [Change<R>; 4] = [
            (|[x, y, z]| [-x, y, z], true, |y, x, _, w| (y, w - 1 - x)),
            (|[x, y, z]| [x, -y, z], true, |y, x, h, _| (h - 1 - y, x)),
            (|[x, y, z]| [-x, -y, z], false, |y, x, h, w| (h - 1 - y, w - 1 - x)),
            (|[x, y, z]| [-y, x, z], false, |y, x, h, _| (h - 1 - x, y)),
        ];
        for (n, (map, mirrors, place)) in changes.into_iter().enumerate() {
            if n == 3 && w != h {
                continue;
            }
            let mut scene = scene.clone();
            if mirrors && scene.style.sides == Sides::Front {
                scene.style.front = match scene.style.front {
                    Winding::CounterClockwise => Winding::Clockwise,
                    Winding::Clockwise => Winding::CounterClockwise,
                };
            }
            let changed = built::mapped(&scene.faces::<R>()?, map)?;
            let (image, _) = under.backend.forward(&changed, &scene.params())?;
            let back = Image {
                color: image.color.map(|i| {
                    ndarray::Array4::from_shape_fn(i.dim(), |(b, c, y, x)| {
                        let (y, x) = place(y, x, h, w);
                        i[[b, c, y, x]]
                    })
                }),
                silhouette: image.silhouette.map(|i| {
                    ndarray::Array3::from_shape_fn(i.dim(), |(b, y, x)| {
                        let (y, x) = place(y, x, h, w);
                        i[[b, y, x]]
                    })
                }),
            };
            same_picture(under, &scene, gauge, (&own, &back), (&band, &doubt))
                .map_err(|e| Broken(format!("change {n}: {e}")))?;
        }
        Ok(())
    })
}

fn of_place_and_scale<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let mut scene = single(scene);
        scene.size = (scene.size.0.min(5), scene.size.1.min(5));
        let Some(scene) = without_box(under, scene) else { return Ok(()) };
        let (band, doubt, _, _) = rounding(under, &scene)?;
        let (w, h) = scene.size;
        let faces = scene.faces::<R>()?;
        let (own, _) = under.backend.forward(&faces, &scene.params())?;
        // By powers of 2, which do not round; a metric that does not scale is only moved.
        let (k, degree) = match scene.style.distance.degree() {
            Some(degree) => (if scene.seed.is_multiple_of(2) { 4.0 } else { 0.25 }, degree),
            None => (1.0, 0),
        };
        let sigma = f64::from(scene.sigma[0]) * f64::powi(k, degree);
        let params = scene.params::<R>().size(1, 1).sigma(R::from_f64(sigma));
        for (y, x) in [(0, 0), (h - 1, w / 2), (h / 2, w - 1)] {
            let at = pixel_centre::<R>(y, x, h, w);
            let k = R::from_f64(k);
            let moved = built::mapped(&faces, |[px, py, z]| [(px - at.x) * k, (py - at.y) * k, z])?;
            let (image, _) = under.backend.forward(&moved, &params)?;
            let p = y * w + x;
            let budget = &under.budget;
            let order = (8.0 + 2.0 * scene.count() as f64) * budget.unit;
            if let (Some(a), Some(b), false) = (&own.silhouette, &image.silhouette, doubt.silhouette[p]) {
                let bound = order + budget.bands * band.silhouette[p];
                gauge.near(
                    || format!("silhouette of pixel {p}"),
                    b[[0, 0, 0]].to_f64(),
                    a[[0, y, x]].to_f64(),
                    bound,
                )?;
            }
            if let (Some(a), Some(b), false) = (&own.color, &image.color, doubt.color[p]) {
                for c in 0..scene.channels {
                    let depth = budget.depth(oracle::depth_in_gammas(&scene));
                    let bound = order + budget.bands * band.color[c * w * h + p] + depth;
                    gauge.near(
                        || format!("channel {c} of pixel {p}"),
                        b[[0, c, 0, 0]].to_f64(),
                        a[[0, c, y, x]].to_f64(),
                        bound,
                    )?;
                }
            }
        }
        Ok(())
    })
}

/// A linear map of the screen: its rows.
type Map = [[f64; 2]; 2];

/// Checks that a picture of one pixel and its gradient do not change when its faces are mapped; det > 0, so that no side
/// turns.
fn of_maps<R: Tested>(under: &Under<'_, R>, least: Invariance, maps: &[Map]) -> Outcome {
    let can = match with_metrics(under, least) {
        Ok(can) => can,
        Err(lacking) => return Ok(lacking),
    };
    under.context.for_all(strategy::scene(&can, Kind::Ordinary), |scene, gauge| {
        let Some(scene) = without_box(under, Scene { size: (1, 1), ..single(scene) }) else { return Ok(()) };
        let (band, doubt, grad, _) = rounding(under, &scene)?;
        let faces = scene.faces::<R>()?;
        let own = ask(under.backend, &faces, &scene.params(), &grad)?;
        for map in maps {
            let moved = built::mapped(&faces, |[x, y, z]| {
                let (px, py) = (x.to_f64(), y.to_f64());
                let [u, v] = map.map(|row| R::from_f64(row[0] * px + row[1] * py));
                [u, v, z]
            })?;
            let (wide, mut wide_grad) = (moved.cast::<f64>(), scene.grad::<f64>());
            let there = oracle::doubt(&wide, &scene.params())?;
            if there.color[0] || doubt.color[0] {
                continue;
            }
            doubt.silence(&mut wide_grad);
            let expected = oracle::answer(&wide, &scene.params(), &wide_grad)?;
            let other = oracle::band(&wide, &scene.params(), &wide_grad, &expected, under.budget.unit)?;
            let mut found = ask(under.backend, &moved, &scene.params(), &grad)?;
            if let Some(corners) = &mut found.gradients.corners {
                // x' = A x, so that the gradient to x is A^T times that to x'.
                for mut g in corners.rows_mut() {
                    let (gx, gy) = (g[0].to_f64(), g[1].to_f64());
                    for i in 0..2 {
                        g[i] = R::from_f64(map[0][i] * gx + map[1][i] * gy);
                    }
                }
            }
            let band = wider(&band, &other);
            same_picture(under, &scene, gauge, (&own.image, &found.image), (&band, &doubt))
                .and_then(|()| same_gradients(under, &scene, gauge, (&own, &found), &band))
                .map_err(|e| Broken(format!("map {map:?}: {e}")))?;
        }
        Ok(())
    })
}

/// What either of two roundings may do.
fn wider(a: &oracle::Band, b: &oracle::Band) -> oracle::Band {
    // A map may stretch gradients by as much as 4, and so their rounding.
    let sum = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).map(|(a, b)| a + 4.0 * b).collect::<Vec<f64>>();
    oracle::Band {
        color: sum(&a.color, &b.color),
        silhouette: sum(&a.silhouette, &b.silhouette),
        gradients: a.gradients.iter().zip(&b.gradients).map(|(a, b)| sum(a, b)).collect(),
    }
}

fn of_rigid_motions<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let turn = |angle: f64| [[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]];
    of_maps(under, Invariance::Rigid, &[turn(0.1), turn(0.8), turn(2.5), turn(-1.9)])
}

fn of_affine_maps<R: Tested>(under: &Under<'_, R>) -> Outcome {
    // Shears and stretches by powers of 2, which do not round much.
    let maps = [
        [[2.0, 0.5], [0.0, 1.0]],
        [[1.0, 0.0], [-0.5, 0.5]],
        [[4.0, 0.0], [0.0, 0.25]],
        [[0.0, -1.0], [1.0, 0.0]],
    ];
    of_maps(under, Invariance::Affine, &maps)
}
