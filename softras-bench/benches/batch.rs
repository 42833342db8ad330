//! Batches of small pictures: many meshes, and many views of one.

#![expect(clippy::expect_used, reason = "a bench that cannot go on ends")]

mod topic;

use criterion::{Criterion, criterion_group, criterion_main};
use topic::{Way, topic};

fn batch(c: &mut Criterion) {
    let scenes = [("64x1280@64", 1e-4), ("views:64x1280@64", 1e-4), ("256x320@32", 1e-4)];
    topic(c, "batch forward", Way::Forward, &scenes);
    topic(c, "batch backward", Way::Backward, &scenes);
}

criterion_group!(benches, batch);
criterion_main!(benches);
