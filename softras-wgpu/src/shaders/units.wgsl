// Units: one window of one picture each, with the faces of this turn.

// The unit that block `block` of 256 faces belongs to: the last that begins at or before it.
fn unit_of_block(block: u32) -> u32 {
    var low = 0u;
    var high = globals.units;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if units[middle].first_block <= block {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// The unit that face `f` belongs to: the last that begins at or before it.
fn unit_of_face(f: u32) -> u32 {
    var low = 0u;
    var high = globals.units;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if units[middle].first_face <= f {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
