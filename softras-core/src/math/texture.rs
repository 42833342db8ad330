//! The color of a face at a pixel (MATH 6), and its gradient to weights and texels.

use super::real::{Real, Scalar};

/// How the texels of a face are read (MATH 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextureKind {
    /// Three texels a face, one at each corner, interpolated.
    Vertex,
    /// `side * side` texels a face, the nearest one counts.
    Surface {
        /// Texels along a side, R.
        side: usize,
    },
}

impl TextureKind {
    /// The number of texels of a face.
    #[must_use]
    pub const fn texels(self) -> usize {
        match self {
            Self::Vertex => 3,
            Self::Surface { side } => side * side,
        }
    }
}

/// Which weights interpolate a face's attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// Perspective-correct: straight lines in the world stay straight.
    #[default]
    Perspective,
    /// Affine on the screen, as the official code does.
    Screen,
}

impl Interpolation {
    /// Returns the word for it on command lines and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Perspective => "perspective",
            Self::Screen => "screen",
        }
    }
}

/// Returns a channel interpolated between its values at the corners, `sum_k c_k T_k`.
#[inline(always)]
pub fn vertex_color<R: Real>(c: &[R; 3], corners: [R; 3]) -> R {
    c[0] * corners[0] + c[1] * corners[1] + c[2] * corners[2]
}

/// Returns the gradients (to c, to the corner values), given `grad` with respect to [`vertex_color`].
#[inline(always)]
pub fn vertex_color_vjp<R: Real>(c: &[R; 3], corners: [R; 3], grad: R) -> ([R; 3], [R; 3]) {
    (three!(k => grad * corners[k]), three!(k => grad * c[k]))
}

/// Returns the number of the texel at weights `c` of a face with `side * side` texels, as a real number.
///
/// The lower triangle of cell (wx, wy) has texel `wy side + wx`, the upper one `(side-1-wy) side + (side-1-wx)`. The
/// diagonal cells `wx + wy = side - 1` have a lower triangle only; saying so first keeps rounding from transposing
/// texels along the edge 0-1. Constant in c, so it has no gradient.
#[inline(always)]
pub fn surface_texel<R: Real>(c: &[R; 3], side: R) -> R {
    let last = side - side.one();
    let cell = |c: R| (c * side).floor().max(c.zero()).min(last);
    let (x, y) = (cell(c[0]), cell(c[1]));
    let lower = (x + y).same(last) | ((c[0] + c[1]) * side - x - y).le(side.one());
    R::select(lower, y * side + x, (last - y) * side + (last - x))
}

/// Returns (c_0, c_1) at the centre of texel `index` of a face with `side * side` texels (MATH 6).
///
/// For `index = wy side + wx` and wx + wy < side: `((wx + 1/3) / side, (wy + 1/3) / side)`, else
/// `((side-1-wx + 2/3) / side, (side-1-wy + 2/3) / side)`.
#[must_use]
pub fn surface_texel_centre(side: usize, index: usize) -> [f64; 2] {
    let (x, y) = (index % side, index / side);
    let place = |w: usize| {
        let (cell, part) = if x + y < side { (w, 1.0 / 3.0) } else { (side - 1 - w, 2.0 / 3.0) };
        (cell as f64 + part) / side as f64
    };
    [place(x), place(y)]
}

/// Where the gradient to the texels of a face is added.
#[derive(Debug)]
pub enum TexelSink<'a, R: Real> {
    /// Nowhere: it is not wanted.
    Nowhere,
    /// Texels at the corners, `[3, C]`, a sum in each lane.
    Corners(&'a mut [R]),
    /// Surface texels, `[side * side, C]`: every lane adds to its own texel.
    Surface(&'a mut [R::Scalar]),
}

impl<'a, S: Scalar> TexelSink<'a, S> {
    /// Adds to `texels [kind.texels(), C]`, or nowhere if it is empty.
    pub fn of(kind: TextureKind, texels: &'a mut [S]) -> Self {
        match kind {
            _ if texels.is_empty() => Self::Nowhere,
            TextureKind::Vertex => Self::Corners(texels),
            TextureKind::Surface { .. } => Self::Surface(texels),
        }
    }
}

/// The texels of one face and how they are read: `[texels, C]`.
#[derive(Clone, Copy, Debug)]
pub struct FaceTexels<'a, S> {
    /// How the texels are read.
    pub kind: TextureKind,
    /// The texels, `[kind.texels(), C]`, row-major.
    pub texels: &'a [S],
    /// The number of channels C.
    pub channels: usize,
}

