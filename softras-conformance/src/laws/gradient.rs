//! The gradient contract of [`softras_core::raster::Rasterizer`], line by line.

use ndarray::{Array3, Array4};
use softras_core::math::Cutoff;
use softras_core::raster::{Capabilities, Gradients, TextureFamily, Wanted};
use softras_core::{Image, ImageGrad};

use super::{Under, law};
use crate::compare::{self, groups};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle::{self, Direction, MOVES, ask};
use crate::scene::Scene;
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!(
        "gradient::is_the_derivative_of_the_picture",
        "for every combination of parts and settings, the gradient to every parameter is the exact derivative of the \
         picture, by dual numbers",
        Budget,
        is_the_derivative
    ),
    law!(
        "gradient::is_the_slope_of_the_picture",
        "central differences of whole pictures with a smooth cut-off agree with the gradient",
        Budget.of("parts with a gradient").needs(Double),
        is_the_slope
    ),
    law!("gradient::is_linear", "backward(a g + b h) = a backward(g) + b backward(h)", Budget, is_linear),
    law!(
        "gradient::of_nothing_is_zero",
        "a zero image gradient gives exactly zero",
        Bits,
        of_nothing_is_zero
    ),
    law!(
        "gradient::is_pure",
        "backward gives the same bits twice, and forward gives the same picture after it",
        Bits,
        is_pure
    ),
    law!(
        "gradient::has_the_shape_of_its_parameter",
        "every gradient has the shape of what it is of",
        Contract,
        has_the_shape
    ),
    law!(
        "gradient::wanted_alone_is_the_same",
        "a gradient that is asked for alone has the same bits, and the others are absent",
        Bits,
        wanted_alone_is_the_same
    ),
    law!(
        "gradient::is_finite",
        "every gradient of every scene that validation lets pass is finite",
        Contract,
        is_finite
    ),
    law!(
        "gradient::of_a_batch_is_that_of_its_pictures",
        "a batch equals its pictures drawn one by one",
        Bits,
        of_a_batch
    ),
    law!(
        "gradient::of_a_shared_texture_is_the_sum",
        "pictures that share a texture add up its gradient",
        Budget,
        of_a_shared_texture
    ),
];

fn is_the_derivative<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let styles = strategy::every_style(&under.can);
    // A device pays for every launch: it gets a fifth of the combinations, another one for each seed.
    let (stride, first) = match under.context.subject.is_device() {
        true => (5, under.context.seed as usize % 5),
        false => (1, 0),
    };
    for (i, style) in styles.into_iter().enumerate().skip(first).step_by(stride) {
        let scene = strategy::small_scene(style, under.context.seed + i as u64);
        derivative(under, &scene, &mut gauge)
            .map_err(|e| Broken(format!("{e}\n{:?}, scene seed {}", scene.style, scene.seed)))?;
    }
    Ok(gauge)
}

/// Checks one scene along a direction for each parameter.
fn derivative<R: Tested>(under: &Under<'_, R>, scene: &Scene, gauge: &mut Gauge) -> Result<(), Broken> {
    let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
    let doubt = oracle::doubt(&faces, &params)?;
    let mut grad = scene.grad::<f64>();
    doubt.silence(&mut grad);
    let mut own = scene.grad::<R>();
    doubt.silence(&mut own);
    let found = ask(under.backend, &scene.faces()?, &scene.params(), &own)?;
    let (budget, z_k) = (&under.budget, oracle::depth_in_gammas(scene));
    let floor = crate::floor::floor(&faces, &params, &grad, budget.unit)?;
    for name in MOVES {
        let direction = Direction::random(&faces, &params, scene.seed, Some(name));
        let (expected, terms) = oracle::slope(&faces, &params, &grad, &direction)?;
        let (slope, sizes) = direction.along(&found.gradients);
        // Floors are in the order of the groups; a direction is at most 10 long in each number.
        let rounding: f64 = floor.iter().flatten().sum::<f64>() * budget.bands;
        let bound =
            (budget.gradient + budget.depth(z_k)) * (terms + sizes) + rounding + budget.bands * budget.unit;
        gauge.near(|| format!("derivative along {name}"), slope, expected, bound)?;
    }
    Ok(())
}

