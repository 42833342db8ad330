//! Aggregators are monoids: faces may be split and merged in any way, which is what lanes, tiles and chunks do.

use ndarray::{Array3, Array4};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use softras_core::Image;
use softras_core::math::{
    AnyColorState, AnySilhouetteState, Color, ColorAggregator, ColorContext, ColorPair, ColorSlot, DepthMap,
    DistributionFunction, Logistic, Neural, Silhouette, SilhouetteAggregator, pixel_centre,
};
use softras_core::raster::{Gradients, Plan, RasterParams};
use softras_core::scene::Faces;

use super::{Under, law, law_once};
use crate::law::{Broken, Context, Law, Outcome};
use crate::oracle::{self, Answer, ask};
use crate::scene::{scramble, weights};
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[
    law_once!(
        "functions::silhouettes_are_monoids",
        "any split of the faces, merged in any grouping, gives the silhouette of all of them, and no faces change nothing",
        Budget.needs(Reference),
        silhouettes_are_monoids
    ),
    law_once!(
        "functions::colors_are_monoids",
        "any split of the faces, merged in any grouping, gives the color of all of them, and no faces change nothing",
        Budget.needs(Reference),
        colors_are_monoids
    ),
    law!(
        "forward::is_the_merge_of_any_split",
        "a picture is what the states of any split of its faces, merged in any grouping, finish to",
        Budget,
        is_the_merge_of_any_split
    ),
];

/// Groupings tried for each split.
const GROUPINGS: u64 = 4;

/// The sum of runs, of which random neighbours are joined until one is left.
fn merged<S: Clone>(states: &[S], grouping: u64, merge: &impl Fn(&mut S, &S)) -> Option<S> {
    let mut states = states.to_vec();
    while states.len() > 1 {
        let pairs = states.len() as u64 - 1;
        let at = (scramble(grouping ^ scramble(pairs)) % pairs) as usize;
        let other = states.remove(at + 1);
        merge(&mut states[at], &other);
    }
    states.pop()
}

fn silhouettes_are_monoids(context: &Context<'_>) -> Outcome {
    let faces = vec((-40.0..40.0f64, any::<bool>(), 0..4usize), 0..20);
    context.for_all(faces, |faces, gauge| {
        let n = faces.len() as f64;
        for part in Silhouette::BUILT_IN {
            let identity = || part.identity(0.0);
            let push = |state: &mut _, (x, member, _): &(f64, bool, usize)| {
                part.push(state, &Logistic.probability(*x, 1.0), *member, 1.0);
            };
            let finish = |mut state| part.finish(&mut state, n, 1.0);
            let mut all = identity();
            faces.iter().for_each(|f| push(&mut all, f));
            let expected = finish(all);
            // Runs end where a face says so; some are empty.
            let mut runs = vec![identity()];
            for face in faces {
                if let Some(run) = runs.last_mut() {
                    push(run, face);
                }
                runs.extend((0..face.2.saturating_sub(1)).map(|_| identity()));
            }
            for grouping in 0..GROUPINGS {
                let joined = merged(&runs, grouping, &|a, b| part.merge(a, b)).map_or(f64::NAN, finish);
                gauge.near(|| format!("{part:?}, grouping {grouping}"), joined, expected, 1e-14)?;
            }
            let mut alone = all;
            part.merge(&mut alone, &identity());
            let mut after = identity();
            part.merge(&mut after, &all);
            let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
            gauge.holds(|| format!("{part:?}: identity on the right"), same(&alone, &all))?;
            gauge.holds(|| format!("{part:?}: identity on the left"), same(&after, &all))?;
        }
        Ok(())
    })
}

fn colors_are_monoids(context: &Context<'_>) -> Outcome {
    let face = (-40.0..40.0f64, 1.0..9.0f64, 0.0..1.0f64, any::<bool>(), 0..4usize);
    let gamma = (-4.0..0.5f64).prop_map(|x| 10f64.powf(x));
    context.for_all((vec(face, 0..20), gamma), |(faces, gamma), gauge| {
        for part in Color::BUILT_IN {
            type State = (AnyColorState<f64>, Vec<f64>);
            let weights = weights(part, DepthMap::Linear, 1, 1);
            let context = ColorContext {
                rate: 1.0 / (9.0 * gamma),
                inv_gamma: 1.0 / gamma,
                background_nearness: -9.9,
                weights: &weights,
            };
            let identity = || -> State { (part.identity(0.0), vec![0.0; part.sums(1)]) };
            let push = |s: &mut State, n: usize| {
                let (x, depth, color, member, _) = faces[n];
                let p = Logistic.probability(x, 1.0);
                let pair = ColorPair {
                    p,
                    nearness: -depth,
                    depth,
                    face: n as f64,
                    holds: x > 0.0,
                    member,
                    color: &[color],
                };
                part.push(&context, &mut s.0, &mut s.1, &pair);
            };
            let merge = |a: &mut State, b: &State| part.merge(&context, &mut a.0, &mut a.1, (&b.0, &b.1));
            let finish = |mut s: State| {
                let mut out = [0.0];
                part.finish(&context, &mut s.0, &mut s.1, &[0.3], &mut out);
                out[0]
            };
            let mut all = identity();
            (0..faces.len()).for_each(|n| push(&mut all, n));
            let expected = finish(all.clone());
            let mut runs = vec![identity()];
            for (n, face) in faces.iter().enumerate() {
                if let Some(run) = runs.last_mut() {
                    push(run, n);
                }
                runs.extend((0..face.4.saturating_sub(1)).map(|_| identity()));
            }
            // Logits up to 1e4 lose four digits more in their differences. A sum of n terms of size 1 rounds n times by up
            // to n units, and a network makes as much of it as it is steep.
            let n = faces.len() as f64;
            let bound =
                1e-14 * (1.0 + 10.0 * context.rate) + n * n * steepness(part, &weights) * f64::EPSILON;
            for grouping in 0..GROUPINGS {
                let joined = merged(&runs, grouping, &merge).map_or(f64::NAN, finish);
                gauge.near(|| format!("{part:?}, grouping {grouping}"), joined, expected, bound)?;
            }
            let mut reversed = identity();
            (0..faces.len()).rev().for_each(|n| push(&mut reversed, n));
            gauge.near(|| format!("{part:?}, in reverse"), finish(reversed), expected, bound)?;
            let (mut after, mut before) = (all.clone(), identity());
            merge(&mut after, &identity());
            merge(&mut before, &all);
            gauge.near(|| format!("{part:?}: identity on the right"), finish(after), expected, 0.0)?;
            gauge.near(|| format!("{part:?}: identity on the left"), finish(before), expected, 0.0)?;
        }
        Ok(())
    })
}

