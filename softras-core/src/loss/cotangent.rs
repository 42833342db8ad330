//! Smoothness that knows the shape of triangles: [`CotangentLaplacian`].

use ndarray::{Array2, ArrayRef2};

use super::topology::Topology;
use crate::error::{Error, Result};
use crate::math::{OrderedSum, Real, Scalar, Vec3};
use crate::scene::rows::to_rows;

/// A triangle whose height is below this share of its longest side is a sliver: its cotangents stop growing.
const SLIVER: f64 = 1e-3;
/// The size below which a triangle is a point: its inverse stays finite in `f32`.
const POINT: f64 = 1e-30;
/// A vertex whose weights sum to less has no mean: all its edges were held at 0.
const LIGHTEST: f64 = 1e-6;

/// Where the weights of a [`CotangentLaplacian`] come from. The gradient is the derivative either way.
#[derive(Clone, Copy, Debug)]
pub enum CotangentWeights<'a, R> {
    /// From the vertices themselves, anew at every call; the gradient passes through the weights.
    Recomputed,
    /// From another shape (see [`CotangentLaplacian::weights`]), `[E]`: constants. The loss is quadratic then.
    Frozen(&'a [R]),
}

/// The loss `sum_v |v - sum_u w_uv u / sum_u w_uv|^2` over the neighbours u of v, with cotangent weights
/// `w = max(0, (cot a + cot b) / 2)`, a and b the angles that face the edge. On an even mesh it is the uniform one; on an
/// uneven one it keeps a flat or well-shaped surface where it is, whatever the triangles (Pinkall and Polthier,
/// *Computing Discrete Minimal Surfaces and Their Conjugates*, 1993; Desbrun et al., SIGGRAPH 1999).
///
/// What would break it is held:
/// * **Obtuse** angles have negative cotangents. Where an edge's sum is negative its weight is 0, so that a mean is always
///   one of its neighbours' hull. (An obtuse angle that its neighbour makes up for counts in full.)
/// * **Slivers**, of a height below 1/1000 of the longest side, have cotangents as if that were their height; a point
///   has none.
/// * A vertex whose edges all weigh nothing counts 0, as one without neighbours does.
///
/// Where a weight is held, its derivative is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CotangentLaplacian {
    topology: Topology,
    triangles: Vec<[u32; 3]>,
    /// For each corner of a triangle, the edge that faces it.
    facing: Vec<[usize; 3]>,
}

impl CotangentLaplacian {
    /// The loss for `triangles [F]` over `vertex_count` vertices; triangles that name a vertex twice do not count.
    ///
    /// # Errors
    /// `Layout` if a triangle names a vertex that does not exist.
    pub fn new(triangles: &[[u32; 3]], vertex_count: usize) -> Result<Self> {
        let topology = Topology::new(triangles, vertex_count)?;
        let whole = |&&[a, b, c]: &&[u32; 3]| a != b && b != c && c != a;
        let triangles: Vec<[u32; 3]> = triangles.iter().filter(whole).copied().collect();
        // Every side of a whole triangle is an edge, so the search finds it.
        let edge = |p: u32, q: u32| {
            topology.edges().binary_search(&[p.min(q), p.max(q)]).unwrap_or_else(|place| place)
        };
        let facing = triangles.iter().map(|&[a, b, c]| [edge(b, c), edge(c, a), edge(a, b)]).collect();
        Ok(Self { topology, triangles, facing })
    }

    /// The edges and neighbours that the weights belong to.
    #[must_use]
    pub const fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Returns the weight of each edge at `vertices [V, 3]`, in the order of [`Topology::edges`], `[E]`; none is
    /// negative.
    ///
    /// # Errors
    /// `Shape` if `vertices` is not `[V, 3]`.
    pub fn weights<R: Scalar>(&self, vertices: &ArrayRef2<R>) -> Result<Vec<R>> {
        Ok(self.sums(&self.topology.points(vertices)?).into_iter().map(held).collect())
    }

    /// Returns the loss at `vertices [V, 3]` and its gradient, `[V, 3]`.
    ///
    /// # Errors
    /// `Shape` if `vertices` is not `[V, 3]` or frozen weights are not `[E]`; `Parameter` if one of these is negative
    /// or not finite.
    pub fn loss<R: Scalar>(
        &self,
        vertices: &ArrayRef2<R>,
        weights: CotangentWeights<'_, R>,
    ) -> Result<(R, Array2<R>)> {
        let points = self.topology.points(vertices)?;
        match weights {
            CotangentWeights::Frozen(weights) => {
                self.check(weights)?;
                let away = self.away(&points, weights);
                Ok((total(&away), to_rows(&self.points_vjp(&away, weights))))
            }
            CotangentWeights::Recomputed => {
                let sums = self.sums(&points);
                let weights: Vec<R> = sums.iter().copied().map(held).collect();
                let away = self.away(&points, &weights);
                let mut grad = self.points_vjp(&away, &weights);
                let grad_weights = self.weights_vjp(&points, &away, &weights);
                let grad_sums: Vec<R> =
                    sums.iter().zip(grad_weights).map(|(sum, g)| g.keep(Real::gt(*sum, R::ZERO))).collect();
                self.sums_vjp(&points, &grad_sums, &mut grad);
                Ok((total(&away), to_rows(&grad)))
            }
        }
    }

