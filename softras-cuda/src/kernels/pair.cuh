// One face at one pixel: all formulas in their order, forward and back.

#define FAR 1e30f

#define COLOR(name) PASTE(COLOR_PREFIX, name)
#define COLOR_PLANES (sizeof(ColorState) / sizeof(float))

struct Face {
    Triangle triangle;
    BoundingBox bounds;
    float number;
    FaceTexels texels;
};

struct Touch {
    bool member;
    Three w;
    float x;
    Probability p;
};

struct Shade {
    bool member;
    Clipped clipped;
    float depth;
    Three weights;
    float nearness;
};

struct PairGrad {
    float corners[9];
    float sigma;
    float gamma;
    float distribution;
    float t_conorm;
};

struct SilhouetteGrad {
    SilhouetteState state;
    float grad;
};

struct ColorGrad {
    ColorPixel pixel;
    ColorCotangent fixed;
    Sums sums;
};

FN PairGrad pair_grad_zero() {
    PairGrad out;
    for (int i = 0; i < 9; ++i) {
        out.corners[i] = 0.0f;
    }
    out.sigma = out.gamma = out.distribution = out.t_conorm = 0.0f;
    return out;
}

FN void pair_grad_add(PairGrad& pair_grad, const PairGrad& other) {
    for (int i = 0; i < 9; ++i) {
        pair_grad.corners[i] += other.corners[i];
    }
    pair_grad.sigma += other.sigma;
    pair_grad.gamma += other.gamma;
    pair_grad.distribution += other.distribution;
    pair_grad.t_conorm += other.t_conorm;
}

// Tells whether a face may have color: it is in front of the camera and turns a side that is colored.
FN bool setting_sees(const Setting& setting, const Triangle& face) {
    return face.colored && (setting.facing == FACING_BOTH ||
                            (setting.facing == FACING_COUNTER_CLOCKWISE) == face.counter_clockwise);
}

FN Shade setting_shade(const Setting& setting, const Triangle& face, const Touch& touch) {
    Shade out;
    out.clipped = triangle_clip(touch.w);
    out.depth = triangle_depth(face, out.clipped.c);
    Three weights = setting.interpolation == INTERPOLATION_PERSPECTIVE
                        ? triangle_perspective(face, out.clipped.c, out.depth)
                        : out.clipped.c;
    bool in_range = out.depth >= setting.near && out.depth <= setting.far;
    out.member = touch.member && setting_sees(setting, face) && in_range;
    for (int k = 0; k < 3; ++k) {
        out.weights.k[k] = real_keep(weights.k[k], out.member);
    }
    out.nearness = depth_map_nearness(setting.depth_map, out.depth);
    return out;
}

// Writes the gradient to the corners.
FN void setting_shade_vjp(const Setting& setting, const Triangle& face, const Touch& touch, const Shade& shade,
                          const Three& grad_weights, float grad_nearness, float* corners) {
    const Three& c = shade.clipped.c;
    float grad_depth = depth_map_nearness_vjp(setting.depth_map, shade.depth, grad_nearness);
    Three grad_c = grad_weights;
    Three grad_z{{0.0f, 0.0f, 0.0f}};
    if (setting.interpolation == INTERPOLATION_PERSPECTIVE) {
        PerspectiveGrad back = triangle_perspective_vjp(face, c, shade.depth, grad_weights);
        grad_c = back.c;
        grad_z = back.z;
        grad_depth += back.z_p;
    }
    DepthGrad back = triangle_depth_vjp(face, c, shade.depth, grad_depth);
    for (int k = 0; k < 3; ++k) {
        grad_c.k[k] += back.c.k[k];
        grad_z.k[k] += back.z.k[k];
    }
    Three grad_w = triangle_clip_vjp(shade.clipped, grad_c);
    for (int k = 0; k < 3; ++k) {
        grad_w.k[k] = real_keep(grad_w.k[k], shade.member);
    }
    Points xy = triangle_barycentric_vjp(face, touch.w, grad_w);
    for (int k = 0; k < 3; ++k) {
        corners[3 * k] = xy.k[k].x;
        corners[3 * k + 1] = xy.k[k].y;
        corners[3 * k + 2] = real_keep(grad_z.k[k], shade.member);
    }
}

// Decides whether a face counts at the pixel `at`, and how much (MATH 3).
FN Touch parts_touch(const Setting& setting, const Face& face, Vec2 at) {
    Touch out;
    out.w = triangle_barycentric(face.triangle, at);
    if (setting.distance == DISTANCE_HARD) {
        out.member = triangle_holds(face.triangle, out.w);
        out.x = 0.0f;
        out.p = probability_certain();
        return out;
    }
    float s = distance_signed(setting.distance, face.triangle, at, out.w);
    out.x = real_clamp(s * setting.inv_sigma, -FAR, FAR);
    out.p = distribution_probability(setting.distribution, out.x, setting.distribution_shape);
    out.member = setting.cutoff == CUTOFF_NONE ||
                 (s > -setting.bound &&
                  (setting.boxed == 0u || bounding_box_holds(face.bounds, at, setting.box_reach)));
    if (setting.cutoff == CUTOFF_SMOOTH) {
        out.p = smooth_window(out.p, out.x, setting.cut);
    }
    return out;
}

