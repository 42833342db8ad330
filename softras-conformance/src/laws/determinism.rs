//! The same bits, every time.

use softras_core::Error;
use softras_core::math::TextureKind;
use softras_core::raster::{Outputs, RasterParams, Wanted};

use super::{Under, law};
use crate::compare;
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle::{Answer, ask};
use crate::scene::{Scene, noise};
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law!("determinism::of_runs", "the same call gives the same bits, every run", Bits, of_runs),
    law!(
        "determinism::of_concurrent_calls",
        "calls from many threads at once give the bits of one alone",
        Bits,
        of_threads
    ),
    law!(
        "determinism::of_many_faces",
        "a picture of thousands of faces has the same bits every run",
        Bits,
        of_many_faces
    ),
    law!(
        "determinism::of_variants",
        "every configuration that the back end names (threads, vectors, tiles, chunks) gives the same bits",
        Bits,
        of_variants
    ),
    law!(
        "determinism::of_memory_budgets",
        "work cut into parts that fit a memory budget, down to the smallest that the back end accepts, gives the same \
         bits",
        Bits,
        of_memory_budgets
    ),
    law!(
        "determinism::of_stale_states",
        "a state drawn with one scene and then another is that of the second alone",
        Bits,
        of_stale_states
    ),
    law!(
        "determinism::of_moving_scenes",
        "a state drawn again after faces, texels or settings moved is that of a state drawn once",
        Bits,
        of_moving_scenes
    ),
];

fn same<R: Tested>(gauge: &mut Gauge, a: &Answer<R>, b: &Answer<R>) -> Result<(), Broken> {
    compare::same_pictures(gauge, &a.image, &b.image)?;
    compare::same_gradients(gauge, &a.gradients, &b.gradients)
}

fn drawn<R: Tested>(under: &Under<'_, R>, scene: &Scene) -> Result<Answer<R>, Broken> {
    Ok(ask(under.backend, &scene.faces()?, &scene.params(), &scene.grad())?)
}

fn of_runs<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Strange), |scene, gauge| {
        let first = drawn(under, scene)?;
        for _ in 0..2 {
            same(gauge, &first, &drawn(under, scene)?)?;
        }
        Ok(())
    })
}

fn of_threads<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let scenes: Vec<Scene> =
        (0..6).map(|i| strategy::small_scene(crate::scene::Style::default(), i)).collect();
    let alone: Vec<Answer<R>> = scenes.iter().map(|s| drawn(under, s)).collect::<Result<_, _>>()?;
    let (backend, scenes) = (under.backend, &scenes);
    let together: Vec<Result<Answer<R>, Broken>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12)
            .map(|i| {
                scope.spawn(move || {
                    let scene = &scenes[i % scenes.len()];
                    Ok(ask(backend, &scene.faces()?, &scene.params(), &scene.grad())?)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().unwrap_or_else(|_| Err(Broken("a thread panicked".to_owned()))))
            .collect()
    });
    for (i, answer) in together.into_iter().enumerate() {
        same(&mut gauge, &answer?, &alone[i % alone.len()])?;
    }
    Ok(gauge)
}

/// Two pictures of enough faces for several bins, chunks and tiles; the reference has none and gets fewer.
fn many_faces<R: Tested>(under: &Under<'_, R>) -> Scene {
    let faces = |count: usize, seed: u64| {
        let face = |i: usize| {
            let r = |k: usize| noise(seed, i as u64, k) as f32 * 2.0 - 1.0;
            let size = 0.05 + 0.1 * r(11).abs();
            core::array::from_fn(|k| [r(0) + size * r(1 + 2 * k), r(7) + size * r(2 + 2 * k), 3.0 + r(8)])
        };
        (0..count).map(face).collect::<Vec<_>>()
    };
    let (count, side) = if under.context.subject.is_reference() { (200, 12) } else { (3000, 48) };
    Scene {
        pictures: vec![faces(count, 1), faces(count / 3, 2)],
        size: (side, side - 5),
        sigma: vec![1e-4],
        gamma: vec![1e-2],
        ..Scene::default()
    }
}

fn of_variants<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let variants = under.backend.variants();
    if variants.is_empty() {
        return Ok(Gauge::unsupported("variants"));
    }
    let alike = |scene: &Scene, gauge: &mut Gauge| -> Result<(), Broken> {
        let first = drawn(under, scene)?;
        for variant in &variants {
            let other = ask(&*variant.backend, &scene.faces()?, &scene.params(), &scene.grad())?;
            same(gauge, &first, &other).map_err(|e| Broken(format!("{}: {e}", variant.name)))?;
        }
        Ok(())
    };
    let mut gauge = Gauge::default();
    let many = many_faces(under);
    for kind in [TextureKind::Vertex, TextureKind::Surface { side: 3 }] {
        if under.can.textures.contains(&kind.into()) {
            alike(&many.clone().style(|s| s.texture = kind), &mut gauge)?;
        }
    }
    gauge.add(under.context.for_all(strategy::scene(&under.can, Kind::Strange), alike)?);
    Ok(gauge)
}

