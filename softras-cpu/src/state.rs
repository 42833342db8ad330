//! The aggregators' states of a block of pixels, and how they are kept in planes.

use softras_core::math::{ColorAggregator, Parts, Planes, Real, SilhouetteAggregator};

use crate::workspace::Layout;

/// The aggregators' states of one block of pixels.
pub(crate) struct BlockState<L: Real, S: SilhouetteAggregator, A: ColorAggregator> {
    pub(crate) silhouette: S::State<L>,
    pub(crate) color: A::State<L>,
}

impl<L: Real, S: SilhouetteAggregator, A: ColorAggregator> BlockState<L, S, A> {
    /// Returns the states of no faces.
    #[inline(always)]
    pub(crate) fn identity<M, F>(parts: &Parts<M, F, S, A>, like: L) -> Self {
        Self { silhouette: parts.silhouette.identity(like), color: parts.color.identity(like) }
    }

    /// Reads the states and the sums that `layout` has from the planes of a block.
    #[inline(always)]
    pub(crate) fn load(&mut self, like: L, layout: &Layout, sums: &mut [L], planes: &[L::Scalar]) {
        if layout.silhouette > 0 {
            self.silhouette = load_state(like, planes);
        }
        if layout.color > 0 {
            self.color = load_state(like, &planes[layout.color_at() * L::LANES..]);
            load_rows(like, sums, &planes[layout.sums_at() * L::LANES..]);
        }
    }

    /// Writes them.
    #[inline(always)]
    pub(crate) fn store(&self, like: L, layout: &Layout, sums: &[L], planes: &mut [L::Scalar]) {
        if layout.silhouette > 0 {
            store_state(like, &self.silhouette, planes);
        }
        if layout.color > 0 {
            store_state(like, &self.color, &mut planes[layout.color_at() * L::LANES..]);
            let planes = &mut planes[layout.sums_at() * L::LANES..][..sums.len() * L::LANES];
            for (i, sum) in sums.iter().enumerate() {
                sum.store(&mut planes[i * L::LANES..]);
            }
        }
    }
}

/// Reads rows of lanes, one after the other.
#[inline(always)]
pub(crate) fn load_rows<L: Real>(like: L, rows: &mut [L], planes: &[L::Scalar]) {
    // One check of the length, not one a row; so below.
    let planes = &planes[..rows.len() * L::LANES];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = like.load(&planes[i * L::LANES..]);
    }
}

/// The most planes of a state.
const MAX_PLANES: usize = 8;

/// Reads a state from its planes.
#[inline(always)]
pub(crate) fn load_state<L: Real, T: Planes<L>>(like: L, planes: &[L::Scalar]) -> T {
    let planes = &planes[..T::COUNT * L::LANES];
    let mut numbers = [like; MAX_PLANES];
    for (i, number) in numbers.iter_mut().enumerate().take(T::COUNT) {
        *number = like.load(&planes[i * L::LANES..]);
    }
    T::load(&numbers)
}

/// What planes are read from.
pub(crate) trait ReadPlanes<L> {
    /// Reads plane `n`.
    fn plane(&self, n: usize) -> L;
}

/// The planes of a block that lies in a tile, one after the other.
pub(crate) struct InTile<'a, L: Real>(pub(crate) L, pub(crate) &'a [L::Scalar]);

impl<L: Real> ReadPlanes<L> for InTile<'_, L> {
    #[inline(always)]
    fn plane(&self, n: usize) -> L {
        self.0.load(&self.1[n * L::LANES..])
    }
}

/// The planes of a block that begins at any pixel of a small picture, kept row by row.
pub(crate) struct InRows<'a, L: Real> {
    pub(crate) like: L,
    /// From the first pixel of the first plane on.
    pub(crate) from: &'a [L::Scalar],
    /// Numbers from one plane to the next, and from one row of pixels to the next.
    pub(crate) width: usize,
    pub(crate) row: usize,
}

impl<L: Real> ReadPlanes<L> for InRows<'_, L> {
    #[inline(always)]
    fn plane(&self, n: usize) -> L {
        self.like.load_fours(&self.from[n * self.width..], self.row)
    }
}

/// Reads rows of lanes from the plane `first` on.
#[inline(always)]
pub(crate) fn read_rows<L: Real>(rows: &mut [L], planes: &impl ReadPlanes<L>, first: usize) {
    for (i, row) in rows.iter_mut().enumerate() {
        *row = planes.plane(first + i);
    }
}

/// Reads a state from the plane `first` on.
#[inline(always)]
pub(crate) fn read_state<L: Real, T: Planes<L>>(like: L, planes: &impl ReadPlanes<L>, first: usize) -> T {
    let mut numbers = [like; MAX_PLANES];
    for (i, number) in numbers.iter_mut().enumerate().take(T::COUNT) {
        *number = planes.plane(first + i);
    }
    T::load(&numbers)
}

/// Writes a state to its planes.
#[inline(always)]
pub(crate) fn store_state<L: Real, T: Planes<L>>(like: L, state: &T, planes: &mut [L::Scalar]) {
    let planes = &mut planes[..T::COUNT * L::LANES];
    let mut numbers = [like; MAX_PLANES];
    state.store(&mut numbers);
    for (i, number) in numbers.iter().enumerate().take(T::COUNT) {
        number.store(&mut planes[i * L::LANES..]);
    }
}
