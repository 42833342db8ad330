// Reduce: a block a picture and value adds what blocks of pixels or faces have left, in `f64` and in a fixed order.

// Adds one number of each thread of the block, by halves; the sum is that of thread 0.
FN double block_sum_f64(double* terms, double term) {
    u32 lane = threadIdx.x;
    terms[lane] = term;
    __syncthreads();
    for (u32 half = 128u; half > 0u; half /= 2u) {
        if (lane < half) {
            terms[lane] += terms[lane + half];
        }
        __syncthreads();
    }
    return terms[0];
}

extern "C" __global__ void __launch_bounds__(256) reduce(const Reducing reducing) {
    __shared__ double terms[256];
    const Globals& globals = reducing.globals;
    u32 of_pixels = globals.channels + 1u;
    u32 values = of_pixels + FACE_PARAMETERS;
    u32 number = blockIdx.x / values;
    u32 value = blockIdx.x % values;
    u32 lane = threadIdx.x;
    const Picture& picture = globals.picture[number];
    double sum = 0.0;
    if (value < of_pixels) {
        if (reducing.partials != nullptr) {
            const float* from = reducing.partials + (u64)number * reducing.blocks * of_pixels + value;
            for (u32 i = lane; i < reducing.blocks; i += 256u) {
                sum += (double)from[(u64)i * of_pixels];
            }
        }
    } else if (reducing.parameters != nullptr) {
        const float* from =
            reducing.parameters + (u64)(value - of_pixels) * globals.faces + picture.first_face;
        for (u32 i = lane; i < picture.face_count; i += 256u) {
            sum += (double)from[i];
        }
    }
    sum = block_sum_f64(terms, sum);
    if (lane == 0u) {
        reducing.sums[blockIdx.x] = (float)sum;
    }
}

// Reduce the weights: a block a picture and weight adds the rows of its faces, or of its pixels, as `reduce` does.
extern "C" __global__ void __launch_bounds__(256) reduce_weights(const Reducing reducing) {
    __shared__ double terms[256];
    u32 weights = reducing.of_faces + reducing.of_pixels;
    u32 number = blockIdx.x / weights;
    u32 n = blockIdx.x % weights;
    u32 lane = threadIdx.x;
    const Picture& picture = reducing.globals.picture[number];
    bool of_faces = n < reducing.of_faces;
    u32 rows = of_faces ? picture.face_count : reducing.blocks;
    u64 stride = of_faces ? reducing.of_faces : reducing.of_pixels;
    const float* from = of_faces ? reducing.face_weights + picture.first_face * stride + n
                                 : reducing.pixel_weights + (u64)number * reducing.blocks * stride + n - reducing.of_faces;
    double sum = 0.0;
    for (u32 i = lane; i < rows; i += 256u) {
        sum += (double)from[i * stride];
    }
    sum = block_sum_f64(terms, sum);
    if (lane == 0u) {
        reducing.weights[blockIdx.x] = (float)sum;
    }
}

// The last picture whose texture rows begin at or before `row`.
FN u32 picture_of_row(const Globals& globals, u32 row) {
    u32 low = 0u;
    u32 high = globals.pictures;
    while (high - low > 1u) {
        u32 middle = (low + high) / 2u;
        if (globals.picture[middle].first_texture <= row) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// Gather: a thread a number of the textures adds the slots of the faces that share it, picture by picture.
extern "C" __global__ void __launch_bounds__(256) gather(const Reducing reducing) {
    const Globals& globals = reducing.globals;
    u64 at = (u64)blockIdx.x * 256u + threadIdx.x;
    if (at >= (u64)globals.rows * globals.texel_size) {
        return;
    }
    u32 row = (u32)(at / globals.texel_size);
    u32 within = (u32)(at % globals.texel_size);
    u32 first = reducing.rows_ascend != 0u ? picture_of_row(globals, row) : 0u;
    u32 end = reducing.rows_ascend != 0u ? first + 1u : globals.pictures;
    float sum = reducing.carries != 0u ? reducing.grad_rows[at] : 0.0f;
    for (u32 number = first; number < end; ++number) {
        const Picture& picture = globals.picture[number];
        if (row >= picture.first_texture && row - picture.first_texture < picture.face_count) {
            u32 f = picture.first_face + row - picture.first_texture;
            sum += reducing.texels[(u64)f * globals.texel_size + within];
        }
    }
    reducing.grad_rows[at] = sum;
}
