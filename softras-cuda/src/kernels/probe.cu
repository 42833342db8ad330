// Probe: a thread a row runs one function of the maths alone, on the numbers that the core's `Function::run` gives it.

#define PROBED_FACES_OF_SILHOUETTE 4
#define PROBED_FACES_OF_COLOR 3
#define PROBED_SIDE 4.0f
#define PROBED_CUT 9.21024f

FN Three probed_three(const float* x) { return Three{{x[0], x[1], x[2]}}; }

// The face of the six numbers a row begins with.
FN Triangle probed_face(const float* x) {
    float corners[9] = {x[0], x[1], 1.0f, x[2], x[3], 1.0f, x[4], x[5], 1.0f};
    return triangle_new(corners);
}

// A face with the depths that follow three weights.
FN Triangle probed_deep(const float* x) {
    float corners[9] = {0.0f, 0.0f, x[3], 1.0f, 0.0f, x[4], 0.0f, 1.0f, x[5]};
    return triangle_new(corners);
}

FN Probability probed_probability(float x) { return distribution_probability(DISTRIBUTION_LOGISTIC, x, 1.0f); }

FN void give_three(float* y, const Three& three) {
    for (int k = 0; k < 3; ++k) {
        y[k] = three.k[k];
    }
}

FN void give_points(float* y, const Points& points) {
    for (int k = 0; k < 3; ++k) {
        y[2 * k] = points.k[k].x;
        y[2 * k + 1] = points.k[k].y;
    }
}

FN void give_probability(float* y, const Probability& p) {
    y[0] = p.d;
    y[1] = p.not_d;
    y[2] = p.mantissa;
    y[3] = p.exponent;
    y[4] = p.density;
    y[5] = p.score;
    y[6] = p.hazard;
}

