// Combine: a thread an entry of the list of items; that of the first item of a face adds all of them in order.

extern "C" __global__ void __launch_bounds__(256) combine(const Reversing reversing) {
    const Globals& globals = reversing.globals;
    u32 entry = blockIdx.x * 256u + threadIdx.x;
    Entries entries = entries_walked(reversing);
    if (entry >= entries.count) {
        return;
    }
    u32 f = globals.lists[entries.first + entry];
    if (entry > 0u && globals.lists[entries.first + entry - 1u] == f) {
        return;
    }
    u32 items = rect_entries(globals.rects[f]);
    for (u32 value = 0; value < reversing.item_values; ++value) {
        float sum = 0.0f;
        for (u32 i = 0; i < items; ++i) {
            sum += reversing.items[((u64)entry + i) * reversing.item_values + value];
        }
        if (value < 9u) {
            reversing.corners[(u64)f * 9u + value] = sum;
        } else if (value < FACE_VALUES) {
            reversing.parameters[(u64)(value - 9u) * globals.faces + f] = sum;
        } else {
            reversing.texels[(u64)f * globals.texel_size + value - FACE_VALUES] = sum;
        }
    }
}