/// Does `work` within `budget` bytes, or within what the back end says that it needs if that is more.
fn within<R: Tested, T>(
    scene: &Scene,
    mut budget: u64,
    work: impl Fn(&RasterParams<R>) -> softras_core::Result<T>,
) -> Result<(T, u64), Broken> {
    for _ in 0..8 {
        match work(&scene.params::<R>().memory_budget(budget)) {
            Ok(answer) => return Ok((answer, budget)),
            Err(Error::OutOfMemory { needed, .. }) if needed > u128::from(budget) => {
                budget = u64::try_from(needed).unwrap_or(u64::MAX);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Broken(format!("{budget} bytes, which it said it needs, are not enough either")))
}

fn of_memory_budgets<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let there_and_back = |scene: &Scene, budget: u64| {
        within::<R, _>(scene, budget, |params| ask(under.backend, &scene.faces()?, params, &scene.grad()))
    };
    let scene = many_faces(under);
    let all = drawn(under, &scene)?;
    let (first, least) = there_and_back(&scene, 1)?;
    if least <= 1 {
        return Ok(Gauge::unsupported("a memory budget")); // it takes no working memory, or knows no budget
    }
    same(&mut gauge, &all, &first).map_err(|e| Broken(format!("{least} bytes: {e}")))?;
    for budget in [least + least / 3, 3 * least, 20 * least] {
        let (answer, _) = there_and_back(&scene, budget)?;
        same(&mut gauge, &all, &answer).map_err(|e| Broken(format!("{budget} bytes: {e}")))?;
    }
    // Drawing may take less than going back does, and is then cut where the above is not.
    for times in [1, 2, 5] {
        let draw = |params: &RasterParams<R>| Ok(under.backend.forward(&scene.faces()?, params)?.0);
        let (_, least) = within(&scene, 1, draw)?;
        let (image, budget) = within(&scene, times * least, draw)?;
        compare::same_pictures(&mut gauge, &all.image, &image)
            .map_err(|e| Broken(format!("{budget} bytes to draw: {e}")))?;
    }
    gauge.add(under.context.for_all(strategy::batch(&under.can, Kind::Strange), |scene, gauge| {
        let (cut, budget) = there_and_back(scene, 1)?;
        same(gauge, &drawn(under, scene)?, &cut).map_err(|e| Broken(format!("{budget} bytes: {e}")))
    })?);
    Ok(gauge)
}

fn of_many_faces<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let mut gauge = Gauge::default();
    let scene = many_faces(under);
    let first = drawn(under, &scene)?;
    for _ in 0..3 {
        same(&mut gauge, &first, &drawn(under, &scene)?)?;
    }
    Ok(gauge)
}

fn of_moving_scenes<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let (mut image, mut saved) =
            (softras_core::Image::default(), softras_core::raster::DynSaved::default());
        for step in 0..3u8 {
            // As in a fit: the same shapes, other numbers.
            let mut moved = scene.clone();
            for (i, corner) in moved.pictures.iter_mut().flatten().flatten().enumerate() {
                corner[i % 3] += 0.05 * f32::from(step);
            }
            moved.sigma.iter_mut().for_each(|x| *x *= 1.0 + 0.2 * f32::from(step));
            moved.epsilon.iter_mut().for_each(|x| *x += 0.01 * f32::from(step));
            moved.seed ^= u64::from(step);
            let (faces, params) = (std::sync::Arc::new(moved.faces()?), moved.params());
            under.backend.forward_into(&faces, &params, &mut image, &mut saved)?;
            let mut gradients = softras_core::raster::Gradients::default();
            under.backend.backward_into(&saved, &moved.grad(), Wanted::ALL, &mut gradients)?;
            same(gauge, &Answer { image: image.clone(), gradients }, &drawn(under, &moved)?)?;
        }
        Ok(())
    })
}

fn of_stale_states<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let both = (strategy::scene(&under.can, Kind::Ordinary), strategy::scene(&under.can, Kind::Ordinary));
    under.context.for_all(both, |(first, second), gauge| {
        let fresh = drawn(under, second)?;
        let (mut image, mut saved) =
            (softras_core::Image::default(), softras_core::raster::DynSaved::default());
        let first = first.clone().style(|s| {
            if under.can.outputs.contains(&Outputs::Both) {
                s.outputs = Outputs::Both;
            }
        });
        under.backend.forward_into(
            &std::sync::Arc::new(first.faces()?),
            &first.params(),
            &mut image,
            &mut saved,
        )?;
        under.backend.forward_into(
            &std::sync::Arc::new(second.faces()?),
            &second.params(),
            &mut image,
            &mut saved,
        )?;
        let mut gradients = softras_core::raster::Gradients::default();
        under.backend.backward_into(&saved, &second.grad(), Wanted::ALL, &mut gradients)?;
        same(gauge, &Answer { image, gradients }, &fresh)
    })
}
