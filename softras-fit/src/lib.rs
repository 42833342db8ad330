//! Fitting meshes to pictures with softras.