/// By how much the color of a network may move for each 1 that all its sums move: its activation is nowhere steeper than 1.
fn steepness(part: &Color, weights: &[f64]) -> f64 {
    let Color::Neural { hidden } = *part else { return 0.0 };
    let layout = Neural { hidden }.layout(1);
    let of_unit = |k: usize| {
        let own = &weights[layout.rho(k)..layout.rho(k + 1)];
        own[2..2 + hidden].iter().map(|v| v.abs()).sum::<f64>() * own[2 + hidden].abs()
    };
    (0..hidden).map(of_unit).sum()
}

/// The states of one pixel.
#[derive(Clone)]
struct Pixel {
    silhouette: AnySilhouetteState<f64>,
    color: AnyColorState<f64>,
    sums: Vec<f64>,
}

/// The picture that runs of faces, merged in a grouping of `seed`, finish to, by the formulas of the core.
fn merged_picture(faces: &Faces<f64>, params: &RasterParams<f64>, seed: u64) -> Result<Image<f64>, Broken> {
    let plan = Plan::new(faces, params)?;
    let parts = crate::floor::parts(params);
    let (b, c, h, w) = (plan.batch, plan.channels, plan.height, plan.width);
    let mut image = Image {
        color: plan.draws_color.then(|| Array4::zeros((b, c, h, w))),
        silhouette: plan.draws_silhouette.then(|| Array3::zeros((b, h, w))),
    };
    let (mut scratch, mut shown) = (vec![0.0; c], vec![0.0; c]);
    for (b, picture) in faces.pictures().iter().enumerate() {
        let setting = plan.setting(b, params.get_weights());
        let none = Pixel {
            silhouette: parts.silhouette.identity(0.0),
            color: parts.color.identity(0.0),
            sums: vec![0.0; if plan.draws_color { parts.color.sums(c) } else { 0 }],
        };
        for p in 0..plan.pixels() {
            let at = pixel_centre(p / w, p % w, h, w);
            let mut runs = vec![none.clone()];
            for f in picture.faces.clone() {
                // A new run now and then, sometimes an empty one.
                let breaks = scramble(seed ^ scramble((p * 4096 + f) as u64)) % 4;
                runs.extend((2..breaks).map(|_| none.clone()));
                if let Some(run) = runs.last_mut() {
                    let slot =
                        ColorSlot { state: &mut run.color, sums: &mut run.sums, scratch: &mut scratch };
                    let slot = plan.draws_color.then_some(slot);
                    parts.forward(&setting, &plan.face(faces, b, f), at, Some(&mut run.silhouette), slot);
                }
            }
            let merge = |a: &mut Pixel, b: &Pixel| {
                parts.silhouette.merge(&mut a.silhouette, &b.silhouette);
                if plan.draws_color {
                    parts.color.merge(&setting.color, &mut a.color, &mut a.sums, (&b.color, &b.sums));
                }
            };
            let Some(mut all) = merged(&runs, seed ^ p as u64, &merge) else { continue };
            if let Some(alpha) = &mut image.silhouette {
                alpha[[b, p / w, p % w]] =
                    parts.silhouette.finish(&mut all.silhouette, setting.faces, setting.t_conorm_shape);
            }
            if let Some(color) = &mut image.color {
                let background = &plan.background[b * c..(b + 1) * c];
                parts.color.finish(&setting.color, &mut all.color, &mut all.sums, background, &mut shown);
                for (k, &value) in shown.iter().enumerate() {
                    color[[b, k, p / w, p % w]] = value;
                }
            }
        }
    }
    Ok(image)
}

fn is_the_merge_of_any_split<R: Tested>(under: &Under<'_, R>) -> Outcome {
    under.context.for_all(strategy::scene(&under.can, Kind::Ordinary), |scene, gauge| {
        let (faces, params, grad) = (scene.faces::<f64>()?, scene.params::<f64>(), scene.grad::<f64>());
        let doubt = oracle::doubt(&faces, &params)?;
        let answer = oracle::answer(&faces, &params, &grad)?;
        let band = oracle::band(&faces, &params, &grad, &answer, under.budget.unit)?;
        let image = merged_picture(&faces, &params, scene.seed)?;
        let expected = Answer { image, gradients: Gradients::default() };
        let found = ask(under.backend, &scene.faces::<R>()?, &scene.params(), &scene.grad())?;
        super::forward::pictures(under, scene, gauge, (&found, &expected), &band, &doubt)
    })
}
