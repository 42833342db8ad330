//! The color aggregators A_S, Over and hard, textures and interpolation.

use ndarray::Array3;
use softras_core::math::{
    Color, ColorAggregator, Cutoff, DepthMap, Distance, Interpolation, Mixing, Silhouette, TextureKind,
};
use softras_core::raster::{Capabilities, Outputs, RasterParams, Sides, TextureFamily};
use softras_core::scene::{Faces, Winding};

use super::functions::{FACE_A, TABLE_A, TABLE_SIGMA};
use super::{Needs, Under, built, law};
use crate::compare::{self, widen};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::scene::{Scene, noise};
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "color::of_known_faces",
        "the closed form of a lone white face at the pixels of MATH 11, both depth maps",
        Budget.of("Softmax, Over and hard color"),
        of_known_faces
    ),
    law!(
        "color::is_interpolated_as_asked",
        "hard colors are sum c_k T_k on the screen, sum c'_k T_k in perspective",
        Budget.of("hard color"),
        is_interpolated
    ),
    law!(
        "color::stays_in_the_hull",
        "colors lie between those of faces and background",
        Budget.of("colors that mix convexly"),
        stays_in_the_hull
    ),
    law!(
        "color::is_linear_in_its_colors",
        "the picture of a sum of colors is the sum of the pictures",
        Budget.of("colors that mix convexly"),
        is_linear_in_colors
    ),
    law!(
        "color::channels_do_not_mix",
        "a channel drawn alone is the channel drawn among others",
        Budget.of("colors that mix convexly"),
        channels_do_not_mix
    ),
    law!(
        "color::over_white_is_the_silhouette",
        "Over of white faces on black is the probabilistic or",
        Budget.of("Over"),
        over_white
    ),
    law!(
        "color::near_and_far_are_inclusive",
        "a face at near or far has color, one beyond has none",
        Budget.of("colors that mix convexly"),
        near_and_far
    ),
    law!(
        "color::of_one_sided_faces",
        "only fronts have color, and either winding may be the front",
        Bits.of("colors that mix convexly"),
        of_one_sided_faces
    ),
    law!(
        "color::of_hard_is_the_nearest",
        "hard color is the nearest face's, the first of equals",
        Budget.of("hard color"),
        of_hard_is_the_nearest
    ),
    law!(
        "color::reads_every_texel_at_its_centre",
        "texel centres of MATH 6 show their texel, corner cones the corner's",
        Budget,
        reads_every_texel
    ),
    law!(
        "color::prefers_the_nearer_face",
        "of two faces alike, the nearer weighs more, the more so the smaller gamma",
        Budget.of("Softmax and Over"),
        prefers_the_nearer
    ),
    law!(
        "color::epsilon_lifts_the_background",
        "the background weighs exp(epsilon / gamma) against a face's D exp(zn / gamma)",
        Budget.of("Softmax"),
        epsilon_lifts
    ),
];

/// The aggregators that mix convexly.
fn convex<'a, R: Tested>(under: &'a Under<'_, R>) -> impl Iterator<Item = &'a Color> {
    under.colors().filter(|part| part.mixing() == Mixing::Convex)
}

/// What a back end can do with such aggregators, in color; what it lacks if it has none.
fn mixing<R: Tested>(under: &Under<'_, R>) -> Result<Capabilities, Gauge> {
    let colors: Vec<_> = convex(under).cloned().collect();
    let outputs: Vec<_> = under.can.outputs.iter().copied().filter(|o| o.color()).collect();
    if colors.is_empty() || outputs.is_empty() {
        return Err(Gauge::unsupported("a color that mixes convexly"));
    }
    Ok(Capabilities { colors, outputs, ..under.can.clone() })
}

/// The first color of a picture drawn with `params`.
fn first<R: Tested>(under: &Under<'_, R>, faces: &Faces<R>, params: &RasterParams<R>) -> Result<f64, Broken> {
    let (image, _) = under.backend.forward(faces, params)?;
    Ok(image.color.and_then(|c| c.first().map(|x| x.to_f64())).unwrap_or(f64::NAN))
}

