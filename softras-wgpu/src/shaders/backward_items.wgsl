// Backward of big faces: a workgroup an item, a square of pixels of one face; its lanes' sums are added in their order.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> corners: array<f32>;
@group(0) @binding(3) var<storage, read> rects: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> numbers: array<f32>;
@group(0) @binding(5) var<storage, read> state: array<f32>;
@group(0) @binding(6) var<storage, read> cotangents: array<f32>;
@group(0) @binding(7) var<storage, read> items: array<u32>;
@group(0) @binding(8) var<storage, read_write> item_grads: array<f32>;

const ROUND: u32 = 32u;

// [ROUND, 64]
var<workgroup> terms: array<f32, 2048>;
var<workgroup> found: u32;

// The face that item `item` belongs to: the last whose items begin at or before it.
fn face_of_item(item: u32) -> u32 {
    var low = 0u;
    var high = globals.faces;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if items[middle] <= item {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// Stores `count` numbers of the item from `first` on: each the sum of what the lanes put into `terms`, in their order.
fn store_sums(number: u32, lane: u32, first: u32, count: u32) {
    workgroupBarrier();
    if lane < count && globals.first_item + number < globals.end_item {
        var total = 0.0;
        for (var i = 0u; i < 64u; i++) {
            total += terms[lane * 64u + i];
        }
        item_grads[number * ITEM_VALUES + first + lane] = total;
    }
    workgroupBarrier();
}

@compute @workgroup_size(64)
fn backward_items(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_number(group, groups);
    let item = min(globals.first_item + number, globals.end_item - 1u);
    if lane == 0u {
        found = face_of_item(item);
    }
    let f = workgroupUniformLoad(&found);
    let u = unit_of_face(f);
    let rect = rect_item(rect_unpack(rects[f]), item - items[f]);
    let face = face_of(u, f - units[u].first_face);
    let background = background_of(u);
    let across = rect.x1 - rect.x0;
    let area = rect_area(rect);
    var grad_color: Channels;
    var texels: CornerTexels;
    var sum = pair_grad_zero();
    for (var i = lane; i < area; i += 64u) {
        let x = rect.x0 + i % across;
        let y = rect.y0 + i / across;
        let grad = pixel_backward(u, face, x, y, background, &grad_color, &texels);
        pair_grad_add(&sum, grad);
    }
    terms[lane] = sum.corners[0].x;
    terms[64u + lane] = sum.corners[0].y;
    terms[128u + lane] = sum.corners[0].z;
    terms[192u + lane] = sum.corners[1].x;
    terms[256u + lane] = sum.corners[1].y;
    terms[320u + lane] = sum.corners[1].z;
    terms[384u + lane] = sum.corners[2].x;
    terms[448u + lane] = sum.corners[2].y;
    terms[512u + lane] = sum.corners[2].z;
    terms[576u + lane] = sum.sigma;
    terms[640u + lane] = sum.gamma;
    terms[704u + lane] = sum.distribution;
    terms[768u + lane] = sum.t_conorm;
    store_sums(number, lane, 0u, 13u);
    if VERTEX_TEXTURE {
        for (var first = 0u; first < CORNER_TEXELS; first += ROUND) {
            let count = min(ROUND, CORNER_TEXELS - first);
            for (var i = 0u; i < count; i++) {
                terms[i * 64u + lane] = texels[first + i];
            }
            store_sums(number, lane, 13u + first, count);
        }
    }
}
