//! The conformance suite on this back end.

softras_conformance::main!(third_party_backend::Scanline);
