//! How often one invocation may loop: some devices in software end a loop without a word.
//!
//! Mesa's llvmpipe allows an invocation 65,535 rounds of all its loops together and then leaves them, so that no program
//! hangs; invocations that run side by side in the lanes of a vector share theirs. `tests/probe.rs` measures it. Work is
//! cut so that no invocation comes near, counting a round for each channel too: whether a compiler unrolls those is its
//! own affair.

use crate::axes::Axes;

/// The most pixels of a face that one thread walks, where there is no network.
const SMALL_PIXELS: u32 = 64;
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
    pub(crate) fn faces(self, axes: &Axes) -> usize {
        let channels = axes.channels;
        match self {
            Self::Free => usize::MAX,
            // A look at its box, the face itself, its color, and up to two sums; what stages 256 faces is among the rest.
            Self::AtMost(rounds) => (rounds.saturating_sub(REST)
                / (2 + 3 * channels + axes.color.rounds(channels)))
            .max(1) as usize,
        }
    }

    /// The pixels of a face that a workgroup of `backward_texture` may walk, a multiple of 64.
    pub(crate) fn texture_pixels(self, axes: &Axes) -> u32 {
        // 64 pixels cost their color and its gradient, and a round for each that may add to a texel.
        let channels = axes.channels;
        self.pixels(2 + 12 * channels + axes.color.rounds_back(channels) + 64 * (1 + channels))
    }

    /// The pixels of a face that a workgroup of `backward_weights` may walk, a multiple of 64.
    pub(crate) fn weight_pixels(self, axes: &Axes) -> u32 {
        self.pixels(axes.weight_rounds())
    }

    /// The pixels that a workgroup of 64 may walk, where as many cost `rounds` each time.
    fn pixels(self, cost: u32) -> u32 {
        match self {
            Self::Free => u32::MAX - 63,
            Self::AtMost(rounds) => (rounds.saturating_sub(REST) / cost.max(1)).max(1) * 64,
        }
    }
}

/// The most pixels of a face that one thread walks: fewer where a pixel takes many rounds. The same on every device, since
/// sums go along with it.
pub(crate) fn small_pixels(axes: &Axes) -> u32 {
    let cost = 2 + 12 * axes.channels + axes.color.rounds_back(axes.channels);
    match Loops::LLVMPIPE {
        Loops::AtMost(rounds) => (rounds.saturating_sub(REST) / cost).clamp(1, SMALL_PIXELS),
        Loops::Free => SMALL_PIXELS,
    }
}

#[cfg(test)]
mod tests {
    use softras_core::math::{Color, MAX_HIDDEN};
    use softras_core::raster::{RasterParams, TextureFamily};

    use super::*;
    use crate::axes::{MAX_CHANNELS, axes};
    use crate::shared::ITEM_SIDE;

    fn of(color: Color, channels: usize) -> Axes {
        axes(&RasterParams::new(1, 1).color(color), TextureFamily::Vertex, channels).expect("has kernels")
    }

    #[test]
    fn pieces_are_whole_and_smaller_for_more_channels() {
        assert_eq!(Loops::Free.faces(&of(Color::Softmax, 3)), usize::MAX);
        for color in [Color::Softmax, Color::Neural { hidden: 5 }] {
            for channels in [1, 3, 47] {
                let (axes, more) = (of(color.clone(), channels), of(color.clone(), channels + 1));
                let own = Loops::LLVMPIPE.faces(&axes);
                assert!(own > Loops::LLVMPIPE.faces(&more) && own * (2 + 3 * channels) < 65_535);
                assert!(Loops::LLVMPIPE.texture_pixels(&axes).is_multiple_of(64));
                assert!(Loops::LLVMPIPE.weight_pixels(&axes).is_multiple_of(64));
            }
        }
    }

    #[test]
    fn small_faces_and_items_of_the_largest_network_take_no_more_rounds_than_there_are() {
        assert_eq!(small_pixels(&of(Color::Softmax, MAX_CHANNELS)), SMALL_PIXELS);
        assert_eq!(small_pixels(&of(Color::Neural { hidden: 16 }, 3)), SMALL_PIXELS);
        let largest = of(Color::Neural { hidden: MAX_HIDDEN }, MAX_CHANNELS);
        let lanes = ITEM_SIDE * ITEM_SIDE / 64;
        assert!(small_pixels(&largest) >= lanes, "a lane of an item walks as many");
        assert!(largest.weight_rounds() < 65_535 - REST);
    }
}
