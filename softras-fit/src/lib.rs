#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod adam;
pub mod body;
mod checkpoint;
mod error;
pub mod experiment;
mod fit;
mod folder;
pub mod gradcheck;
mod objective;
mod order;
pub mod pose;
pub mod report;
mod schedule;
mod score;
mod settings;
mod shape;
mod smooth;
mod targets;

pub use adam::{Adam, AdamSettings};
pub use error::{Error, Result};
pub use fit::Fit;
pub use folder::{FitFolder, Keep, Outcome};
pub use objective::StepLoss;
pub use order::ViewOrder;
pub use schedule::{Geometric, Piecewise, Schedule};
pub use score::{Score, score};
pub use settings::{ColorMode, Colors, FitSettings, LossWeights, ShapeModel};
pub use targets::{LARGEST_SIDE, Targets, cameras_around, check_size, draw_hard, orbit_camera};
