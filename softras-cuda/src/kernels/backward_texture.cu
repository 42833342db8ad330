// Backward of surface texels: a block a face. 64 pixels at a time find their texel and its gradient; then each thread
// adds, in the order of the pixels, to the texels that are its own.

#define NO_TEXEL 0xffffffffu

extern "C" __global__ void __launch_bounds__(64) backward_texture(const Reversing reversing) {
    __shared__ u32 places[64];
    __shared__ float grads[64 * CHANNELS];
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
    float* slot = reversing.texels + (u64)f * globals.texel_size;
    for (u32 i = lane; i < globals.texel_size; i += 64u) {
        slot[i] = 0.0f;
    }
    __syncthreads();
    u32 across = rect.x1 - rect.x0;
    u32 area = rect_area(rect);
    for (u32 first = 0; first < area; first += 64u) {
        u32 i = first + lane;
        u32 place = NO_TEXEL;
        if (i < area) {
            u32 x = rect.x0 + i % across;
            u32 y = rect.y0 + i / across;
            u64 pixel = (u64)number * globals.pixels + (u64)y * globals.width + x;
            Touch touch = parts_touch(picture.setting, face, pixel_centre(y, x, globals.height, globals.width));
            Shade shade = setting_shade(picture.setting, face.triangle, touch);
            if (touch.member && shade.member && pixel_has_grad(reversing, pixel)) {
                ColorGrad color = color_grad_at(reversing, pixel, background);
                Channels read;
                face_texels_color(face.texels, shade.weights, read);
                Channels grad_color = channels_zero();
                ColorPair pair = color_pair(touch, shade, face, read);
                COLOR(pair_vjp)(picture.setting.color, color.pixel, color.fixed, color.sums, pair, grad_color);
                place = face_texels_index(face.texels, surface_texel(shade.weights, (float)globals.side));
                for (u32 c = 0; c < CHANNELS; ++c) {
                    grads[lane * CHANNELS + c] = grad_color.c[c];
                }
            }
        }
        places[lane] = place;
        __syncthreads();
        for (u32 j = 0; j < 64u; ++j) {
            u32 t = places[j];
            if (t != NO_TEXEL && t % 64u == lane) {
                for (u32 c = 0; c < CHANNELS; ++c) {
                    if (c < globals.channels) {
                        slot[t * globals.channels + c] += grads[j * CHANNELS + c];
                    }
                }
            }
        }
        __syncthreads();
    }
}
