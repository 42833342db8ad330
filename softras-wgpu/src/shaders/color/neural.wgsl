// A_N: a network over the set of faces at a pixel (MATH 7). Its weights lie among the numbers, from `context.weights` on.

const HELD: f32 = 1e9;

// h, a sum for each unit of phi.
alias Sums = array<f32, SUMS>;

struct NeuralState {
    nothing: f32,
}

struct NeuralCotangent {
    nothing: f32,
}

// Where the offset and the scale of the nearness stand, and how many weights come before the units.
const OFFSET: u32 = 0u;
const SCALE: u32 = 1u;
const FIRST: u32 = 2u;

fn neural_layout_count() -> u32 {
    return neural_layout_rho(HIDDEN);
}

fn neural_layout_phi_size() -> u32 {
    return 3u + CHANNELS;
}

fn neural_layout_rho_size() -> u32 {
    return 1u + 2u * CHANNELS + HIDDEN;
}

// Bias, D, zeta, colors.
fn neural_layout_phi(k: u32) -> u32 {
    return FIRST + k * neural_layout_phi_size();
}

// Bias, background, sums, outputs.
fn neural_layout_rho(k: u32) -> u32 {
    return FIRST + HIDDEN * neural_layout_phi_size() + k * neural_layout_rho_size();
}

// The activation and its slope.
fn squash(x: f32) -> vec2<f32> {
    let held = real_clamp(x, -HELD, HELD);
    let inv = real_recip(sqrt(1.0 + real_sq(held)));
    return vec2<f32>(held * inv, real_sq(inv) * inv);
}

struct Features {
    d: f32,
    above: f32,
    zeta: f32,
}

struct RhoGrad {
    step: f32,
    with_faces: f32,
    without: f32,
}

fn neural_features(context: ColorContext, pair: ColorPair) -> Features {
    let above = real_keep(pair.nearness - numbers[context.weights + OFFSET], pair.member);
    return Features(real_keep(pair.p.d, pair.member), above, above * numbers[context.weights + SCALE]);
}

// What the unit of phi whose weights begin at `weights` adds up.
fn neural_phi(weights: u32, seen: Features, color: Channels) -> f32 {
    var sum = numbers[weights] + numbers[weights + 1u] * seen.d;
    sum += numbers[weights + 2u] * seen.zeta;
    for (var c = 0u; c < CHANNELS; c++) {
        sum += numbers[weights + 3u + c] * color[c];
    }
    return sum;
}

fn neural_phi_vjp(weights: u32, seen: Features, color: Channels, grad_sum: f32) -> vec2<f32> {
    let unit = squash(neural_phi(weights, seen, color));
    return vec2<f32>(unit.x, grad_sum * seen.d * unit.y);
}

// What a unit of rho adds up without faces, and with them.
fn neural_rho(weights: u32, background: Channels, sums: Sums) -> vec2<f32> {
    var without = numbers[weights];
    for (var c = 0u; c < CHANNELS; c++) {
        without += numbers[weights + 1u + c] * background[c];
    }
    var with_faces = without;
    for (var i = 0u; i < HIDDEN; i++) {
        with_faces += numbers[weights + 1u + CHANNELS + i] * sums[i];
    }
    return vec2<f32>(without, with_faces);
}

struct NeuralPixel {
    state: NeuralState,
    sums: Sums,
    background: Channels,
}

fn neural_rho_vjp(weights: u32, pixel: NeuralPixel, grad: Channels) -> RhoGrad {
    let added = neural_rho(weights, pixel.background, pixel.sums);
    let before = squash(added.x);
    let after = squash(added.y);
    var grad_step = 0.0;
    for (var c = 0u; c < CHANNELS; c++) {
        grad_step += grad[c] * numbers[weights + 1u + CHANNELS + HIDDEN + c];
    }
    let with_faces = grad_step * after.y;
    return RhoGrad(after.x - before.x, with_faces, with_faces - grad_step * before.y);
}

fn neural_identity() -> NeuralState {
    return NeuralState(0.0);
}

