//! A_N, the network: what holds of it whatever its weights are.

use softras_core::math::{Color, Neural, pixel_centre};
use softras_core::raster::{Capabilities, Outputs, Plan};

use super::{Under, law};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::oracle;
use crate::scene::Scene;
use crate::strategy::{self, Kind};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[law!(
    "color::a_face_moves_a_network_by_its_share",
    "one face more moves the color by at most its D times what the weights can make of it, and where no face counts the \
     background is drawn to the last bit",
    Budget.of("A_N"),
    a_face_moves_it_by_its_share
)];

/// By how much each channel may move for each 1 of D: the units of phi are at most 1, and those of rho nowhere steeper.
fn shares(hidden: usize, channels: usize, weights: &[f64]) -> Vec<f64> {
    let layout = Neural { hidden }.layout(channels);
    let mut out = vec![0.0; channels];
    for k in 0..hidden {
        let (of_sums, outputs) = weights[layout.rho(k) + 1 + channels..layout.rho(k + 1)].split_at(hidden);
        let steep: f64 = of_sums.iter().map(|v| v.abs()).sum();
        for (out, o) in out.iter_mut().zip(outputs) {
            *out += steep * o.abs();
        }
    }
    out
}

/// D of each face at each pixel, 0 where it has no color there: `[H * W][F]`, by the formulas of the core in `f64`.
fn probabilities(scene: &Scene) -> Result<Vec<Vec<f64>>, Broken> {
    let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
    let plan = Plan::new(&faces, &params)?;
    let parts = crate::floor::parts(&params);
    let setting = plan.setting(0, params.get_weights());
    let at_pixel = |p: usize| {
        let at = pixel_centre(p / plan.width, p % plan.width, plan.height, plan.width);
        let of_face = |f: usize| {
            let face = plan.face(&faces, 0, f);
            let touch = parts.touch(&setting, &face, at);
            if setting.shade(&face.triangle, &touch).member { touch.p.d } else { 0.0 }
        };
        (0..faces.count()).map(of_face).collect()
    };
    Ok((0..plan.pixels()).map(at_pixel).collect())
}

fn a_face_moves_it_by_its_share<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let colors: Vec<_> = under.colors().filter(|c| matches!(c, Color::Neural { .. })).cloned().collect();
    let outputs: Vec<_> = under.can.outputs.iter().copied().filter(|o: &Outputs| o.color()).collect();
    if colors.is_empty() || outputs.is_empty() {
        return Ok(Gauge::unsupported("color Neural"));
    }
    let can = Capabilities { colors, outputs, ..under.can.clone() };
    under.context.for_all(strategy::scene(&can, Kind::Ordinary), |scene, gauge| {
        let Color::Neural { hidden } = scene.style.color else { return Ok(()) };
        let first = |values: &[f32]| values[..1].to_vec();
        let all = Scene {
            pictures: vec![scene.pictures[0].clone()],
            sigma: first(&scene.sigma),
            gamma: first(&scene.gamma),
            epsilon: first(&scene.epsilon),
            ..scene.clone()
        };
        let (faces, params) = (all.faces::<f64>()?, all.params::<f64>());
        let doubt = oracle::doubt(&faces, &params)?;
        let answer = oracle::answer(&faces, &params, &all.grad())?;
        let band = oracle::band(&faces, &params, &all.grad(), &answer, under.budget.unit)?;
        let shares = shares(hidden, all.channels, params.get_weights());
        let present = probabilities(&all)?;
        let mut fewer = all.clone();
        fewer.pictures[0].pop();
        let draw = |scene: &Scene| -> Result<_, Broken> {
            Ok(under.backend.forward(&scene.faces::<R>()?, &scene.params())?.0.color)
        };
        let (Some(with), Some(without)) = (draw(&all)?, draw(&fewer)?) else { return Ok(()) };
        let (w, h) = all.size;
        let own = all.params::<R>();
        for ((_, c, y, x), &value) in with.indexed_iter() {
            let p = y * w + x;
            if doubt.color[p] {
                continue;
            }
            let place = || format!("channel {c} of row {y}, column {x}");
            if present[p].iter().all(|&d| d <= 0.0) {
                let behind = own.get_background()[[0, c]];
                gauge.holds(
                    || format!("{}: {value:?}, not {behind:?}", place()),
                    value.bits() == behind.bits(),
                )?;
            }
            let moved = (value.to_f64() - without[[0, c, y, x]].to_f64()).abs();
            let share = present[p].last().map_or(0.0, |d| d * shares[c]);
            let rounding = under.budget.color + under.budget.bands * band.color[c * w * h + p];
            gauge.within(place, moved, share + rounding)?;
        }
        Ok(())
    })
}
