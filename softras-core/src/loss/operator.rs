//! The Laplacian as a matrix, for solvers and preconditioners: [`LaplacianMatrix`].

use ndarray::{Array2, ArrayRef2};

use super::topology::Topology;
use crate::error::{Error, Result};
use crate::math::Scalar;

/// The symmetric matrix `I + lambda L` over the vertices of a mesh, `L = D - W`: W holds the weights of the edges, D
/// their sum at each vertex. With weights of at least 0 and `lambda >= 0` it is positive definite, and keeps constants.
///
/// Its inverse smooths: steps in `u = (I + lambda L) x` instead of x are those of Nicolet, Jacobson and Jakob, *Large
/// Steps in Inverse Rendering of Geometry* (SIGGRAPH Asia 2021), with L of weights 1.
///
/// Stored by rows, each with ascending columns and its diagonal entry; being symmetric, it is stored by columns as well.
#[derive(Clone, Debug, PartialEq)]
pub struct LaplacianMatrix<R = f64> {
    starts: Vec<usize>,  // [V + 1]
    columns: Vec<usize>, // [V + 2 E]
    values: Vec<R>,      // [V + 2 E]
}

impl<R: Scalar> LaplacianMatrix<R> {
    /// `I + lambda L` with weight 1 at every edge (the combinatorial Laplacian).
    ///
    /// # Errors
    /// `Parameter` if `lambda` is negative or not finite.
    pub fn uniform(topology: &Topology, lambda: R) -> Result<Self> {
        Self::weighted(topology, &vec![R::ONE; topology.edges().len()], lambda)
    }

    /// `I + lambda L` with the weights `[E]`, in the order of [`Topology::edges`]; those of
    /// [`CotangentLaplacian::weights`](super::CotangentLaplacian::weights) will do.
    ///
    /// # Errors
    /// `Shape` if there are not E weights; `Parameter` if one, or `lambda`, is negative or not finite.
    pub fn weighted(topology: &Topology, weights: &[R], lambda: R) -> Result<Self> {
        let good = |x: R| x.is_finite() && x.to_f64() >= 0.0;
        if !good(lambda) {
            return Err(Error::parameter("lambda", format!("{lambda:?}"), "finite, not negative"));
        }
        let edges = topology.edges();
        if weights.len() != edges.len() {
            let expected = format!("[{}], the edges", edges.len());
            return Err(Error::shape("weights of a Laplacian", &[weights.len()], expected));
        }
        if let Some((e, bad)) = weights.iter().enumerate().find(|(_, w)| !good(**w)) {
            let name = format!("weight of edge {e}");
            return Err(Error::parameter(name, format!("{bad:?}"), "finite, not negative"));
        }
        let mut rows: Vec<Vec<(usize, R)>> = (0..topology.vertex_count())
            .map(|v| Vec::with_capacity(topology.neighbors(v).len() + 1))
            .collect();
        let mut diagonal = vec![R::ONE; rows.len()];
        for (&[a, b], &weight) in edges.iter().zip(weights) {
            let (a, b) = (a as usize, b as usize);
            let entry = lambda * weight;
            rows[a].push((b, -entry));
            rows[b].push((a, -entry));
            diagonal[a] += entry;
            diagonal[b] += entry;
        }
        let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        for (v, mut row) in rows.into_iter().enumerate() {
            row.push((v, diagonal[v]));
            row.sort_unstable_by_key(|(column, _)| *column);
            columns.extend(row.iter().map(|(column, _)| *column));
            values.extend(row.iter().map(|(_, value)| *value));
            starts.push(columns.len());
        }
        Ok(Self { starts, columns, values })
    }

    /// The number of vertices, V.
    #[must_use]
    pub fn size(&self) -> usize {
        self.starts.len() - 1
    }
    /// Where each row (column) starts in [`columns`](Self::columns) and [`values`](Self::values), `[V + 1]`.
    #[must_use]
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }
    /// The column (row) of each entry, ascending within a row.
    #[must_use]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }
    /// The entries.
    #[must_use]
    pub fn values(&self) -> &[R] {
        &self.values
    }
    /// The entries on and below the diagonal as (row, column, value), column by column: what a Cholesky factorisation
    /// reads.
    pub fn lower(&self) -> impl Iterator<Item = (usize, usize, R)> + '_ {
        (0..self.size()).flat_map(move |column| {
            let range = self.starts[column]..self.starts[column + 1];
            let entries = self.columns[range.clone()].iter().zip(&self.values[range]);
            entries.filter(move |(row, _)| **row >= column).map(move |(&row, &value)| (row, column, value))
        })
    }

    /// Returns the product with `x [V, C]`.
    ///
    /// # Errors
    /// `Shape` if `x` has another number of rows.
    pub fn apply(&self, x: &ArrayRef2<R>) -> Result<Array2<R>> {
        if x.nrows() != self.size() {
            let expected = format!("[{}, C]", self.size());
            return Err(Error::shape("vertices for a Laplacian", x.shape(), expected));
        }
        let mut out = Array2::from_elem((x.nrows(), x.ncols()), R::ZERO);
        for v in 0..self.size() {
            for i in self.starts[v]..self.starts[v + 1] {
                for c in 0..x.ncols() {
                    out[[v, c]] += self.values[i] * x[[self.columns[i], c]];
                }
            }
        }
        Ok(out)
    }
}
