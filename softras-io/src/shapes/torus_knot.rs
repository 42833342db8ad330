//! The torus knot: a striped tube that winds twice around an axis and three times through it.

use std::f64::consts::TAU;

use softras_core::scene::Mesh;

use super::paint::{band, hex, mix, ramp};
use super::solid::{Ends, Finish, Part, Point, Solid, Spot, cross, dot, minus, unit};

const RINGS: usize = 140;
const SEGMENTS: usize = 14;
/// Radius of the tube, where the torus has radii 2 and 1.
const TUBE: f64 = 0.52;

/// The sample.
pub(super) fn sample() -> Mesh<f32> {
    let rings: Vec<_> = (0..RINGS).map(|i| ring(TAU * i as f64 / RINGS as f64)).collect();
    let mut solid = Solid::new();
    solid.add(Part::loft(&rings, Ends::Joined), Finish::Smooth, paint);
    solid.build(6)
}

/// Returns the outline of the tube at parameter `t`, 0 to a full turn.
fn ring(t: f64) -> Vec<Point> {
    let centre = knot(t);
    let tangent = unit(minus(knot(t + 1e-4), knot(t - 1e-4)));
    // Away from the core of the torus: a frame that closes without a twist.
    let out = [(3.0 * t).cos() * (2.0 * t).cos(), (3.0 * t).cos() * (2.0 * t).sin(), (3.0 * t).sin()];
    let along = dot(out, tangent);
    let normal = unit([0, 1, 2].map(|k| out[k] - along * tangent[k]));
    let side = cross(tangent, normal);
    (0..SEGMENTS)
        .map(|j| {
            let (sin, cos) = (TAU * j as f64 / SEGMENTS as f64).sin_cos();
            [0, 1, 2].map(|k| centre[k] + TUBE * (cos * normal[k] + sin * side[k]))
        })
        .collect()
}

fn knot(t: f64) -> Point {
    let r = 2.0 + (3.0 * t).cos();
    [r * (2.0 * t).cos(), r * (2.0 * t).sin(), (3.0 * t).sin()]
}

fn paint(spot: &Spot) -> [f64; 3] {
    const COLORS: [[f64; 3]; 7] = [
        hex(0x1b998b),
        hex(0x2d7dd2),
        hex(0x6a4c93),
        hex(0xe0417f),
        hex(0xf46036),
        hex(0xf9c74f),
        hex(0x1b998b),
    ];
    let color = ramp(&COLORS, spot.along);
    // Four stripes that wind around the tube.
    let phase = (4.0 * spot.around + 12.0 * spot.along).fract();
    mix(color, hex(0xfff6e6), 0.9 * band(0.5, 0.09, 0.03, phase))
}
