//! Back ends by scenes: [`Bench`].

use rayon::{ThreadPool, ThreadPoolBuilder};
use softras_core::raster::DynRasterizer;

use crate::brute::Brute;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::measure::{Contestant, Effort, WarmUp, measure};
use crate::name::{SETS, SceneName};
use crate::report::{Machine, Report, Row};
use crate::scene::Scene;

/// More pair tests than this are not asked of the brute force on the host: it would take minutes a picture.
pub const MOST_TESTS: u64 = 8_000_000_000;
/// More than this are not asked of a brute force on a device.
pub const MOST_DEVICE_TESTS: u64 = 20_000_000_000_000;

/// The name of the brute force; one on a device is `brute:` and the name of its back end.
pub const BRUTE: &str = "brute";

/// Tells whether this is the name of a brute force, on the host or a device.
#[must_use]
pub fn is_brute(backend: &str) -> bool {
    backend.strip_prefix(BRUTE).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// The most pair tests that a brute force is asked for.
fn most_tests(backend: &str) -> u64 {
    if backend == BRUTE { MOST_TESTS } else { MOST_DEVICE_TESTS }
}

/// A back end that is measured.
pub struct Subject {
    /// What its rows say.
    pub backend: String,
    /// The back end.
    pub device: Box<dyn DynRasterizer>,
}

/// A scene that is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The scene.
    pub name: SceneName,
    /// The softness of its edges.
    pub sigma: f64,
}

impl Item {
    /// Reads the names of scenes and sets, separated by commas. Scenes are drawn with each of `sigmas`; without any,
    /// those of a set with their own, and others with 1e-4. Scenes of a set whose mesh is not on the machine are added
    /// to `left_out`.
    ///
    /// # Errors
    /// `Name` and `NoData` as for [`SceneName::parse`].
    pub fn parse(text: &str, sigmas: &[f64], data: &Data, left_out: &mut Vec<String>) -> Result<Vec<Self>> {
        let mut items = Vec::new();
        let mut add = |name: SceneName, own: f64| {
            let sigmas = if sigmas.is_empty() { &[own][..] } else { sigmas };
            for item in sigmas.iter().map(|&sigma| Self { name: name.clone(), sigma }) {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
        };
        for word in text.split(',').map(str::trim) {
            let Some(set) = SETS.iter().find(|s| s.name == word) else {
                add(SceneName::parse(word, data)?, 1e-4);
                continue;
            };
            for &(name, sigma) in set.scenes {
                match SceneName::parse(name, data) {
                    Ok(scene) => add(scene, sigma),
                    Err(e @ Error::NoData { .. }) if !left_out.contains(&e.to_string()) => {
                        left_out.push(e.to_string());
                    }
                    Err(Error::NoData { .. }) => {}
                    Err(e) => return Err(e),
                }
            }
        }
        Ok(items)
    }
}

/// What is measured besides the back ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Nothing.
    Nothing,
    /// The brute force, on one thread.
    Brute,
}

/// Back ends, threads and how much is done for a number.
pub struct Bench {
    /// The back ends.
    pub subjects: Vec<Subject>,
    /// Numbers of threads, each above 0.
    pub threads: Vec<usize>,
    /// How much is done for a number.
    pub effort: Effort,
    /// What they are compared with.
    pub against: Against,
}

impl Bench {
    /// Measures every back end at every scene with every number of threads; `progress` hears what comes next.
    ///
    /// # Errors
    /// Those of scenes and back ends; `System` if threads cannot be started.
    pub fn run(&self, items: &[Item], mut progress: impl FnMut(&str)) -> Result<Report> {
        let machine = Machine::here();
        let mut report = Report { machines: vec![machine.clone()], ..Report::default() };
        for item in items {
            progress(&format!("{} at sigma {:e}", item.name, item.sigma));
            let scene = Scene::build(&item.name, item.sigma)?;
            let mut rows = self.rows(&scene, &mut report.left_out)?;
            for row in &mut rows {
                row.machine.clone_from(&machine.name);
            }
            report.rows.extend(rows);
        }
        Ok(report)
    }

    /// Measures one scene.
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn rows(&self, scene: &Scene, left_out: &mut Vec<String>) -> Result<Vec<Row>> {
        self.rows_as(scene, &self.threads, self.against, left_out)
    }

