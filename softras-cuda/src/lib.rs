//! The CUDA back end of softras.
