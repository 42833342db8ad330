//! The functions of a back end run alone, before any picture: a device's twins, and lanes, against the core in `f64`.

use softras_core::math::{Argument, Cutoff, Distance, Function};
use softras_core::raster::{Probe, run_rows};

use super::{Under, law};
use crate::law::{Broken, Gauge, Law, Outcome};
use crate::scene::{noise, signed_noise};
use crate::subject::Tested;

pub(super) const LAWS: &[Law] = &[law!(
    "functions::run_alone_are_the_core",
    "each function of the maths, run alone on thousands of rows, is that of the core within some units in the last place",
    Budget.of("back ends with a probe"),
    run_alone_are_the_core
)];

/// Rows of a function.
const ROWS: usize = 2_000;
/// Units in the last place that a function may be off, beside what rounding its input does.
const ULPS: f64 = 16.0;
/// Units in the last place of the largest term that a sum may be off. Measured: 7.2 with a metric that stretches the screen
/// by 2, below 4 with the built-in ones.
const SUM_ULPS: f64 = 16.0;
/// Numbers below this may be 0 (KERNELS 1: exponents below -64, a transmittance below 1e-24).
const NIL: f64 = 1e-24;
/// By how many units inputs move, to see what rounding does.
const STEP: f64 = 4.0;
/// Roundings of an input that are tried.
const ROUNDINGS: u64 = 6;

fn run_alone_are_the_core<R: Tested>(under: &Under<'_, R>) -> Outcome {
    let Some(probe) = under.backend.probe() else {
        return Ok(Gauge::unsupported("a probe of its functions"));
    };
    let mut gauge = Gauge::default();
    let can = &under.can;
    for (n, function) in Function::all().into_iter().enumerate() {
        let declared = match &function {
            Function::Signed(part) | Function::SignedVjp(part) => can.distances.contains(part),
            Function::Probability(part) => can.distributions.contains(part),
            Function::SmoothWindow => can.cutoffs.contains(&Cutoff::Smooth),
            Function::Silhouette(part) => can.silhouettes.contains(part),
            Function::Color(part) => can.colors.contains(part),
            _ => true,
        };
        if declared {
            one_function(under, probe, &function, under.context.seed ^ (n as u64) << 32, &mut gauge)
                .map_err(|e| Broken(format!("{} ({}): {e}", function.name(), function.file())))?;
        }
    }
    Ok(gauge)
}

fn one_function<R: Tested>(
    under: &Under<'_, R>,
    probe: &dyn Probe<R>,
    function: &Function,
    seed: u64,
    gauge: &mut Gauge,
) -> Result<(), Broken> {
    let (inputs, outputs) = (function.inputs(), function.outputs());
    let own: Vec<R> = (0..ROWS).flat_map(|row| row_of(function, seed, row)).map(R::from_f64).collect();
    let mut found = vec![R::from_f64(f64::NAN); ROWS * outputs];
    probe.probe(function, &own, &mut found)?;
    let wide: Vec<f64> = own.iter().map(|x| x.to_f64()).collect();
    let mut expected = vec![0.0; ROWS * outputs];
    run_rows(function, &wide, &mut expected)?;
    // What rounding the inputs does to each output.
    let unit = under.budget.unit;
    let mut moves = vec![0.0_f64; expected.len()];
    for rounding in 0..ROUNDINGS {
        let step = |i: usize| STEP * unit * signed_noise(seed, 100 + rounding, i);
        // On the screen rounding is absolute: differences are taken there.
        let moved: Vec<f64> = wide
            .iter()
            .enumerate()
            .map(|(i, x)| x + step(i) * x.abs().max(least(function, i % inputs)))
            .collect();
        let mut other = vec![0.0; expected.len()];
        run_rows(function, &moved, &mut other)?;
        for (m, (a, b)) in moves.iter_mut().zip(expected.iter().zip(&other)) {
            *m = m.max((a - b).abs());
        }
    }
    let wide_outputs = &expected;
    // Two feet as far from the pixel as each other: squares that differ by a unit are feet sqrt(unit) of the distance apart,
    // and corners share a slope by how far along their edge the foot is.
    let may_tie = matches!(function, Function::SignedVjp(_));
    let mut ties = std::collections::BTreeSet::new();
    for (i, (found, expected)) in found.iter().zip(wide_outputs).enumerate() {
        let row = i / outputs;
        let own = &wide[row * inputs..(row + 1) * inputs];
        let absolute =
            SUM_ULPS * unit * scale_of_sums(function, own, &wide_outputs[row * outputs..(row + 1) * outputs]);
        let bound = ULPS * unit * expected.abs() + under.budget.bands / STEP * moves[i] + absolute + NIL;
        let what = || format!("output {} of {own:?}", i % outputs);
        let off = (found.to_f64() - expected).abs();
        let largest =
            wide_outputs[row * outputs..(row + 1) * outputs].iter().fold(0.0, |a: f64, x| a.max(x.abs()));
        if may_tie && off > bound && off <= 2.0 * unit.sqrt() * largest * feet_apart(own) {
            ties.insert(row);
            continue;
        }
        gauge.near(what, found.to_f64(), *expected, bound)?;
    }
    gauge.holds(|| format!("{} of {ROWS} rows are ties: too many", ties.len()), ties.len() * 100 <= ROWS)
}

