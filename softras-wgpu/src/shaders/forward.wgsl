// Forward: a workgroup a tile, a lane a pixel, the faces of the tile's bin in ascending order.
//
// The lanes look together for the faces that reach the tile, one each, a round of as many at a time. Then each lane goes
// through those of its own pixel alone, 32 faces at a time: lanes that work side by side are each at a face that counts.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> corners: array<f32>;
@group(0) @binding(3) var<storage, read> rects: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> numbers: array<f32>;
@group(0) @binding(5) var<storage, read> offsets: array<u32>;
@group(0) @binding(6) var<storage, read> lists: array<u32>;
@group(0) @binding(7) var<storage, read_write> state: array<f32>;
@group(0) @binding(8) var<storage, read_write> picture: array<f32>;

const LANES: u32 = TILE_WIDTH * TILE_HEIGHT;

// A bit for each lane that found a face.
var<workgroup> found: array<atomic<u32>, (LANES + 31u) / 32u>;
// The faces that were found, in ascending order.
var<workgroup> staged: array<u32, LANES>;
var<workgroup> staged_rects: array<vec2<u32>, LANES>;

// Stages those of LANES entries from `first` on that reach the tile at (left, top); returns how many. All lanes must come here.
fn stage(u: u32, first: u32, end: u32, left: u32, top: u32, lane: u32) -> u32 {
    if lane < (LANES + 31u) / 32u {
        atomicStore(&found[lane], 0u);
    }
    workgroupBarrier();
    var local = first + lane;
    var packed = vec2<u32>(0u, 0u);
    var reaches = false;
    if local < end {
        if globals.bins != 0u {
            local = lists[local];
        }
        packed = rects[units[u].first_face + local];
        let rect = rect_unpack(packed);
        reaches = rect.x0 < left + TILE_WIDTH && rect.x1 > left && rect.y0 < top + TILE_HEIGHT && rect.y1 > top;
    }
    if reaches {
        atomicOr(&found[lane / 32u], 1u << (lane % 32u));
    }
    workgroupBarrier();
    var before = 0u;
    var count = 0u;
    for (var i = 0u; i < (LANES + 31u) / 32u; i++) {
        let word = atomicLoad(&found[i]);
        if i < lane / 32u {
            before += countOneBits(word);
        } else if i == lane / 32u {
            before += countOneBits(word & ((1u << (lane % 32u)) - 1u));
        }
        count += countOneBits(word);
    }
    if reaches {
        staged[before] = local;
        staged_rects[before] = packed;
    }
    workgroupBarrier();
    return count;
}

// A bit for each of the 32 staged faces from `first` on, of `count`, whose rect has the pixel.
fn staged_at(first: u32, count: u32, x: u32, y: u32) -> u32 {
    var bits = 0u;
    for (var i = first; i < min(first + 32u, count); i++) {
        let rect = rect_unpack(staged_rects[i]);
        if rect.x0 <= x && x < rect.x1 && rect.y0 <= y && y < rect.y1 {
            bits |= 1u << (i - first);
        }
    }
    return bits;
}

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
    @builtin(local_invocation_index) lane_number: u32,
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
    // A lane beyond the window goes along to look for faces.
    let draws = x < globals.window_width && y < globals.window_height;
    let at = centre_of(min(x, globals.window_width - 1u), min(y, globals.window_height - 1u));
    let local_pixel = y * globals.window_width + x;
    let pixel = u * globals.window_pixels + local_pixel;
    let setting = units[u].setting;

    var silhouette = SILHOUETTE_identity();
    var color = COLOR_identity();
    var sums: Sums;
    var pairs = 0u;
    let count_at = (pixel + 1u) * globals.state_stride - 1u;
    if draws && globals.first_chunk == 0u {
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
    var full = false;
    for (var first = range.x; first < range.y; first += LANES) {
        let count = stage(u, first, range.y, left, top, lane_number);
        for (var begin = 0u; begin < count; begin += 32u) {
            var bits = staged_at(begin, count, x, y);
            while bits != 0u && draws && !full {
                full = globals.skip != 0u && SILHOUETTE_saturated(silhouette);
                if full {
                    break;
                }
                let local = staged[begin + firstTrailingBit(bits)];
                let counts = parts_forward(setting, face_of(u, local), at, &silhouette, &color, &sums);
                pairs += u32(counts);
                bits &= bits - 1u;
            }
        }
    }
    if !draws {
        return;
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
        for (var i = 0u; i < SUMS; i++) {
            state[pixel * globals.state_stride + globals.sums_at + i] = sums[i];
        }
    }
}
