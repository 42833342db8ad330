// Silhouettes by t-conorms (MATH 4). A module has the section, from one line `// == name` to the next, of the generator
// that it is built for: its functions `GENERATOR_term` and so on, and whether its terms are multiplied or added; then the last.

struct Folded {
    float folded;
};

// `ln x`, of a number that may be 0.
FN float ln_held(float x) {
    return ln_f32(real_max(x, LEAST));
}

FN float ln_d(const Probability& p) {
    return real_min(ln_held(p.mantissa) + p.exponent, 0.0f);
}

struct Depth {
    float depth;
    bool free;
};

FN Depth depth(const Probability& p, float most) {
    auto own = 0.0f;
    if (p.d < 0.5f) {
        own = p.d * ln1p_ratio(-p.d);
    } else {
        own = -ln_held(p.not_d);
    }
    return Depth{real_min(own, most), own < most};
}

FN ProbabilityGrad to_ln_not_d(float slope) {
    return ProbabilityGrad{0.0f, 0.0f, slope};
}

FN float share_of_product(float term, float product) {
    auto all = ln_held(product);
    if (all < 0.0f) {
        return ln_held(term) / all;
    }
    return 0.0f;
}

FN float root_of_sum(float sum, float shape) {
    return real_keep(exp_f32(ln_held(sum) / shape), sum > LEAST);
}

FN float share_of_sum(float term, float sum) {
    return term / real_max(sum, LEAST);
}

// A power of a term, what it is of, and whether it moves with D.
struct Power {
    float own;
    float power;
    bool free;
};

// == einstein
static constexpr bool FOLDS_BY_PRODUCT = true;
FN float einstein_term(const Probability& p, float shape) {
    (void)shape;
    return p.not_d / (1.0f + p.d);
}
FN float einstein_alpha(float product, float shape) {
    (void)shape;
    return (1.0f - product) / (1.0f + product);
}
FN ProbabilityGrad einstein_term_vjp(float product, const Probability& p, float shape) {
    (void)shape;
    return to_ln_not_d(-(4.0f * product) / (real_sq(1.0f + product) * (1.0f + p.d)));
}
FN float einstein_shape_slope(float product, const Probability& p, float shape) {
    (void)product;
    (void)p;
    (void)shape;
    return 0.0f;
}

// == hamacher
static constexpr bool FOLDS_BY_PRODUCT = true;
FN float hamacher_term(const Probability& p, float shape) {
    return p.not_d / (shape + (1.0f - shape) * p.not_d);
}
FN float hamacher_alpha(float product, float shape) {
    return (1.0f - product) / (1.0f - (1.0f - shape) * product);
}
FN ProbabilityGrad hamacher_term_vjp(float product, const Probability& p, float shape) {
    auto rest = 1.0f - shape;
    auto inverse = shape / (1.0f - rest * product);
    return to_ln_not_d(-(product * inverse * inverse) / (shape + rest * p.not_d));
}
FN float hamacher_shape_slope(float product, const Probability& p, float shape) {
    auto below = shape + (1.0f - shape) * p.not_d;
    auto inverse = real_recip(1.0f - (1.0f - shape) * product);
    auto direct = (1.0f - product) * share_of_product(p.not_d / below, product);
    return product * inverse * inverse * (shape * p.d / below - direct);
}

