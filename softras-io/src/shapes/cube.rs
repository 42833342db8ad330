//! The cube: six sides, six colors.

use ndarray::{Array2, Array3};
use softras_core::scene::{Mesh, MeshTexture};

use super::paint::hex;

/// For each side the four corners, counter-clockwise seen from outside (bit 0 is x, bit 1 y, bit 2 z), and its color.
const SIDES: [([u32; 4], u32); 6] = [
    ([4, 5, 7, 6], 0xe63946), // +z, the front: red
    ([1, 0, 2, 3], 0x2a9d8f), // -z: teal
    ([5, 1, 3, 7], 0xf4a261), // +x: orange
    ([0, 4, 6, 2], 0x457bd8), // -x: blue
    ([6, 7, 3, 2], 0xf6d55c), // +y, the top: yellow
    ([0, 1, 5, 4], 0x7b4fa3), // -y: violet
];

/// The sample: 8 vertices at ±0.5, 12 triangles, flat colors at corners.
pub(super) fn sample() -> Mesh<f32> {
    let vertices = Array2::from_shape_fn((8, 3), |(v, k)| if v >> k & 1 == 1 { 0.5 } else { -0.5 });
    let triangles = SIDES.iter().flat_map(|([a, b, c, d], _)| [[*a, *b, *c], [*a, *c, *d]]).collect();
    let colors = Array3::from_shape_fn((12, 3, 3), |(f, _, k)| hex(SIDES[f / 2].1)[k] as f32);
    super::build(vertices, triangles, MeshTexture::Corner(colors))
}
