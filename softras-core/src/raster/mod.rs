//! The contract between a scene and a back end.

/// Most texels along a side of a face: texel numbers stay exact in `f32`.
pub const MAX_TEXTURE_SIDE: usize = 4096;
