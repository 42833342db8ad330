// Over: the softmax of the faces alone, over the background by their silhouette (MATH 5).

struct OverState {
    float nearness;
    float exponent;
    float weight;
    float transmittance;
};

struct OverCotangent {
    float inv_weight;
    float along;
    float ln_not_d;
};

FN SoftmaxState over_state_softmax(const OverState& over_state) {
    return SoftmaxState{over_state.nearness, over_state.exponent, over_state.weight};
}

FN OverState over_state_with(const SoftmaxState& s, float transmittance) {
    return OverState{s.nearness, s.exponent, s.weight, transmittance};
}

FN float over_state_inv_weight(const OverState& over_state) {
    bool some = over_state.weight > 0.0f;
    return real_keep(real_recip(real_select(some, over_state.weight, 1.0f)), some);
}

FN OverState over_identity() { return over_state_with(softmax_state_identity(), 1.0f); }

FN void over_push(const ColorContext& context, OverState& state, Channels& sums, const ColorPair& pair) {
    SoftmaxState s = over_state_softmax(state);
    softmax_state_push(s, context.rate, sums, pair);
    float not_d = real_select(pair.member, pair.p.not_d, 1.0f);
    state = over_state_with(s, state.transmittance * not_d);
}

FN void over_merge(const ColorContext& context, OverState& state, Channels& sums, const OverState& other,
                   const Channels& other_sums) {
    SoftmaxState s = over_state_softmax(state);
    softmax_state_merge(s, context.rate, sums, over_state_softmax(other), other_sums);
    state = over_state_with(s, state.transmittance * other.transmittance);
}

FN void over_finish(const ColorContext& context, OverState& state, Channels& sums, const Channels& background,
                    Channels& color) {
    (void)context;
    float inv_weight = over_state_inv_weight(state);
    float t = state.transmittance;
    float alpha = 1.0f - t;
    for (int c = 0; c < CHANNELS; ++c) {
        sums.c[c] = sums.c[c] * inv_weight;
        color.c[c] = alpha * sums.c[c] + t * background.c[c];
    }
}

struct OverPixel {
    OverState state;
    Channels sums;
    Channels background;
};

FN OverCotangent over_pixel_vjp(const ColorContext& context, const OverPixel& pixel, const Channels& grad,
                                Channels& out_sums, Channels& out_background, float& grad_epsilon) {
    (void)context;
    float t = pixel.state.transmittance;
    float alpha = 1.0f - t;
    float grad_alpha = 0.0f;
    for (int c = 0; c < CHANNELS; ++c) {
        out_sums.c[c] = alpha * grad.c[c];
        out_background.c[c] += t * grad.c[c];
        grad_alpha += grad.c[c] * (pixel.sums.c[c] - pixel.background.c[c]);
    }
    grad_epsilon = 0.0f;
    return OverCotangent{over_state_inv_weight(pixel.state), alpha * dot(grad, pixel.sums), -(t * grad_alpha)};
}

FN ColorPairGrad over_pair_vjp(const ColorContext& context, const OverPixel& pixel, const OverCotangent& cotangent,
                               const Channels& cotangent_sums, const ColorPair& pair, Channels& grad_color) {
    float share = softmax_state_share(over_state_softmax(pixel.state), context.rate, cotangent.inv_weight, pair);
    for (int c = 0; c < CHANNELS; ++c) {
        grad_color.c[c] += share * cotangent_sums.c[c];
    }
    float grad_logit = share * (dot(cotangent_sums, pair.color) - cotangent.along);
    ColorPairGrad grad = logit_vjp(context, pair, pixel.state.nearness, grad_logit);
    grad.p.ln_not_d = real_keep(cotangent.ln_not_d, pair.member);
    return grad;
}
