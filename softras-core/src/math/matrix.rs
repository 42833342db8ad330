//! Three by three matrices: [`Mat3`], for rotations.

use super::real::Scalar;
use super::vector::Vec3;

/// A 3 x 3 matrix, kept as its three rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mat3<R = f32> {
    /// The rows, top first.
    pub rows: [Vec3<R>; 3],
}

impl<R: Scalar> Mat3<R> {
    /// The matrix that changes nothing.
    pub const IDENTITY: Self = Self {
        rows: [
            Vec3 { x: R::ONE, y: R::ZERO, z: R::ZERO },
            Vec3 { x: R::ZERO, y: R::ONE, z: R::ZERO },
            Vec3 { x: R::ZERO, y: R::ZERO, z: R::ONE },
        ],
    };
    /// The matrix of zeros.
    pub const ZERO: Self = Self { rows: [Vec3::ZERO; 3] };

    /// Returns the product with the column vector `v`.
    #[must_use]
    pub fn mul_vec(&self, v: Vec3<R>) -> Vec3<R> {
        let [a, b, c] = self.rows;
        Vec3::new(a.dot(v), b.dot(v), c.dot(v))
    }
    /// Returns the product of the transpose with the column vector `v`; also d loss / d u of `mul_vec(u)` for
    /// `v = d loss / d mul_vec(u)`.
    #[must_use]
    pub fn transpose_mul_vec(&self, v: Vec3<R>) -> Vec3<R> {
        let [a, b, c] = self.rows;
        a.scale(v.x) + b.scale(v.y) + c.scale(v.z)
    }
    /// Returns the outer product `a b^T`; d loss / d matrix of `mul_vec(b)` for `a = d loss / d mul_vec(b)`.
    #[must_use]
    pub fn outer(a: Vec3<R>, b: Vec3<R>) -> Self {
        Self { rows: [b.scale(a.x), b.scale(a.y), b.scale(a.z)] }
    }
    /// Returns the transpose.
    #[must_use]
    pub fn transpose(&self) -> Self {
        let [a, b, c] = self.to_array();
        Self::from([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [a[2], b[2], c[2]]])
    }
    /// Returns the product `self other`.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        Self { rows: self.rows.map(|row| other.transpose_mul_vec(row)) }
    }
    /// Returns the sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self { rows: core::array::from_fn(|i| self.rows[i] + other.rows[i]) }
    }
    /// Returns the determinant: 1 for a rotation, -1 for a rotation with a reflection.
    #[must_use]
    pub fn determinant(&self) -> R {
        let [a, b, c] = self.rows;
        a.dot(b.cross(c))
    }
    /// Returns the entries, row by row.
    #[must_use]
    pub fn to_array(&self) -> [[R; 3]; 3] {
        self.rows.map(Vec3::to_array)
    }
}

impl<R: Scalar> From<[[R; 3]; 3]> for Mat3<R> {
    fn from(rows: [[R; 3]; 3]) -> Self {
        Self { rows: rows.map(Vec3::from) }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small whole numbers multiply exactly")]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_one_map_after_the_other() {
        let a = Mat3::from([[1.0, 2.0, 3.0], [0.0, 1.0, 4.0], [5.0, 6.0, 0.0]]);
        let b = Mat3::from([[0.0, 1.0, 0.0], [2.0, 0.0, 1.0], [1.0, 1.0, 1.0]]);
        let v = Vec3::new(1.0, -2.0, 0.5);
        assert_eq!(a.mul(&b).mul_vec(v), a.mul_vec(b.mul_vec(v)));
        assert_eq!(a.transpose().mul_vec(v), a.transpose_mul_vec(v));
        assert_eq!(a.determinant(), 1.0);
        assert_eq!(Mat3::IDENTITY.mul(&a), a);
    }
}
