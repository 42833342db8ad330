// Hard: the color of the nearest face (MATH 5).

#define NO_DEPTH 1e30f

struct HardState {
    float depth;
    float face;
};

struct HardCotangent {};

FN bool hard_color_in_front(const HardState& state, float depth, float face) {
    return depth < state.depth || (depth == state.depth && face < state.face);
}

FN HardState hard_color_identity() { return HardState{NO_DEPTH, -1.0f}; }

FN void hard_color_push(const ColorContext& context, HardState& state, Channels& sums, const ColorPair& pair) {
    (void)context;
    bool front = pair.member && pair.holds && hard_color_in_front(state, pair.depth, pair.face);
    for (int c = 0; c < CHANNELS; ++c) {
        sums.c[c] = real_select(front, pair.color.c[c], sums.c[c]);
    }
    state.depth = real_select(front, pair.depth, state.depth);
    state.face = real_select(front, pair.face, state.face);
}

FN void hard_color_merge(const ColorContext& context, HardState& state, Channels& sums, const HardState& other,
                         const Channels& other_sums) {
    (void)context;
    bool front = other.face >= 0.0f && hard_color_in_front(state, other.depth, other.face);
    for (int c = 0; c < CHANNELS; ++c) {
        sums.c[c] = real_select(front, other_sums.c[c], sums.c[c]);
    }
    state.depth = real_select(front, other.depth, state.depth);
    state.face = real_select(front, other.face, state.face);
}

FN void hard_color_finish(const ColorContext& context, HardState& state, Channels& sums, const Channels& background,
                          Channels& color) {
    (void)context;
    bool none = state.face < 0.0f;
    for (int c = 0; c < CHANNELS; ++c) {
        sums.c[c] = real_select(none, background.c[c], sums.c[c]);
        color.c[c] = sums.c[c];
    }
}

struct HardPixel {
    HardState state;
    Channels sums;
    Channels background;
};

FN HardCotangent hard_color_pixel_vjp(const ColorContext& context, const HardPixel& pixel, const Channels& grad,
                                      Channels& out_sums, Channels& out_background, float& grad_epsilon) {
    (void)context;
    bool none = pixel.state.face < 0.0f;
    for (int c = 0; c < CHANNELS; ++c) {
        out_sums.c[c] = grad.c[c];
        out_background.c[c] += real_keep(grad.c[c], none);
    }
    grad_epsilon = 0.0f;
    return HardCotangent{};
}

FN ColorPairGrad hard_color_pair_vjp(const ColorContext& context, const HardPixel& pixel,
                                     const HardCotangent& cotangent, const Channels& cotangent_sums,
                                     const ColorPair& pair, Channels& grad_color) {
    (void)context;
    (void)cotangent;
    bool chosen = pair.member && pair.face == pixel.state.face;
    for (int c = 0; c < CHANNELS; ++c) {
        grad_color.c[c] += real_keep(cotangent_sums.c[c], chosen);
    }
    return color_pair_grad_zero();
}
