//! Backward, at the scenes of forward.

#![expect(clippy::expect_used, reason = "a bench that cannot go on ends")]

mod topic;

use criterion::{Criterion, criterion_group, criterion_main};
use topic::{Way, topic};

fn backward(c: &mut Criterion) {
    let scenes = [
        ("1280@64", 1e-4),
        ("5120@256", 1e-5),
        ("5120@256", 1e-4),
        ("5120@256", 1e-3),
        ("81920@256", 1e-4),
        ("cover@256", 1e-4),
    ];
    topic(c, "backward", Way::Backward, &scenes);
}

criterion_group!(benches, backward);
criterion_main!(benches);
