// A face on the screen: barycentric weights, clipped weights, depth (MATH 2 and 5).

#define ZERO_AREA 1e-10f
#define CLIP_GUARD 1e-5f
#define DEPTH_GUARD 1e-30f
#define EDGE_GUARD 1e-36f

struct Triangle {
    Vec2 p[3];
    Vec2 e[3];
    Vec2 along[3];
    Vec2 slopes[3];
    float inv_z[3];
    bool solid;
    bool colored;
    bool counter_clockwise;
};

struct BoundingBox {
    Vec2 low;
    Vec2 high;
};

struct Clipped {
    Three c;
    float inv_sum;
    bool free[3];
};

FN void triangle_edges(Triangle& triangle) {
    triangle.e[0] = vec2_sub(triangle.p[1], triangle.p[0]);
    triangle.e[1] = vec2_sub(triangle.p[2], triangle.p[1]);
    triangle.e[2] = vec2_sub(triangle.p[0], triangle.p[2]);
}

// `corners` are three times (x, y, z).
FN Triangle triangle_new(const float* corners) {
    Triangle out;
    for (int k = 0; k < 3; ++k) {
        out.p[k] = vec2_new(corners[3 * k], corners[3 * k + 1]);
    }
    triangle_edges(out);
    float det = vec2_cross(out.e[2], out.e[0]);  // (p_0 - p_2) x (p_1 - p_0) = (p_1 - p_0) x (p_2 - p_0)
    out.solid = fabsf(det) > ZERO_AREA;
    bool ahead = true;
    for (int k = 0; k < 3; ++k) {
        float z = corners[3 * k + 2];
        ahead = ahead && z > 0.0f;
        out.inv_z[k] = real_recip(real_max(z, DEPTH_GUARD));
        float inv_e_sq = real_recip(real_max(vec2_dot(out.e[k], out.e[k]), EDGE_GUARD));
        out.along[k] = vec2_scale(out.e[k], inv_e_sq);
    }
    float inv_det = real_keep(real_recip(real_select(out.solid, det, 1.0f)), out.solid);
    for (int k = 0; k < 3; ++k) {
        // w_{k+2} = (e_k x r) / det, so d w_{k+2} / d at = (-e_k.y, e_k.x) / det.
        out.slopes[(k + 2) % 3] = vec2_scale(vec2_new(-out.e[k].y, out.e[k].x), inv_det);
    }
    out.colored = out.solid && ahead;
    out.counter_clockwise = det > 0.0f;
    return out;
}

FN Three triangle_barycentric(const Triangle& triangle, Vec2 at) {
    Three w;
    for (int k = 0; k < 3; ++k) {
        w.k[k] = vec2_dot(triangle.slopes[k], vec2_sub(at, triangle.p[(k + 1) % 3]));
    }
    return w;
}

FN Points triangle_barycentric_slopes(const Triangle& triangle) {
    Points slope;
    for (int k = 0; k < 3; ++k) {
        slope.k[k] = triangle.slopes[k];
    }
    return slope;
}

FN Points triangle_barycentric_vjp(const Triangle& triangle, const Three& w, const Three& grad_w) {
    Points s = triangle_barycentric_slopes(triangle);
    Vec2 at = vec2_add(vec2_add(vec2_scale(s.k[0], grad_w.k[0]), vec2_scale(s.k[1], grad_w.k[1])),
                       vec2_scale(s.k[2], grad_w.k[2]));
    Points out;
    for (int m = 0; m < 3; ++m) {
        out.k[m] = vec2_scale(at, -w.k[m]);
    }
    return out;
}

FN bool triangle_inside(const Triangle& triangle, const Three& w) {
    (void)triangle;
    return w.k[0] > 0.0f && w.k[1] > 0.0f && w.k[2] > 0.0f;
}

FN bool triangle_holds(const Triangle& triangle, const Three& w) {
    bool within = triangle.solid;
    for (int k = 0; k < 3; ++k) {
        within = within && w.k[k] >= 0.0f && w.k[k] <= 1.0f;
    }
    return within;
}

