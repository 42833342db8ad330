//! Where a rigid mesh stands, from pictures: [`PoseFit`].
//!
//! A pose is a rotation matrix and a translation ([`Placement`]); a step turns from the left by an axis times an angle,
//! so no chart of the rotations ever ends. Every start is a camera of one batch over one mesh.

mod compare;
mod descent;
mod fit;
mod lens;
mod placement;
mod settings;

pub use descent::Descent;
pub use fit::{Candidate, PoseFit};
pub use lens::LensChange;
pub use placement::{Placement, PlacementGrad, random_starts};
pub use settings::{Freedom, PoseLoss, PoseSettings};
