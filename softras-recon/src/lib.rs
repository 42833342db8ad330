#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod color;
pub mod data;
mod error;
pub mod eval;
pub mod log;
pub mod loss;
pub mod settings;
pub mod shapes;
mod voxel;

pub use error::{Error, Result};
pub use voxel::{SIDE, Voxels};
