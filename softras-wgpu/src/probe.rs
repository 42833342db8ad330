//! Every formula of the shaders alone, on thousands of inputs, against the core in `f64`.
//!
//! An error is counted in units of the last place of the largest number that the function gave, beyond four times what
//! the core itself is off by in `f32`: an input may be badly conditioned.

use softras_core::raster::{Outputs, TextureFamily};

mod functions;

use crate::WgpuRasterizer;
use crate::axes::{Axes, ColorKernel, SilhouetteKernel};
use crate::kernels::probe_source;
use functions::{Input, Numbers, PROBES, Probe};

/// Inputs of each function.
const COUNT: usize = 4096;

fn run(device: &WgpuRasterizer, probe: &Probe, inputs: &[f32], outputs: usize) -> Vec<f32> {
    let color = match probe.name {
        "color over" => ColorKernel::Over,
        "color hard" => ColorKernel::Hard,
        _ => ColorKernel::Softmax,
    };
    let body = format!("fn probe_one() {{\n    {}\n}}\n", probe.wgsl.replace("NAME", probe.name));
    let axes = Axes {
        outputs: Outputs::Both,
        silhouette: SilhouetteKernel::ProbabilisticOr,
        color,
        texture: TextureFamily::Vertex,
        channels: 3,
    };
    let text = probe_source(&axes, &[include_str!("shaders/probe.wgsl"), &body]);
    let mut found = vec![0.0; COUNT * outputs];
    let work = || {
        let kernel = device.probe_kernel(probe.name, text)?;
        device.run_rows(&kernel, inputs, COUNT, &mut found)
    };
    device.gpu.guarded(&|| probe.name.to_owned(), work).expect("runs");
    found
}

#[test]
fn every_function_is_within_its_ulps_of_the_core() {
    let device = match WgpuRasterizer::new() {
        Ok(device) => device,
        Err(why) => {
            let required =
                std::env::var("SOFTRAS_REQUIRE").is_ok_and(|all| all.split(',').any(|x| x == "wgpu"));
            assert!(!required, "{why}");
            println!("nothing was tested: {why}");
            return;
        }
    };
    let mut wrong = Vec::new();
    for probe in PROBES {
        let mut numbers = Numbers::new(7);
        let inputs: Vec<Vec<f32>> = (0..COUNT).map(|_| (probe.draw)(&mut numbers)).collect();
        let expected: Vec<Vec<f64>> = inputs.iter().map(|i| (probe.double)(&mut Input::of(i))).collect();
        let rounded: Vec<Vec<f32>> = inputs.iter().map(|i| (probe.single)(&mut Input::of(i))).collect();
        let outputs = expected[0].len();
        let found = run(&device, probe, &inputs.concat(), outputs);
        let (mut worst, mut at) = (0.0_f64, 0);
        for (n, (found, expected)) in found.chunks(outputs).zip(&expected).enumerate() {
            // What the core itself loses in 32 bits: such an input is badly conditioned, for any way to compute.
            let lost =
                rounded[n].iter().zip(expected).map(|(&r, &e)| (f64::from(r) - e).abs()).fold(0.0, f64::max);
            let largest = expected.iter().fold(1e-30, |a: f64, x| a.max(x.abs()));
            let unit = f64::from(f32::EPSILON) * 2.0_f64.powi(largest.log2().floor() as i32);
            for (&f, &e) in found.iter().zip(expected) {
                let error = ((f64::from(f) - e).abs() - 4.0 * lost).max(0.0) / unit;
                if error.is_nan() || error > worst {
                    (worst, at) = (if error.is_nan() { f64::INFINITY } else { error }, n);
                }
            }
        }
        println!("{}: {worst:.2} of {} ulps", probe.name, probe.ulps);
        if worst > probe.ulps {
            let (inputs, expected) = (&inputs[at], &expected[at]);
            let found = &found[at * outputs..(at + 1) * outputs];
            wrong.push(format!(
                "{}: {worst:.2} ulps\n  in {inputs:?}\n  core {expected:?}\n  device {found:?}",
                probe.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
