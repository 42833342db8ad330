//! What was measured: rows for machines, a table for people, and reports of several machines in one.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::floor::Floor;
use crate::measure::Measured;
use crate::scene::Scene;

/// One back end at one scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The back end; with an instruction set in brackets where one was forced.
    pub backend: String,
    /// The scene.
    pub scene: String,
    /// The softness of its edges.
    pub sigma: f64,
    /// Threads of the host.
    pub threads: usize,
    /// Forward on the wall, the median, in milliseconds.
    pub forward_ms: f64,
    /// Backward on the wall, the median, in milliseconds.
    pub backward_ms: f64,
    /// (face, pixel) pairs that counted; of another back end at the same scene where this one does not count.
    pub pairs: Option<u64>,
    /// Pairs drawn and gone back over in a second: `pairs / (forward + backward)`.
    pub pairs_per_second: Option<f64>,
    /// The most memory the whole process held, in MiB.
    pub peak_mib: Option<f64>,
    /// Forward and backward of the brute force, on the same device or on one thread, divided by this one's.
    pub vs_brute: Option<f64>,
    /// (face, pixel) pairs the brute force tested in a second, forward and backward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests_per_second: Option<f64>,
    /// Forward, processor time of all threads, in milliseconds.
    #[serde(default)]
    pub forward_cpu_ms: Option<f64>,
    /// Backward, processor time of all threads, in milliseconds.
    #[serde(default)]
    pub backward_cpu_ms: Option<f64>,
    /// Runs of which the median was taken.
    #[serde(default)]
    pub runs: usize,
    /// The machine.
    #[serde(default)]
    pub machine: String,
}

/// Back ends that run on the cores of the host, by the beginning of their names.
const ON_HOST: [&str; 4] = ["cpu", "reference", "brute", "deodr"];

impl Row {
    /// Writes down what `backend` needed for `scene`.
    #[must_use]
    pub fn new(backend: &str, scene: &Scene, threads: usize, measured: &Measured) -> Self {
        let (forward, backward) = (measured.forward, measured.backward);
        let ms = |seconds: f64| seconds * 1e3;
        let mut row = Self {
            backend: backend.to_owned(),
            scene: scene.name.to_string(),
            sigma: scene.sigma,
            threads,
            forward_ms: ms(forward.wall),
            backward_ms: ms(backward.wall),
            pairs: None,
            pairs_per_second: None,
            peak_mib: measured.peak_mib,
            vs_brute: None,
            tests_per_second: None,
            forward_cpu_ms: forward.cpu.map(ms),
            backward_cpu_ms: backward.cpu.map(ms),
            runs: measured.runs,
            machine: String::new(),
        };
        row.set_pairs(measured.pairs);
        row
    }

    /// Sets the number of pairs, and what follows from it.
    pub fn set_pairs(&mut self, pairs: Option<u64>) {
        self.pairs = pairs;
        self.pairs_per_second = pairs.map(|p| p as f64 / self.step_ms() * 1e3);
    }

    /// Forward and backward on the wall, in milliseconds.
    #[must_use]
    pub fn step_ms(&self) -> f64 {
        self.forward_ms + self.backward_ms
    }

    /// Forward and backward in milliseconds: of one thread on the host its processor time, which a busy machine
    /// disturbs less than the wall's, if that is known.
    #[must_use]
    pub fn steady(&self) -> (f64, f64) {
        match (self.threads, self.forward_cpu_ms, self.backward_cpu_ms) {
            (1, Some(forward), Some(backward)) if self.is_on_host() => (forward, backward),
            _ => (self.forward_ms, self.backward_ms),
        }
    }

    /// The sum of [`Row::steady`].
    #[must_use]
    pub fn steady_ms(&self) -> f64 {
        let (forward, backward) = self.steady();
        forward + backward
    }

    /// Pairs a second and core, forward and backward.
    #[must_use]
    pub fn rates(&self) -> Option<(f64, f64)> {
        let pairs = self.pairs? as f64 / self.threads as f64;
        let (forward, backward) = self.steady();
        Some((pairs / forward * 1e3, pairs / backward * 1e3))
    }

    fn is_on_host(&self) -> bool {
        ON_HOST.iter().any(|name| self.backend.starts_with(name))
    }

    /// Shares of the floor, forward and backward; `None` for what does not run on the cores of the host.
    #[must_use]
    pub fn shares(&self, floor: &Floor) -> Option<(f64, f64)> {
        if !self.is_on_host() {
            return None;
        }
        let (forward, backward) = self.rates()?;
        Some((forward / floor.forward, backward / floor.backward))
    }

