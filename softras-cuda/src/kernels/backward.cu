// Backward: 1, 8 or 32 lanes walk the pixels of a face, 64 those of an item of a big one, and store its gradient once.

// The first entry of face `f`: the items of a face stand one after another, the faces in ascending order.
FN u64 first_entry(const Reversing& reversing, const Entries& entries, u64 entry, u32 f) {
    u64 low = entries.first;
    u64 high = entry;
    while (low < high) {
        u64 middle = (low + high) / 2u;
        if (reversing.globals.lists[middle] < f) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

extern "C" __global__ void __launch_bounds__(64) backward(const Reversing reversing) {
    const Globals& globals = reversing.globals;
    u32 lanes = reversing.lanes;
    u32 group = (blockIdx.x * 64u + threadIdx.x) / lanes;
    u32 lane = threadIdx.x % lanes;
    Entries entries = entries_walked(reversing);
    if (entries.count == 0u) {
        return;  // all blocks do
    }
    bool own = group < entries.count;
    // Lanes without a face walk no pixel, but take part in the sums of their warp.
    u64 entry = entries.first + (own ? group : 0u);
    u32 f = globals.lists[entry];
    const Record& record = globals.records[f];
    u32 number = record.picture;
    const Picture& picture = globals.picture[number];
    Face face = face_of(globals, picture, f - picture.first_face, record);
    PixelRect rect = globals.rects[f];
    if (reversing.walks_items != 0u) {
        rect = rect_item(rect, (u32)(entry - first_entry(reversing, entries, entry, f)));
    }
    Channels background = background_of(globals, number);
    CornerTexels texels;
    for (u32 i = 0; i < sizeof(CornerTexels) / sizeof(float); ++i) {
        texels.t[i] = 0.0f;
    }
    PairGrad sum = pair_grad_zero();
    u32 across = rect.x1 - rect.x0;
    u32 area = own ? rect_area(rect) : 0u;
    for (u32 i = lane; i < area; i += lanes) {
        PairGrad grad = pixel_backward(reversing, picture, number, face, rect.x0 + i % across, rect.y0 + i / across,
                                       background, texels);
        pair_grad_add(sum, grad);
    }
    u32 of_warp = lanes < 32u ? lanes : 32u;
    for (u32 by = of_warp / 2u; by > 0u; by /= 2u) {
        for (u32 i = 0; i < 9u; ++i) {
            sum.corners[i] += __shfl_down_sync(0xffffffffu, sum.corners[i], by);
        }
        sum.sigma += __shfl_down_sync(0xffffffffu, sum.sigma, by);
        sum.gamma += __shfl_down_sync(0xffffffffu, sum.gamma, by);
        sum.distribution += __shfl_down_sync(0xffffffffu, sum.distribution, by);
        sum.t_conorm += __shfl_down_sync(0xffffffffu, sum.t_conorm, by);
        if (VERTEX_TEXTURE && reversing.texels != nullptr) {
            for (u32 i = 0; i < sizeof(CornerTexels) / sizeof(float); ++i) {
                texels.t[i] += __shfl_down_sync(0xffffffffu, texels.t[i], by);
            }
        }
    }
    if (lanes == 64u) {  // one item a block: the second warp's sums come after those of the first
        __shared__ PairGrad second;
        __shared__ CornerTexels second_texels;
        if (lane == 32u) {
            second = sum;
            second_texels = texels;
        }
        __syncthreads();
        if (lane == 0u) {
            pair_grad_add(sum, second);
            for (u32 i = 0; i < sizeof(CornerTexels) / sizeof(float); ++i) {
                texels.t[i] += second_texels.t[i];
            }
        }
    }
    if (!own || lane != 0u) {
        return;
    }
    bool items = reversing.walks_items != 0u;
    float* to_item = reversing.items + (u64)group * reversing.item_values;
    float* corners = items ? to_item : reversing.corners + (u64)f * 9u;
    float* parameters = items ? to_item + 9 : reversing.parameters + f;
    u64 stride = items ? 1u : globals.faces;
    for (u32 i = 0; i < 9u; ++i) {
        corners[i] = sum.corners[i];
    }
    parameters[0] = sum.sigma;
    parameters[stride] = sum.gamma;
    parameters[2u * stride] = sum.distribution;
    parameters[3u * stride] = sum.t_conorm;
    if (VERTEX_TEXTURE && reversing.texels != nullptr) {
        float* to = items ? to_item + FACE_VALUES : reversing.texels + (u64)f * globals.texel_size;
        for (u32 k = 0; k < 3u; ++k) {
            for (u32 c = 0; c < CHANNELS; ++c) {
                if (c < globals.channels) {
                    to[k * globals.channels + c] = texels.t[VERTEX_TEXTURE ? k * CHANNELS + c : 0u];
                }
            }
        }
    }
}
