// The probability map D = F(s / sigma) of a face at a pixel (MATH 3).

struct Probability {
    d: f32,
    not_d: f32,
    mantissa: f32,
    exponent: f32,
    density: f32,
    score: f32,
    hazard: f32,
}

struct ProbabilityGrad {
    d: f32,
    ln_d: f32,
    ln_not_d: f32,
}

fn probability_certain() -> Probability {
    return Probability(1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0);
}

fn probability_vjp(probability: Probability, grad: ProbabilityGrad) -> f32 {
    return grad.d * probability.density + grad.ln_d * probability.score - grad.ln_not_d * probability.hazard;
}

fn probability_grad_zero() -> ProbabilityGrad {
    return ProbabilityGrad(0.0, 0.0, 0.0);
}

fn probability_grad_plus(probability_grad: ProbabilityGrad, other: ProbabilityGrad) -> ProbabilityGrad {
    return ProbabilityGrad(
        probability_grad.d + other.d,
        probability_grad.ln_d + other.ln_d,
        probability_grad.ln_not_d + other.ln_not_d,
    );
}

fn logistic_probability(x: f32, shape: f32) -> Probability {
    let tail = exp_f32(-abs(x));
    let large = real_recip(1.0 + tail);
    let small = tail * large;
    let positive = x > 0.0;
    let d = select(small, large, positive);
    let not_d = select(large, small, positive);
    return Probability(d, not_d, large, min(x, 0.0), d * not_d, not_d, d);
}

// `distribution_probability` and `distribution_shape_vjp` are those of the distribution that the module is built for.

// The window of a distribution that ends at the edge is this wide.
const LEAST_CUT: f32 = 1e-6;

struct Window {
    t: f32,
    window: f32,
}

fn window(x: f32, cut: f32) -> Window {
    let t = real_clamp(10.0 * (1.0 + x / cut), 0.0, 1.0);
    return Window(t, t * t * (3.0 - 2.0 * t));
}

fn smooth_window(p: Probability, x: f32, cut_: f32) -> Probability {
    let cut = max(cut_, LEAST_CUT);
    let w = window(x, cut);
    let moves = w.t > 0.0 && w.t < 1.0;
    let slope = real_keep(6.0 * w.t * (1.0 - w.t) * 10.0 / cut, moves);
    let held = max(w.window, 1e-30);
    let d = p.d * w.window;
    let not_d = p.not_d + p.d * (1.0 - w.window);
    let density = p.density * w.window + p.d * slope;
    return Probability(
        d,
        not_d,
        p.mantissa * w.window,
        p.exponent,
        density,
        p.score + slope / held,
        select(p.hazard, density / max(not_d, 1e-30), moves),
    );
}

fn smooth_window_vjp(p: Probability, x: f32, cut: f32, grad: ProbabilityGrad) -> ProbabilityGrad {
    let w = window(x, max(cut, LEAST_CUT));
    let not_d = p.not_d + p.d * (1.0 - w.window);
    return ProbabilityGrad(
        grad.d * w.window,
        grad.ln_d,
        grad.ln_not_d * w.window * p.not_d / max(not_d, 1e-30),
    );
}
