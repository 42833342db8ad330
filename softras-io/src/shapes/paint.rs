//! Colors: how the samples are painted.

use super::solid::{Point, Rgb};

/// Returns the color 0xRRGGBB in 0..=1.
pub(super) const fn hex(code: u32) -> Rgb {
    const fn part(code: u32, shift: u32) -> f64 {
        ((code >> shift) & 255) as f64 / 255.0
    }
    [part(code, 16), part(code, 8), part(code, 0)]
}

/// Returns the color a share `t` of the way from `a` to `b`.
pub(super) fn mix(a: Rgb, b: Rgb, t: f64) -> Rgb {
    let t = t.clamp(0.0, 1.0);
    [0, 1, 2].map(|k| a[k] + (b[k] - a[k]) * t)
}

/// Returns the color at `t`, 0..=1, of a palette whose colors stand at equal distances.
pub(super) fn ramp(colors: &[Rgb], t: f64) -> Rgb {
    let last = colors.len() - 1;
    let at = t.clamp(0.0, 1.0) * last as f64;
    let low = (at as usize).min(last.saturating_sub(1));
    mix(colors[low], colors[(low + 1).min(last)], at - low as f64)
}

/// Returns 0 below `low`, 1 above `high`, and a smooth step between.
pub(super) fn step(low: f64, high: f64, x: f64) -> f64 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Returns 1 within `half` of `centre`, and falls to 0 over `soft` beyond.
pub(super) fn band(centre: f64, half: f64, soft: f64, x: f64) -> f64 {
    1.0 - step(half, half + soft, (x - centre).abs())
}

/// Returns the color of wood whose grain runs along axis `along`.
pub(super) fn wood(light: Rgb, dark: Rgb, along: usize, p: Point) -> Rgb {
    let (u, v, w) = (p[along], p[(along + 1) % 3], p[(along + 2) % 3]);
    let bend = 0.35 * (5.0 * u).sin() + 0.2 * (11.0 * u + 3.0 * v).sin();
    let wide = 0.5 + 0.5 * (34.0 * v + 27.0 * w + 2.5 * bend).sin();
    let fine = 0.5 + 0.5 * (130.0 * v - 95.0 * w + 6.0 * bend).sin();
    mix(light, dark, 0.65 * wide * wide + 0.25 * fine)
}
