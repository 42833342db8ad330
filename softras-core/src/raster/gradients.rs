//! What `backward` returns: the gradient of a loss with respect to everything `forward` read.

use core::ops::BitOr;

use ndarray::{Array, Array1, Array2, Array3, Dimension, IntoDimension};

use crate::image::fit;
use crate::math::Scalar;
use crate::scene::Faces;

use super::plan::Plan;

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

impl<R: Scalar> Gradients<R> {
    /// Gives every wanted field its shape, filled with zeros, and drops the others; arrays that fit are reused.
    pub fn fit(&mut self, wanted: Wanted, faces: &Faces<R>, plan: &Plan<R>, weights: usize) {
        let (b, f) = (plan.batch, faces.count());
        zeros(&mut self.corners, wanted.contains(Wanted::CORNERS), (f, 3, 3));
        let shape = faces.textures().map_or([0; 3], |t| {
            let s = t.texels().shape();
            [s[0], s[1], s[2]]
        });
        let textures = wanted.contains(Wanted::TEXTURES) && faces.textures().is_some();
        zeros(&mut self.textures, textures, (shape[0], shape[1], shape[2]));
        zeros(&mut self.background, wanted.contains(Wanted::BACKGROUND), (b, plan.channels));
        zeros(&mut self.sigma, wanted.contains(Wanted::SIGMA), b);
        zeros(&mut self.gamma, wanted.contains(Wanted::GAMMA), b);
        zeros(&mut self.epsilon, wanted.contains(Wanted::EPSILON), b);
        zeros(&mut self.distribution, wanted.contains(Wanted::DISTRIBUTION), b);
        zeros(&mut self.t_conorm, wanted.contains(Wanted::T_CONORM), b);
        zeros(&mut self.weights, wanted.contains(Wanted::WEIGHTS), weights);
    }
}

fn zeros<R: Scalar, D: Dimension>(
    array: &mut Option<Array<R, D>>,
    wanted: bool,
    shape: impl IntoDimension<Dim = D>,
) {
    fit(array, wanted, shape);
    if let Some(array) = array {
        array.fill(R::ZERO);
    }
}
