// Combine: a thread a number of a big face's gradient adds those of its items in their order.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> items: array<u32>;
@group(0) @binding(2) var<storage, read> item_grads: array<f32>;
@group(0) @binding(3) var<storage, read_write> face_grads: array<f32>;
@group(0) @binding(4) var<storage, read_write> texel_slots: array<f32>;

// Adds value `value` of the items of this turn to `before`.
fn item_sum(first: u32, end: u32, value: u32, before: f32) -> f32 {
    var sum = before;
    for (var item = first; item < end; item++) {
        sum += item_grads[(item - globals.first_item) * ITEM_VALUES + value];
    }
    return sum;
}

@compute @workgroup_size(NUMBER_LANES)
fn combine(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_number(group, groups) * NUMBER_LANES + lane;
    let f = number / ITEM_VALUES;
    let value = number % ITEM_VALUES;
    if f >= globals.faces {
        return;
    }
    let first = max(items[f], globals.first_item);
    let end = min(items[f + 1u], globals.end_item);
    if first >= end {
        return;
    }
    let begins = items[f] >= globals.first_item;
    if value < 13u {
        var at = f * 9u + value;
        if value >= 9u {
            at = globals.faces * 9u + f * 4u + value - 9u;
        }
        face_grads[at] = item_sum(first, end, value, select(face_grads[at], 0.0, begins));
    } else if globals.wants_textures != 0u {
        let at = f * CORNER_TEXELS + value - 13u;
        texel_slots[at] = item_sum(first, end, value, select(texel_slots[at], 0.0, begins));
    }
}
