//! Pictures: PNG in and out, GIF out, and several pictures laid side by side.
//!
//! Values are 0..=1 and are stored as they are: there is no gamma correction in either direction.

mod frame;
mod gif;
mod montage;
mod png;

pub use frame::RgbFrame;
pub use gif::{GifWriter, save_gif};
pub use montage::{grid, row};
pub(crate) use png::{decode, decode_bytes, load_any, png_bytes, rgba, stage_png, to_byte};
pub use png::{load_png, save_gray_png, save_png};
