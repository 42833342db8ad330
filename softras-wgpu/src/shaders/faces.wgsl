// Faces and pixels as they lie in the buffers.

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
