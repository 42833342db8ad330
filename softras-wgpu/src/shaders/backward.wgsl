// Backward of small faces: a thread a face walks the pixels of its box, and stores its gradient once.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> corners: array<f32>;
@group(0) @binding(3) var<storage, read> rects: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> numbers: array<f32>;
@group(0) @binding(5) var<storage, read> state: array<f32>;
@group(0) @binding(6) var<storage, read> cotangents: array<f32>;
@group(0) @binding(7) var<storage, read_write> face_grads: array<f32>;
@group(0) @binding(8) var<storage, read_write> texel_slots: array<f32>;

@compute @workgroup_size(WALK_LANES)
fn backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_number(group, groups);
    let block = number / (BLOCK_FACES / WALK_LANES);
    if block >= globals.blocks {
        return;
    }
    let u = unit_of_block(block);
    let local = (block - units[u].first_block) * BLOCK_FACES + number % (BLOCK_FACES / WALK_LANES) * WALK_LANES + lane;
    if local >= units[u].face_count {
        return;
    }
    let f = units[u].first_face + local;
    let rect = rect_unpack(rects[f]);
    if rect_items(rect, globals.small_pixels) > 0u {
        return;
    }
    let face = face_of(u, local);
    let background = background_of(u);
    var grad_color: Channels;
    var texels: CornerTexels;
    var sum = pair_grad_zero();
    // One loop, row by row: lanes that walk boxes of different shapes then take no more rounds than the largest box.
    let width = rect.x1 - rect.x0;
    for (var i = 0u; i < rect_area(rect); i++) {
        let grad =
            pixel_backward(u, face, rect.x0 + i % width, rect.y0 + i / width, background, &grad_color, &texels);
        pair_grad_add(&sum, grad);
    }
    let first = f * 9u;
    for (var k = 0u; k < 3u; k++) {
        face_grads[first + k * 3u] = sum.corners[k].x;
        face_grads[first + k * 3u + 1u] = sum.corners[k].y;
        face_grads[first + k * 3u + 2u] = sum.corners[k].z;
    }
    let params = globals.faces * 9u + f * 4u;
    face_grads[params] = sum.sigma;
    face_grads[params + 1u] = sum.gamma;
    face_grads[params + 2u] = sum.distribution;
    face_grads[params + 3u] = sum.t_conorm;
    if VERTEX_TEXTURE && globals.wants_textures != 0u {
        for (var i = 0u; i < CORNER_TEXELS; i++) {
            texel_slots[f * CORNER_TEXELS + i] = texels[i];
        }
    }
}