fn is_the_slope<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let Some(backend) = under.context.subject.double().filter(|_| R::NAME == "f64") else {
        return Ok(Gauge::default()); // in f32 differences of pictures are noise
    };
    let can = match smooth(under) {
        Ok(can) => Capabilities {
            cutoffs: can.cutoffs.iter().copied().filter(|&c| c != Cutoff::Hard).collect(),
            ..can
        },
        Err(lacking) => return Ok(lacking),
    };
    if can.cutoffs.is_empty() {
        return Ok(Gauge::unsupported("a cut-off that is smooth, or none"));
    }
    let seen = core::cell::Cell::new((0u32, 0u32)); // (compared, passed over)
    let mut gauge = under.context.for_all(strategy::style(&can), |style, gauge| {
        let seed = under.context.seed + u64::from(seen.get().0 + seen.get().1);
        let scene = Scene { shared_textures: false, ..strategy::small_scene(style.clone(), seed) };
        let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
        let doubt = oracle::doubt(&faces, &params)?;
        let mut grad = scene.grad::<f64>();
        doubt.silence(&mut grad);
        let found = ask(backend, &faces, &params, &grad)?;
        for name in MOVES {
            let direction = Direction::random(&faces, &params, scene.seed, Some(name));
            let along = |h: f64| -> Result<f64, Broken> {
                let loss = |h: f64| -> Result<f64, Broken> {
                    let (faces, params) = direction.moved(&faces, &params, |x, d| x + h * d)?;
                    Ok(oracle::loss(&grad, &backend.forward(&faces, &params)?.0).0)
                };
                Ok((loss(h)? - loss(-h)?) / (2.0 * h))
            };
            let (wide, narrow) = (along(2e-6)?, along(1e-6)?);
            let (slope, sizes) = direction.along(&found.gradients);
            let size = sizes.max(1.0);
            // A kink between the two steps shows in their difference: nothing to compare with there.
            let (compared, passed) = seen.get();
            if (wide - narrow).abs() > 1e-7 * size {
                seen.set((compared, passed + 1));
                continue;
            }
            seen.set((compared + 1, passed));
            let bound = if name == "x and y" { 1e-5 } else { 1e-6 };
            gauge
                .near(|| format!("slope along {name}"), slope, narrow, bound * size)
                .map_err(|e| Broken(format!("{e}\n{scene:?}")))?;
        }
        Ok(())
    })?;
    let (compared, passed) = seen.get();
    gauge.holds(
        || format!("{passed} of {} slopes were at a kink: too many to call it checked", compared + passed),
        passed * 4 <= compared,
    )?;
    Ok(gauge)
}

/// Draws a scene, and returns what keeps it, ready for gradients.
struct Drawn<'a, R: Tested> {
    under: &'a Under<'a, R>,
    image: Image<R>,
    saved: softras_core::raster::DynSaved,
}

impl<'a, R: Tested> Drawn<'a, R> {
    fn new(under: &'a Under<'a, R>, scene: &Scene) -> Result<Self, Broken> {
        let (image, saved) = under.backend.forward(&scene.faces()?, &scene.params())?;
        Ok(Self { under, image, saved })
    }

    fn gradients(&self, grad: &ImageGrad<R>, wanted: Wanted) -> Result<Gradients<R>, Broken> {
        let mut out = Gradients::default();
        self.under.backend.backward_into(&self.saved, grad, wanted, &mut out)?;
        Ok(out)
    }
}

/// `a g + b h`.
fn combine<R: Tested>(a: f64, g: &ImageGrad<R>, b: f64, h: &ImageGrad<R>) -> ImageGrad<R> {
    let mix = |x: R, y: R| R::from_f64(a * x.to_f64() + b * y.to_f64());
    let color = g.color.as_ref().zip(h.color.as_ref());
    let silhouette = g.silhouette.as_ref().zip(h.silhouette.as_ref());
    ImageGrad {
        color: color.map(|(x, y)| Array4::from_shape_fn(x.dim(), |i| mix(x[i], y[i]))),
        silhouette: silhouette.map(|(x, y)| Array3::from_shape_fn(x.dim(), |i| mix(x[i], y[i]))),
    }
}

fn is_linear<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let drawn = Drawn::new(under, scene)?;
        let (g, h) = (scene.grad::<R>(), scene.grad_of::<R>(1));
        let (a, b) = (0.5, -2.0); // exact in every scalar type
        let both = drawn.gradients(&combine(a, &g, b, &h), Wanted::ALL)?;
        let (of_g, of_h) = (drawn.gradients(&g, Wanted::ALL)?, drawn.gradients(&h, Wanted::ALL)?);
        let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
        let floor = crate::floor::floor(&faces, &params, &scene.grad(), under.budget.unit)?;
        let triples = groups(&both).into_iter().zip(groups(&of_g)).zip(groups(&of_h));
        for ((((name, both), (_, of_g)), (_, of_h)), floor) in triples.zip(floor) {
            let sum: Vec<f64> = of_g.iter().zip(&of_h).map(|(x, y)| a * x + b * y).collect();
            let size = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let scale = size(&of_g) + 2.0 * size(&of_h);
            let bound =
                under.budget.order * scale + under.budget.bands * (3.0 * size(&floor) + under.budget.unit);
            let d = compare::difference(&both, &sum);
            gauge.within(|| format!("gradient to {name} ({d})"), d.norm, bound)?;
        }
        Ok(())
    })
}

