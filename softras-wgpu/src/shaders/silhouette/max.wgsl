// The largest D: the one t-conorm without a generator.

struct Largest {
    largest: f32,
    ties: f32,
}

fn max_identity() -> Largest {
    return Largest(0.0, 0.0);
}
fn max_push(state: ptr<function, Largest>, p: Probability, member: bool, shape: f32) {
    max_merge(state, Largest(real_keep(p.d, member), real_keep(1.0, member)));
}
fn max_merge(state: ptr<function, Largest>, other: Largest) {
    if other.largest > (*state).largest {
        *state = other;
    } else if other.largest == (*state).largest {
        (*state).ties += other.ties;
    }
}
fn max_finish(state: ptr<function, Largest>, faces: f32, shape: f32) -> f32 {
    return (*state).largest;
}
fn max_saturated(state: Largest) -> bool {
    return false;
}
fn max_pair_vjp(state: Largest, p: Probability, faces: f32, shape: f32, grad: f32) -> ProbabilityGrad {
    return ProbabilityGrad(real_keep(grad / max(state.ties, 1.0), p.d >= state.largest), 0.0, 0.0);
}
fn max_shape_vjp(state: Largest, p: Probability, faces: f32, shape: f32, grad: f32) -> f32 {
    return 0.0;
}
fn max_load(from_: array<f32, 4>) -> Largest {
    return Largest(from_[0], from_[1]);
}
fn max_store(state: Largest) -> array<f32, 4> {
    return array<f32, 4>(state.largest, state.ties, 0.0, 0.0);
}
