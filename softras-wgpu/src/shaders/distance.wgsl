// The signed distance s of a pixel to a face, positive inside (MATH 3).

const DISTANCE_GUARD: f32 = 1e-18;
const WEIGHT_LIMIT: f32 = 1e18;

struct Closest {
    tau: vec3<f32>,
    away: vec2<f32>,
    distance_sq: f32,
}

struct Foot {
    t: f32,
    away: vec2<f32>,
    distance_sq: f32,
}

// The point of edge k that is closest to `at`.
fn foot(p: vec2<f32>, e: vec2<f32>, along: vec2<f32>, at: vec2<f32>) -> Foot {
    let r = at - p;
    let t = real_clamp(vec2_dot(r, along), 0.0, 1.0);
    let away = r - vec2_scale(e, t);
    return Foot(t, away, vec2_dot(away, away));
}

fn closest(face: Triangle, at: vec2<f32>) -> Closest {
    let f0 = foot(face.p[0], face.e[0], face.along[0], at);
    let f1 = foot(face.p[1], face.e[1], face.along[1], at);
    let f2 = foot(face.p[2], face.e[2], face.along[2], at);
    var best = Closest(vec3<f32>(1.0 - f0.t, f0.t, 0.0), f0.away, f0.distance_sq);
    if f1.distance_sq < best.distance_sq {
        best = Closest(vec3<f32>(0.0, 1.0 - f1.t, f1.t), f1.away, f1.distance_sq);
    }
    if f2.distance_sq < best.distance_sq {
        best = Closest(vec3<f32>(f2.t, 0.0, 1.0 - f2.t), f2.away, f2.distance_sq);
    }
    return best;
}

fn sign_(face: Triangle, w: vec3<f32>) -> f32 {
    return select(-1.0, 1.0, triangle_inside(face, w));
}

fn spread(away: vec2<f32>, scale: f32, tau: vec3<f32>) -> array<vec2<f32>, 3> {
    return array<vec2<f32>, 3>(
        vec2_scale(away, scale * tau.x),
        vec2_scale(away, scale * tau.y),
        vec2_scale(away, scale * tau.z),
    );
}

fn euclidean_signed(face: Triangle, at: vec2<f32>, w: vec3<f32>) -> f32 {
    return sign_(face, w) * closest(face, at).distance_sq;
}

fn euclidean_signed_vjp(face: Triangle, at: vec2<f32>, w: vec3<f32>, grad_s: f32) -> array<vec2<f32>, 3> {
    let near = closest(face, at);
    let scale = grad_s * sign_(face, w) * -2.0;
    return spread(near.away, scale, near.tau);
}

fn euclidean_unsquared_signed(face: Triangle, at: vec2<f32>, w: vec3<f32>) -> f32 {
    let d_sq = closest(face, at).distance_sq;
    let off = d_sq > 0.0;
    return sign_(face, w) * real_keep(sqrt(select(1.0, d_sq, off)), off);
}

fn euclidean_unsquared_signed_vjp(
    face: Triangle,
    at: vec2<f32>,
    w: vec3<f32>,
    grad_s: f32,
) -> array<vec2<f32>, 3> {
    let near = closest(face, at);
    let d = max(sqrt(near.distance_sq), DISTANCE_GUARD);
    let scale = -(grad_s * sign_(face, w)) / d;
    return spread(near.away, scale, near.tau);
}

struct Smallest {
    m: f32,
    slope: vec2<f32>,
}

fn barycentric_smallest(face: Triangle, w: vec3<f32>) -> Smallest {
    let slopes = triangle_barycentric_slopes(face);
    var out = Smallest(w.x, slopes[0]);
    if w.y < out.m {
        out = Smallest(w.y, slopes[1]);
    }
    if w.z < out.m {
        out = Smallest(w.z, slopes[2]);
    }
    out.m = max(out.m, -WEIGHT_LIMIT);
    return out;
}

fn barycentric_signed(face: Triangle, at: vec2<f32>, w: vec3<f32>) -> f32 {
    let m = barycentric_smallest(face, w).m;
    return select(-WEIGHT_LIMIT, m * abs(m), face.solid);
}

fn barycentric_signed_vjp(face: Triangle, at: vec2<f32>, w: vec3<f32>, grad_s: f32) -> array<vec2<f32>, 3> {
    let least = barycentric_smallest(face, w);
    let scale = real_keep(grad_s * (-2.0) * abs(least.m), face.solid);
    return spread(least.slope, scale, w);
}

fn hard_edge_signed(face: Triangle, at: vec2<f32>, w: vec3<f32>) -> f32 {
    return select(-1.0, 1.0, triangle_holds(face, w));
}

fn hard_edge_signed_vjp(face: Triangle, at: vec2<f32>, w: vec3<f32>, grad_s: f32) -> array<vec2<f32>, 3> {
    return array<vec2<f32>, 3>(vec2<f32>(0.0), vec2<f32>(0.0), vec2<f32>(0.0));
}

// The metric that the setting names: a uniform branch. OTHER_DISTANCE_ is a user's own, else the Euclidean.
fn distance_signed(distance: u32, face: Triangle, at: vec2<f32>, w: vec3<f32>) -> f32 {
    switch distance {
        case DISTANCE_BARYCENTRIC: {
            return barycentric_signed(face, at, w);
        }
        case DISTANCE_EUCLIDEAN_UNSQUARED: {
            return euclidean_unsquared_signed(face, at, w);
        }
        case DISTANCE_HARD: {
            return hard_edge_signed(face, at, w);
        }
        default: {
            return OTHER_DISTANCE_signed(face, at, w);
        }
    }
}

fn distance_signed_vjp(
    distance: u32,
    face: Triangle,
    at: vec2<f32>,
    w: vec3<f32>,
    grad_s: f32,
) -> array<vec2<f32>, 3> {
    switch distance {
        case DISTANCE_BARYCENTRIC: {
            return barycentric_signed_vjp(face, at, w, grad_s);
        }
        case DISTANCE_EUCLIDEAN_UNSQUARED: {
            return euclidean_unsquared_signed_vjp(face, at, w, grad_s);
        }
        case DISTANCE_HARD: {
            return hard_edge_signed_vjp(face, at, w, grad_s);
        }
        default: {
            return OTHER_DISTANCE_signed_vjp(face, at, w, grad_s);
        }
    }
}
