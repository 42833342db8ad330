//! The conformance suite on the default adapter.

softras_conformance::main!(softras_wgpu::WgpuRasterizer::new());