    fn check<R: Scalar>(&self, weights: &[R]) -> Result<()> {
        let edges = self.topology.edges().len();
        if weights.len() != edges {
            return Err(Error::shape("frozen weights", &[weights.len()], format!("[{edges}], the edges")));
        }
        match weights.iter().enumerate().find(|(_, w)| !(w.is_finite() && w.to_f64() >= 0.0)) {
            Some((e, bad)) => {
                let name = format!("frozen weight of edge {e}");
                Err(Error::parameter(name, format!("{bad:?}"), "finite, not negative"))
            }
            None => Ok(()),
        }
    }

    /// Half the sum of the cotangents that face each edge, `[E]`.
    fn sums<R: Scalar>(&self, points: &[Vec3<R>]) -> Vec<R> {
        let mut out = vec![R::ZERO; self.topology.edges().len()];
        let half = R::from_f64(0.5);
        for (triangle, facing) in self.triangles.iter().zip(&self.facing) {
            for (k, &edge) in facing.iter().enumerate() {
                let [u, v] = sides(points, triangle, k);
                out[edge] += Corner::new(u, v).cotangent() * half;
            }
        }
        out
    }

    /// Adds d loss / d points, given d loss / d `sums(points)`.
    fn sums_vjp<R: Scalar>(&self, points: &[Vec3<R>], grad_sums: &[R], grad: &mut [Vec3<R>]) {
        let half = R::from_f64(0.5);
        for (triangle, facing) in self.triangles.iter().zip(&self.facing) {
            for (k, &edge) in facing.iter().enumerate() {
                let [u, v] = sides(points, triangle, k);
                let [grad_u, grad_v] = Corner::new(u, v).cotangent_vjp(grad_sums[edge] * half);
                grad[triangle[(k + 1) % 3] as usize] += grad_u;
                grad[triangle[(k + 2) % 3] as usize] += grad_v;
                grad[triangle[k] as usize] -= grad_u + grad_v;
            }
        }
    }

    /// The sum of the weights at each vertex, `[V]`.
    fn loads<R: Scalar>(&self, weights: &[R]) -> Vec<R> {
        let mut out = vec![R::ZERO; self.topology.vertex_count()];
        for (&edge, &weight) in self.topology.edges().iter().zip(weights) {
            for v in edge {
                out[v as usize] += weight;
            }
        }
        out
    }

    /// `v - mean` of each vertex, 0 where there is no mean, `[V]`.
    fn away<R: Scalar>(&self, points: &[Vec3<R>], weights: &[R]) -> Vec<Vec3<R>> {
        let mut out = vec![Vec3::ZERO; points.len()];
        for (&[a, b], &weight) in self.topology.edges().iter().zip(weights) {
            let (a, b) = (a as usize, b as usize);
            let edge = (points[a] - points[b]) * weight;
            out[a] += edge;
            out[b] -= edge;
        }
        out.into_iter().zip(self.loads(weights)).map(|(sum, load)| over(sum, load)).collect()
    }

    /// d loss / d points with the weights held, `[V]`.
    fn points_vjp<R: Scalar>(&self, away: &[Vec3<R>], weights: &[R]) -> Vec<Vec3<R>> {
        let mut grad = vec![Vec3::ZERO; away.len()];
        let pulls = self.pulls(away, weights);
        for (&[a, b], &weight) in self.topology.edges().iter().zip(weights) {
            let (a, b) = (a as usize, b as usize);
            let edge = (pulls[a] - pulls[b]) * weight;
            grad[a] += edge;
            grad[b] -= edge;
        }
        grad
    }

    /// d loss / d weights with the points held, `[E]`.
    fn weights_vjp<R: Scalar>(&self, points: &[Vec3<R>], away: &[Vec3<R>], weights: &[R]) -> Vec<R> {
        let pulls = self.pulls(away, weights);
        let one = |&[a, b]: &[u32; 2]| {
            let (a, b) = (a as usize, b as usize);
            let edge = points[a] - points[b];
            // away = sum w (v - u) / sum w, so d away_a / d w = (edge - away_a) / load_a
            pulls[a].dot(edge - away[a]) - pulls[b].dot(edge + away[b])
        };
        self.topology.edges().iter().map(one).collect()
    }

