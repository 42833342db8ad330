//! What the outside does not reach.

use super::{SIDE, Voxels};

/// Voxels along a side, with one layer of outside all around.
const PADDED: usize = SIDE + 2;

/// Fills everything that a flood from outside, through the faces of voxels, does not reach.
pub(super) fn fill(shell: &Voxels) -> Voxels {
    let index = |[x, y, z]: [usize; 3]| (x * PADDED + y) * PADDED + z;
    let mut reached = vec![false; PADDED * PADDED * PADDED];
    let mut front = vec![[0_usize; 3]];
    reached[0] = true;
    while let Some(at) = front.pop() {
        for axis in 0..3 {
            for next in
                [at[axis].checked_sub(1), Some(at[axis] + 1).filter(|i| *i < PADDED)].into_iter().flatten()
            {
                let mut to = at;
                to[axis] = next;
                let inside = to.iter().all(|i| (1..=SIDE).contains(i));
                let wall = inside && shell.get(to[0] - 1, to[1] - 1, to[2] - 1);
                if !wall && !std::mem::replace(&mut reached[index(to)], true) {
                    front.push(to);
                }
            }
        }
    }
    Voxels::from_fn(|bit| {
        let [x, y, z] = [bit / (SIDE * SIDE), bit / SIDE % SIDE, bit % SIDE];
        !reached[index([x + 1, y + 1, z + 1])]
    })
}
