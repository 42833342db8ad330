// Faces and pixels as they lie in the buffers.

fn corners_of(f: u32) -> array<vec3<f32>, 3> {
    let i = f * 9u;
    return array<vec3<f32>, 3>(
        vec3<f32>(corners[i], corners[i + 1u], corners[i + 2u]),
        vec3<f32>(corners[i + 3u], corners[i + 4u], corners[i + 5u]),
        vec3<f32>(corners[i + 6u], corners[i + 7u], corners[i + 8u]),
    );
}

// Face `local` of a unit, set up.
fn face_of(u: u32, local: u32) -> Face {
    let row = units[u].first_texture + local;
    let texels = FaceTexels(globals.texels + row * globals.texel_size, globals.side);
    return face_new(corners_of(units[u].first_face + local), f32(units[u].first_number + local), texels);
}

// The pixel centre of column `x` and row `y` of the window, as the host computed it.
fn centre_of(x: u32, y: u32) -> vec2<f32> {
    return vec2<f32>(numbers[x], numbers[globals.window_width + y]);
}
