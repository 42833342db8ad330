// The distributions that are not symmetric, and their reverses `1 - F(-x)`. A module has the section, from one line
// `// == name` to the next, of the one that it is built for, and all before the first.

fn gumbel(x: f32) -> Sides {
    let w = exp_f32(-max(x, -80.0));
    let kept = exp_f32(-w);
    let ratio = expm1_ratio(-w);
    let above = Side(w * ratio, select(w * ratio, ratio, x > 0.0), -max(x, 0.0), kept / ratio);
    return Sides(Side(kept, 1.0, -w, w), above, w * kept);
}

fn exponential(x: f32) -> Sides {
    let inside = x > 0.0;
    let held = max(x, 1e-30);
    let left = exp_f32(-held);
    let mass = real_keep(min(held * expm1_ratio(-held), 1.0), inside);
    let density = real_keep(left, inside);
    let above = Side(select(1.0, left, inside), 1.0, -max(x, 0.0), real_keep(1.0, inside));
    return Sides(side_of(mass, density), above, density);
}

fn levy(x: f32) -> Sides {
    let inside = x > 0.0;
    let t_sq = 0.5 / max(x, 1e-12);
    let t = sqrt(t_sq);
    let bell = exp_f32(-t_sq);
    let mantissa = erfcx(t);
    let cubed = 1.12837916709551 * t * t_sq;
    let density = real_keep(cubed * bell, inside);
    let below = Side(mantissa * bell, mantissa, -t_sq, cubed / mantissa);
    let left = select(1.0 - below.mass, t * erf_ratio(min(t_sq, 1.0)), t_sq < 1.0);
    return Sides(side_keep(below, inside), side_of(select(1.0, left, inside), density), density);
}

struct GammaAt {
    sides: Sides,
    slope: f32,
    below: f32,
    above: f32,
}

struct ValueAndSlope {
    value: f32,
    slope: f32,
}

// Terms of the series of P, for x up to the larger of p and 1.
const GAMMA_SERIES: u32 = 22u;
// Steps of the continued fraction of 1 - P, for x from there up.
const GAMMA_FRACTION: u32 = 28u;

fn gamma_series(x: f32, p: f32) -> ValueAndSlope {
    var term = 1.0;
    var slope = 0.0;
    var sum = 1.0;
    var sum_slope = 0.0;
    for (var n = 1u; n <= GAMMA_SERIES; n++) {
        let inverse = real_recip(p + f32(n));
        slope = (slope - term * inverse) * (x * inverse);
        term = term * (x * inverse);
        sum += term;
        sum_slope += slope;
    }
    return ValueAndSlope(sum, sum_slope);
}

fn gamma_fraction(x: f32, p: f32) -> ValueAndSlope {
    var value = x + f32(2u * GAMMA_FRACTION + 1u) - p;
    var slope = -1.0;
    for (var n = GAMMA_FRACTION; n > 0u; n--) {
        let k = f32(n);
        let inverse = real_recip(value);
        let step_ = k * (k - p) * inverse;
        slope = (k + step_ * slope) * inverse - 1.0;
        value = x + k + k - 1.0 - p - step_;
    }
    return ValueAndSlope(value, slope);
}

fn gamma(x: f32, p: f32) -> GammaAt {
    let outside = Side(1.0, 1.0, 0.0, 0.0);
    if !(x > 0.0) {
        return GammaAt(Sides(Side(0.0, 1.0, NOTHING, 0.0), outside, 0.0), 0.0, 0.0, 0.0);
    }
    let held = max(x, 1e-30);
    let of_p = reciprocal_gamma(p);
    let logarithm = ln_f32(held);
    let border = max(p, 1.0);
    let exponent = p * logarithm - held;
    let power = exp_f32(exponent);
    let density = power * p * of_p.reciprocal / held;
    if held < border {
        let sum = gamma_series(held, p);
        let mass = power * of_p.reciprocal * sum.value;
        var near = Side(mass, mass, 0.0, p / (held * sum.value));
        if logarithm < 0.0 {
            near.mantissa = of_p.reciprocal * sum.value * exp_f32(-held);
            near.exponent = p * logarithm;
        }
        let near_slope = logarithm - of_p.digamma + sum.slope / sum.value;
        let above = side_of(1.0 - mass, density);
        let slope = mass * near_slope;
        return GammaAt(Sides(near, above, density), slope, near_slope, slope / select(1.0, above.mass, above.mass > 0.0));
    }
    let tail = gamma_fraction(held, p);
    let mass = power * p * of_p.reciprocal / tail.value;
    let sinks = exponent < 0.0;
    let mantissa = select(mass, p * of_p.reciprocal / tail.value, sinks);
    let far = Side(mass, mantissa, min(exponent, 0.0), tail.value / held);
    let far_slope = logarithm - of_p.digamma + real_recip(p) - tail.slope / tail.value;
    let below = side_of(1.0 - mass, density);
    let slope = -(mass * far_slope);
    return GammaAt(Sides(below, far, density), slope, slope / select(1.0, below.mass, below.mass > 0.0), -far_slope);
}

// == gumbel-max
fn gumbel_max_probability(x: f32, shape: f32) -> Probability {
    return sides_probability(gumbel(x));
}

// == gumbel-min
fn gumbel_min_probability(x: f32, shape: f32) -> Probability {
    return sides_probability(sides_reversed(gumbel(-x)));
}

// == exponential
fn exponential_probability(x: f32, shape: f32) -> Probability {
    return sides_probability(exponential(x));
}

// == exponential-reversed
fn exponential_reversed_probability(x: f32, shape: f32) -> Probability {
    return sides_probability(sides_reversed(exponential(-x)));
}

// == gamma
fn gamma_probability(x: f32, shape: f32) -> Probability {
    return sides_probability(gamma(x, shape).sides);
}
fn gamma_shape_vjp(x: f32, shape: f32, grad: ProbabilityGrad) -> f32 {
    let own = gamma(x, shape);
    return grad.d * own.slope + grad.ln_d * own.below - grad.ln_not_d * own.above;
}

// == gamma-reversed
fn gamma_reversed_probability(x: f32, shape: f32) -> Probability {
    return sides_probability(sides_reversed(gamma(-x, shape).sides));
}
fn gamma_reversed_shape_vjp(x: f32, shape: f32, grad: ProbabilityGrad) -> f32 {
    let own = gamma(-x, shape);
    return grad.ln_not_d * own.below - grad.d * own.slope - grad.ln_d * own.above;
}

// == levy
fn levy_probability(x: f32, shape: f32) -> Probability {
    return sides_probability(levy(x));
}

// == levy-reversed
fn levy_reversed_probability(x: f32, shape: f32) -> Probability {
    return sides_probability(sides_reversed(levy(-x)));
}