fn of_known_faces<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let r = R::from_f64;
    let needs = Needs {
        cutoffs: &[Cutoff::None],
        textures: &[TextureFamily::Vertex],
        distances: &[Distance::Euclidean],
        ..Needs::default()
    };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    let (near, far, gamma, epsilon) = (1.0, 5.0, 0.5, 0.2);
    for row in &TABLE_A {
        for (map, zn) in [
            (DepthMap::Linear, (far - row.depth) / (far - near)),
            (DepthMap::Inverse, (1.0 / row.depth - 1.0 / far) / (1.0 / near - 1.0 / far)),
        ] {
            for color in under.colors() {
                let d = row.d_euclidean;
                let lift = ((zn - epsilon) / gamma).exp();
                let expected = match color {
                    Color::Softmax => d * lift / (d * lift + 1.0),
                    Color::Over => d,
                    Color::Hard if d > 0.5 => 1.0,
                    Color::Hard if d < 0.5 => 0.0,
                    _ => continue, // hard color on the edge, and parts that the table does not know
                };
                let params = RasterParams::<R>::new(1, 1)
                    .sigma(r(TABLE_SIGMA))
                    .gamma(r(gamma))
                    .epsilon(r(epsilon))
                    .near(r(near))
                    .far(r(far))
                    .cutoff(Cutoff::None)
                    .depth_map(map)
                    .color(color.clone());
                let found = first(under, &built::lone(&FACE_A, row.at, 1)?, &params)?;
                let bound = (2.0 * under.budget.probability).max(3e-11);
                gauge.near(|| format!("{color:?}, {map:?} at {:?}", row.at), found, expected, bound)?;
            }
        }
    }
    Ok(gauge)
}

fn is_interpolated<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let needs = Needs { colors: &[Color::Hard], textures: &[TextureFamily::Vertex], ..Needs::default() };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    // Face A at (0, 0): c = (1/4, 1/4, 1/2), z = (2, 3, 4), z_p = 3.
    let texels = [0.2, 0.5, 0.9];
    let c = [0.25, 0.25, 0.5];
    for (interpolation, weights) in [
        (Interpolation::Screen, c),
        (Interpolation::Perspective, [c[0] / 2.0 * 3.0, c[1] / 3.0 * 3.0, c[2] / 4.0 * 3.0]),
    ] {
        let faces = built::lone::<R>(&FACE_A, [0.0, 0.0], 1)?;
        let colors = Array3::from_shape_fn((1, 3, 1), |(_, k, _)| R::from_f64(texels[k]));
        let faces = built::textured(&faces, colors, TextureKind::Vertex)?;
        let params = RasterParams::<R>::new(1, 1).color(Color::Hard).interpolation(interpolation);
        let expected: f64 = weights.iter().zip(texels).map(|(w, t)| w * t).sum();
        let bound = under.budget.color;
        gauge.near(|| format!("{interpolation:?}"), first(under, &faces, &params)?, expected, bound)?;
    }
    Ok(gauge)
}

fn stays_in_the_hull<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let can = match mixing(under) {
        Ok(can) => can,
        Err(lacking) => return Ok(lacking),
    };
    under.context.for_all(strategy::scene(&can, Kind::Strange), |scene, gauge| {
        let (faces, params) = (scene.faces::<R>()?, scene.params::<R>());
        let (image, _) = under.backend.forward(&faces, &params)?;
        for (b, picture) in faces.pictures().iter().enumerate() {
            for c in 0..scene.channels {
                let behind = params.get_background()[[b, c]].to_f64();
                let (mut low, mut high) = (behind, behind);
                if let Some(t) = faces.textures() {
                    let rows = picture.first_texture..picture.first_texture + picture.faces.len();
                    for ((row, _, channel), x) in t.texels().indexed_iter() {
                        if rows.contains(&row) && channel == c {
                            low = low.min(x.to_f64());
                            high = high.max(x.to_f64());
                        }
                    }
                }
                // Colors are at most 1: sums of n weights that round, divided by the sum of the weights.
                let slack = (8.0 + 2.0 * picture.faces.len() as f64) * under.budget.unit;
                for (at, x) in image.color.iter().flat_map(|x| x.indexed_iter()) {
                    if (at.0, at.1) == (b, c) {
                        let beyond = (low - x.to_f64()).max(x.to_f64() - high);
                        gauge.within(
                            || format!("{x:?} at {at:?} is outside {low}..{high}"),
                            beyond,
                            slack,
                        )?;
                    }
                }
            }
        }
        Ok(())
    })
}

