// Prepare the weights of rho: a block 256 pixels. 64 at a time reverse each unit; then each thread adds, in the order of
// the pixels, to the weights that are its own.

struct RhoTerms {
    float step[HIDDEN][64];
    float with_faces[HIDDEN][64];
    float without[HIDDEN][64];
};

extern "C" __global__ void __launch_bounds__(64) prepare_weights(const Reversing reversing) {
    __shared__ RhoTerms terms;
    const Globals& globals = reversing.globals;
    u32 lane = threadIdx.x;
    u32 blocks = (globals.pixels + 255u) / 256u;
    u32 number = blockIdx.x / blocks;
    u32 begin = blockIdx.x % blocks * 256u;
    u32 end = begin + 256u < globals.pixels ? begin + 256u : globals.pixels;
    const ColorContext& context = globals.picture[number].setting.color;
    NeuralLayout layout{context.channels};
    u32 channels = layout.channels;
    u32 rho_size = neural_layout_rho_size(layout);
    NeuralPixel pixel{};
    pixel.background = background_of(globals, number);
    const float* background = globals.background + (u64)number * channels;
    const float* grads = reversing.grad_color + (u64)number * channels * globals.pixels;
    const float* sums = globals.state + globals.sums_at * globals.all_pixels + (u64)number * globals.pixels;
    float* row = reversing.pixel_weights + (u64)blockIdx.x * (HIDDEN * rho_size);
    for (u32 n = lane; n < HIDDEN * rho_size; n += 64u) {
        row[n] = 0.0f;
    }
    for (u32 first = begin; first < end; first += 64u) {
        u32 count = end - first < 64u ? end - first : 64u;
        if (lane < count) {
            pixel.sums = sums_at(globals, (u64)number * globals.pixels + first + lane);
            Channels grad = channels_load(grads, globals.pixels, first + lane, channels);
            for (u32 k = 0; k < HIDDEN; ++k) {
                RhoGrad unit = neural_rho_vjp(context.weights + neural_layout_rho(layout, k), pixel, grad, channels);
                terms.step[k][lane] = unit.step;
                terms.with_faces[k][lane] = unit.with_faces;
                terms.without[k][lane] = unit.without;
            }
        }
        __syncthreads();
        for (u32 n = lane; n < HIDDEN * rho_size; n += 64u) {
            u32 k = n / rho_size;
            u32 input = n % rho_size;
            float sum = 0.0f;
            for (u32 j = 0; j < count; ++j) {
                if (input == 0u) {
                    sum += terms.without[k][j];
                } else if (input < 1u + channels) {
                    sum += terms.without[k][j] * background[input - 1u];
                } else if (input < 1u + channels + HIDDEN) {
                    u64 plane = input - 1u - channels;
                    sum += terms.with_faces[k][j] * sums[plane * globals.all_pixels + first + j];
                } else {
                    u64 c = input - 1u - channels - HIDDEN;
                    sum += terms.step[k][j] * grads[c * globals.pixels + first + j];
                }
            }
            row[n] += sum;
        }
        __syncthreads();
    }
}
