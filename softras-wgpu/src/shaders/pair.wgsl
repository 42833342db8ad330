// One face at one pixel: all formulas in their order, forward and back.

const FAR: f32 = 1e30;

struct Face {
    triangle: Triangle,
    bounds: BoundingBox,
    number: f32,
    texels: FaceTexels,
}

struct Touch {
    member: bool,
    w: vec3<f32>,
    x: f32,
    p: Probability,
}

struct Shade {
    member: bool,
    clipped: Clipped,
    depth: f32,
    weights: vec3<f32>,
    nearness: f32,
}

struct PairGrad {
    corners: array<vec3<f32>, 3>,
    sigma: f32,
    gamma: f32,
    distribution: f32,
    t_conorm: f32,
}

struct SilhouetteGrad {
    state: SILHOUETTE_State,
    grad: f32,
}

struct ColorGrad {
    pixel: COLOR_Pixel,
    fixed: COLOR_Cotangent,
    sums: Sums,
}

fn face_new(corners: array<vec3<f32>, 3>, number: f32, texels: FaceTexels) -> Face {
    let triangle = triangle_new(corners);
    return Face(triangle, triangle_bounding_box(triangle), number, texels);
}

fn pair_grad_zero() -> PairGrad {
    let none = vec3<f32>(0.0);
    return PairGrad(array<vec3<f32>, 3>(none, none, none), 0.0, 0.0, 0.0, 0.0);
}

fn pair_grad_add(pair_grad: ptr<function, PairGrad>, other: PairGrad) {
    (*pair_grad).corners[0] += other.corners[0];
    (*pair_grad).corners[1] += other.corners[1];
    (*pair_grad).corners[2] += other.corners[2];
    (*pair_grad).sigma += other.sigma;
    (*pair_grad).gamma += other.gamma;
    (*pair_grad).distribution += other.distribution;
    (*pair_grad).t_conorm += other.t_conorm;
}

// Tells whether a face may have color: it is in front of the camera and turns a side that is colored.
fn setting_sees(setting: Setting, face: Triangle) -> bool {
    var sees = face.colored;
    if setting.facing == FACING_COUNTER_CLOCKWISE {
        sees = sees && face.counter_clockwise;
    } else if setting.facing == FACING_CLOCKWISE {
        sees = sees && !face.counter_clockwise;
    }
    return sees;
}

fn setting_shade(setting: Setting, face: Triangle, touch: Touch) -> Shade {
    let clipped = triangle_clip(touch.w);
    let depth = triangle_depth(face, clipped.c);
    var weights = clipped.c;
    if setting.interpolation == INTERPOLATION_PERSPECTIVE {
        weights = triangle_perspective(face, clipped.c, depth);
    }
    let in_range = depth >= setting.near && depth <= setting.far;
    let member = touch.member && setting_sees(setting, face) && in_range;
    return Shade(
        member,
        clipped,
        depth,
        select(vec3<f32>(0.0), weights, member),
        depth_map_nearness(setting.depth_map, depth),
    );
}

fn setting_shade_vjp(
    setting: Setting,
    face: Triangle,
    touch: Touch,
    shade: Shade,
    grad_weights: vec3<f32>,
    grad_nearness: f32,
) -> array<vec3<f32>, 3> {
    let c = shade.clipped.c;
    var grad_depth = depth_map_nearness_vjp(setting.depth_map, shade.depth, grad_nearness);
    var grad_c = grad_weights;
    var grad_z = vec3<f32>(0.0);
    if setting.interpolation == INTERPOLATION_PERSPECTIVE {
        let back = triangle_perspective_vjp(face, c, shade.depth, grad_weights);
        grad_c = back.c;
        grad_z = back.z;
        grad_depth += back.z_p;
    }
    let back = triangle_depth_vjp(face, c, shade.depth, grad_depth);
    grad_c += back.c;
    grad_z += back.z;
    var grad_w = triangle_clip_vjp(shade.clipped, grad_c);
    grad_w = select(vec3<f32>(0.0), grad_w, shade.member);
    grad_z = select(vec3<f32>(0.0), grad_z, shade.member);
    let xy = triangle_barycentric_vjp(face, touch.w, grad_w);
    return array<vec3<f32>, 3>(
        vec3<f32>(xy[0], grad_z.x),
        vec3<f32>(xy[1], grad_z.y),
        vec3<f32>(xy[2], grad_z.z),
    );
}

// Decides whether a face counts at the pixel `at`, and how much (MATH 3).
fn parts_touch(setting: Setting, face: Face, at: vec2<f32>) -> Touch {
    let w = triangle_barycentric(face.triangle, at);
    if setting.distance == DISTANCE_HARD {
        return Touch(triangle_holds(face.triangle, w), w, 0.0, probability_certain());
    }
    let s = distance_signed(setting.distance, face.triangle, at, w);
    let x = real_clamp(s * setting.inv_sigma, -FAR, FAR);
    var p = distribution_probability(x, setting.distribution_shape);
    var member = true;
    if setting.cutoff != CUTOFF_NONE {
        member = s > -setting.bound;
        if setting.boxed != 0u {
            member = member && bounding_box_holds(face.bounds, at, setting.box_reach);
        }
    }
    if setting.cutoff == CUTOFF_SMOOTH {
        p = smooth_window(p, x, setting.cut);
    }
    return Touch(member, w, x, p);
}

