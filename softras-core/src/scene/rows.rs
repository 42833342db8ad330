//! Vectors and the rows of arrays that hold them.

use ndarray::{Array2, ArrayRef2};

use crate::math::{Scalar, Vec3};

/// The rows of `array [N, 3]` as vectors.
pub(crate) fn from_rows<R: Scalar>(array: &ArrayRef2<R>) -> Vec<Vec3<R>> {
    array.rows().into_iter().map(|row| Vec3::new(row[0], row[1], row[2])).collect()
}

/// The vectors as rows, `[N, 3]`.
pub(crate) fn to_rows<R: Scalar>(vectors: &[Vec3<R>]) -> Array2<R> {
    Array2::from_shape_fn((vectors.len(), 3), |(i, k)| vectors[i].to_array()[k])
}
