// Forward: a block a tile, a thread a pixel, the faces of the tile's bin in ascending order. 256 at a time are held
// against the tile; those that reach it are staged in shared memory, in their order.

#define STAGE 256u

struct Staged {
    Record records[STAGE];
    PixelRect rects[STAGE];
    u32 locals[STAGE];
    u32 counts[STAGE / 32u];
    u32 alive[STAGE / 32u];
    u64 pairs[STAGE / 32u];
};

extern "C" __global__ void __launch_bounds__(256) forward(const Drawing drawing) {
    __shared__ Staged staged;
    const Globals& globals = drawing.globals;
    if (globals.bins != 0u && !lists_fit(globals)) {
        return;  // all blocks do
    }
    u32 lane = threadIdx.x;
    u32 number = blockIdx.x / globals.tiles;
    u32 tile = blockIdx.x % globals.tiles;
    u32 left = tile % globals.tiles_across * TILE_SIDE;
    u32 top = tile / globals.tiles_across * TILE_SIDE;
    u32 x = left + lane % TILE_SIDE;
    u32 y = top + lane / TILE_SIDE;
    const Picture& picture = globals.picture[number];
    const Setting setting = picture.setting;
    Vec2 at = pixel_centre(y, x, globals.height, globals.width);

    SilhouetteState silhouette = SILHOUETTE(identity)();
    ColorState color = COLOR(identity)();
    Sums sums{};
    u64 pairs = 0u;

    u64 first = 0u;
    u64 end = picture.face_count;
    if (globals.bins != 0u) {
        u32 bin = top / globals.bin_side * globals.bins_across + left / globals.bin_side;
        u64 place = bin_place(globals, picture, bin);
        first = globals.offsets[place];
        end = globals.offsets[place + picture.chunks];
    }
    for (; first < end; first += STAGE) {
        u64 i = first + lane;
        bool reaches = false;
        u32 local = 0u;
        PixelRect rect{0u, 0u, 0u, 0u};
        if (i < end) {
            local = globals.bins != 0u ? globals.lists[i] : (u32)i;
            rect = globals.rects[picture.first_face + local];
            reaches = rect.x0 < left + TILE_SIDE && rect.x1 > left && rect.y0 < top + TILE_SIDE && rect.y1 > top;
        }
        u32 votes = __ballot_sync(0xffffffffu, reaches);
        // Where opaque pixels may be skipped, a tile of them is done.
        bool skips = globals.skip != 0u && SILHOUETTE(saturated)(silhouette);
        u32 alive = __ballot_sync(0xffffffffu, !skips && x < globals.width && y < globals.height);
        if (lane % 32u == 0u) {
            staged.counts[lane / 32u] = (u32)__popc(votes);
            staged.alive[lane / 32u] = alive;
        }
        __syncthreads();
        u32 before = (u32)__popc(votes & ((1u << (lane % 32u)) - 1u));
        u32 count = 0u;
        u32 any_alive = 0u;
        for (u32 w = 0; w < STAGE / 32u; ++w) {
            before += w < lane / 32u ? staged.counts[w] : 0u;
            count += staged.counts[w];
            any_alive |= staged.alive[w];
        }
        if (any_alive == 0u) {
            break;
        }
        if (reaches) {
            staged.records[before] = globals.records[picture.first_face + local];
            staged.rects[before] = rect;
            staged.locals[before] = local;
        }
        __syncthreads();
        for (u32 j = 0; j < count; ++j) {
            const PixelRect& own = staged.rects[j];
            if (x >= own.x0 && x < own.x1 && y >= own.y0 && y < own.y1) {
                if (globals.skip != 0u && SILHOUETTE(saturated)(silhouette)) {
                    break;
                }
                Face face = face_of(globals, picture, staged.locals[j], staged.records[j]);
                pairs += parts_forward(setting, face, at, silhouette, color, sums) ? 1u : 0u;
            }
        }
        __syncthreads();
    }

    for (u32 by = 16u; by > 0u; by /= 2u) {
        pairs += __shfl_down_sync(0xffffffffu, pairs, by);
    }
    if (lane % 32u == 0u) {
        staged.pairs[lane / 32u] = pairs;
    }
    __syncthreads();
    if (lane == 0u) {
        u64 all = 0u;
        for (u32 w = 0; w < STAGE / 32u; ++w) {
            all += staged.pairs[w];
        }
        drawing.pairs[blockIdx.x] = all;
    }
    if (x >= globals.width || y >= globals.height) {
        return;
    }
    u64 local_pixel = (u64)y * globals.width + x;
    u64 pixel = (u64)number * globals.pixels + local_pixel;
    if (DRAWS_COLOR) {
        Channels drawn;
        COLOR(finish)(setting.color, color, sums, background_of(globals, number), drawn);
        float* to = drawing.color + (u64)number * globals.channels * globals.pixels;
        channels_store(to, globals.pixels, local_pixel, globals.channels, drawn);
        planes_store(globals.state + globals.color_at * globals.all_pixels, globals.all_pixels, pixel, color);
        float* sums_to = globals.state + globals.sums_at * globals.all_pixels;
        sums_store(sums_to, globals.all_pixels, pixel, globals.channels, sums);
    }
    if (DRAWS_SILHOUETTE) {
        drawing.alpha[pixel] = SILHOUETTE(finish)(silhouette, setting.faces, setting.t_conorm_shape);
        planes_store(globals.state, globals.all_pixels, pixel, silhouette);
    }
}
