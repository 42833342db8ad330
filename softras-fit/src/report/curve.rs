//! Lines over steps, as SVG: [`plot`].

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 130.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 40.0;
/// Points of a line; longer ones show the mean of as many steps as share a point.
const POINTS: usize = 400;
const COLORS: [&str; 6] = ["#1b6ca8", "#d1495b", "#3a9d5d", "#e0a030", "#7a5195", "#7d8590"];

/// A line of a plot: a value for each step.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name, which stands at its end.
    pub name: String,
    /// Its values; those that are not above 0 are left out.
    pub values: Vec<f64>,
}

/// Draws `lines` over their steps, on a logarithmic scale.
#[must_use]
pub fn plot(lines: &[Line]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(i, l)| (i, l, points(&l.values)))
        .filter(|l| !l.2.is_empty())
        .collect();
    let steps = lines.iter().map(|l| l.1.values.len()).max().unwrap_or(1).max(2);
    let all = || lines.iter().flat_map(|l| &l.2).map(|p| p.1);
    let low = all().fold(f64::INFINITY, f64::min);
    let high = all().fold(0.0, f64::max);
    let (low, high) = if low <= high { (low.log10(), high.log10()) } else { (-1.0, 0.0) };
    // At least a third of a decade, so that a flat line is drawn flat.
    let (low, high) = (low.min(high - 0.3) - 0.03, high + 0.03);
    let x = |step: f64| LEFT + (WIDTH - LEFT - RIGHT) * step / (steps - 1) as f64;
    let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - value.log10()) / (high - low);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    let mut put = |text: std::fmt::Arguments<'_>| {
        // Writing to a string does not fail.
        let _ = svg.write_fmt(text);
        svg.push('\n');
    };
    let (bottom, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for value in marks(low, high) {
        let at = y(value);
        put(format_args!("<path d=\"M{LEFT} {at:.1}H{end}\" stroke=\"#e4e7eb\"/>"));
        put(format_args!(
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#57606a\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            short(value)
        ));
    }
    put(format_args!("<path d=\"M{LEFT} {TOP}V{bottom}H{end}\" fill=\"none\" stroke=\"#8c959f\"/>"));
    for i in 0..=4 {
        let step = ((steps - 1) * i) as f64 / 4.0;
        put(format_args!(
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">{:.0}</text>",
            x(step),
            bottom + 18.0,
            step
        ));
    }
    put(format_args!(
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">step</text>",
        (LEFT + end) / 2.0,
        bottom + 34.0
    ));
    let mut labels: Vec<(f64, &str, &str)> = Vec::new();
    for (i, line, points) in &lines {
        let color = COLORS[i % COLORS.len()];
        let path: String = points.iter().map(|p| format!("{:.1},{:.1} ", x(p.0), y(p.1))).collect();
        put(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\"/>",
            path.trim_end()
        ));
        let last = points.last().map_or(0.0, |p| p.1);
        labels.push((y(last) + 4.0, color, &line.name));
    }
    // Names stand at the ends of their lines, pushed down where they would overlap.
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = 0.0_f64;
    for (at, color, name) in labels {
        let at = at.max(free);
        free = at + 15.0;
        put(format_args!("<text x=\"{}\" y=\"{at:.1}\" fill=\"{color}\">{name}</text>", end + 8.0));
    }
    svg.push_str("</svg>\n");
    svg
}

/// Returns (step, mean) for at most [`POINTS`] groups of steps, of those above 0.
fn points(values: &[f64]) -> Vec<(f64, f64)> {
    let group = values.len().div_ceil(POINTS).max(1);
    let mean = |(i, part): (usize, &[f64])| {
        let last = (i * group + part.len() - 1) as f64;
        let middle = if i == 0 { 0.0 } else { last - (part.len() - 1) as f64 / 2.0 };
        (middle, part.iter().sum::<f64>() / part.len() as f64)
    };
    values.chunks(group).enumerate().map(mean).filter(|p| p.1.is_finite() && p.1 > 0.0).collect()
}

/// Returns 1, 2 and 5 times powers of ten between two exponents, or the powers alone where that is too many.
fn marks(low: f64, high: f64) -> Vec<f64> {
    let factors: &[f64] = if high - low > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let decades = low.floor() as i32..=high.ceil() as i32;
    let all = decades.flat_map(|d| factors.iter().map(move |f| f * 10_f64.powi(d)));
    all.filter(|v| (low..=high).contains(&v.log10())).collect()
}

fn short(value: f64) -> String {
    if value >= 0.001 { format!("{}", (value * 1e6).round() / 1e6) } else { format!("{value:.0e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_holds_every_line_inside_its_frame() {
        let falling: Vec<f64> = (0..1000).map(|i| 0.9 * 0.995_f64.powi(i)).collect();
        let lines = [
            Line { name: "total".into(), values: falling.clone() },
            Line { name: "flat".into(), values: vec![0.25; 1000] },
            Line { name: "off".into(), values: vec![0.0; 1000] },
        ];
        let svg = plot(&lines);
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.contains(">total<") && !svg.contains(">off<"));
        for points in svg.split("points=\"").skip(1) {
            let points = points.split('"').next().unwrap();
            for pair in points.split(' ') {
                let (x, y) = pair.split_once(',').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!(
                    (LEFT..=WIDTH - RIGHT).contains(&x) && (TOP..=HEIGHT - BOTTOM).contains(&y),
                    "{pair}"
                );
            }
        }
    }

    #[test]
    fn nothing_and_one_step_are_drawn() {
        assert!(plot(&[]).contains("</svg>"));
        assert!(plot(&[Line { name: "one".into(), values: vec![0.5] }]).contains("polyline"));
    }
}
