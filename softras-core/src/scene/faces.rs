//! Faces on the screen: what a rasterizer draws, packed for a batch of pictures.

use core::ops::Range;

use ndarray::{Array1, Array3};

use crate::error::{Error, Result};
use crate::math::{FaceTexels, Scalar, TextureKind};

/// The largest screen coordinate: squares of it stay finite in `f32` (MATH 1).
pub const MAX_COORDINATE: f64 = 1e6;

/// The largest depth, of either sign: products with it stay finite in `f32`.
pub const MAX_DEPTH: f64 = 1e18;

/// The largest color, of either sign: gradients that multiply it by `1/gamma` and depth stay finite in `f32`.
pub const MAX_COLOR: f64 = 1e6;

/// The most faces one picture may hold: face numbers stay exact in `f32` lanes.
pub const MAX_FACES_PER_PICTURE: usize = 1 << 24;

/// Most texels along a side of a face: texel numbers stay exact in `f32`.
pub const MAX_TEXTURE_SIDE: usize = 4096;

/// Which way round the front of a face runs on the screen (x right, y up).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Winding {
    /// `det > 0`: the corners run counter-clockwise. Ours.
    #[default]
    CounterClockwise,
    /// `det < 0`: the corners run clockwise, as in the mirrored pictures of the official convention.
    Clockwise,
}

/// The colors of faces: rows of texels that pictures may share.
#[derive(Clone, Debug, PartialEq)]
pub struct Textures<R = f32> {
    kind: TextureKind,
    texels: Array3<R>, // [T, kind.texels(), C]
}

impl<R: Scalar> Textures<R> {
    /// Builds textures from `texels [T, kind.texels(), C]`, C >= 1.
    ///
    /// # Errors
    /// `Shape` if the shape does not fit the kind; `Parameter` if a value is not finite or larger than [`MAX_COLOR`].
    pub fn new(kind: TextureKind, texels: Array3<R>) -> Result<Self> {
        if let TextureKind::Surface { side } = kind
            && !(1..=MAX_TEXTURE_SIDE).contains(&side)
        {
            return Err(Error::parameter("texture side", side, format!("1 to {MAX_TEXTURE_SIDE}")));
        }
        let [_, n, c] = *texels.shape() else {
            return Err(Error::shape("texels", texels.shape(), "three dimensions"));
        };
        if n != kind.texels() || c == 0 {
            return Err(Error::shape("texels", texels.shape(), format!("[T, {}, C], C >= 1", kind.texels())));
        }
        if let Some((at, bad)) = texels.indexed_iter().find(|(_, x)| !is_color(**x)) {
            let expected = format!("a finite number of size at most {MAX_COLOR:e}");
            return Err(Error::parameter(format!("texel {at:?}"), format!("{bad:?}"), expected));
        }
        Ok(Self { kind, texels: standard(texels) })
    }

    /// How the texels are read.
    #[must_use]
    pub const fn kind(&self) -> TextureKind {
        self.kind
    }
    /// The texels, `[T, kind().texels(), C]`, standard layout.
    #[must_use]
    pub const fn texels(&self) -> &Array3<R> {
        &self.texels
    }
    /// The number of rows T.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.texels.shape()[0]
    }
    /// The number of channels C.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.texels.shape()[2]
    }
}

/// Which faces and textures one picture of the batch uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its faces, a range of the rows of the corners.
    pub faces: Range<usize>,
    /// The texture row of its first face; the others follow in order. Pictures may share rows.
    pub first_texture: usize,
}

/// Faces on the screen, packed for a batch of pictures.
///
/// Corners are `[F, 3, 3]`: x and y in screen units (MATH 1), z the depth in front of the camera. Each picture owns
/// a range of the faces; meshes of different sizes share a batch, and many views of one mesh share its texture.
/// Faces cannot be built with a number that is not finite, `|x|` or `|y|` above 1e6, or ranges that do not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Faces<R = f32> {
    corners: Array3<R>, // [F, 3, 3]
    pictures: Vec<Picture>,
    textures: Option<Textures<R>>,
    front: Winding,
    absent: Option<Array1<bool>>, // [F]
}

impl<R: Scalar> Faces<R> {
    /// Builds one picture from `corners [F, 3, 3]`, without color.
    ///
    /// # Errors
    /// `Shape` if `corners` is not `[F, 3, 3]`; `Parameter` if a number is not finite or out of range.
    pub fn new(corners: Array3<R>) -> Result<Self> {
        let count = corners.shape()[0];
        Self::packed(corners, vec![Picture { faces: 0..count, first_texture: 0 }])
    }

    /// Builds a batch from `corners [F, 3, 3]` and the faces of each picture.
    ///
    /// # Errors
    /// `Shape` and `Parameter` as for [`Faces::new`]; `Layout` if the ranges are not ascending, disjoint and inside
    /// `0..F`, or a picture has more than [`MAX_FACES_PER_PICTURE`] faces.
    pub fn packed(corners: Array3<R>, pictures: Vec<Picture>) -> Result<Self> {
        let faces = Self {
            corners: standard(corners),
            pictures,
            textures: None,
            front: Winding::default(),
            absent: None,
        };
        faces.check_corners()?;
        faces.check_pictures()?;
        Ok(faces)
    }

    /// Gives the faces their textures.
    ///
    /// # Errors
    /// `Layout` if a picture's texture rows do not exist.
    pub fn with_textures(mut self, textures: Textures<R>) -> Result<Self> {
        self.textures = Some(textures);
        self.check_pictures()?;
        Ok(self)
    }

    /// Says which way round a front face runs.
    #[must_use]
    pub const fn with_front(mut self, front: Winding) -> Self {
        self.front = front;
        self
    }