    /// Tells whether two rows are about the same thing.
    fn is_again(&self, other: &Self) -> bool {
        let key =
            |r: &Self| (r.machine.clone(), r.backend.clone(), r.scene.clone(), r.sigma.to_bits(), r.threads);
        key(self) == key(other)
    }
}

/// A machine that measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The name of its processor, and how many cores.
    pub name: String,
    /// The most pairs one of its cores could do.
    pub floor: Floor,
}

impl Machine {
    /// This machine; measures its floor.
    #[must_use]
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let name = processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        Self { name: format!("{name}, {cores} cores"), floor: Floor::measure() }
    }
}

/// The name of the processor, where the system tells.
fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

/// Rows of any number of back ends and machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The machines.
    #[serde(default)]
    pub machines: Vec<Machine>,
    /// All rows.
    pub rows: Vec<Row>,
    /// What was left out, and why.
    #[serde(default)]
    pub left_out: Vec<String>,
}

impl Report {
    /// Reads a report from a file: the JSON of a bench, or the output of one whose last line it is.
    ///
    /// # Errors
    /// `System` if it cannot be read, `Content` if it is not a report.
    pub fn read(path: &Path) -> Result<Self> {
        let system = |source| Error::System { what: format!("cannot read {}", path.display()), source };
        let text = std::fs::read_to_string(path).map_err(system)?;
        Self::from_output(&text).map_err(|found| Error::Content {
            path: path.to_owned(),
            found,
            expected: "the JSON that `softras bench --json` prints",
        })
    }

    /// Reads a report from JSON, or from the last line of what a program said.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn from_output(text: &str) -> Result<Self, String> {
        let text = text.trim();
        Self::from_json(text).or_else(|e| match text.lines().last() {
            Some(line) if line.len() < text.len() => Self::from_json(line),
            _ => Err(e),
        })
    }

    fn from_json(text: &str) -> Result<Self, String> {
        let report: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        match report.rows.iter().find(|r| !(r.forward_ms > 0.0 && r.backward_ms > 0.0 && r.threads > 0)) {
            Some(row) => Err(format!(
                "a row of {} at {} with {} and {} ms on {} threads",
                row.backend, row.scene, row.forward_ms, row.backward_ms, row.threads
            )),
            None => Ok(report),
        }
    }

    /// Adds the rows of another report; a row of the same machine, back end, scene, sigma and threads is replaced.
    pub fn merge(&mut self, other: Self) {
        for machine in other.machines {
            self.machines.retain(|m| m.name != machine.name);
            self.machines.push(machine);
        }
        for row in other.rows {
            self.rows.retain(|r| !r.is_again(&row));
            self.rows.push(row);
        }
        for line in other.left_out {
            if !self.left_out.contains(&line) {
                self.left_out.push(line);
            }
        }
    }

    /// Adds the rows of another report that are not about what this one has rows for already.
    pub fn add_new(&mut self, mut other: Self) {
        other.rows.retain(|row| !self.rows.iter().any(|r| r.is_again(row)));
        other.machines.retain(|machine| !self.machines.iter().any(|m| m.name == machine.name));
        self.merge(other);
    }

    fn floor(&self, machine: &str) -> Option<&Floor> {
        self.machines.iter().find(|m| m.name == machine).map(|m| &m.floor)
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let number =
            |x: Option<f64>, digits: usize| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.digits$}"));
        let rates = row.rates();
        let shares = self.floor(&row.machine).and_then(|floor| row.shares(floor));
        let mut cells = vec![
            row.scene.clone(),
            format!("{:e}", row.sigma),
            row.backend.clone(),
            row.threads.to_string(),
            milliseconds(row.forward_ms),
            milliseconds(row.backward_ms),
            row.pairs.map_or_else(|| "-".to_owned(), |p| p.to_string()),
            number(rates.map(|r| r.0 / 1e6), 1),
            number(rates.map(|r| r.1 / 1e6), 1),
            number(shares.map(|s| 100.0 * s.0), 1),
            number(shares.map(|s| 100.0 * s.1), 1),
            number(row.peak_mib, 1),
            number(row.vs_brute, 1),
        ];
        if self.machines.len() > 1 {
            cells.insert(0, row.machine.clone());
        }
        cells
    }
}

/// Writes milliseconds with three digits that count.
fn milliseconds(ms: f64) -> String {
    let digits = if ms < 10.0 { 2 } else { usize::from(ms < 100.0) };
    format!("{ms:.digits$}")
}

const HEAD: [&str; 13] = [
    "scene",
    "sigma",
    "backend",
    "threads",
    "forward ms",
    "backward ms",
    "pairs",
    "fwd M/s/core",
    "bwd M/s/core",
    "fwd % floor",
    "bwd % floor",
    "peak MiB",
    "vs brute",
];

