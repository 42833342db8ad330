//! The vase: a hollow surface of revolution with a painted band.

use std::f64::consts::TAU;

use softras_core::scene::Mesh;

use super::paint::{band, hex, mix, ramp, step};
use super::solid::{Ends, Finish, Part, Solid, Spot, smooth};

const SEGMENTS: usize = 48;

/// The sample.
pub(super) fn sample() -> Mesh<f32> {
    // (radius, height): from the middle of the foot up to the lip, over it, and down to the bottom inside.
    let outside = [
        [0.0, 0.0],
        [0.20, 0.0],
        [0.215, 0.02],
        [0.19, 0.06],
        [0.24, 0.16],
        [0.34, 0.34],
        [0.375, 0.50],
        [0.33, 0.66],
        [0.20, 0.80],
        [0.145, 0.88],
        [0.16, 0.95],
        [0.215, 1.0],
    ];
    let inside =
        [[0.20, 1.005], [0.135, 0.95], [0.12, 0.88], [0.18, 0.79], [0.30, 0.65], [0.34, 0.5], [0.0, 0.1]];
    let mut profile = smooth(&outside[1..], 3);
    profile.insert(0, outside[0]);
    profile.extend(inside);
    let mut solid = Solid::new();
    solid.add(Part::lathe(&profile, SEGMENTS, Ends::Capped), Finish::Smooth, paint);
    solid.build(8)
}

fn paint(spot: &Spot) -> [f64; 3] {
    const CREAM: [f64; 3] = hex(0xf7efdd);
    const GOLD: [f64; 3] = hex(0xe3b04b);
    let [x, y, z] = spot.point;
    let turn = x.atan2(z) / TAU;
    let outward = spot.normal[0] * x + spot.normal[2] * z;
    if y > 0.3 && y < 0.985 && outward < 0.0 && spot.along > 0.75 {
        return hex(0x7a3b22); // unglazed clay inside
    }
    let glaze = ramp(&[hex(0x12355b), hex(0x1d5f9a), hex(0x1f8fb0), hex(0x2fb5a8)], y);
    let mut color = glaze;
    // A cream belt around the belly with two waves and a row of dots.
    let belt = band(0.49, 0.115, 0.006, y);
    color = mix(color, CREAM, belt);
    let wave = |phase: f64, height: f64| 0.49 + height * (TAU * (12.0 * turn + phase)).sin();
    for (phase, ink) in [(0.0, hex(0x1d5f9a)), (0.5, hex(0xd1495b))] {
        color = mix(color, ink, belt * band(wave(phase, 0.06), 0.012, 0.006, y));
    }
    let column = ((24.0 * turn).rem_euclid(1.0) - 0.5) / 24.0 * TAU * 0.36;
    for height in [0.40, 0.58] {
        let distance = column.hypot(y - height);
        color = mix(color, hex(0x1f8fb0), belt * band(0.0, 0.011, 0.004, distance));
    }
    for height in [0.36, 0.62] {
        color = mix(color, GOLD, band(height, 0.009, 0.004, y));
    }
    // Petals rise from the foot, and drops hang from the neck.
    let petal = 0.13 + 0.15 * (TAU * 8.0 * turn).cos().abs().powf(0.6);
    color = mix(color, hex(0x0d2440), step(0.0, 0.012, petal - y));
    color = mix(color, GOLD, 0.9 * band(petal, 0.005, 0.004, y));
    let drop = 0.86 - 0.10 * (TAU * 6.0 * turn).cos().abs().powf(0.7);
    color = mix(color, CREAM, 0.85 * band(drop, 0.007, 0.005, y));
    mix(color, GOLD, step(0.965, 0.975, y) + band(0.03, 0.022, 0.006, y))
}
