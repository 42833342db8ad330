fn custom_distance_signed(face: Triangle, at: vec2<f32>, w: vec3<f32>) -> f32 {
    let s = euclidean_signed(face, at, w);
    let width = f32(HUBER_WIDTH);
    let d_sq = abs(s);
    let h = select(d_sq, width * (sqrt(d_sq) * 2.0 - width), d_sq > width * width);
    return select(h, -h, s < 0.0);
}
fn custom_distance_signed_vjp(face: Triangle, at: vec2<f32>, w: vec3<f32>, grad_s: f32) -> array<vec2<f32>, 3> {
    let d_sq = abs(euclidean_signed(face, at, w));
    let width = f32(HUBER_WIDTH);
    let slope = select(1.0, width / sqrt(max(d_sq, width * width)), d_sq > width * width);
    return euclidean_signed_vjp(face, at, w, grad_s * slope);
}
