// Backward of surface texels: a workgroup a face. 64 pixels at a time find their texel and its gradient; then each lane
// adds, in the order of the pixels, to the texels that are its own.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> corners: array<f32>;
@group(0) @binding(3) var<storage, read> rects: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> numbers: array<f32>;
@group(0) @binding(5) var<storage, read> state: array<f32>;
@group(0) @binding(6) var<storage, read> cotangents: array<f32>;
@group(0) @binding(7) var<storage, read_write> texel_slots: array<f32>;

const NO_TEXEL: u32 = 0xffffffffu;

var<workgroup> places: array<u32, 64>;
// [64, CHANNELS]
var<workgroup> grads: array<f32, TEXTURE_TERMS>;

@compute @workgroup_size(64)
fn backward_texture(
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
    let slot = f * globals.texel_size;
    let texels = globals.side * globals.side;
    if globals.first_pixel == 0u {
        for (var t = lane; t < texels; t += 64u) {
            for (var c = 0u; c < CHANNELS; c++) {
                texel_slots[slot + t * CHANNELS + c] = 0.0;
            }
        }
    }
    let rect = rect_unpack(rects[f]);
    let across = max(rect.x1 - rect.x0, 1u);
    let area = min(rect_area(rect), globals.end_pixel);
    for (var first = globals.first_pixel; first < area; first += 64u) {
        let i = first + lane;
        places[lane] = NO_TEXEL;
        if i < area {
            let x = rect.x0 + i % across;
            let y = rect.y0 + i / across;
            let pixel = u * globals.window_pixels + y * globals.window_width + x;
            let touch = parts_touch(units[u].setting, face, centre_of(x, y));
            let shade = setting_shade(units[u].setting, face.triangle, touch);
            if touch.member && shade.member {
                let color = color_grad_at(pixel, background);
                var read: Channels;
                face_texels_color(face.texels, shade.weights, &read);
                var grad_color: Channels;
                let pair = color_pair(touch, shade, face, read);
                let context = units[u].setting.color;
                COLOR_pair_vjp(context, color.pixel, color.fixed, color.sums, pair, &grad_color);
                places[lane] =
                    face_texels_index(face.texels, surface_texel(shade.weights, f32(globals.side)));
                for (var c = 0u; c < CHANNELS; c++) {
                    grads[lane * CHANNELS + c] = grad_color[c];
                }
            }
        }
        workgroupBarrier();
        for (var j = 0u; j < 64u; j++) {
            let t = places[j];
            if t != NO_TEXEL && t % 64u == lane {
                for (var c = 0u; c < CHANNELS; c++) {
                    texel_slots[slot + t * CHANNELS + c] += grads[j * CHANNELS + c];
                }
            }
        }
        workgroupBarrier();
    }
}
