// The distributions that are not symmetric, and their reverses `1 - F(-x)`. A module has the section, from one line
// `// == name` to the next, of the one that it is built for, and all before the first.

FN Sides gumbel(float x) {
    auto w = exp_f32(-real_max(x, -80.0f));
    auto kept = exp_f32(-w);
    auto ratio = expm1_ratio(-w);
    auto above = Side{w * ratio, (x > 0.0f ? ratio : w * ratio), -real_max(x, 0.0f), kept / ratio};
    return Sides{Side{kept, 1.0f, -w, w}, above, w * kept};
}

FN Sides exponential(float x) {
    auto inside = x > 0.0f;
    auto held = real_max(x, 1e-30f);
    auto left = exp_f32(-held);
    auto mass = real_keep(real_min(held * expm1_ratio(-held), 1.0f), inside);
    auto density = real_keep(left, inside);
    auto above = Side{(inside ? left : 1.0f), 1.0f, -real_max(x, 0.0f), real_keep(1.0f, inside)};
    return Sides{side_of(mass, density), above, density};
}

FN Sides levy(float x) {
    auto inside = x > 0.0f;
    auto t_sq = 0.5f / real_max(x, 1e-12f);
    auto t = sqrtf(t_sq);
    auto bell = exp_f32(-t_sq);
    auto mantissa = erfcx_f32(t);
    auto cubed = 1.12837916709551f * t * t_sq;
    auto density = real_keep(cubed * bell, inside);
    auto below = Side{mantissa * bell, mantissa, -t_sq, cubed / mantissa};
    auto left = (t_sq < 1.0f ? t * erf_ratio(real_min(t_sq, 1.0f)) : 1.0f - below.mass);
    return Sides{side_keep(below, inside), side_of((inside ? left : 1.0f), density), density};
}

struct GammaAt {
    Sides sides;
    float slope;
    float below;
    float above;
};

struct ValueAndSlope {
    float value;
    float slope;
};

// Terms of the series of P, for x up to the larger of p and 1.
static constexpr u32 GAMMA_SERIES = 22u;
// Steps of the continued fraction of 1 - P, for x from there up.
static constexpr u32 GAMMA_FRACTION = 28u;

FN ValueAndSlope gamma_series(float x, float p) {
    auto term = 1.0f;
    auto slope = 0.0f;
    auto sum = 1.0f;
    auto sum_slope = 0.0f;
    for (auto n = 1u; n <= GAMMA_SERIES; n++) {
        auto inverse = real_recip(p + float(n));
        slope = (slope - term * inverse) * (x * inverse);
        term = term * (x * inverse);
        sum += term;
        sum_slope += slope;
    }
    return ValueAndSlope{sum, sum_slope};
}

FN ValueAndSlope gamma_fraction(float x, float p) {
    auto value = x + float(2u * GAMMA_FRACTION + 1u) - p;
    auto slope = -1.0f;
    for (auto n = GAMMA_FRACTION; n > 0u; n--) {
        auto k = float(n);
        auto inverse = real_recip(value);
        auto step_ = k * (k - p) * inverse;
        slope = (k + step_ * slope) * inverse - 1.0f;
        value = x + k + k - 1.0f - p - step_;
    }
    return ValueAndSlope{value, slope};
}

FN GammaAt gamma_at(float x, float p) {
    auto outside = Side{1.0f, 1.0f, 0.0f, 0.0f};
    if (!(x > 0.0f)) {
        return GammaAt{Sides{Side{0.0f, 1.0f, NOTHING, 0.0f}, outside, 0.0f}, 0.0f, 0.0f, 0.0f};
    }
    auto held = real_max(x, 1e-30f);
    auto of_p = reciprocal_gamma(p);
    auto logarithm = ln_f32(held);
    auto border = real_max(p, 1.0f);
    auto exponent = p * logarithm - held;
    auto power = exp_f32(exponent);
    auto density = power * p * of_p.reciprocal / held;
    if (held < border) {
        auto sum = gamma_series(held, p);
        auto mass = power * of_p.reciprocal * sum.value;
        auto near = Side{mass, mass, 0.0f, p / (held * sum.value)};
        if (logarithm < 0.0f) {
            near.mantissa = of_p.reciprocal * sum.value * exp_f32(-held);
            near.exponent = p * logarithm;
        }
        auto near_slope = logarithm - of_p.digamma + sum.slope / sum.value;
        auto above = side_of(1.0f - mass, density);
        auto slope = mass * near_slope;
        return GammaAt{Sides{near, above, density}, slope, near_slope, slope / (above.mass > 0.0f ? above.mass : 1.0f)};
    }
    auto tail = gamma_fraction(held, p);
    auto mass = power * p * of_p.reciprocal / tail.value;
    auto sinks = exponent < 0.0f;
    auto mantissa = (sinks ? p * of_p.reciprocal / tail.value : mass);
    auto far = Side{mass, mantissa, real_min(exponent, 0.0f), tail.value / held};
    auto far_slope = logarithm - of_p.digamma + real_recip(p) - tail.slope / tail.value;
    auto below = side_of(1.0f - mass, density);
    auto slope = -(mass * far_slope);
    return GammaAt{Sides{below, far, density}, slope, slope / (below.mass > 0.0f ? below.mass : 1.0f), -far_slope};
}

// == gumbel-max
FN Probability gumbel_max_probability(float x, float shape) {
    (void)shape;
    return sides_probability(gumbel(x));
}

// == gumbel-min
FN Probability gumbel_min_probability(float x, float shape) {
    (void)shape;
    return sides_probability(sides_reversed(gumbel(-x)));
}

// == exponential
FN Probability exponential_probability(float x, float shape) {
    (void)shape;
    return sides_probability(exponential(x));
}

// == exponential-reversed
FN Probability exponential_reversed_probability(float x, float shape) {
    (void)shape;
    return sides_probability(sides_reversed(exponential(-x)));
}

// == gamma
FN Probability gamma_probability(float x, float shape) {
    return sides_probability(gamma_at(x, shape).sides);
}
FN float gamma_shape_vjp(float x, float shape, const ProbabilityGrad& grad) {
    auto own = gamma_at(x, shape);
    return grad.d * own.slope + grad.ln_d * own.below - grad.ln_not_d * own.above;
}

// == gamma-reversed
FN Probability gamma_reversed_probability(float x, float shape) {
    return sides_probability(sides_reversed(gamma_at(-x, shape).sides));
}
FN float gamma_reversed_shape_vjp(float x, float shape, const ProbabilityGrad& grad) {
    auto own = gamma_at(-x, shape);
    return grad.ln_not_d * own.below - grad.d * own.slope - grad.ln_d * own.above;
}

// == levy
FN Probability levy_probability(float x, float shape) {
    (void)shape;
    return sides_probability(levy(x));
}

// == levy-reversed
FN Probability levy_reversed_probability(float x, float shape) {
    (void)shape;
    return sides_probability(sides_reversed(levy(-x)));
}
