//! The binary `softras`.
fn main() {}
