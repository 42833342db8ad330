//! Setup: what is done once a face. Many faces on a picture of 8 x 8, so that little else is left.

#![expect(clippy::expect_used, reason = "a bench that cannot go on ends")]

mod topic;

use criterion::{Criterion, criterion_group, criterion_main};
use topic::{Way, topic};

fn setup(c: &mut Criterion) {
    topic(c, "setup", Way::Forward, &[("5120@8", 1e-7), ("81920@8", 1e-7)]);
}

criterion_group!(benches, setup);
criterion_main!(benches);
