// A_S: a softmax over the logits of faces and background (MATH 5).

struct SoftmaxState {
    float nearness;
    float exponent;
    float weight;
};

struct SoftmaxCotangent {
    float inv_weight;
    float along;
};

struct Step {
    bool rises;
    float keep;
    float weight;
};

// `new_nearness` and `new_exponent` are the newcomer's.
FN Step step(float rate, const SoftmaxState& state, float new_nearness, float new_exponent, bool member) {
    float rise = rate * (new_nearness - state.nearness) + (new_exponent - state.exponent);
    bool rises = member && (rise > 0.0f || state.weight <= 0.0f);
    float ratio = exp_f32(-fabsf(rise));
    return Step{rises, real_select(rises, ratio, 1.0f), real_keep(real_select(rises, 1.0f, ratio), member)};
}

FN float dot(const Channels& a, const Channels& b) {
    float sum = 0.0f;
    for (int c = 0; c < CHANNELS; ++c) {
        sum += a.c[c] * b.c[c];
    }
    return sum;
}

FN void softmax_state_push(SoftmaxState& softmax_state, float rate, Channels& sums, const ColorPair& pair) {
    Step s = step(rate, softmax_state, pair.nearness, pair.p.exponent, pair.member);
    float weight = s.weight * real_keep(pair.p.mantissa, pair.member);
    for (int c = 0; c < CHANNELS; ++c) {
        sums.c[c] = sums.c[c] * s.keep + weight * pair.color.c[c];
    }
    softmax_state.weight = softmax_state.weight * s.keep + weight;
    softmax_state.nearness = real_select(s.rises, pair.nearness, softmax_state.nearness);
    softmax_state.exponent = real_select(s.rises, pair.p.exponent, softmax_state.exponent);
}

FN void softmax_state_merge(SoftmaxState& softmax_state, float rate, Channels& sums, const SoftmaxState& other,
                            const Channels& other_sums) {
    Step s = step(rate, softmax_state, other.nearness, other.exponent, other.weight > 0.0f);
    for (int c = 0; c < CHANNELS; ++c) {
        sums.c[c] = sums.c[c] * s.keep + s.weight * other_sums.c[c];
    }
    softmax_state.weight = softmax_state.weight * s.keep + s.weight * other.weight;
    softmax_state.nearness = real_select(s.rises, other.nearness, softmax_state.nearness);
    softmax_state.exponent = real_select(s.rises, other.exponent, softmax_state.exponent);
}

FN SoftmaxState softmax_state_identity() { return SoftmaxState{0.0f, 0.0f, 0.0f}; }

FN float softmax_state_share(const SoftmaxState& softmax_state, float rate, float inv_weight, const ColorPair& pair) {
    float logit = rate * (pair.nearness - softmax_state.nearness) + (pair.p.exponent - softmax_state.exponent);
    return real_keep(pair.p.mantissa * exp_f32(logit) * inv_weight, pair.member);
}

FN ColorPairGrad logit_vjp(const ColorContext& context, const ColorPair& pair, float from, float grad) {
    float above = context.rate * (pair.nearness - from);
    return ColorPairGrad{ProbabilityGrad{0.0f, grad, 0.0f}, grad * context.rate, -(grad * above * context.inv_gamma)};
}

FN SoftmaxState softmax_identity() { return softmax_state_identity(); }

FN void softmax_push(const ColorContext& context, SoftmaxState& state, Channels& sums, const ColorPair& pair) {
    softmax_state_push(state, context.rate, sums, pair);
}

FN void softmax_merge(const ColorContext& context, SoftmaxState& state, Channels& sums, const SoftmaxState& other,
                      const Channels& other_sums) {
    softmax_state_merge(state, context.rate, sums, other, other_sums);
}

FN void softmax_finish(const ColorContext& context, SoftmaxState& state, Channels& sums, const Channels& background,
                       Channels& color) {
    SoftmaxState last{context.background_nearness, 0.0f, 1.0f};
    softmax_state_merge(state, context.rate, sums, last, background);
    float inv_weight = real_recip(state.weight);
    for (int c = 0; c < CHANNELS; ++c) {
        sums.c[c] = sums.c[c] * inv_weight;
        color.c[c] = sums.c[c];
    }
}

struct SoftmaxPixel {
    SoftmaxState state;
    Channels sums;
    Channels background;
};

FN SoftmaxCotangent softmax_pixel_vjp(const ColorContext& context, const SoftmaxPixel& pixel, const Channels& grad,
                                      Channels& out_sums, Channels& out_background, float& grad_epsilon) {
    const SoftmaxState& state = pixel.state;
    float inv_weight = real_recip(state.weight);
    float logit = context.rate * (context.background_nearness - state.nearness) - state.exponent;
    float share = exp_f32(logit) * inv_weight;
    float along = dot(grad, pixel.sums);
    for (int c = 0; c < CHANNELS; ++c) {
        out_sums.c[c] = grad.c[c];
        out_background.c[c] += share * grad.c[c];
    }
    float grad_logit = share * (dot(grad, pixel.background) - along);
    grad_epsilon = grad_logit * context.inv_gamma;
    return SoftmaxCotangent{inv_weight, along};
}

FN ColorPairGrad softmax_pair_vjp(const ColorContext& context, const SoftmaxPixel& pixel,
                                  const SoftmaxCotangent& cotangent, const Channels& cotangent_sums,
                                  const ColorPair& pair, Channels& grad_color) {
    float share = softmax_state_share(pixel.state, context.rate, cotangent.inv_weight, pair);
    for (int c = 0; c < CHANNELS; ++c) {
        grad_color.c[c] += share * cotangent_sums.c[c];
    }
    float grad = share * (dot(cotangent_sums, pair.color) - cotangent.along);
    return logit_vjp(context, pair, context.background_nearness, grad);
}