fn of_nothing_is_zero<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        let drawn = Drawn::new(under, scene)?;
        let g = scene.grad::<R>();
        for nothing in [combine(0.0, &g, 0.0, &g), ImageGrad::default()] {
            for (name, values) in groups(&drawn.gradients(&nothing, Wanted::ALL)?) {
                let worst =
                    values.iter().fold(0.0, |a: f64, x| if x.is_nan() { f64::NAN } else { a.max(x.abs()) });
                gauge.within(|| format!("gradient to {name}"), worst, 0.0)?;
            }
        }
        Ok(())
    })
}

fn is_pure<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        let drawn = Drawn::new(under, scene)?;
        let grad = scene.grad::<R>();
        let first = drawn.gradients(&grad, Wanted::ALL)?;
        drawn.gradients(&scene.grad_of::<R>(1), Wanted::ALL)?;
        compare::same_gradients(gauge, &first, &drawn.gradients(&grad, Wanted::ALL)?)?;
        compare::same_pictures(gauge, &drawn.image, &Drawn::new(under, scene)?.image)
    })
}

fn has_the_shape<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let drawn = Drawn::new(under, scene)?;
        let g = drawn.gradients(&scene.grad(), Wanted::ALL)?;
        let faces = scene.faces::<R>()?;
        let b = scene.batch();
        let texels = faces.textures().map(|t| t.texels().shape().to_vec());
        let channels = if scene.style.outputs.color() { scene.channels } else { 0 };
        let background = g.background.as_ref().map(|x| x.shape().to_vec());
        let mut check = |name: &str, found: Option<Vec<usize>>, expected: Option<Vec<usize>>| {
            gauge.holds(
                || format!("gradient to {name}: found {found:?}, expected {expected:?}"),
                found == expected,
            )
        };
        check("corners", g.corners.map(|x| x.shape().to_vec()), Some(faces.corners().shape().to_vec()))?;
        check("textures", g.textures.map(|x| x.shape().to_vec()), texels)?;
        check("background", background, Some(vec![b, channels]))?;
        let numbers = [
            ("sigma", g.sigma),
            ("gamma", g.gamma),
            ("epsilon", g.epsilon),
            ("distribution", g.distribution),
        ];
        for (name, found) in numbers.into_iter().chain([("t-conorm", g.t_conorm)]) {
            check(name, found.map(|x| x.shape().to_vec()), Some(vec![b]))?;
        }
        let weights = scene.params::<R>().get_weights().len();
        check("weights", g.weights.map(|x| x.shape().to_vec()), Some(vec![weights]))
    })
}

fn wanted_alone_is_the_same<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let drawn = Drawn::new(under, scene)?;
        let grad = scene.grad::<R>();
        let all = drawn.gradients(&grad, Wanted::ALL)?;
        let nothing = Gradients::<R>::default();
        compare::same_gradients(gauge, &nothing, &drawn.gradients(&grad, Wanted::NOTHING)?)?;
        /// Compares a gradient asked for alone with the same among all.
        macro_rules! alone {
            ($($wanted:ident, $field:ident;)+) => {$(
                let mut found = all.clone(); // what is not wanted goes
                under.backend.backward_into(&drawn.saved, &grad, Wanted::$wanted, &mut found)?;
                let mut expected = Gradients::default();
                expected.$field = all.$field.clone();
                compare::same_gradients(gauge, &expected, &found)
                    .map_err(|e| Broken(format!("{} alone: {e}", stringify!($field))))?;
            )+};
        }
        alone! {
            CORNERS, corners; TEXTURES, textures; BACKGROUND, background; SIGMA, sigma; GAMMA, gamma;
            EPSILON, epsilon; DISTRIBUTION, distribution; T_CONORM, t_conorm; WEIGHTS, weights;
        }
        Ok(())
    })
}

fn is_finite<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        let drawn = Drawn::new(under, scene)?;
        let gradients = drawn.gradients(&scene.grad(), Wanted::ALL)?;
        super::robustness::all_finite(gauge, &drawn.image, &gradients)
    })
}

