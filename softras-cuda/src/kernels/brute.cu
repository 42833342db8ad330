// The official algorithm as an honest brute force: a thread a face prepares it, then a thread a pixel goes through every
// face of its picture, forward and backward, and adds gradients atomically; 512 threads a block, as there.
//
// Formulas and their order are those of the authors' kernels (barycentric rows, the Gram matrix, the box test at every
// pixel, distances by region, a running softmax), in `float` throughout: theirs compute in `double` by accident, which
// would only make them slower. The twin on the host is `brute.rs` of softras-bench, with the same two repairs: the
// background weighs exp(epsilon / gamma) relative to the running maximum, and faces without color keep their silhouette
// gradient.

#define BRUTE_THREADS 512u
#define FACE_NUMBERS 21u

struct BruteFace {
    const float* corners;
    float inverse[3][3];
    float gram[3][3];
    bool obtuse[3];
};

struct Foot {
    // Weights of the foot point minus those of the pixel.
    float t[3];
    float x, y;
    bool inside;
};

struct BruteShade {
    float c[3];
    float depth;
    float color[3];
};

FN BruteFace brute_face_of(const Brute& brute, u64 f) {
    BruteFace out;
    const float* from = brute.prepared + f * FACE_NUMBERS;
    out.corners = brute.corners + f * 9u;
    for (u32 k = 0; k < 3u; ++k) {
        for (u32 i = 0; i < 3u; ++i) {
            out.inverse[k][i] = from[3u * k + i];
            out.gram[k][i] = from[9u + 3u * k + i];
        }
        out.obtuse[k] = from[18u + k] != 0.0f;
    }
    return out;
}

extern "C" __global__ void __launch_bounds__(512) brute_faces(const Brute brute) {
    u64 f = (u64)blockIdx.x * BRUTE_THREADS + threadIdx.x;
    if (f >= brute.faces) {
        return;
    }
    const float* p = brute.corners + f * 9u;
    float* to = brute.prepared + f * FACE_NUMBERS;
    float x0 = p[0], y0 = p[1], x1 = p[3], y1 = p[4], x2 = p[6], y2 = p[7];
    float star[9] = {y1 - y2, x2 - x1, x1 * y2 - x2 * y1, y2 - y0, x0 - x2,
                     x2 * y0 - x0 * y2, y0 - y1, x1 - x0, x0 * y1 - x1 * y0};
    float det = x2 * (y0 - y1) + x0 * (y1 - y2) + x1 * (y2 - y0);
    det = det > 0.0f ? real_max(det, 1e-10f) : real_min(det, -1e-10f);
    for (u32 k = 0; k < 3u; ++k) {
        const float* a = p + 3u * k;
        const float* q = p + 3u * ((k + 1u) % 3u);
        const float* r = p + 3u * ((k + 2u) % 3u);
        for (u32 i = 0; i < 3u; ++i) {
            to[3u * k + i] = star[3u * k + i] / det;
            to[9u + 3u * k + i] = a[0] * p[3u * i] + a[1] * p[3u * i + 1u] + 1.0f;
        }
        float along = (q[0] - a[0]) * (r[0] - a[0]) + (q[1] - a[1]) * (r[1] - a[1]);
        to[18u + k] = along < 0.0f ? 1.0f : 0.0f;
    }
}

// The official `check_border`: the box comes from the corners at every pixel.
FN bool brute_outside(const float* p, float x, float y, float reach) {
    return x > real_max(real_max(p[0], p[3]), p[6]) + reach || x < real_min(real_min(p[0], p[3]), p[6]) - reach ||
           y > real_max(real_max(p[1], p[4]), p[7]) + reach || y < real_min(real_min(p[1], p[4]), p[7]) - reach;
}

// The weights of the foot of the pixel on the line through corners `v0` and `v1`.
FN void brute_on_line(const BruteFace& face, const float* w, u32 v0, u32 v1, float* t) {
    float a[3];
    for (u32 i = 0; i < 3u; ++i) {
        a[i] = face.gram[v0][i] - face.gram[v1][i];
        t[i] = 0.0f;
    }
    t[v0] = (w[0] * a[0] + w[1] * a[1] + w[2] * a[2] - a[v1]) / (a[v0] - a[v1]);
    t[v1] = 1.0f - t[v0];
}

FN Foot brute_offset(const BruteFace& face, const float* t, const float* w, bool inside) {
    Foot out;
    for (u32 k = 0; k < 3u; ++k) {
        out.t[k] = t[k] - w[k];
    }
    const float* p = face.corners;
    out.x = out.t[0] * p[0] + out.t[1] * p[3] + out.t[2] * p[6];
    out.y = out.t[0] * p[1] + out.t[1] * p[4] + out.t[2] * p[7];
    out.inside = inside;
    return out;
}

