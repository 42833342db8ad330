//! Colors of predicted meshes: what keeps them smooth, and, with the feature `burn`, the networks that choose them.
//!
//! | file | what |
//! |---|---|
//! | `smooth` | adjacent faces have like colors |

mod smooth;

pub use smooth::FaceSmoothness;
