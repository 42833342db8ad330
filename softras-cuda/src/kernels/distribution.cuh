// The probability map D = F(s / sigma) of a face at a pixel (MATH 3).

struct Probability {
    float d;
    float not_d;
    float mantissa;
    float exponent;
    float density;
    float score;
    float hazard;
};

struct ProbabilityGrad {
    float d;
    float ln_d;
    float ln_not_d;
};

FN Probability probability_certain() { return Probability{1.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f}; }

FN float probability_vjp(const Probability& probability, const ProbabilityGrad& grad) {
    return grad.d * probability.density + grad.ln_d * probability.score - grad.ln_not_d * probability.hazard;
}

FN ProbabilityGrad probability_grad_zero() { return ProbabilityGrad{0.0f, 0.0f, 0.0f}; }

FN ProbabilityGrad probability_grad_plus(const ProbabilityGrad& probability_grad, const ProbabilityGrad& other) {
    return ProbabilityGrad{probability_grad.d + other.d, probability_grad.ln_d + other.ln_d,
                           probability_grad.ln_not_d + other.ln_not_d};
}

FN Probability logistic_probability(float x) {
    float tail = exp_f32(-fabsf(x));
    float large = real_recip(1.0f + tail);
    float small = tail * large;
    bool positive = x > 0.0f;
    float d = real_select(positive, large, small);
    float not_d = real_select(positive, small, large);
    return Probability{d, not_d, large, real_min(x, 0.0f), d * not_d, not_d, d};
}

#ifdef CUSTOM_DISTRIBUTION
// A distribution of the user's own, whose text follows.
FN Probability custom_distribution_probability(float x, float shape);
FN float custom_distribution_shape_vjp(float x, float shape, const ProbabilityGrad& grad);
#endif

// The distribution that the setting names: a uniform branch.
FN Probability distribution_probability(u32 distribution, float x, float shape) {
#ifdef CUSTOM_DISTRIBUTION
    if (distribution == DISTRIBUTION_CUSTOM) {
        return custom_distribution_probability(x, shape);
    }
#endif
    (void)distribution;
    (void)shape;
    return logistic_probability(x);
}

FN float distribution_shape_vjp(u32 distribution, float x, float shape, const ProbabilityGrad& grad) {
#ifdef CUSTOM_DISTRIBUTION
    if (distribution == DISTRIBUTION_CUSTOM) {
        return custom_distribution_shape_vjp(x, shape, grad);
    }
#endif
    (void)distribution;
    (void)x;
    (void)shape;
    (void)grad;
    return 0.0f;
}

struct Window {
    float t;
    float window;
};

FN Window window(float x, float cut) {
    float t = real_clamp(10.0f * (1.0f + x / cut), 0.0f, 1.0f);
    return Window{t, t * t * (3.0f - 2.0f * t)};
}

FN Probability smooth_window(const Probability& p, float x, float cut) {
    Window w = window(x, cut);
    bool moves = w.t > 0.0f && w.t < 1.0f;
    float slope = real_keep(6.0f * w.t * (1.0f - w.t) * 10.0f / cut, moves);
    float held = real_max(w.window, 1e-30f);
    float d = p.d * w.window;
    float not_d = p.not_d + p.d * (1.0f - w.window);
    float density = p.density * w.window + p.d * slope;
    return Probability{d,
                       not_d,
                       p.mantissa * w.window,
                       p.exponent,
                       density,
                       p.score + slope / held,
                       real_select(moves, density / real_max(not_d, 1e-30f), p.hazard)};
}

FN ProbabilityGrad smooth_window_vjp(const Probability& p, float x, float cut, const ProbabilityGrad& grad) {
    float w = window(x, cut).window;
    float not_d = p.not_d + p.d * (1.0f - w);
    return ProbabilityGrad{grad.d * w, grad.ln_d, grad.ln_not_d * w * p.not_d / real_max(not_d, 1e-30f)};
}
