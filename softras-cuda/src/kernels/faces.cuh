// Faces, pixels and lists as they lie in memory.

// The pixels that a face can touch: columns x0..x1, rows y0..y1; all 0 if there are none.
struct PixelRect {
    u32 x0, x1, y0, y1;
};

// A face, set up: what `triangle_new` computed, but for the edges, which are cheaper to compute than to read.
struct Record {
    f32 p[6];
    f32 along[6];
    f32 slopes[6];
    f32 inv_z[3];
    u32 flags;
    u32 picture;
    u32 unused;
};

static_assert(sizeof(PixelRect) == RECT_BYTES, "the host knows its size");
static_assert(sizeof(Record) == RECORD_BYTES, "the host knows its size");

#define FLAG_SOLID 1u
#define FLAG_COLORED 2u
#define FLAG_COUNTER_CLOCKWISE 4u

FN Record record_of(const Triangle& triangle, u32 picture) {
    Record out;
    for (int k = 0; k < 3; ++k) {
        out.p[2 * k] = triangle.p[k].x;
        out.p[2 * k + 1] = triangle.p[k].y;
        out.along[2 * k] = triangle.along[k].x;
        out.along[2 * k + 1] = triangle.along[k].y;
        out.slopes[2 * k] = triangle.slopes[k].x;
        out.slopes[2 * k + 1] = triangle.slopes[k].y;
        out.inv_z[k] = triangle.inv_z[k];
    }
    out.flags = (triangle.solid ? FLAG_SOLID : 0u) | (triangle.colored ? FLAG_COLORED : 0u) |
                (triangle.counter_clockwise ? FLAG_COUNTER_CLOCKWISE : 0u);
    out.picture = picture;
    out.unused = 0u;
    return out;
}

FN Triangle triangle_of(const Record& record) {
    Triangle out;
    for (int k = 0; k < 3; ++k) {
        out.p[k] = vec2_new(record.p[2 * k], record.p[2 * k + 1]);
        out.along[k] = vec2_new(record.along[2 * k], record.along[2 * k + 1]);
        out.slopes[k] = vec2_new(record.slopes[2 * k], record.slopes[2 * k + 1]);
        out.inv_z[k] = record.inv_z[k];
    }
    triangle_edges(out);
    out.solid = (record.flags & FLAG_SOLID) != 0u;
    out.colored = (record.flags & FLAG_COLORED) != 0u;
    out.counter_clockwise = (record.flags & FLAG_COUNTER_CLOCKWISE) != 0u;
    return out;
}

FN u32 rect_area(const PixelRect& rect) { return (rect.x1 - rect.x0) * (rect.y1 - rect.y0); }

// Items across a face that is walked in items.
FN u32 rect_items_across(const PixelRect& rect) { return (rect.x1 - rect.x0 + ITEM_SIDE - 1u) / ITEM_SIDE; }

// How many entries of its class a face has: 1, or the number of its items.
FN u32 rect_entries(const PixelRect& rect) {
    if (rect_area(rect) <= WARP_PIXELS) {
        return 1u;
    }
    return rect_items_across(rect) * ((rect.y1 - rect.y0 + ITEM_SIDE - 1u) / ITEM_SIDE);
}

FN u32 rect_class(const PixelRect& rect) {
    u32 area = rect_area(rect);
    return area <= LANE_PIXELS ? 0u : area <= OCTET_PIXELS ? 1u : area <= WARP_PIXELS ? 2u : CLASS_ITEMS;
}

// Item `item` of a face: a square of at most ITEM_SIDE pixels a side.
FN PixelRect rect_item(const PixelRect& rect, u32 item) {
    u32 across = rect_items_across(rect);
    u32 x0 = rect.x0 + item % across * ITEM_SIDE;
    u32 y0 = rect.y0 + item / across * ITEM_SIDE;
    u32 x1 = x0 + ITEM_SIDE < rect.x1 ? x0 + ITEM_SIDE : rect.x1;
    u32 y1 = y0 + ITEM_SIDE < rect.y1 ? y0 + ITEM_SIDE : rect.y1;
    return PixelRect{x0, x1, y0, y1};
}

// The picture that chunk `chunk` belongs to: the last that begins at or before it.
FN u32 picture_of_chunk(const Globals& globals, u32 chunk) {
    u32 low = 0u;
    u32 high = globals.pictures;
    while (high - low > 1u) {
        u32 middle = (low + high) / 2u;
        if (globals.picture[middle].first_chunk <= chunk) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// Where the lists of bin `bin` of a picture begin, one a chunk.
FN u64 bin_place(const Globals& globals, const Picture& picture, u32 bin) {
    return (u64)globals.bins * picture.first_chunk + (u64)bin * picture.chunks;
}

// Where the lists of class `which` begin, one a chunk.
FN u64 class_place(const Globals& globals, u32 which) {
    return (u64)globals.bins * globals.chunks + (u64)which * globals.chunks;
}

// Tells whether the lists have room for all entries.
FN bool lists_fit(const Globals& globals) {
    return globals.offsets[class_place(globals, CLASSES)] <= globals.list_room;
}

// The entries of a list that are walked.
struct Entries {
    u64 first;
    u32 count;
};

FN Entries entries_walked(const Reversing& reversing) {
    if (reversing.ends == nullptr) {
        return Entries{reversing.first, reversing.entries};
    }
    u64 first = reversing.ends[reversing.class_walked];
    return Entries{first, (u32)(reversing.ends[reversing.class_walked + 1u] - first)};
}
