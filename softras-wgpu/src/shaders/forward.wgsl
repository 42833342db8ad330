// Forward: a workgroup a tile, a lane a pixel, the faces of the tile's bin in ascending order.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> corners: array<f32>;
@group(0) @binding(3) var<storage, read> rects: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> numbers: array<f32>;
@group(0) @binding(5) var<storage, read> offsets: array<u32>;
@group(0) @binding(6) var<storage, read> lists: array<u32>;
@group(0) @binding(7) var<storage, read_write> state: array<f32>;
@group(0) @binding(8) var<storage, read_write> picture: array<f32>;

// The entries of `lists` that hold the faces of the tile at (left, top); without lists, the faces of the unit.
fn entries(u: u32, left: u32, top: u32) -> vec2<u32> {
    if globals.bins == 0u {
        return vec2<u32>(0u, units[u].face_count);
    }
    let bin = (top / globals.bin_side) * globals.bins_across + left / globals.bin_side;
    let first = globals.bins * units[u].first_block + bin * units[u].blocks;
    return vec2<u32>(offsets[first], offsets[first + units[u].blocks]);
}

@compute @workgroup_size(TILE_WIDTH, TILE_HEIGHT)
fn forward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) lane: vec3<u32>,
) {
    let number = group_number(group, groups);
    let tiles_across = (globals.window_width + TILE_WIDTH - 1u) / TILE_WIDTH;
    let tiles = tiles_across * ((globals.window_height + TILE_HEIGHT - 1u) / TILE_HEIGHT);
    let u = number / tiles;
    if u >= globals.units {
        return;
    }
    let left = number % tiles % tiles_across * TILE_WIDTH;
    let top = number % tiles / tiles_across * TILE_HEIGHT;
    let x = left + lane.x;
    let y = top + lane.y;
    if x >= globals.window_width || y >= globals.window_height {
        return;
    }
    let at = centre_of(x, y);
    let local_pixel = y * globals.window_width + x;
    let pixel = u * globals.window_pixels + local_pixel;
    let setting = units[u].setting;

    var silhouette = SILHOUETTE_identity();
    var color = COLOR_identity();
    var sums: Channels;
    var pairs = 0u;
    let count_at = (pixel + 1u) * globals.state_stride - 1u;
    if globals.first_chunk == 0u {
        if DRAWS_SILHOUETTE {
            silhouette = silhouette_state_at(pixel);
        }
        if DRAWS_COLOR {
            color = color_state_at(pixel);
            sums = sums_at(pixel);
        }
        pairs = u32(state[count_at]);
    }

    let range = entries(u, left, top);
    for (var i = range.x; i < range.y; i++) {
        var local = i;
        if globals.bins != 0u {
            local = lists[i];
        }
        let rect = rect_unpack(rects[units[u].first_face + local]);
        if rect.x0 >= left + TILE_WIDTH || rect.x1 <= left || rect.y0 >= top + TILE_HEIGHT || rect.y1 <= top {
            continue;
        }
        if globals.skip != 0u && SILHOUETTE_saturated(silhouette) {
            break;
        }
        let counts = parts_forward(setting, face_of(u, local), at, &silhouette, &color, &sums);
        pairs += u32(counts);
    }

    // A picture has at most 2^24 faces: as many are exact.
    state[count_at] = f32(pairs);
    if globals.last_chunk != 0u {
        let planes = u * PICTURE_PLANES * globals.window_pixels + local_pixel;
        if DRAWS_COLOR {
            var drawn: Channels;
            COLOR_finish(setting.color, &color, &sums, background_of(u), &drawn);
            for (var c = 0u; c < CHANNELS; c++) {
                picture[planes + c * globals.window_pixels] = drawn[c];
            }
        }
        if DRAWS_SILHOUETTE {
            let alpha = SILHOUETTE_finish(&silhouette, setting.faces, setting.t_conorm_shape);
            picture[planes + ALPHA_AT * globals.window_pixels] = alpha;
        }
    }
    if DRAWS_SILHOUETTE {
        let planes = SILHOUETTE_store(silhouette);
        for (var i = 0u; i < PLANES_OF_SILHOUETTE; i++) {
            state[pixel * globals.state_stride + i] = planes[i];
        }
    }
    if DRAWS_COLOR {
        let planes = COLOR_store(color);
        for (var i = 0u; i < PLANES_OF_COLOR; i++) {
            state[pixel * globals.state_stride + globals.color_at + i] = planes[i];
        }
        for (var c = 0u; c < CHANNELS; c++) {
            state[pixel * globals.state_stride + globals.sums_at + c] = sums[c];
        }
    }
}
