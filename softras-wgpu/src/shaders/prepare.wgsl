// Prepare: reverse what happened once a pixel, before the faces walk their pixels.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> numbers: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<f32>;
@group(0) @binding(4) var<storage, read> picture_grad: array<f32>;
@group(0) @binding(5) var<storage, read_write> cotangents: array<f32>;
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;

var<workgroup> terms: array<f32, 256>;

// Adds one number of each pixel of the tile, by halves; the sum is that of lane 0.
fn tile_sum(lane: u32, term: f32) -> f32 {
    terms[lane] = term;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if lane < half {
            terms[lane] += terms[lane + half];
        }
        workgroupBarrier();
    }
    let sum = terms[0];
    workgroupBarrier();
    return sum;
}

@compute @workgroup_size(16, 16)
fn prepare(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) lane: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let number = group_number(group, groups);
    let u = min(number / globals.tiles, globals.units - 1u);
    let x = number % globals.tiles % globals.tiles_across * TILE_SIDE + lane.x;
    let y = number % globals.tiles / globals.tiles_across * TILE_SIDE + lane.y;
    let own = number / globals.tiles < globals.units;
    var grad_background: Channels;
    var grad_epsilon = 0.0;
    if own && x < globals.window_width && y < globals.window_height {
        let local_pixel = y * globals.window_width + x;
        let pixel = u * globals.window_pixels + local_pixel;
        let planes = u * PICTURE_PLANES * globals.window_pixels + local_pixel;
        if DRAWS_SILHOUETTE {
            cotangents[pixel * COTANGENT_STRIDE] = picture_grad[planes + ALPHA_AT * globals.window_pixels];
        }
        if DRAWS_COLOR {
            var grad: Channels;
            for (var c = 0u; c < CHANNELS; c++) {
                grad[c] = picture_grad[planes + c * globals.window_pixels];
            }
            let finished = COLOR_Pixel(color_state_at(pixel), sums_at(pixel), background_of(u));
            var grad_sums: Sums;
            let context = units[u].setting.color;
            let fixed =
                COLOR_pixel_vjp(context, finished, grad, &grad_sums, &grad_background, &grad_epsilon);
            let stored = COLOR_cotangent_store(fixed);
            let first = pixel * COTANGENT_STRIDE + FIXED_AT;
            for (var i = 0u; i < COTANGENT_PLANES; i++) {
                cotangents[first + i] = stored[i];
            }
            for (var i = 0u; i < SUMS; i++) {
                cotangents[first + COTANGENT_PLANES + i] = grad_sums[i];
            }
        }
    }
    if DRAWS_COLOR && globals.wants_pixel_sums != 0u {
        for (var c = 0u; c < CHANNELS; c++) {
            let sum = tile_sum(index, grad_background[c]);
            if own && index == 0u {
                partials[number * (CHANNELS + 1u) + c] = sum;
            }
        }
        let sum = tile_sum(index, grad_epsilon);
        if own && index == 0u {
            partials[number * (CHANNELS + 1u) + CHANNELS] = sum;
        }
    }
}
