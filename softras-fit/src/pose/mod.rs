//! Where a rigid mesh stands, from pictures.

mod placement;

pub use placement::{Placement, PlacementGrad};
