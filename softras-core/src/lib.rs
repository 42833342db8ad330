#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod faults;
mod image;
pub mod loss;
pub mod math;
pub mod raster;
pub mod reference;
pub mod scene;

pub use error::{Error, Result};
pub use image::{Image, ImageGrad};
