//! Pictures and the gradients of a loss on them.

use ndarray::{Array, Array3, Array4, Dimension, IntoDimension};

use crate::error::{Error, Result};
use crate::math::Scalar;
use crate::raster::Plan;

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

impl<R: Scalar> Image<R> {
    /// Gives the picture the shapes of `plan`; arrays that have them stay, with whatever is in them.
    pub fn fit(&mut self, plan: &Plan<R>) {
        let (b, h, w) = (plan.batch, plan.height, plan.width);
        fit(&mut self.color, plan.draws_color, (b, plan.channels, h, w));
        fit(&mut self.silhouette, plan.draws_silhouette, (b, h, w));
    }
}

impl<R: Scalar> ImageGrad<R> {
    /// Checks that the gradient fits the pictures of `plan`.
    ///
    /// # Errors
    /// `Shape` if an array does not fit, or a picture was not drawn; `Parameter` if a value is not finite.
    pub fn check(&self, plan: &Plan<R>) -> Result<()> {
        let color = [plan.batch, plan.channels, plan.height, plan.width];
        let silhouette = [plan.batch, plan.height, plan.width];
        check("color gradient", self.color.as_ref(), plan.draws_color, &color)?;
        check("silhouette gradient", self.silhouette.as_ref(), plan.draws_silhouette, &silhouette)
    }
}

/// Makes `array` one of shape `shape` if it is wanted, `None` if not; one that fits stays as it is.
pub(crate) fn fit<R: Scalar, D: Dimension>(
    array: &mut Option<Array<R, D>>,
    wanted: bool,
    shape: impl IntoDimension<Dim = D>,
) {
    let shape = shape.into_dimension();
    let fits = array.as_ref().is_some_and(|a| a.raw_dim() == shape && a.is_standard_layout());
    if !wanted {
        *array = None;
    } else if !fits {
        *array = Some(Array::from_elem(shape, R::ZERO));
    }
}

fn check<R: Scalar, D: Dimension>(
    what: &str,
    array: Option<&Array<R, D>>,
    drawn: bool,
    shape: &[usize],
) -> Result<()> {
    let Some(array) = array else { return Ok(()) };
    if !drawn {
        return Err(Error::shape(what, array.shape(), "none: that picture was not drawn"));
    }
    if array.shape() != shape {
        return Err(Error::shape(what, array.shape(), format!("{shape:?}")));
    }
    // The usual case first, in pieces that need no branch a number.
    if array.as_slice().is_some_and(|all| all.chunks(1024).all(all_finite)) {
        return Ok(());
    }
    match array.iter().find(|x| !x.is_finite()) {
        Some(bad) => Err(Error::parameter(what, format!("{bad:?}"), "finite numbers")),
        None => Ok(()),
    }
}

fn all_finite<R: Scalar>(values: &[R]) -> bool {
    values.iter().fold(true, |all, x| all & x.is_finite())
}