fn is_linear_in_colors<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let can = match mixing(under) {
        Ok(can) => can,
        Err(lacking) => return Ok(lacking),
    };
    under.context.for_all(strategy::scene(&can, Kind::Ordinary), |scene, gauge| {
        let draw = |a: f64, b: f64| -> Result<Vec<f64>, Broken> {
            let other = Scene { seed: !scene.seed, ..scene.clone() };
            let (one, two) = (scene.faces::<R>()?, other.faces::<R>()?);
            let mix = |x: R, y: R| R::from_f64(a * x.to_f64() + b * y.to_f64());
            let (Some(s), Some(t)) = (one.textures(), two.textures()) else { return Ok(Vec::new()) };
            let texels = ndarray::Zip::from(s.texels()).and(t.texels()).map_collect(|&x, &y| mix(x, y));
            let (p, q) = (scene.params::<R>(), other.params::<R>());
            let background = ndarray::Zip::from(p.get_background())
                .and(q.get_background())
                .map_collect(|&x, &y| mix(x, y));
            let faces = built::textured(&one, texels, s.kind())?;
            let (image, _) = under.backend.forward(&faces, &p.background_each(background))?;
            Ok(image.color.as_ref().map(widen).unwrap_or_default())
        };
        let (one, two, both) = (draw(1.0, 0.0)?, draw(0.0, 1.0)?, draw(0.5, -2.0)?);
        let bound = (64.0 + 8.0 * scene.count() as f64) * under.budget.unit;
        for (i, both) in both.iter().enumerate() {
            gauge.near(|| format!("color {i}"), *both, 0.5 * one[i] - 2.0 * two[i], bound)?;
        }
        Ok(())
    })
}

fn channels_do_not_mix<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let can = match mixing(under) {
        Ok(can) => can,
        Err(lacking) => return Ok(lacking),
    };
    under.context.for_all(strategy::scene(&can, Kind::Ordinary), |scene, gauge| {
        let scene = Scene { channels: 5, ..scene.clone() };
        let (faces, params) = (scene.faces::<R>()?, scene.params::<R>());
        let (image, _) = under.backend.forward(&faces, &params)?;
        let (Some(color), Some(textures)) = (image.color, faces.textures()) else { return Ok(()) };
        let axis = ndarray::Axis(2);
        for c in 0..5 {
            let texels = textures.texels().select(axis, &[c]);
            let alone = built::textured(&faces, texels, textures.kind())?;
            let background = params.get_background().select(ndarray::Axis(1), &[c]);
            let (image, _) = under.backend.forward(&alone, &params.clone().background_each(background))?;
            let expected = color.select(ndarray::Axis(1), &[c]);
            let d =
                compare::difference(&image.color.as_ref().map(widen).unwrap_or_default(), &widen(&expected));
            gauge.within(|| format!("channel {c} ({d})"), d.worst, 8.0 * under.budget.unit)?;
        }
        Ok(())
    })
}

fn over_white<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let needs = Needs {
        colors: &[Color::Over],
        silhouettes: &[Silhouette::ProbabilisticOr],
        outputs: &[Outputs::Both],
        ..Needs::default()
    };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        // Every face has color everywhere: all depths are inside near and far.
        let scene = Scene { range: (0.1, 100.0), ..scene.clone() }.style(|s| {
            s.color = Color::Over;
            s.silhouette = Silhouette::ProbabilisticOr;
            s.outputs = Outputs::Both;
            s.sides = Sides::Double;
        });
        let faces = scene.faces::<R>()?;
        let Some(t) = faces.textures() else { return Ok(()) };
        let faces = built::textured(&faces, Array3::from_elem(t.texels().dim(), R::ONE), t.kind())?;
        let params = scene.params::<R>().background(&vec![R::ZERO; scene.channels]);
        let (image, _) = under.backend.forward(&faces, &params)?;
        let (Some(color), Some(alpha)) = (image.color, image.silhouette) else { return Ok(()) };
        for ((b, c, y, x), value) in color.indexed_iter() {
            let bound = (8.0 + 2.0 * scene.count() as f64) * under.budget.unit;
            let expected = alpha[[b, y, x]].to_f64();
            gauge.near(|| format!("channel {c} of row {y}, column {x}"), value.to_f64(), expected, bound)?;
        }
        Ok(())
    })
}

/// A face that fills a picture of one pixel, at depth z.
fn wall(z: f64) -> [[f64; 3]; 3] {
    [[-9.0, -9.0, z], [9.0, -9.0, z], [0.0, 9.0, z]]
}

