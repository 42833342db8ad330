//! Every formula of the shaders alone, on thousands of inputs, against the core in `f64`.
//!
//! An error is counted in units of the last place of the largest number that the function gave, beyond four times what
//! the core itself is off by in `f32`: an input may be badly conditioned.

#![expect(clippy::expect_used, reason = "a test may panic")]
#![expect(clippy::float_cmp, reason = "counts are whole numbers")]

#[path = "probe/functions.rs"]
mod functions;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use softras_core::math::Color;
use softras_wgpu::{AdapterKind, WgpuRasterizer};

use functions::{Input, Numbers, Probe, probes};

/// Inputs of each function.
const COUNT: usize = 4096;

type Answer = Result<(), Failed>;

/// What the functions of a probe give on a device.
fn run(device: &WgpuRasterizer, probe: &Probe, inputs: &[f32], outputs: usize) -> Result<Vec<f32>, Failed> {
    let color = match probe.name {
        "color over" => Color::Over,
        "color hard" => Color::Hard,
        _ => Color::Softmax,
    };
    let mut found = vec![0.0; COUNT * outputs];
    device.run_wgsl(&color, &probe.wgsl.replace("NAME", probe.name), COUNT, inputs, &mut found)?;
    Ok(found)
}

/// A function is within its ULPs of the core.
fn within(probe: &Probe) -> Answer {
    let device = WgpuRasterizer::new()?;
    let mut numbers = Numbers::new(7);
    let inputs: Vec<Vec<f32>> = (0..COUNT).map(|_| (probe.draw)(&mut numbers)).collect();
    let expected: Vec<Vec<f64>> = inputs.iter().map(|i| (probe.double)(&mut Input::of(i))).collect();
    let rounded: Vec<Vec<f32>> = inputs.iter().map(|i| (probe.single)(&mut Input::of(i))).collect();
    let outputs = expected[0].len();
    let found = run(&device, probe, &inputs.concat(), outputs)?;
    let (mut worst, mut at) = (0.0_f64, 0);
    for (n, (found, expected)) in found.chunks(outputs).zip(&expected).enumerate() {
        // What the core itself loses in 32 bits: such an input is badly conditioned, for any way to compute.
        let lost =
            rounded[n].iter().zip(expected).map(|(&r, &e)| (f64::from(r) - e).abs()).fold(0.0, f64::max);
        let largest = expected.iter().fold(1e-30, |a: f64, x| a.max(x.abs()));
        let unit = f64::from(f32::EPSILON) * 2.0_f64.powi(largest.log2().floor() as i32);
        for (&f, &e) in found.iter().zip(expected) {
            let error = ((f64::from(f) - e).abs() - 4.0 * lost).max(0.0) / unit;
            if f.is_nan() || error.is_nan() {
                (worst, at) = (f64::INFINITY, n);
            } else if error > worst {
                (worst, at) = (error, n);
            }
        }
    }
    eprintln!("{}: {worst:.2} of {} ulps", probe.name, probe.ulps);
    if worst > probe.ulps {
        let (inputs, expected) = (&inputs[at], &expected[at]);
        let found = &found[at * outputs..(at + 1) * outputs];
        let name = probe.name;
        let text =
            format!("{name}: {worst:.2} ulps\n  in {inputs:?}\n  core {expected:?}\n  device {found:?}");
        return Err(text.into());
    }
    Ok(())
}

/// More rows than 65,535 workgroups of 64 hold: each is run once, at its own place.
fn more_rows_than_one_dimension_holds() -> Answer {
    let rows = 65_535 * 64 + 1000;
    let inputs: Vec<f32> = (0..rows).map(|row| row as f32).collect();
    let mut outputs = vec![-1.0; rows];
    WgpuRasterizer::new()?.run_wgsl(&Color::Softmax, "give(take() + 1.0);", rows, &inputs, &mut outputs)?;
    match outputs.iter().zip(&inputs).position(|(found, x)| found.to_bits() != (x + 1.0).to_bits()) {
        None => Ok(()),
        Some(row) => Err(format!("row {row} of {rows} gave {}", outputs[row]).into()),
    }
}

/// How many rounds two loops take that are told to take more and more: a device in software may end them early, but not
/// before the 65,535 rounds of all loops together that this crate counts on.
fn loops_end_where_they_are_thought_to() -> Answer {
    let device = WgpuRasterizer::new()?;
    let software = device.adapter().kind == AdapterKind::Software;
    // What a round does depends on the one before, so that no compiler can do without the loop.
    let body = "let rounds = u32(take());
        var x = rounds;
        for (var j = 0u; j < 2u; j++) {
            var done = 0u;
            for (var i = 0u; i < rounds; i++) {
                x = x * 1664525u + 1013904223u;
                done += 1u;
            }
            give(f32(done) + 0.0 * f32(x & 1u));
        }";
    for told in [1000.0, 32_000.0, 32_767.0, 32_768.0, 40_000.0, 65_535.0, 65_536.0, 200_000.0] {
        // Alone: invocations that run side by side share their rounds.
        let mut took = [0.0; 2];
        device.run_wgsl(&Color::Softmax, body, 1, &[told], &mut took)?;
        eprintln!("two loops of {told} rounds took {took:?}");
        if took != [told; 2] && (2.0 * told + 2.0 < 65_535.0 || !software) {
            return Err(format!("two loops of {told} rounds took {took:?}").into());
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let required =
        std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x.trim() == "wgpu"));
    let missing = WgpuRasterizer::new().err().map(|why| why.to_string());
    let trial = |name: String, test: Box<dyn FnOnce() -> Answer + Send>| match missing.clone() {
        None => Trial::test(name, test),
        Some(why) if required => Trial::test(name, || Err(Failed::from(why))),
        Some(why) => Trial::test(name, || Ok(())).with_kind(why).with_ignored_flag(true),
    };
    let mut trials: Vec<Trial> = probes()
        .map(|probe| {
            let name = format!("probe::{}", probe.name.replace([' ', ','], "_"));
            trial(name, Box::new(move || within(probe)))
        })
        .collect();
    trials.push(trial(
        "probe::of_more_rows_than_one_dimension_holds".to_owned(),
        Box::new(more_rows_than_one_dimension_holds),
    ));
    trials.push(trial(
        "probe::loops_end_where_they_are_thought_to".to_owned(),
        Box::new(loops_end_where_they_are_thought_to),
    ));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
