//! Sums in a fixed order: [`OrderedSum`].

use core::ops::AddAssign;

/// Terms added one by one before they join the tree.
const BLOCK: usize = 64;
/// Enough levels for every number of blocks that memory can hold.
const LEVELS: usize = 48;

/// A running sum: blocks of 64 terms, and a binary tree over the blocks. The order depends on the number of terms
/// alone, so the bits are the same every run, and the rounding error grows with the logarithm of that number.
#[derive(Clone, Copy, Debug)]
pub struct OrderedSum<T> {
    zero: T,
    block: T,
    tree: [T; LEVELS], // tree[i] holds the sum of 2^i blocks where bit i of the number of blocks is set
    terms: usize,
}

impl<T: Copy + AddAssign> OrderedSum<T> {
    /// Starts at `zero`.
    pub const fn new(zero: T) -> Self {
        Self { zero, block: zero, tree: [zero; LEVELS], terms: 0 }
    }
    /// Adds a term.
    pub fn push(&mut self, term: T) {
        self.block += term;
        self.terms += 1;
        if self.terms.is_multiple_of(BLOCK) {
            let mut carry = core::mem::replace(&mut self.block, self.zero);
            let level = (self.terms / BLOCK).trailing_zeros() as usize;
            for &half in &self.tree[..level] {
                carry += half;
            }
            self.tree[level] = carry;
        }
    }
    /// Returns the sum of all terms.
    #[must_use]
    pub fn total(self) -> T {
        let mut total = self.block;
        for (level, &part) in self.tree.iter().enumerate() {
            if (self.terms / BLOCK) >> level & 1 == 1 {
                total += part;
            }
        }
        total
    }
    /// Returns the sum of `terms`, from `zero`.
    pub fn of(zero: T, terms: impl IntoIterator<Item = T>) -> T {
        let mut sum = Self::new(zero);
        for term in terms {
            sum.push(term);
        }
        sum.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_counts_once() {
        for n in [0, 1, 63, 64, 65, 127, 128, 129, 1000, 4096, 10_007] {
            assert_eq!(OrderedSum::of(0, 1..=n), n * (n + 1) / 2);
        }
    }

    #[test]
    fn a_long_sum_in_f32_keeps_its_digits() {
        let n = (1 << 20) + 17;
        let sum = OrderedSum::of(0.0_f32, core::iter::repeat_n(0.1_f32, n));
        let exact = 0.1_f32 as f64 * n as f64;
        // 64 additions of equal terms drift by at most 64 / 2 rounding errors of 6e-8.
        assert!((f64::from(sum) / exact - 1.0).abs() < 2e-6, "{sum} against {exact}");
    }
}
