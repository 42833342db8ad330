// Special functions that distributions and t-conorms are made of: the core's, with as many terms as numbers of this size
// can tell.

#ifndef TWIN_OF_SPECIAL
#define TWIN_OF_SPECIAL

// Below this size a ratio of a function that vanishes at 0 is its series.
static constexpr float SERIES = 0.5f;
// The least number whose logarithm is taken.
static constexpr float LEAST = 1e-35f;

// The natural logarithm of a normal number (Cephes `logf`): the built-in one is too loose near 1.
FN float ln_f32(float x) {
    auto bits = __float_as_uint(x);
    auto half = __uint_as_float((bits & 0x7fffffu) | 0x3f000000u);
    auto low = half < 0.70710678f;
    auto m = (low ? half + half - 1.0f : half - 1.0f);
    auto e = float(int(bits >> 23u) - (low ? 127 : 126));
    auto z = m * m;
    auto series = 0.0703768358f;
    series = series * m + -0.115146101f;
    series = series * m + 0.116769984f;
    series = series * m + -0.12420141f;
    series = series * m + 0.142493233f;
    series = series * m + -0.166680574f;
    series = series * m + 0.200007141f;
    series = series * m + -0.24999994f;
    series = series * m + 0.333333313f;
    auto y = series * m * z - 2.12194440e-4f * e - 0.5f * z;
    return m + y + 0.693359375f * e;
}

FN float erfcx_f32(float t) {
    auto q = (t - 4.0f) / (t + 4.0f);
    auto p = 0.000116607996f;
    p = p * q + -0.000248632306f;
    p = p * q + -0.000716339448f;
    p = p * q + 0.00508280937f;
    p = p * q + -0.0162222739f;
    p = p * q + 0.0371399187f;
    p = p * q + -0.066323258f;
    p = p * q + 0.0937404409f;
    p = p * q + -0.101039954f;
    p = p * q + 0.0680961311f;
    p = p * q + 0.015379684f;
    p = p * q + -0.139621079f;
    p = p * q + 1.23299515f;
    return p / (1.0f + t + t);
}

FN float erf_ratio(float t_sq) {
    auto p = 7.87587487e-05f;
    p = p * t_sq + -0.00080168643f;
    p = p * t_sq + 0.00518908724f;
    p = p * t_sq + -0.0268542115f;
    p = p * t_sq + 0.112835944f;
    p = p * t_sq + -0.37612626f;
    p = p * t_sq + 1.12837911f;
    return p;
}

FN float atan_ratio(float t_sq) {
    auto p = -0.00170117011f;
    p = p * t_sq + 0.0104876496f;
    p = p * t_sq + -0.0303518642f;
    p = p * t_sq + 0.057089556f;
    p = p * t_sq + -0.0834972486f;
    p = p * t_sq + 0.109323412f;
    p = p * t_sq + -0.142600164f;
    p = p * t_sq + 0.199980751f;
    p = p * t_sq + -0.333332777f;
    p = p * t_sq + 1.0f;
    return p;
}

FN float cap_ratio(float h) {
    auto p = -8.87223141e-05f;
    p = p * h + 0.000118558281f;
    p = p * h + -0.000288897223f;
    p = p * h + -0.000363708154f;
    p = p * h + -0.00175759359f;
    p = p * h + -0.00892580207f;
    p = p * h + -0.100000136f;
    p = p * h + 0.666666687f;
    return p;
}

struct ReciprocalGamma {
    float reciprocal;
    float digamma;
};

