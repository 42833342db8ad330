//! What stands in a room.

use std::f64::consts::TAU;

use super::Dice;
use super::parts::{Point, Solid, circle};

/// A plate on four legs, splayed or straight, or on a pillar; round or square; some with a shelf.
pub(super) fn table(dice: &mut Dice<'_>, solid: &mut Solid) {
    let (w, d) = (dice.between(0.35, 0.8), dice.between(0.3, 0.5));
    let (h, thick) = (dice.between(0.3, 0.8), dice.between(0.03, 0.08));
    let (top, leg) = (dice.wood(), dice.color());
    let round = dice.chance(0.3);
    let r = w.min(0.55);
    if round {
        solid.lathe(&[[r, h], [r, h + thick]], [0.0, 0.0], top);
    } else {
        solid.block([-w, h, -d], [w, h + thick, d], top);
    }
    if dice.chance(if round { 0.6 } else { 0.15 }) {
        let (pillar, foot) = (dice.between(0.04, 0.09), dice.between(0.4, 0.8));
        solid.lathe(&[[pillar, 0.02], [pillar, h]], [0.0, 0.0], leg);
        let foot = foot * if round { r } else { d };
        solid.lathe(&[[foot, 0.0], [foot * 0.9, 0.04]], [0.0, 0.0], leg);
        return;
    }
    let (thin, splay) = (dice.between(0.025, 0.06), dice.between(0.0, 0.08));
    let (x, z) = if round { (r * 0.62, r * 0.62) } else { (w - 1.2 * thin, d - 1.2 * thin) };
    legs(solid, [x, z], splay, h, thin, leg);
    if !round && dice.chance(0.3) {
        let at = h * dice.between(0.2, 0.4);
        solid.block([-w * 0.92, at, -d * 0.92], [w * 0.92, at + 0.03, d * 0.92], top);
    }
}

/// A seat on four legs or a pillar, a closed or slatted back, some with arms.
pub(super) fn chair(dice: &mut Dice<'_>, solid: &mut Solid) {
    let (w, d) = (dice.between(0.2, 0.3), dice.between(0.2, 0.28));
    let (h, thick) = (dice.between(0.32, 0.5), dice.between(0.03, 0.1));
    let (frame, cloth) = (dice.wood(), dice.color());
    solid.block([-w, h, -d], [w, h + thick, d], cloth);
    let thin = dice.between(0.018, 0.04);
    if dice.chance(0.2) {
        solid.rod([[0.0, 0.05, 0.0], [0.0, h, 0.0]], [0.04, 0.04], frame);
        solid.lathe(&[[w * 0.9, 0.0], [w * 0.3, 0.06]], [0.0, 0.0], frame);
    } else {
        let splay = dice.between(0.0, 0.06);
        legs(solid, [w - thin, d - thin], splay, h, thin, frame);
    }
    let (high, lean, deep) = (dice.between(0.3, 0.6), dice.between(0.0, 0.14), dice.between(0.025, 0.05));
    let (low, top) = (h + thick, h + thick + high);
    let panel = |solid: &mut Solid, x0: f64, x1: f64, y0: f64, y1: f64, color: Point| {
        let z = |y: f64| -d + deep - lean * (y - low) / high;
        solid.plate(
            &[[x0, y0, z(y0)], [x1, y0, z(y0)], [x1, y1, z(y1)], [x0, y1, z(y1)]],
            [0.0, 0.0, -deep],
            color,
        );
    };
    if dice.chance(0.5) {
        panel(solid, -w, w, low, top, cloth);
    } else {
        let slats = 2 + (dice.between(0.0, 3.0) as usize);
        for side in [-w, w - 0.05] {
            panel(solid, side, side + 0.05, low - 0.02, top, frame);
        }
        for i in 0..slats {
            let y = low + high * (i as f64 + 0.6) / slats as f64;
            panel(solid, -w + 0.02, w - 0.02, y - 0.04, y + 0.04, frame);
        }
    }
    if dice.chance(0.4) {
        let arm = low + dice.between(0.14, 0.22);
        for x in [-w, w] {
            solid.block([x - 0.025, arm - 0.035, -d], [x + 0.025, arm, d * 0.8], frame);
            solid.block([x - 0.02, h, d * 0.5], [x + 0.02, arm - 0.01, d * 0.66], frame);
        }
    }
}

fn legs(solid: &mut Solid, [x, z]: [f64; 2], splay: f64, h: f64, thin: f64, color: Point) {
    for (i, k) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
        let foot = [i * (x + splay), 0.0, k * (z + splay)];
        solid.rod([foot, [i * x, h + 0.01, k * z]], [thin * 0.8, thin], color);
    }
}

/// A foot, a stem and a shade, to stand on a table or on the floor.
pub(super) fn lamp(dice: &mut Dice<'_>, solid: &mut Solid) {
    let stem = if dice.chance(0.4) { dice.between(0.9, 1.4) } else { dice.between(0.35, 0.6) };
    let (foot, metal) = (dice.between(0.12, 0.22), dice.color());
    solid.lathe(&[[foot, 0.0], [foot, 0.03], [foot * 0.4, 0.06]], [0.0, 0.0], metal);
    if dice.chance(0.4) && stem < 0.7 {
        let belly = dice.between(0.08, 0.18);
        let profile = [[0.04, 0.05], [belly * 0.8, 0.12], [belly, 0.2], [belly * 0.6, 0.3], [0.03, 0.36]];
        solid.lathe(&profile, [0.0, 0.0], metal);
    }
    solid.rod([[0.0, 0.04, 0.0], [0.0, stem + 0.05, 0.0]], [0.02, 0.02], metal);
    let (low, up, high) = (dice.between(0.18, 0.32), dice.between(0.08, 0.2), dice.between(0.2, 0.34));
    solid.lathe(&[[low, stem], [up, stem + high]], [0.0, 0.0], dice.color());
}