    /// `2 away / load`: d loss / d the sum whose mean `away` is.
    fn pulls<R: Scalar>(&self, away: &[Vec3<R>], weights: &[R]) -> Vec<Vec3<R>> {
        let two = R::from_f64(2.0);
        away.iter().zip(self.loads(weights)).map(|(&a, load)| over(a * two, load)).collect()
    }
}

/// The weight of an edge with half the sum of its cotangents.
fn held<R: Scalar>(sum: R) -> R {
    Real::max(sum, R::ZERO)
}

fn total<R: Scalar>(away: &[Vec3<R>]) -> R {
    OrderedSum::of(R::ZERO, away.iter().map(|d| d.dot(*d)))
}

/// `v / load`, 0 where the load is next to nothing.
fn over<R: Scalar>(v: Vec3<R>, load: R) -> Vec3<R> {
    if load.to_f64() > LIGHTEST { v * load.recip() } else { Vec3::ZERO }
}

/// The sides of `triangle` that leave corner `k`.
fn sides<R: Scalar>(points: &[Vec3<R>], triangle: &[u32; 3], k: usize) -> [Vec3<R>; 2] {
    let [at, next, last] = [k, (k + 1) % 3, (k + 2) % 3].map(|i| points[triangle[i] as usize]);
    [next - at, last - at]
}

/// A corner of a triangle: its two sides over their size, which cancels in the cotangent.
struct Corner<R> {
    u: Vec3<R>,
    v: Vec3<R>,
    /// The largest component; `None` for a point.
    size: Option<R>,
}

impl<R: Scalar> Corner<R> {
    fn new(u: Vec3<R>, v: Vec3<R>) -> Self {
        let largest =
            u.to_array().into_iter().chain(v.to_array()).fold(0.0_f64, |m, x| m.max(x.to_f64().abs()));
        if largest > POINT {
            let size = R::from_f64(largest);
            Self { u: u * size.recip(), v: v * size.recip(), size: Some(size) }
        } else {
            Self { u, v, size: None }
        }
    }

    /// `|u x v|`, its unit vector, and the longest of the three sides.
    fn measure(&self) -> (R, Vec3<R>, Longest) {
        let cross = self.u.cross(self.v);
        let area2 = cross.norm();
        let squares = [self.u, self.v, self.u - self.v].map(|side| side.dot(side).to_f64());
        let longest = match squares {
            [u, v, w] if u >= v && u >= w => Longest::U,
            [_, v, w] if v >= w => Longest::V,
            _ => Longest::Facing,
        };
        (area2, cross, longest)
    }

    fn longest(&self, longest: Longest) -> Vec3<R> {
        match longest {
            Longest::U => self.u,
            Longest::V => self.v,
            Longest::Facing => self.u - self.v,
        }
    }

    /// `u . v / |u x v|`, of a sliver `u . v / (SLIVER longest^2)`.
    fn cotangent(&self) -> R {
        if self.size.is_none() {
            return R::ZERO;
        }
        let (area2, _, longest) = self.measure();
        let longest = self.longest(longest);
        self.u.dot(self.v) / area2.max(longest.dot(longest) * R::from_f64(SLIVER))
    }

    /// d loss / d u and d loss / d v, given d loss / d `cotangent()`.
    fn cotangent_vjp(&self, grad: R) -> [Vec3<R>; 2] {
        let Some(size) = self.size else { return [Vec3::ZERO; 2] };
        let (area2, cross, which) = self.measure();
        let longest = self.longest(which);
        let least = longest.dot(longest) * R::from_f64(SLIVER);
        let below = area2.max(least);
        let grad_dot = grad / below;
        let grad_below = -(grad_dot * self.u.dot(self.v) / below);
        let (mut grad_u, mut grad_v) = (self.v * grad_dot, self.u * grad_dot);
        if area2.lt(least) {
            let along = longest * (grad_below * R::from_f64(2.0 * SLIVER));
            match which {
                Longest::U => grad_u += along,
                Longest::V => grad_v += along,
                Longest::Facing => {
                    grad_u += along;
                    grad_v -= along;
                }
            }
        } else {
            let grad_cross = cross * (grad_below / area2);
            grad_u += self.v.cross(grad_cross);
            grad_v += grad_cross.cross(self.u);
        }
        [grad_u, grad_v].map(|g| g * size.recip())
    }
}

/// Which side of a triangle is the longest, seen from a corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Longest {
    U,
    V,
    Facing,
}
