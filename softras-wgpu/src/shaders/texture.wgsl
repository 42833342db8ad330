// The color of a face at a pixel (MATH 6), and its gradient to weights and texels.

fn vertex_color(c: vec3<f32>, corners: vec3<f32>) -> f32 {
    return c.x * corners.x + c.y * corners.y + c.z * corners.z;
}

struct VertexColorGrad {
    c: vec3<f32>,
    corners: vec3<f32>,
}

fn vertex_color_vjp(c: vec3<f32>, corners: vec3<f32>, grad: f32) -> VertexColorGrad {
    return VertexColorGrad(grad * corners, grad * c);
}

fn surface_cell(c: f32, side: f32, last: f32) -> f32 {
    return min(max(floor(c * side), 0.0), last);
}

fn surface_texel(c: vec3<f32>, side: f32) -> f32 {
    let last = side - 1.0;
    let x = surface_cell(c.x, side, last);
    let y = surface_cell(c.y, side, last);
    let lower = x + y == last || (c.x + c.y) * side - x - y <= 1.0;
    return select((last - y) * side + (last - x), y * side + x, lower);
}

// The texels of one face: where they begin among the numbers, and how many lie along a side (0: one a corner).
struct FaceTexels {
    texels: u32,
    side: u32,
}

fn face_texels_corner_values(face_texels: FaceTexels, n: u32) -> vec3<f32> {
    let first = face_texels.texels + n;
    return vec3<f32>(numbers[first], numbers[first + CHANNELS], numbers[first + 2u * CHANNELS]);
}

fn face_texels_index(face_texels: FaceTexels, texel: f32) -> u32 {
    return min(u32(max(texel, 0.0)), face_texels.side * face_texels.side - 1u);
}

fn face_texels_color(face_texels: FaceTexels, c: vec3<f32>, out: ptr<function, Channels>) {
    if VERTEX_TEXTURE {
        for (var n = 0u; n < CHANNELS; n++) {
            (*out)[n] = vertex_color(c, face_texels_corner_values(face_texels, n));
        }
    } else {
        let texel = face_texels_index(face_texels, surface_texel(c, f32(face_texels.side)));
        for (var n = 0u; n < CHANNELS; n++) {
            (*out)[n] = numbers[face_texels.texels + texel * CHANNELS + n];
        }
    }
}

// Surface texels get their gradient in a stage of their own.
fn face_texels_color_vjp(
    face_texels: FaceTexels,
    c: vec3<f32>,
    grad: Channels,
    member: bool,
    texels: ptr<function, CornerTexels>,
) -> vec3<f32> {
    var grad_c = vec3<f32>(0.0);
    if VERTEX_TEXTURE {
        for (var n = 0u; n < CHANNELS; n++) {
            let g = vertex_color_vjp(c, face_texels_corner_values(face_texels, n), grad[n]);
            grad_c += g.c;
            (*texels)[n] += g.corners.x;
            (*texels)[CHANNELS + n] += g.corners.y;
            (*texels)[2u * CHANNELS + n] += g.corners.z;
        }
    }
    return grad_c;
}
