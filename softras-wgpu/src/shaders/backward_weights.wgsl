// Backward of the weights of phi: a workgroup a face. 64 pixels at a time find what the network reads of the face and the
// gradient to each of its units; then each lane adds, in the order of the pixels, to the weights that are its own.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> corners: array<f32>;
@group(0) @binding(3) var<storage, read> rects: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> numbers: array<f32>;
@group(0) @binding(5) var<storage, read> state: array<f32>;
@group(0) @binding(6) var<storage, read> cotangents: array<f32>;
@group(0) @binding(7) var<storage, read_write> weight_rows: array<f32>;

// D, zeta and the color, [2 + CHANNELS, 64].
var<workgroup> features: array<f32, PHI_FEATURES>;
// The gradient to what each unit adds up, of as many units as there is room for, [PHI_UNITS, 64].
var<workgroup> grads: array<f32, PHI_GRADS>;

// The sum over the pixels of the gradient to unit `k` of those in `grads`, times input `n`: the first is 1.
fn pixel_sum(k: u32, n: u32) -> f32 {
    var sum = 0.0;
    if n == 0u {
        for (var j = 0u; j < 64u; j++) {
            sum += grads[k * 64u + j];
        }
    } else {
        for (var j = 0u; j < 64u; j++) {
            sum += grads[k * 64u + j] * features[(n - 1u) * 64u + j];
        }
    }
    return sum;
}

@compute @workgroup_size(64)
fn backward_weights(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_number(group, groups);
    let block = min(number / BLOCK_FACES, globals.blocks - 1u);
    let u = unit_of_block(block);
    let local = (block - units[u].first_block) * BLOCK_FACES + number % BLOCK_FACES;
    let own = number / BLOCK_FACES < globals.blocks && local < units[u].face_count;
    if !own {
        return;
    }
    let f = units[u].first_face + local;
    let face = face_of(u, local);
    let background = background_of(u);
    let context = units[u].setting.color;
    let row = f * PHI_WEIGHTS;
    if globals.first_pixel == 0u {
        for (var n = lane; n < PHI_WEIGHTS; n += 64u) {
            weight_rows[row + n] = 0.0;
        }
    }
    // Who adds to a weight is not who cleared it.
    storageBarrier();
    let rect = rect_unpack(rects[f]);
    let across = max(rect.x1 - rect.x0, 1u);
    let area = min(rect_area(rect), globals.end_pixel);
    for (var first = globals.first_pixel; first < area; first += 64u) {
        let i = first + lane;
        var seen: Features;
        var color: Channels;
        var grad_sums: Sums;
        if i < area {
            let x = rect.x0 + i % across;
            let y = rect.y0 + i / across;
            let touch = parts_touch(units[u].setting, face, centre_of(x, y));
            let shade = setting_shade(units[u].setting, face.triangle, touch);
            if touch.member && shade.member {
                face_texels_color(face.texels, shade.weights, &color);
                seen = neural_features(context, color_pair(touch, shade, face, color));
                let pixel = u * globals.window_pixels + y * globals.window_width + x;
                grad_sums = color_grad_at(pixel, background).sums;
            }
        }
        features[lane] = seen.d;
        features[64u + lane] = seen.zeta;
        for (var c = 0u; c < CHANNELS; c++) {
            features[(2u + c) * 64u + lane] = color[c];
        }
        var grad_zeta = 0.0;
        for (var begin = 0u; begin < HIDDEN; begin += PHI_UNITS) {
            let end = min(begin + PHI_UNITS, HIDDEN);
            for (var k = begin; k < end; k++) {
                let weights = context.weights + neural_layout_phi(k);
                let grad_unit = neural_phi_vjp(weights, seen, color, grad_sums[k]).y;
                grad_zeta += grad_unit * numbers[weights + 2u];
                grads[(k - begin) * 64u + lane] = grad_unit;
            }
            workgroupBarrier();
            let to = row + neural_layout_phi(begin);
            for (var n = lane; n < (end - begin) * neural_layout_phi_size(); n += 64u) {
                weight_rows[to + n] += pixel_sum(n / neural_layout_phi_size(), n % neural_layout_phi_size());
            }
            workgroupBarrier();
        }
        grads[lane] = -(grad_zeta * numbers[context.weights + SCALE]);
        grads[64u + lane] = grad_zeta * seen.above;
        workgroupBarrier();
        if lane < FIRST {
            weight_rows[row + lane] += pixel_sum(lane, 0u);
        }
        workgroupBarrier();
    }
}
