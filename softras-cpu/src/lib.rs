//! The CPU back end of softras.
