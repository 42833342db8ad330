//! What the CPU back end is to reach, and what it does reach: ratios measured in one run.

use serde::Serialize;

use crate::curves::slope;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::floor::two_against_one;
use crate::measure::Effort;
use crate::plain::{PLAIN, Plain};
use crate::report::{Report, Row};
use crate::run::{Against, Bench, Item, Subject};

/// Where a number must lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Bound {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// From the first to the second.
    Within(f64, f64),
}

impl Bound {
    /// Tells whether `x` lies there.
    #[must_use]
    pub fn holds(self, x: f64) -> bool {
        match self {
            Self::AtLeast(low) => x >= low,
            Self::AtMost(high) => x <= high,
            Self::Within(low, high) => (low..=high).contains(&x),
        }
    }

    fn text(self, unit: &str) -> String {
        match self {
            Self::AtLeast(x) | Self::AtMost(x) => format!("{x} {unit}"),
            Self::Within(low, high) => format!("{low} to {high}"),
        }
    }
}

/// One number that matters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Goal {
    /// What it is.
    pub what: String,
    /// Its unit.
    pub unit: &'static str,
    /// Where it must lie.
    pub reach: Bound,
    /// Where it should lie.
    pub aim: Option<Bound>,
    /// The number.
    pub measured: Option<f64>,
    /// From what it was made, or why there is none.
    pub how: String,
}

impl Goal {
    /// How far it got.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self.measured {
            None => "not measured",
            Some(x) if self.aim.is_some_and(|aim| aim.holds(x)) => "aim",
            Some(x) if self.reach.holds(x) => "reached",
            Some(_) => "**missed**",
        }
    }
}

/// All goals, and the rows that they were made from.
#[derive(Clone, Debug, Serialize)]
pub struct Goals {
    /// The goals.
    pub goals: Vec<Goal>,
    /// The rows.
    #[serde(flatten)]
    pub report: Report,
}

/// What another process is to measure: the memory of a process that did nothing else, or another instruction set.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The instruction set, as `SOFTRAS_SIMD` names it; `None` for the best.
    pub level: Option<&'static str>,
    /// The scene.
    pub scene: &'static str,
    /// The softness of its edges.
    pub sigma: f64,
    /// Threads, 0 for all.
    pub threads: usize,
    /// Runs.
    pub runs: usize,
}

/// What else takes part in a run.
pub struct Others<'a> {
    /// Measures in another process.
    pub ask: &'a dyn Fn(&Ask) -> Result<Report>,
    /// Measures DEODR on spot; the error says why there is none.
    pub deodr: &'a dyn Fn() -> Result<Report>,
}

/// One run over everything that the goals need.
struct Run<'a> {
    bench: Bench,
    data: &'a Data,
    others: &'a Others<'a>,
    progress: &'a mut dyn FnMut(&str),
    goals: Vec<Goal>,
    report: Report,
}

