// A_N: a network over the set of faces at a pixel (MATH 7). Channels beyond the picture's own have no weights.

constexpr float HELD = 1e9f;

struct NeuralState {};

struct NeuralCotangent {};

// h, a sum for each unit of phi.
struct NeuralSums {
    float h[HIDDEN];
};

// Where the offset and the scale of the nearness stand, and how many weights come before the units.
constexpr u32 OFFSET = 0u;
constexpr u32 SCALE = 1u;
constexpr u32 FIRST = 2u;

// How many channels the picture has; HIDDEN is how many units.
struct NeuralLayout {
    u32 channels;
};

FN u32 neural_layout_phi_size(const NeuralLayout& neural_layout) { return 3u + neural_layout.channels; }

FN u32 neural_layout_rho_size(const NeuralLayout& neural_layout) { return 1u + 2u * neural_layout.channels + HIDDEN; }

// Bias, D, zeta, colors.
FN u32 neural_layout_phi(const NeuralLayout& neural_layout, u32 k) {
    return FIRST + k * neural_layout_phi_size(neural_layout);
}

// Bias, background, sums, outputs.
FN u32 neural_layout_rho(const NeuralLayout& neural_layout, u32 k) {
    return FIRST + HIDDEN * neural_layout_phi_size(neural_layout) + k * neural_layout_rho_size(neural_layout);
}

FN u32 neural_layout_count(const NeuralLayout& neural_layout) { return neural_layout_rho(neural_layout, HIDDEN); }

// The activation; writes its slope.
FN float squash(float x, float& slope) {
    x = real_clamp(x, -HELD, HELD);
    float inv = real_recip(sqrtf(1.0f + real_sq(x)));
    slope = real_sq(inv) * inv;
    return x * inv;
}

struct Features {
    float d;
    float above;
    float zeta;
};

struct RhoGrad {
    float step;
    float with_faces;
    float without;
};

struct NeuralPixel {
    NeuralState state;
    NeuralSums sums;
    Channels background;
};

FN Features neural_features(const ColorContext& context, const ColorPair& pair) {
    float above = real_keep(pair.nearness - context.weights[OFFSET], pair.member);
    return Features{real_keep(pair.p.d, pair.member), above, above * context.weights[SCALE]};
}

// What the unit of phi whose weights these are adds up.
FN float neural_phi(const float* weights, const Features& seen, const Channels& color, u32 channels) {
    float sum = weights[0] + weights[1] * seen.d;
    sum += weights[2] * seen.zeta;
    for (u32 c = 0; c < CHANNELS; ++c) {
        if (c < channels) {
            sum += weights[3u + c] * color.c[c];
        }
    }
    return sum;
}

// Returns the unit; writes the gradient to what it adds up.
FN float neural_phi_vjp(const float* weights, const Features& seen, const Channels& color, float grad_sum,
                        u32 channels, float& grad_unit) {
    float slope;
    float unit = squash(neural_phi(weights, seen, color, channels), slope);
    grad_unit = grad_sum * seen.d * slope;
    return unit;
}

// Returns what a unit of rho adds up without faces; writes what it does with them.
FN float neural_rho(const float* weights, const Channels& background, const NeuralSums& sums, u32 channels,
                    float& with_faces) {
    float without = weights[0];
    for (u32 c = 0; c < CHANNELS; ++c) {
        if (c < channels) {
            without += weights[1u + c] * background.c[c];
        }
    }
    with_faces = without;
    for (u32 i = 0; i < HIDDEN; ++i) {
        with_faces += weights[1u + channels + i] * sums.h[i];
    }
    return without;
}

FN RhoGrad neural_rho_vjp(const float* weights, const NeuralPixel& pixel, const Channels& grad, u32 channels) {
    float with_faces, slope_before, slope_after;
    float without = neural_rho(weights, pixel.background, pixel.sums, channels, with_faces);
    float before = squash(without, slope_before);
    float after = squash(with_faces, slope_after);
    float grad_step = 0.0f;
    for (u32 c = 0; c < CHANNELS; ++c) {
        if (c < channels) {
            grad_step += grad.c[c] * weights[1u + channels + HIDDEN + c];
        }
    }
    float grad_with = grad_step * slope_after;
    return RhoGrad{after - before, grad_with, grad_with - grad_step * slope_before};
}

