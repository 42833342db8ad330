//! Points and directions: [`Vec2`] on the screen, [`Vec3`] in the world.

use core::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use super::real::{Real, Scalar};

/// A point or direction on the screen, in screen units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vec2<R = f32> {
    /// To the right.
    pub x: R,
    /// Upwards.
    pub y: R,
}

/// A point or direction in space.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vec3<R = f32> {
    /// First coordinate.
    pub x: R,
    /// Second coordinate.
    pub y: R,
    /// Third coordinate.
    pub z: R,
}

impl<R: Real> Vec2<R> {
    /// Returns the vector (x, y).
    #[inline(always)]
    pub const fn new(x: R, y: R) -> Self {
        Self { x, y }
    }
    /// Returns the inner product.
    #[inline(always)]
    pub fn dot(self, o: Self) -> R {
        self.x * o.x + self.y * o.y
    }
    /// Returns the third component of the outer product, `x1 y2 - y1 x2`.
    #[inline(always)]
    pub fn cross(self, o: Self) -> R {
        self.x * o.y - self.y * o.x
    }
    /// Returns the vector times `k`.
    #[inline(always)]
    pub fn scale(self, k: R) -> Self {
        Self::new(self.x * k, self.y * k)
    }
    /// Returns `yes` where `mask` holds, else `no`.
    #[inline(always)]
    pub fn select(mask: R::Mask, yes: Self, no: Self) -> Self {
        Self::new(R::select(mask, yes.x, no.x), R::select(mask, yes.y, no.y))
    }
    /// Returns the same vector in every lane of `like`.
    #[inline(always)]
    pub fn splat<L: Real<Scalar = R>>(self, like: L) -> Vec2<L>
    where
        R: Scalar,
    {
        Vec2 { x: like.splat(self.x), y: like.splat(self.y) }
    }
    /// Returns the vector of lane `i`.
    #[inline(always)]
    pub fn lane(self, i: usize) -> Vec2<R::Scalar> {
        Vec2 { x: self.x.lane(i), y: self.y.lane(i) }
    }
}

impl<R: Real> Vec3<R> {
    /// Returns the vector (x, y, z).
    #[inline(always)]
    pub const fn new(x: R, y: R, z: R) -> Self {
        Self { x, y, z }
    }
    /// Returns the inner product.
    #[inline(always)]
    pub fn dot(self, o: Self) -> R {
        self.x * o.x + self.y * o.y + self.z * o.z
    }
    /// Returns the outer product.
    #[inline(always)]
    pub fn cross(self, o: Self) -> Self {
        Self::new(self.y * o.z - self.z * o.y, self.z * o.x - self.x * o.z, self.x * o.y - self.y * o.x)
    }
    /// Returns the vector times `k`.
    #[inline(always)]
    pub fn scale(self, k: R) -> Self {
        Self::new(self.x * k, self.y * k, self.z * k)
    }
    /// Returns the Euclidean length.
    #[inline(always)]
    pub fn norm(self) -> R {
        self.dot(self).sqrt()
    }
    /// Returns `self / max(|self|, guard)`.
    #[inline(always)]
    pub fn normalize(self, guard: f64) -> Self {
        let n = self.norm();
        self.scale(n.max(n.lit(guard)).recip())
    }
    /// Returns the gradient of a loss with respect to `self`, given `grad` with respect to `self.normalize(guard)`.
    ///
    /// Below the guard the map is linear, and so is its reverse.
    #[inline(always)]
    pub fn normalize_vjp(self, guard: f64, grad: Self) -> Self {
        let n = self.norm();
        let inv = n.max(n.lit(guard)).recip();
        let unit = self.scale(inv);
        let along = unit.dot(grad).keep(n.gt(n.lit(guard)));
        (grad - unit.scale(along)).scale(inv)
    }
}

impl<R: Scalar> Vec3<R> {
    /// The origin.
    pub const ZERO: Self = Self { x: R::ZERO, y: R::ZERO, z: R::ZERO };
    /// The unit vector along y, the usual "up".
    pub const Y: Self = Self { x: R::ZERO, y: R::ONE, z: R::ZERO };

    /// Returns the components in order.
    pub const fn to_array(self) -> [R; 3] {
        [self.x, self.y, self.z]
    }
}

impl<R: Scalar> From<[R; 3]> for Vec3<R> {
    fn from([x, y, z]: [R; 3]) -> Self {
        Self { x, y, z }
    }
}

macro_rules! vector_ops {
    ($v:ident, $($c:ident),+) => {
        impl<R: Real> Add for $v<R> {
            type Output = Self;
            #[inline(always)]
            fn add(self, o: Self) -> Self {
                Self { $($c: self.$c + o.$c),+ }
            }
        }
        impl<R: Real> Sub for $v<R> {
            type Output = Self;
            #[inline(always)]
            fn sub(self, o: Self) -> Self {
                Self { $($c: self.$c - o.$c),+ }
            }
        }
        impl<R: Real> Neg for $v<R> {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self { $($c: -self.$c),+ }
            }
        }
        impl<R: Real> Mul<R> for $v<R> {
            type Output = Self;
            #[inline(always)]
            fn mul(self, k: R) -> Self {
                self.scale(k)
            }
        }
        impl<R: Real> AddAssign for $v<R> {
            #[inline(always)]
            fn add_assign(&mut self, o: Self) {
                *self = *self + o;
            }
        }
        impl<R: Real> SubAssign for $v<R> {
            #[inline(always)]
            fn sub_assign(&mut self, o: Self) {
                *self = *self - o;
            }
        }
    };
}

vector_ops!(Vec2, x, y);
vector_ops!(Vec3, x, y, z);