fn neural_push(
    context: ColorContext,
    state: ptr<function, NeuralState>,
    sums: ptr<function, Sums>,
    pair: ColorPair,
) {
    let seen = neural_features(context, pair);
    for (var k = 0u; k < HIDDEN; k++) {
        let unit = squash(neural_phi(context.weights + neural_layout_phi(k), seen, pair.color));
        (*sums)[k] += seen.d * unit.x;
    }
}

fn neural_merge(
    context: ColorContext,
    state: ptr<function, NeuralState>,
    sums: ptr<function, Sums>,
    other: NeuralState,
    other_sums: Sums,
) {
    for (var k = 0u; k < HIDDEN; k++) {
        (*sums)[k] += other_sums[k];
    }
}

fn neural_finish(
    context: ColorContext,
    state: ptr<function, NeuralState>,
    sums: ptr<function, Sums>,
    background: Channels,
    color: ptr<function, Channels>,
) {
    *color = background;
    for (var k = 0u; k < HIDDEN; k++) {
        let weights = context.weights + neural_layout_rho(k);
        let added = neural_rho(weights, background, *sums);
        let step = squash(added.y).x - squash(added.x).x;
        for (var c = 0u; c < CHANNELS; c++) {
            (*color)[c] += numbers[weights + 1u + CHANNELS + HIDDEN + c] * step;
        }
    }
}

// The gradient to the weights of rho is that of `prepare_weights`.
fn neural_pixel_vjp(
    context: ColorContext,
    pixel: NeuralPixel,
    grad: Channels,
    out_sums: ptr<function, Sums>,
    out_background: ptr<function, Channels>,
    grad_epsilon: ptr<function, f32>,
) -> NeuralCotangent {
    for (var i = 0u; i < HIDDEN; i++) {
        (*out_sums)[i] = 0.0;
    }
    for (var c = 0u; c < CHANNELS; c++) {
        (*out_background)[c] += grad[c];
    }
    for (var k = 0u; k < HIDDEN; k++) {
        let weights = context.weights + neural_layout_rho(k);
        let unit = neural_rho_vjp(weights, pixel, grad);
        for (var c = 0u; c < CHANNELS; c++) {
            (*out_background)[c] += unit.without * numbers[weights + 1u + c];
        }
        for (var i = 0u; i < HIDDEN; i++) {
            (*out_sums)[i] += unit.with_faces * numbers[weights + 1u + CHANNELS + i];
        }
    }
    *grad_epsilon = 0.0;
    return NeuralCotangent(0.0);
}

// The gradient to the weights of phi is that of `backward_weights`.
fn neural_pair_vjp(
    context: ColorContext,
    pixel: NeuralPixel,
    cotangent: NeuralCotangent,
    cotangent_sums: Sums,
    pair: ColorPair,
    grad_color: ptr<function, Channels>,
) -> ColorPairGrad {
    let seen = neural_features(context, pair);
    var grad_d = 0.0;
    var grad_zeta = 0.0;
    for (var k = 0u; k < HIDDEN; k++) {
        let weights = context.weights + neural_layout_phi(k);
        let unit = neural_phi_vjp(weights, seen, pair.color, cotangent_sums[k]);
        grad_d += cotangent_sums[k] * unit.x + unit.y * numbers[weights + 1u];
        grad_zeta += unit.y * numbers[weights + 2u];
        for (var c = 0u; c < CHANNELS; c++) {
            (*grad_color)[c] += unit.y * numbers[weights + 3u + c];
        }
    }
    let grad_nearness = grad_zeta * numbers[context.weights + SCALE];
    return ColorPairGrad(ProbabilityGrad(real_keep(grad_d, pair.member), 0.0, 0.0), grad_nearness, 0.0);
}

fn neural_load(from_: array<f32, 4>) -> NeuralState {
    return NeuralState(0.0);
}
fn neural_store(state: NeuralState) -> array<f32, 4> {
    return array<f32, 4>(0.0, 0.0, 0.0, 0.0);
}
fn neural_cotangent_load(from_: array<f32, 4>) -> NeuralCotangent {
    return NeuralCotangent(0.0);
}
fn neural_cotangent_store(cotangent: NeuralCotangent) -> array<f32, 4> {
    return array<f32, 4>(0.0, 0.0, 0.0, 0.0);
}
