#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ablate;
mod adam;
mod blurred;
pub mod body;
mod chamfer;
mod checkpoint;
pub mod distill;
mod error;
pub mod experiment;
mod fit;
mod folder;
pub mod gradcheck;
mod light;
mod nearest;
mod objective;
mod order;
mod placement;
pub mod pose;
mod ranges;
pub mod report;
mod schedule;
mod score;
mod settings;
mod shape;
mod softness;
mod solver;
mod soundness;
mod stage;
mod targets;
mod texture;

pub use adam::{Adam, AdamSettings, StepScale};
pub use chamfer::{Chamfer, chamfer};
pub use error::{Error, Result};
pub use fit::Fit;
pub use folder::{FitFolder, Keep, Outcome};
pub use light::{Beam, LightSettings, LightState};
pub use objective::StepLoss;
pub use order::ViewOrder;
pub use placement::Placement;
pub use schedule::{Geometric, Piecewise, Schedule};
pub use score::{Score, best_mean_iou, color_psnr, score};
pub use settings::{Albedo, ColorMode, Colors, FitSettings, LossWeights, ShapeModel};
pub use soundness::{Soundness, inside_out};
pub use targets::{LARGEST_SIDE, Targets, cameras_around, check_size, draw_hard, orbit_camera};
