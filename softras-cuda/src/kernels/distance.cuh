// The signed distance s of a pixel to a face, positive inside (MATH 3).

#define DISTANCE_GUARD 1e-18f
#define WEIGHT_LIMIT 1e18f

struct Closest {
    Three tau;
    Vec2 away;
    float distance_sq;
};

FN Closest closest(const Triangle& face, Vec2 at) {
    Closest best{};
    for (int k = 0; k < 3; ++k) {
        Vec2 r = vec2_sub(at, face.p[k]);
        float t = real_clamp(vec2_dot(r, face.along[k]), 0.0f, 1.0f);
        Vec2 away = vec2_sub(r, vec2_scale(face.e[k], t));
        float d = vec2_dot(away, away);
        if (k == 0 || d < best.distance_sq) {
            best.tau.k[k] = 1.0f - t;
            best.tau.k[(k + 1) % 3] = t;
            best.tau.k[(k + 2) % 3] = 0.0f;
            best.away = away;
            best.distance_sq = d;
        }
    }
    return best;
}

FN float sign(const Triangle& face, const Three& w) { return triangle_inside(face, w) ? 1.0f : -1.0f; }

// A direction, times `scale` and the share of each corner.
FN Points spread(Vec2 away, float scale, const Three& tau) {
    Points out;
    for (int k = 0; k < 3; ++k) {
        out.k[k] = vec2_scale(away, scale * tau.k[k]);
    }
    return out;
}

FN float euclidean_signed(const Triangle& face, Vec2 at, const Three& w) {
    return sign(face, w) * closest(face, at).distance_sq;
}

FN Points euclidean_signed_vjp(const Triangle& face, Vec2 at, const Three& w, float grad_s) {
    Closest near = closest(face, at);
    float scale = grad_s * sign(face, w) * -2.0f;
    return spread(near.away, scale, near.tau);
}

FN float euclidean_unsquared_signed(const Triangle& face, Vec2 at, const Three& w) {
    float d_sq = closest(face, at).distance_sq;
    bool off = d_sq > 0.0f;
    return sign(face, w) * real_keep(sqrtf(real_select(off, d_sq, 1.0f)), off);
}

FN Points euclidean_unsquared_signed_vjp(const Triangle& face, Vec2 at, const Three& w, float grad_s) {
    Closest near = closest(face, at);
    float d = real_max(sqrtf(near.distance_sq), DISTANCE_GUARD);
    float scale = -(grad_s * sign(face, w)) / d;
    return spread(near.away, scale, near.tau);
}

struct Smallest {
    float m;
    Vec2 slope;
};

FN Smallest barycentric_smallest(const Triangle& face, const Three& w) {
    Points slopes = triangle_barycentric_slopes(face);
    Smallest out{w.k[0], slopes.k[0]};
    for (int k = 1; k < 3; ++k) {
        if (w.k[k] < out.m) {
            out = Smallest{w.k[k], slopes.k[k]};
        }
    }
    out.m = real_max(out.m, -WEIGHT_LIMIT);
    return out;
}

FN float barycentric_signed(const Triangle& face, const Three& w) {
    float m = barycentric_smallest(face, w).m;
    return real_select(face.solid, m * fabsf(m), -WEIGHT_LIMIT);
}

FN Points barycentric_signed_vjp(const Triangle& face, const Three& w, float grad_s) {
    Smallest least = barycentric_smallest(face, w);
    float scale = real_keep(grad_s * -2.0f * fabsf(least.m), face.solid);
    return spread(least.slope, scale, w);
}

FN float hard_edge_signed(const Triangle& face, const Three& w) { return triangle_holds(face, w) ? 1.0f : -1.0f; }

FN Points hard_edge_signed_vjp(Vec2 at) {
    (void)at;
    Points out;
    for (int k = 0; k < 3; ++k) {
        out.k[k] = vec2_new(0.0f, 0.0f);
    }
    return out;
}

#ifdef CUSTOM_DISTANCE
// A metric of the user's own, whose text follows.
FN float custom_distance_signed(const Triangle& face, Vec2 at, const Three& w);
FN Points custom_distance_signed_vjp(const Triangle& face, Vec2 at, const Three& w, float grad_s);
#endif

// The metric that the setting names: a uniform branch.
FN float distance_signed(u32 distance, const Triangle& face, Vec2 at, const Three& w) {
    switch (distance) {
        case DISTANCE_BARYCENTRIC: return barycentric_signed(face, w);
        case DISTANCE_EUCLIDEAN_UNSQUARED: return euclidean_unsquared_signed(face, at, w);
        case DISTANCE_HARD: return hard_edge_signed(face, w);
#ifdef CUSTOM_DISTANCE
        case DISTANCE_CUSTOM: return custom_distance_signed(face, at, w);
#endif
        default: return euclidean_signed(face, at, w);
    }
}

FN Points distance_signed_vjp(u32 distance, const Triangle& face, Vec2 at, const Three& w, float grad_s) {
    switch (distance) {
        case DISTANCE_BARYCENTRIC: return barycentric_signed_vjp(face, w, grad_s);
        case DISTANCE_EUCLIDEAN_UNSQUARED: return euclidean_unsquared_signed_vjp(face, at, w, grad_s);
        case DISTANCE_HARD: return hard_edge_signed_vjp(at);
#ifdef CUSTOM_DISTANCE
        case DISTANCE_CUSTOM: return custom_distance_signed_vjp(face, at, w, grad_s);
#endif
        default: return euclidean_signed_vjp(face, at, w, grad_s);
    }
}
