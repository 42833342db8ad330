// The corners of faces as they lie in their buffer, [faces, 3, 3].

fn corners_of(f: u32) -> array<vec3<f32>, 3> {
    let i = f * 9u;
    return array<vec3<f32>, 3>(
        vec3<f32>(corners[i], corners[i + 1u], corners[i + 2u]),
        vec3<f32>(corners[i + 3u], corners[i + 4u], corners[i + 5u]),
        vec3<f32>(corners[i + 6u], corners[i + 7u], corners[i + 8u]),
    );
}
