// Setup: a thread a face: what needs divisions, and the pixels it can reach.

// The pixels first..end of `size` whose centres lie between `low` and `high`, in pixels.
FN void pixel_range(double low, double high, u32 size, u32& first, u32& end) {
    first = (u32)fmin(fmax(ceil(low), 0.0), (double)size);
    end = (u32)fmin(fmax(floor(high) + 1.0, 0.0), (double)size);
}

// The pixels whose centres lie in `bounds`, grown by `reach` and a margin for rounding (KERNELS 1).
FN PixelRect pixel_rect(const BoundingBox& bounds, double reach, u32 width, u32 height) {
    double w = width, h = height;
    double margin_x = reach * (1.0 + 1e-4) +
                      1e-6 * fmax(fmax(fabs((double)bounds.low.x), fabs((double)bounds.high.x)), 1.0);
    double margin_y = reach * (1.0 + 1e-4) +
                      1e-6 * fmax(fmax(fabs((double)bounds.low.y), fabs((double)bounds.high.y)), 1.0);
    double left = bounds.low.x - margin_x, right = bounds.high.x + margin_x;
    double bottom = bounds.low.y - margin_y, top = bounds.high.y + margin_y;
    PixelRect out;
    // x = (2 column + 1 - W) / H, y = (H - 1 - 2 row) / H (MATH 1)
    pixel_range((left * h + w - 1.0) / 2.0, (right * h + w - 1.0) / 2.0, width, out.x0, out.x1);
    pixel_range((h - 1.0 - top * h) / 2.0, (h - 1.0 - bottom * h) / 2.0, height, out.y0, out.y1);
    if (out.x0 >= out.x1 || out.y0 >= out.y1) {
        out = PixelRect{0u, 0u, 0u, 0u};
    }
    return out;
}

extern "C" __global__ void __launch_bounds__(256) setup(const Building building) {
    const Globals& globals = building.globals;
    u32 number = picture_of_chunk(globals, blockIdx.x);
    const Picture& picture = globals.picture[number];
    u32 local = (blockIdx.x - picture.first_chunk) * CHUNK_FACES + threadIdx.x;
    if (local >= picture.face_count) {
        return;
    }
    u32 f = picture.first_face + local;
    Triangle triangle = triangle_new(globals.corners + (u64)f * 9u);
    PixelRect rect{0u, 0u, 0u, 0u};
    if (globals.absent == nullptr || globals.absent[f] == 0) {
        rect = pixel_rect(triangle_bounding_box(triangle), picture.cull_reach, globals.width, globals.height);
    }
    globals.records[f] = record_of(triangle, number);
    globals.rects[f] = rect;
}
