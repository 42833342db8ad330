//! The conformance suite on the first CUDA device.

softras_conformance::main!(softras_cuda::CudaRasterizer::new(0));
