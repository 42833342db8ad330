//! Short rows of numbers that live on the stack.

use core::ops::{Deref, DerefMut};

use softras_core::math::MAX_HIDDEN;

/// Most numbers that need no allocation: the sums of the widest network.
const FEW: usize = MAX_HIDDEN;

/// A row of numbers: on the stack if they are few.
#[derive(Clone, Debug)]
pub(crate) enum Row<T> {
    Few([T; FEW], usize),
    Many(Vec<T>),
}

impl<T: Copy> Row<T> {
    /// Returns `value`, `len` times.
    #[inline(always)]
    pub(crate) fn of(value: T, len: usize) -> Self {
        if len <= FEW { Self::Few([value; FEW], len) } else { Self::Many(vec![value; len]) }
    }
}

impl<T> Deref for Row<T> {
    type Target = [T];
    #[inline(always)]
    fn deref(&self) -> &[T] {
        match self {
            Self::Few(all, len) => &all[..*len],
            Self::Many(all) => all,
        }
    }
}

impl<T> DerefMut for Row<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Few(all, len) => &mut all[..*len],
            Self::Many(all) => all,
        }
    }
}

impl<T> AsRef<[T]> for Row<T> {
    #[inline(always)]
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T> AsMut<[T]> for Row<T> {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut [T] {
        self
    }
}
