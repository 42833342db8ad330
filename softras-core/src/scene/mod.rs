//! The world before the screen: meshes, cameras and lights, with their reverses.

mod camera;
mod convention;
mod faces;
mod fans;
mod lens;
mod mesh;
mod orbit;
mod pinhole;
mod pose;
mod project;
mod view;

pub use camera::{Camera, CameraGrad, DEFAULT_FOV, DEFAULT_NEAR};
pub use convention::{Convention, Extrinsics};
pub use crate::math::TextureKind;
pub use faces::{
    Faces, MAX_COORDINATE, MAX_DEPTH, MAX_FACES_PER_PICTURE, MAX_TEXTURE_SIDE, Picture, Textures, Winding,
};
pub use lens::Lens;
pub use mesh::{Mesh, MeshTexture};
pub use orbit::{Degrees, Orbit};
pub use pinhole::{Distortion, Intrinsics};
pub use pose::Pose;
pub use project::{project_batch, project_views};
pub use view::{MeshGrad, View};
