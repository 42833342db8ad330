// What the color aggregators share (MATH 5).

alias Channels = array<f32, CHANNELS>;

struct ColorPair {
    p: Probability,
    nearness: f32,
    depth: f32,
    face: f32,
    holds: bool,
    member: bool,
    color: Channels,
}

struct ColorPairGrad {
    p: ProbabilityGrad,
    nearness: f32,
    gamma: f32,
}

fn color_pair_grad_zero() -> ColorPairGrad {
    return ColorPairGrad(probability_grad_zero(), 0.0, 0.0);
}
