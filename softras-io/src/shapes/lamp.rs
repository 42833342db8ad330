//! The table lamp: a gourd of glazed clay on a brass foot, a stem, and a glowing shade.

use std::f64::consts::TAU;

use softras_core::scene::Mesh;

use super::paint::{band, hex, mix, ramp, step};
use super::solid::{Ends, Finish, Part, Solid, Spot, smooth};

const BRASS: [f64; 3] = hex(0xd9a441);

/// The sample.
pub(super) fn sample() -> Mesh<f32> {
    let mut solid = Solid::new();
    let foot = [[0.0, 0.0], [0.19, 0.0], [0.2, 0.012], [0.19, 0.03], [0.12, 0.045], [0.1, 0.06], [0.0, 0.06]];
    solid.add(Part::lathe(&foot, 32, Ends::Capped), Finish::Smooth, |_| BRASS);

    let body = [
        [0.07, 0.05],
        [0.11, 0.08],
        [0.175, 0.17],
        [0.185, 0.24],
        [0.145, 0.33],
        [0.085, 0.40],
        [0.075, 0.44],
        [0.09, 0.48],
        [0.07, 0.52],
        [0.035, 0.545],
    ];
    solid.add(Part::lathe(&smooth(&body, 3), 32, Ends::Capped), Finish::Smooth, glaze);

    let stem = [[0.0, 0.52], [0.026, 0.52], [0.026, 0.56], [0.013, 0.57], [0.013, 0.78], [0.0, 0.78]];
    solid.add(Part::lathe(&stem, 12, Ends::Capped), Finish::Smooth, |_| BRASS);

    let bulb: Vec<_> = (0..=8)
        .map(|i| {
            let a = TAU * f64::from(i) / 16.0;
            [0.05 * a.sin(), 0.74 - 0.06 * a.cos()]
        })
        .collect();
    solid.add(Part::lathe(&bulb, 12, Ends::Capped), Finish::Smooth, |_| hex(0xfff7d1).map(|c| c * 1.3));

    // The shade is a thin wall: outside from its lower to its upper rim, then back down inside.
    let mut wall = Vec::new();
    for i in 0..=8 {
        let t = f64::from(i) / 8.0;
        wall.push([0.335 - 0.145 * t - 0.02 * (t * TAU / 2.0).sin(), 0.58 + 0.40 * t]);
    }
    let inner: Vec<_> = wall.iter().rev().step_by(2).map(|&[r, y]| [r - 0.012, y]).collect();
    wall.extend(inner);
    solid.add(Part::lathe(&wall, 48, Ends::Joined), Finish::Smooth, shade);

    let finial = [[0.0, 0.77], [0.03, 0.775], [0.014, 0.8], [0.024, 0.82], [0.0, 0.845]];
    solid.add(Part::lathe(&finial, 12, Ends::Capped), Finish::Smooth, |_| BRASS);
    solid.build(6)
}

fn glaze(spot: &Spot) -> [f64; 3] {
    let [x, y, z] = spot.point;
    let turn = x.atan2(z) / TAU;
    let color = ramp(&[hex(0x0b4f5c), hex(0x13818a), hex(0x46b5a8), hex(0xbfe3cf)], (y - 0.05) / 0.5);
    // The glaze runs down in tongues.
    let run = 0.33 - 0.07 * (TAU * 5.0 * turn).sin() - 0.035 * (TAU * 13.0 * turn + 1.0).sin();
    let color = mix(color, hex(0xf3e9d2), 0.85 * step(run, run + 0.012, y));
    mix(color, BRASS, band(0.44, 0.012, 0.004, y) + step(0.525, 0.53, y))
}

fn shade(spot: &Spot) -> [f64; 3] {
    let [x, y, z] = spot.point;
    if spot.normal[0] * x + spot.normal[2] * z < 0.0 {
        return hex(0xffedb8).map(|c| c * 1.25);
    }
    let t = (y - 0.58) / 0.40;
    // Bright where the bulb is, with fine pleats, and a trim along both rims.
    let glow = ramp(&[hex(0xf2a65a), hex(0xffd27a), hex(0xffe8a8), hex(0xf7c873), hex(0xdf8f4a)], t);
    let pleat = 0.5 + 0.5 * (48.0 * x.atan2(z)).cos();
    let color = mix(glow, hex(0xc9703a), 0.28 * pleat);
    mix(color, hex(0x8c3b2a), step(0.955, 0.965, t) + (1.0 - step(0.05, 0.06, t))).map(|c| c * 1.12)
}
