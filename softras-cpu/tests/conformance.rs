//! The conformance suite on the CPU.

softras_conformance::main!(softras_cpu::CpuRasterizer::new());
