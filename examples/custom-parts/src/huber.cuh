FN float custom_distance_signed(const Triangle& face, Vec2 at, const Three& w) {
    float s = euclidean_signed(face, at, w);
    float width = HUBER_WIDTH;
    float d_sq = fabsf(s);
    float h = d_sq > width * width ? width * (sqrtf(d_sq) * 2.0f - width) : d_sq;
    return s < 0.0f ? -h : h;
}
FN Points custom_distance_signed_vjp(const Triangle& face, Vec2 at, const Three& w, float grad_s) {
    float d_sq = fabsf(euclidean_signed(face, at, w));
    float width = HUBER_WIDTH;
    float slope = d_sq > width * width ? width / sqrtf(real_max(d_sq, width * width)) : 1.0f;
    return euclidean_signed_vjp(face, at, w, grad_s * slope);
}
