//! Times training steps on the CPU and prints a hash of what came out: for two builds that take turns on a busy machine.
//!
//! `steps THREADS STEPS SCENE:SIGMA..`; a line for each scene: the first quartile of the time of forward and of backward,
//! in microseconds, of all processors together and on the wall, then the hash of the picture and its gradient.

#![expect(clippy::print_stdout, reason = "what it is for")]

use std::error::Error;

use ndarray::Array;
use softras::raster::{DynSaved, Gradients, Wanted};
use softras::{Device, Image};
use softras_bench::timer::Time;
use softras_bench::{Data, Scene, SceneName, run};

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "steps THREADS STEPS SCENE:SIGMA..";
    let mut words = std::env::args().skip(1);
    let threads = words.next().ok_or(usage)?.parse()?;
    let steps: usize = words.next().ok_or(usage)?.parse()?;
    let pool = run::pool(threads)?;
    for word in words {
        let (name, sigma) = word.rsplit_once(':').ok_or(usage)?;
        let scene = Scene::build(&SceneName::parse(name, &Data::default())?, sigma.parse()?)?;
        println!("{word} {}", pool.install(|| line(&scene, steps))?);
    }
    Ok(())
}

/// Takes the steps; returns their times and the hash.
fn line(scene: &Scene, steps: usize) -> softras::Result<String> {
    let device = softras::open(Device::Cpu)?;
    let (mut image, mut saved, mut gradients) = (Image::default(), DynSaved::default(), Gradients::default());
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    for step in 0..=steps {
        let (drawn, time) =
            Time::of(|| device.forward_into(&scene.faces, &scene.params, &mut image, &mut saved));
        drawn?;
        let (gone_back, back) =
            Time::of(|| device.backward_into(&saved, &scene.grad, Wanted::default(), &mut gradients));
        gone_back?;
        // The first makes the buffers.
        if step > 0 {
            forward.push(time);
            backward.push(back);
        }
    }
    let mut hash = 14_695_981_039_346_656_037_u64;
    add(&mut hash, image.color.as_ref());
    add(&mut hash, image.silhouette.as_ref());
    add(&mut hash, gradients.corners.as_ref());
    add(&mut hash, gradients.textures.as_ref());
    let [a, b] = [&forward, &backward].map(|times| quartile(times, |t| t.cpu.unwrap_or(t.wall)));
    let [c, d] = [&forward, &backward].map(|times| quartile(times, |t| t.wall));
    Ok(format!("cpu {a:.1} {b:.1} wall {c:.1} {d:.1} hash {hash:016x}"))
}

/// Joins the bits of some numbers to a hash.
fn add<D: ndarray::Dimension>(hash: &mut u64, numbers: Option<&Array<f32, D>>) {
    for x in numbers.into_iter().flatten() {
        *hash = (*hash ^ u64::from(x.to_bits())).wrapping_mul(1_099_511_628_211);
    }
}

/// Returns the first quartile, in microseconds.
fn quartile(times: &[Time], of: impl Fn(&Time) -> f64) -> f64 {
    let mut all: Vec<f64> = times.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 4).map_or(0.0, |seconds| seconds * 1e6)
}