FN float foot_distance_sq(const Foot& foot) { return foot.x * foot.x + foot.y * foot.y; }

// The edge that starts at `v`; beyond an obtuse corner `v` it may be the one that comes from `to`.
FN u32 brute_edge(const BruteFace& face, u32 v, u32 to, float x, float y) {
    const float* p = face.corners + 3u * v;
    const float* q = face.corners + 3u * to;
    bool past = (x - p[0]) * (q[0] - p[0]) + (y - p[1]) * (q[1] - p[1]) > 0.0f;
    return face.obtuse[v] && past ? to : v;
}

// The official `euclidean_p2f_distance`.
FN Foot brute_foot(const BruteFace& face, const float* w, float x, float y) {
    float t[3];
    if (w[0] > 0.0f && w[1] > 0.0f && w[2] > 0.0f && w[0] < 1.0f && w[1] < 1.0f && w[2] < 1.0f) {
        brute_on_line(face, w, 0u, 1u, t);
        Foot best = brute_offset(face, t, w, true);
        for (u32 v = 1; v < 3u; ++v) {
            brute_on_line(face, w, v, (v + 1u) % 3u, t);
            Foot other = brute_offset(face, t, w, true);
            if (foot_distance_sq(other) < foot_distance_sq(best)) {
                best = other;
            }
        }
        return best;
    }
    bool a = w[0] <= 0.0f, b = w[1] <= 0.0f, c = w[2] <= 0.0f;
    u32 v0 = 0u;
    if (b && c) {
        v0 = brute_edge(face, 0u, 2u, x, y);
    } else if (a && c) {
        v0 = brute_edge(face, 1u, 0u, x, y);
    } else if (a && b) {
        v0 = brute_edge(face, 2u, 1u, x, y);
    } else if (a) {
        v0 = 1u;
    } else if (b) {
        v0 = 2u;
    }
    brute_on_line(face, w, v0, (v0 + 1u) % 3u, t);
    for (u32 k = 0; k < 3u; ++k) {
        t[k] = real_clamp(t[k], 0.0f, 1.0f);
    }
    return brute_offset(face, t, w, false);
}

FN BruteShade brute_shade(const BruteFace& face, const float* colors, const float* w) {
    BruteShade out;
    float sum = 0.0f;
    for (u32 k = 0; k < 3u; ++k) {
        out.c[k] = real_clamp(w[k], 0.0f, 1.0f);
        sum += out.c[k];
    }
    sum = real_max(sum, 1e-5f);
    float inv_z = 0.0f;
    for (u32 k = 0; k < 3u; ++k) {
        out.c[k] = out.c[k] / sum;
        inv_z += out.c[k] / face.corners[3u * k + 2u];
    }
    out.depth = 1.0f / inv_z;
    for (u32 i = 0; i < 3u; ++i) {
        out.color[i] = out.c[0] * colors[i] + out.c[1] * colors[3u + i] + out.c[2] * colors[6u + i];
    }
    return out;
}

// Whether face and pixel count as a pair, and how the face lies to the pixel.
FN bool brute_touches(const Brute& brute, const BrutePicture& picture, u64 f, float x, float y, BruteFace& face,
                      float* w, Foot& foot) {
    if (brute_outside(brute.corners + f * 9u, x, y, picture.reach)) {
        return false;
    }
    face = brute_face_of(brute, f);
    for (u32 k = 0; k < 3u; ++k) {
        w[k] = face.inverse[k][0] * x + face.inverse[k][1] * y + face.inverse[k][2];
    }
    foot = brute_foot(face, w, x, y);
    return foot.inside || foot_distance_sq(foot) < picture.threshold;
}

FN float brute_probability(const BrutePicture& picture, const Foot& foot) {
    float s = foot.inside ? foot_distance_sq(foot) : -foot_distance_sq(foot);
    return 1.0f / (1.0f + expf(-s / picture.sigma));
}

// The centre of a pixel (MATH 1).
FN void brute_centre(const Brute& brute, u32 pixel, float& x, float& y) {
    u32 row = pixel / brute.width;
    u32 column = pixel % brute.width;
    x = (2.0f * (float)column + 1.0f - (float)brute.width) / (float)brute.height;
    y = ((float)brute.height - 1.0f - 2.0f * (float)row) / (float)brute.height;
}

