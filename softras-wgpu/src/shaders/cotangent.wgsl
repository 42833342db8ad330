// The gradient at a finished pixel as the faces read it.

fn silhouette_grad_at(pixel: u32) -> SilhouetteGrad {
    if DRAWS_SILHOUETTE {
        return SilhouetteGrad(silhouette_state_at(pixel), cotangents[pixel * COTANGENT_STRIDE]);
    }
    return SilhouetteGrad(SILHOUETTE_identity(), 0.0);
}

fn color_grad_at(pixel: u32, background: Channels) -> ColorGrad {
    var out: ColorGrad;
    if DRAWS_COLOR {
        out.pixel = COLOR_Pixel(color_state_at(pixel), sums_at(pixel), background);
        let first = pixel * COTANGENT_STRIDE + FIXED_AT;
        var planes = array<f32, 4>(0.0, 0.0, 0.0, 0.0);
        for (var i = 0u; i < COTANGENT_PLANES; i++) {
            planes[i] = cotangents[first + i];
        }
        out.fixed = COLOR_cotangent_load(planes);
        for (var i = 0u; i < SUMS; i++) {
            out.sums[i] = cotangents[first + COTANGENT_PLANES + i];
        }
    }
    return out;
}

// Walks one pixel of a face.
fn pixel_backward(
    u: u32,
    face: Face,
    x: u32,
    y: u32,
    background: Channels,
    grad_color: ptr<function, Channels>,
    texels: ptr<function, CornerTexels>,
) -> PairGrad {
    let pixel = u * globals.window_pixels + y * globals.window_width + x;
    let silhouette = silhouette_grad_at(pixel);
    if globals.skip != 0u && SILHOUETTE_saturated(silhouette.state) {
        return pair_grad_zero();
    }
    let color = color_grad_at(pixel, background);
    return parts_backward(units[u].setting, face, centre_of(x, y), silhouette, color, grad_color, texels);
}
