//! Forward, from faces smaller than a pixel to faces of thousands.

#![expect(clippy::expect_used, reason = "a bench that cannot go on ends")]

mod topic;

use criterion::{Criterion, criterion_group, criterion_main};
use topic::{Way, topic};

fn forward(c: &mut Criterion) {
    let scenes = [
        ("1280@64", 1e-4),
        ("5120@256", 1e-5),
        ("5120@256", 1e-4),
        ("5120@256", 1e-3),
        ("81920@256", 1e-4),
        ("cover@256", 1e-4),
    ];
    topic(c, "forward", Way::Forward, &scenes);
}

criterion_group!(benches, forward);
criterion_main!(benches);