// == frank
static constexpr bool FOLDS_BY_PRODUCT = true;
struct Left {
    float left;
    float below;
};
FN Left frank_left(float product, float lambda) {
    auto scaled = product * expm1_ratio(lambda);
    auto grown = scaled * lambda;
    return Left{scaled * ln1p_ratio(grown), 1.0f + grown};
}
FN float frank_bend(float n, float lambda) {
    return n * growth_ratio(lambda * n) - growth_ratio(lambda);
}
FN float frank_term(const Probability& p, float shape) {
    auto lambda = ln_f32(shape);
    return p.not_d * expm1_ratio(lambda * p.not_d) / expm1_ratio(lambda);
}
FN float frank_alpha(float product, float shape) {
    auto lambda = ln_f32(shape);
    auto shrunk = (1.0f - product) * expm1_ratio(-lambda);
    return real_min(shrunk * ln1p_ratio(-(shrunk * lambda)), 1.0f);
}
FN ProbabilityGrad frank_term_vjp(float product, const Probability& p, float shape) {
    auto lambda = ln_f32(shape);
    auto left = frank_left(product, lambda);
    auto own = exp_f32(lambda * p.not_d) / expm1_ratio(lambda * p.not_d);
    return to_ln_not_d(-(product * expm1_ratio(lambda) / left.below) * own);
}
FN float frank_shape_slope(float product, const Probability& p, float shape) {
    auto lambda = ln_f32(shape);
    auto left = frank_left(product, lambda).left;
    auto steep = expm1_ratio(lambda * left) / exp_f32(lambda * left);
    auto share = share_of_product(frank_term(p, shape), product);
    return -(left * steep / shape) * (frank_bend(p.not_d, lambda) - share * frank_bend(left, lambda));
}

// == yager
static constexpr bool FOLDS_BY_PRODUCT = false;
FN float yager_term(const Probability& p, float shape) {
    return exp_f32(shape * ln_d(p));
}
FN float yager_alpha(float sum, float shape) {
    return root_of_sum(real_min(sum, 1.0f), shape);
}
FN ProbabilityGrad yager_term_vjp(float sum, const Probability& p, float shape) {
    auto share = share_of_sum(yager_term(p, shape), sum);
    return ProbabilityGrad{0.0f, real_keep(yager_alpha(sum, shape) * share, sum < 1.0f), 0.0f};
}
FN float yager_shape_slope(float sum, const Probability& p, float shape) {
    auto share = share_of_sum(yager_term(p, shape), sum);
    auto above = real_max(ln_d(p), -100.0f) - ln_held(sum) / shape;
    return real_keep(yager_alpha(sum, shape) * share * above / shape, sum < 1.0f);
}

// == aczel-alsina
static constexpr bool FOLDS_BY_PRODUCT = false;
static constexpr float DEEPEST = 69.0f;
static constexpr float SHALLOWEST = 1e-30f;
FN Power aczel_alsina_power(const Probability& p, float shape) {
    auto own = depth(p, DEEPEST);
    auto held = real_max(own.depth, SHALLOWEST);
    return Power{held, real_keep(exp_f32(shape * ln_f32(held)), own.depth > SHALLOWEST), own.free};
}
FN float aczel_alsina_term(const Probability& p, float shape) {
    return aczel_alsina_power(p, shape).power;
}
FN float aczel_alsina_alpha(float sum, float shape) {
    auto whole = root_of_sum(sum, shape);
    return whole * expm1_ratio(-whole);
}
FN ProbabilityGrad aczel_alsina_term_vjp(float sum, const Probability& p, float shape) {
    auto power = aczel_alsina_power(p, shape);
    auto whole = root_of_sum(sum, shape);
    auto share = share_of_sum(power.power, sum);
    return to_ln_not_d(-real_keep(exp_f32(-whole) * share * (whole / power.own), power.free));
}
FN float aczel_alsina_shape_slope(float sum, const Probability& p, float shape) {
    auto power = aczel_alsina_power(p, shape);
    auto whole = root_of_sum(sum, shape);
    auto share = share_of_sum(power.power, sum);
    return exp_f32(-whole) * whole * share * (ln_f32(power.own) - ln_held(sum) / shape) / shape;
}

