// The gradient at a finished pixel as the faces read it: planes of alpha, of whether there is any gradient (where color is
// drawn; else alpha tells), of the aggregator's own, of the sums.

#define ANY_AT (DRAWS_SILHOUETTE ? 1 : 0)
#define FIXED_AT (ANY_AT + 1)
#define COTANGENT_PLANES (sizeof(ColorCotangent) / sizeof(float))

// Tells whether the pixel has any gradient: without, no face gets any from it.
FN bool pixel_has_grad(const Reversing& reversing, u64 pixel) {
    return reversing.cotangents[(DRAWS_COLOR ? ANY_AT * reversing.globals.all_pixels : 0u) + pixel] != 0.0f;
}

FN SilhouetteGrad silhouette_grad_at(const Reversing& reversing, u64 pixel) {
    if (DRAWS_SILHOUETTE) {
        return SilhouetteGrad{silhouette_state_at(reversing.globals, pixel), reversing.cotangents[pixel]};
    }
    return SilhouetteGrad{SILHOUETTE(identity)(), 0.0f};
}

FN ColorGrad color_grad_at(const Reversing& reversing, u64 pixel, const Channels& background) {
    ColorGrad out{};
    if (DRAWS_COLOR) {
        const Globals& globals = reversing.globals;
        const float* fixed = reversing.cotangents + FIXED_AT * globals.all_pixels;
        out.pixel = ColorPixel{color_state_at(globals, pixel), sums_at(globals, pixel), background};
        out.fixed = planes_load<ColorCotangent>(fixed, globals.all_pixels, pixel);
        out.sums = sums_load(fixed + COTANGENT_PLANES * globals.all_pixels, globals.all_pixels, pixel,
                             globals.channels);
    }
    return out;
}

// Walks one pixel of a face; adds to `texels`.
FN PairGrad pixel_backward(const Reversing& reversing, const Picture& picture, u32 number, const Face& face, u32 x,
                           u32 y, const Channels& background, CornerTexels& texels) {
    const Globals& globals = reversing.globals;
    u64 pixel = (u64)number * globals.pixels + (u64)y * globals.width + x;
    if (!pixel_has_grad(reversing, pixel)) {
        return pair_grad_zero();
    }
    Vec2 at = pixel_centre(y, x, globals.height, globals.width);
    return parts_backward(picture.setting, face, at, silhouette_grad_at(reversing, pixel),
                          color_grad_at(reversing, pixel, background), texels);
}
