//! Affine maps, for joints: [`Affine`].

use core::ops::AddAssign;

use crate::math::{Mat3, Scalar, Vec3};

/// The map `v -> linear v + translation`. As part of a gradient: d loss / d each entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine<R = f32> {
    /// The linear part: a rotation, unless a file says otherwise.
    pub linear: Mat3<R>,
    /// Where the origin goes.
    pub translation: Vec3<R>,
}

impl<R: Scalar> Affine<R> {
    /// The map that changes nothing.
    pub const IDENTITY: Self = Self { linear: Mat3::IDENTITY, translation: Vec3::ZERO };
    /// The map of zeros: where a sum starts.
    pub const ZERO: Self = Self { linear: Mat3::ZERO, translation: Vec3::ZERO };

    /// Returns where `v` goes.
    #[must_use]
    pub fn apply(&self, v: Vec3<R>) -> Vec3<R> {
        self.linear.mul_vec(v) + self.translation
    }
    /// Returns the map that applies `other` first, then this one.
    #[must_use]
    pub fn after(&self, other: &Self) -> Self {
        Self { linear: self.linear.mul(&other.linear), translation: self.apply(other.translation) }
    }
    /// Returns the map times `k`, entry by entry.
    #[must_use]
    pub fn scale(&self, k: R) -> Self {
        Self {
            linear: Mat3 { rows: self.linear.rows.map(|row| row.scale(k)) },
            translation: self.translation.scale(k),
        }
    }
    /// Returns the inverse, `None` if there is none: a determinant of 0, or one that is not finite.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        let determinant = self.linear.determinant();
        let over = determinant.recip();
        if determinant.to_f64() == 0.0 || !over.is_finite() {
            return None;
        }
        let [a, b, c] = self.linear.rows;
        // The columns of the inverse are the cross products of the rows, over the determinant.
        let columns = [b.cross(c), c.cross(a), a.cross(b)].map(|v| v.scale(over));
        let linear = Mat3 { rows: columns }.transpose();
        Some(Self { linear, translation: -linear.mul_vec(self.translation) })
    }
    /// Tells whether every entry is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let linear = self.linear.to_array();
        linear.as_flattened().iter().chain(&self.translation.to_array()).all(|x| x.is_finite())
    }
}

impl<R: Scalar> AddAssign for Affine<R> {
    fn add_assign(&mut self, o: Self) {
        self.linear = self.linear.plus(&o.linear);
        self.translation += o.translation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_leads_back() {
        let linear = Mat3::from([[1.0, 2.0, 3.0], [0.0, 1.0, 4.0], [5.0, 6.0, 0.0]]);
        let map = Affine { linear, translation: Vec3::new(1.0, -2.0, 3.0) };
        let back = map.inverse().unwrap();
        assert_eq!(back.after(&map), Affine::IDENTITY);
        assert_eq!(map.after(&back), Affine::IDENTITY);
        assert_eq!(Affine::<f64>::ZERO.inverse(), None);
    }
}
