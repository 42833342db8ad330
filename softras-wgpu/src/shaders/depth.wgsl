// From the depth of a face at a pixel to its place in the depth softmax (MATH 5).

fn depth_map_nearness(depth_map: u32, z: f32) -> f32 {
    if depth_map == DEPTH_MAP_INVERSE {
        return real_recip(z);
    }
    return -z;
}

fn depth_map_nearness_vjp(depth_map: u32, z: f32, grad: f32) -> f32 {
    if depth_map == DEPTH_MAP_INVERSE {
        return -(grad * real_sq(real_recip(z)));
    }
    return -grad;
}
