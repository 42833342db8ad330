// The state of a finished pixel, and its gradient, as they lie in the buffers: [pixels, state_stride] and
// [pixels, COTANGENT_STRIDE].

fn silhouette_state_at(pixel: u32) -> SILHOUETTE_State {
    var planes = array<f32, 4>(0.0, 0.0, 0.0, 0.0);
    for (var i = 0u; i < PLANES_OF_SILHOUETTE; i++) {
        planes[i] = state[pixel * globals.state_stride + i];
    }
    return SILHOUETTE_load(planes);
}

fn color_state_at(pixel: u32) -> COLOR_State {
    var planes = array<f32, 4>(0.0, 0.0, 0.0, 0.0);
    for (var i = 0u; i < PLANES_OF_COLOR; i++) {
        planes[i] = state[pixel * globals.state_stride + globals.color_at + i];
    }
    return COLOR_load(planes);
}

fn sums_at(pixel: u32) -> Sums {
    var sums: Sums;
    for (var i = 0u; i < SUMS; i++) {
        sums[i] = state[pixel * globals.state_stride + globals.sums_at + i];
    }
    return sums;
}

fn background_of(u: u32) -> Channels {
    var background: Channels;
    for (var c = 0u; c < CHANNELS; c++) {
        background[c] = numbers[globals.background + u * CHANNELS + c];
    }
    return background;
}