/// Measures every goal on `cpu`; `progress` hears what comes next.
///
/// # Errors
/// Those of scenes and back ends. What cannot be measured on this machine is said in the goal.
pub fn measure(
    cpu: Subject,
    effort: Effort,
    data: &Data,
    others: &Others<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<Goals> {
    let bench = Bench { subjects: vec![cpu], threads: vec![1], effort, against: Against::Nothing };
    let mut run = Run { bench, data, others, progress, goals: Vec::new(), report: Report::default() };
    run.brute_force()?;
    run.rates()?;
    run.threads()?;
    run.instruction_sets()?;
    run.memory();
    run.slope()?;
    run.deodr()?;
    Ok(Goals { goals: run.goals, report: run.report })
}

impl Run<'_> {
    /// Measures scenes in this process; the error in words where a mesh is not there.
    fn rows(
        &mut self,
        scenes: &str,
        sigmas: &[f64],
        threads: &[usize],
        against: Against,
    ) -> Result<Result<Vec<Row>, String>> {
        let items = match Item::parse(scenes, sigmas, self.data, &mut self.report.left_out) {
            Ok(items) => items,
            Err(e @ Error::NoData { .. }) => return Ok(Err(e.to_string())),
            Err(e) => return Err(e),
        };
        (self.bench.threads, self.bench.against) = (threads.to_vec(), against);
        let own = self.bench.run(&items, &mut *self.progress)?;
        let rows = own.rows.clone();
        self.report.add_new(own);
        Ok(Ok(rows))
    }

    fn add(
        &mut self,
        what: &str,
        unit: &'static str,
        bounds: (Bound, Option<Bound>),
        found: Result<(f64, String), String>,
    ) {
        let (measured, how) = match found {
            Ok((x, how)) => (Some(x), how),
            Err(why) => (None, why),
        };
        let (reach, aim) = bounds;
        self.goals.push(Goal { what: what.to_owned(), unit, reach, aim, measured, how });
    }

    fn brute_force(&mut self) -> Result<()> {
        for (scene, reach, aim) in [("spot@256", 100.0, 300.0), ("81920@256", 250.0, 600.0)] {
            let rows = self.rows(scene, &[1e-4], &[1], Against::Brute)?;
            let found = rows.and_then(|rows| match rows.as_slice() {
                [own, brute] => {
                    let ratio = brute.steady_ms() / own.steady_ms();
                    Ok((ratio, format!("{:.0} ms against {:.2} ms", brute.steady_ms(), own.steady_ms())))
                }
                _ => Err("the brute force did not run".to_owned()),
            });
            let what = format!("forward + backward against brute force, one thread, {scene}, sigma 1e-4");
            self.add(&what, "x", (Bound::AtLeast(reach), Some(Bound::AtLeast(aim))), found);
        }
        Ok(())
    }

    fn rates(&mut self) -> Result<()> {
        let rows = self.rows("5120@256", &[1e-3], &[1], Against::Nothing)?;
        let rates = rows.and_then(|rows| {
            rows.first().and_then(Row::rates).ok_or_else(|| "the back end does not count pairs".to_owned())
        });
        let floor = self.report.machines.first().map(|m| m.floor);
        let share = |x: f64, floor: Option<f64>| {
            let share = floor.map(|f| format!(", {:.0} % of the floor", 100.0 * x / f));
            (x / 1e6, format!("{:.0} M pairs a second{}", x / 1e6, share.unwrap_or_default()))
        };
        let forward = rates.clone().map(|r| share(r.0, floor.map(|f| f.forward)));
        let backward = rates.map(|r| share(r.1, floor.map(|f| f.backward)));
        for (name, found, reach, aim) in
            [("forward", forward, 150.0, 400.0), ("backward", backward, 110.0, 280.0)]
        {
            let what = format!("pairs a second a core, {name}, 5120@256, sigma 1e-3");
            self.add(&what, "M", (Bound::AtLeast(reach), Some(Bound::AtLeast(aim))), found);
        }
        Ok(())
    }

    fn threads(&mut self) -> Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let batch = "64x1280@64, sigma 1e-4, forward + backward, two threads";
        let scaling = "two threads against one, 5120@256, 20480@256, 81920@256, the least";
        let batch_bounds = (Bound::AtMost(25.0), Some(Bound::AtMost(12.0)));
        let scaling_bounds = (Bound::AtLeast(1.8), Some(Bound::AtLeast(1.95)));
        if cores < 2 {
            let why = || Err("the machine has one core".to_owned());
            self.add(batch, "ms", batch_bounds, why());
            self.add(scaling, "x", scaling_bounds, why());
            return Ok(());
        }
        let rows = self.rows("64x1280@64", &[1e-4], &[2], Against::Nothing)?;
        let found = rows.map(|rows| {
            let (forward, backward) = rows.first().map_or((0.0, 0.0), |r| (r.forward_ms, r.backward_ms));
            (forward + backward, format!("{forward:.1} + {backward:.1} ms"))
        });
        self.add(batch, "ms", batch_bounds, found);
        let rows = self.rows("5120@256,20480@256,81920@256", &[1e-4], &[1, 2], Against::Nothing)?;
        let found = rows.map(|rows| {
            let ratio = |pair: &[Row]| match pair {
                [one, two] => one.step_ms() / two.step_ms(),
                _ => f64::NAN,
            };
            let ratios: Vec<_> = rows.chunks(2).map(ratio).collect();
            let how: Vec<_> = ratios.iter().map(|r| format!("{r:.2}")).collect();
            let machine =
                two_against_one().map_or_else(String::new, |r| format!("; a loop of arithmetic: {r:.2}"));
            (ratios.iter().copied().fold(f64::INFINITY, f64::min), how.join(", ") + &machine)
        });
        self.add(scaling, "x", scaling_bounds, found);
        Ok(())
    }

    fn instruction_sets(&mut self) -> Result<()> {
        let runs = self.bench.effort.runs;
        let mut at = |level: &'static str| {
            (self.progress)(&format!("5120@256 at sigma 1e-3 with {level}"));
            let ask = Ask { level: Some(level), scene: "5120@256", sigma: 1e-3, threads: 1, runs };
            let report = (self.others.ask)(&ask).map_err(|e| e.to_string())?;
            let row = report.rows.first().cloned().ok_or_else(|| report.left_out.join("; "))?;
            self.report.merge(report);
            Ok::<_, String>((row.backend.clone(), row.steady_ms()))
        };
        let (avx512, avx2, baseline) = (at("avx512"), at("avx2"), at("baseline"));
        let plain = self.plain()?;
        let ratio = |slow: &Result<(String, f64), String>, fast: &Result<(String, f64), String>| {
            let ((slow_name, slow), (fast_name, fast)) = (slow.clone()?, fast.clone()?);
            Ok((slow / fast, format!("{slow_name} {slow:.1} ms, {fast_name} {fast:.1} ms")))
        };
        let (wide, vector) = (ratio(&avx2, &avx512), ratio(&plain, &avx2));
        let same_source = ratio(&baseline, &avx2);
        let bounds = |reach, aim| (Bound::AtLeast(reach), Some(Bound::AtLeast(aim)));
        self.add("AVX-512 against AVX2, 5120@256, sigma 1e-3", "x", bounds(1.1, 1.4), wide);
        let vector = vector.map(|(x, how)| match same_source {
            Ok((_, sets)) => (x, format!("{how}; the vector code on SSE2: {sets}")),
            Err(_) => (x, how),
        });
        self.add("AVX2 against plain scalar code, 5120@256, sigma 1e-3", "x", bounds(4.0, 8.0), vector);
        Ok(())
    }

    /// Measures plain scalar code.
    fn plain(&mut self) -> Result<Result<(String, f64), String>> {
        let item = Item::parse("5120@256", &[1e-3], self.data, &mut self.report.left_out)?;
        let subject = Subject { backend: PLAIN.to_owned(), device: Box::new(Plain) };
        let (effort, against) = (self.bench.effort, Against::Nothing);
        let bench = Bench { subjects: vec![subject], threads: vec![1], effort, against };
        let report = bench.run(&item, &mut *self.progress)?;
        let row = report.rows.first().map(|row| (row.backend.clone(), row.steady_ms()));
        self.report.add_new(report);
        Ok(row.ok_or_else(|| "no rows".to_owned()))
    }

    fn memory(&mut self) {
        (self.progress)("1310720@1024 in a process of its own");
        let ask = Ask { level: None, scene: "1310720@1024", sigma: 1e-5, threads: 0, runs: 1 };
        let found = (self.others.ask)(&ask).map_err(|e| e.to_string()).and_then(|report| {
            let row = report.rows.first().cloned().ok_or_else(|| report.left_out.join("; "))?;
            self.report.merge(report);
            let peak = row.peak_mib.ok_or_else(|| "the system does not tell".to_owned())?;
            Ok((peak, "the whole process, the scene included".to_owned()))
        });
        let bounds = (Bound::AtMost(1024.0), Some(Bound::AtMost(512.0)));
        self.add("1310720@1024, sigma 1e-5, forward + backward, peak memory", "MiB", bounds, found);
    }

    fn slope(&mut self) -> Result<()> {
        let rows = self.rows("kernels", &[], &[1], Against::Nothing)?;
        let found = rows.and_then(|rows| {
            let points: Vec<_> =
                rows.iter().filter_map(|r| r.pairs.map(|p| (p as f64, r.steady_ms()))).collect();
            let all = || points.iter().map(|p| p.0);
            let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
            let slope = slope(&points).ok_or_else(|| "the back end does not count pairs".to_owned())?;
            Ok((slope, format!("{} scenes of {low:.1e} to {high:.1e} pairs", points.len())))
        });
        let what = "cost against pairs over four decades, log-log slope";
        self.add(what, "", (Bound::Within(0.9, 1.1), None), found);
        Ok(())
    }

    fn deodr(&mut self) -> Result<()> {
        let rows = self.rows("spot@256", &[1e-5], &[1], Against::Nothing)?;
        let found = rows.and_then(|rows| {
            (self.progress)("DEODR at spot@256");
            let mut report = (self.others.deodr)().map_err(|e| e.to_string())?;
            let (own, peer) = rows.first().zip(report.rows.first()).ok_or("no rows")?;
            let (own_ms, peer_ms) = (own.steady_ms(), peer.steady_ms());
            let machine = own.machine.clone();
            report.rows.iter_mut().for_each(|r| r.machine.clone_from(&machine));
            self.report.merge(report);
            Ok((own_ms / peer_ms, format!("{own_ms:.2} ms against {peer_ms:.2} ms")))
        });
        let bounds = (Bound::AtMost(1.5), Some(Bound::AtMost(1.0)));
        self.add("time against DEODR's, one thread, spot@256, sigma 1e-5", "x", bounds, found);
        Ok(())
    }
}

