// What the color aggregators share (MATH 5).
//
// CHANNELS is how many channels there is room for. Those beyond the picture's own are 0 everywhere, so that sums over
// all of them are sums over the picture's.

struct Channels {
    float c[CHANNELS];
};

struct ColorPair {
    Probability p;
    float nearness;
    float depth;
    float face;
    bool holds;
    bool member;
    Channels color;
};

struct ColorPairGrad {
    ProbabilityGrad p;
    float nearness;
    float gamma;
};

FN Channels channels_zero() {
    Channels out;
    for (int c = 0; c < CHANNELS; ++c) {
        out.c[c] = 0.0f;
    }
    return out;
}

FN ColorPairGrad color_pair_grad_zero() { return ColorPairGrad{probability_grad_zero(), 0.0f, 0.0f}; }
