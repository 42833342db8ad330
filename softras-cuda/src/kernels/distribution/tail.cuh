// The two sides of a distribution, D and 1 - D, each with the forms that keep its tail.

#ifndef TWIN_OF_TAIL
#define TWIN_OF_TAIL

// The exponent of a probability that is 0, its mantissa 1.
static constexpr float NOTHING = -1e30f;

struct Side {
    float mass;
    float mantissa;
    float exponent;
    float rate;
};
struct Sides {
    Side below;
    Side above;
    float density;
};

FN Side side_of(float mass, float density) {
    auto some = mass > 0.0f;
    auto rate = real_keep(density / (some ? mass : 1.0f), some);
    return Side{mass, (some ? mass : 1.0f), (some ? 0.0f : NOTHING), rate};
}

FN Side side_keep(const Side& side, bool some) {
    if (some) {
        return side;
    }
    return Side{0.0f, 1.0f, NOTHING, 0.0f};
}

FN Sides sides_symmetric(float x, const Side& beyond, float density) {
    auto within = side_of(1.0f - beyond.mass, density);
    if (x > 0.0f) {
        return Sides{within, beyond, density};
    }
    return Sides{beyond, within, density};
}

FN Sides sides_reversed(const Sides& sides) {
    return Sides{sides.above, sides.below, sides.density};
}

FN Probability sides_probability(const Sides& sides) {
    return Probability{sides.below.mass, sides.above.mass, sides.below.mantissa, sides.below.exponent, sides.density, sides.below.rate, sides.above.rate};
}

#endif