fn color_pair(touch: Touch, shade: Shade, face: Face, color: Channels) -> ColorPair {
    let holds = triangle_holds(face.triangle, touch.w);
    return ColorPair(touch.p, shade.nearness, shade.depth, face.number, holds, shade.member, color);
}

// Adds a face to the silhouette and color of the pixel `at`; tells whether the pair counted.
fn parts_forward(
    setting: Setting,
    face: Face,
    at: vec2<f32>,
    silhouette: ptr<function, SILHOUETTE_State>,
    color: ptr<function, COLOR_State>,
    sums: ptr<function, Sums>,
) -> bool {
    let touch = parts_touch(setting, face, at);
    if !touch.member {
        return false;
    }
    if DRAWS_SILHOUETTE {
        SILHOUETTE_push(silhouette, touch.p, touch.member, setting.t_conorm_shape);
    }
    if DRAWS_COLOR {
        let shade = setting_shade(setting, face.triangle, touch);
        if shade.member {
            var scratch: Channels;
            face_texels_color(face.texels, shade.weights, &scratch);
            COLOR_push(setting.color, color, sums, color_pair(touch, shade, face, scratch));
        }
    }
    return true;
}

// The gradient of what `parts_forward` added, given the gradients at the finished pixel. `grad_color` is overwritten,
// `texels` added to.
fn parts_backward(
    setting: Setting,
    face: Face,
    at: vec2<f32>,
    silhouette: SilhouetteGrad,
    color: ColorGrad,
    grad_color: ptr<function, Channels>,
    texels: ptr<function, CornerTexels>,
) -> PairGrad {
    var out = pair_grad_zero();
    let touch = parts_touch(setting, face, at);
    if !touch.member {
        return out;
    }
    var grad_p = probability_grad_zero();
    if DRAWS_SILHOUETTE {
        let faces = setting.faces;
        let shape = setting.t_conorm_shape;
        grad_p = SILHOUETTE_pair_vjp(silhouette.state, touch.p, faces, shape, silhouette.grad);
        out.t_conorm = SILHOUETTE_shape_vjp(silhouette.state, touch.p, faces, shape, silhouette.grad);
    }
    if DRAWS_COLOR {
        let shade = setting_shade(setting, face.triangle, touch);
        if shade.member {
            var own: Channels;
            face_texels_color(face.texels, shade.weights, &own);
            for (var c = 0u; c < CHANNELS; c++) {
                (*grad_color)[c] = 0.0;
            }
            let pair = color_pair(touch, shade, face, own);
            let grad = COLOR_pair_vjp(setting.color, color.pixel, color.fixed, color.sums, pair, grad_color);
            grad_p = probability_grad_plus(grad_p, grad.p);
            out.gamma = real_keep(grad.gamma, shade.member);
            let grad_weights =
                face_texels_color_vjp(face.texels, shade.weights, *grad_color, shade.member, texels);
            out.corners =
                setting_shade_vjp(setting, face.triangle, touch, shade, grad_weights, grad.nearness);
        }
    }
    parts_touch_vjp(setting, face, at, touch, grad_p, &out);
    return out;
}

fn parts_touch_vjp(
    setting: Setting,
    face: Face,
    at: vec2<f32>,
    touch: Touch,
    grad: ProbabilityGrad,
    out: ptr<function, PairGrad>,
) {
    if setting.distance == DISTANCE_HARD {
        return;
    }
    let grad_x = real_keep(probability_vjp(touch.p, grad), touch.member);
    let shape = setting.distribution_shape;
    var raw = grad;
    var by_cut = 0.0;
    if setting.cutoff == CUTOFF_SMOOTH {
        let p = distribution_probability(touch.x, shape);
        raw = smooth_window_vjp(p, touch.x, setting.cut, grad);
        // The window moves with the cut as it does with x, times `-x / c`.
        let by_window = probability_vjp(touch.p, grad) - probability_vjp(p, raw);
        by_cut = by_window * (touch.x / max(setting.cut, LEAST_CUT) * setting.cut_slope);
    }
    (*out).distribution = real_keep(distribution_shape_vjp(touch.x, shape, raw) - by_cut, touch.member);
    (*out).sigma = -(grad_x * touch.x * setting.inv_sigma);
    let grad_s = grad_x * setting.inv_sigma;
    let xy = distance_signed_vjp(setting.distance, face.triangle, at, touch.w, grad_s);
    (*out).corners[0] += vec3<f32>(xy[0], 0.0);
    (*out).corners[1] += vec3<f32>(xy[1], 0.0);
    (*out).corners[2] += vec3<f32>(xy[2], 0.0);
}