    /// Marks faces that are not drawn (dropped at the near plane): they keep their place, count in the number of
    /// faces of their picture, and touch no pixel.
    ///
    /// # Errors
    /// `Shape` if `absent` is not `[F]`.
    pub fn with_absent(mut self, absent: Array1<bool>) -> Result<Self> {
        if absent.len() != self.count() {
            return Err(Error::shape("absent", absent.shape(), format!("[{}]", self.count())));
        }
        self.absent = absent.iter().any(|&a| a).then_some(absent);
        Ok(self)
    }

    /// Replaces the corners, keeping everything else; the buffer of the old ones is returned for reuse.
    ///
    /// # Errors
    /// As [`Faces::new`]; also `Shape` if the number of faces changes. On an error nothing has changed.
    pub fn replace_corners(&mut self, corners: Array3<R>) -> Result<Array3<R>> {
        if corners.shape() != self.corners.shape() {
            return Err(Error::shape("corners", corners.shape(), format!("{:?}", self.corners.shape())));
        }
        let old = core::mem::replace(&mut self.corners, standard(corners));
        match self.check_corners() {
            Ok(()) => Ok(old),
            Err(e) => {
                self.corners = old;
                Err(e)
            }
        }
    }

    /// The corners, `[F, 3, 3]`, standard layout.
    #[must_use]
    pub const fn corners(&self) -> &Array3<R> {
        &self.corners
    }
    /// The corners of face `f`: three times (x, y, z).
    ///
    /// # Panics
    /// If there is no face `f`.
    #[must_use]
    pub fn face(&self, f: usize) -> [[R; 3]; 3] {
        let c = &self.corners;
        core::array::from_fn(|k| core::array::from_fn(|i| c[[f, k, i]]))
    }
    /// The pictures of the batch.
    #[must_use]
    pub fn pictures(&self) -> &[Picture] {
        &self.pictures
    }
    /// The textures, if there are any.
    #[must_use]
    pub const fn textures(&self) -> Option<&Textures<R>> {
        self.textures.as_ref()
    }
    /// Returns row `row` of the textures, if there are textures.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn texels_of(&self, row: usize) -> Option<FaceTexels<'_, R>> {
        let textures = self.textures()?;
        let (kind, channels) = (textures.kind(), textures.channels());
        let size = kind.texels() * channels;
        let texels = textures.texels().as_slice()?;
        Some(FaceTexels { kind, texels: &texels[row * size..(row + 1) * size], channels })
    }
    /// Which way round a front face runs.
    #[must_use]
    pub const fn front(&self) -> Winding {
        self.front
    }
    /// Tells whether face `f` is not drawn.
    #[must_use]
    pub fn is_absent(&self, f: usize) -> bool {
        self.absent.as_ref().is_some_and(|a| a[f])
    }
    /// The number of faces of the whole batch, F.
    #[must_use]
    pub fn count(&self) -> usize {
        self.corners.shape()[0]
    }
    /// The number of pictures, B.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.pictures.len()
    }
    /// The number of color channels, 0 without textures.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.textures.as_ref().map_or(0, Textures::channels)
    }
    /// The same faces in another scalar type.
    #[must_use]
    pub fn cast<S: Scalar>(&self) -> Faces<S> {
        let c = |x: &R| S::from_f64(x.to_f64());
        Faces {
            corners: self.corners.map(c),
            pictures: self.pictures.clone(),
            textures: self.textures.as_ref().map(|t| Textures { kind: t.kind, texels: t.texels.map(c) }),
            front: self.front,
            absent: self.absent.clone(),
        }
    }

    fn check_corners(&self) -> Result<()> {
        if self.corners.shape()[1..] != [3, 3] {
            return Err(Error::shape("corners", self.corners.shape(), "[F, 3, 3]"));
        }
        for ((f, k, i), value) in self.corners.indexed_iter() {
            let limit = if i == 2 { MAX_DEPTH } else { MAX_COORDINATE };
            if !value.is_finite() || value.to_f64().abs() > limit {
                return Err(Error::parameter(
                    format!("{} of corner {k} of face {f}", ["x", "y", "z"][i]),
                    format!("{value:?}"),
                    format!("a finite number of size at most {limit:e}"),
                ));
            }
        }
        Ok(())
    }

    fn check_pictures(&self) -> Result<()> {
        let mut end = 0;
        for (b, picture) in self.pictures.iter().enumerate() {
            let faces = &picture.faces;
            if faces.start < end || faces.end < faces.start || faces.end > self.count() {
                return Err(Error::layout(
                    format!("faces of picture {b}"),
                    format!("{faces:?}"),
                    format!("an ascending range inside {end}..{}", self.count()),
                ));
            }
            if faces.len() > MAX_FACES_PER_PICTURE {
                return Err(Error::layout(
                    format!("faces of picture {b}"),
                    faces.len(),
                    format!("at most {MAX_FACES_PER_PICTURE}"),
                ));
            }
            end = faces.end;
            if let Some(textures) = &self.textures {
                let last = picture.first_texture.checked_add(faces.len());
                if last.is_none_or(|last| last > textures.rows()) {
                    return Err(Error::layout(
                        format!("texture rows of picture {b}"),
                        format!("{} rows from row {}", faces.len(), picture.first_texture),
                        format!("rows inside 0..{}", textures.rows()),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Tells whether a color is finite and not too large.
pub(crate) fn is_color<R: Scalar>(value: R) -> bool {
    value.is_finite() && value.to_f64().abs() <= MAX_COLOR
}

/// Returns the same array with rows contiguous in memory.
pub(super) fn standard<R: Scalar, D: ndarray::Dimension>(a: ndarray::Array<R, D>) -> ndarray::Array<R, D> {
    if a.is_standard_layout() { a } else { a.as_standard_layout().into_owned() }
}
