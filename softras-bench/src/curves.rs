//! How the cost grows: with faces, pixels, sigma, batch and threads. As CSV and as a plot.

use std::fmt::Write;

use crate::error::Result;
use crate::name::{Batch, SceneName, Shape};
use crate::plot;
use crate::report::Row;
use crate::run::{Against, Bench};
use crate::scene::Scene;

/// One quantity that grows while the others stay.
#[derive(Clone, Debug)]
pub struct Curve {
    /// What grows, a column of the CSV.
    pub name: &'static str,
    /// What grows and what stays, for the plot.
    pub about: &'static str,
    /// Its values, and the scenes that have them.
    pub points: Vec<Point>,
}

/// One point of a curve.
#[derive(Clone, Debug)]
pub struct Point {
    /// The value of what grows.
    pub x: f64,
    /// The scene.
    pub scene: SceneName,
    /// The softness of its edges.
    pub sigma: f64,
    /// Threads.
    pub threads: usize,
}

/// A point that was measured.
#[derive(Clone, Debug)]
pub struct Cost {
    /// What grows.
    pub curve: &'static str,
    /// Its value.
    pub x: f64,
    /// What it cost.
    pub row: Row,
}

/// All curves for a machine of `cores` cores. All but that of threads run on one thread.
#[must_use]
pub fn curves(cores: usize) -> Vec<Curve> {
    let point = |x: f64, scene, sigma| Point { x, scene, sigma, threads: 1 };
    let faces = |level: u32| (20_u64 << (2 * level)) as f64;
    vec![
        Curve {
            name: "faces",
            about: "faces, 256 x 256 pixels, sigma 1e-4",
            points: (1..8).map(|l| point(faces(l), SceneName::icosphere(l, 256), 1e-4)).collect(),
        },
        Curve {
            name: "pixels",
            about: "pixels, 5,120 faces, sigma 1e-4",
            points: (5..11)
                .map(|n| point((1_u64 << (2 * n)) as f64, SceneName::icosphere(4, 1 << n), 1e-4))
                .collect(),
        },
        Curve {
            name: "sigma",
            about: "sigma, 5,120 faces, 256 x 256 pixels",
            points: [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]
                .map(|sigma| point(sigma, SceneName::icosphere(4, 256), sigma))
                .to_vec(),
        },
        Curve {
            name: "batch",
            about: "pictures of a batch, 1,280 faces, 64 x 64 pixels, sigma 1e-4",
            points: [1, 4, 16, 64, 256]
                .map(|n| {
                    let scene = SceneName {
                        shape: Shape::Icosphere(3),
                        batch: Batch::Meshes(n),
                        width: 64,
                        height: 64,
                    };
                    point(n as f64, scene, 1e-4)
                })
                .to_vec(),
        },
        Curve {
            name: "threads",
            about: "threads, 20,480 faces, 256 x 256 pixels, sigma 1e-4",
            points: (1..=cores)
                .map(|n| Point { threads: n, ..point(n as f64, SceneName::icosphere(5, 256), 1e-4) })
                .collect(),
        },
    ]
}

impl Bench {
    /// Measures every back end along every curve, with the threads that the curves say; `progress` hears what comes
    /// next.
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn along(&self, curves: &[Curve], mut progress: impl FnMut(&str)) -> Result<Vec<Cost>> {
        let mut costs = Vec::new();
        for (curve, point) in curves.iter().flat_map(|c| c.points.iter().map(move |p| (c, p))) {
            progress(&format!("{} {}", curve.name, point.x));
            let scene = Scene::build(&point.scene, point.sigma)?;
            for row in self.rows_on(&scene, point.threads)? {
                costs.push(Cost { curve: curve.name, x: point.x, row });
            }
        }
        Ok(costs)
    }

    /// Measures one scene on other threads than the bench's own, and without the brute force.
    fn rows_on(&self, scene: &Scene, threads: usize) -> Result<Vec<Row>> {
        self.rows_as(scene, &[threads], Against::Nothing, &mut Vec::new())
    }
}

/// Writes costs as CSV, one line a point and back end.
#[must_use]
pub fn csv(costs: &[Cost]) -> String {
    let mut text = "curve,x,scene,sigma,threads,backend,pairs,forward_ms,backward_ms,peak_mib\n".to_owned();
    let or_empty = |x: Option<String>| x.unwrap_or_default();
    for Cost { curve, x, row } in costs {
        let (pairs, peak) = (row.pairs.map(|p| p.to_string()), row.peak_mib.map(|p| format!("{p:.1}")));
        let (pairs, peak) = (or_empty(pairs), or_empty(peak));
        // Writing to a string does not fail. Names of scenes along curves hold no comma.
        let _ = writeln!(
            text,
            "{curve},{x},{},{:e},{},{},{pairs},{:.4},{:.4},{peak}",
            row.scene, row.sigma, row.threads, row.backend, row.forward_ms, row.backward_ms
        );
    }
    text
}

/// Draws every curve in a panel of its own, as SVG: milliseconds, both axes logarithmic.
///
/// # Errors
/// `Plot` if the plotting library fails.
pub fn svg(curves: &[Curve], costs: &[Cost]) -> Result<String> {
    plot::svg(curves, costs)
}

/// Returns the slope of the straight line nearest to the points `(ln x, ln y)`; `None` for fewer than two different x.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<_> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let n = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let spread: f64 = logs.iter().map(|p| (p.0 - x).powi(2)).sum();
    let along: f64 = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    (spread > 0.0).then(|| along / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_power_is_its_exponent() {
        let points: Vec<_> = (1..9).map(|i| (f64::from(i), 3.0 * f64::from(i).powf(0.7))).collect();
        assert!((slope(&points).unwrap() - 0.7).abs() < 1e-12);
        assert_eq!(slope(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(slope(&[]), None);
    }

    #[test]
    fn curves_grow() {
        for curve in curves(4) {
            assert!(curve.points.windows(2).all(|p| p[0].x < p[1].x), "{}", curve.name);
            assert!(curve.points.len() >= 4, "{}", curve.name);
        }
    }
}
