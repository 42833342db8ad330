//! Losses, each a value and its gradient (MATH 9).
//!
//! | on pictures | |
//! |---|---|
//! | [`iou`], [`iou_score`], [`hard_iou`] | silhouettes that overlap |
//! | [`color`], [`color_masked`] | colors that agree |
//!
//! | on vertices | keeps |
//! |---|---|
//! | [`Laplacian`] | each vertex near the mean of its neighbours |
//! | [`CotangentLaplacian`] | the same, with weights that know the shape of the triangles |
//! | [`Flatten`], [`NormalConsistency`] | neighbouring triangles in one plane |
//! | [`EdgeLength`] | edges short |
//! | [`Volume`] | room inside, and the outside out |
//!
//! The losses on vertices are built once from the triangles (any mesh: open, not manifold, with lone vertices) and then
//! called with vertices. [`LaplacianMatrix`] is the matrix of a Laplacian, for solvers. All sums have a fixed order: the same input gives the same bits.

mod color;
mod cotangent;
mod edge;
mod flatten;
mod hinge;
mod iou;
mod laplacian;
mod normal;
mod operator;
mod topology;
mod volume;

pub use color::{Norm, color, color_masked};
pub use cotangent::{CotangentLaplacian, CotangentWeights};
pub use edge::EdgeLength;
pub use flatten::Flatten;
pub use iou::{hard_iou, iou, iou_score};
pub use laplacian::Laplacian;
pub use normal::NormalConsistency;
pub use operator::LaplacianMatrix;
pub use topology::{Hinge, Topology};
pub use volume::Volume;
