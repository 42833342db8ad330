//! The world before the screen: meshes, cameras and lights, with their reverses.

mod camera;
mod convention;
mod faces;
mod fans;
mod lens;
mod light;
mod mesh;
mod normals;
mod orbit;
mod pinhole;
mod pose;
mod project;
mod rotation;
pub(crate) mod rows;
mod shade;
mod view;

pub use crate::math::TextureKind;
pub use camera::{Camera, CameraGrad, DEFAULT_FOV, DEFAULT_NEAR};
pub use convention::{Convention, Extrinsics};
pub(crate) use faces::is_color;
pub use faces::{
    Faces, MAX_COLOR, MAX_COORDINATE, MAX_DEPTH, MAX_FACES_PER_PICTURE, MAX_TEXTURE_SIDE, Picture, Textures,
    Winding,
};
pub use lens::Lens;
pub use light::{Directional, Intensity, Lighting, LightingGrad, NormalKind};
pub use mesh::{Mesh, MeshTexture};
pub use normals::{
    face_normals, face_normals_vjp, triangle_normal, triangle_normal_vjp, vertex_normals, vertex_normals_vjp,
};
pub use orbit::{Degrees, Orbit};
pub use pinhole::{Distortion, Intrinsics};
pub use pose::Pose;
pub use project::{project_batch, project_views};
pub use rotation::{axis_angle, axis_angle_vjp};
pub use shade::Shading;
pub use view::{MeshGrad, View};