/// The size of the terms that cancel in the outputs of a row.
///
/// On the screen differences of coordinates are taken, and the slope of a distance is such a difference divided by its
/// length; elsewhere outputs are sums of the size of the largest. Probabilities are no sums.
fn scale_of_sums(function: &Function, inputs: &[f64], outputs: &[f64]) -> f64 {
    let largest = |x: &[f64]| x.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
    match function {
        Function::Exp | Function::Probability(_) | Function::SmoothWindow => 0.0,
        Function::SignedVjp(_) => {
            let mut s = [0.0];
            Function::Signed(Distance::Euclidean).run(&inputs[..8], &mut s);
            largest(&inputs[..8]).max(1.0) * largest(outputs) / s[0].abs().sqrt().max(1e-12)
        }
        _ if function.arguments().contains(&Argument::Corners) => {
            largest(&inputs[..8]).max(1.0) * largest(outputs).max(1.0)
        }
        // What is left of a gradient and the mean of all three.
        Function::ClipVjp => largest(outputs).max(largest(&inputs[3..])),
        // What is left of 1.
        Function::Silhouette(_) | Function::Color(_) => largest(outputs).max(1.0),
        _ => largest(outputs),
    }
}

/// By how many edges two feet of a tie may be apart, in units of the root of a rounding: the distance of the pixel over the
/// shortest edge.
fn feet_apart(inputs: &[f64]) -> f64 {
    let mut s = [0.0];
    Function::Signed(Distance::Euclidean).run(&inputs[..8], &mut s);
    let edge = |k: usize| {
        let (a, b) = (2 * k, 2 * ((k + 1) % 3));
        (inputs[a] - inputs[b]).hypot(inputs[a + 1] - inputs[b + 1])
    };
    let shortest = edge(0).min(edge(1)).min(edge(2));
    1.0 + s[0].abs().sqrt() / shortest.max(1e-12)
}

/// The size below which input `i` of a row rounds absolutely.
fn least(function: &Function, i: usize) -> f64 {
    let mut end = 0;
    for argument in function.arguments() {
        end += argument.count();
        if i < end {
            return match argument {
                Argument::Corners | Argument::Pixel | Argument::Weights | Argument::Clipped => 1.0,
                _ => 0.0,
            };
        }
    }
    0.0
}

/// Draws the inputs of one row, exact in `f32`.
fn row_of(function: &Function, seed: u64, row: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(function.inputs());
    for (n, argument) in function.arguments().iter().enumerate() {
        let r = |k: usize| noise(seed, row as u64 * 16 + n as u64, k);
        let s = |k: usize| 2.0 * r(k) - 1.0;
        match argument {
            Argument::Corners => {
                // From a twentieth of the picture to all of it, around any place.
                let size = 0.05 * 40f64.powf(r(8));
                (0..6).for_each(|k| out.push(s(6 + k % 2) + size * s(k)));
            }
            Argument::Pixel => out.extend([s(0), s(1)]),
            Argument::Weights => out.extend([1.5 * s(0), 1.5 * s(1), 1.0 - 1.5 * s(0) - 1.5 * s(1)]),
            Argument::Clipped => {
                // Now and then on an edge or a corner, where weights are 0.
                let on = |k: usize| if r(3 + k) < 0.2 { 0.0 } else { r(k) + 1e-3 };
                let w = [on(0), on(1), r(2) + 1e-3];
                out.extend(w.map(|x| x / (w[0] + w[1] + w[2])));
            }
            Argument::Depths => out.extend([0, 1, 2].map(|k| 1.0 + 8.0 * r(k))),
            Argument::Depth => out.push(1.0 + 8.0 * r(0)),
            Argument::Ratio => out.push(if r(1) < 0.5 { 4.0 * s(0) } else { 40.0 * s(0) }),
            Argument::Colors => out.extend([r(0), r(1), r(2)]),
            Argument::Gradient => out.push(s(0)),
            Argument::Gradients => out.extend([s(0), s(1), s(2)]),
        }
    }
    out.iter().map(|&x| f64::from(x as f32)).collect()
}