fn near_and_far<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let (near, far) = (2.0, 4.0); // powers of 2: depths at the pixel are exact
    for color in convex(under) {
        let params = RasterParams::<R>::new(1, 1)
            .near(R::from_f64(near))
            .far(R::from_f64(far))
            .epsilon(R::from_f64(-1.0))
            .gamma(R::from_f64(1e-2))
            .color(color.clone());
        for (z, seen) in [(1.99, 0.0), (2.0, 1.0), (3.0, 1.0), (4.0, 1.0), (4.01, 0.0)] {
            // With equal depths z_p = 1 / ((c_0 + c_1 + c_2) / z): weights of sixteenths keep it exact.
            let found = first(under, &built::lone(&wall(z), [0.0, -4.5], 1)?, &params)?;
            let off = (found - seen).abs();
            // At near and far themselves the sum of the weights may round to either side.
            let exact = (z - near).abs() > 1e-6 && (z - far).abs() > 1e-6 || R::NAME == "f64" || off < 1e-6;
            gauge.holds(|| format!("{color:?} at depth {z}: {found}"), off < 1e-6 || !exact)?;
        }
    }
    Ok(gauge)
}

fn of_one_sided_faces<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let mut turned = wall(2.0);
    turned.swap(0, 1);
    for color in convex(under) {
        for (sides, front, seen) in [
            (Sides::Double, Winding::CounterClockwise, [1.0, 1.0]),
            (Sides::Front, Winding::CounterClockwise, [1.0, 0.0]),
            (Sides::Front, Winding::Clockwise, [0.0, 1.0]),
        ] {
            for (face, expected) in [wall(2.0), turned].iter().zip(seen) {
                let faces = built::lone::<R>(face, [0.0, 0.0], 1)?.with_front(front);
                let params =
                    RasterParams::<R>::new(1, 1).color(color.clone()).sides(sides).gamma(R::from_f64(1e-2));
                let found = first(under, &faces, &params)?;
                gauge.near(
                    || format!("{color:?}, {sides:?}, {front:?}"),
                    found,
                    expected,
                    4.0 * under.budget.unit,
                )?;
            }
        }
    }
    Ok(gauge)
}

fn of_hard_is_the_nearest<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    if let Some(lacking) = under.lacks(Needs { colors: &[Color::Hard], ..Needs::default() }) {
        return Ok(lacking);
    }
    // Depths and which face is seen; of equal ones the first.
    for (depths, seen) in [
        (vec![3.0, 2.0, 4.0], 1),
        (vec![2.0, 2.0, 2.0], 0),
        (vec![5.0, 3.0, 3.0, 3.0], 1),
        (vec![0.5, 3.0, 2.5, 200.0], 2),
        (vec![-2.0, 3.0, 2.5, 2.5], 2),
    ] {
        let corners: Vec<_> = depths.iter().map(|&z| wall(z)).collect();
        let faces = built::picture::<R>(&corners)?;
        let shade = |f: usize| 0.1 + 0.125 * f as f64;
        let texels = Array3::from_shape_fn((depths.len(), 3, 1), |(f, _, _)| R::from_f64(shade(f)));
        let faces = built::textured(&faces, texels, TextureKind::Vertex)?;
        let params = RasterParams::<R>::new(1, 1).color(Color::Hard);
        let found = first(under, &faces, &params)?;
        gauge.near(|| format!("depths {depths:?}"), found, shade(seen), 4.0 * under.budget.unit)?;
    }
    Ok(gauge)
}

