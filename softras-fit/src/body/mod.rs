//! How a skinned body stands, from silhouettes and the colors of its parts: [`BodyFit`].
//!
//! What is fitted is a [`BodyState`]: shape coefficients, a rotation vector for each joint, a translation. The chain of
//! derivatives is picture, corners on the screen, vertices (`View::vjp`), pose (`Posed::vjp`), rotation vectors
//! (`BodyPose::turns_vjp`). A part that is hidden in the picture has a gradient, too: softness in depth reaches it.

mod fit;
mod likeness;
mod parts;
mod settings;
mod state;

pub use fit::BodyFit;
pub(crate) use fit::height;
pub(crate) use parts::main_joints;
pub use parts::{joint_color, part_colors};
pub use settings::{BodyLoss, BodySettings, Joints};
pub use state::{BodyState, joint};
