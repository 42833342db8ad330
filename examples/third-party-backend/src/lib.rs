#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod scanline;

pub use scanline::{Scanline, ScanlineSaved};