fn of_a_batch<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let check = |scene: &Scene, gauge: &mut Gauge| {
        let scene = Scene { shared_textures: false, ..scene.clone() };
        let (faces, params) = (scene.faces::<R>()?, scene.params::<R>());
        let grad = scene.grad::<R>();
        let all = ask(under.backend, &faces, &params, &grad)?;
        let axis = ndarray::Axis(0);
        for b in 0..scene.batch() {
            let (one, settings) = scene.alone(&faces, &params, b);
            let slice = ndarray::Slice::from(b..=b);
            let own = ImageGrad {
                color: grad.color.as_ref().map(|g| g.slice_axis(axis, slice).to_owned()),
                silhouette: grad.silhouette.as_ref().map(|g| g.slice_axis(axis, slice).to_owned()),
            };
            let alone = ask(under.backend, &one, &settings, &own)?;
            let picture = Image {
                color: all.image.color.as_ref().map(|x| x.slice_axis(axis, slice).to_owned()),
                silhouette: all.image.silhouette.as_ref().map(|x| x.slice_axis(axis, slice).to_owned()),
            };
            compare::same_pictures(gauge, &picture, &alone.image)?;
            let rows = ndarray::Slice::from(faces.pictures()[b].faces.clone());
            let corners = all.gradients.corners.as_ref().map(|g| g.slice_axis(axis, rows).to_owned());
            compare::same_bits(
                gauge,
                "gradient to the corners",
                corners.as_ref(),
                alone.gradients.corners.as_ref(),
            )?;
            let textures = all.gradients.textures.as_ref().map(|g| g.slice_axis(axis, rows).to_owned());
            let own = alone.gradients.textures.as_ref().map(|g| g.slice_axis(axis, rows).to_owned());
            compare::same_bits(gauge, "gradient to the textures", textures.as_ref(), own.as_ref())?;
            let (a, g) = (&all.gradients, &alone.gradients);
            for (name, a, g) in [
                ("sigma", &a.sigma, &g.sigma),
                ("gamma", &a.gamma, &g.gamma),
                ("epsilon", &a.epsilon, &g.epsilon),
            ] {
                let a = a.as_ref().map(|x| x.slice_axis(axis, slice).to_owned());
                compare::same_bits(gauge, &format!("gradient to {name}"), a.as_ref(), g.as_ref())?;
            }
        }
        Ok(())
    };
    under.context.for_all(strategy::batch(&under.can, Kind::Strange), |scene, gauge| {
        check(scene, gauge)?;
        check(&scene.soft(), gauge)
    })
}

fn of_a_shared_texture<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::batch(&under.can, Kind::Ordinary), |scene, gauge| {
        let own = Scene { shared_textures: false, ..scene.clone() };
        let shared = Scene { shared_textures: true, ..scene.clone() };
        // Give every picture a copy of the shared rows, then add up the gradients of the copies.
        let faces = shared.faces::<R>()?;
        let Some(textures) = faces.textures() else { return Ok(()) };
        let rows = textures.texels();
        let starts: Vec<_> = own.faces::<R>()?.pictures().to_vec();
        let row_of: Vec<usize> = starts.iter().flat_map(|p| 0..p.faces.len()).collect();
        let copied = Array3::from_shape_fn((own.count(), rows.shape()[1], rows.shape()[2]), |(f, t, c)| {
            rows[[row_of[f], t, c]]
        });
        let copies = softras_core::scene::Textures::new(textures.kind(), copied)?;
        let apart = own.faces::<R>()?.with_textures(copies)?;
        let (params, grad) = (scene.params::<R>(), scene.grad::<R>());
        let together = ask(under.backend, &faces, &params, &grad)?;
        let apart = ask(under.backend, &apart, &params, &grad)?;
        compare::same_pictures(gauge, &together.image, &apart.image)?;
        let (Some(found), Some(parts)) = (together.gradients.textures, apart.gradients.textures) else {
            return gauge.holds(|| "no gradient to the textures".to_owned(), false);
        };
        let mut sum = Array3::<f64>::zeros(found.dim());
        let mut sizes = 0.0;
        for ((f, t, c), g) in parts.indexed_iter() {
            sum[[row_of[f], t, c]] += g.to_f64();
            sizes += g.to_f64().powi(2);
        }
        let d = compare::difference(&compare::widen(&found), &compare::widen(&sum));
        gauge.within(|| format!("gradient to the textures ({d})"), d.norm, under.budget.order * sizes.sqrt())
    })
}

/// What a back end can do with parts that have a gradient: no texel borders, nothing hard.
pub(super) fn smooth<R: Tested>(under: &Under<'_, R>) -> Result<Capabilities, Gauge> {
    let can = Capabilities {
        distances: under.soft_distances().cloned().collect(),
        silhouettes: under.soft_silhouettes().cloned().collect(),
        colors: under.soft_colors().cloned().collect(),
        textures: vec![TextureFamily::Vertex],
        ..under.can.clone()
    };
    let lacks = [
        (can.distances.is_empty(), "a distance that blurs"),
        (can.silhouettes.is_empty(), "a silhouette with a gradient"),
        (can.colors.is_empty(), "a color with a gradient"),
        (!under.can.textures.contains(&TextureFamily::Vertex), "texture Vertex"),
    ];
    match lacks.iter().find(|(lacking, _)| *lacking) {
        Some((_, what)) => Err(Gauge::unsupported(*what)),
        None => Ok(can),
    }
}
