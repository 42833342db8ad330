//! Displacements that are smooth over a surface: [`Smoother`].

/// Squared residual, relative to the squared right side, at which a solution counts as exact: `f32` is coarser.
const EXACT: f64 = 1e-18;

/// Solves `(I + lambda L) x = b` for the graph Laplacian L of a mesh (degree on the diagonal, -1 for each neighbour).
///
/// The matrix is symmetric and positive definite, so conjugate gradients converge from 0 in some tens of rounds; all
/// sums run in the order of the vertices.
#[derive(Clone, Debug)]
pub(crate) struct Smoother {
    lambda: f64,
    neighbours: Vec<u32>, // of vertex v: [starts[v]..starts[v + 1]]
    starts: Vec<usize>,
}

impl Smoother {
    /// Takes the edges of `triangles` over `vertices` vertices.
    pub(crate) fn new(lambda: f64, vertices: usize, triangles: &[[u32; 3]]) -> Self {
        let mut edges: Vec<(u32, u32)> = Vec::with_capacity(6 * triangles.len());
        for &[a, b, c] in triangles {
            edges.extend([(a, b), (b, a), (b, c), (c, b), (c, a), (a, c)]);
        }
        edges.retain(|(from, to)| from != to);
        edges.sort_unstable();
        edges.dedup();
        let starts = (0..=vertices).map(|v| edges.partition_point(|e| (e.0 as usize) < v)).collect();
        Self { lambda, neighbours: edges.into_iter().map(|e| e.1).collect(), starts }
    }

    /// Returns x of `(I + lambda L) x = b` for the three interleaved columns of b, `[V, 3]`.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; b.len()];
        for k in 0..3 {
            let column: Vec<f64> = b.iter().skip(k).step_by(3).copied().collect();
            for (v, value) in self.solve_column(&column).into_iter().enumerate() {
                x[3 * v + k] = value;
            }
        }
        x
    }

    fn solve_column(&self, b: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; b.len()];
        let mut residual = b.to_vec();
        let mut direction = b.to_vec();
        let mut image = vec![0.0; b.len()];
        let mut error = dot(&residual, &residual);
        let goal = error * EXACT;
        for _ in 0..b.len().max(16) {
            if error <= goal {
                break;
            }
            self.apply(&direction, &mut image);
            let step = error / dot(&direction, &image);
            for i in 0..b.len() {
                x[i] += step * direction[i];
                residual[i] -= step * image[i];
            }
            let before = error;
            error = dot(&residual, &residual);
            for (d, r) in direction.iter_mut().zip(&residual) {
                *d = r + error / before * *d;
            }
        }
        x
    }

    /// Writes `(I + lambda L) x` to `out`.
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        for (v, out) in out.iter_mut().enumerate() {
            let around = &self.neighbours[self.starts[v]..self.starts[v + 1]];
            let sum: f64 = around.iter().map(|&n| x[n as usize]).sum();
            *out = x[v] + self.lambda * (around.len() as f64 * x[v] - sum);
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_solves() {
        // A strip of triangles and one vertex that belongs to none.
        let triangles: Vec<[u32; 3]> = (0..30).map(|i| [i, i + 1, i + 2]).collect();
        let smoother = Smoother::new(20.0, 33, &triangles);
        let b: Vec<f64> = (0..99).map(|i| f64::from(i * 37 % 11) - 5.0).collect();
        let x = smoother.solve(&b);
        for k in 0..3 {
            let column: Vec<f64> = x.iter().skip(k).step_by(3).copied().collect();
            let mut again = vec![0.0; 33];
            smoother.apply(&column, &mut again);
            for (v, a) in again.iter().enumerate() {
                assert!((a - b[3 * v + k]).abs() < 1e-6, "{v} {k}");
            }
        }
        assert!((x[98] - b[98]).abs() < 1e-12);
    }

    #[test]
    fn a_constant_stays_and_a_spike_spreads() {
        let triangles: Vec<[u32; 3]> = (0..30).map(|i| [i, i + 1, i + 2]).collect();
        let smoother = Smoother::new(5.0, 32, &triangles);
        assert!(smoother.solve(&[2.0; 96]).iter().all(|x| (x - 2.0).abs() < 1e-6));
        let mut spike = [0.0; 96];
        spike[45] = 1.0;
        let x = smoother.solve(&spike);
        assert!(x[45] < 0.5 && x[48] > 0.01 && x[48] < x[45], "{} {}", x[45], x[48]);
    }
}
