//! Curves over any quantity, as SVG: [`Chart`].

use std::fmt::{self, Write};

use crate::report::document::escape;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 170.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 44.0;
const COLORS: [&str; 8] =
    ["#1b6ca8", "#d1495b", "#3a9d5d", "#e0a030", "#7a5195", "#7d8590", "#00867d", "#a0522d"];

/// How an axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps.
    Linear,
    /// Equal factors; values that are not above 0 are left out.
    Logarithmic,
}

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name, which stands at its end.
    pub name: String,
    /// (x, y), x ascending.
    pub points: Vec<(f64, f64)>,
}

/// Curves over a common x.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What x is, with its unit.
    pub x: String,
    /// What y is, with its unit.
    pub y: String,
    /// How y counts.
    pub scale: Scale,
    /// The curves.
    pub series: Vec<Series>,
}

impl Chart {
    /// Draws the chart.
    #[must_use]
    pub fn svg(&self) -> String {
        let height = |y: f64| match self.scale {
            Scale::Linear => y,
            Scale::Logarithmic => y.log10(),
        };
        let kept = |p: &&(f64, f64)| p.0.is_finite() && height(p.1).is_finite();
        let all = || self.series.iter().flat_map(|s| s.points.iter().filter(kept));
        let (x0, x1) = range(all().map(|p| p.0));
        let (y0, y1) = range(all().map(|p| height(p.1)));
        let (end, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let across = |x: f64| LEFT + (end - LEFT) * (x - x0) / (x1 - x0);
        let up = |h: f64| bottom - (bottom - TOP) * (h - y0) / (y1 - y0);

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
        );
        let mut put = |text: fmt::Arguments<'_>| {
            // Writing to a string does not fail.
            let _ = svg.write_fmt(text);
            svg.push('\n');
        };
        for (at, label) in self.marks(y0, y1) {
            let y = up(at);
            put(format_args!("<path d=\"M{LEFT} {y:.1}H{end}\" stroke=\"#e4e7eb\"/>"));
            put(format_args!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#57606a\">{label}</text>",
                LEFT - 8.0,
                y + 4.0
            ));
        }
        put(format_args!("<path d=\"M{LEFT} {TOP}V{bottom}H{end}\" fill=\"none\" stroke=\"#8c959f\"/>"));
        for at in even(x0, x1) {
            put(format_args!(
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">{}</text>",
                across(at),
                bottom + 18.0,
                short(at)
            ));
        }
        put(format_args!(
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">{}; upwards: {}</text>",
            (LEFT + end) / 2.0,
            bottom + 36.0,
            escape(&self.x),
            escape(&self.y)
        ));
        let mut labels: Vec<(f64, &str, &str)> = Vec::new();
        for (i, series) in self.series.iter().enumerate() {
            let color = COLORS[i % COLORS.len()];
            let points: Vec<String> = series
                .points
                .iter()
                .filter(kept)
                .map(|p| format!("{:.1},{:.1}", across(p.0), up(height(p.1))))
                .collect();
            let Some(last) = series.points.iter().rfind(kept) else { continue };
            put(format_args!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\"/>",
                points.join(" ")
            ));
            labels.push((up(height(last.1)) + 4.0, color, &series.name));
        }
        // Names stand at the ends of their curves, pushed down where they would overlap.
        labels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = 0.0_f64;
        for (at, color, name) in labels {
            let at = at.max(free);
            free = at + 15.0;
            let name = escape(name);
            put(format_args!("<text x=\"{}\" y=\"{at:.1}\" fill=\"{color}\">{name}</text>", end + 8.0));
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// Where the lines across stand, and what they say.
    fn marks(&self, low: f64, high: f64) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Linear => even(low, high).into_iter().map(|at| (at, short(at))).collect(),
            Scale::Logarithmic => {
                let decades = low.ceil() as i32..=high.floor() as i32;
                if decades.clone().count() >= 2 {
                    decades.map(|d| (f64::from(d), short(10_f64.powi(d)))).collect()
                } else {
                    even(low, high).into_iter().map(|at| (at, short(10_f64.powf(at)))).collect()
                }
            }
        }
    }
}

/// The range of `values`, never empty.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    match (low.is_finite(), high - low) {
        (false, _) => (0.0, 1.0),
        (true, width) if width > 0.0 => (low - 0.02 * width, high + 0.02 * width),
        (true, _) => (low - 0.5, high + 0.5),
    }
}

/// Round numbers between `low` and `high`, three to eight of them.
fn even(low: f64, high: f64) -> Vec<f64> {
    let raw = (high - low) / 5.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= raw).unwrap_or(10.0) * power;
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

fn short(value: f64) -> String {
    match value.abs() {
        x if x < 1e-12 => "0".to_owned(),
        x if (1e-3..1e5).contains(&x) => format!("{}", (value * 1e6).round() / 1e6),
        _ => format!("{value:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(scale: Scale) -> Chart {
        let points = |f: fn(f64) -> f64| (-90..=90).map(|x| (f64::from(x), f(f64::from(x)))).collect();
        Chart {
            x: "degrees".into(),
            y: "loss < 1".into(),
            scale,
            series: vec![
                Series { name: "bowl".into(), points: points(|x| x * x) },
                Series { name: "flat".into(), points: points(|_| 3.0) },
                Series { name: "nothing".into(), points: points(|_| f64::NAN) },
            ],
        }
    }

    #[test]
    fn curves_stay_inside_the_frame_whatever_the_scale() {
        for scale in [Scale::Linear, Scale::Logarithmic] {
            let svg = chart(scale).svg();
            assert_eq!(svg.matches("<polyline").count(), 2, "{scale:?}");
            assert!(svg.contains(">bowl<") && !svg.contains(">nothing<") && svg.contains("loss &lt; 1"));
            for points in svg.split("polyline points=\"").skip(1) {
                for pair in points.split('"').next().unwrap().split(' ') {
                    let (x, y) = pair.split_once(',').unwrap();
                    let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                    assert!((LEFT..=WIDTH - RIGHT).contains(&x) && (TOP..=HEIGHT - BOTTOM).contains(&y));
                }
            }
        }
    }

    #[test]
    fn marks_are_round_and_few() {
        for (low, high) in [(0.0, 1.0), (-90.0, 90.0), (0.013, 0.017), (-3e5, 7e6)] {
            let marks = even(low, high);
            assert!((3..=8).contains(&marks.len()), "{low} {high}: {marks:?}");
            assert!(marks.iter().all(|m| (low..=high).contains(m)));
        }
    }

    #[test]
    fn nothing_and_one_point_are_drawn() {
        let empty = Chart { series: Vec::new(), ..chart(Scale::Linear) };
        assert!(empty.svg().contains("</svg>"));
        let one = Series { name: "one".into(), points: vec![(1.0, 2.0)] };
        assert!(Chart { series: vec![one], ..chart(Scale::Logarithmic) }.svg().contains("polyline"));
    }
}
