//! The airplane: an airliner with swept wings and two engines, its nose towards +z.

use std::f64::consts::TAU;

use softras_core::scene::Mesh;

use super::paint::{band, hex, mix, ramp, step};
use super::solid::{Ends, Finish, Part, Point, Solid, Spot};

const WHITE: [f64; 3] = hex(0xf6f7f9);
const NAVY: [f64; 3] = hex(0x153a73);
const SKY: [f64; 3] = hex(0x2f9bd8);
const ORANGE: [f64; 3] = hex(0xf58a1f);
const METAL: [f64; 3] = hex(0xb9c2cc);

/// The sample.
pub(super) fn sample() -> Mesh<f32> {
    let mut solid = Solid::new();
    solid.add(fuselage(), Finish::Smooth, paint_fuselage);
    for side in [-1.0, 1.0] {
        solid.add(wing(side), Finish::Smooth, paint_wing);
        solid
            .add(tailplane(side), Finish::Smooth, |s| mix(METAL, WHITE, 0.6 + 0.4 * step(0.0, 1.0, s.along)));
        solid.add(engine(side), Finish::Smooth, paint_engine);
        solid.add(pylon(side), Finish::Smooth, |_| METAL);
    }
    solid.add(fin(), Finish::Smooth, paint_fin);
    solid.build(8)
}

/// The body: sections (z, height of the middle, radius) from the nose to the tail.
fn fuselage() -> Part {
    const SECTIONS: [[f64; 3]; 22] = [
        [0.500, -0.012, 0.0],
        [0.497, -0.012, 0.010],
        [0.488, -0.010, 0.021],
        [0.472, -0.006, 0.033],
        [0.450, -0.002, 0.044],
        [0.422, 0.000, 0.052],
        [0.385, 0.000, 0.057],
        [0.330, 0.000, 0.058],
        [0.270, 0.000, 0.058],
        [0.210, 0.000, 0.058],
        [0.150, 0.000, 0.058],
        [0.090, 0.000, 0.058],
        [0.030, 0.000, 0.058],
        [-0.030, 0.000, 0.058],
        [-0.090, 0.000, 0.058],
        [-0.150, 0.001, 0.057],
        [-0.210, 0.004, 0.054],
        [-0.280, 0.011, 0.046],
        [-0.350, 0.020, 0.035],
        [-0.420, 0.029, 0.022],
        [-0.475, 0.035, 0.011],
        [-0.490, 0.036, 0.0],
    ];
    let rings: Vec<_> = SECTIONS.iter().map(|&[z, y, r]| disc(0.0, y, z, r, 28)).collect();
    Part::loft(&rings, Ends::Capped)
}

/// Returns a circle across z; around is 0 at the top.
fn disc(x: f64, y: f64, z: f64, r: f64, segments: usize) -> Vec<Point> {
    (0..segments)
        .map(|j| {
            let (sin, cos) = (TAU * j as f64 / segments as f64).sin_cos();
            [x + r * sin, y + r * cos, z]
        })
        .collect()
}

/// Returns an aerofoil, `chord` long and `thick` times as thick, its leading edge at `nose`, as (back, up) pairs.
fn aerofoil(chord: f64, thick: f64) -> Vec<[f64; 2]> {
    const STATIONS: [f64; 7] = [0.0, 0.02, 0.09, 0.25, 0.5, 0.78, 1.0];
    // The four-digit NACA thickness, closed at the trailing edge.
    let half = |x: f64| {
        let y = 0.2969 * x.sqrt() - 0.1260 * x - 0.3516 * x.powi(2) + 0.2843 * x.powi(3) - 0.1036 * x.powi(4);
        5.0 * thick * y.max(0.0) + 0.002
    };
    let upper = STATIONS.iter().map(|&x| [x * chord, half(x) * chord]);
    let lower = STATIONS.iter().rev().take(6).map(|&x| [x * chord, -0.7 * half(x) * chord]);
    upper.chain(lower).collect()
}

/// Lofts a wing through (span, height, leading edge z, chord, thickness), placed by `place(span, height, up, z)`.
fn surface(sections: &[[f64; 5]], place: impl Fn(f64, f64, f64, f64) -> Point) -> Part {
    let rings: Vec<Vec<Point>> = sections
        .iter()
        .map(|&[span, height, nose, chord, thick]| {
            aerofoil(chord, thick).iter().map(|&[back, up]| place(span, height, up, nose - back)).collect()
        })
        .collect();
    Part::loft(&rings, Ends::Capped)
}

fn wing(side: f64) -> Part {
    let sections = [
        [0.0, -0.028, 0.165, 0.25, 0.13],
        [0.06, -0.027, 0.135, 0.215, 0.12],
        [0.14, -0.020, 0.088, 0.160, 0.11],
        [0.24, -0.010, 0.030, 0.118, 0.10],
        [0.34, 0.000, -0.027, 0.085, 0.10],
        [0.42, 0.009, -0.073, 0.057, 0.10],
        // A winglet.
        [0.445, 0.016, -0.092, 0.045, 0.09],
        [0.458, 0.040, -0.112, 0.032, 0.09],
        [0.464, 0.066, -0.130, 0.020, 0.09],
    ];
    surface(&sections, |span, height, up, z| {
        // The section turns upright where the wing does.
        let turn = step(0.43, 0.462, span);
        [side * (span - turn * up), height + (1.0 - turn) * up, z]
    })
}

