//! How often one invocation may loop: some devices in software end a loop without a word.
//!
//! Mesa's llvmpipe allows an invocation 65,535 rounds of all its loops together and then leaves them, so that no program
//! hangs; invocations that run side by side in the lanes of a vector share theirs. `tests/probe.rs` measures it. Work is
//! cut so that no invocation comes near, counting a round for each channel too: whether a compiler unrolls those is its
//! own affair.

/// Rounds that loops other than the longest may take.
const REST: u32 = 4096;

/// How many rounds an invocation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loops {
    /// As many as it needs.
    Free,
    /// So many.
    AtMost(u32),
}

impl Loops {
    /// What llvmpipe allows.
    pub(crate) const LLVMPIPE: Self = Self::AtMost(65_535);

    /// The faces that an invocation of `forward` may go through.
    pub(crate) fn faces(self, channels: u32) -> usize {
        match self {
            Self::Free => usize::MAX,
            // A look at its box, the face itself, its color, and up to two sums; what stages 256 faces is among the rest.
            Self::AtMost(rounds) => (rounds.saturating_sub(REST) / (2 + 3 * channels)).max(1) as usize,
        }
    }

    /// The pixels of a face that a workgroup of `backward_texture` may walk, a multiple of 64.
    pub(crate) fn texture_pixels(self, channels: u32) -> u32 {
        match self {
            Self::Free => u32::MAX - 63,
            // 64 pixels cost their color and its gradient, and a round for each that may add to a texel.
            Self::AtMost(rounds) => {
                let cost = 2 + 12 * channels + 64 * (1 + channels);
                (rounds.saturating_sub(REST) / cost).max(1) * 64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_and_smaller_for_more_channels() {
        assert_eq!(Loops::Free.faces(3), usize::MAX);
        for channels in [0, 1, 3, 48] {
            let (own, more) = (Loops::LLVMPIPE.faces(channels), Loops::LLVMPIPE.faces(channels + 1));
            assert!(own > more && own * (2 + 3 * channels as usize) < 65_535);
            assert!(Loops::LLVMPIPE.texture_pixels(channels).is_multiple_of(64));
        }
    }
}
