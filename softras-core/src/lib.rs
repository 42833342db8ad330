#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
pub mod math;
pub mod raster;
pub mod scene;

pub use error::{Error, Result};
