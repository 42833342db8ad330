//! The color Laplacian: [`FaceSmoothness`].

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, ArrayView3};
use softras_core::math::Scalar;

use crate::error::{Error, Result};

/// How unlike the colors of adjacent faces are: `mean over pairs (f, g) that share an edge of |c_f - c_g|^2`, where `c_f` is
/// the mean of the texels of face f. It is the quadratic form of the Laplacian of the graph of faces; 0 without pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaceSmoothness {
    faces: usize,
    pairs: Vec<[usize; 2]>, // each once
}

impl FaceSmoothness {
    /// Finds the pairs of `triangles [F]` that share an edge. Where more than two meet, each is paired with the next.
    #[must_use]
    pub fn new(triangles: &[[u32; 3]]) -> Self {
        let mut edges: BTreeMap<[u32; 2], Vec<usize>> = BTreeMap::new();
        for (f, &[a, b, c]) in triangles.iter().enumerate() {
            for [p, q] in [[a, b], [b, c], [c, a]] {
                edges.entry([p.min(q), p.max(q)]).or_default().push(f);
            }
        }
        let mut pairs: Vec<[usize; 2]> =
            edges.values().flat_map(|faces| faces.windows(2).map(|w| [w[0], w[1]])).collect();
        // Two triangles may share two edges, and a triangle that names a vertex twice meets itself.
        pairs.retain(|[f, g]| f != g);
        pairs.sort_unstable();
        pairs.dedup();
        Self { faces: triangles.len(), pairs }
    }

    /// The pairs of adjacent faces, each once.
    #[must_use]
    pub fn pairs(&self) -> &[[usize; 2]] {
        &self.pairs
    }

    /// Returns the loss of `texels [F, T, 3]` and its gradient, of the same shape.
    ///
    /// # Errors
    /// `Setting` if there are not F faces.
    pub fn loss<R: Scalar>(&self, texels: ArrayView3<'_, R>) -> Result<(R, Array3<R>)> {
        let (faces, count, channels) = texels.dim();
        if faces != self.faces || count == 0 {
            let found = format!("{:?}", texels.shape());
            return Err(Error::setting(
                "texels of a mesh",
                found,
                format!("[{}, at least 1, 3]", self.faces),
            ));
        }
        let mut grad = Array3::from_elem(texels.raw_dim(), R::ZERO);
        if self.pairs.is_empty() {
            return Ok((R::ZERO, grad));
        }
        let each = R::from_f64(1.0 / count as f64);
        let sum = |f: usize, c: usize| (0..count).fold(R::ZERO, |sum, t| sum + texels[[f, t, c]]);
        let means = Array2::from_shape_fn((faces, channels), |(f, c)| sum(f, c) * each);
        let share = R::from_f64(1.0 / self.pairs.len() as f64);
        let mut value = R::ZERO;
        for &[f, g] in &self.pairs {
            for c in 0..channels {
                let apart = means[[f, c]] - means[[g, c]];
                value += share * apart * apart;
                let slope = share * each * (apart + apart);
                // Summed in the first texel of each face, and handed on to the others below.
                grad[[f, 0, c]] += slope;
                grad[[g, 0, c]] -= slope;
            }
        }
        for mut face in grad.outer_iter_mut() {
            for c in 0..channels {
                let first = face[[0, c]];
                face.column_mut(c).fill(first);
            }
        }
        Ok((value, grad))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;
    use softras_io::icosphere;

    use super::*;

    #[test]
    fn every_face_of_a_sphere_has_three_neighbours_and_plain_colors_cost_nothing() {
        let sphere = icosphere(1).unwrap();
        let smooth = FaceSmoothness::new(sphere.triangles());
        assert_eq!(smooth.pairs().len(), 3 * 80 / 2);
        let (value, grad) = smooth.loss(Array3::from_elem((80, 4, 3), 0.3_f64).view()).unwrap();
        assert!(value.abs() < 1e-15 && grad.iter().all(|g| g.abs() < 1e-15));
        // One white face among black ones: three of the pairs differ by one in three channels.
        let mut texels = Array3::<f64>::zeros((80, 4, 3));
        texels.index_axis_mut(Axis(0), 7).fill(1.0);
        let (value, _) = smooth.loss(texels.view()).unwrap();
        assert!((value - 3.0 * 3.0 / 120.0).abs() < 1e-12, "{value}");
        assert!(smooth.loss(Array3::<f64>::zeros((79, 4, 3)).view()).is_err());
    }

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let smooth = FaceSmoothness::new(&[[0, 1, 2], [2, 1, 3], [0, 2, 1], [4, 4, 5]]);
        assert_eq!(smooth.pairs(), [[0, 1], [0, 2], [1, 2]]);
        let noise = |i: usize| (i as f64 * 0.754_877_666).fract();
        let texels = Array3::from_shape_fn((4, 2, 3), |(f, t, c)| noise(f * 31 + t * 7 + c));
        let (_, grad) = smooth.loss(texels.view()).unwrap();
        for ((f, t, c), expected) in grad.indexed_iter() {
            let at = |h: f64| {
                let mut moved = texels.clone();
                moved[[f, t, c]] += h;
                smooth.loss(moved.view()).unwrap().0
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slope - expected).abs() < 1e-9, "{f} {t} {c}: {slope} {expected}");
        }
    }
}
