//! What kernels take, by events of the device, beside the floor and the estimate that were made before there was a card;
//! and beside the official algorithm on the same card.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use softras_bench::{Data, Scene, SceneName};
use softras_core::raster::{DynRasterizer, Gradients, Rasterizer};
use softras_core::{Image, ImageGrad, Result};
use softras_cuda::{Buffers, CudaBrute, CudaRasterizer, KernelTime};

use crate::steps::{Recorded, wanted};
use crate::{Card, Outcome};

/// A row: a scene at sigma 1e-4, and forward and backward in microseconds on an H100: the floor, and the estimate without
/// launches (exact counts of pairs, instructions of the compiled kernels); none where nobody estimated it.
struct Goal {
    scene: &'static str,
    floor: Option<[f64; 2]>,
    estimate: Option<[f64; 2]>,
    /// How many times as slow the official algorithm is, at least, where it is measured.
    brute: Option<f64>,
}

const fn goal(
    scene: &'static str,
    floor: Option<[f64; 2]>,
    estimate: Option<[f64; 2]>,
    brute: Option<f64>,
) -> Goal {
    Goal { scene, floor, estimate, brute }
}

const GOALS: [Goal; 5] = [
    goal("64x1280@64", Some([3.7, 5.4]), Some([23.0, 13.0]), None),
    goal("5120@256", Some([2.1, 3.1]), Some([4.9, 4.6]), Some(10.0)),
    goal("81920@512", Some([71.0, 106.0]), Some([133.0, 160.0]), Some(30.0)),
    goal("1310720@1024", Some([3700.0, 5500.0]), Some([5400.0, 7300.0]), None),
    goal("views:1024x1280@64", None, None, None),
];
/// What is tried on an emulated device, whose times mean nothing.
const TRIED: [Goal; 2] =
    [goal("2x20@16", Some([1.0, 1.0]), Some([1.0, 1.0]), None), goal("80@70", None, None, Some(1.0))];
/// Runs whose median counts.
const RUNS: usize = 21;
/// Runs that go before.
const WARM: usize = 3;

/// Milliseconds by kernel, of one direction.
type Times = BTreeMap<&'static str, f64>;

fn add(times: &[KernelTime]) -> Times {
    let mut all = Times::new();
    for time in times {
        *all.entry(time.kernel).or_default() += f64::from(time.milliseconds);
    }
    all
}

/// The median of each kernel, over runs.
fn median(runs: &[Times]) -> Times {
    let mut all: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for run in runs {
        for (&kernel, &time) in run {
            all.entry(kernel).or_default().push(time);
        }
    }
    let middle = |(kernel, mut times): (&'static str, Vec<f64>)| {
        times.sort_by(f64::total_cmp);
        (kernel, times[times.len() / 2])
    };
    all.into_iter().map(middle).collect()
}

fn total(times: &Times) -> f64 {
    times.values().sum()
}

/// Forward and backward of a back end on the device, kernel by kernel; `timed` measures.
fn measure<T: Rasterizer<f32>>(
    device: &CudaRasterizer,
    backend: &T,
    scene: &Scene,
    runs: usize,
) -> Result<[Times; 2]> {
    let (mut image, mut saved, mut gradients) = (Image::default(), T::Saved::default(), Gradients::default());
    let grad: &ImageGrad = &scene.grad;
    let mut found = [Vec::new(), Vec::new()];
    for run in 0..WARM.min(runs) + runs {
        let (_, forward) =
            device.timed(|| backend.forward_into(&scene.faces, &scene.params, &mut image, &mut saved))?;
        let (_, backward) = device.timed(|| backend.backward_into(&saved, grad, wanted(), &mut gradients))?;
        if run >= WARM.min(runs) {
            found[0].push(add(&forward));
            found[1].push(add(&backward));
        }
    }
    Ok(found.map(|runs| median(&runs)))
}

