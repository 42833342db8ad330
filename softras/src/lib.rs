//! softras.
