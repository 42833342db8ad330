//! Where the numbers of the budgets come from: how far each rung is from the reference in `f64`, over random scenes.
//!
//! What is allowed at a number is a constant (with what depth adds, [`Budget::depth`]) plus [`Budget::bands`] times the
//! scene's own band. For every scene and field the worst number is kept: its error, the share of the constant alone, how
//! many bands it needs on top of the constant, and the share of all that is allowed.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use softras_core::math::{Scalar, Silhouette};
use softras_core::raster::{Capabilities, DynRasterizer, Outputs, Rasterizer, Saturation};
use softras_core::reference::Reference;

mod emulated;
mod order;
mod page;

pub use page::HEADING;

use crate::budget::{Budget, Rung};
use crate::compare::{difference, groups, widen};
use crate::law::Broken;
use crate::oracle::{self, Answer, Band, Doubt, ask};
use crate::scene::{Scene, scramble};
use crate::strategy::{self, Kind};
use crate::subject::{Subject, Tested};
use emulated::{Emulated, on};

/// The fields of a [`Budget`] that are measured.
pub const FIELDS: [&str; 6] = ["probability", "silhouette", "color", "gradient", "element", "order"];

/// What was measured.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// How many scenes were drawn.
    pub scenes: u32,
    /// Where they begin.
    pub seed: u64,
    /// Who was measured.
    pub entries: Vec<Entry>,
}

/// Who was measured, and what came out.
#[derive(Clone, Debug)]
pub struct Entry {
    /// In words.
    pub name: String,
    /// The rung it stands for; none where it is measured for comparison alone.
    pub rung: Option<Rung>,
    /// The budget it was measured against.
    pub budget: Budget,
    /// One for each of [`FIELDS`].
    pub fields: [Samples; 6],
    /// The number that came nearest to what is allowed, or went beyond.
    pub worst: Option<WorstNumber>,
}

/// The number of all scenes that used most of what is allowed.
#[derive(Clone, Debug)]
pub struct WorstNumber {
    /// Its share of what is allowed.
    pub share: f64,
    /// Which of [`FIELDS`] it is of.
    pub field: &'static str,
    /// Its scene, from 0.
    pub number: u32,
    /// That scene.
    pub scene: Scene,
}

/// One number for each scene that has the field, unsorted.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// The error, where its share of the constant is worst.
    pub errors: Vec<f64>,
    /// Of the constant alone.
    pub alone: Vec<f64>,
    /// Bands needed on top of the constant.
    pub bands: Vec<f64>,
    /// Of all that is allowed.
    pub whole: Vec<f64>,
}

/// The worst of one scene.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    seen: bool,
    error: f64,
    alone: f64,
    bands: f64,
    whole: f64,
}

impl Worst {
    /// Takes in one number: its error, the constant that is allowed, and its band.
    fn see(&mut self, error: f64, constant: f64, band: f64, budget: &Budget) {
        // NaN is as far off as can be.
        let error = if error.is_nan() { f64::INFINITY } else { error };
        self.seen = true;
        if error / constant > self.alone {
            (self.error, self.alone) = (error, error / constant);
        }
        if error > constant {
            self.bands = self.bands.max((error - constant) / band);
        }
        self.whole = self.whole.max(error / (constant + budget.bands * band));
    }
}

/// A scene and all that does not depend on who draws it.
struct Prepared {
    number: u32,
    scene: Scene,
    doubt: Doubt,
    expected: Answer,
    band: Band, // at 2^-24
}

impl Prepared {
    fn new(number: u32, scene: Scene) -> Result<Self, Broken> {
        let (faces, params) = (scene.faces::<f64>()?, scene.params::<f64>());
        let doubt = oracle::doubt(&faces, &params)?;
        let mut grad = scene.grad::<f64>();
        doubt.silence(&mut grad);
        let expected = oracle::answer(&faces, &params, &grad)?;
        let band = oracle::band(&faces, &params, &grad, &expected, Budget::single(Rung::Reference).unit)?;
        Ok(Self { number, scene, doubt, expected, band })
    }

