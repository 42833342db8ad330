//! Which views a step looks at: [`ViewOrder`].

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Goes through all views again and again, each time in another order.
///
/// It has no state: the views of a step follow from the seed and the number of the step alone, so a fit that is
/// resumed sees the views an unbroken one would see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewOrder {
    seed: u64,
    views: usize,
    batch: usize,
}

impl ViewOrder {
    /// Takes `batch` of `views` views a step; 0, or as many as there are, means all, in their own order.
    #[must_use]
    pub const fn new(seed: u64, views: usize, batch: usize) -> Self {
        Self { seed, views, batch: if batch == 0 || batch > views { views } else { batch } }
    }

    /// Returns the views of `step`.
    #[must_use]
    pub fn views(&self, step: usize) -> Vec<usize> {
        if self.batch == self.views {
            return (0..self.views).collect();
        }
        let first = step * self.batch;
        let mut round = usize::MAX;
        let mut order = Vec::new();
        let at = |k: usize| {
            if k / self.views != round {
                round = k / self.views;
                order = self.shuffled(round);
            }
            order[k % self.views]
        };
        (first..first + self.batch).map(at).collect()
    }

    /// Returns the order of round `round` (Fisher and Yates).
    fn shuffled(&self, round: usize) -> Vec<usize> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(round as u64);
        let mut order: Vec<usize> = (0..self.views).collect();
        for i in (1..self.views).rev() {
            // The bias of the remainder is below 2^-40 for any number of views that fits in memory.
            order.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_sees_every_view_once() {
        let order = ViewOrder::new(7, 10, 4);
        let mut seen: Vec<usize> = (0..5).flat_map(|step| order.views(step)).collect();
        let second = seen.split_off(10);
        assert_ne!(seen, second);
        for mut round in [seen, second] {
            round.sort_unstable();
            assert_eq!(round, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_seed_and_the_step_decide() {
        let order = ViewOrder::new(7, 100, 8);
        assert_eq!(order.views(31), ViewOrder::new(7, 100, 8).views(31));
        assert_ne!(order.views(31), ViewOrder::new(8, 100, 8).views(31));
        assert_eq!(ViewOrder::new(7, 3, 0).views(5), [0, 1, 2]);
        assert_eq!(ViewOrder::new(7, 3, 9).views(5), [0, 1, 2]);
    }
}
