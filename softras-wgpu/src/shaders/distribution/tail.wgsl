// The two sides of a distribution, D and 1 - D, each with the forms that keep its tail.

// The exponent of a probability that is 0, its mantissa 1.
const NOTHING: f32 = -1e30;

struct Side {
    mass: f32,
    mantissa: f32,
    exponent: f32,
    rate: f32,
}
struct Sides {
    below: Side,
    above: Side,
    density: f32,
}

fn side_of(mass: f32, density: f32) -> Side {
    let some = mass > 0.0;
    let rate = real_keep(density / select(1.0, mass, some), some);
    return Side(mass, select(1.0, mass, some), select(NOTHING, 0.0, some), rate);
}

fn side_keep(side: Side, some: bool) -> Side {
    if some {
        return side;
    }
    return Side(0.0, 1.0, NOTHING, 0.0);
}

fn sides_symmetric(x: f32, beyond: Side, density: f32) -> Sides {
    let within = side_of(1.0 - beyond.mass, density);
    if x > 0.0 {
        return Sides(within, beyond, density);
    }
    return Sides(beyond, within, density);
}

fn sides_reversed(sides: Sides) -> Sides {
    return Sides(sides.above, sides.below, sides.density);
}

fn sides_probability(sides: Sides) -> Probability {
    return Probability(
        sides.below.mass,
        sides.above.mass,
        sides.below.mantissa,
        sides.below.exponent,
        sides.density,
        sides.below.rate,
        sides.above.rate,
    );
}
