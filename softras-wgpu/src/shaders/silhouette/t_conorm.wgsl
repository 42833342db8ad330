// Silhouettes by t-conorms (MATH 4). A module has the section, from one line `// == name` to the next, of the generator
// that it is built for: its functions `GENERATOR_term` and so on, and whether its terms are multiplied or added.

struct Folded {
    folded: f32,
}

fn t_conorm_identity() -> Folded {
    return Folded(select(0.0, 1.0, FOLDS_BY_PRODUCT));
}
fn t_conorm_push(state: ptr<function, Folded>, p: Probability, member: bool, shape: f32) {
    if member {
        t_conorm_merge(state, Folded(GENERATOR_term(p, shape)));
    }
}
fn t_conorm_merge(state: ptr<function, Folded>, other: Folded) {
    if FOLDS_BY_PRODUCT {
        (*state).folded = (*state).folded * other.folded;
    } else {
        (*state).folded += other.folded;
    }
}
fn t_conorm_finish(state: ptr<function, Folded>, faces: f32, shape: f32) -> f32 {
    return GENERATOR_alpha((*state).folded, shape);
}
fn t_conorm_saturated(state: Folded) -> bool {
    return false;
}
fn t_conorm_pair_vjp(state: Folded, p: Probability, faces: f32, shape: f32, grad: f32) -> ProbabilityGrad {
    let own = GENERATOR_term_vjp(state.folded, p, shape);
    return ProbabilityGrad(grad * own.d, grad * own.ln_d, grad * own.ln_not_d);
}
fn t_conorm_shape_vjp(state: Folded, p: Probability, faces: f32, shape: f32, grad: f32) -> f32 {
    return grad * GENERATOR_shape_slope(state.folded, p, shape);
}
fn t_conorm_load(from_: array<f32, 4>) -> Folded {
    return Folded(from_[0]);
}
fn t_conorm_store(state: Folded) -> array<f32, 4> {
    return array<f32, 4>(select(state.folded, real_transmittance(state.folded), FOLDS_BY_PRODUCT), 0.0, 0.0, 0.0);
}

// `ln x`, of a number that may be 0.
fn ln(x: f32) -> f32 {
    return ln_f32(max(x, LEAST));
}

fn ln_d(p: Probability) -> f32 {
    return min(ln(p.mantissa) + p.exponent, 0.0);
}

struct Depth {
    depth: f32,
    free: bool,
}

fn depth(p: Probability, most: f32) -> Depth {
    var own = 0.0;
    if p.d < 0.5 {
        own = p.d * ln1p_ratio(-p.d);
    } else {
        own = -ln(p.not_d);
    }
    return Depth(min(own, most), own < most);
}

fn to_ln_not_d(slope: f32) -> ProbabilityGrad {
    return ProbabilityGrad(0.0, 0.0, slope);
}

fn share_of_product(term: f32, product: f32) -> f32 {
    let all = ln(product);
    if all < 0.0 {
        return ln(term) / all;
    }
    return 0.0;
}

fn root_of_sum(sum: f32, shape: f32) -> f32 {
    return real_keep(exp_f32(ln(sum) / shape), sum > LEAST);
}

fn share_of_sum(term: f32, sum: f32) -> f32 {
    return term / max(sum, LEAST);
}

// A power of a term, what it is of, and whether it moves with D.
struct Power {
    own: f32,
    power: f32,
    free: bool,
}

// == einstein
const FOLDS_BY_PRODUCT: bool = true;
fn einstein_term(p: Probability, shape: f32) -> f32 {
    return p.not_d / (1.0 + p.d);
}
fn einstein_alpha(product: f32, shape: f32) -> f32 {
    return (1.0 - product) / (1.0 + product);
}
fn einstein_term_vjp(product: f32, p: Probability, shape: f32) -> ProbabilityGrad {
    return to_ln_not_d(-(4.0 * product) / (real_sq(1.0 + product) * (1.0 + p.d)));
}
fn einstein_shape_slope(product: f32, p: Probability, shape: f32) -> f32 {
    return 0.0;
}