// An aggregator A_O on four probabilities: the alpha, then its gradient to each.
#define PROBE_SILHOUETTE(prefix, State)                                                               \
    {                                                                                                 \
        State state = prefix##identity();                                                             \
        for (int j = 0; j < PROBED_FACES_OF_SILHOUETTE; ++j) {                                        \
            prefix##push(state, probed_probability(x[j]), true, shape);                               \
        }                                                                                             \
        y[0] = prefix##finish(state, (float)PROBED_FACES_OF_SILHOUETTE, shape);                       \
        for (int j = 0; j < PROBED_FACES_OF_SILHOUETTE; ++j) {                                        \
            Probability p = probed_probability(x[j]);                                                 \
            float faces = (float)PROBED_FACES_OF_SILHOUETTE;                                          \
            y[1 + j] = probability_vjp(p, prefix##pair_vjp(state, p, faces, shape, 1.0f));            \
        }                                                                                             \
    }

FN ColorPair probed_pair(const float* x, int j) {
    Channels color = channels_zero();
    color.c[0] = x[6 + j];
    float nearness = depth_map_nearness(DEPTH_MAP_LINEAR, x[3 + j]);
    return ColorPair{probed_probability(x[j]), nearness, x[3 + j], (float)j, x[j] > 0.0f, true, color};
}

// An aggregator A_S on three faces of one channel: the color, then each face's gradient to x, depth and color.
#define PROBE_COLOR(prefix, Name, SumsOf)                                                                 \
    {                                                                                                 \
        Name##State state = prefix##identity();                                                       \
        SumsOf sums{};                                                                                \
        for (int j = 0; j < PROBED_FACES_OF_COLOR; ++j) {                                             \
            prefix##push(context, state, sums, probed_pair(x, j));                                    \
        }                                                                                             \
        Channels background = channels_zero();                                                        \
        background.c[0] = 0.3f;                                                                       \
        Channels drawn;                                                                               \
        prefix##finish(context, state, sums, background, drawn);                                      \
        y[0] = drawn.c[0];                                                                            \
        Name##Pixel pixel{state, sums, background};                                                   \
        Channels grad = channels_zero();                                                              \
        grad.c[0] = 1.0f;                                                                             \
        SumsOf grad_sums{};                                                                           \
        Channels grad_background = channels_zero();                                                   \
        float grad_epsilon = 0.0f;                                                                    \
        Name##Cotangent fixed =                                                                       \
            prefix##pixel_vjp(context, pixel, grad, grad_sums, grad_background, grad_epsilon);        \
        for (int j = 0; j < PROBED_FACES_OF_COLOR; ++j) {                                             \
            ColorPair pair = probed_pair(x, j);                                                       \
            Channels grad_color = channels_zero();                                                    \
            ColorPairGrad g = prefix##pair_vjp(context, pixel, fixed, grad_sums, pair, grad_color);   \
            y[1 + 3 * j] = probability_vjp(pair.p, g.p);                                              \
            y[2 + 3 * j] = depth_map_nearness_vjp(DEPTH_MAP_LINEAR, pair.depth, g.nearness);          \
            y[3 + 3 * j] = grad_color.c[0];                                                           \
        }                                                                                             \
    }

FN void probe_color(u32 part, const float* weights, const float* x, float* y) {
    // gamma is 0.1 between depths 1 and 10, epsilon 0; there are three channels, of which the first alone is not 0.
    ColorContext context{1.1111111111111112f, 10.0f, -10.0f, 3u, const_cast<float*>(weights)};
    switch (part) {
        case PROBED_COLOR_OVER: PROBE_COLOR(over_, Over, Channels) break;
        case PROBED_COLOR_HARD: PROBE_COLOR(hard_color_, Hard, Channels) break;
        #ifdef HIDDEN
        case PROBED_COLOR_NEURAL: PROBE_COLOR(neural_, Neural, NeuralSums) break;
#endif
        default: PROBE_COLOR(softmax_, Softmax, Channels)
    }
}

FN void probe_silhouette(u32 part, float shape, const float* x, float* y) {
    switch (part) {
#ifdef CUSTOM_SILHOUETTE
        case PROBED_SILHOUETTE_CUSTOM: PROBE_SILHOUETTE(custom_silhouette_, CustomSilhouetteState) break;
#endif
        case PROBED_SILHOUETTE_SUM: PROBE_SILHOUETTE(sum_, Total) break;
        case PROBED_SILHOUETTE_HARD: PROBE_SILHOUETTE(hard_silhouette_, Covered) break;
        default: PROBE_SILHOUETTE(probabilistic_or_, Transmittance)
    }
}

// What belongs to a face on the screen.
FN void probe_face(u32 function, u32 part, const float* x, float* y) {
    Triangle face = probed_face(x);
    Vec2 at = vec2_new(x[6], x[7]);
    Three w = triangle_barycentric(face, at);
    switch (function) {
        case PROBED_BARYCENTRIC_VJP: give_points(y, triangle_barycentric_vjp(face, w, probed_three(x + 8))); break;
        case PROBED_SIGNED: y[0] = distance_signed(part, face, at, w); break;
        case PROBED_SIGNED_VJP: give_points(y, distance_signed_vjp(part, face, at, w, x[8])); break;
        default: give_three(y, w);
    }
}

// What belongs to the depths of a face.
FN void probe_deep(u32 function, const float* x, float* y) {
    Triangle face = probed_deep(x);
    Three c = probed_three(x);
    float depth = triangle_depth(face, c);
    if (function == PROBED_DEPTH_VJP) {
        DepthGrad grad = triangle_depth_vjp(face, c, depth, x[6]);
        give_three(y, grad.c);
        give_three(y + 3, grad.z);
    } else if (function == PROBED_PERSPECTIVE) {
        give_three(y, triangle_perspective(face, c, depth));
    } else if (function == PROBED_PERSPECTIVE_VJP) {
        PerspectiveGrad grad = triangle_perspective_vjp(face, c, depth, probed_three(x + 6));
        give_three(y, grad.c);
        y[3] = grad.z_p;
        give_three(y + 4, grad.z);
    } else {
        y[0] = depth;
    }
}

extern "C" __global__ void __launch_bounds__(256) probe(const Probing probing) {
    u64 row = (u64)blockIdx.x * 256u + threadIdx.x;
    if (row >= probing.rows) {
        return;
    }
    const float* x = probing.from + row * probing.inputs;
    float* y = probing.to + row * probing.outputs;
    switch (probing.function) {
        case PROBED_EXP: y[0] = exp_f32(x[0]); break;
        case PROBED_CLIP: give_three(y, triangle_clip(probed_three(x)).c); break;
        case PROBED_CLIP_VJP:
            give_three(y, triangle_clip_vjp(triangle_clip(probed_three(x)), probed_three(x + 3)));
            break;
        case PROBED_DEPTH:
        case PROBED_DEPTH_VJP:
        case PROBED_PERSPECTIVE:
        case PROBED_PERSPECTIVE_VJP: probe_deep(probing.function, x, y); break;
        case PROBED_NEARNESS: y[0] = depth_map_nearness(probing.part, x[0]); break;
        case PROBED_NEARNESS_VJP: y[0] = depth_map_nearness_vjp(probing.part, x[0], x[1]); break;
        case PROBED_PROBABILITY: give_probability(y, distribution_probability(probing.part, x[0], probing.shape)); break;
        case PROBED_SMOOTH_WINDOW:
            give_probability(y, smooth_window(probed_probability(x[0]), x[0], PROBED_CUT));
            break;
        case PROBED_VERTEX_COLOR: y[0] = vertex_color(probed_three(x), probed_three(x + 3)); break;
        case PROBED_VERTEX_COLOR_VJP: {
            VertexColorGrad grad = vertex_color_vjp(probed_three(x), probed_three(x + 3), x[6]);
            give_three(y, grad.c);
            give_three(y + 3, grad.corners);
            break;
        }
        case PROBED_SURFACE_TEXEL: y[0] = surface_texel(probed_three(x), PROBED_SIDE); break;
        case PROBED_SILHOUETTE: probe_silhouette(probing.part, probing.shape, x, y); break;
        case PROBED_COLOR: probe_color(probing.part, probing.weights, x, y); break;
        default: probe_face(probing.function, probing.part, x, y);
    }
}