fn tailplane(side: f64) -> Part {
    let sections = [
        [0.0, 0.032, -0.37, 0.105, 0.10],
        [0.08, 0.038, -0.413, 0.075, 0.10],
        [0.165, 0.045, -0.462, 0.042, 0.10],
    ];
    surface(&sections, |span, height, up, z| [side * span, height + up, z])
}

fn fin() -> Part {
    let sections = [
        [0.02, 0.0, -0.305, 0.175, 0.07],
        [0.065, 0.0, -0.345, 0.130, 0.09],
        [0.13, 0.0, -0.395, 0.100, 0.09],
        [0.20, 0.0, -0.447, 0.070, 0.09],
    ];
    surface(&sections, |span, _, up, z| [up, span, z])
}

/// An engine: a hollow nacelle seen from the front, a cone behind.
fn engine(side: f64) -> Part {
    let (x, y, z) = (side * 0.155, -0.062, 0.085);
    const PROFILE: [[f64; 2]; 12] = [
        [0.0, 0.035],
        [0.010, 0.028],
        [0.0245, 0.030],
        [0.0255, 0.058],
        [0.0295, 0.066],
        [0.034, 0.058],
        [0.036, 0.030],
        [0.034, -0.010],
        [0.028, -0.040],
        [0.018, -0.044],
        [0.011, -0.060],
        [0.0, -0.082],
    ];
    let rings: Vec<_> = PROFILE.iter().map(|&[r, along]| disc(x, y, z + along, r, 20)).collect();
    Part::loft(&rings, Ends::Capped)
}

fn pylon(side: f64) -> Part {
    let sections = [[-0.034, 0.0, 0.12, 0.10, 0.08], [-0.012, 0.0, 0.095, 0.11, 0.08]];
    surface(&sections, move |span, _, up, z| [side * 0.155 + up, span, z])
}

fn paint_fuselage(spot: &Spot) -> [f64; 3] {
    let [x, y, z] = spot.point;
    let mut color = mix(hex(0xc3ccd6), WHITE, step(-0.040, -0.034, y));
    // Two stripes along the windows that sweep up to the tail.
    let sweep = 0.09 * step(-0.12, -0.45, z);
    color = mix(color, NAVY, step(-0.024, -0.0225, y - sweep) - step(-0.0085, -0.007, y - sweep));
    color = mix(color, ORANGE, band(-0.029, 0.0022, 0.001, y - sweep));
    color = mix(color, NAVY, step(-0.30, -0.36, z + 0.5 * y));
    // A row of windows.
    let pitch = 0.021;
    let column = (z / pitch).rem_euclid(1.0) - 0.5;
    let window = band(0.0, 0.24, 0.08, column) * band(0.010, 0.0062, 0.002, y);
    if z < 0.37 && z > -0.25 {
        color = mix(color, hex(0x22364f), window);
    }
    // Doors.
    for door in [0.395, -0.262] {
        let frame = (z - door).abs().max(0.55 * (y - 0.006).abs());
        color = mix(color, hex(0x8d99a6), 0.9 * band(0.0125, 0.0008, 0.0012, frame));
    }
    // The cockpit windows: a dark band around the front, parted in the middle.
    let height = y - (0.018 + 0.22 * (0.45 - z));
    let glass = band(0.0, 0.0075, 0.002, height) * step(0.425, 0.430, z) * (1.0 - step(0.472, 0.476, z));
    let bars = band(0.0, 0.0012, 0.001, x) + band(0.020, 0.001, 0.001, x.abs());
    mix(color, hex(0x18222f), glass * (1.0 - bars).max(0.0))
}

fn paint_wing(spot: &Spot) -> [f64; 3] {
    let [x, y, z] = spot.point;
    let reach = x.abs();
    let mut color = mix(hex(0xaeb8c4), hex(0xdfe4ea), step(-0.2, 0.5, spot.normal[1]));
    // Where the flaps part from the wing.
    let trailing = -0.085 - 0.19 * (reach - 0.06).max(0.0);
    color = mix(color, hex(0x7f8b99), 0.7 * band(trailing + 0.045, 0.0014, 0.001, z));
    mix(color, ramp(&[SKY, NAVY], (y - 0.012) / 0.05), step(0.428, 0.434, reach))
}

fn paint_fin(spot: &Spot) -> [f64; 3] {
    let [_, y, z] = spot.point;
    let color = ramp(&[NAVY, hex(0x1e5fae), SKY], (y - 0.03) / 0.16);
    // A rising sun, cut by a sweep of white.
    let sun = (y - 0.122).hypot(0.95 * (z + 0.452));
    let color = mix(color, ORANGE, band(0.0, 0.029, 0.003, sun));
    mix(color, WHITE, band(0.0, 0.0035, 0.001, (y - 0.075) - 0.45 * (z + 0.44)))
}

fn paint_engine(spot: &Spot) -> [f64; 3] {
    let at = spot.point[2] - 0.085;
    let inside = spot.along < 0.30;
    if inside {
        // The fan: dark blades with bright edges, and a spinner.
        if spot.along < 0.10 {
            return hex(0x5a6470);
        }
        let blade = 0.5 + 0.5 * (TAU * 20.0 * spot.around).sin();
        return mix(hex(0x14181d), hex(0x3d4650), blade);
    }
    if at < -0.041 {
        return hex(0x6d6257);
    }
    let color = mix(NAVY, METAL, step(0.053, 0.056, at));
    mix(color, ORANGE, band(0.044, 0.002, 0.001, at))
}
