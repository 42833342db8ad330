// A face on the screen: barycentric weights, clipped weights, depth (MATH 2 and 5).

const ZERO_AREA: f32 = 1e-10;
const CLIP_GUARD: f32 = 1e-5;
const DEPTH_GUARD: f32 = 1e-30;
const EDGE_GUARD: f32 = 1e-36;

struct Triangle {
    p: array<vec2<f32>, 3>,
    e: array<vec2<f32>, 3>,
    inv_e_sq: vec3<f32>,
    along: array<vec2<f32>, 3>,
    slopes: array<vec2<f32>, 3>,
    inv_det: f32,
    z: vec3<f32>,
    inv_z: vec3<f32>,
    solid: bool,
    colored: bool,
    counter_clockwise: bool,
}

struct BoundingBox {
    low: vec2<f32>,
    high: vec2<f32>,
}

struct Clipped {
    c: vec3<f32>,
    inv_sum: f32,
    free: vec3<bool>,
}

fn edge_inv_sq(e: vec2<f32>) -> f32 {
    return real_recip(max(vec2_dot(e, e), EDGE_GUARD));
}

fn slope_across(e: vec2<f32>, inv_det: f32) -> vec2<f32> {
    return vec2_scale(vec2<f32>(-e.y, e.x), inv_det);
}

fn triangle_new(corners: array<vec3<f32>, 3>) -> Triangle {
    var out: Triangle;
    out.p = array<vec2<f32>, 3>(corners[0].xy, corners[1].xy, corners[2].xy);
    out.z = vec3<f32>(corners[0].z, corners[1].z, corners[2].z);
    out.e = array<vec2<f32>, 3>(out.p[1] - out.p[0], out.p[2] - out.p[1], out.p[0] - out.p[2]);
    let det = vec2_cross(out.e[2], out.e[0]);
    out.solid = abs(det) > ZERO_AREA;
    let ahead = out.z.x > 0.0 && out.z.y > 0.0 && out.z.z > 0.0;
    out.inv_e_sq = vec3<f32>(edge_inv_sq(out.e[0]), edge_inv_sq(out.e[1]), edge_inv_sq(out.e[2]));
    out.along = array<vec2<f32>, 3>(
        vec2_scale(out.e[0], out.inv_e_sq.x),
        vec2_scale(out.e[1], out.inv_e_sq.y),
        vec2_scale(out.e[2], out.inv_e_sq.z),
    );
    out.inv_det = real_keep(real_recip(select(1.0, det, out.solid)), out.solid);
    // w_{k+2} = (e_k x r) / det, so d w_{k+2} / d at = (-e_k.y, e_k.x) / det.
    out.slopes = array<vec2<f32>, 3>(
        slope_across(out.e[1], out.inv_det),
        slope_across(out.e[2], out.inv_det),
        slope_across(out.e[0], out.inv_det),
    );
    out.inv_z = 1.0 / max(out.z, vec3<f32>(DEPTH_GUARD));
    out.colored = out.solid && ahead;
    out.counter_clockwise = det > 0.0;
    return out;
}

fn triangle_barycentric(triangle: Triangle, at: vec2<f32>) -> vec3<f32> {
    return vec3<f32>(
        vec2_dot(triangle.slopes[0], at - triangle.p[1]),
        vec2_dot(triangle.slopes[1], at - triangle.p[2]),
        vec2_dot(triangle.slopes[2], at - triangle.p[0]),
    );
}

fn triangle_barycentric_slopes(triangle: Triangle) -> array<vec2<f32>, 3> {
    return triangle.slopes;
}

fn triangle_barycentric_vjp(triangle: Triangle, w: vec3<f32>, grad_w: vec3<f32>) -> array<vec2<f32>, 3> {
    let s = triangle_barycentric_slopes(triangle);
    let at = vec2_scale(s[0], grad_w.x) + vec2_scale(s[1], grad_w.y) + vec2_scale(s[2], grad_w.z);
    return array<vec2<f32>, 3>(vec2_scale(at, -w.x), vec2_scale(at, -w.y), vec2_scale(at, -w.z));
}

fn triangle_inside(triangle: Triangle, w: vec3<f32>) -> bool {
    return w.x > 0.0 && w.y > 0.0 && w.z > 0.0;
}

fn triangle_holds(triangle: Triangle, w: vec3<f32>) -> bool {
    let low = w.x >= 0.0 && w.y >= 0.0 && w.z >= 0.0;
    return triangle.solid && low && w.x <= 1.0 && w.y <= 1.0 && w.z <= 1.0;
}

fn triangle_clip(w: vec3<f32>) -> Clipped {
    let held = vec3<f32>(real_clamp(w.x, 0.0, 1.0), real_clamp(w.y, 0.0, 1.0), real_clamp(w.z, 0.0, 1.0));
    let sum = held.x + held.y + held.z;
    let inv_sum = real_recip(max(sum, CLIP_GUARD));
    let above = w > vec3<f32>(0.0);
    let below = w < vec3<f32>(1.0);
    return Clipped(held * inv_sum, inv_sum, above & below);
}

fn triangle_clip_vjp(clipped: Clipped, grad_c: vec3<f32>) -> vec3<f32> {
    let c = clipped.c;
    let mean = grad_c.x * c.x + grad_c.y * c.y + grad_c.z * c.z;
    return select(vec3<f32>(0.0), (grad_c - vec3<f32>(mean)) * clipped.inv_sum, clipped.free);
}

fn triangle_depth(triangle: Triangle, c: vec3<f32>) -> f32 {
    return real_recip(c.x * triangle.inv_z.x + c.y * triangle.inv_z.y + c.z * triangle.inv_z.z);
}

struct DepthGrad {
    c: vec3<f32>,
    z: vec3<f32>,
}

fn triangle_depth_vjp(triangle: Triangle, c: vec3<f32>, z_p: f32, grad_z_p: f32) -> DepthGrad {
    let ratio = z_p * triangle.inv_z;
    let grad_c = -(grad_z_p * z_p * ratio);
    // c_k first: where it is 0 the product stays 0 however near the corner is.
    let grad_z = grad_z_p * (c * ratio) * ratio;
    return DepthGrad(grad_c, grad_z);
}

fn triangle_perspective(triangle: Triangle, c: vec3<f32>, z_p: f32) -> vec3<f32> {
    return c * (triangle.inv_z * z_p);
}

struct PerspectiveGrad {
    c: vec3<f32>,
    z_p: f32,
    z: vec3<f32>,
}

fn triangle_perspective_vjp(triangle: Triangle, c: vec3<f32>, z_p: f32, grad: vec3<f32>) -> PerspectiveGrad {
    let term = grad * (c * triangle.inv_z);
    let grad_c = grad * (z_p * triangle.inv_z);
    return PerspectiveGrad(grad_c, term.x + term.y + term.z, -(term * (triangle.inv_z * z_p)));
}

fn triangle_bounding_box(triangle: Triangle) -> BoundingBox {
    let low = min(min(triangle.p[0], triangle.p[1]), triangle.p[2]);
    let high = max(max(triangle.p[0], triangle.p[1]), triangle.p[2]);
    return BoundingBox(low, high);
}

fn bounding_box_holds(bounding_box: BoundingBox, at: vec2<f32>, reach: f32) -> bool {
    let low = bounding_box.low;
    let high = bounding_box.high;
    return at.x >= low.x - reach && at.x <= high.x + reach && at.y >= low.y - reach && at.y <= high.y + reach;
}
