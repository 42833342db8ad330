//! Camera conventions with names, and where a camera stands in each: [`Convention`], [`Extrinsics`].

use crate::error::{Error, Result};
use crate::math::{Mat3, Scalar, Vec3};

/// How far the rows of a rotation may be from unit length and right angles. It is far looser than rounding in `f32` or
/// a file with three digits, and tight enough to catch a matrix that scales or shears.
const ROTATION_SLACK: f64 = 1e-2;

/// Whose camera axes, matrix layout and picture are meant.
///
/// The world is right-handed everywhere. `v` is a point of the world, `c` the same point seen from the camera.
///
/// | convention | x, y, z of `c` point | `c` is | det of the rotation | picture |
/// |---|---|---|---|---|
/// | `Softras` (ours) | right, up, forward | `R v + t` | -1 | as seen |
/// | `SoftRasOfficial` | left, up, forward | `R v + t` (there: `R (v - eye)`) | 1 | mirrored |
/// | `OpenCv` | right, down, forward | `R v + t` | 1 | as seen |
/// | `OpenGl` | right, up, backward | `R v + t` | 1 | as seen |
/// | `PyTorch3d` | left, up, forward | `v R + t` (row vectors) | 1 | as seen |
///
/// On the screen (MATH 1) x runs to the right of the picture, y up, z is the depth, positive in front of the camera. In
/// the official convention camera x, which points left, is drawn to the right: the picture is mirrored, and the front
/// of a face runs clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Convention {
    /// Ours: the axes of the screen.
    #[default]
    Softras,
    /// The paper's code: mirrored pictures.
    SoftRasOfficial,
    /// OpenCV, COLMAP, most calibrated data sets.
    OpenCv,
    /// OpenGL, Blender, glTF: the camera looks along its -z.
    OpenGl,
    /// PyTorch3D: row vectors, `x_cam = x_world R + T`.
    PyTorch3d,
}

impl Convention {
    /// The signs that turn the camera's x, y, z into right, up, forward.
    const fn signs(self) -> [f64; 3] {
        match self {
            Self::Softras => [1.0, 1.0, 1.0],
            Self::SoftRasOfficial | Self::PyTorch3d => [-1.0, 1.0, 1.0],
            Self::OpenCv => [1.0, -1.0, 1.0],
            Self::OpenGl => [1.0, 1.0, -1.0],
        }
    }
    /// Tells whether pictures of this convention are mirrored.
    #[must_use]
    pub const fn is_mirrored(self) -> bool {
        matches!(self, Self::SoftRasOfficial)
    }
    const fn has_row_vectors(self) -> bool {
        matches!(self, Self::PyTorch3d)
    }
    /// Turns a rotation and translation between this convention and ours. The map is its own inverse up to the side the
    /// transpose stands on, and linear, so it is its own reverse as well.
    fn flip<R: Scalar>(self, rotation: &Mat3<R>, translation: Vec3<R>) -> (Mat3<R>, Vec3<R>) {
        let s = self.signs().map(R::from_f64);
        let rows = core::array::from_fn(|i| rotation.rows[i].scale(s[i]));
        let t = translation;
        (Mat3 { rows }, Vec3::new(t.x * s[0], t.y * s[1], t.z * s[2]))
    }
    /// Returns rotation rows and translation in ours (right, up, forward).
    pub(super) fn read<R: Scalar>(self, rotation: &Mat3<R>, t: Vec3<R>) -> (Mat3<R>, Vec3<R>) {
        if self.has_row_vectors() { self.flip(&rotation.transpose(), t) } else { self.flip(rotation, t) }
    }
    /// Returns rotation and translation in this convention from ours; also the reverse of [`Convention::read`].
    pub(super) fn write<R: Scalar>(self, rotation: &Mat3<R>, t: Vec3<R>) -> (Mat3<R>, Vec3<R>) {
        let (rotation, t) = self.flip(rotation, t);
        if self.has_row_vectors() { (rotation.transpose(), t) } else { (rotation, t) }
    }
}

/// Where a camera stands: a rotation and a translation, with the [`Convention`] they are written in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extrinsics<R = f32> {
    /// Whose axes and layout are meant.
    pub convention: Convention,
    /// The rotation R, `[3, 3]`.
    pub rotation: Mat3<R>,
    /// The translation t, in world units.
    pub translation: Vec3<R>,
}

impl<R: Scalar> Extrinsics<R> {
    /// A rotation `[3, 3]` and a translation, written in `convention`.
    pub fn new(convention: Convention, rotation: impl Into<Mat3<R>>, translation: Vec3<R>) -> Self {
        Self { convention, rotation: rotation.into(), translation }
    }

    /// Returns the same place, written in the convention `to`.
    ///
    /// A place has no mirror: pictures taken from it are mirrored or not as `to` says.
    #[must_use]
    pub fn convert(&self, to: Convention) -> Self {
        let (rotation, translation) = self.convention.read(&self.rotation, self.translation);
        let (rotation, translation) = to.write(&rotation, translation);
        Self { convention: to, rotation, translation }
    }

    /// Checks that the matrix is a rotation (within 1e-2) of the right handedness, and all numbers finite.
    ///
    /// # Errors
    /// `Parameter` if not.
    pub fn check(&self) -> Result<()> {
        let t = self.translation.to_array();
        if !t.iter().chain(self.rotation.to_array().as_flattened()).all(|x| x.is_finite()) {
            return Err(Error::parameter("camera extrinsics", format!("{self:?}"), "finite numbers"));
        }
        let wanted = if self.convention == Convention::Softras { -1.0 } else { 1.0 };
        check_rotation(&format!("camera rotation ({:?})", self.convention), &self.rotation, wanted)
    }
}

/// Checks that `rotation` has orthonormal rows (within 1e-2) and a determinant of the sign of `wanted`, 1 or -1.
pub(super) fn check_rotation<R: Scalar>(name: &str, rotation: &Mat3<R>, wanted: f64) -> Result<()> {
    let product = rotation.mul(&rotation.transpose()).to_array();
    let far = |i: usize, j: usize| product[i][j].to_f64() - f64::from(u8::from(i == j));
    let slack = (0..9).map(|k| far(k / 3, k % 3).abs()).fold(0.0, f64::max);
    let found = rotation.determinant().to_f64();
    // Written so that NaN fails.
    if slack <= ROTATION_SLACK && found * wanted > 0.0 {
        return Ok(());
    }
    Err(Error::parameter(
        name,
        format!("determinant {found}, rows up to {slack:.1e} from orthonormal"),
        format!("orthonormal rows and determinant {wanted}"),
    ))
}
