//! What only a card can show: 100 runs with the same bits, from the host, with arrays that stay on the device and of a
//! recorded step; steps for checkers of memory (`compute-sanitizer`); and what kernels take, by the clock of the card.
//! `scripts/gpu-bundle` carries it to machines with a card.
//!
//! Without a card there is one ignored trial with the reason, and a failure where `SOFTRAS_REQUIRE` names `cuda`. Where it
//! names `card-emulated` all of it is tried on an emulated device, on small scenes and with few runs.

#![expect(clippy::print_stdout, reason = "its tables are what it is run for")]

mod scenes;
mod steps;
mod times;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use softras_core::raster::Rasterizer;
use softras_cuda::{Buffers, CudaOptions, CudaRasterizer};

use scenes::settings;
use steps::{Recorded, from_host, on_device};

/// The name by which `SOFTRAS_REQUIRE` asks for a trial on an emulated device.
const EMULATED: &str = "card-emulated";

/// What is done on a card, or on an emulated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Card {
    Real,
    Emulated,
}

impl Card {
    /// Runs that must give the same bits.
    const fn runs(self) -> usize {
        match self {
            Self::Real => 100,
            Self::Emulated => 3,
        }
    }

    /// Opens it.
    pub(crate) fn open(self, buffers: Buffers) -> softras_core::Result<CudaRasterizer> {
        let options = CudaOptions::new(0).buffers(buffers);
        match self {
            Self::Real => options,
            Self::Emulated => options.cache(Some(folder().join("kernels"))),
        }
        .open()
    }
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

pub(crate) type Outcome = Result<(), libtest_mimic::Failed>;

/// Checks that `step` gives the same bits in all runs, and those that are `expected`, if any are.
fn repeat(
    card: Card,
    what: &str,
    expected: Option<&[u32]>,
    mut step: impl FnMut() -> softras_core::Result<Vec<u32>>,
) -> Outcome {
    let first = step()?;
    if first.iter().all(|&bits| bits == 0) {
        return Err(format!("{what} draws nothing").into());
    }
    if expected.is_some_and(|expected| expected != first) {
        return Err(format!("{what} has other bits than from the host").into());
    }
    for run in 1..card.runs() {
        if step()? != first {
            return Err(format!("run {run} of {what} has other bits").into());
        }
    }
    Ok(())
}

fn same_bits(card: Card) -> Outcome {
    let device = card.open(Buffers::Reused)?;
    for (i, (faces, params)) in settings()?.iter().enumerate() {
        repeat(card, &format!("scene {i}"), None, || from_host(&device, faces, params))?;
        let exact = card.open(Buffers::Exact)?;
        if from_host(&exact, faces, params)? != from_host(&device, faces, params)? {
            return Err(format!("scene {i} has other bits in memory that is not reused").into());
        }
    }
    Ok(())
}

fn same_bits_on_device(card: Card) -> Outcome {
    let device = card.open(Buffers::Reused)?;
    for (i, (faces, params)) in settings()?.iter().enumerate() {
        let expected = from_host(&device, faces, params)?;
        let what = format!("scene {i} on the device");
        repeat(card, &what, Some(&expected), || on_device(&device, faces, params))?;
    }
    Ok(())
}

fn same_bits_of_graphs(card: Card) -> Outcome {
    let device = card.open(Buffers::Reused)?;
    for (i, (faces, params)) in settings()?.iter().enumerate() {
        let expected = from_host(&device, faces, params)?;
        let mut recorded = Recorded::new(&device, faces, params)?;
        let what = format!("recorded scene {i}");
        repeat(card, &what, Some(&expected), || recorded.play(faces))?;
    }
    Ok(())
}

/// Each kind of step once, with buffers exactly as large as they must be: for checkers of memory.
fn one_step(card: Card) -> Outcome {
    let device = card.open(Buffers::Exact)?;
    for (faces, params) in settings()? {
        let expected = from_host(&device, &faces, &params)?;
        if on_device(&device, &faces, &params)? != expected
            || Recorded::new(&device, &faces, &params)?.play(&faces)? != expected
        {
            return Err("on the device, or recorded, it has other bits".into());
        }
    }
    Ok(())
}

fn trials(card: Card) -> Vec<Trial> {
    vec![
        Trial::test("card::runs_have_the_same_bits", move || same_bits(card)),
        Trial::test("card::runs_with_arrays_on_the_device_have_the_same_bits", move || {
            same_bits_on_device(card)
        }),
        Trial::test("card::plays_of_a_recorded_step_have_the_same_bits", move || same_bits_of_graphs(card)),
        Trial::test("card::one_step_with_exact_buffers", move || one_step(card)),
        Trial::test("card::times_of_kernels", move || times::table(card)),
    ]
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // What is measured is measured alone.
    arguments.test_threads = Some(1);
    let required = std::env::var("SOFTRAS_REQUIRE").unwrap_or_default();
    let requires = |name: &str| required.split(',').any(|x| x.trim() == name);
    let (name, opened) = if requires(EMULATED) {
        let loaded = softras_cuda_emulator::load(folder()).map_err(|e| e.to_string());
        (EMULATED, loaded.map(|()| Card::Emulated))
    } else {
        let opened = CudaRasterizer::new(0).map_err(|e| e.to_string());
        let opened = opened.map(|device| {
            let info = device.info();
            println!("{}, {}", info.device, info.details);
            Card::Real
        });
        ("cuda", opened)
    };
    let trials = match opened {
        Ok(card) => trials(card),
        Err(why) => {
            let message = format!("required, but not there: {why}");
            let trial = Trial::test("card::is_available", move || Err(message.into()));
            vec![if requires(name) { trial } else { trial.with_kind(why).with_ignored_flag(true) }]
        }
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
