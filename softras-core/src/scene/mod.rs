//! The world before the screen: meshes, bodies, cameras and lights, with their reverses.

mod affine;
mod body;
mod calibration;
mod camera;
mod cast;
mod convention;
mod distortion;
mod faces;
mod fans;
mod harmonics;
mod lens;
mod light;
mod mesh;
mod normals;
mod orbit;
mod pinhole;
mod point_light;
mod polynomial;
mod pose;
mod project;
mod rotation;
pub(crate) mod rows;
mod shade;
mod skin;
mod view;

pub use crate::math::TextureKind;
pub use affine::Affine;
pub use body::{Body, BodyGrad, BodyParts, BodyPose, Posed};
pub use camera::{Camera, CameraGrad, DEFAULT_FOV, DEFAULT_NEAR};
pub use convention::{Convention, Extrinsics};
pub use distortion::Distortion;
pub(crate) use faces::is_color;
pub use faces::{
    Faces, MAX_COLOR, MAX_COORDINATE, MAX_DEPTH, MAX_FACES_PER_PICTURE, MAX_TEXTURE_SIDE, Picture, Textures,
    Winding,
};
pub use harmonics::{HARMONICS, Harmonics, harmonics, harmonics_vjp};
pub use lens::Lens;
pub use light::{Directional, Intensity, Lighting, LightingGrad, NormalKind};
pub use mesh::{Mesh, MeshTexture};
pub use normals::{
    face_normals, face_normals_vjp, triangle_normal, triangle_normal_vjp, vertex_normals, vertex_normals_vjp,
};
pub use orbit::{Degrees, Orbit};
pub use pinhole::Intrinsics;
pub use point_light::{Falloff, PointLight};
pub use pose::Pose;
pub use project::{project_batch, project_views};
pub use rotation::{axis_angle, axis_angle_vjp};
pub use shade::Shading;
pub use skin::Skin;
pub use view::{MeshGrad, View};
