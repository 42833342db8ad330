//! Taking turns at a scene: [`measure`].

use rayon::ThreadPool;
use softras_core::Image;
use softras_core::raster::{DynRasterizer, DynSaved, Gradients, Wanted};

use crate::error::{Error, Result};
use crate::memory::peak_of;
use crate::scene::Scene;
use crate::timer::Time;

/// A back end that takes part.
#[derive(Clone, Copy)]
pub struct Contestant<'a> {
    /// What its rows say.
    pub backend: &'a str,
    /// The back end.
    pub device: &'a dyn DynRasterizer,
    /// The threads it runs on.
    pub pool: &'a ThreadPool,
    /// Whether a step goes before each turn untimed; the first is also when its memory is taken.
    pub warm_up: WarmUp,
}

/// Whether a turn begins with a step that is not timed: caches, clock and threads are then as in the middle of a loop of
/// training steps, not as another contestant left them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmUp {
    /// It does.
    Once,
    /// It does not: a step takes long and gains nothing.
    Never,
}

/// How much is done for a number.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Times each back end takes its turn; the median counts.
    pub runs: usize,
    /// Seconds after which a back end takes no more turns, though it had at least one.
    pub patience: f64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { runs: 5, patience: 60.0 }
    }
}

/// What one back end needed for one scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Forward, the median.
    pub forward: Time,
    /// Backward, the median.
    pub backward: Time,
    /// Turns taken.
    pub runs: usize,
    /// Pairs that counted, if it counts.
    pub pairs: Option<u64>,
    /// The most memory the process held during its first turn, in MiB; `None` without one untimed or where the system
    /// does not tell.
    pub peak_mib: Option<f64>,
}

/// A turn shorter than this is made of several steps.
const SHORT: f64 = 0.05;

/// What a back end reuses from step to step.
#[derive(Default)]
struct State {
    image: Image<f32>,
    saved: DynSaved,
    gradients: Gradients<f32>,
}

impl State {
    fn step(&mut self, scene: &Scene, who: &Contestant<'_>) -> Result<(Time, Time)> {
        let step = || {
            let (device, faces) = (who.device, &scene.faces);
            let draw = || device.forward_into(faces, &scene.params, &mut self.image, &mut self.saved);
            let (drawn, forward) = Time::of(draw);
            drawn?;
            let (saved, grad, gradients) = (&self.saved, &scene.grad, &mut self.gradients);
            let (went_back, backward) =
                Time::of(|| device.backward_into(saved, grad, Wanted::default(), gradients));
            went_back?;
            Ok::<_, Error>((forward, backward))
        };
        who.pool.install(step)
    }
}

/// Lets every contestant draw `scene` and go back, in turns, so that a busy machine is unfair to none of them.
///
/// Each keeps its own state between its turns: nothing of what is timed is the first of its kind.
///
/// # Errors
/// Those of the back ends.
pub fn measure(scene: &Scene, contestants: &[Contestant<'_>], effort: Effort) -> Result<Vec<Measured>> {
    let mut peaks = Vec::with_capacity(contestants.len());
    for who in contestants {
        peaks.push(match who.warm_up {
            WarmUp::Never => None,
            WarmUp::Once => {
                // Alone in memory, and gone afterwards.
                let (step, peak) = peak_of(|| State::default().step(scene, who));
                step?;
                peak
            }
        });
    }
    let mut states = Vec::with_capacity(contestants.len());
    for who in contestants {
        let mut state = State::default();
        let repeats = match who.warm_up {
            WarmUp::Never => 1,
            WarmUp::Once => {
                let (forward, backward) = state.step(scene, who)?;
                (SHORT / (forward.wall + backward.wall).max(1e-6)).ceil().clamp(1.0, 1000.0) as usize
            }
        };
        states.push((state, repeats));
    }
    let mut times = vec![(Vec::new(), Vec::new(), 0.0); contestants.len()];
    for _ in 0..effort.runs.max(1) {
        for ((who, (state, repeats)), (forward, backward, spent)) in
            contestants.iter().zip(&mut states).zip(&mut times)
        {
            if *spent > effort.patience {
                continue;
            }
            if who.warm_up == WarmUp::Once {
                state.step(scene, who)?;
            }
            let (mut first, mut second) = (Sum::default(), Sum::default());
            for _ in 0..*repeats {
                let step = state.step(scene, who)?;
                first.add(step.0);
                second.add(step.1);
            }
            *spent += first.wall + second.wall;
            forward.push(first.mean(*repeats));
            backward.push(second.mean(*repeats));
        }
    }
    let counted = states.iter().zip(contestants).map(|((state, _), who)| who.device.pairs(&state.saved));
    Ok(times
        .iter()
        .zip(counted)
        .zip(peaks)
        .map(|(((forward, backward, _), pairs), peak_mib)| Measured {
            forward: Time::median(forward).unwrap_or_default(),
            backward: Time::median(backward).unwrap_or_default(),
            runs: forward.len(),
            pairs,
            peak_mib,
        })
        .collect())
}

/// The time of several steps.
#[derive(Default)]
struct Sum {
    wall: f64,
    cpu: f64,
    without_cpu: bool,
}

impl Sum {
    fn add(&mut self, time: Time) {
        self.wall += time.wall;
        self.cpu += time.cpu.unwrap_or(0.0);
        self.without_cpu |= time.cpu.is_none();
    }
    fn mean(&self, count: usize) -> Time {
        let n = count as f64;
        Time { wall: self.wall / n, cpu: (!self.without_cpu).then_some(self.cpu / n) }
    }
}
