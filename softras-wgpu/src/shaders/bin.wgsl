// Bins: for each bin of each window the exact list of faces that reach it, in face order: count, scan, fill.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> rects: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> offsets: array<u32>;
@group(0) @binding(4) var<storage, read_write> lists: array<u32>;

// A bit for each face of the block, 8 words for each bin.
var<workgroup> masks: array<atomic<u32>, 2048>;

// Where the entries of bin `bin` and block `block` of unit `u` are counted: by bin, then by block, so that the scan
// gives each bin one list in face order.
fn place(u: u32, bin: u32, block: u32) -> u32 {
    return globals.bins * units[u].first_block + bin * units[u].blocks + (block - units[u].first_block);
}

fn mark(u: u32, block: u32, lane: u32) {
    for (var i = 0u; i < 8u; i++) {
        atomicStore(&masks[i * 256u + lane], 0u);
    }
    workgroupBarrier();
    let local = (block - units[u].first_block) * BLOCK_FACES + lane;
    if block < globals.blocks && local < units[u].face_count {
        let rect = rect_unpack(rects[units[u].first_face + local]);
        if rect.x0 < rect.x1 {
            let across = globals.bins_across;
            for (var y = rect.y0 / globals.bin_side; y <= (rect.y1 - 1u) / globals.bin_side; y++) {
                for (var x = rect.x0 / globals.bin_side; x <= (rect.x1 - 1u) / globals.bin_side; x++) {
                    atomicOr(&masks[(y * across + x) * 8u + lane / 32u], 1u << (lane % 32u));
                }
            }
        }
    }
    workgroupBarrier();
}

@compute @workgroup_size(256)
fn bin_count(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_number(group, groups);
    let u = unit_of_block(block);
    mark(u, block, lane);
    if block < globals.blocks && lane < globals.bins {
        var count = 0u;
        for (var i = 0u; i < 8u; i++) {
            count += countOneBits(atomicLoad(&masks[lane * 8u + i]));
        }
        offsets[place(u, lane, block)] = count;
    }
    if block == 0u && lane == 0u {
        offsets[globals.bins * globals.blocks] = 0u;
    }
}

@compute @workgroup_size(256)
fn bin_fill(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_number(group, groups);
    let u = unit_of_block(block);
    mark(u, block, lane);
    if block < globals.blocks && lane < globals.bins {
        var at = offsets[place(u, lane, block)];
        let first = (block - units[u].first_block) * BLOCK_FACES;
        for (var i = 0u; i < 8u; i++) {
            var word = atomicLoad(&masks[lane * 8u + i]);
            while word != 0u {
                let bit = firstTrailingBit(word);
                lists[at] = first + i * 32u + bit;
                at += 1u;
                word &= word - 1u;
            }
        }
    }
}