FN ColorPair color_pair(const Touch& touch, const Shade& shade, const Face& face, const Channels& color) {
    return ColorPair{touch.p,      shade.nearness, shade.depth, face.number, triangle_holds(face.triangle, touch.w),
                     shade.member, color};
}

// Adds a face to the silhouette and color of the pixel `at`; tells whether the pair counted.
FN bool parts_forward(const Setting& setting, const Face& face, Vec2 at, SilhouetteState& silhouette,
                      ColorState& color, Sums& sums) {
    Touch touch = parts_touch(setting, face, at);
    if (!touch.member) {
        return false;
    }
    if (DRAWS_SILHOUETTE) {
        SILHOUETTE(push)(silhouette, touch.p, touch.member, setting.t_conorm_shape);
    }
    if (DRAWS_COLOR) {
        Shade shade = setting_shade(setting, face.triangle, touch);
        if (shade.member) {
            Channels scratch;
            face_texels_color(face.texels, shade.weights, scratch);
            COLOR(push)(setting.color, color, sums, color_pair(touch, shade, face, scratch));
        }
    }
    return true;
}

// Adds the gradient that flows through the probability: to the corners, sigma and the distribution.
FN void parts_touch_vjp(const Setting& setting, const Face& face, Vec2 at, const Touch& touch,
                        const ProbabilityGrad& grad, PairGrad& out) {
    if (setting.distance == DISTANCE_HARD) {
        return;
    }
    float grad_x = real_keep(probability_vjp(touch.p, grad), touch.member);
    float shape = setting.distribution_shape;
    ProbabilityGrad raw = grad;
    if (setting.cutoff == CUTOFF_SMOOTH) {
        Probability p = distribution_probability(setting.distribution, touch.x, shape);
        raw = smooth_window_vjp(p, touch.x, setting.cut, grad);
    }
    float along_shape = distribution_shape_vjp(setting.distribution, touch.x, shape, raw);
#ifdef CUSTOM_DISTRIBUTION
    if (setting.cutoff == CUTOFF_SMOOTH && setting.cut > 0.0f) {
        // The window moves with the cut as it does with x, times `-x / c`; `F(-c)` is the same for every shape.
        Probability p = distribution_probability(setting.distribution, touch.x, shape);
        Probability end = distribution_probability(setting.distribution, -setting.cut, shape);
        if (end.density > 0.0f) {
            ProbabilityGrad to_d = ProbabilityGrad{1.0f, 0.0f, 0.0f};
            float cut_slope = distribution_shape_vjp(setting.distribution, -setting.cut, shape, to_d) / end.density;
            float by_window = probability_vjp(touch.p, grad) - probability_vjp(p, raw);
            along_shape -= by_window * (touch.x / setting.cut * cut_slope);
        }
    }
#endif
    out.distribution = real_keep(along_shape, touch.member);
    out.sigma = -(grad_x * touch.x * setting.inv_sigma);
    float grad_s = grad_x * setting.inv_sigma;
    Points xy = distance_signed_vjp(setting.distance, face.triangle, at, touch.w, grad_s);
    for (int k = 0; k < 3; ++k) {
        out.corners[3 * k] += xy.k[k].x;
        out.corners[3 * k + 1] += xy.k[k].y;
    }
}

// The gradient of what `parts_forward` added, given the gradients at the finished pixel. `sink` is added to.
FN PairGrad parts_backward(const Setting& setting, const Face& face, Vec2 at, const SilhouetteGrad& silhouette,
                           const ColorGrad& color, CornerTexels& sink) {
    PairGrad out = pair_grad_zero();
    Touch touch = parts_touch(setting, face, at);
    if (!touch.member) {
        return out;
    }
    ProbabilityGrad grad_p = probability_grad_zero();
    if (DRAWS_SILHOUETTE) {
        grad_p = SILHOUETTE(pair_vjp)(silhouette.state, touch.p, setting.faces, setting.t_conorm_shape,
                                      silhouette.grad);
#ifdef CUSTOM_SILHOUETTE
        out.t_conorm = SILHOUETTE(shape_vjp)(silhouette.state, touch.p, setting.faces, setting.t_conorm_shape,
                                             silhouette.grad);
#endif
    }
    if (DRAWS_COLOR) {
        Shade shade = setting_shade(setting, face.triangle, touch);
        if (shade.member) {
            Channels own;
            face_texels_color(face.texels, shade.weights, own);
            Channels grad_color = channels_zero();
            ColorPair pair = color_pair(touch, shade, face, own);
            ColorPairGrad grad =
                COLOR(pair_vjp)(setting.color, color.pixel, color.fixed, color.sums, pair, grad_color);
            grad_p = probability_grad_plus(grad_p, grad.p);
            out.gamma = real_keep(grad.gamma, shade.member);
            Three grad_weights = face_texels_color_vjp(face.texels, shade.weights, grad_color, shade.member, sink);
            setting_shade_vjp(setting, face.triangle, touch, shade, grad_weights, grad.nearness, out.corners);
        }
    }
    parts_touch_vjp(setting, face, at, touch, grad_p, out);
    return out;
}