// == hamacher
const FOLDS_BY_PRODUCT: bool = true;
fn hamacher_term(p: Probability, shape: f32) -> f32 {
    return p.not_d / (shape + (1.0 - shape) * p.not_d);
}
fn hamacher_alpha(product: f32, shape: f32) -> f32 {
    return (1.0 - product) / (1.0 - (1.0 - shape) * product);
}
fn hamacher_term_vjp(product: f32, p: Probability, shape: f32) -> ProbabilityGrad {
    let rest = 1.0 - shape;
    let inverse = shape / (1.0 - rest * product);
    return to_ln_not_d(-(product * inverse * inverse) / (shape + rest * p.not_d));
}
fn hamacher_shape_slope(product: f32, p: Probability, shape: f32) -> f32 {
    let below = shape + (1.0 - shape) * p.not_d;
    let inverse = real_recip(1.0 - (1.0 - shape) * product);
    let direct = (1.0 - product) * share_of_product(p.not_d / below, product);
    return product * inverse * inverse * (shape * p.d / below - direct);
}

// == frank
const FOLDS_BY_PRODUCT: bool = true;
struct Left {
    left: f32,
    below: f32,
}
fn frank_left(product: f32, lambda: f32) -> Left {
    let scaled = product * expm1_ratio(lambda);
    let grown = scaled * lambda;
    return Left(scaled * ln1p_ratio(grown), 1.0 + grown);
}
fn frank_bend(n: f32, lambda: f32) -> f32 {
    return n * growth_ratio(lambda * n) - growth_ratio(lambda);
}
fn frank_term(p: Probability, shape: f32) -> f32 {
    let lambda = ln_f32(shape);
    return p.not_d * expm1_ratio(lambda * p.not_d) / expm1_ratio(lambda);
}
fn frank_alpha(product: f32, shape: f32) -> f32 {
    let lambda = ln_f32(shape);
    let shrunk = (1.0 - product) * expm1_ratio(-lambda);
    return min(shrunk * ln1p_ratio(-(shrunk * lambda)), 1.0);
}
fn frank_term_vjp(product: f32, p: Probability, shape: f32) -> ProbabilityGrad {
    let lambda = ln_f32(shape);
    let left = frank_left(product, lambda);
    let own = exp_f32(lambda * p.not_d) / expm1_ratio(lambda * p.not_d);
    return to_ln_not_d(-(product * expm1_ratio(lambda) / left.below) * own);
}
fn frank_shape_slope(product: f32, p: Probability, shape: f32) -> f32 {
    let lambda = ln_f32(shape);
    let left = frank_left(product, lambda).left;
    let steep = expm1_ratio(lambda * left) / exp_f32(lambda * left);
    let share = share_of_product(frank_term(p, shape), product);
    return -(left * steep / shape) * (frank_bend(p.not_d, lambda) - share * frank_bend(left, lambda));
}

// == yager
const FOLDS_BY_PRODUCT: bool = false;
fn yager_term(p: Probability, shape: f32) -> f32 {
    return exp_f32(shape * ln_d(p));
}
fn yager_alpha(sum: f32, shape: f32) -> f32 {
    return root_of_sum(min(sum, 1.0), shape);
}
fn yager_term_vjp(sum: f32, p: Probability, shape: f32) -> ProbabilityGrad {
    let share = share_of_sum(yager_term(p, shape), sum);
    return ProbabilityGrad(0.0, real_keep(yager_alpha(sum, shape) * share, sum < 1.0), 0.0);
}
fn yager_shape_slope(sum: f32, p: Probability, shape: f32) -> f32 {
    let share = share_of_sum(yager_term(p, shape), sum);
    let above = max(ln_d(p), -100.0) - ln(sum) / shape;
    return real_keep(yager_alpha(sum, shape) * share * above / shape, sum < 1.0);
}

