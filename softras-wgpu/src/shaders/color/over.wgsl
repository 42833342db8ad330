// Over: the softmax of the faces alone, over the background by their silhouette (MATH 5).

struct OverState {
    nearness: f32,
    exponent: f32,
    weight: f32,
    transmittance: f32,
}

struct OverCotangent {
    inv_weight: f32,
    along: f32,
    ln_not_d: f32,
}

fn over_state_softmax(over_state: OverState) -> SoftmaxState {
    return SoftmaxState(over_state.nearness, over_state.exponent, over_state.weight);
}

fn over_state_with(s: SoftmaxState, transmittance: f32) -> OverState {
    return OverState(s.nearness, s.exponent, s.weight, transmittance);
}

fn over_state_inv_weight(over_state: OverState) -> f32 {
    let some = over_state.weight > 0.0;
    return real_keep(real_recip(select(1.0, over_state.weight, some)), some);
}

fn over_identity() -> OverState {
    return over_state_with(softmax_state_identity(), 1.0);
}

fn over_push(
    context: ColorContext,
    state: ptr<function, OverState>,
    sums: ptr<function, Channels>,
    pair: ColorPair,
) {
    var s = over_state_softmax(*state);
    softmax_state_push(&s, context.rate, sums, pair);
    let not_d = select(1.0, pair.p.not_d, pair.member);
    *state = over_state_with(s, (*state).transmittance * not_d);
}

fn over_merge(
    context: ColorContext,
    state: ptr<function, OverState>,
    sums: ptr<function, Channels>,
    other: OverState,
    other_sums: Channels,
) {
    var s = over_state_softmax(*state);
    softmax_state_merge(&s, context.rate, sums, over_state_softmax(other), other_sums);
    *state = over_state_with(s, (*state).transmittance * other.transmittance);
}

fn over_finish(
    context: ColorContext,
    state: ptr<function, OverState>,
    sums: ptr<function, Channels>,
    background: Channels,
    color: ptr<function, Channels>,
) {
    let inv_weight = over_state_inv_weight(*state);
    let t = (*state).transmittance;
    let alpha = 1.0 - t;
    for (var c = 0u; c < CHANNELS; c++) {
        (*sums)[c] = (*sums)[c] * inv_weight;
        (*color)[c] = alpha * (*sums)[c] + t * background[c];
    }
}

struct OverPixel {
    state: OverState,
    sums: Channels,
    background: Channels,
}

fn over_pixel_vjp(
    context: ColorContext,
    pixel: OverPixel,
    grad: Channels,
    out_sums: ptr<function, Channels>,
    out_background: ptr<function, Channels>,
    grad_epsilon: ptr<function, f32>,
) -> OverCotangent {
    let t = pixel.state.transmittance;
    let alpha = 1.0 - t;
    var grad_alpha = 0.0;
    for (var c = 0u; c < CHANNELS; c++) {
        (*out_sums)[c] = alpha * grad[c];
        (*out_background)[c] += t * grad[c];
        grad_alpha += grad[c] * (pixel.sums[c] - pixel.background[c]);
    }
    *grad_epsilon = 0.0;
    return OverCotangent(
        over_state_inv_weight(pixel.state),
        alpha * dot_(grad, pixel.sums),
        -(t * grad_alpha),
    );
}

fn over_pair_vjp(
    context: ColorContext,
    pixel: OverPixel,
    cotangent: OverCotangent,
    cotangent_sums: Channels,
    pair: ColorPair,
    grad_color: ptr<function, Channels>,
) -> ColorPairGrad {
    let softmax = over_state_softmax(pixel.state);
    let share = softmax_state_share(softmax, context.rate, cotangent.inv_weight, pair);
    for (var c = 0u; c < CHANNELS; c++) {
        (*grad_color)[c] += share * cotangent_sums[c];
    }
    let grad_logit = share * (dot_(cotangent_sums, pair.color) - cotangent.along);
    var grad = logit_vjp(context, pair, pixel.state.nearness, grad_logit);
    grad.p.ln_not_d = real_keep(cotangent.ln_not_d, pair.member);
    return grad;
}

fn over_load(from_: array<f32, 4>) -> OverState {
    return OverState(from_[0], from_[1], from_[2], from_[3]);
}
fn over_store(state: OverState) -> array<f32, 4> {
    return array<f32, 4>(state.nearness, state.exponent, state.weight, real_transmittance(state.transmittance));
}
fn over_cotangent_load(from_: array<f32, 4>) -> OverCotangent {
    return OverCotangent(from_[0], from_[1], from_[2]);
}
fn over_cotangent_store(cotangent: OverCotangent) -> array<f32, 4> {
    return array<f32, 4>(cotangent.inv_weight, cotangent.along, cotangent.ln_not_d, 0.0);
}
