// Hard: the color of the nearest face (MATH 5).

const NO_DEPTH: f32 = 1e30;

struct HardState {
    depth: f32,
    face: f32,
}

struct HardCotangent {
    nothing: f32,
}

fn hard_color_in_front(state: HardState, depth: f32, face: f32) -> bool {
    return depth < state.depth || (depth == state.depth && face < state.face);
}

fn hard_color_identity() -> HardState {
    return HardState(NO_DEPTH, -1.0);
}

fn hard_color_push(
    context: ColorContext,
    state: ptr<function, HardState>,
    sums: ptr<function, Channels>,
    pair: ColorPair,
) {
    let front = pair.member && pair.holds && hard_color_in_front(*state, pair.depth, pair.face);
    for (var c = 0u; c < CHANNELS; c++) {
        (*sums)[c] = select((*sums)[c], pair.color[c], front);
    }
    (*state).depth = select((*state).depth, pair.depth, front);
    (*state).face = select((*state).face, pair.face, front);
}

fn hard_color_merge(
    context: ColorContext,
    state: ptr<function, HardState>,
    sums: ptr<function, Channels>,
    other: HardState,
    other_sums: Channels,
) {
    let some = other.face >= 0.0;
    let front = some && hard_color_in_front(*state, other.depth, other.face);
    for (var c = 0u; c < CHANNELS; c++) {
        (*sums)[c] = select((*sums)[c], other_sums[c], front);
    }
    (*state).depth = select((*state).depth, other.depth, front);
    (*state).face = select((*state).face, other.face, front);
}

fn hard_color_finish(
    context: ColorContext,
    state: ptr<function, HardState>,
    sums: ptr<function, Channels>,
    background: Channels,
    color: ptr<function, Channels>,
) {
    let none = (*state).face < 0.0;
    for (var c = 0u; c < CHANNELS; c++) {
        (*sums)[c] = select((*sums)[c], background[c], none);
        (*color)[c] = (*sums)[c];
    }
}

struct HardPixel {
    state: HardState,
    sums: Channels,
    background: Channels,
}

fn hard_color_pixel_vjp(
    context: ColorContext,
    pixel: HardPixel,
    grad: Channels,
    out_sums: ptr<function, Channels>,
    out_background: ptr<function, Channels>,
    grad_epsilon: ptr<function, f32>,
) -> HardCotangent {
    let none = pixel.state.face < 0.0;
    for (var c = 0u; c < CHANNELS; c++) {
        (*out_sums)[c] = grad[c];
        (*out_background)[c] += real_keep(grad[c], none);
    }
    *grad_epsilon = 0.0;
    return HardCotangent(0.0);
}

fn hard_color_pair_vjp(
    context: ColorContext,
    pixel: HardPixel,
    cotangent: HardCotangent,
    cotangent_sums: Channels,
    pair: ColorPair,
    grad_color: ptr<function, Channels>,
) -> ColorPairGrad {
    let chosen = pair.member && pair.face == pixel.state.face;
    for (var c = 0u; c < CHANNELS; c++) {
        (*grad_color)[c] += real_keep(cotangent_sums[c], chosen);
    }
    return color_pair_grad_zero();
}

fn hard_color_load(from_: array<f32, 4>) -> HardState {
    return HardState(from_[0], from_[1]);
}
fn hard_color_store(state: HardState) -> array<f32, 4> {
    return array<f32, 4>(state.depth, state.face, 0.0, 0.0);
}
fn hard_color_cotangent_load(from_: array<f32, 4>) -> HardCotangent {
    return HardCotangent(0.0);
}
fn hard_color_cotangent_store(cotangent: HardCotangent) -> array<f32, 4> {
    return array<f32, 4>(0.0, 0.0, 0.0, 0.0);
}
