// From the depth of a face at a pixel to its place in the depth softmax (MATH 5).

FN float depth_map_nearness(u32 depth_map, float z) {
    return depth_map == DEPTH_MAP_INVERSE ? real_recip(z) : -z;
}

FN float depth_map_nearness_vjp(u32 depth_map, float z, float grad) {
    return depth_map == DEPTH_MAP_INVERSE ? -(grad * real_sq(real_recip(z))) : -grad;
}
