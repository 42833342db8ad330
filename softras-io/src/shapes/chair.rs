//! The chair: turned legs, a seat with a cushion, and a slatted back that leans.

use std::f64::consts::TAU;

use softras_core::scene::Mesh;

use super::paint::{band, hex, mix, wood};
use super::solid::{Ends, Finish, Part, Point, Solid, Spot, circle};

const LIGHT: [f64; 3] = hex(0xd49a5b);
const DARK: [f64; 3] = hex(0x8a5226);
/// Height of the top of the seat.
const SEAT: f64 = 0.46;

/// The sample.
pub(super) fn sample() -> Mesh<f32> {
    let mut solid = Solid::new();
    let seat = Part::block([0.50, 0.045, 0.48], 0.012).map(|[x, y, z]| {
        // Wider in front.
        [x * (1.0 + 0.16 * z), y + SEAT - 0.0225, z]
    });
    solid.add(seat, Finish::Flat, grain(2));
    solid.add(cushion(), Finish::Smooth, fabric);

    for (x, z) in [(-1.0, 1.0), (1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)] {
        solid.add(leg(x * 0.205, z * 0.195, x * 0.03, z * 0.035), Finish::Smooth, grain(1));
    }
    // Stretchers between the legs: left, right, front and across.
    for x in [-0.218, 0.218] {
        solid.add(rod([x, 0.16, -0.21], [x, 0.16, 0.21], 0.012), Finish::Smooth, grain(2));
    }
    solid.add(rod([-0.218, 0.16, 0.02], [0.218, 0.16, 0.02], 0.011), Finish::Smooth, grain(0));
    solid.add(rod([-0.21, 0.27, 0.206], [0.21, 0.27, 0.206], 0.013), Finish::Smooth, grain(0));

    for x in [-0.205, 0.205] {
        let post = Part::block([0.042, 0.56, 0.036], 0.008);
        solid.add(subdivided(&post).map(move |[a, y, b]| lean([a + x, y + 0.26, b])), Finish::Flat, grain(1));
    }
    let rail = |height: f64, y: f64| {
        Part::loft(&bow(0.46, height, 0.03), Ends::Capped).map(move |[a, b, c]| lean([a, b + y, c]))
    };
    solid.add(rail(0.095, 0.505), Finish::Flat, grain(0));
    solid.add(rail(0.04, 0.10), Finish::Flat, grain(0));
    for k in -2..=2 {
        let x = 0.068 * f64::from(k);
        let slat = Part::block([0.036, 0.40, 0.014], 0.004);
        let bend = -0.045 * (1.0 - (x / 0.23).powi(2));
        let slat = subdivided(&slat).map(move |[a, y, b]| lean([a + x, y + 0.30, b + bend]));
        solid.add(slat, Finish::Flat, grain(1));
    }
    solid.build(6)
}

/// Moves a point of the upright back (y from the seat) to where the leaning back is.
fn lean([x, y, z]: Point) -> Point {
    [x * (1.0 + 0.05 * y), SEAT - 0.02 + y, -0.205 + z - 0.10 * y - 0.22 * y * y]
}

/// Returns the sections of a rail along x that bows backwards in the middle.
fn bow(length: f64, height: f64, depth: f64) -> Vec<Vec<Point>> {
    (0..=10)
        .map(|i| {
            let t = f64::from(i) / 5.0 - 1.0;
            let z = -0.045 * (1.0 - t * t);
            // Lower at the ends, and rounded.
            let h = height * (1.0 - 0.18 * t.powi(4)) / 2.0;
            let (d, b) = (depth / 2.0, 0.007);
            [
                [h - b, d],
                [h, d - b],
                [h, b - d],
                [h - b, -d],
                [b - h, -d],
                [-h, b - d],
                [-h, d - b],
                [b - h, d],
            ]
            .map(|[y, dz]| [t * length / 2.0, y, z + dz])
            .to_vec()
        })
        .collect()
}

