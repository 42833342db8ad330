//! What drives and flies, its nose towards +z.

use super::Dice;
use super::parts::{Point, Solid, circle};

/// A hull, two wings, a tail, and engines below the wings of some.
pub(super) fn airplane(dice: &mut Dice<'_>, solid: &mut Solid) {
    let (r, length) = (dice.between(0.05, 0.09), dice.between(0.42, 0.5));
    let (white, paint) = ([0.9, 0.9, 0.92].map(|c| c * dice.between(0.8, 1.0)), dice.color());
    let hull = [
        [r * 0.15, -r * 0.1, r * 0.15, length],
        [r * 0.6, -r * 0.05, r * 0.6, length - 0.06],
        [r, 0.0, r, length - 0.16],
        [r, 0.0, r, -length * 0.4],
        [r * 0.7, r * 0.25, r * 0.7, -length * 0.72],
        [r * 0.15, r * 0.6, r * 0.2, -length],
    ];
    solid.hull(&hull, white);
    let (span, sweep, root) = (dice.between(0.32, 0.52), dice.between(0.0, 0.26), dice.between(0.11, 0.2));
    let (tip, at, low) =
        (root * dice.between(0.35, 0.8), dice.between(-0.02, 0.12), dice.between(-0.5, 0.6) * r);
    let rise = dice.between(0.0, 0.06);
    wings(solid, [span, sweep, root, tip], [low, at], rise, paint);
    let (small, back) = (dice.between(0.14, 0.22), -length * 0.82);
    wings(solid, [small, small * 0.4, 0.08, 0.05], [r * 0.5, back], 0.01, paint);
    let (fin, lean) = (dice.between(0.12, 0.2), dice.between(0.04, 0.1));
    let outline: [Point; 4] = [
        [-0.006, r * 0.4, back + 0.07],
        [-0.006, r * 0.4, back - 0.05],
        [-0.006, r * 0.4 + fin, back - 0.05 - lean],
        [-0.006, r * 0.4 + fin, back - lean + 0.01],
    ];
    solid.plate(&outline, [0.012, 0.0, 0.0], paint);
    if dice.chance(0.6) {
        let (x, big) = (span * dice.between(0.3, 0.45), dice.between(0.022, 0.035));
        for side in [-x, x] {
            let z = at - sweep * x / span;
            solid.rod(
                [[side, low - big * 1.1, z + 0.07], [side, low - big * 1.1, z - 0.04]],
                [big, big * 0.7],
                white,
            );
        }
    }
}

/// Two wings: span, sweep, chord at root and tip; height and place; how much they rise.
fn wings(solid: &mut Solid, [span, sweep, root, tip]: [f64; 4], [y, z]: [f64; 2], rise: f64, color: Point) {
    let section = |x: f64, chord: f64, z: f64, y: f64| {
        let thick = chord * 0.05 + 0.004;
        vec![
            [x, y, z + chord * 0.5],
            [x, y + thick, z + chord * 0.1],
            [x, y, z - chord * 0.5],
            [x, y - thick, z + chord * 0.1],
        ]
    };
    let end = |side: f64| section(side * span, tip, z - sweep, y + rise);
    solid.loft(&[end(-1.0), section(0.0, root, z, y), end(1.0)], color);
}

/// A body, a cabin and four wheels; some are vans.
pub(super) fn car(dice: &mut Dice<'_>, solid: &mut Solid) {
    let (w, length) = (dice.between(0.17, 0.24), dice.between(0.42, 0.55));
    let (low, belt) = (dice.between(0.06, 0.12), dice.between(0.24, 0.34));
    let (paint, glass) = (dice.color(), [0.16, 0.2, 0.26]);
    solid.slab([-w, low, -length], [w, belt, length], [0.94, dice.between(0.9, 1.0)], paint);
    let roof = belt + dice.between(0.1, 0.2);
    if dice.chance(0.25) {
        solid.slab(
            [-w * 0.95, belt - 0.01, -length * 0.97],
            [w * 0.95, roof + 0.06, length * 0.7],
            [0.9, 0.92],
            paint,
        );
        solid.slab([-w * 0.8, belt, length * 0.5], [w * 0.8, roof, length * 0.72], [0.9, 0.8], glass);
    } else {
        let (back, front) = (-length * dice.between(0.5, 0.95), length * dice.between(0.25, 0.5));
        let top = [dice.between(0.75, 0.9), dice.between(0.5, 0.75)];
        solid.slab([-w * 0.92, belt - 0.01, back], [w * 0.92, roof, front], top, glass);
        let middle = f64::midpoint(back, front);
        let deep = (front - back) / 2.0 * top[1];
        solid.block(
            [-w * 0.92 * top[0], roof, middle - deep],
            [w * 0.92 * top[0], roof + 0.015, middle + deep],
            paint,
        );
    }
    let (r, axle) = (dice.between(0.08, 0.115), length * dice.between(0.55, 0.68));
    for z in [-axle, axle] {
        for (a, b) in [(-w - 0.012, -w + 0.06), (w - 0.06, w + 0.012)] {
            solid.rod([[a, r, z], [b, r, z]], [r, r], [0.12, 0.12, 0.13]);
        }
    }
}

/// A body, a nose, a nozzle and three or four fins.
pub(super) fn rocket(dice: &mut Dice<'_>, solid: &mut Solid) {
    let (r, h, nose) = (dice.between(0.07, 0.15), dice.between(0.5, 0.8), dice.between(0.15, 0.32));
    let (white, paint) = ([0.92, 0.92, 0.9], dice.color());
    let belly = r * dice.between(1.0, 1.35);
    solid.lathe(&[[r, 0.08], [belly, 0.08 + h * 0.4], [r, 0.08 + h]], [0.0, 0.0], white);
    let tip = |t: f64| [r * (1.0 - t * t).max(0.0004).sqrt(), 0.08 + h + nose * t];
    solid.lathe(&[tip(0.0), tip(0.3), tip(0.6), tip(0.85), tip(1.0)], [0.0, 0.0], paint);
    solid.lathe(&[[r * 0.75, 0.0], [r * 0.45, 0.1]], [0.0, 0.0], [0.25, 0.25, 0.28]);
    let (out, tall, count) =
        (dice.between(0.1, 0.2), dice.between(0.14, 0.3), if dice.chance(0.5) { 3 } else { 4 });
    for at in circle([0.0; 3], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], count) {
        let thick = [at[2] * 0.012, 0.0, -at[0] * 0.012];
        let point = |far: f64, y: f64| [at[0] * far - thick[0], y, at[2] * far - thick[2]];
        let outline = [
            point(r * 0.5, 0.08),
            point(r + out, 0.0),
            point(r + out, tall * 0.4),
            point(r * 0.5, 0.08 + tall),
        ];
        solid.plate(&outline, thick.map(|x| 2.0 * x), paint);
    }
}