impl<S: Scalar> FaceTexels<'_, S> {
    /// Writes the color at texture weights `c` to `out [C]`.
    #[inline(always)]
    pub fn color<R: Real<Scalar = S>>(&self, c: &[R; 3], out: &mut [R]) {
        let channels = self.channels;
        match self.kind {
            TextureKind::Vertex => {
                for (n, out) in out.iter_mut().enumerate() {
                    *out = vertex_color(c, self.corner_values(c[0], n));
                }
            }
            TextureKind::Surface { side } => {
                let texel = surface_texel(c, c[0].lit(side as f64));
                for (n, out) in out.iter_mut().enumerate() {
                    *out = c[0].per_lane(|i| self.texels[self.index(texel.lane(i)) * channels + n]);
                }
            }
        }
    }

    /// Returns the gradient to the texture weights, given `grad [C]` with respect to the color, which is 0 where
    /// `member` does not hold; adds the gradient to the texels.
    #[inline(always)]
    pub fn color_vjp<R: Real<Scalar = S>>(
        &self,
        c: &[R; 3],
        grad: &[R],
        member: R::Mask,
        texels: &mut TexelSink<'_, R>,
    ) -> [R; 3] {
        let channels = self.channels;
        let mut grad_c = [c[0].zero(); 3];
        match self.kind {
            TextureKind::Vertex => {
                for (n, &g) in grad.iter().enumerate() {
                    let (to_c, to_corners) = vertex_color_vjp(c, self.corner_values(c[0], n), g);
                    for k in 0..3 {
                        grad_c[k] += to_c[k];
                        if let TexelSink::Corners(sums) = texels {
                            sums[k * channels + n] += to_corners[k];
                        }
                    }
                }
            }
            TextureKind::Surface { side } => {
                if let TexelSink::Surface(sums) = texels {
                    let texel = surface_texel(c, c[0].lit(side as f64));
                    for i in 0..R::LANES {
                        if R::mask_lane(member, i) {
                            let first = self.index(texel.lane(i)) * channels;
                            for (n, &g) in grad.iter().enumerate() {
                                sums[first + n] += g.lane(i);
                            }
                        }
                    }
                }
            }
        }
        grad_c
    }

    #[inline(always)]
    fn corner_values<R: Real<Scalar = S>>(&self, like: R, n: usize) -> [R; 3] {
        three!(k => like.splat(self.texels[k * self.channels + n]))
    }

    /// The texel a lane reads; lanes that are no members may hold anything, and read some texel.
    #[inline(always)]
    fn index(&self, texel: S) -> usize {
        (texel.to_f64() as usize).min(self.kind.texels() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(side: usize, [c0, c1]: [f64; 2]) -> usize {
        surface_texel(&[c0, c1, 1.0 - c0 - c1], side as f64) as usize
    }

    #[test]
    fn two_by_two_centres_are_as_computed_by_hand() {
        // Texels 0, 1, 2 are lower triangles at (0,0), (1,0), (0,1); texel 3 is the upper one of cell (0,0).
        let expected = [[1.0, 1.0], [4.0, 1.0], [1.0, 4.0], [2.0, 2.0]];
        for (index, e) in expected.iter().enumerate() {
            let c = surface_texel_centre(2, index);
            assert!((c[0] - e[0] / 6.0).abs() < 1e-15 && (c[1] - e[1] / 6.0).abs() < 1e-15, "{index}: {c:?}");
        }
    }

    #[test]
    fn every_texel_is_found_at_its_own_surface_texel_centre() {
        for side in 1..=33 {
            for index in 0..side * side {
                assert_eq!(at(side, surface_texel_centre(side, index)), index, "side {side}");
            }
        }
    }

    #[test]
    fn centres_lie_inside_the_face_and_average_to_its_middle() {
        for side in 1..=16 {
            let all: Vec<_> = (0..side * side).map(|i| surface_texel_centre(side, i)).collect();
            assert!(all.iter().all(|c| c[0] > 0.0 && c[1] > 0.0 && c[0] + c[1] < 1.0));
            let mean = all.iter().map(|c| c[0]).sum::<f64>() / all.len() as f64;
            assert!((mean - 1.0 / 3.0).abs() < 1e-12, "side {side}: {mean}");
        }
    }

    #[test]
    fn corners_and_edges_have_a_texel() {
        for side in 1..=9 {
            for k in 0..=64 {
                let t = f64::from(k) / 64.0;
                for c in [[t, 0.0], [0.0, t], [t, 1.0 - t]] {
                    assert!(at(side, c) < side * side);
                }
            }
        }
    }
}
