//! Aggregator states as planes of numbers: how a picture of states is stored and how lanes of it are read.

use super::real::Real;

/// A small record of numbers that can be written to and read from planes.
pub trait Planes<R: Real>: Copy {
    /// How many numbers it has.
    const COUNT: usize;
    /// Writes its numbers to the first `COUNT` places of `out`.
    fn store(&self, out: &mut [R]);
    /// Reads it from the first `COUNT` places of `from`.
    fn load(from: &[R]) -> Self;
}

impl<R: Real, const N: usize> Planes<R> for [R; N] {
    const COUNT: usize = N;
    #[inline(always)]
    fn store(&self, out: &mut [R]) {
        out[..N].copy_from_slice(self);
    }
    #[inline(always)]
    fn load(from: &[R]) -> Self {
        let mut out = [from[0]; N];
        out.copy_from_slice(&from[..N]);
        out
    }
}

/// Declares a record of numbers with named fields that is [`Planes`].
macro_rules! planes {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* $field:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name<R> {
            $($(#[$field_doc])* pub $field: R,)+
        }

        impl<R: $crate::math::Real> $crate::math::Planes<R> for $name<R> {
            const COUNT: usize = [$(stringify!($field)),+].len();
            #[inline(always)]
            fn store(&self, out: &mut [R]) {
                // A copy of an array; an iterator over one by value is moved about in memory.
                let numbers = [$(self.$field),+];
                out[..numbers.len()].copy_from_slice(&numbers);
            }
            #[inline(always)]
            fn load(from: &[R]) -> Self {
                let mut i = 0;
                Self { $($field: { i += 1; from[i - 1] }),+ }
            }
        }
    };
}
