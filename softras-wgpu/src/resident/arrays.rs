//! The device buffers of resident pictures, for kernels of one's own.

use core::ops::Range;

use super::{Part, Resident};
use crate::axes::FACE_VALUES;
use crate::buffers::Buffer;
use crate::turns::Chunk;

/// An array of `f32` in a device buffer, or some rows of one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResidentArray<'r> {
    /// The buffer; kernels may read and write it, and copies too.
    pub buffer: &'r wgpu::Buffer,
    /// The number of 32 bits at which the rows begin.
    pub first: u64,
    /// Which rows of the batch's array they are.
    pub rows: Range<usize>,
    /// The shape of a row, standard layout.
    pub row: Vec<usize>,
}

/// Numbers of the corners of a face.
const CORNERS: u64 = 9;

impl Resident<'_> {
    /// The corners, `[F, 3, 3]`. What is written here is not checked, and `faces` does not know it; call `forward` after.
    ///
    /// A picture of more than 1024 pixels a side, or too large for the device at once, is drawn in parts: its faces then
    /// come once for each, and all must be written.
    ///
    /// # Errors
    /// `Device` if a buffer is gone, which would be a fault of this crate.
    pub fn corners(&mut self) -> softras_core::Result<Vec<ResidentArray<'_>>> {
        self.changed();
        self.faces_in(CORNERS, &[3, 3], |part, number| &part.chunks[number].corners)
    }

    /// The gradient to the corners, `[F, 3, 3]`, after `backward`. Where faces come more than once, they are to be added.
    ///
    /// # Errors
    /// As [`Resident::corners`].
    pub fn corner_gradients(&self) -> softras_core::Result<Vec<ResidentArray<'_>>> {
        debug_assert!(FACE_VALUES as u64 >= CORNERS, "the corners come first");
        self.faces_in(CORNERS, &[3, 3], |part, number| &part.grads[number].faces)
    }

    fn faces_in<'r>(
        &'r self,
        numbers: u64,
        row: &[usize],
        buffer: impl Fn(&'r Part, usize) -> &'r Buffer,
    ) -> softras_core::Result<Vec<ResidentArray<'r>>> {
        let mut all = Vec::new();
        for (part, number, chunk) in self.chunks() {
            for span in &chunk.spans {
                all.push(ResidentArray {
                    buffer: buffer(part, number).raw()?,
                    first: numbers * span.first_face as u64,
                    rows: span.faces.clone(),
                    row: row.to_vec(),
                });
            }
        }
        Ok(all)
    }

    fn chunks(&self) -> impl Iterator<Item = (&Part, usize, &Chunk)> {
        let of_part = |part| Part::numbered(part).map(move |(number, chunk)| (part, number, chunk));
        self.parts.iter().flat_map(of_part)
    }

    /// The texels, `[T, texels, C]`; none where no color is drawn or the faces have none. As [`Resident::corners`].
    ///
    /// # Errors
    /// As [`Resident::corners`].
    pub fn textures(&mut self) -> softras_core::Result<Vec<ResidentArray<'_>>> {
        self.changed();
        let mut all = Vec::new();
        let row = self.texel_shape();
        for (part, number, chunk) in self.chunks().filter(|_| !row.is_empty()) {
            let own = &part.chunks[number];
            all.push(ResidentArray {
                buffer: own.numbers.raw()?,
                first: own.globals.texels.into(),
                rows: chunk.rows.clone(),
                row: row.clone(),
            });
        }
        Ok(all)
    }

    /// The gradient to the texels, after `backward`, summed over the pictures that share them; none where it is not
    /// wanted.
    ///
    /// # Errors
    /// As [`Resident::corners`].
    pub fn texture_gradients(&self) -> softras_core::Result<Option<ResidentArray<'_>>> {
        let Some((texels, textures)) = self.texels.as_ref().zip(self.faces.textures()) else {
            return Ok(None);
        };
        let (buffer, rows) = (texels.raw()?, 0..textures.rows());
        Ok(Some(ResidentArray { buffer, first: 0, rows, row: self.texel_shape() }))
    }

    fn texel_shape(&self) -> Vec<usize> {
        let textures = self.faces.textures().filter(|_| self.layout.texel_size > 0);
        textures.map_or_else(Vec::new, |t| t.texels().shape()[1..].to_vec())
    }

    /// The pictures, after `forward`: `[B, planes, height, width]`, the channels of the color and then the silhouette,
    /// those that are drawn. Of a picture that is drawn in windows each comes alone, row by row of windows.
    ///
    /// # Errors
    /// As [`Resident::corners`].
    pub fn images(&self) -> softras_core::Result<Vec<ResidentArray<'_>>> {
        self.pictures(|part| &part.picture)
    }

    /// The gradient to the pictures, laid out as [`Resident::images`], for `backward_on_device`.
    ///
    /// # Errors
    /// As [`Resident::corners`].
    pub fn image_gradients(&self) -> softras_core::Result<Vec<ResidentArray<'_>>> {
        self.pictures(|part| &part.picture_grad)
    }

    fn pictures<'r>(
        &'r self,
        buffer: impl Fn(&'r Part) -> &'r Buffer,
    ) -> softras_core::Result<Vec<ResidentArray<'r>>> {
        let planes = self.layout.axes.picture_planes() as usize;
        let array = |part: &'r Part| {
            let window = &part.turn.window;
            let row = vec![planes, window.height as usize, window.width as usize];
            Ok(ResidentArray { buffer: buffer(part).raw()?, first: 0, rows: part.turn.pictures.clone(), row })
        };
        self.parts.iter().map(array).collect()
    }
}

impl Part {
    fn numbered(&self) -> impl Iterator<Item = (usize, &Chunk)> {
        self.turn.chunks.iter().enumerate()
    }
}
