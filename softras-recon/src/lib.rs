#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "burn")]
pub mod ablate;
pub mod color;
pub mod data;
mod error;
pub mod eval;
pub mod loss;
#[cfg(feature = "burn")]
pub mod network;
#[cfg(feature = "burn")]
pub mod refine;
pub mod settings;
pub mod shapes;
pub mod train;
mod voxel;

pub use error::{Error, Result};
pub use voxel::{SIDE, Voxels};
