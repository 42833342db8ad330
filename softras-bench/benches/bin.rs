//! Bins: lists of faces for each tile. Faces smaller than a pixel and next to no pairs, so that lists are what is left.

#![expect(clippy::expect_used, reason = "a bench that cannot go on ends")]

mod topic;

use criterion::{Criterion, criterion_group, criterion_main};
use topic::{Way, topic};

fn bin(c: &mut Criterion) {
    topic(c, "bin", Way::Forward, &[("81920@128", 1e-7), ("81920@512", 1e-7)]);
}

criterion_group!(benches, bin);
criterion_main!(benches);
