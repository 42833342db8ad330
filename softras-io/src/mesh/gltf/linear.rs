//! The two scales of color in glTF: pictures hold what a screen shows, factors and colors of vertices hold light.
//!
//! Between them stands the curve of sRGB (IEC 61966-2-1). Meshes of ours hold what a screen shows.

/// Returns what a screen shows for the light `x`; both 0 to 1, held there.
pub(super) fn shown(x: f32) -> f32 {
    let x = f64::from(x.clamp(0.0, 1.0));
    let y = if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 };
    y.clamp(0.0, 1.0) as f32
}

/// Returns the light for what a screen shows, the inverse of [`shown`].
pub(super) fn light(y: f32) -> f32 {
    let y = f64::from(y.clamp(0.0, 1.0));
    (if y <= 0.040_45 { y / 12.92 } else { ((y + 0.055) / 1.055).powf(2.4) }) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_leads_back() {
        for i in 0..=255 {
            let y = i as f32 / 255.0;
            assert!((shown(light(y)) - y).abs() < 1e-6, "{y}");
        }
        assert!((light(0.5) - 0.214_041).abs() < 1e-6);
        assert!(
            shown(0.0).abs() < 1e-9 && (shown(1.0) - 1.0).abs() < 1e-7 && (shown(9.0) - 1.0).abs() < 1e-7
        );
    }
}