/// Three digits that count.
fn digits(x: f64) -> String {
    let places = (2.0 - x.abs().max(1e-3).log10().floor()).clamp(0.0, 3.0) as usize;
    format!("{x:.places$}")
}

/// The table of goals and the rows below it, in Markdown.
impl std::fmt::Display for Goals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for machine in &self.report.machines {
            writeln!(f, "Machine: {}.\n", machine.name)?;
        }
        writeln!(f, "| what | reach | aim | measured | | from |\n|---|---|---|---|---|---|")?;
        for goal in &self.goals {
            let unit = goal.unit;
            let aim = goal.aim.map_or_else(String::new, |aim| aim.text(unit));
            let measured = goal.measured.map_or_else(|| "-".to_owned(), |x| format!("{} {unit}", digits(x)));
            let (what, reach, verdict, how) = (&goal.what, goal.reach.text(unit), goal.verdict(), &goal.how);
            writeln!(f, "| {what} | {reach} | {aim} | {} | {verdict} | {how} |", measured.trim_end())?;
        }
        write!(f, "\n{}", self.report)
    }
}

/// Where the numbers of a document begin.
pub const NUMBERS: &str = "<!-- numbers -->";
/// Where they end.
pub const END_OF_NUMBERS: &str = "<!-- end of numbers -->";

