//! The world before the screen: meshes, cameras and lights, with their reverses.

mod mesh;

pub use mesh::{Mesh, MeshTexture};
