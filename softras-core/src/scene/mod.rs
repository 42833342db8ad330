//! The world before the screen: meshes, cameras and lights, with their reverses.

mod faces;
mod mesh;

pub use crate::math::TextureKind;
pub use faces::{
    Faces, MAX_COORDINATE, MAX_DEPTH, MAX_FACES_PER_PICTURE, MAX_TEXTURE_SIDE, Picture, Textures, Winding,
};
pub use mesh::{Mesh, MeshTexture};