    /// The first face of each picture alone, whose alpha is its D.
    fn of_one_face(number: u32, scene: &Scene) -> Result<Self, Broken> {
        let first = |faces: &Vec<_>| faces.first().into_iter().copied().collect();
        let mut scene = Scene { pictures: scene.pictures.iter().map(first).collect(), ..scene.clone() };
        scene.style.silhouette = Silhouette::ProbabilisticOr;
        scene.style.outputs = Outputs::Silhouette;
        Self::new(number, scene)
    }

    fn ask<R: Scalar>(&self, backend: &dyn DynRasterizer<R>) -> Result<Answer<R>, Broken> {
        let mut grad = self.scene.grad::<R>();
        self.doubt.silence(&mut grad);
        Ok(ask(backend, &self.scene.faces()?, &self.scene.params(), &grad)?)
    }
}

/// Measures the reference, the given back ends, and emulated machines, on `scenes` random scenes from `seed` on, half
/// of them strange; `each` hears of every scene.
///
/// # Errors
/// If a back end refuses what it declares.
pub fn calibrate(
    subjects: &[Subject],
    scenes: u32,
    seed: u64,
    mut each: impl FnMut(u32),
) -> Result<Calibration, Broken> {
    let reference = Subject::both(Reference);
    let mut candidates = vec![Candidate::of::<f32>(&reference)?, Candidate::of::<f64>(&reference)?];
    candidates.push(emulated(emulated::Machine::Host));
    for subject in subjects {
        candidates.push(Candidate::of::<f32>(subject)?);
        if subject.double().is_some() {
            candidates.push(Candidate::of::<f64>(subject)?);
        }
    }
    candidates.extend([emulated::Machine::Device, emulated::Machine::DeviceWithItsExp].map(emulated));

    let all =
        Capabilities { saturations: vec![Saturation::Exact], ..Rasterizer::<f32>::capabilities(&Reference) };
    let kinds = [Kind::Ordinary, Kind::Strange].map(|kind| strategy::scene(&all, kind));
    let mut runner = TestRunner::new_with_rng(Config::default(), rng(seed));
    for i in 0..scenes {
        let tree = kinds[i as usize % 2].new_tree(&mut runner);
        let scene = tree.map_err(|e| Broken(format!("could not draw a scene: {e}")))?.current();
        let one = Prepared::of_one_face(i, &scene)?;
        let prepared = Prepared::new(i, scene)?;
        for candidate in &mut candidates {
            (candidate.measure)(&mut candidate.entry, &prepared, &one)?;
        }
        each(i + 1);
    }
    Ok(Calibration { scenes, seed, entries: candidates.into_iter().map(|c| c.entry).collect() })
}

fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    for (i, chunk) in bytes.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&scramble(seed ^ scramble(i as u64)).to_le_bytes());
    }
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

/// Adds what a scene, and its first faces, say about a candidate.
type Measure<'a> = Box<dyn Fn(&mut Entry, &Prepared, &Prepared) -> Result<(), Broken> + 'a>;

/// Someone to measure.
struct Candidate<'a> {
    entry: Entry,
    measure: Measure<'a>,
}

impl<'a> Candidate<'a> {
    fn of<R: Tested>(subject: &'a Subject) -> Result<Self, Broken> {
        let backend =
            R::backend(subject).ok_or_else(|| Broken(format!("{} has no {}", subject.name(), R::NAME)))?;
        let entry = Entry {
            name: format!("{}, {}", subject.name(), R::NAME),
            rung: Some(subject.held_to()),
            budget: R::budget(subject),
            fields: Default::default(),
            worst: None,
        };
        Ok(Self {
            entry,
            measure: Box::new(move |entry, scene, one| measure::<R>(backend, entry, scene, one)),
        })
    }
}

