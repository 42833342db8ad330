//! A driver's library that lacks something is refused with a reason; without the check a call of it would panic.

use std::path::Path;

use softras_core::Error;
use softras_cuda::{CudaRasterizer, devices};

#[test]
fn a_driver_that_lacks_a_function_is_unavailable_and_says_which() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    softras_cuda_emulator::load_without(folder, &["cuMemcpyDtoDAsync_v2"]).expect("a C++ compiler");
    let errors = [CudaRasterizer::new(0).expect_err("incomplete"), devices().expect_err("incomplete")];
    for error in errors {
        assert!(matches!(&error, Error::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("libcuda has no cuMemcpyDtoDAsync_v2"), "{error}");
    }
}
