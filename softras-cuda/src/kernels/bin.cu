// Bins: for each bin of each picture the exact list of faces that reach it, and for each class of faces by size the list
// of its entries, all in face order: count, scan, fill.

// Marks which faces of a chunk reach which bins, a bit a face, 8 words a bin; counts the entries of each class.
struct Marks {
    u32 bins[MAX_BINS_SIDE * MAX_BINS_SIDE * 8u];
    u32 classes[CLASSES][CHUNK_FACES];
};

FN void mark(const Globals& globals, const Picture& picture, Marks& marks, PixelRect& rect, bool& own) {
    u32 lane = threadIdx.x;
    for (u32 i = lane; i < globals.bins * 8u; i += CHUNK_FACES) {
        marks.bins[i] = 0u;
    }
    for (u32 k = 0; k < CLASSES; ++k) {
        marks.classes[k][lane] = 0u;
    }
    __syncthreads();
    u32 local = (blockIdx.x - picture.first_chunk) * CHUNK_FACES + lane;
    own = local < picture.face_count;
    rect = PixelRect{0u, 0u, 0u, 0u};
    if (own) {
        rect = globals.rects[picture.first_face + local];
        marks.classes[rect_class(rect)][lane] = rect_entries(rect);
    }
    if (globals.bins != 0u && rect.x0 < rect.x1) {
        for (u32 y = rect.y0 / globals.bin_side; y <= (rect.y1 - 1u) / globals.bin_side; ++y) {
            for (u32 x = rect.x0 / globals.bin_side; x <= (rect.x1 - 1u) / globals.bin_side; ++x) {
                atomicOr(&marks.bins[(y * globals.bins_across + x) * 8u + lane / 32u], 1u << (lane % 32u));
            }
        }
    }
    __syncthreads();
}

extern "C" __global__ void __launch_bounds__(256) bin_count(const Building building) {
    __shared__ Marks marks;
    const Globals& globals = building.globals;
    u32 number = picture_of_chunk(globals, blockIdx.x);
    const Picture& picture = globals.picture[number];
    PixelRect rect;
    bool own;
    mark(globals, picture, marks, rect, own);
    u32 lane = threadIdx.x;
    if (lane < globals.bins) {
        u32 count = 0u;
        for (u32 i = 0; i < 8u; ++i) {
            count += (u32)__popc(marks.bins[lane * 8u + i]);
        }
        globals.offsets[bin_place(globals, picture, lane) + (blockIdx.x - picture.first_chunk)] = count;
    }
    if (lane < CLASSES) {
        u64 count = 0u;
        for (u32 i = 0; i < CHUNK_FACES; ++i) {
            count += marks.classes[lane][i];
        }
        globals.offsets[class_place(globals, lane) + blockIdx.x] = count;
    }
    if (blockIdx.x == 0u && lane == 0u) {
        globals.offsets[class_place(globals, CLASSES)] = 0u;
    }
}

extern "C" __global__ void __launch_bounds__(256) bin_fill(const Building building) {
    __shared__ Marks marks;
    __shared__ u64 starts[MAX_BINS_SIDE * MAX_BINS_SIDE];
    const Globals& globals = building.globals;
    if (!lists_fit(globals)) {
        return;  // all blocks do
    }
    u32 number = picture_of_chunk(globals, blockIdx.x);
    const Picture& picture = globals.picture[number];
    u32 lane = threadIdx.x;
    u32 chunk = blockIdx.x - picture.first_chunk;
    if (lane < globals.bins) {
        starts[lane] = globals.offsets[bin_place(globals, picture, lane) + chunk];
    }
    PixelRect rect;
    bool own;
    mark(globals, picture, marks, rect, own);
    u32 local = chunk * CHUNK_FACES + lane;
    if (globals.bins != 0u && rect.x0 < rect.x1) {
        for (u32 y = rect.y0 / globals.bin_side; y <= (rect.y1 - 1u) / globals.bin_side; ++y) {
            for (u32 x = rect.x0 / globals.bin_side; x <= (rect.x1 - 1u) / globals.bin_side; ++x) {
                u32 bin = y * globals.bins_across + x;
                const u32* words = marks.bins + bin * 8u;
                u32 before = (u32)__popc(words[lane / 32u] & ((1u << (lane % 32u)) - 1u));
                for (u32 i = 0; i < lane / 32u; ++i) {
                    before += (u32)__popc(words[i]);
                }
                globals.lists[starts[bin] + before] = local;
            }
        }
    }
    if (own) {
        u32 which = rect_class(rect);
        u64 at = globals.offsets[class_place(globals, which) + blockIdx.x];
        for (u32 i = 0; i < lane; ++i) {
            at += marks.classes[which][i];
        }
        u32 entries = rect_entries(rect);
        for (u32 i = 0; i < entries; ++i) {
            globals.lists[at + i] = picture.first_face + local;
        }
    }
}

// Where the lists of all bins, and of each class, end.
extern "C" __global__ void __launch_bounds__(32) totals(const Building building) {
    const Globals& globals = building.globals;
    if (threadIdx.x <= CLASSES) {
        building.ends[threadIdx.x] = globals.offsets[class_place(globals, threadIdx.x)];
    }
}
