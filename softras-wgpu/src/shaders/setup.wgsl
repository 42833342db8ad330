// Setup: a thread a face, the pixels of the window that it can reach.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> corners: array<f32>;
@group(0) @binding(3) var<storage, read> absent: array<u32>;
@group(0) @binding(4) var<storage, read_write> rects: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read_write> items: array<u32>;

// The pixels first..end of `size` whose centres lie between `low` and `high`, pixels of the whole picture, in a window
// that begins at `first`.
fn pixel_range(low: f32, high: f32, first: u32, size: u32) -> vec2<u32> {
    let begin = min(max(ceil(low) - f32(first), 0.0), f32(size));
    let end = min(max(floor(high) + 1.0 - f32(first), 0.0), f32(size));
    return vec2<u32>(u32(begin), u32(end));
}

// The pixels whose centres lie in `bounds`, grown by `reach` and a margin for rounding (KERNELS 1).
fn pixel_rect(bounds: BoundingBox, reach: f32) -> PixelRect {
    let size = max(max(abs(bounds.low), abs(bounds.high)), vec2<f32>(1.0));
    let margin = vec2<f32>(reach * (1.0 + 1e-4)) + 2e-6 * size;
    let low = bounds.low - margin;
    let high = bounds.high + margin;
    let w = f32(globals.width);
    let h = f32(globals.height);
    // What the lines below may round by: a few units in the last place of numbers up to w + h.
    let slack = 1e-6 * (w + h);
    let left = (low.x * h + (w - 1.0)) * 0.5 - slack;
    let right = (high.x * h + (w - 1.0)) * 0.5 + slack;
    let top = ((h - 1.0) - high.y * h) * 0.5 - slack;
    let bottom = ((h - 1.0) - low.y * h) * 0.5 + slack;
    let x = pixel_range(left, right, globals.window_x, globals.window_width);
    let y = pixel_range(top, bottom, globals.window_y, globals.window_height);
    return PixelRect(x.x, x.y, y.x, y.y);
}

@compute @workgroup_size(256)
fn setup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_number(group, groups);
    if block >= globals.blocks {
        return;
    }
    let u = unit_of_block(block);
    let local = (block - units[u].first_block) * BLOCK_FACES + lane;
    if local >= units[u].face_count {
        return;
    }
    if block == 0u && lane == 0u {
        items[globals.faces] = 0u;
    }
    let f = units[u].first_face + local;
    var rect = PixelRect(0u, 0u, 0u, 0u);
    if (absent[f / 32u] >> (f % 32u) & 1u) == 0u {
        let triangle = triangle_new(corners_of(f));
        rect = pixel_rect(triangle_bounding_box(triangle), units[u].cull_reach);
    }
    let packed = rect_pack(rect);
    rects[f] = packed;
    items[f] = rect_items(rect_unpack(packed), globals.small_pixels);
}
