#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod body;
pub mod cameras;
mod error;
pub mod image_set;
pub mod mesh;
pub mod npy;
pub mod npz;
pub mod orbits;
pub mod picture;
pub mod shapes;
mod staged;

pub use body::{SkinnedBody, load_body};
pub use cameras::{
    Masks, Photographs, PictureSize, Shot, load_cameras, load_par, load_photographs, save_cameras, save_par,
};
pub use error::{Error, Place, Result};
pub use image_set::{ImageSet, load_image_set};
pub use mesh::{
    Joint, Loaded, MeshOptions, SkinnedMesh, TexelSize, check_mesh_name, load_mesh, load_obj, load_ply,
    load_skinned, normalize, save_glb, save_mesh, save_obj, save_off, save_ply, save_skinned_glb, save_stl,
    subdivide,
};
pub use npy::{load_npy_f32, load_npy_f64, load_npy_i64, load_npy_u8, save_npy};
pub use npz::Npz;
pub use orbits::{Orbit, load_orbits};
pub use picture::{GifWriter, RgbFrame, load_png, save_gif, save_gray_png, save_png};
pub use shapes::{Sample, icosphere};
pub use staged::{check_replaceable, replace_file};