FN Clipped triangle_clip(const Three& w) {
    Clipped out;
    Three held;
    for (int k = 0; k < 3; ++k) {
        held.k[k] = real_clamp(w.k[k], 0.0f, 1.0f);
    }
    float sum = held.k[0] + held.k[1] + held.k[2];
    out.inv_sum = real_recip(real_max(sum, CLIP_GUARD));
    for (int k = 0; k < 3; ++k) {
        out.c.k[k] = held.k[k] * out.inv_sum;
        out.free[k] = w.k[k] > 0.0f && w.k[k] < 1.0f;
    }
    return out;
}

FN Three triangle_clip_vjp(const Clipped& clipped, const Three& grad_c) {
    const Three& c = clipped.c;
    float mean = grad_c.k[0] * c.k[0] + grad_c.k[1] * c.k[1] + grad_c.k[2] * c.k[2];
    Three out;
    for (int k = 0; k < 3; ++k) {
        out.k[k] = real_keep((grad_c.k[k] - mean) * clipped.inv_sum, clipped.free[k]);
    }
    return out;
}

FN float triangle_depth(const Triangle& triangle, const Three& c) {
    return real_recip(c.k[0] * triangle.inv_z[0] + c.k[1] * triangle.inv_z[1] + c.k[2] * triangle.inv_z[2]);
}

struct DepthGrad {
    Three c;
    Three z;
};

FN DepthGrad triangle_depth_vjp(const Triangle& triangle, const Three& c, float z_p, float grad_z_p) {
    DepthGrad out;
    for (int k = 0; k < 3; ++k) {
        float ratio = z_p * triangle.inv_z[k];
        out.c.k[k] = -(grad_z_p * z_p * ratio);
        // c_k first: where it is 0 the product stays 0 however near the corner is.
        out.z.k[k] = grad_z_p * (c.k[k] * ratio) * ratio;
    }
    return out;
}

FN Three triangle_perspective(const Triangle& triangle, const Three& c, float z_p) {
    Three out;
    for (int k = 0; k < 3; ++k) {
        out.k[k] = c.k[k] * (triangle.inv_z[k] * z_p);
    }
    return out;
}

struct PerspectiveGrad {
    Three c;
    float z_p;
    Three z;
};

FN PerspectiveGrad triangle_perspective_vjp(const Triangle& triangle, const Three& c, float z_p, const Three& grad) {
    PerspectiveGrad out;
    Three term;
    for (int k = 0; k < 3; ++k) {
        term.k[k] = grad.k[k] * (c.k[k] * triangle.inv_z[k]);
        out.c.k[k] = grad.k[k] * (z_p * triangle.inv_z[k]);
        out.z.k[k] = -(term.k[k] * (triangle.inv_z[k] * z_p));
    }
    out.z_p = term.k[0] + term.k[1] + term.k[2];
    return out;
}

FN BoundingBox triangle_bounding_box(const Triangle& triangle) {
    const Vec2* p = triangle.p;
    BoundingBox out;
    out.low = vec2_new(real_min(real_min(p[0].x, p[1].x), p[2].x), real_min(real_min(p[0].y, p[1].y), p[2].y));
    out.high = vec2_new(real_max(real_max(p[0].x, p[1].x), p[2].x), real_max(real_max(p[0].y, p[1].y), p[2].y));
    return out;
}

FN bool bounding_box_holds(const BoundingBox& bounding_box, Vec2 at, float reach) {
    return at.x >= bounding_box.low.x - reach && at.x <= bounding_box.high.x + reach &&
           at.y >= bounding_box.low.y - reach && at.y <= bounding_box.high.y + reach;
}

FN Vec2 pixel_centre(unsigned row, unsigned column, unsigned height, unsigned width) {
    float h = (float)height;
    return vec2_new((2.0f * (float)column + 1.0f - (float)width) / h, ((float)height - 1.0f - 2.0f * (float)row) / h);
}
