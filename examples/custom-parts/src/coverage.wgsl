struct CustomSilhouetteState {
    sum: f32,
}
fn custom_silhouette_identity() -> CustomSilhouetteState {
    return CustomSilhouetteState(0.0);
}
fn custom_silhouette_push(state: ptr<function, CustomSilhouetteState>, p: Probability, member: bool, shape: f32) {
    (*state).sum += real_keep(p.d, member);
}
fn custom_silhouette_merge(state: ptr<function, CustomSilhouetteState>, other: CustomSilhouetteState) {
    (*state).sum += other.sum;
}
fn custom_silhouette_finish(state: ptr<function, CustomSilhouetteState>, faces: f32, shape: f32) -> f32 {
    (*state).sum = exp_f32(-(*state).sum);
    return 1.0 - (*state).sum;
}
fn custom_silhouette_saturated(state: CustomSilhouetteState) -> bool {
    return false;
}
fn custom_silhouette_pair_vjp(
    state: CustomSilhouetteState,
    p: Probability,
    faces: f32,
    shape: f32,
    grad: f32,
) -> ProbabilityGrad {
    return ProbabilityGrad(grad * state.sum, 0.0, 0.0);
}
fn custom_silhouette_shape_vjp(state: CustomSilhouetteState, p: Probability, faces: f32, shape: f32, grad: f32) -> f32 {
    return 0.0;
}
fn custom_silhouette_load(from_: array<f32, 4>) -> CustomSilhouetteState {
    return CustomSilhouetteState(from_[0]);
}
fn custom_silhouette_store(state: CustomSilhouetteState) -> array<f32, 4> {
    return array<f32, 4>(state.sum, 0.0, 0.0, 0.0);
}