FN ReciprocalGamma reciprocal_gamma(float p_) {
    auto whole = floorf(p_);
    auto f = p_ - whole;
    auto p = 0.000143688289f;
    auto slope = 0.0f;
    slope = slope * f + p;
    p = p * f + -0.00174094073f;
    slope = slope * f + p;
    p = p * f + 0.00779319508f;
    slope = slope * f + p;
    p = p * f + -0.00998904835f;
    slope = slope * f + p;
    p = p * f + -0.0420474261f;
    slope = slope * f + p;
    p = p * f + 0.1665003f;
    slope = slope * f + p;
    p = p * f + -0.0419969372f;
    slope = slope * f + p;
    p = p * f + -0.655878484f;
    slope = slope * f + p;
    p = p * f + 0.577215672f;
    slope = slope * f + p;
    p = p * f + 1.0f;
    auto product = 1.0f;
    auto sum = -(slope / p);
    for (auto k = 1.0f; k < 5.0f; k += 1.0f) {
        if (whole >= k) {
            product *= f + k;
            sum += 1.0f / (f + k);
        }
    }
    return ReciprocalGamma{p / product, sum};
}

FN float expm1_ratio(float y) {
    if (fabsf(y) >= SERIES) {
        return (exp_f32(y) - 1.0f) / y;
    }
    auto series = 2.755732e-07f;
    series = series * y + 2.75573188e-06f;
    series = series * y + 2.48015876e-05f;
    series = series * y + 0.000198412701f;
    series = series * y + 0.00138888892f;
    series = series * y + 0.00833333377f;
    series = series * y + 0.0416666679f;
    series = series * y + 0.166666672f;
    series = series * y + 0.5f;
    series = series * y + 1.0f;
    return series;
}

FN float expm1_ratio_slope(float y) {
    if (fabsf(y) >= SERIES) {
        return (exp_f32(y) - expm1_ratio(y)) / y;
    }
    auto series = 2.50521083e-07f;
    series = series * y + 2.48015863e-06f;
    series = series * y + 2.20458551e-05f;
    series = series * y + 0.000173611115f;
    series = series * y + 0.00119047624f;
    series = series * y + 0.0069444445f;
    series = series * y + 0.0333333351f;
    series = series * y + 0.125f;
    series = series * y + 0.333333343f;
    series = series * y + 0.5f;
    return series;
}

FN float ln1p_ratio(float y) {
    if (y <= -SERIES || y >= 1.0f) {
        return ln_f32(real_max(y + 1.0f, LEAST)) / y;
    }
    auto z = y / (2.0f + y);
    auto z_sq = z * z;
    auto series = 0.0666666701f;
    series = series * z_sq + 0.0769230798f;
    series = series * z_sq + 0.0909090936f;
    series = series * z_sq + 0.111111112f;
    series = series * z_sq + 0.142857149f;
    series = series * z_sq + 0.200000003f;
    series = series * z_sq + 0.333333343f;
    series = series * z_sq + 1.0f;
    return 2.0f / (2.0f + y) * series;
}

FN float ln1p_ratio_slope(float p, float s) {
    auto y = -(p * s);
    if (fabsf(y) >= 0.3f) {
        return (y / (1.0f + y) - y * ln1p_ratio(y)) / p / p;
    }
    auto series = 0.933333337f;
    series = series * y + -0.928571403f;
    series = series * y + 0.923076928f;
    series = series * y + -0.916666687f;
    series = series * y + 0.909090936f;
    series = series * y + -0.899999976f;
    series = series * y + 0.888888896f;
    series = series * y + -0.875f;
    series = series * y + 0.857142866f;
    series = series * y + -0.833333313f;
    series = series * y + 0.800000012f;
    series = series * y + -0.75f;
    series = series * y + 0.666666687f;
    series = series * y + -0.5f;
    return s * s * series;
}

FN float growth_ratio(float y) {
    if (fabsf(y) >= SERIES) {
        return (exp_f32(y) / expm1_ratio(y) - 1.0f) / y;
    }
    auto y_sq = y * y;
    auto series = -8.26719599e-07f;
    series = series * y_sq + 3.30687835e-05f;
    series = series * y_sq + -0.00138888892f;
    series = series * y_sq + 0.0833333358f;
    return 0.5f + y * series;
}

#endif
