//! Displacements that are smooth over a surface: [`Smoother`].

use std::sync::Arc;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::linalg::SupernodalThreshold;
use faer::sparse::linalg::cholesky::{
    CholeskySymbolicParams, LltRef, SymbolicCholesky, SymmetricOrdering, factorize_symbolic_cholesky,
};
use faer::sparse::{SparseColMat, Triplet};
use faer::{Conj, MatMut, Par, Side};
use softras_core::loss::{LaplacianMatrix, Topology};

use crate::error::{Error, Result};

/// Solves `(I + lambda L) x = b` for the graph Laplacian L of a mesh (degree on the diagonal, -1 for each neighbour).
///
/// The matrix is symmetric and positive definite: it is factorised once (sparse Cholesky, approximate minimum degree
/// order), and each solution is two triangular ones. The factorisation is the scalar one, column by column: its bits
/// do not depend on the machine's vectors or threads.
#[derive(Clone, Debug)]
pub(crate) struct Smoother {
    pattern: Arc<SymbolicCholesky<usize>>,
    factor: Arc<Vec<f64>>,
    size: usize,
}

impl Smoother {
    /// Factorises the matrix of the edges of `triangles` over `vertices` vertices.
    ///
    /// # Errors
    /// `Core` if a triangle names a vertex that does not exist, or lambda is negative; `Setting` if lambda is so large
    /// that the matrix is singular in `f64`, or there is no memory for its factor.
    pub(crate) fn new(lambda: f64, vertices: usize, triangles: &[[u32; 3]]) -> Result<Self> {
        let matrix = LaplacianMatrix::uniform(&Topology::new(triangles, vertices)?, lambda)?;
        let singular = |what: String| {
            Error::setting(
                "smoothness",
                format!("{lambda} over {vertices} vertices: {what}"),
                "a smaller one",
            )
        };
        let entries: Vec<_> =
            matrix.lower().map(|(row, column, value)| Triplet::new(row, column, value)).collect();
        let matrix = SparseColMat::<usize, f64>::try_new_from_triplets(vertices, vertices, &entries)
            .map_err(|e| singular(e.to_string()))?;
        let params = CholeskySymbolicParams {
            supernodal_flop_ratio_threshold: SupernodalThreshold::FORCE_SIMPLICIAL,
            ..Default::default()
        };
        let pattern =
            factorize_symbolic_cholesky(matrix.symbolic(), Side::Lower, SymmetricOrdering::Amd, params)
                .map_err(|e| singular(e.to_string()))?;
        let mut factor = vec![0.0; pattern.len_val()];
        let mut buffer =
            MemBuffer::new(pattern.factorize_numeric_llt_scratch::<f64>(Par::Seq, Default::default()));
        pattern
            .factorize_numeric_llt(
                &mut factor,
                matrix.as_ref(),
                Side::Lower,
                Default::default(),
                Par::Seq,
                MemStack::new(&mut buffer),
                Default::default(),
            )
            .map_err(|e| singular(e.to_string()))?;
        Ok(Self { pattern: Arc::new(pattern), factor: Arc::new(factor), size: vertices })
    }

    /// Returns x of `(I + lambda L) x = b` for the three interleaved columns of b, `[V, 3]`.
    ///
    /// # Panics
    /// If b has another length.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        assert_eq!(b.len(), 3 * self.size, "a right side of another mesh");
        // Columns one after the other, as the solver reads them.
        let mut columns: Vec<f64> = (0..b.len()).map(|i| b[3 * (i % self.size) + i / self.size]).collect();
        let mut buffer = MemBuffer::new(self.pattern.solve_in_place_scratch::<f64>(3, Par::Seq));
        let x = MatMut::from_column_major_slice_mut(&mut columns, self.size, 3);
        LltRef::new(&self.pattern, &self.factor).solve_in_place_with_conj(
            Conj::No,
            x,
            Par::Seq,
            MemStack::new(&mut buffer),
        );
        (0..b.len()).map(|i| columns[self.size * (i % 3) + i / 3]).collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    /// A strip of triangles and one vertex that belongs to none.
    fn strip(count: u32) -> Vec<[u32; 3]> {
        (0..count).map(|i| [i, i + 1, i + 2]).collect()
    }

    proptest! {
        #[test]
        fn the_solution_solves(lambda in 0.0..200.0, count in 1_u32..40, seed in 0_usize..100) {
            let (triangles, n) = (strip(count), count as usize + 3);
            let b: Vec<f64> = (0..3 * n).map(|i| ((i * 37 + seed) % 11) as f64 - 5.0).collect();
            let x = Smoother::new(lambda, n, &triangles).unwrap().solve(&b);
            let matrix = LaplacianMatrix::uniform(&Topology::new(&triangles, n).unwrap(), lambda).unwrap();
            let again = matrix.apply(&Array2::from_shape_vec((n, 3), x.clone()).unwrap()).unwrap();
            for (a, b) in again.iter().zip(&b) {
                prop_assert!((a - b).abs() < 1e-9, "{} {}", a, b);
            }
            prop_assert!((x[3 * n - 1] - b[3 * n - 1]).abs() < 1e-12);
        }

        /// What the gradient relies on: a . M^-1 b = b . M^-1 a.
        #[test]
        fn the_solution_is_symmetric(lambda in 0.0..200.0, i in 0_usize..99, j in 0_usize..99) {
            let smoother = Smoother::new(lambda, 33, &strip(30)).unwrap();
            let unit = |i: usize| { let mut b = vec![0.0; 99]; b[i] = 1.0; b };
            let (x, y) = (smoother.solve(&unit(i)), smoother.solve(&unit(j)));
            prop_assert!((x[j] - y[i]).abs() < 1e-12);
        }
    }

    #[test]
    fn a_constant_stays_and_a_spike_spreads() {
        let smoother = Smoother::new(5.0, 32, &strip(30)).unwrap();
        assert!(smoother.solve(&[2.0; 96]).iter().all(|x| (x - 2.0).abs() < 1e-9));
        let mut spike = [0.0; 96];
        spike[45] = 1.0;
        let x = smoother.solve(&spike);
        assert!(x[45] < 0.5 && x[48] > 0.01 && x[48] < x[45], "{} {}", x[45], x[48]);
    }

    #[test]
    fn a_sphere_of_level_six_is_solved() {
        let mesh = softras_io::icosphere(6).unwrap();
        let n = mesh.vertices().nrows();
        let smoother = Smoother::new(30.0, n, mesh.triangles()).unwrap();
        assert!(smoother.solve(&vec![1.5; 3 * n]).iter().all(|x| (x - 1.5).abs() < 1e-9));
    }
}
