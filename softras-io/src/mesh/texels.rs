//! Which texel of a face colors a point of it.

use softras_core::math::surface_texel;

/// Returns the texel that colors the point (c_0, c_1) of a face with `side * side` texels, both in 0..=1.
pub(crate) fn at(side: usize, [c0, c1]: [f64; 2]) -> usize {
    surface_texel(&[c0, c1, 1.0 - c0 - c1], side as f64) as usize
}
