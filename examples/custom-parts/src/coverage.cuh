struct CustomSilhouetteState {
    float sum;
};
FN CustomSilhouetteState custom_silhouette_identity() { return CustomSilhouetteState{0.0f}; }
FN void custom_silhouette_push(CustomSilhouetteState& state, const Probability& p, bool member, float shape) {
    (void)shape;
    state.sum += real_keep(p.d, member);
}
FN float custom_silhouette_finish(CustomSilhouetteState& state, float faces, float shape) {
    (void)faces;
    (void)shape;
    state.sum = exp_f32(-state.sum);
    return 1.0f - state.sum;
}
FN bool custom_silhouette_saturated(const CustomSilhouetteState& state) {
    (void)state;
    return false;
}
FN ProbabilityGrad custom_silhouette_pair_vjp(const CustomSilhouetteState& state, const Probability& p, float faces,
                                              float shape, float grad) {
    (void)p;
    (void)faces;
    (void)shape;
    return ProbabilityGrad{grad * state.sum, 0.0f, 0.0f};
}
FN float custom_silhouette_shape_vjp(const CustomSilhouetteState& state, const Probability& p, float faces,
                                     float shape, float grad) {
    (void)state;
    (void)p;
    (void)faces;
    (void)shape;
    (void)grad;
    return 0.0f;
}
