// The color of a face at a pixel (MATH 6), and its gradient to weights and texels.

FN float vertex_color(const Three& c, const Three& corners) {
    return c.k[0] * corners.k[0] + c.k[1] * corners.k[1] + c.k[2] * corners.k[2];
}

struct VertexColorGrad {
    Three c;
    Three corners;
};

FN VertexColorGrad vertex_color_vjp(const Three& c, const Three& corners, float grad) {
    VertexColorGrad out;
    for (int k = 0; k < 3; ++k) {
        out.c.k[k] = grad * corners.k[k];
        out.corners.k[k] = grad * c.k[k];
    }
    return out;
}

FN float surface_cell(float c, float side, float last) { return real_min(real_max(floorf(c * side), 0.0f), last); }

FN float surface_texel(const Three& c, float side) {
    float last = side - 1.0f;
    float x = surface_cell(c.k[0], side, last);
    float y = surface_cell(c.k[1], side, last);
    bool lower = x + y == last || (c.k[0] + c.k[1]) * side - x - y <= 1.0f;
    return real_select(lower, y * side + x, (last - y) * side + (last - x));
}

// The texels of one face, how many channels they have, and how many lie along a side (0: one a corner).
struct FaceTexels {
    const float* texels;
    u32 channels;
    u32 side;
};

FN Three face_texels_corner_values(const FaceTexels& face_texels, u32 n) {
    Three out;
    for (u32 k = 0; k < 3; ++k) {
        out.k[k] = n < face_texels.channels ? face_texels.texels[k * face_texels.channels + n] : 0.0f;
    }
    return out;
}

FN u32 face_texels_index(const FaceTexels& face_texels, float texel) {
    u32 last = face_texels.side * face_texels.side - 1u;
    u32 index = (u32)real_max(texel, 0.0f);
    return index < last ? index : last;
}

FN void face_texels_color(const FaceTexels& face_texels, const Three& c, Channels& out) {
    if (VERTEX_TEXTURE) {
        for (u32 n = 0; n < CHANNELS; ++n) {
            out.c[n] = vertex_color(c, face_texels_corner_values(face_texels, n));
        }
    } else {
        u32 texel = face_texels_index(face_texels, surface_texel(c, (float)face_texels.side));
        for (u32 n = 0; n < CHANNELS; ++n) {
            out.c[n] = n < face_texels.channels ? face_texels.texels[texel * face_texels.channels + n] : 0.0f;
        }
    }
}

// The gradient to the texels at the corners, [3, CHANNELS].
struct CornerTexels {
    float t[VERTEX_TEXTURE ? 3 * CHANNELS : 1];
};

// `grad` is 0 where `member` does not hold. Surface texels get their gradient in a stage of their own.
FN Three face_texels_color_vjp(const FaceTexels& face_texels, const Three& c, const Channels& grad, bool member,
                               CornerTexels& texels) {
    (void)member;
    Three grad_c{{0.0f, 0.0f, 0.0f}};
    if (VERTEX_TEXTURE) {
        for (u32 n = 0; n < CHANNELS; ++n) {
            VertexColorGrad g = vertex_color_vjp(c, face_texels_corner_values(face_texels, n), grad.c[n]);
            for (u32 k = 0; k < 3; ++k) {
                grad_c.k[k] += g.c.k[k];
                texels.t[VERTEX_TEXTURE ? k * CHANNELS + n : 0] += g.corners.k[k];
            }
        }
    }
    return grad_c;
}