/// Back end by scene, with what was left out below.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![HEAD.map(str::to_owned).to_vec()];
        if self.machines.len() > 1 {
            lines[0].insert(0, "machine".to_owned());
        }
        // Rows of one scene stand together, in the order in which scenes came.
        let mut scenes: Vec<(&str, u64)> = Vec::new();
        for row in &self.rows {
            let scene = (row.scene.as_str(), row.sigma.to_bits());
            if !scenes.contains(&scene) {
                scenes.push(scene);
            }
        }
        for scene in scenes {
            let own = self.rows.iter().filter(|r| (r.scene.as_str(), r.sigma.to_bits()) == scene);
            lines.extend(own.map(|row| self.cells(row)));
        }
        let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
        let widths: Vec<_> = (0..lines[0].len()).map(width).collect();
        for (n, line) in lines.iter().enumerate() {
            let cells: Vec<_> = line.iter().zip(&widths).map(|(cell, w)| format!("{cell:>w$}")).collect();
            writeln!(f, "| {} |", cells.join(" | "))?;
            if n == 0 {
                let rule: Vec<_> = widths.iter().map(|w| format!("{}:", "-".repeat(w - 1))).collect();
                writeln!(f, "| {} |", rule.join(" | "))?;
            }
        }
        for row in self.rows.iter().filter(|r| r.tests_per_second.is_some()) {
            let rate = row.tests_per_second.unwrap_or(0.0) / 1e6;
            let on = row.backend.strip_prefix("brute:").unwrap_or("one thread");
            writeln!(f, "brute force at {}: {rate:.0} M pair tests a second, {on}", row.scene)?;
        }
        for line in &self.left_out {
            writeln!(f, "left out: {line}")?;
        }
        for machine in &self.machines {
            let (forward, backward) = (machine.floor.forward / 1e6, machine.floor.backward / 1e6);
            writeln!(f, "{}: floor {forward:.0} / {backward:.0} M pairs/s a core", machine.name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(machine: &str, backend: &str, forward_ms: f64) -> Row {
        Row {
            backend: backend.to_owned(),
            scene: "20@8".to_owned(),
            sigma: 1e-4,
            threads: 2,
            forward_ms,
            backward_ms: 3.0,
            pairs: Some(8_000),
            pairs_per_second: Some(8e6 / (forward_ms + 3.0)),
            peak_mib: None,
            vs_brute: Some(10.0),
            tests_per_second: None,
            forward_cpu_ms: None,
            backward_cpu_ms: None,
            runs: 5,
            machine: machine.to_owned(),
        }
    }

    fn report(machine: &str, rows: Vec<Row>) -> Report {
        let floor = Floor { forward: 1e7, backward: 1e7 };
        Report { machines: vec![Machine { name: machine.to_owned(), floor }], rows, left_out: Vec::new() }
    }

    #[test]
    fn reports_of_two_machines_stand_side_by_side() {
        let mut a = report("x", vec![row("x", "cpu", 1.0), row("x", "wgpu", 1.0)]);
        a.merge(report("y", vec![row("y", "cpu", 1.0)]));
        a.merge(report("x", vec![row("x", "cpu", 2.0)]));
        assert_eq!((a.rows.len(), a.machines.len()), (3, 2));
        a.add_new(report("x", vec![row("x", "cpu", 9.0), row("x", "cuda", 1.0)]));
        assert!(a.rows.len() == 4 && a.rows.iter().all(|r| r.forward_ms < 9.0));
        a.rows.retain(|r| r.backend != "cuda");
        let table = a.to_string();
        assert!(table.contains("machine") && table.contains("2.00"), "{table}");
        let json = serde_json::to_string(&a).unwrap();
        assert_eq!(Report::from_json(&json).unwrap(), a);
    }

    #[test]
    fn rates_are_of_a_core_and_a_device_has_no_floor_of_the_host() {
        let row = row("x", "cpu", 1.0);
        let (forward, backward) = row.rates().unwrap();
        assert!((forward - 4e6).abs() < 1.0 && (backward - 4e6 / 3.0).abs() < 1.0);
        let floor = Floor { forward: 1e7, backward: 1e7 };
        assert!((row.shares(&floor).unwrap().0 - 0.4).abs() < 1e-9);
        assert_eq!(Row { backend: "wgpu".to_owned(), ..row }.shares(&floor), None);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for text in ["", "{}", "[1]", r#"{"rows": [{"backend": "cpu"}]}"#] {
            assert!(Report::from_json(text).is_err(), "{text}");
        }
        let wrong = serde_json::to_string(&report("x", vec![row("x", "cpu", 0.0)])).unwrap();
        assert!(Report::from_json(&wrong).unwrap_err().contains("0 and 3 ms"));
    }
}
