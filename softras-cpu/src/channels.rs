//! How many channels a kernel is built for: three, whose sums then stay in registers, or any number.

use softras_core::math::{Face, Facing, Real, Scalar, Setting, TextureKind};
use softras_core::scene::{Faces, Textures};

use crate::row::Row;
use crate::staged::{Own, Staged};

/// A number of channels.
pub(crate) trait Channels {
    /// Whether pairs of vectors are worth their registers and their share of the build.
    const IN_TWOS: bool;
    /// The sums of a pixel; 0 where that is known only at run time.
    const SUMS: usize;
    /// A number for each channel.
    type Values<L: Real>: AsRef<[L]> + AsMut<[L]>;
    /// A number for each channel at each corner.
    type Corners<L: Real>: AsRef<[L]> + AsMut<[L]>;

    /// Returns zeros, for `channels` channels.
    fn values<L: Real>(like: L, channels: usize) -> Self::Values<L>;
    /// Returns zeros at the corners, for `channels` channels.
    fn corners<L: Real>(like: L, channels: usize) -> Self::Corners<L>;
    /// Returns face `i` of those staged; `local` is its number in the picture.
    fn face<'a, L: Real<Scalar = R>, R: Scalar, const N: usize>(
        like: L,
        own: &Own<'a, R>,
        staged: &Staged<R, N>,
        i: usize,
        local: usize,
        draws: Draws,
    ) -> Face<'a, L>;
    /// Returns the setting that goes with such a face.
    fn setting<'a, L: Real>(setting: Setting<'a, L>) -> Setting<'a, L>;
}

/// Whether a kernel draws color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draws {
    Color,
    SilhouetteAlone,
}

/// Three channels, interpolated between the corners.
pub(crate) struct Three;

/// Any number of channels, any texture.
pub(crate) struct Any;

/// Tells whether [`Three`] fits the color of `faces`, if there is any to draw.
pub(crate) fn three<R: Scalar>(faces: &Faces<R>, channels: usize) -> bool {
    channels == 0 || (channels == 3 && faces.textures().map(Textures::kind) == Some(TextureKind::Vertex))
}

impl Channels for Three {
    const IN_TWOS: bool = true;
    const SUMS: usize = 3;
    type Values<L: Real> = [L; 3];
    type Corners<L: Real> = [L; 9];

    #[inline(always)]
    fn values<L: Real>(like: L, _: usize) -> [L; 3] {
        [like.zero(); 3]
    }
    #[inline(always)]
    fn corners<L: Real>(like: L, _: usize) -> [L; 9] {
        [like.zero(); 9]
    }
    /// A face that is not seen has no texels, so one that has any is seen in every lane.
    #[inline(always)]
    fn face<'a, L: Real<Scalar = R>, R: Scalar, const N: usize>(
        like: L,
        own: &Own<'a, R>,
        staged: &Staged<R, N>,
        i: usize,
        local: usize,
        draws: Draws,
    ) -> Face<'a, L> {
        let texels = if draws == Draws::Color && staged.sees::<L>(i) { own.rgb(local) } else { None };
        let mut face = staged.face(like, i, texels);
        face.triangle.colored = like.mask(true);
        face
    }
    #[inline(always)]
    fn setting<'a, L: Real>(setting: Setting<'a, L>) -> Setting<'a, L> {
        Setting { facing: Facing::Both, ..setting }
    }
}

impl Channels for Any {
    const IN_TWOS: bool = false;
    const SUMS: usize = 0;
    type Values<L: Real> = Row<L>;
    type Corners<L: Real> = Row<L>;

    #[inline(always)]
    fn values<L: Real>(like: L, channels: usize) -> Row<L> {
        Row::of(like.zero(), channels)
    }
    #[inline(always)]
    fn corners<L: Real>(like: L, channels: usize) -> Row<L> {
        Row::of(like.zero(), 3 * channels)
    }
    #[inline(always)]
    fn face<'a, L: Real<Scalar = R>, R: Scalar, const N: usize>(
        like: L,
        own: &Own<'a, R>,
        staged: &Staged<R, N>,
        i: usize,
        local: usize,
        draws: Draws,
    ) -> Face<'a, L> {
        let texels = if draws == Draws::Color && staged.sees::<L>(i) { own.texels(local) } else { None };
        staged.face(like, i, texels)
    }
    #[inline(always)]
    fn setting<'a, L: Real>(setting: Setting<'a, L>) -> Setting<'a, L> {
        setting
    }
}
