//! An atlas: the texels of every face side by side in one picture, so that other programs show them.
//!
//! A face takes the lower half of a square of `cell` pixels a side, corner 2 at the left bottom, corner 0 to the right of
//! it, corner 1 above it, and the square has a border of one pixel. The upper half and the border repeat the nearest
//! color of the face, so that no interpolation mixes in a neighbour. With 4 pixels a texel the four pixels around
//! every texel centre belong to that texel: baking the atlas at the same side gives the same texels back.

use ndarray::Array3;

use super::texels;

/// Largest side of an atlas in pixels, which every graphics card takes.
const LARGEST: usize = 8192;

/// A picture that holds the texels of all faces.
pub(super) struct Atlas {
    /// Pixels a side of the picture.
    pub(super) size: usize,
    /// Pixels a side of a face.
    cell: usize,
    /// Faces a row.
    columns: usize,
}

impl Atlas {
    /// Lays out `faces` faces of `side` texels a side; `None` if they do not fit.
    pub(super) fn new(faces: usize, side: usize) -> Option<Self> {
        let columns = (faces as f64).sqrt().ceil().max(1.0) as usize;
        [4 * side, 2 * side, side, 4, 2].into_iter().filter(|cell| *cell > 1).find_map(|cell| {
            let size = columns * (cell + 2);
            (size <= LARGEST).then_some(Self { size, cell, columns })
        })
    }
    /// Returns the left bottom corner of face `f`, in pixels from the left and from the bottom.
    fn place(&self, f: usize) -> [usize; 2] {
        [f % self.columns, f / self.columns].map(|k| k * (self.cell + 2) + 1)
    }
    /// Returns the corners of face `f`: u to the right, v upwards, 0..=1 over the picture.
    pub(super) fn uv(&self, f: usize) -> [[f64; 2]; 3] {
        let [x, y] = self.place(f);
        let far = self.cell;
        [[x + far, y], [x, y + far], [x, y]].map(|corner| corner.map(|p| p as f64 / self.size as f64))
    }
    /// Paints the picture, `[H, W, 3]`, from `texels [F, R * R, 3]`.
    pub(super) fn paint(&self, side: usize, texels: &Array3<f32>) -> Array3<f32> {
        let mut picture = Array3::zeros((self.size, self.size, 3));
        for f in 0..texels.dim().0 {
            let [x, y] = self.place(f);
            for j in 0..self.cell + 2 {
                for i in 0..self.cell + 2 {
                    let texel = texels::at(side, self.nearest(i, j));
                    for k in 0..3 {
                        picture[[self.size - (y + j), x - 1 + i, k]] = texels[[f, texel, k]];
                    }
                }
            }
        }
        picture
    }
    /// Returns (c_0, c_1) of the point of the face nearest to the centre of pixel (i, j) of the bordered square.
    fn nearest(&self, i: usize, j: usize) -> [f64; 2] {
        let place = |k: usize| ((k as f64 - 0.5) / self.cell as f64).clamp(0.0, 1.0);
        let [c0, c1] = [place(i), place(j)];
        let over = (c0 + c1 - 1.0).max(0.0) / 2.0;
        let [c0, c1] = [(c0 - over).max(0.0), (c1 - over).max(0.0)];
        // A hair inside the long edge, where rounding would name a texel of the mirrored half.
        let keep = if c0 + c1 > 1.0 - 1e-9 { (1.0 - 1e-9) / (c0 + c1) } else { 1.0 };
        [c0 * keep, c1 * keep]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::bake;

    #[test]
    fn baking_an_atlas_gives_its_texels_back() {
        for (faces, side) in [(1, 1), (5, 1), (7, 2), (3, 5), (10, 8)] {
            let texels = Array3::from_shape_fn((faces, side * side, 3), |(f, t, k)| {
                ((f * 37 + t * 11 + k * 5) % 17) as f32 / 16.0
            });
            let atlas = Atlas::new(faces, side).unwrap();
            let rgb = atlas.paint(side, &texels);
            for f in 0..faces {
                let mut out = vec![0.0; side * side * 3];
                let uv = atlas.uv(f).map(|c| c.map(|x| x as f32));
                bake::face(&rgb, &uv, side, &mut out);
                for (t, texel) in out.chunks_exact(3).enumerate() {
                    for k in 0..3 {
                        let e = texels[[f, t, k]];
                        assert!((texel[k] - e).abs() < 1e-4, "side {side}, face {f}, texel {t}: {texel:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_atlas_never_grows_beyond_what_graphics_cards_take() {
        assert!(Atlas::new(200_000, 16).is_some_and(|a| a.size <= LARGEST));
        assert!(Atlas::new(4_000_000, 16).is_some_and(|a| a.size <= LARGEST));
        assert!(Atlas::new(5_000_000, 1).is_none());
    }
}
