// Scan: exclusive prefix sums, 1,024 numbers a workgroup; the sums of the workgroups are scanned in turn.

@group(0) @binding(0) var<uniform> length: ScanLength;
@group(0) @binding(1) var<storage, read_write> data: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

var<workgroup> totals: array<u32, 256>;

@compute @workgroup_size(256)
fn scan(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_number(group, groups);
    let first = block * SCAN_BLOCK + lane * 4u;
    var own = array<u32, 4>(0u, 0u, 0u, 0u);
    var total = 0u;
    for (var i = 0u; i < 4u; i++) {
        if first + i < length.length {
            let value = data[first + i];
            own[i] = total;
            total += value;
        }
    }
    totals[lane] = total;
    workgroupBarrier();
    for (var step = 1u; step < 256u; step *= 2u) {
        var add = 0u;
        if lane >= step {
            add = totals[lane - step];
        }
        workgroupBarrier();
        totals[lane] += add;
        workgroupBarrier();
    }
    let before = totals[lane] - total;
    for (var i = 0u; i < 4u; i++) {
        if first + i < length.length {
            data[first + i] = own[i] + before;
        }
    }
    if lane == 255u && block < length.blocks {
        sums[block] = totals[255];
    }
}

@compute @workgroup_size(256)
fn scan_add(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_number(group, groups);
    if block >= length.blocks {
        return;
    }
    let before = sums[block];
    for (var i = 0u; i < 4u; i++) {
        let at = block * SCAN_BLOCK + lane * 4u + i;
        if at < length.length {
            data[at] += before;
        }
    }
}
