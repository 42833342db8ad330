// A_S: a softmax over the logits of faces and background (MATH 5).

struct SoftmaxState {
    nearness: f32,
    exponent: f32,
    weight: f32,
}

struct SoftmaxCotangent {
    inv_weight: f32,
    along: f32,
}

struct Step {
    rises: bool,
    keep: f32,
    weight: f32,
}

fn step_(rate: f32, state: SoftmaxState, new_: vec2<f32>, member: bool) -> Step {
    let rise = rate * (new_.x - state.nearness) + (new_.y - state.exponent);
    let rises = member && (rise > 0.0 || state.weight <= 0.0);
    let ratio = exp_f32(-abs(rise));
    return Step(rises, select(1.0, ratio, rises), real_keep(select(ratio, 1.0, rises), member));
}

fn dot_(a: Channels, b: Channels) -> f32 {
    var sum = 0.0;
    for (var c = 0u; c < CHANNELS; c++) {
        sum += a[c] * b[c];
    }
    return sum;
}

fn softmax_state_push(
    softmax_state: ptr<function, SoftmaxState>,
    rate: f32,
    sums: ptr<function, Channels>,
    pair: ColorPair,
) {
    let s = step_(rate, *softmax_state, vec2<f32>(pair.nearness, pair.p.exponent), pair.member);
    let weight = s.weight * real_keep(pair.p.mantissa, pair.member);
    for (var c = 0u; c < CHANNELS; c++) {
        (*sums)[c] = (*sums)[c] * s.keep + weight * pair.color[c];
    }
    (*softmax_state).weight = (*softmax_state).weight * s.keep + weight;
    (*softmax_state).nearness = select((*softmax_state).nearness, pair.nearness, s.rises);
    (*softmax_state).exponent = select((*softmax_state).exponent, pair.p.exponent, s.rises);
}

fn softmax_state_merge(
    softmax_state: ptr<function, SoftmaxState>,
    rate: f32,
    sums: ptr<function, Channels>,
    other: SoftmaxState,
    other_sums: Channels,
) {
    let s = step_(rate, *softmax_state, vec2<f32>(other.nearness, other.exponent), other.weight > 0.0);
    for (var c = 0u; c < CHANNELS; c++) {
        (*sums)[c] = (*sums)[c] * s.keep + s.weight * other_sums[c];
    }
    (*softmax_state).weight = (*softmax_state).weight * s.keep + s.weight * other.weight;
    (*softmax_state).nearness = select((*softmax_state).nearness, other.nearness, s.rises);
    (*softmax_state).exponent = select((*softmax_state).exponent, other.exponent, s.rises);
}

fn softmax_state_identity() -> SoftmaxState {
    return SoftmaxState(0.0, 0.0, 0.0);
}

fn softmax_state_share(softmax_state: SoftmaxState, rate: f32, inv_weight: f32, pair: ColorPair) -> f32 {
    let logit = rate * (pair.nearness - softmax_state.nearness) + (pair.p.exponent - softmax_state.exponent);
    return real_keep(pair.p.mantissa * exp_f32(logit) * inv_weight, pair.member);
}

fn logit_vjp(context: ColorContext, pair: ColorPair, from_: f32, grad: f32) -> ColorPairGrad {
    let above = context.rate * (pair.nearness - from_);
    return ColorPairGrad(
        ProbabilityGrad(0.0, grad, 0.0),
        grad * context.rate,
        -(grad * above * context.inv_gamma),
    );
}

fn softmax_identity() -> SoftmaxState {
    return softmax_state_identity();
}

fn softmax_push(
    context: ColorContext,
    state: ptr<function, SoftmaxState>,
    sums: ptr<function, Channels>,
    pair: ColorPair,
) {
    softmax_state_push(state, context.rate, sums, pair);
}

fn softmax_merge(
    context: ColorContext,
    state: ptr<function, SoftmaxState>,
    sums: ptr<function, Channels>,
    other: SoftmaxState,
    other_sums: Channels,
) {
    softmax_state_merge(state, context.rate, sums, other, other_sums);
}

fn softmax_finish(
    context: ColorContext,
    state: ptr<function, SoftmaxState>,
    sums: ptr<function, Channels>,
    background: Channels,
    color: ptr<function, Channels>,
) {
    let last = SoftmaxState(context.background_nearness, 0.0, 1.0);
    softmax_state_merge(state, context.rate, sums, last, background);
    let inv_weight = real_recip((*state).weight);
    for (var c = 0u; c < CHANNELS; c++) {
        (*sums)[c] = (*sums)[c] * inv_weight;
        (*color)[c] = (*sums)[c];
    }
}

struct SoftmaxPixel {
    state: SoftmaxState,
    sums: Channels,
    background: Channels,
}

fn softmax_pixel_vjp(
    context: ColorContext,
    pixel: SoftmaxPixel,
    grad: Channels,
    out_sums: ptr<function, Channels>,
    out_background: ptr<function, Channels>,
    grad_epsilon: ptr<function, f32>,
) -> SoftmaxCotangent {
    let state = pixel.state;
    let inv_weight = real_recip(state.weight);
    let logit = context.rate * (context.background_nearness - state.nearness) - state.exponent;
    let share = exp_f32(logit) * inv_weight;
    let along = dot_(grad, pixel.sums);
    for (var c = 0u; c < CHANNELS; c++) {
        (*out_sums)[c] = grad[c];
        (*out_background)[c] += share * grad[c];
    }
    let grad_logit = share * (dot_(grad, pixel.background) - along);
    *grad_epsilon = grad_logit * context.inv_gamma;
    return SoftmaxCotangent(inv_weight, along);
}

fn softmax_pair_vjp(
    context: ColorContext,
    pixel: SoftmaxPixel,
    cotangent: SoftmaxCotangent,
    cotangent_sums: Channels,
    pair: ColorPair,
    grad_color: ptr<function, Channels>,
) -> ColorPairGrad {
    let share = softmax_state_share(pixel.state, context.rate, cotangent.inv_weight, pair);
    for (var c = 0u; c < CHANNELS; c++) {
        (*grad_color)[c] += share * cotangent_sums[c];
    }
    let grad = share * (dot_(cotangent_sums, pair.color) - cotangent.along);
    return logit_vjp(context, pair, context.background_nearness, grad);
}

fn softmax_load(from_: array<f32, 4>) -> SoftmaxState {
    return SoftmaxState(from_[0], from_[1], from_[2]);
}
fn softmax_store(state: SoftmaxState) -> array<f32, 4> {
    return array<f32, 4>(state.nearness, state.exponent, state.weight, 0.0);
}
fn softmax_cotangent_load(from_: array<f32, 4>) -> SoftmaxCotangent {
    return SoftmaxCotangent(from_[0], from_[1]);
}
fn softmax_cotangent_store(cotangent: SoftmaxCotangent) -> array<f32, 4> {
    return array<f32, 4>(cotangent.inv_weight, cotangent.along, 0.0, 0.0);
}
