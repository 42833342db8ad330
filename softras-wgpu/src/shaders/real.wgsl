// Numbers: what the formulas are written with.

fn real_keep(real: f32, mask: bool) -> f32 {
    return select(0.0, real, mask);
}

fn real_recip(real: f32) -> f32 {
    return 1.0 / real;
}

fn real_sq(real: f32) -> f32 {
    return real * real;
}

// Holds `real` between `low` and `high`.
fn real_clamp(real: f32, low: f32, high: f32) -> f32 {
    return min(max(real, low), high);
}

struct NearestPow2 {
    n: f32,
    pow2: f32,
}

// The integer nearest to `real`, which is from -126 to 127, and two to its power. The core adds a large number and takes
// it away again, which a device may leave out.
fn real_nearest_pow2(real: f32) -> NearestPow2 {
    let n = round(real);
    return NearestPow2(n, bitcast<f32>(u32(i32(n) + 127) << 23u));
}

// A transmittance below this is 0 (KERNELS 1).
const LEAST_TRANSMITTANCE: f32 = 1e-24;

// Held so when a state is kept: some devices take numbers that are smaller still for 0 and some do not, and one may do
// both. A transmittance never rises, so it makes no difference how often it is kept on the way.
fn real_transmittance(real: f32) -> f32 {
    return select(real, 0.0, real < LEAST_TRANSMITTANCE);
}