    pub(crate) fn rows_as(
        &self,
        scene: &Scene,
        threads: &[usize],
        against: Against,
        left_out: &mut Vec<String>,
    ) -> Result<Vec<Row>> {
        let mut pools = Vec::with_capacity(threads.len());
        for &threads in threads {
            pools.push(pool(threads)?);
        }
        let alone = pool(1)?;
        let mut contestants = Vec::new();
        for (subject, pool) in self.subjects.iter().flat_map(|s| pools.iter().map(move |p| (s, p))) {
            let (backend, device) = (subject.backend.as_str(), subject.device.as_ref());
            let warm_up = if backend == BRUTE { WarmUp::Never } else { WarmUp::Once };
            contestants.push(Contestant { backend, device, pool, warm_up });
        }
        let brute = against == Against::Brute && !self.subjects.iter().any(|s| s.backend == BRUTE);
        if brute {
            let warm_up = WarmUp::Never;
            contestants.push(Contestant { backend: BRUTE, device: &Brute, pool: &alone, warm_up });
        }
        let tests = scene.all_pairs();
        contestants.retain(|c| {
            let most = most_tests(c.backend);
            let stays = !is_brute(c.backend) || tests <= most;
            if !stays {
                let on = c.backend.strip_prefix("brute:").map_or(String::new(), |on| format!(" on {on}"));
                let name = &scene.name;
                let line =
                    format!("brute force{on} at {name}: {:.1e} pair tests, at most {most:.0e}", tests as f64);
                if !left_out.contains(&line) {
                    left_out.push(line);
                }
            }
            stays
        });
        let measured = measure(scene, &contestants, self.effort)?;
        let mut rows: Vec<Row> = contestants
            .iter()
            .zip(&measured)
            .map(|(who, m)| Row::new(who.backend, scene, who.pool.current_num_threads(), m))
            .collect();
        relate(scene, against, &mut rows);
        Ok(rows)
    }
}

/// Fills in what follows from the other rows of a scene.
fn relate(scene: &Scene, against: Against, rows: &mut [Row]) {
    let counted = rows.iter().filter(|r| !is_brute(&r.backend)).find_map(|r| r.pairs);
    let brutes: Vec<(String, f64)> =
        rows.iter().filter(|r| is_brute(&r.backend)).map(|r| (r.backend.clone(), r.steady_ms())).collect();
    let of = |name: &str| brutes.iter().find(|(backend, _)| backend == name).map(|(_, ms)| *ms);
    for row in rows {
        // The one on the same device, or that on the host.
        let own =
            if is_brute(&row.backend) { of(&row.backend) } else { of(&format!("{BRUTE}:{}", row.backend)) };
        let brute = own.or_else(|| of(BRUTE));
        if row.pairs.is_none() {
            row.set_pairs(counted);
        }
        if against == Against::Brute {
            row.vs_brute = brute.map(|brute| brute / row.steady_ms());
        }
        if is_brute(&row.backend) {
            row.tests_per_second = Some(2.0 * scene.all_pairs() as f64 / row.steady_ms() * 1e3);
        }
    }
}

/// Starts `threads` threads.
///
/// # Errors
/// `System` if the machine cannot.
pub fn pool(threads: usize) -> Result<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::System {
        what: format!("cannot start {threads} threads"),
        source: std::io::Error::other(e),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use softras_core::reference::Reference;

    #[test]
    fn names_of_brute_forces_are_known() {
        assert!(is_brute("brute") && is_brute("brute:cuda"));
        assert!(!is_brute("cuda") && !is_brute("brutal") && !is_brute("cpu"));
        assert!(most_tests("brute:cuda") > most_tests("brute"));
    }

    #[test]
    fn a_back_end_is_held_against_the_brute_force_on_its_own_device() {
        let subject =
            |backend: &str, device: Box<dyn DynRasterizer>| Subject { backend: backend.to_owned(), device };
        let subjects = vec![
            subject("reference", Box::new(Reference)),
            subject("cuda", Box::new(Reference)),
            subject("brute:cuda", Box::new(Brute)),
        ];
        let effort = Effort { runs: 1, patience: 1.0 };
        let bench = Bench { subjects, threads: vec![1], effort, against: Against::Brute };
        let items = Item::parse("20@8", &[1e-3], &Data::default(), &mut Vec::new()).expect("a scene");
        let report = bench.run(&items, |_| {}).expect("is measured");
        let row = |name: &str| report.rows.iter().find(|r| r.backend == name).expect("a row");
        let ratio = |brute: &str, own: &str| row(brute).steady_ms() / row(own).steady_ms();
        assert_eq!(report.rows.len(), 4);
        for (own, brute) in
            [("cuda", "brute:cuda"), ("reference", "brute"), ("brute:cuda", "brute:cuda"), ("brute", "brute")]
        {
            let found = row(own).vs_brute.expect("a ratio");
            assert!((found - ratio(brute, own)).abs() < 1e-9, "{own}: {found}");
            assert_eq!(row(own).tests_per_second.is_some(), is_brute(own), "{own}");
        }
    }
}
