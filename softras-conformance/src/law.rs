//! A law: a sentence about every back end, and the function that checks it.

use std::path::PathBuf;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::subject::Subject;
use crate::trace;
use crate::verdict::Verdict;

/// Why a law is skipped that needs the outside data.
pub(crate) const NO_DATA: &str = "no data";

/// One law.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Its topic and name, which read as a sentence: `gradient::is_linear`.
    pub name: &'static str,
    /// The same, in full.
    pub statement: &'static str,
    /// What it compares.
    pub compares: Compares,
    /// Which parts it is about, in words; empty where it is about every part that a back end declares.
    pub about: &'static str,
    /// What must be there to check it.
    pub needs: Need,
    /// Checks it.
    pub run: fn(&Context<'_>) -> Outcome,
}

/// What a law compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compares {
    /// Bits, or exact numbers: there is no tolerance.
    Bits,
    /// Numbers within a budget ([`crate::budget`]), or a bound that the law states.
    Budget,
    /// Errors, shapes and finiteness: what is promised before any number is right.
    Contract,
}

/// What must be there to check a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// A back end.
    Nothing,
    /// A back end that computes in `f64`.
    Double,
    /// The reference: the law is about the formulas of the core alone.
    Reference,
    /// The outside data.
    Data,
    /// The outside data, and a back end that does not visit every face at every pixel.
    DataAndCulling,
}

/// A law that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl core::fmt::Display for Broken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}
impl From<softras_core::Error> for Broken {
    fn from(error: softras_core::Error) -> Self {
        Self::from_refusal(&error)
    }
}
impl Broken {
    pub(crate) fn from_refusal(error: &softras_core::Error) -> Self {
        Self(format!("the back end refused: {error}"))
    }
}

/// What checking a law gives: how much of its budget it used, or where it broke.
pub type Outcome = Result<Gauge, Broken>;

/// The worst share of a budget seen so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gauge {
    /// The worst share, 0 where every comparison was exact.
    pub share: f64,
    /// What used it.
    pub by: String,
    /// How many comparisons were made.
    pub comparisons: u64,
    /// How many cases were drawn at random.
    pub cases: u64,
    /// What the back end does not declare, where nothing can be compared without it.
    pub lacks: Vec<String>,
}

impl Gauge {
    /// What a law returns that has nothing to compare, since the back end does not declare `lacks`.
    #[must_use]
    pub fn unsupported(lacks: impl Into<String>) -> Self {
        Self { lacks: vec![lacks.into()], ..Self::default() }
    }

    /// Checks that `error` is at most `bound`. NaN is not.
    ///
    /// # Errors
    /// [`Broken`] if it is more.
    pub fn within(&mut self, what: impl FnOnce() -> String, error: f64, bound: f64) -> Result<(), Broken> {
        self.comparisons += 1;
        if error.is_nan() || error > bound {
            let share = trace::broke(error / bound);
            return Err(Broken(format!("{}: off by {error:.3e}, allowed {bound:.3e}{share}", what())));
        }
        let share = if error > 0.0 { error / bound } else { 0.0 };
        if share > self.share {
            self.share = share;
            self.by = what();
        }
        Ok(())
    }

    /// Checks that `found` is within `bound` of `expected`.
    ///
    /// # Errors
    /// [`Broken`] if it is not.
    pub fn near(
        &mut self,
        what: impl Fn() -> String,
        found: f64,
        expected: f64,
        bound: f64,
    ) -> Result<(), Broken> {
        self.within(
            || format!("{}: found {found:?}, expected {expected:?}", what()),
            (found - expected).abs(),
            bound,
        )
    }

    /// Checks that something holds.
    ///
    /// # Errors
    /// [`Broken`] if it does not.
    pub fn holds(&mut self, what: impl FnOnce() -> String, truth: bool) -> Result<(), Broken> {
        self.comparisons += 1;
        if truth { Ok(()) } else { Err(Broken(what())) }
    }

    /// Adds what another gauge saw.
    pub fn add(&mut self, other: Self) {
        if other.share > self.share {
            (self.share, self.by) = (other.share, other.by);
        }
        self.comparisons += other.comparisons;
        self.cases += other.cases;
        self.lacks.extend(other.lacks);
    }
}

/// What a law is given: the back end under test and how thorough to be.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The back end under test.
    pub subject: &'a Subject,
    /// The name of the law that runs; its random cases depend on it.
    pub law: &'static str,
    /// Random cases, `SOFTRAS_CASES`.
    pub cases: u32,
    /// Seed of the random cases, `SOFTRAS_SEED`.
    pub seed: u64,
    /// How many smaller cases to try of one that breaks the law, `SOFTRAS_SHRINK`.
    pub shrink: u32,
    /// Where the outside data is.
    pub data: Option<PathBuf>,
}

impl Context<'_> {
    /// Checks `check` on as many values of `strategy` as were asked for, shrinks the first that breaks it, and prints it.
    ///
    /// # Errors
    /// [`Broken`] with the smallest case that was found, and how to see it again.
    pub fn for_all<S: Strategy>(
        &self,
        strategy: S,
        check: impl Fn(&S::Value, &mut Gauge) -> Result<(), Broken>,
    ) -> Outcome {
        let gauge = core::cell::RefCell::new(Gauge::default());
        let config = Config {
            cases: self.cases,
            max_shrink_iters: self.shrink,
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner =
            TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &self.rng_seed()));
        let broke = core::cell::Cell::new(None);
        let run = runner.run(&strategy, |value| {
            let mut gauge = gauge.borrow_mut();
            gauge.cases += 1;
            trace::take();
            check(&value, &mut gauge).map_err(|e| {
                broke.set(Some(trace::take())); // the last case that breaks is the smallest
                TestCaseError::fail(e.0)
            })
        });
        if let Some(trace) = broke.take() {
            trace::put(trace);
        }
        match run {
            Ok(()) => Ok(gauge.into_inner()),
            Err(TestError::Fail(why, value)) => Err(Broken(format!(
                "{why}\nsmallest case found (SOFTRAS_SEED={} SOFTRAS_CASES={}):\n{value:?}",
                self.seed, self.cases
            ))),
            Err(TestError::Abort(why)) => Err(Broken(format!("could not draw cases: {why}"))),
        }
    }

    /// 32 bytes from the seed and the law's name, so that one law's cases do not depend on the others.
    fn rng_seed(&self) -> [u8; 32] {
        let mut state = self.seed;
        for byte in self.law.bytes() {
            state = crate::scene::scramble(state ^ u64::from(byte));
        }
        let mut seed = [0; 32];
        for chunk in seed.chunks_mut(8) {
            state = crate::scene::scramble(state);
            chunk.copy_from_slice(&state.to_le_bytes());
        }
        seed
    }

    /// Returns why the law cannot be checked here, if it cannot: skipped, or unsupported.
    #[must_use]
    pub fn lacks(&self, need: Need) -> Option<Verdict> {
        let skipped = |why: &str| Verdict::Skipped(why.to_owned());
        let no_data = || self.data.is_none().then(|| skipped(NO_DATA));
        match need {
            Need::Nothing => None,
            Need::Double => {
                let none = self.subject.double().is_none();
                none.then(|| Verdict::Unsupported("does not declare f64".to_owned()))
            }
            Need::Reference => (!self.subject.is_reference()).then(|| skipped("about the core alone")),
            Need::Data => no_data(),
            Need::DataAndCulling if self.subject.is_reference() => {
                Some(skipped("too many faces to try each at every pixel"))
            }
            Need::DataAndCulling => no_data(),
        }
    }
}