fn emulated(machine: emulated::Machine) -> Candidate<'static> {
    let (name, rung) = match machine {
        emulated::Machine::Host => ("the reference with the platform's exp, f32", Some(Rung::Scalar)),
        emulated::Machine::Device => {
            ("the reference, fused, division as loose as WGSL's, f32", Some(Rung::Device))
        }
        emulated::Machine::DeviceWithItsExp => ("the same with WGSL's own exp, f32", None),
    };
    let (name, budget) = (name.to_owned(), Budget::single(rung.unwrap_or(Rung::Device)));
    Candidate {
        entry: Entry { name, rung, budget, fields: Default::default(), worst: None },
        measure: Box::new(move |entry, scene, one| {
            on(machine, || measure::<Emulated>(&Reference, entry, scene, one))
        }),
    }
}

fn measure<R: Scalar>(
    backend: &dyn DynRasterizer<R>,
    entry: &mut Entry,
    prepared: &Prepared,
    one: &Prepared,
) -> Result<(), Broken> {
    let budget = entry.budget;
    let mut worst = [Worst::default(); 6];
    let [probability, silhouette, color, gradient, element, order] = &mut worst;
    // Bands are in proportion to the unit.
    let scale = budget.unit / Budget::single(Rung::Reference).unit;

    let found = one.ask(backend)?;
    alphas(probability, budget.probability, one, &found, &budget, scale);
    let found = prepared.ask(backend)?;
    alphas(silhouette, budget.silhouette, prepared, &found, &budget, scale);
    let depth = budget.depth(oracle::depth_in_gammas(&prepared.scene));
    if let (Some(found), Some(expected)) = (&found.image.color, &prepared.expected.image.color) {
        let (w, h) = prepared.scene.size;
        for (i, (a, e)) in found.iter().zip(expected).enumerate() {
            if !prepared.doubt.color[i / (w * h * prepared.scene.channels) * w * h + i % (w * h)] {
                let constant = budget.color + depth;
                color.see((a.to_f64() - e).abs(), constant, scale * prepared.band.color[i], &budget);
            }
        }
    }
    let expected = groups(&prepared.expected.gradients);
    for (((_, found), (_, expected)), band) in
        groups(&found.gradients).iter().zip(&expected).zip(&prepared.band.gradients)
    {
        let d = difference(found, expected);
        let norm = scale * band.iter().map(|x| x * x).sum::<f64>().sqrt();
        let largest = scale * band.iter().fold(0.0, |a: f64, &x| a.max(x));
        let nil = budget.bands * budget.unit; // image gradients are of size 1
        gradient.see(d.norm, (budget.gradient + depth) * d.expected + nil, norm, &budget);
        element.see(d.worst, (budget.element + depth) * d.largest + nil, largest, &budget);
    }
    order::measure(backend, order, prepared, &found, &budget, depth, scale)?;
    for (field, worst) in FIELDS.into_iter().zip(&worst) {
        if entry.worst.as_ref().is_none_or(|before| worst.whole > before.share) {
            let scene = if field == "probability" { &one.scene } else { &prepared.scene };
            let (share, number, scene) = (worst.whole, prepared.number, scene.clone());
            entry.worst = Some(WorstNumber { share, field, number, scene });
        }
    }
    for (samples, worst) in entry.fields.iter_mut().zip(worst).filter(|(_, worst)| worst.seen) {
        samples.errors.push(worst.error);
        samples.alone.push(worst.alone);
        samples.bands.push(worst.bands);
        samples.whole.push(worst.whole);
    }
    Ok(())
}

fn alphas<R: Scalar>(
    worst: &mut Worst,
    constant: f64,
    prepared: &Prepared,
    found: &Answer<R>,
    budget: &Budget,
    scale: f64,
) {
    let (Some(found), Some(expected)) = (&found.image.silhouette, &prepared.expected.image.silhouette) else {
        return;
    };
    for (p, (a, e)) in widen(found).iter().zip(expected).enumerate() {
        if !prepared.doubt.silhouette[p] {
            worst.see((a - e).abs(), constant, scale * prepared.band.silhouette[p], budget);
        }
    }
}
