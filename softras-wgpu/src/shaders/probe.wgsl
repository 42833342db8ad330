// Probe: runs one function on many inputs; `probe_one`, which a test appends, reads with `take` and writes with `give`.

@group(0) @binding(0) var<uniform> probed: Probed;
@group(0) @binding(1) var<storage, read> numbers: array<f32>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;

// Where this invocation reads and writes.
var<private> taken: u32;
var<private> given: u32;

fn take() -> f32 {
    taken += 1u;
    return numbers[taken - 1u];
}
fn take2() -> vec2<f32> {
    let x = take();
    return vec2<f32>(x, take());
}
fn take3() -> vec3<f32> {
    let xy = take2();
    return vec3<f32>(xy, take());
}
fn take_corners() -> array<vec3<f32>, 3> {
    let a = take3();
    let b = take3();
    return array<vec3<f32>, 3>(a, b, take3());
}
// A face at depth 1.
fn take_flat() -> Triangle {
    let a = take2();
    let b = take2();
    let c = take2();
    return triangle_new(array<vec3<f32>, 3>(vec3<f32>(a, 1.0), vec3<f32>(b, 1.0), vec3<f32>(c, 1.0)));
}
// A face of these depths.
fn take_deep() -> Triangle {
    let z = take3();
    return triangle_new(
        array<vec3<f32>, 3>(vec3<f32>(0.0, 0.0, z.x), vec3<f32>(1.0, 0.0, z.y), vec3<f32>(0.0, 1.0, z.z)),
    );
}
fn take_probability() -> Probability {
    return logistic_probability(take(), 1.0);
}
fn take_pair() -> ColorPair {
    let p = take_probability();
    let nearness = take();
    let depth = take();
    let face = take();
    let color = take3();
    return ColorPair(p, nearness, depth, face, true, true, Channels(color.x, color.y, color.z));
}
// The weights of the color aggregator lie behind the rows.
fn first_weight() -> u32 {
    return probed.count * probed.inputs;
}
fn take_context() -> ColorContext {
    let rate = take();
    let inv_gamma = take();
    return ColorContext(rate, inv_gamma, take(), first_weight());
}
fn take_channels() -> Channels {
    let c = take3();
    return Channels(c.x, c.y, c.z);
}

fn give(x: f32) {
    results[given] = x;
    given += 1u;
}
fn give2(x: vec2<f32>) {
    give(x.x);
    give(x.y);
}
fn give3(x: vec3<f32>) {
    give2(x.xy);
    give(x.z);
}
fn give_xy(x: array<vec2<f32>, 3>) {
    give2(x[0]);
    give2(x[1]);
    give2(x[2]);
}
fn give_truth(x: bool) {
    give(select(0.0, 1.0, x));
}
fn give_channels(x: Channels) {
    give(x[0]);
    give(x[1]);
    give(x[2]);
}
fn give_probability(p: Probability) {
    give(p.d);
    give(p.not_d);
    give(p.mantissa);
    give(p.exponent);
    give(p.density);
    give(p.score);
    give(p.hazard);
}
fn give_probability_grad(p: ProbabilityGrad) {
    give(p.d);
    give(p.ln_d);
    give(p.ln_not_d);
}

@compute @workgroup_size(WALK_LANES)
fn probe(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_number(group, groups) * WALK_LANES + lane;
    if row >= probed.count {
        return;
    }
    taken = row * probed.inputs;
    given = row * probed.outputs;
    probe_one();
}
