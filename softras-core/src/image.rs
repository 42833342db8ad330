//! Pictures and the gradients of a loss on them.

use ndarray::{Array3, Array4};

/// What a rasterizer drew: color composited over the background, and the silhouette.
///
/// Row 0 is the top of the picture, column 0 its left (MATH 1). A field is `None` where it was not asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image<R = f32> {
    /// `[B, C, H, W]`.
    pub color: Option<Array4<R>>,
    /// `[B, H, W]`, in 0..=1.
    pub silhouette: Option<Array3<R>>,
}

/// d loss / d [`Image`], with the same shapes; `None` stands for zeros.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageGrad<R = f32> {
    /// `[B, C, H, W]`.
    pub color: Option<Array4<R>>,
    /// `[B, H, W]`.
    pub silhouette: Option<Array3<R>>,
}