// == dombi
static constexpr bool FOLDS_BY_PRODUCT = false;
static constexpr float LONGEST_ODDS = 18.0f;
FN Power dombi_power(const Probability& p, float shape) {
    auto odds = ln_d(p) - ln_held(p.not_d);
    auto held = real_max(real_min(odds, LONGEST_ODDS), -100.0f);
    return Power{held, exp_f32(shape * held), odds < LONGEST_ODDS};
}
FN float dombi_slope(float sum, float power, float shape) {
    auto whole = root_of_sum(sum, shape);
    auto left = real_recip(1.0f + whole);
    return whole * left * left * share_of_sum(power, sum);
}
FN float dombi_term(const Probability& p, float shape) {
    return dombi_power(p, shape).power;
}
FN float dombi_alpha(float sum, float shape) {
    auto whole = root_of_sum(sum, shape);
    return whole / (1.0f + whole);
}
FN ProbabilityGrad dombi_term_vjp(float sum, const Probability& p, float shape) {
    auto power = dombi_power(p, shape);
    auto slope = real_keep(dombi_slope(sum, power.power, shape), power.free);
    return ProbabilityGrad{0.0f, slope, -slope};
}
FN float dombi_shape_slope(float sum, const Probability& p, float shape) {
    auto power = dombi_power(p, shape);
    return dombi_slope(sum, power.power, shape) * (power.own - ln_held(sum) / shape) / shape;
}

// == schweizer-sklar
static constexpr bool FOLDS_BY_PRODUCT = false;
static constexpr float DEEPEST_POWER = 36.0f;
struct Open {
    float left;
    bool open;
};
FN Open schweizer_sklar_left(float sum, float shape) {
    auto left = 1.0f - shape * sum;
    return Open{real_max(left, 1e-30f), left > 0.0f};
}
FN float schweizer_sklar_term(const Probability& p, float shape) {
    auto own = depth(p, DEEPEST_POWER).depth;
    return own * expm1_ratio(-(shape * own));
}
FN float schweizer_sklar_alpha(float sum, float shape) {
    if (!schweizer_sklar_left(sum, shape).open) {
        return 1.0f;
    }
    auto whole = sum * ln1p_ratio(-(shape * sum));
    return whole * expm1_ratio(-whole);
}
FN ProbabilityGrad schweizer_sklar_term_vjp(float sum, const Probability& p, float shape) {
    auto own = depth(p, DEEPEST_POWER);
    auto left = schweizer_sklar_left(sum, shape);
    auto rest = 1.0f - schweizer_sklar_alpha(sum, shape);
    auto slope = rest * (exp_f32(-(shape * own.depth)) / left.left);
    return to_ln_not_d(-real_keep(slope, own.free && left.open));
}
FN float schweizer_sklar_shape_slope(float sum, const Probability& p, float shape) {
    auto own = depth(p, DEEPEST_POWER).depth;
    auto left = schweizer_sklar_left(sum, shape);
    if (!left.open || !(sum > 0.0f)) {
        return 0.0f;
    }
    auto rest = 1.0f - schweizer_sklar_alpha(sum, shape);
    auto share = schweizer_sklar_term(p, shape) / sum;
    auto by_power = own * (own * expm1_ratio_slope(-(shape * own)) / left.left);
    return -(rest * (share * ln1p_ratio_slope(shape, sum) + by_power));
}

// == fold
FN Folded t_conorm_identity() {
    return Folded{(FOLDS_BY_PRODUCT ? 1.0f : 0.0f)};
}
FN void t_conorm_merge(Folded& state, const Folded& other) {
    if (FOLDS_BY_PRODUCT) {
        state.folded = state.folded * other.folded;
    } else {
        state.folded += other.folded;
    }
}
FN void t_conorm_push(Folded& state, const Probability& p, bool member, float shape) {
    if (member) {
        t_conorm_merge(state, Folded{GENERATOR_term(p, shape)});
    }
}
FN float t_conorm_finish(Folded& state, float faces, float shape) {
    (void)faces;
    return GENERATOR_alpha(state.folded, shape);
}
FN bool t_conorm_saturated(const Folded& state) {
    (void)state;
    return false;
}
FN ProbabilityGrad t_conorm_pair_vjp(const Folded& state, const Probability& p, float faces, float shape, float grad) {
    (void)faces;
    auto own = GENERATOR_term_vjp(state.folded, p, shape);
    return ProbabilityGrad{grad * own.d, grad * own.ln_d, grad * own.ln_not_d};
}
FN float t_conorm_shape_vjp(const Folded& state, const Probability& p, float faces, float shape, float grad) {
    (void)faces;
    return grad * GENERATOR_shape_slope(state.folded, p, shape);
}