FN NeuralState neural_identity() { return NeuralState{}; }

FN void neural_push(const ColorContext& context, NeuralState& state, NeuralSums& sums, const ColorPair& pair) {
    (void)state;
    NeuralLayout layout{context.channels};
    Features seen = neural_features(context, pair);
    for (u32 k = 0; k < HIDDEN; ++k) {
        float slope;
        const float* weights = context.weights + neural_layout_phi(layout, k);
        sums.h[k] += seen.d * squash(neural_phi(weights, seen, pair.color, layout.channels), slope);
    }
}

FN void neural_merge(const ColorContext& context, NeuralState& state, NeuralSums& sums, const NeuralState& other,
                     const NeuralSums& other_sums) {
    (void)context;
    (void)state;
    (void)other;
    for (u32 k = 0; k < HIDDEN; ++k) {
        sums.h[k] += other_sums.h[k];
    }
}

FN void neural_finish(const ColorContext& context, NeuralState& state, NeuralSums& sums, const Channels& background,
                      Channels& color) {
    (void)state;
    NeuralLayout layout{context.channels};
    color = background;
    for (u32 k = 0; k < HIDDEN; ++k) {
        const float* weights = context.weights + neural_layout_rho(layout, k);
        float with_faces, slope;
        float without = neural_rho(weights, background, sums, layout.channels, with_faces);
        float step = squash(with_faces, slope) - squash(without, slope);
        for (u32 c = 0; c < CHANNELS; ++c) {
            if (c < layout.channels) {
                color.c[c] += weights[1u + layout.channels + HIDDEN + c] * step;
            }
        }
    }
}

// The gradient to the weights of rho is that of `prepare_weights`.
FN NeuralCotangent neural_pixel_vjp(const ColorContext& context, const NeuralPixel& pixel, const Channels& grad,
                                    NeuralSums& out_sums, Channels& out_background, float& grad_epsilon) {
    NeuralLayout layout{context.channels};
    out_sums = NeuralSums{};
    for (u32 c = 0; c < CHANNELS; ++c) {
        out_background.c[c] += grad.c[c];
    }
    for (u32 k = 0; k < HIDDEN; ++k) {
        const float* weights = context.weights + neural_layout_rho(layout, k);
        RhoGrad unit = neural_rho_vjp(weights, pixel, grad, layout.channels);
        for (u32 c = 0; c < CHANNELS; ++c) {
            if (c < layout.channels) {
                out_background.c[c] += unit.without * weights[1u + c];
            }
        }
        for (u32 i = 0; i < HIDDEN; ++i) {
            out_sums.h[i] += unit.with_faces * weights[1u + layout.channels + i];
        }
    }
    grad_epsilon = 0.0f;
    return NeuralCotangent{};
}

// The gradient to the weights of phi is that of `backward_weights`.
FN ColorPairGrad neural_pair_vjp(const ColorContext& context, const NeuralPixel& pixel,
                                 const NeuralCotangent& cotangent, const NeuralSums& cotangent_sums,
                                 const ColorPair& pair, Channels& grad_color) {
    (void)pixel;
    (void)cotangent;
    NeuralLayout layout{context.channels};
    Features seen = neural_features(context, pair);
    float grad_d = 0.0f;
    float grad_zeta = 0.0f;
    for (u32 k = 0; k < HIDDEN; ++k) {
        const float* weights = context.weights + neural_layout_phi(layout, k);
        float grad_unit;
        float unit = neural_phi_vjp(weights, seen, pair.color, cotangent_sums.h[k], layout.channels, grad_unit);
        grad_d += cotangent_sums.h[k] * unit + grad_unit * weights[1];
        grad_zeta += grad_unit * weights[2];
        for (u32 c = 0; c < CHANNELS; ++c) {
            if (c < layout.channels) {
                grad_color.c[c] += grad_unit * weights[3u + c];
            }
        }
    }
    float grad_nearness = grad_zeta * context.weights[SCALE];
    return ColorPairGrad{ProbabilityGrad{real_keep(grad_d, pair.member), 0.0f, 0.0f}, grad_nearness, 0.0f};
}