extern "C" __global__ void __launch_bounds__(512) brute_forward(const Brute brute) {
    u64 at = (u64)blockIdx.x * BRUTE_THREADS + threadIdx.x;
    u32 pixels = brute.width * brute.height;
    if (at >= (u64)brute.pictures * pixels) {
        return;
    }
    u32 number = (u32)(at / pixels);
    u32 pixel = (u32)(at % pixels);
    const BrutePicture& picture = brute.picture[number];
    float x, y;
    brute_centre(brute, pixel, x, y);
    float transmitted = 1.0f, most = picture.epsilon, sum = 1.0f;
    float color[3];
    for (u32 i = 0; i < 3u; ++i) {
        color[i] = brute.background[3u * number + i];
    }
    for (u32 local = 0; local < picture.face_count; ++local) {
        BruteFace face;
        float w[3];
        Foot foot;
        if (!brute_touches(brute, picture, (u64)picture.first_face + local, x, y, face, w, foot)) {
            continue;
        }
        float d = brute_probability(picture, foot);
        transmitted *= 1.0f - d;
        BruteShade own = brute_shade(face, brute.texels + ((u64)picture.first_texture + local) * 9u, w);
        if (own.depth < brute.near || own.depth > brute.far) {
            continue;
        }
        float nearness = (brute.far - own.depth) / (brute.far - brute.near);
        float keep = 1.0f;
        if (nearness > most) {
            keep = expf((most - nearness) / picture.gamma);
            most = nearness;
        }
        float weight = expf((nearness - most) / picture.gamma) * d;
        sum = keep * sum + weight;
        for (u32 i = 0; i < 3u; ++i) {
            color[i] = keep * color[i] + weight * own.color[i];
        }
    }
    for (u32 i = 0; i < 3u; ++i) {
        brute.color[((u64)number * 3u + i) * pixels + pixel] = color[i] / sum;
    }
    brute.alpha[at] = 1.0f - transmitted;
    brute.softmax[2u * at] = sum;
    brute.softmax[2u * at + 1u] = most;
}

extern "C" __global__ void __launch_bounds__(512) brute_backward(const Brute brute) {
    u64 at = (u64)blockIdx.x * BRUTE_THREADS + threadIdx.x;
    u32 pixels = brute.width * brute.height;
    if (at >= (u64)brute.pictures * pixels) {
        return;
    }
    u32 number = (u32)(at / pixels);
    u32 pixel = (u32)(at % pixels);
    const BrutePicture& picture = brute.picture[number];
    float x, y;
    brute_centre(brute, pixel, x, y);
    float drawn[3], grad_color[3];
    for (u32 i = 0; i < 3u; ++i) {
        u64 place = ((u64)number * 3u + i) * pixels + pixel;
        drawn[i] = brute.color[place];
        grad_color[i] = brute.grad_color[place];
    }
    float grad_alpha = brute.grad_alpha[at];
    float transmitted = 1.0f - brute.alpha[at];
    float sum = brute.softmax[2u * at], most = brute.softmax[2u * at + 1u];
    for (u32 local = 0; local < picture.face_count; ++local) {
        u64 f = (u64)picture.first_face + local;
        BruteFace face;
        float w[3];
        Foot foot;
        if (!brute_touches(brute, picture, f, x, y, face, w, foot)) {
            continue;
        }
        u64 row = (u64)picture.first_texture + local;
        float* grad_corners = brute.grad_corners + f * 9u;
        float* grad_texels = brute.grad_texels + row * 9u;
        float d = brute_probability(picture, foot);
        float grad_d = grad_alpha * transmitted / real_max(1.0f - d, 1e-6f);
        BruteShade own = brute_shade(face, brute.texels + row * 9u, w);
        if (own.depth >= brute.near && own.depth <= brute.far) {
            float nearness = (brute.far - own.depth) / (brute.far - brute.near);
            float share = d * expf((nearness - most) / picture.gamma) / sum;
            float along = 0.0f;
            for (u32 i = 0; i < 3u; ++i) {
                for (u32 k = 0; k < 3u; ++k) {
                    atomicAdd(&grad_texels[3u * k + i], share * grad_color[i] * own.c[k]);
                }
                along += grad_color[i] * (own.color[i] - drawn[i]);
            }
            along *= share;
            grad_d += along / d;
            float grad_depth = along / picture.gamma / (brute.near - brute.far) * own.depth * own.depth;
            for (u32 k = 0; k < 3u; ++k) {
                float z = face.corners[3u * k + 2u];
                atomicAdd(&grad_corners[3u * k + 2u], grad_depth * own.c[k] / (z * z));
            }
        }
        float sign = foot.inside ? 1.0f : -1.0f;
        float grad = 2.0f * sign * grad_d * d * (1.0f - d) / picture.sigma;
        for (u32 k = 0; k < 3u; ++k) {
            float t = foot.t[k] + w[k];
            atomicAdd(&grad_corners[3u * k], grad * t * foot.x);
            atomicAdd(&grad_corners[3u * k + 1u], grad * t * foot.y);
        }
    }
}
