//! Cost curves as an SVG picture.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::curves::{Cost, Curve};
use crate::error::{Error, Result};

const WIDTH: u32 = 900;
/// The height of one row of panels.
const ROW: u32 = 300;
const COLORS: [RGBColor; 4] = [
    RGBColor(0x1b, 0x6c, 0xa8),
    RGBColor(0xd1, 0x49, 0x5b),
    RGBColor(0x3a, 0x9d, 0x5d),
    RGBColor(0x7a, 0x51, 0x95),
];

/// Draws every curve in a panel of its own, both axes logarithmic, forward as a full and backward as a hollow line.
///
/// # Errors
/// `Plot` if the plotting library fails.
pub(crate) fn svg(curves: &[Curve], costs: &[Cost]) -> Result<String> {
    let mut text = String::new();
    let rows = curves.len().div_ceil(2).max(1);
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, ROW * rows as u32)).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        for (curve, panel) in curves.iter().zip(root.split_evenly((rows, 2))) {
            let own: Vec<_> = costs.iter().filter(|c| c.curve == curve.name).collect();
            draw(curve, &own, &panel)?;
        }
        root.present().map_err(failed)?;
    }
    Ok(text)
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::Plot(e.to_string())
}

fn draw(curve: &Curve, costs: &[&Cost], panel: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<()> {
    let span = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) = values.fold((f64::INFINITY, 0.0_f64), |(l, h), x| (l.min(x), h.max(x)));
        if low <= high { (low / 1.3)..(high * 1.3) } else { 0.1..1.0 }
    };
    let x = span(&mut costs.iter().map(|c| c.x));
    let at = curve.points.iter().map(|p| p.x).collect();
    let y = span(&mut costs.iter().flat_map(|c| [c.row.forward_ms, c.row.backward_ms]));
    let mut chart = ChartBuilder::on(panel)
        .margin(12)
        .caption(curve.about, ("sans-serif", 17))
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d(
            x.log_scale().with_key_points(at),
            y.clone().log_scale().with_key_points(marks(&y)),
        )
        .map_err(failed)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .max_light_lines(0)
        .x_labels(8)
        .y_labels(8)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .y_desc("ms")
        .label_style(("sans-serif", 14))
        .draw()
        .map_err(failed)?;
    let mut backends: Vec<&str> = costs.iter().map(|c| c.row.backend.as_str()).collect();
    backends.sort_unstable();
    backends.dedup();
    for (i, backend) in backends.iter().enumerate() {
        let color = COLORS[i % COLORS.len()];
        let own = || costs.iter().filter(|c| c.row.backend == *backend);
        let forward: Vec<_> = own().map(|c| (c.x, c.row.forward_ms)).collect();
        let backward: Vec<_> = own().map(|c| (c.x, c.row.backward_ms)).collect();
        for (points, name, filled) in [(forward, "forward", true), (backward, "backward", false)] {
            let style = if filled { color.filled() } else { color.stroke_width(1) };
            chart
                .draw_series(LineSeries::new(
                    points.iter().copied(),
                    color.stroke_width(if filled { 2 } else { 1 }),
                ))
                .map_err(failed)?
                .label(format!("{backend} {name}"))
                .legend(move |(x, y)| Circle::new((x + 10, y), 3, style));
            chart.draw_series(points.iter().map(|p| Circle::new(*p, 3, style))).map_err(failed)?;
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 14))
        .background_style(WHITE.mix(0.8))
        .draw()
        .map_err(failed)?;
    Ok(())
}

/// Returns 1, 2 and 5 times powers of ten in a range, or the powers alone where that is too many.
fn marks(range: &Range<f64>) -> Vec<f64> {
    let (low, high) = (range.start.log10(), range.end.log10());
    let factors: &[f64] = if high - low > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let decades = low.floor() as i32..=high.ceil() as i32;
    let all = decades.flat_map(|d| factors.iter().map(move |f| f * 10_f64.powi(d)));
    all.filter(|v| range.contains(v)).collect()
}

/// Writes a number in few characters.
fn short(x: f64) -> String {
    match x {
        0.01..1_000.0 => format!("{}", (x * 1e3).round() / 1e3),
        1e3..1e6 => format!("{}k", (x / 1e2).round() / 10.0),
        1e6.. => format!("{}M", (x / 1e5).round() / 10.0),
        _ => format!("{x:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let text = [1e-7, 0.5, 64.0, 5_120.0, 65_536.0, 1_310_720.0].map(short);
        assert_eq!(text, ["1e-7", "0.5", "64", "5.1k", "65.5k", "1.3M"]);
    }

    #[test]
    fn marks_are_inside_and_at_least_one_a_decade() {
        assert_eq!(marks(&(3.0..60.0)), [5.0, 10.0, 20.0, 50.0]);
        assert_eq!(marks(&(0.5..2e4)).len(), 5);
    }
}
