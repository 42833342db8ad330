// The symmetric distributions beside the logistic. A module has the section, from one line `// == name` to the next, of
// the one that it is built for.

// Beyond this the square of x is held: it stays finite.
const SQUARED: f32 = 1e15;

// == uniform
fn uniform_probability(x: f32, shape: f32) -> Probability {
    let mass = max((1.0 - abs(x)) * 0.5, 0.0);
    let density = real_keep(0.5, mass > 0.0);
    return sides_probability(sides_symmetric(x, side_of(mass, density), density));
}

// == cubic-hermite
fn cubic_hermite_probability(x: f32, shape: f32) -> Probability {
    let z = max((1.0 - abs(x)) * 0.5, 0.0);
    let density = 3.0 * z * (1.0 - z);
    return sides_probability(sides_symmetric(x, side_of(z * z * (3.0 - z - z), density), density));
}

// == wigner
fn wigner_probability(x: f32, shape: f32) -> Probability {
    let inside = abs(x) < 1.0;
    let h = select(1.0, 1.0 - abs(x), inside);
    let mass = 0.9003163162 * h * sqrt(h) * cap_ratio(h);
    let density = real_keep(0.63661977237 * sqrt(h * (2.0 - h)), inside);
    return sides_probability(sides_symmetric(x, side_of(real_keep(mass, inside), density), density));
}

// == gaussian
fn gaussian_probability(x: f32, shape: f32) -> Probability {
    let a = min(abs(x), SQUARED);
    let exponent = -(0.5 * a * a);
    let bell = exp_f32(exponent);
    let mantissa = 0.5 * erfcx(a * 0.70710678118);
    let beyond = Side(mantissa * bell, mantissa, exponent, 0.3989422804 / mantissa);
    return sides_probability(sides_symmetric(x, beyond, 0.3989422804 * bell));
}

// == laplace
fn laplace_probability(x: f32, shape: f32) -> Probability {
    let exponent = -abs(x);
    let mass = 0.5 * exp_f32(exponent);
    return sides_probability(sides_symmetric(x, Side(mass, 0.5, exponent, 1.0), mass));
}

// == gudermannian
fn gudermannian_probability(x: f32, shape: f32) -> Probability {
    let exponent = -abs(x);
    let tail = exp_f32(exponent);
    let ratio = atan_ratio(tail * tail);
    let spread = real_recip(1.0 + tail * tail);
    let mantissa = 0.63661977237 * ratio;
    let beyond = Side(mantissa * tail, mantissa, exponent, spread / ratio);
    return sides_probability(sides_symmetric(x, beyond, 0.63661977237 * tail * spread));
}

// == cauchy
fn cauchy_probability(x: f32, shape: f32) -> Probability {
    let a = abs(x);
    let far = a > 1.0;
    let t = select(a, real_recip(max(a, 1.0)), far);
    let angle = 0.31830988618 * t * atan_ratio(t * t);
    let spread = 0.31830988618 / (1.0 + t * t);
    let density = select(spread, t * t * spread, far);
    let mass = select(0.5 - angle, angle, far);
    return sides_probability(sides_symmetric(x, side_of(mass, density), density));
}

// == reciprocal
fn reciprocal_probability(x: f32, shape: f32) -> Probability {
    let rate = real_recip(1.0 + abs(x));
    let mass = 0.5 * rate;
    return sides_probability(sides_symmetric(x, Side(mass, mass, 0.0, rate), mass * rate));
}

// == algebraic
fn algebraic_probability(x: f32, shape: f32) -> Probability {
    let a = abs(x);
    let far = a > 1.0;
    let t = select(a, real_recip(max(a, 1.0)), far);
    let root = sqrt(1.0 + t * t);
    let inverse = real_recip(root);
    let near_mass = 0.5 * inverse / (root + t);
    let far_mass = 0.5 * t * t * inverse / (root + 1.0);
    let scale = 0.5 * inverse * inverse * inverse;
    let density = select(scale, scale * t * t * t, far);
    let mass = select(near_mass, far_mass, far);
    return sides_probability(sides_symmetric(x, side_of(mass, density), density));
}
