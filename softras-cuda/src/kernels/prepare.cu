// Prepare: reverse what happened once a pixel, before the faces walk their pixels.

// Adds one number of each thread of the block, by halves; the sum is that of thread 0.
FN float block_sum(float* terms, float term) {
    u32 lane = threadIdx.x;
    terms[lane] = term;
    __syncthreads();
    for (u32 half = 128u; half > 0u; half /= 2u) {
        if (lane < half) {
            terms[lane] += terms[lane + half];
        }
        __syncthreads();
    }
    float sum = terms[0];
    __syncthreads();
    return sum;
}

extern "C" __global__ void __launch_bounds__(256) prepare(const Reversing reversing) {
    __shared__ float terms[256];
    const Globals& globals = reversing.globals;
    u32 blocks = (globals.pixels + 255u) / 256u;
    u32 number = blockIdx.x / blocks;
    u32 block = blockIdx.x % blocks;
    u32 local_pixel = block * 256u + threadIdx.x;
    Channels grad_background = channels_zero();
    float grad_epsilon = 0.0f;
    if (local_pixel < globals.pixels) {
        u64 pixel = (u64)number * globals.pixels + local_pixel;
        bool any = false;
        if (DRAWS_SILHOUETTE) {
            float grad = reversing.grad_alpha[pixel];
            if (globals.skip != 0u) {
                grad = real_keep(grad, !SILHOUETTE(saturated)(silhouette_state_at(globals, pixel)));
            }
            reversing.cotangents[pixel] = grad;
            any = grad != 0.0f;
        }
        if (DRAWS_COLOR) {
            const float* from = reversing.grad_color + (u64)number * globals.channels * globals.pixels;
            Channels grad = channels_load(from, globals.pixels, local_pixel, globals.channels);
            for (u32 c = 0; c < CHANNELS; ++c) {
                any = any || grad.c[c] != 0.0f;
            }
            reversing.cotangents[ANY_AT * globals.all_pixels + pixel] = any ? 1.0f : 0.0f;
            ColorPixel finished{color_state_at(globals, pixel), sums_at(globals, pixel),
                                background_of(globals, number)};
            Sums grad_sums{};
            ColorCotangent cotangent = COLOR(pixel_vjp)(globals.picture[number].setting.color, finished, grad,
                                                        grad_sums, grad_background, grad_epsilon);
            float* fixed = reversing.cotangents + FIXED_AT * globals.all_pixels;
            planes_store(fixed, globals.all_pixels, pixel, cotangent);
            sums_store(fixed + COTANGENT_PLANES * globals.all_pixels, globals.all_pixels, pixel, globals.channels,
                       grad_sums);
        }
    }
    if (DRAWS_COLOR && reversing.partials != nullptr) {
        float* partials = reversing.partials + (u64)blockIdx.x * (globals.channels + 1u);
        for (u32 c = 0; c < CHANNELS; ++c) {
            if (c < globals.channels) {
                float sum = block_sum(terms, grad_background.c[c]);
                if (threadIdx.x == 0u) {
                    partials[c] = sum;
                }
            }
        }
        float sum = block_sum(terms, grad_epsilon);
        if (threadIdx.x == 0u) {
            partials[globals.channels] = sum;
        }
    }
}