/// Returns `document` with `numbers` in the place of those it has; `None` if it has no place for them.
#[must_use]
pub fn put_numbers(document: &str, numbers: &str) -> Option<String> {
    let (before, rest) = document.split_once(NUMBERS)?;
    let (_, after) = rest.split_once(END_OF_NUMBERS)?;
    Some(format!("{before}{NUMBERS}\n{}\n{END_OF_NUMBERS}{after}", numbers.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_judged_by_its_bounds() {
        let goal = |reach, aim, measured| Goal {
            what: String::new(),
            unit: "x",
            reach,
            aim,
            measured,
            how: String::new(),
        };
        let high = |x| goal(Bound::AtLeast(2.0), Some(Bound::AtLeast(3.0)), x).verdict();
        assert_eq!(
            [None, Some(1.9), Some(2.0), Some(3.1)].map(high),
            ["not measured", "**missed**", "reached", "aim"]
        );
        let low = |x| goal(Bound::AtMost(2.0), Some(Bound::AtMost(1.0)), Some(x)).verdict();
        assert_eq!([2.1, 1.5, 1.0].map(low), ["**missed**", "reached", "aim"]);
        let within = |x| goal(Bound::Within(0.9, 1.1), None, Some(x)).verdict();
        assert_eq!([0.89, 1.0, 1.2].map(within), ["**missed**", "reached", "**missed**"]);
        assert_eq!(high(Some(f64::NAN)), "**missed**");
    }

    #[test]
    fn numbers_are_replaced_and_nothing_else() {
        let document = format!("a\n{NUMBERS}\nold\n{END_OF_NUMBERS}\nb\n");
        let new = put_numbers(&document, "new\n").unwrap();
        assert_eq!(new, format!("a\n{NUMBERS}\nnew\n{END_OF_NUMBERS}\nb\n"));
        assert_eq!(put_numbers(&new, "new").unwrap(), new);
        assert_eq!(put_numbers("a", "b"), None);
    }
}