/// Returns a block with more sections along y, so that it can bend.
fn subdivided(block: &Part) -> Part {
    // A block has rings 0 to 3 of 8 points; the long span lies between rings 1 and 2.
    let ring = |i: usize| block.vertices[8 * i..8 * (i + 1)].to_vec();
    let (low, high) = (ring(1), ring(2));
    let mut rings = vec![ring(0)];
    for i in 0..=5 {
        let t = f64::from(i) / 5.0;
        let between = |(a, b): (&Point, &Point)| [0, 1, 2].map(|k| a[k] + (b[k] - a[k]) * t);
        rings.push(low.iter().zip(&high).map(between).collect());
    }
    rings.push(ring(3));
    Part::loft(&rings, Ends::Capped)
}

/// Returns a turned leg from under the seat to the floor, where it stands (dx, dz) further out.
fn leg(x: f64, z: f64, dx: f64, dz: f64) -> Part {
    let profile = [
        [0.015, 0.0],
        [0.017, 0.02],
        [0.015, 0.035],
        [0.020, 0.10],
        [0.025, 0.16],
        [0.022, 0.22],
        [0.028, 0.235],
        [0.022, 0.25],
        [0.029, 0.32],
        [0.029, 0.43],
    ];
    Part::lathe(&profile, 12, Ends::Capped).map(move |[a, y, b]| {
        let out = 1.0 - y / 0.43;
        [a + x + dx * out, y, b + z + dz * out]
    })
}

/// Returns a rod from `a` to `b`, thicker in the middle.
fn rod(a: Point, b: Point, radius: f64) -> Part {
    let along = if (b[0] - a[0]).abs() > (b[2] - a[2]).abs() { 0 } else { 2 };
    let rings: Vec<_> = [(0.0, 0.7), (0.3, 1.0), (0.5, 1.25), (0.7, 1.0), (1.0, 0.7)]
        .map(|(t, thick)| {
            circle(radius * thick, 0.0, 8)
                .into_iter()
                .map(|[u, _, v]| {
                    let centre = [0, 1, 2].map(|k| a[k] + (b[k] - a[k]) * t);
                    if along == 0 {
                        [centre[0], centre[1] + u, centre[2] + v]
                    } else {
                        [centre[0] + v, centre[1] + u, centre[2]]
                    }
                })
                .collect()
        })
        .to_vec();
    Part::loft(&rings, Ends::Capped)
}

/// Returns a soft square cushion on the seat.
fn cushion() -> Part {
    let rings: Vec<Vec<Point>> =
        [(0.0, 0.80), (0.006, 0.93), (0.02, 1.0), (0.036, 0.95), (0.047, 0.78), (0.052, 0.4)]
            .map(|(y, wide)| {
                (0..24)
                    .map(|j| {
                        let (sin, cos) = (TAU * f64::from(j) / 24.0).sin_cos();
                        // A square with round corners.
                        let square = |c: f64| c.signum() * c.abs().powf(0.38) * 0.205 * wide;
                        let (x, z) = (square(cos), square(sin));
                        [x * (1.0 + 0.16 * z), SEAT + y, z + 0.012]
                    })
                    .collect()
            })
            .to_vec();
    Part::loft(&rings, Ends::Capped)
}

fn grain(along: usize) -> impl Fn(&Spot) -> [f64; 3] {
    move |spot| wood(LIGHT, DARK, along, spot.point)
}

fn fabric(spot: &Spot) -> [f64; 3] {
    let [x, y, z] = spot.point;
    let weave = 0.5 + 0.5 * (260.0 * x).sin() * (260.0 * z).sin();
    let mut color = mix(hex(0x1f6f78), hex(0x2a8f92), weave);
    for offset in [-0.11, 0.0, 0.11] {
        color = mix(color, hex(0xf4e3c1), 0.9 * band(offset, 0.009, 0.003, x));
        color = mix(color, hex(0xd9534f), 0.9 * band(offset, 0.003, 0.002, x));
    }
    mix(color, hex(0xf4e3c1), band(SEAT + 0.022, 0.003, 0.002, y))
}
