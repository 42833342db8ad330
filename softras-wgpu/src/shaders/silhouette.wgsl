// The silhouette aggregators A_O (MATH 4).

// Below this transmittance, 2^-25, alpha is exactly 1.
const SATURATED: f32 = 1.0 / 33554432.0;

struct Transmittance {
    transmittance: f32,
}
struct Total {
    total: f32,
}
struct Covered {
    covered: f32,
}

fn probabilistic_or_identity() -> Transmittance {
    return Transmittance(1.0);
}
fn probabilistic_or_push(state: ptr<function, Transmittance>, p: Probability, member: bool, shape: f32) {
    (*state).transmittance = (*state).transmittance * select(1.0, p.not_d, member);
}
fn probabilistic_or_merge(state: ptr<function, Transmittance>, other: Transmittance) {
    (*state).transmittance = (*state).transmittance * other.transmittance;
}
fn probabilistic_or_finish(state: ptr<function, Transmittance>, faces: f32, shape: f32) -> f32 {
    return 1.0 - (*state).transmittance;
}
fn probabilistic_or_saturated(state: Transmittance) -> bool {
    return state.transmittance < SATURATED;
}
fn probabilistic_or_pair_vjp(
    state: Transmittance,
    p: Probability,
    faces: f32,
    shape: f32,
    grad: f32,
) -> ProbabilityGrad {
    return ProbabilityGrad(0.0, 0.0, -(grad * state.transmittance));
}
fn probabilistic_or_shape_vjp(state: Transmittance, p: Probability, faces: f32, shape: f32, grad: f32) -> f32 {
    return 0.0;
}
fn probabilistic_or_load(from_: array<f32, 4>) -> Transmittance {
    return Transmittance(from_[0]);
}
fn probabilistic_or_store(state: Transmittance) -> array<f32, 4> {
    return array<f32, 4>(real_transmittance(state.transmittance), 0.0, 0.0, 0.0);
}

fn sum_identity() -> Total {
    return Total(0.0);
}
fn sum_push(state: ptr<function, Total>, p: Probability, member: bool, shape: f32) {
    (*state).total += real_keep(p.d, member);
}
fn sum_merge(state: ptr<function, Total>, other: Total) {
    (*state).total += other.total;
}
fn sum_finish(state: ptr<function, Total>, faces: f32, shape: f32) -> f32 {
    return (*state).total / max(faces, 1.0);
}
fn sum_saturated(state: Total) -> bool {
    return false;
}
fn sum_pair_vjp(state: Total, p: Probability, faces: f32, shape: f32, grad: f32) -> ProbabilityGrad {
    return ProbabilityGrad(grad / max(faces, 1.0), 0.0, 0.0);
}
fn sum_shape_vjp(state: Total, p: Probability, faces: f32, shape: f32, grad: f32) -> f32 {
    return 0.0;
}
fn sum_load(from_: array<f32, 4>) -> Total {
    return Total(from_[0]);
}
fn sum_store(state: Total) -> array<f32, 4> {
    return array<f32, 4>(state.total, 0.0, 0.0, 0.0);
}

fn hard_silhouette_identity() -> Covered {
    return Covered(0.0);
}
fn hard_silhouette_push(state: ptr<function, Covered>, p: Probability, member: bool, shape: f32) {
    let covers = member && p.d > 0.5;
    (*state).covered = select((*state).covered, 1.0, covers);
}
fn hard_silhouette_merge(state: ptr<function, Covered>, other: Covered) {
    (*state).covered = max((*state).covered, other.covered);
}
fn hard_silhouette_finish(state: ptr<function, Covered>, faces: f32, shape: f32) -> f32 {
    return (*state).covered;
}
fn hard_silhouette_saturated(state: Covered) -> bool {
    return false;
}
fn hard_silhouette_pair_vjp(state: Covered, p: Probability, faces: f32, shape: f32, grad: f32) -> ProbabilityGrad {
    return probability_grad_zero();
}
fn hard_silhouette_shape_vjp(state: Covered, p: Probability, faces: f32, shape: f32, grad: f32) -> f32 {
    return 0.0;
}
fn hard_silhouette_load(from_: array<f32, 4>) -> Covered {
    return Covered(from_[0]);
}
fn hard_silhouette_store(state: Covered) -> array<f32, 4> {
    return array<f32, 4>(state.covered, 0.0, 0.0, 0.0);
}