/// A profile of a few random radii, smooth, closed above.
pub(super) fn vase(dice: &mut Dice<'_>, solid: &mut Solid) {
    let height = dice.between(0.7, 1.1);
    let radii = [
        dice.between(0.12, 0.24),
        dice.between(0.2, 0.42),
        dice.between(0.16, 0.4),
        dice.between(0.07, 0.2),
        dice.between(0.1, 0.26),
    ];
    let (steps, mut profile) = (16, Vec::new());
    for i in 0..=steps {
        let t = 4.0 * f64::from(i) / f64::from(steps);
        let k = (t as usize).min(3);
        let s = t - k as f64;
        let s = s * s * (3.0 - 2.0 * s);
        profile.push([radii[k] + s * (radii[k + 1] - radii[k]), height * t / 4.0]);
    }
    solid.lathe(&profile, [0.0, 0.0], dice.color());
    if dice.chance(0.5) {
        let y = height * dice.between(0.3, 0.5);
        solid.lathe(
            &[[radii[1].max(radii[2]) + 0.01, y - 0.02], [radii[1].max(radii[2]) + 0.01, y + 0.02]],
            [0.0, 0.0],
            dice.color(),
        );
    }
}

/// A seat, a back, two arms, and feet.
pub(super) fn sofa(dice: &mut Dice<'_>, solid: &mut Solid) {
    let (w, d) = (dice.between(0.45, 0.85), dice.between(0.26, 0.36));
    let (seat, back) = (dice.between(0.2, 0.3), dice.between(0.45, 0.65));
    let (arm, thick) = (dice.between(0.3, 0.45), dice.between(0.07, 0.14));
    let (cloth, cushion) = (dice.color(), dice.color());
    solid.block([-w, 0.05, -d], [w, seat, d], cloth);
    solid.slab([-w, 0.05, -d - thick], [w, back, -d + 0.04], [1.0, dice.between(0.6, 1.0)], cloth);
    for side in [-1.0, 1.0] {
        let (a, b) = (side * w, side * (w + thick));
        solid.block([a.min(b), 0.05, -d - thick], [a.max(b), arm, d], cloth);
        for z in [-d * 0.9, d * 0.9] {
            solid.rod(
                [[side * w * 0.95, 0.0, z], [side * w * 0.95, 0.06, z]],
                [0.025, 0.03],
                [0.2, 0.14, 0.1],
            );
        }
    }
    let cushions = 1 + dice.between(0.0, 3.0) as usize;
    for i in 0..cushions {
        let (x0, x1) = (i as f64 / cushions as f64, (i as f64 + 1.0) / cushions as f64);
        let x = |t: f64| w * (2.0 * t - 1.0);
        solid.block([x(x0) + 0.008, seat - 0.01, -d + 0.04], [x(x1) - 0.008, seat + 0.06, d - 0.01], cushion);
    }
}

/// A body, a shoulder, a neck and a cap.
pub(super) fn bottle(dice: &mut Dice<'_>, solid: &mut Solid) {
    let (r, body) = (dice.between(0.12, 0.26), dice.between(0.4, 0.7));
    let (shoulder, neck) = (dice.between(0.05, 0.22), dice.between(0.06, 0.25));
    let thin = r * dice.between(0.25, 0.5);
    let glass = dice.color();
    let profile = [
        [r * 0.9, 0.0],
        [r, 0.03],
        [r, body],
        [f64::midpoint(r, thin) * 1.08, body + shoulder * 0.5],
        [thin, body + shoulder],
        [thin, body + shoulder + neck],
    ];
    solid.lathe(&profile, [0.0, 0.0], glass);
    let top = body + shoulder + neck;
    solid.lathe(&[[thin * 1.2, top - 0.02], [thin * 1.2, top + 0.05]], [0.0, 0.0], dice.color());
    if dice.chance(0.7) {
        let (low, high) = (body * dice.between(0.1, 0.4), body * dice.between(0.5, 0.9));
        solid.lathe(&[[r * 1.01, low], [r * 1.01, high]], [0.0, 0.0], dice.color());
    }
}

/// A cup, hollow, and a handle that stands out in front.
pub(super) fn mug(dice: &mut Dice<'_>, solid: &mut Solid) {
    let (foot, rim) = (dice.between(0.22, 0.34), dice.between(0.26, 0.36));
    let (h, wall, color) = (dice.between(0.5, 0.85), dice.between(0.03, 0.05), dice.color());
    let radius = |y: f64| foot + (rim - foot) * y / h;
    let profile = [[foot, 0.0], [rim, h], [rim - wall, h], [radius(wall) - wall, wall]];
    solid.lathe(&profile, [0.0, 0.0], color);
    let (tall, out, thick) = (dice.between(0.13, 0.24), dice.between(0.1, 0.2), dice.between(0.025, 0.045));
    // Half a ring, from the middle of the wall to the middle of the wall, whatever the cup's slope.
    let rings: Vec<Vec<Point>> = (0..=10)
        .map(|i| {
            let (sin, cos) = (TAU * (f64::from(i) / 20.0 - 0.25)).sin_cos();
            let y = h * 0.5 + tall * sin;
            let centre = [0.0, y, radius(y) - wall * 0.5 + out * cos];
            circle(centre, [0.0, sin * thick, cos * thick], [thick, 0.0, 0.0], 8)
        })
        .collect();
    solid.loft(&rings, if dice.chance(0.7) { color } else { dice.color() });
}