fn reads_every_texel<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let needs = Needs { textures: &[TextureFamily::Surface], ..Needs::default() };
    if let Some(lacking) = under.lacks(needs) {
        return Ok(lacking);
    }
    let p = [[-0.75, -0.5, 2.0], [0.75, -0.625, 2.0], [0.125, 0.875, 2.0]];
    let mut check = |side: usize, texel: usize, c: [f64; 2], outward: f64| -> Result<(), Broken> {
        let w = [c[0], c[1], 1.0 - c[0] - c[1]];
        // A pixel beyond a corner by `outward`, away from the middle of the face.
        let at = core::array::from_fn(|i| {
            let middle = (p[0][i] + p[1][i] + p[2][i]) / 3.0;
            let on: f64 = (0..3).map(|k| w[k] * p[k][i]).sum();
            on + outward * (on - middle)
        });
        let texels = Array3::from_shape_fn((1, side * side, 1), |(_, t, _)| R::from_f64(noise(7, 7, t)));
        let faces = built::lone::<R>(&p, at, 1)?;
        let faces = built::textured(&faces, texels, TextureKind::Surface { side })?;
        // A background that weighs nothing, so that what is seen is the face.
        let color = if under.can.colors.contains(&Color::Softmax) { Color::Softmax } else { Color::Hard };
        let params = RasterParams::<R>::new(1, 1)
            .sigma(R::from_f64(1e-2))
            .gamma(R::from_f64(1e-3))
            .epsilon(R::from_f64(-1.0))
            .interpolation(Interpolation::Screen)
            .color(color);
        let found = first(under, &faces, &params)?;
        gauge.near(
            || format!("side {side}, texel {texel}, c {c:?}"),
            found,
            noise(7, 7, texel),
            under.budget.color,
        )
    };
    for side in [1, 2, 3, 4, 7, 16] {
        let n = side as f64;
        for texel in 0..side * side {
            let (wx, wy) = (texel % side, texel / side);
            let (x, y) = (wx as f64, wy as f64);
            let c = if wx + wy < side {
                [(x + 1.0 / 3.0) / n, (y + 1.0 / 3.0) / n]
            } else {
                [((n - 1.0 - x) + 2.0 / 3.0) / n, ((n - 1.0 - y) + 2.0 / 3.0) / n]
            };
            check(side, texel, c, 0.0)?;
        }
        for (texel, c) in [(side - 1, [1.0, 0.0]), ((side - 1) * side, [0.0, 1.0]), (0, [0.0, 0.0])] {
            check(side, texel, c, 0.1)?;
        }
    }
    Ok(gauge)
}

fn prefers_the_nearer<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    for color in under.colors().filter(|c| [Color::Softmax, Color::Over].contains(c)) {
        let mut before = 0.5;
        for gamma in [10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-5] {
            // The nearer one is white, the other black; the background takes no part.
            let faces = built::picture::<R>(&[wall(3.0), wall(2.0)])?;
            let texels = Array3::from_shape_fn((2, 3, 1), |(f, _, _)| if f == 1 { R::ONE } else { R::ZERO });
            let faces = built::textured(&faces, texels, TextureKind::Vertex)?;
            let params = RasterParams::<R>::new(1, 1)
                .near(R::from_f64(1.0))
                .far(R::from_f64(5.0))
                .epsilon(R::from_f64(-1e3))
                .gamma(R::from_f64(gamma))
                .color(color.clone());
            let found = first(under, &faces, &params)?;
            let expected = 1.0 / (1.0 + (-0.25 / gamma).exp());
            gauge.near(
                || format!("{color:?}, gamma {gamma}"),
                found,
                expected,
                under.budget.color + under.budget.depth(0.75 / gamma).min(1e-4),
            )?;
            gauge.holds(|| format!("{color:?}: gamma {gamma} weighs less"), found >= before)?;
            before = found;
        }
    }
    Ok(gauge)
}

fn epsilon_lifts<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    if let Some(lacking) = under.lacks(Needs { colors: &[Color::Softmax], ..Needs::default() }) {
        return Ok(lacking);
    }
    for map in [DepthMap::Linear, DepthMap::Inverse] {
        for (epsilon, gamma) in [(0.0, 0.1), (0.6, 0.1), (0.75, 0.05), (-3.0, 1.0), (1e6, 1e-4), (-1e6, 1e-4)]
        {
            let params = RasterParams::<R>::new(1, 1)
                .near(R::from_f64(1.0))
                .far(R::from_f64(5.0))
                .epsilon(R::from_f64(epsilon))
                .gamma(R::from_f64(gamma))
                .distance(Distance::Euclidean)
                .depth_map(map);
            let found = first(under, &built::lone(&wall(2.0), [0.0, 0.0], 1)?, &params)?;
            let zn = if map == DepthMap::Linear { 0.75 } else { (0.5 - 0.2) / 0.8 };
            let expected = 1.0 / (1.0 + ((epsilon - zn) / gamma).exp());
            let bound = under.budget.color + under.budget.depth(8.0);
            gauge.near(|| format!("{map:?}, epsilon {epsilon}, gamma {gamma}"), found, expected, bound)?;
        }
    }
    Ok(gauge)
}
