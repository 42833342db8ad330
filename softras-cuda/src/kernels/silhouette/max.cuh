// The largest D: the one t-conorm without a generator.

struct Largest {
    float largest;
    float ties;
};

FN Largest max_identity() {
    return Largest{0.0f, 0.0f};
}
FN void max_merge(Largest& state, const Largest& other) {
    if (other.largest > state.largest) {
        state = other;
    } else if (other.largest == state.largest) {
        state.ties += other.ties;
    }
}
FN void max_push(Largest& state, const Probability& p, bool member, float shape) {
    (void)shape;
    max_merge(state, Largest{real_keep(p.d, member), real_keep(1.0f, member)});
}
FN float max_finish(Largest& state, float faces, float shape) {
    (void)faces;
    (void)shape;
    return state.largest;
}
FN bool max_saturated(const Largest& state) {
    (void)state;
    return false;
}
FN ProbabilityGrad max_pair_vjp(const Largest& state, const Probability& p, float faces, float shape, float grad) {
    (void)faces;
    (void)shape;
    return ProbabilityGrad{real_keep(grad / real_max(state.ties, 1.0f), p.d >= state.largest), 0.0f, 0.0f};
}
FN float max_shape_vjp(const Largest& state, const Probability& p, float faces, float shape, float grad) {
    (void)state;
    (void)p;
    (void)faces;
    (void)shape;
    (void)grad;
    return 0.0f;
}
