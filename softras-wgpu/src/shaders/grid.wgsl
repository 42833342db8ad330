// Which face, pixel and tile an invocation works on.

// The number of a workgroup in a grid of two dimensions: more than 65,535 do not fit one.
fn group_number(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.x + group.y * groups.x;
}

// The pixels that a face can touch, in the window: columns x.0..x.1, rows y.0..y.1.
struct PixelRect {
    x0: u32,
    x1: u32,
    y0: u32,
    y1: u32,
}

fn rect_unpack(rect: vec2<u32>) -> PixelRect {
    return PixelRect(rect.x & 0xffffu, rect.x >> 16u, rect.y & 0xffffu, rect.y >> 16u);
}

fn rect_pack(rect: PixelRect) -> vec2<u32> {
    if rect.x0 >= rect.x1 || rect.y0 >= rect.y1 {
        return vec2<u32>(0u, 0u);
    }
    return vec2<u32>(rect.x0 | (rect.x1 << 16u), rect.y0 | (rect.y1 << 16u));
}

fn rect_area(rect: PixelRect) -> u32 {
    return (rect.x1 - rect.x0) * (rect.y1 - rect.y0);
}

// How many items a face is walked in: none if it is small, of at most `small_pixels`, and one thread walks it.
fn rect_items(rect: PixelRect, small_pixels: u32) -> u32 {
    if rect_area(rect) <= small_pixels {
        return 0u;
    }
    let across = (rect.x1 - rect.x0 + ITEM_SIDE - 1u) / ITEM_SIDE;
    let down = (rect.y1 - rect.y0 + ITEM_SIDE - 1u) / ITEM_SIDE;
    return across * down;
}

// Item `item` of a face: a square of at most ITEM_SIDE pixels a side.
fn rect_item(rect: PixelRect, item: u32) -> PixelRect {
    let across = (rect.x1 - rect.x0 + ITEM_SIDE - 1u) / ITEM_SIDE;
    let x0 = rect.x0 + (item % across) * ITEM_SIDE;
    let y0 = rect.y0 + (item / across) * ITEM_SIDE;
    return PixelRect(x0, min(x0 + ITEM_SIDE, rect.x1), y0, min(y0 + ITEM_SIDE, rect.y1));
}
