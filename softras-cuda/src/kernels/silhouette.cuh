// The silhouette aggregators A_O (MATH 4).

// Below this transmittance, 2^-25, alpha is exactly 1.
#define SATURATED (1.0f / 33554432.0f)

struct Transmittance {
    float transmittance;
};
struct Total {
    float total;
};
struct Covered {
    float covered;
};

FN Transmittance probabilistic_or_identity() { return Transmittance{1.0f}; }
FN void probabilistic_or_push(Transmittance& state, const Probability& p, bool member, float shape) {
    (void)shape;
    state.transmittance = state.transmittance * real_select(member, p.not_d, 1.0f);
}
FN void probabilistic_or_merge(Transmittance& state, const Transmittance& other) {
    state.transmittance = state.transmittance * other.transmittance;
}
FN float probabilistic_or_finish(Transmittance& state, float faces, float shape) {
    (void)faces;
    (void)shape;
    return 1.0f - state.transmittance;
}
FN bool probabilistic_or_saturated(const Transmittance& state) { return state.transmittance < SATURATED; }
FN ProbabilityGrad probabilistic_or_pair_vjp(const Transmittance& state, const Probability& p, float faces, float shape,
                                             float grad) {
    (void)p;
    (void)faces;
    (void)shape;
    return ProbabilityGrad{0.0f, 0.0f, -(grad * state.transmittance)};
}

FN Total sum_identity() { return Total{0.0f}; }
FN void sum_push(Total& state, const Probability& p, bool member, float shape) {
    (void)shape;
    state.total += real_keep(p.d, member);
}
FN void sum_merge(Total& state, const Total& other) { state.total += other.total; }
FN float sum_finish(Total& state, float faces, float shape) {
    (void)shape;
    return state.total / real_max(faces, 1.0f);
}
FN bool sum_saturated(const Total& state) {
    (void)state;
    return false;
}
FN ProbabilityGrad sum_pair_vjp(const Total& state, const Probability& p, float faces, float shape, float grad) {
    (void)state;
    (void)p;
    (void)shape;
    return ProbabilityGrad{grad / real_max(faces, 1.0f), 0.0f, 0.0f};
}

FN Covered hard_silhouette_identity() { return Covered{0.0f}; }
FN void hard_silhouette_push(Covered& state, const Probability& p, bool member, float shape) {
    (void)shape;
    bool covers = member && p.d > 0.5f;
    state.covered = real_select(covers, 1.0f, state.covered);
}
FN void hard_silhouette_merge(Covered& state, const Covered& other) {
    state.covered = real_max(state.covered, other.covered);
}
FN float hard_silhouette_finish(Covered& state, float faces, float shape) {
    (void)faces;
    (void)shape;
    return state.covered;
}
FN bool hard_silhouette_saturated(const Covered& state) {
    (void)state;
    return false;
}
FN ProbabilityGrad hard_silhouette_pair_vjp(const Covered& state, const Probability& p, float faces, float shape,
                                            float grad) {
    (void)state;
    (void)p;
    (void)faces;
    (void)shape;
    (void)grad;
    return probability_grad_zero();
}

// The same function of the aggregator that this module is compiled for.
#define PASTE_NAMES(a, b) a##b
#define PASTE(a, b) PASTE_NAMES(a, b)
#define SILHOUETTE(name) PASTE(SILHOUETTE_PREFIX, name)
#define SILHOUETTE_PLANES (sizeof(SilhouetteState) / sizeof(float))
