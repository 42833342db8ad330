//! What `backward` returns: the gradient of a loss with respect to everything `forward` read.

use core::ops::BitOr;

use ndarray::{Array1, Array2, Array3};

/// Which gradients are asked for. Join them with `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wanted(u16);

impl Wanted {
    /// None: `backward` checks its input and returns.
    pub const NOTHING: Self = Self(0);
    /// Corners x, y and z.
    pub const CORNERS: Self = Self(1);
    /// Texels.
    pub const TEXTURES: Self = Self(1 << 1);
    /// The background color.
    pub const BACKGROUND: Self = Self(1 << 2);
    /// sigma.
    pub const SIGMA: Self = Self(1 << 3);
    /// gamma.
    pub const GAMMA: Self = Self(1 << 4);
    /// epsilon.
    pub const EPSILON: Self = Self(1 << 5);
    /// The shape parameter of the distribution.
    pub const DISTRIBUTION: Self = Self(1 << 6);
    /// The parameter p of the t-conorm.
    pub const T_CONORM: Self = Self(1 << 7);
    /// The weights of the color aggregator.
    pub const WEIGHTS: Self = Self(1 << 8);
    /// Everything.
    pub const ALL: Self = Self((1 << 9) - 1);

    /// Tells whether all of `other` is asked for.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// Tells whether any of `other` is asked for.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Wanted {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Default for Wanted {
    fn default() -> Self {
        Self::CORNERS | Self::TEXTURES
    }
}

/// The gradient of a loss; a field is `None` where it was not [`Wanted`].
///
/// A texture gradient is absent for faces without textures even if it was wanted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Gradients<R = f32> {
    /// d loss / d (x, y, z) of every corner, `[F, 3, 3]`.
    pub corners: Option<Array3<R>>,
    /// d loss / d texel, the shape of the texels, summed over the pictures that share a row.
    pub textures: Option<Array3<R>>,
    /// d loss / d background of each picture, `[B, C]`.
    pub background: Option<Array2<R>>,
    /// d loss / d sigma of each picture, `[B]`.
    pub sigma: Option<Array1<R>>,
    /// d loss / d gamma of each picture, `[B]`.
    pub gamma: Option<Array1<R>>,
    /// d loss / d epsilon of each picture, `[B]`.
    pub epsilon: Option<Array1<R>>,
    /// d loss / d shape parameter of the distribution, of each picture, `[B]`.
    pub distribution: Option<Array1<R>>,
    /// d loss / d p of the t-conorm, of each picture, `[B]`.
    pub t_conorm: Option<Array1<R>>,
    /// d loss / d weights of the color aggregator, `[N]`, summed over the batch.
    pub weights: Option<Array1<R>>,
}