// == aczel-alsina
const FOLDS_BY_PRODUCT: bool = false;
const DEEPEST: f32 = 69.0;
const SHALLOWEST: f32 = 1e-30;
fn aczel_alsina_power(p: Probability, shape: f32) -> Power {
    let own = depth(p, DEEPEST);
    let held = max(own.depth, SHALLOWEST);
    return Power(held, real_keep(exp_f32(shape * ln_f32(held)), own.depth > SHALLOWEST), own.free);
}
fn aczel_alsina_term(p: Probability, shape: f32) -> f32 {
    return aczel_alsina_power(p, shape).power;
}
fn aczel_alsina_alpha(sum: f32, shape: f32) -> f32 {
    let whole = root_of_sum(sum, shape);
    return whole * expm1_ratio(-whole);
}
fn aczel_alsina_term_vjp(sum: f32, p: Probability, shape: f32) -> ProbabilityGrad {
    let power = aczel_alsina_power(p, shape);
    let whole = root_of_sum(sum, shape);
    let share = share_of_sum(power.power, sum);
    return to_ln_not_d(-real_keep(exp_f32(-whole) * share * (whole / power.own), power.free));
}
fn aczel_alsina_shape_slope(sum: f32, p: Probability, shape: f32) -> f32 {
    let power = aczel_alsina_power(p, shape);
    let whole = root_of_sum(sum, shape);
    let share = share_of_sum(power.power, sum);
    return exp_f32(-whole) * whole * share * (ln_f32(power.own) - ln(sum) / shape) / shape;
}

// == dombi
const FOLDS_BY_PRODUCT: bool = false;
const LONGEST_ODDS: f32 = 18.0;
fn dombi_power(p: Probability, shape: f32) -> Power {
    let odds = ln_d(p) - ln(p.not_d);
    let held = max(min(odds, LONGEST_ODDS), -100.0);
    return Power(held, exp_f32(shape * held), odds < LONGEST_ODDS);
}
fn dombi_slope(sum: f32, power: f32, shape: f32) -> f32 {
    let whole = root_of_sum(sum, shape);
    let left = real_recip(1.0 + whole);
    return whole * left * left * share_of_sum(power, sum);
}
fn dombi_term(p: Probability, shape: f32) -> f32 {
    return dombi_power(p, shape).power;
}
fn dombi_alpha(sum: f32, shape: f32) -> f32 {
    let whole = root_of_sum(sum, shape);
    return whole / (1.0 + whole);
}
fn dombi_term_vjp(sum: f32, p: Probability, shape: f32) -> ProbabilityGrad {
    let power = dombi_power(p, shape);
    let slope = real_keep(dombi_slope(sum, power.power, shape), power.free);
    return ProbabilityGrad(0.0, slope, -slope);
}
fn dombi_shape_slope(sum: f32, p: Probability, shape: f32) -> f32 {
    let power = dombi_power(p, shape);
    return dombi_slope(sum, power.power, shape) * (power.own - ln(sum) / shape) / shape;
}

// == schweizer-sklar
const FOLDS_BY_PRODUCT: bool = false;
const DEEPEST_POWER: f32 = 36.0;
struct Open {
    left: f32,
    open: bool,
}
fn schweizer_sklar_left(sum: f32, shape: f32) -> Open {
    let left = 1.0 - shape * sum;
    return Open(max(left, 1e-30), left > 0.0);
}
fn schweizer_sklar_term(p: Probability, shape: f32) -> f32 {
    let own = depth(p, DEEPEST_POWER).depth;
    return own * expm1_ratio(-(shape * own));
}
fn schweizer_sklar_alpha(sum: f32, shape: f32) -> f32 {
    if !schweizer_sklar_left(sum, shape).open {
        return 1.0;
    }
    let whole = sum * ln1p_ratio(-(shape * sum));
    return whole * expm1_ratio(-whole);
}
fn schweizer_sklar_term_vjp(sum: f32, p: Probability, shape: f32) -> ProbabilityGrad {
    let own = depth(p, DEEPEST_POWER);
    let left = schweizer_sklar_left(sum, shape);
    let rest = 1.0 - schweizer_sklar_alpha(sum, shape);
    let slope = rest * (exp_f32(-(shape * own.depth)) / left.left);
    return to_ln_not_d(-real_keep(slope, own.free && left.open));
}
fn schweizer_sklar_shape_slope(sum: f32, p: Probability, shape: f32) -> f32 {
    let own = depth(p, DEEPEST_POWER).depth;
    let left = schweizer_sklar_left(sum, shape);
    if !left.open || !(sum > 0.0) {
        return 0.0;
    }
    let rest = 1.0 - schweizer_sklar_alpha(sum, shape);
    let share = schweizer_sklar_term(p, shape) / sum;
    let by_power = own * (own * expm1_ratio_slope(-(shape * own)) / left.left);
    return -(rest * (share * ln1p_ratio_slope(shape, sum) + by_power));
}
