// Special functions that distributions and t-conorms are made of: the core's, with as many terms as numbers of this size
// can tell.

// Below this size a ratio of a function that vanishes at 0 is its series.
const SERIES: f32 = 0.5;
// The least number whose logarithm is taken.
const LEAST: f32 = 1e-35;

// The natural logarithm of a normal number (Cephes `logf`): the built-in one is too loose near 1.
fn ln_f32(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    let half = bitcast<f32>((bits & 0x7fffffu) | 0x3f000000u);
    let low = half < 0.70710678;
    let m = select(half - 1.0, half + half - 1.0, low);
    let e = f32(i32(bits >> 23u) - select(126, 127, low));
    let z = m * m;
    var series = 0.0703768358;
    series = series * m + -0.115146101;
    series = series * m + 0.116769984;
    series = series * m + -0.12420141;
    series = series * m + 0.142493233;
    series = series * m + -0.166680574;
    series = series * m + 0.200007141;
    series = series * m + -0.24999994;
    series = series * m + 0.333333313;
    let y = series * m * z - 2.12194440e-4 * e - 0.5 * z;
    return m + y + 0.693359375 * e;
}

fn erfcx(t: f32) -> f32 {
    let q = (t - 4.0) / (t + 4.0);
    var p = 0.000116607996;
    p = p * q + -0.000248632306;
    p = p * q + -0.000716339448;
    p = p * q + 0.00508280937;
    p = p * q + -0.0162222739;
    p = p * q + 0.0371399187;
    p = p * q + -0.066323258;
    p = p * q + 0.0937404409;
    p = p * q + -0.101039954;
    p = p * q + 0.0680961311;
    p = p * q + 0.015379684;
    p = p * q + -0.139621079;
    p = p * q + 1.23299515;
    return p / (1.0 + t + t);
}

fn erf_ratio(t_sq: f32) -> f32 {
    var p = 7.87587487e-05;
    p = p * t_sq + -0.00080168643;
    p = p * t_sq + 0.00518908724;
    p = p * t_sq + -0.0268542115;
    p = p * t_sq + 0.112835944;
    p = p * t_sq + -0.37612626;
    p = p * t_sq + 1.12837911;
    return p;
}

fn atan_ratio(t_sq: f32) -> f32 {
    var p = -0.00170117011;
    p = p * t_sq + 0.0104876496;
    p = p * t_sq + -0.0303518642;
    p = p * t_sq + 0.057089556;
    p = p * t_sq + -0.0834972486;
    p = p * t_sq + 0.109323412;
    p = p * t_sq + -0.142600164;
    p = p * t_sq + 0.199980751;
    p = p * t_sq + -0.333332777;
    p = p * t_sq + 1.0;
    return p;
}

fn cap_ratio(h: f32) -> f32 {
    var p = -8.87223141e-05;
    p = p * h + 0.000118558281;
    p = p * h + -0.000288897223;
    p = p * h + -0.000363708154;
    p = p * h + -0.00175759359;
    p = p * h + -0.00892580207;
    p = p * h + -0.100000136;
    p = p * h + 0.666666687;
    return p;
}

struct ReciprocalGamma {
    reciprocal: f32,
    digamma: f32,
}

fn reciprocal_gamma(p_: f32) -> ReciprocalGamma {
    let whole = floor(p_);
    let f = p_ - whole;
    var p = 0.000143688289;
    var slope = 0.0;
    slope = slope * f + p;
    p = p * f + -0.00174094073;
    slope = slope * f + p;
    p = p * f + 0.00779319508;
    slope = slope * f + p;
    p = p * f + -0.00998904835;
    slope = slope * f + p;
    p = p * f + -0.0420474261;
    slope = slope * f + p;
    p = p * f + 0.1665003;
    slope = slope * f + p;
    p = p * f + -0.0419969372;
    slope = slope * f + p;
    p = p * f + -0.655878484;
    slope = slope * f + p;
    p = p * f + 0.577215672;
    slope = slope * f + p;
    p = p * f + 1.0;
    var product = 1.0;
    var sum = -(slope / p);
    for (var k = 1.0; k < 5.0; k += 1.0) {
        if whole >= k {
            product *= f + k;
            sum += 1.0 / (f + k);
        }
    }
    return ReciprocalGamma(p / product, sum);
}

fn expm1_ratio(y: f32) -> f32 {
    if abs(y) >= SERIES {
        return (exp_f32(y) - 1.0) / y;
    }
    var series = 2.755732e-07;
    series = series * y + 2.75573188e-06;
    series = series * y + 2.48015876e-05;
    series = series * y + 0.000198412701;
    series = series * y + 0.00138888892;
    series = series * y + 0.00833333377;
    series = series * y + 0.0416666679;
    series = series * y + 0.166666672;
    series = series * y + 0.5;
    series = series * y + 1.0;
    return series;
}

fn expm1_ratio_slope(y: f32) -> f32 {
    if abs(y) >= SERIES {
        return (exp_f32(y) - expm1_ratio(y)) / y;
    }
    var series = 2.50521083e-07;
    series = series * y + 2.48015863e-06;
    series = series * y + 2.20458551e-05;
    series = series * y + 0.000173611115;
    series = series * y + 0.00119047624;
    series = series * y + 0.0069444445;
    series = series * y + 0.0333333351;
    series = series * y + 0.125;
    series = series * y + 0.333333343;
    series = series * y + 0.5;
    return series;
}

fn ln1p_ratio(y: f32) -> f32 {
    if y <= -SERIES || y >= 1.0 {
        return ln_f32(max(y + 1.0, LEAST)) / y;
    }
    let z = y / (2.0 + y);
    let z_sq = z * z;
    var series = 0.0666666701;
    series = series * z_sq + 0.0769230798;
    series = series * z_sq + 0.0909090936;
    series = series * z_sq + 0.111111112;
    series = series * z_sq + 0.142857149;
    series = series * z_sq + 0.200000003;
    series = series * z_sq + 0.333333343;
    series = series * z_sq + 1.0;
    return 2.0 / (2.0 + y) * series;
}

fn ln1p_ratio_slope(p: f32, s: f32) -> f32 {
    let y = -(p * s);
    if abs(y) >= 0.3 {
        return (y / (1.0 + y) - y * ln1p_ratio(y)) / p / p;
    }
    var series = 0.933333337;
    series = series * y + -0.928571403;
    series = series * y + 0.923076928;
    series = series * y + -0.916666687;
    series = series * y + 0.909090936;
    series = series * y + -0.899999976;
    series = series * y + 0.888888896;
    series = series * y + -0.875;
    series = series * y + 0.857142866;
    series = series * y + -0.833333313;
    series = series * y + 0.800000012;
    series = series * y + -0.75;
    series = series * y + 0.666666687;
    series = series * y + -0.5;
    return s * s * series;
}

fn growth_ratio(y: f32) -> f32 {
    if abs(y) >= SERIES {
        return (exp_f32(y) / expm1_ratio(y) - 1.0) / y;
    }
    let y_sq = y * y;
    var series = -8.26719599e-07;
    series = series * y_sq + 3.30687835e-05;
    series = series * y_sq + -0.00138888892;
    series = series * y_sq + 0.0833333358;
    return 0.5 + y * series;
}
