//! The suite on the reference itself.

softras_conformance::main!(softras_core::reference::Reference);
