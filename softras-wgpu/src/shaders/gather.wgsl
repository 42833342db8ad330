// Gather: a thread a texel number adds the slots of the faces that share it, picture by picture.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> texel_slots: array<f32>;
@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

@compute @workgroup_size(NUMBER_LANES)
fn gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_number(group, groups) * NUMBER_LANES + lane;
    if at >= globals.rows * globals.texel_size {
        return;
    }
    let row = at / globals.texel_size;
    let within = at % globals.texel_size;
    var sum = rows[at];
    for (var u = 0u; u < globals.units; u++) {
        let first = units[u].first_texture;
        if row >= first && row - first < units[u].face_count {
            let f = units[u].first_face + row - first;
            sum += texel_slots[f * globals.texel_size + within];
        }
    }
    rows[at] = sum;
}