/// The graphs of a recorded step, forward and backward, in milliseconds.
fn measure_graphs(device: &CudaRasterizer, scene: &Scene, runs: usize) -> Result<Times> {
    let mut recorded = Recorded::new(device, &scene.faces, &scene.params)?;
    let mut found = Vec::new();
    for run in 0..WARM.min(runs) + runs {
        let times = recorded.timed(&scene.faces)?;
        if run >= WARM.min(runs) {
            found.push(add(&times));
        }
    }
    Ok(median(&found))
}

/// Microseconds, and how many times `goal` that is.
fn against(milliseconds: f64, goal: Option<f64>) -> String {
    let micros = milliseconds * 1e3;
    match goal {
        Some(goal) => format!("{goal} | {:.2} x", micros / goal),
        None => "- | -".to_owned(),
    }
}

fn row(card: Card, device: &CudaRasterizer, goal: &Goal, out: &mut [String; 3]) -> Outcome {
    let runs = if card == Card::Real { RUNS } else { 1 };
    let scene = Scene::build(&SceneName::parse(goal.scene, &Data::default())?, 1e-4)?;
    let own = measure(device, device, &scene, runs)?;
    let graphs = measure_graphs(device, &scene, runs)?;
    let [table, kernels, brute] = out;
    let names = [("forward", "forward graph"), ("backward", "backward graph")];
    for (i, (direction, graph)) in names.into_iter().enumerate() {
        let (all, alone) = (total(&own[i]), own[i].get(direction).copied().unwrap_or(0.0));
        let graph = graphs.get(graph).copied().ok_or("the graph was not timed")?;
        if all <= 0.0 || alone <= 0.0 || graph <= 0.0 {
            return Err(format!("{}: {direction} took no time: {all} {alone} {graph}", goal.scene).into());
        }
        let (floor, estimate) = (goal.floor.map(|x| x[i]), goal.estimate.map(|x| x[i]));
        writeln!(
            table,
            "| {} | {direction} | {:.1} | {:.1} | {:.1} | {} | {} |",
            goal.scene,
            alone * 1e3,
            all * 1e3,
            graph * 1e3,
            floor.map_or_else(|| "-".to_owned(), |x| x.to_string()),
            against(all, estimate),
        )?;
        for (kernel, time) in &own[i] {
            writeln!(kernels, "| {} | {direction} | {kernel} | {:.2} |", goal.scene, time * 1e3)?;
        }
    }
    if let Some(least) = goal.brute {
        let theirs = measure(device, &CudaBrute::new(device.clone()), &scene, runs.min(5))?;
        let (ours, theirs) = (total(&own[0]) + total(&own[1]), total(&theirs[0]) + total(&theirs[1]));
        let (ratio, verdict) = (theirs / ours, if theirs >= least * ours { "reached" } else { "**missed**" });
        writeln!(
            brute,
            "| {} | {:.1} | {:.1} | {ratio:.1} x | {least} x | {verdict} |",
            goal.scene,
            ours * 1e3,
            theirs * 1e3
        )?;
    }
    Ok(())
}

/// Measures every row, and prints the tables.
pub(crate) fn table(card: Card) -> Outcome {
    let device = card.open(Buffers::Reused)?;
    let goals: &[Goal] = if card == Card::Real { &GOALS } else { &TRIED };
    let mut out = [
        "| scene, sigma 1e-4 | direction | its kernel, us | all its kernels, us | as a graph, us | floor, us | \
         estimate, us | all kernels against the estimate |\n|---|---|---|---|---|---|---|---|\n"
            .to_owned(),
        "| scene | direction | kernel | us |\n|---|---|---|---|\n".to_owned(),
        "| scene | kernels, forward + backward, us | of the official algorithm, us | ratio | at least | |\n\
         |---|---|---|---|---|---|\n"
            .to_owned(),
    ];
    for goal in goals {
        row(card, &device, goal, &mut out)?;
    }
    let info = DynRasterizer::<f32>::info(&device);
    let runs = if card == Card::Real { RUNS } else { 1 };
    println!(
        "Kernels on {}, {}; the median of {runs} runs, by events of the device.\n",
        info.device, info.details
    );
    println!("{}", out.join("\n"));
    Ok(())
}
