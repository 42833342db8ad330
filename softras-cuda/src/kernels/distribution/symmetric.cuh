// The symmetric distributions beside the logistic. A module has the section, from one line `// == name` to the next, of
// the one that it is built for.

// Beyond this the square of x is held: it stays finite.
static constexpr float SQUARED = 1e15f;

// == uniform
FN Probability uniform_probability(float x, float shape) {
    (void)shape;
    auto mass = real_max((1.0f - fabsf(x)) * 0.5f, 0.0f);
    auto density = real_keep(0.5f, mass > 0.0f);
    return sides_probability(sides_symmetric(x, side_of(mass, density), density));
}

// == cubic-hermite
FN Probability cubic_hermite_probability(float x, float shape) {
    (void)shape;
    auto z = real_max((1.0f - fabsf(x)) * 0.5f, 0.0f);
    auto density = 3.0f * z * (1.0f - z);
    return sides_probability(sides_symmetric(x, side_of(z * z * (3.0f - z - z), density), density));
}

// == wigner
FN Probability wigner_probability(float x, float shape) {
    (void)shape;
    auto inside = fabsf(x) < 1.0f;
    auto h = (inside ? 1.0f - fabsf(x) : 1.0f);
    auto mass = 0.9003163162f * h * sqrtf(h) * cap_ratio(h);
    auto density = real_keep(0.63661977237f * sqrtf(h * (2.0f - h)), inside);
    return sides_probability(sides_symmetric(x, side_of(real_keep(mass, inside), density), density));
}

// == gaussian
FN Probability gaussian_probability(float x, float shape) {
    (void)shape;
    auto a = real_min(fabsf(x), SQUARED);
    auto exponent = -(0.5f * a * a);
    auto bell = exp_f32(exponent);
    auto mantissa = 0.5f * erfcx_f32(a * 0.70710678118f);
    auto beyond = Side{mantissa * bell, mantissa, exponent, 0.3989422804f / mantissa};
    return sides_probability(sides_symmetric(x, beyond, 0.3989422804f * bell));
}

// == laplace
FN Probability laplace_probability(float x, float shape) {
    (void)shape;
    auto exponent = -fabsf(x);
    auto mass = 0.5f * exp_f32(exponent);
    return sides_probability(sides_symmetric(x, Side{mass, 0.5f, exponent, 1.0f}, mass));
}

// == gudermannian
FN Probability gudermannian_probability(float x, float shape) {
    (void)shape;
    auto exponent = -fabsf(x);
    auto tail = exp_f32(exponent);
    auto ratio = atan_ratio(tail * tail);
    auto spread = real_recip(1.0f + tail * tail);
    auto mantissa = 0.63661977237f * ratio;
    auto beyond = Side{mantissa * tail, mantissa, exponent, spread / ratio};
    return sides_probability(sides_symmetric(x, beyond, 0.63661977237f * tail * spread));
}

// == cauchy
FN Probability cauchy_probability(float x, float shape) {
    (void)shape;
    auto a = fabsf(x);
    auto far = a > 1.0f;
    auto t = (far ? real_recip(real_max(a, 1.0f)) : a);
    auto angle = 0.31830988618f * t * atan_ratio(t * t);
    auto spread = 0.31830988618f / (1.0f + t * t);
    auto density = (far ? t * t * spread : spread);
    auto mass = (far ? angle : 0.5f - angle);
    return sides_probability(sides_symmetric(x, side_of(mass, density), density));
}

// == reciprocal
FN Probability reciprocal_probability(float x, float shape) {
    (void)shape;
    auto rate = real_recip(1.0f + fabsf(x));
    auto mass = 0.5f * rate;
    return sides_probability(sides_symmetric(x, Side{mass, mass, 0.0f, rate}, mass * rate));
}

// == algebraic
FN Probability algebraic_probability(float x, float shape) {
    (void)shape;
    auto a = fabsf(x);
    auto far = a > 1.0f;
    auto t = (far ? real_recip(real_max(a, 1.0f)) : a);
    auto root = sqrtf(1.0f + t * t);
    auto inverse = real_recip(root);
    auto near_mass = 0.5f * inverse / (root + t);
    auto far_mass = 0.5f * t * t * inverse / (root + 1.0f);
    auto scale = 0.5f * inverse * inverse * inverse;
    auto density = (far ? scale * t * t * t : scale);
    auto mass = (far ? far_mass : near_mass);
    return sides_probability(sides_symmetric(x, side_of(mass, density), density));
}
