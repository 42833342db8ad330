// Backward of the weights of phi: a block a face. 64 pixels at a time find what the network reads of the face and the
// gradient to each of its units; then each thread adds, in the order of the pixels, to the weights that are its own.

struct PhiTerms {
    // D, zeta and the color.
    float features[2 + CHANNELS][64];
    // The gradient to what each unit adds up; in the end those to the offset and the scale of the nearness.
    float grads[HIDDEN < 2 ? 2 : HIDDEN][64];
};

// The sum over the pixels of the gradient to unit `k` times input `n`: the first is 1.
FN float phi_sum(const PhiTerms& terms, u32 k, u32 n) {
    float sum = 0.0f;
    for (u32 j = 0; j < 64u; ++j) {
        sum += n == 0u ? terms.grads[k][j] : terms.grads[k][j] * terms.features[n - 1u][j];
    }
    return sum;
}

extern "C" __global__ void __launch_bounds__(64) backward_weights(const Reversing reversing) {
    __shared__ PhiTerms terms;
    const Globals& globals = reversing.globals;
    u32 lane = threadIdx.x;
    u32 number = picture_of_chunk(globals, blockIdx.x / CHUNK_FACES);
    const Picture& picture = globals.picture[number];
    u32 local = blockIdx.x - picture.first_chunk * CHUNK_FACES;
    if (local >= picture.face_count) {
        return;
    }
    u32 f = picture.first_face + local;
    Face face = face_of(globals, picture, local, globals.records[f]);
    PixelRect rect = globals.rects[f];
    Channels background = background_of(globals, number);
    const ColorContext& context = picture.setting.color;
    NeuralLayout layout{context.channels};
    u32 phi_size = neural_layout_phi_size(layout);
    u32 count = neural_layout_rho(layout, 0u);
    float* row = reversing.face_weights + (u64)f * count;
    for (u32 n = lane; n < count; n += 64u) {
        row[n] = 0.0f;
    }
    u32 across = rect.x1 - rect.x0;
    u32 area = rect_area(rect);
    for (u32 first = 0; first < area; first += 64u) {
        u32 i = first + lane;
        Features seen{};
        Channels color = channels_zero();
        NeuralSums grad_sums{};
        if (i < area) {
            u32 x = rect.x0 + i % across;
            u32 y = rect.y0 + i / across;
            u64 pixel = (u64)number * globals.pixels + (u64)y * globals.width + x;
            Touch touch = parts_touch(picture.setting, face, pixel_centre(y, x, globals.height, globals.width));
            Shade shade = setting_shade(picture.setting, face.triangle, touch);
            if (touch.member && shade.member && pixel_has_grad(reversing, pixel)) {
                face_texels_color(face.texels, shade.weights, color);
                seen = neural_features(context, color_pair(touch, shade, face, color));
                grad_sums = color_grad_at(reversing, pixel, background).sums;
            }
        }
        terms.features[0][lane] = seen.d;
        terms.features[1][lane] = seen.zeta;
        for (u32 c = 0; c < CHANNELS; ++c) {
            terms.features[2u + c][lane] = color.c[c];
        }
        float grad_zeta = 0.0f;
        for (u32 k = 0; k < HIDDEN; ++k) {
            const float* weights = context.weights + neural_layout_phi(layout, k);
            float grad_unit;
            neural_phi_vjp(weights, seen, color, grad_sums.h[k], layout.channels, grad_unit);
            grad_zeta += grad_unit * weights[2];
            terms.grads[k][lane] = grad_unit;
        }
        __syncthreads();
        for (u32 n = lane; n < HIDDEN * phi_size; n += 64u) {
            row[FIRST + n] += phi_sum(terms, n / phi_size, n % phi_size);
        }
        __syncthreads();
        terms.grads[0][lane] = -(grad_zeta * context.weights[SCALE]);
        terms.grads[1][lane] = grad_zeta * seen.above;
        __syncthreads();
        if (lane < FIRST) {
            row[lane] += phi_sum(terms, lane, 0u);
        }
        __syncthreads();
    }
}
